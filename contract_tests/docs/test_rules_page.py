"""docs/RULES.md follows the rules."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from contract_tests.contract.mutations import CATALOGUE
from mockserver import contract

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "RULES.md").read_text("utf-8")


def section(rule: contract.Rule) -> str:
    """What the page says of a rule: its sentence, and what its class says."""
    about = inspect.cleandoc(rule.checker.__doc__ or "").replace("``", "`")
    head = f"### {rule.name}\n\n*{rule.sentence}* By the {rule.party} [{rule.source}]."
    return f"{head}\n\n{about}\n"


def test_the_page_has_each_rule_as_it_is() -> None:
    for rule in contract.RULES:
        assert section(rule) in PAGE, f"docs/RULES.md should say:\n\n{section(rule)}"


def test_the_page_has_no_other_rules_and_their_order() -> None:
    assert re.findall(r"^### (.*)$", PAGE, re.M) == [rule.name for rule in contract.RULES]


def test_the_page_says_what_no_rule_judges_and_why() -> None:
    unseen = [f"| {each.about} | {each.reason} |" for each in CATALOGUE if each.rule is None]
    (rows,) = re.findall(r"^\| what \| why not \|\n\|---\|---\|\n((?:\|.*\n)*)", PAGE, re.M)
    assert rows.splitlines() == unseen, "docs/RULES.md should say:\n\n" + "\n".join(unseen)


def test_the_readme_counts_the_rules_rightly() -> None:
    counts = re.findall(r"\b(\d+) rules\b", (ROOT / "README.md").read_text("utf-8"))
    assert counts
    assert set(counts) == {str(len(contract.RULES))}
