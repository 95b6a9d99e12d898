"""Fuzz of files: scenarios and traces that are broken are a clear problem, and never a crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver import contract, scenarios

from .mutations import FIXTURES, Mutator, scaled

SCENARIOS = [path.read_bytes() for path in sorted((FIXTURES / "scenarios").glob("*.yaml"))]
TRACES = [path.read_bytes() for path in sorted((FIXTURES / "traces").glob("*.jsonl"))]
YAML_PIECES = [
    *("", " ", "  ", "\t", ":", ": ", "- ", "*a", "&a ", "!!python/name:os.system ", "{", "]"),
    *("<<: ", "? ", "|", ">", "%", "@", "`", "'", '"', "#", "null", "~", "0x1F", "1e400"),
    *("9" * 30, "5s", "-5s", "2001-01-01", ".inf", "yes", "\x00", "\x85", "…"),
]

SETTINGS = settings(
    max_examples=scaled(20_000),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
"""The same inputs in every run; how many of them the part decides that is asked for."""

Record = Callable[[str, object], None]


@st.composite
def broken_scenarios(draw: st.DrawFn) -> str:
    """A shipped scenario, in which some pieces of lines are other ones, doubled, or gone."""
    text = draw(st.sampled_from(SCENARIOS)).decode()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from((0, 1, 4, 30))))
        piece = draw(
            st.sampled_from(YAML_PIECES) | st.just(text[start:end] * 2) | st.text(max_size=3)
        )
        text = text[:start] + piece + text[end:]
    return text


def test_a_scenario_is_loaded_or_its_problem_told(record_property: Record) -> None:
    loaded = told = 0

    @SETTINGS
    @given(broken_scenarios())
    def load(text: str) -> None:
        nonlocal loaded, told
        try:
            scenarios.loads(text)
            loaded += 1
        except scenarios.ScenarioError:
            told += 1

    load()
    assert min(loaded, told) > (loaded + told) / 10
    record_property(
        "figure", f"fuzz, scenarios: {loaded + told} files, {told} of them with a problem, told"
    )


def test_a_trace_is_judged_or_its_problem_told(tmp_path: Path, record_property: Record) -> None:
    count = scaled(10_000)
    judged = told = 0
    file = tmp_path / "trace.jsonl"
    for text in Mutator(3, TRACES).take(count):
        file.write_bytes(text)
        try:
            trace = contract.load_trace(file)
        except contract.TraceError:
            told += 1
        else:
            judged += 1
            contract.render(contract.check(trace), trace)
    assert judged > count / 20
    assert told > count / 20
    record_property("figure", f"fuzz, traces: {count} files, {told} unreadable, {judged} judged")
