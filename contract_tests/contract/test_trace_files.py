"""Every rule has a trace that breaks it and no other, and the good traces break none."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.contract import RULES, Rule, check, load_trace

TRACES = Path(__file__).parents[2] / "fixtures" / "traces"
GOOD = sorted(TRACES.glob("good-*.jsonl"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_trace_of_a_rule_breaks_it_and_no_other(rule: Rule) -> None:
    violations = check(load_trace(TRACES / f"{rule.name}.jsonl"))
    assert {violation.rule for violation in violations} == {rule.name}


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_trace_breaks_nothing(path: Path) -> None:
    assert check(load_trace(path)) == []


def test_every_trace_is_a_good_one_or_that_of_a_rule() -> None:
    files = {path.stem for path in TRACES.glob("*.jsonl")} - {path.stem for path in GOOD}
    assert files == {rule.name for rule in RULES}
    assert len(GOOD) >= 3


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_proof_of_a_violation_stands_in_the_trace(rule: Rule) -> None:
    trace = load_trace(TRACES / f"{rule.name}.jsonl")
    numbers = {entry.n for entry in trace}
    for violation in check(trace):
        assert violation.frames
        assert list(violation.frames) == sorted(set(violation.frames))
        assert set(violation.frames) <= numbers
        assert f"frame {violation.frames[-1]}," in violation.at


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_can_be_judged_alone(rule: Rule) -> None:
    trace = load_trace(TRACES / f"{rule.name}.jsonl")
    assert check(trace, [rule]) == check(trace)
    assert check(trace, [other for other in RULES if other is not rule]) == []


def test_rules_are_described() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.name == rule.name.lower().replace("_", "-")
        assert rule.sentence.endswith(".")
        assert rule.party in ("server", "client", "either")
        assert rule.source
        assert set(rule.source) <= set("DWTREA")
