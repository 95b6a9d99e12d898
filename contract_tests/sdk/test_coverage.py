"""``docs/COVERAGE.md`` is what the cases have exercised: no more, and no less.

It is written again by ``WRITE_COVERAGE=1 python -m pytest contract_tests/sdk/test_coverage.py``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from .cases import VERSIONS, AllPlayed, internal, never, table, wire_type

COVERAGE = Path(__file__).parents[2] / "docs" / "COVERAGE.md"

HEAD = """\
# Coverage: what the vendor's clients have exercised

Made by the tests in `contract_tests/sdk`, which play every case of `cases.yaml` with both versions
of `@signalwire/realtime-api` against this server. Do not edit it; write it again with

    WRITE_COVERAGE=1 python -m pytest contract_tests/sdk/test_coverage.py

*yes*: a case of it passed; for a method that changes something, that includes what a second client
was told. *no*: no case of it passed. *never*: whatever is sent, this version does not tell it.
*-*: there is no such thing.
"""

NEVER = "never"
NOT_THERE = "-"


def test_coverage_is_up_to_date(played: Mapping[str, AllPlayed]) -> None:
    found = coverage(played)
    if os.environ.get("WRITE_COVERAGE"):
        COVERAGE.write_text(found, encoding="utf-8")
    assert COVERAGE.read_text(encoding="utf-8") == found


def coverage(played: Mapping[str, AllPlayed]) -> str:
    """The file, by what was played."""
    return "\n".join([HEAD, *_methods(played), "", *_events(played), "", *_reasons(), ""])


def _methods(played: Mapping[str, AllPlayed]) -> Iterable[str]:
    yield "## Methods"
    yield ""
    yield from _row("method", "call on the wire", *VERSIONS.values())
    yield from _row(*["---"] * (2 + len(VERSIONS)))
    sent: dict[tuple[str, str], set[str]] = {}
    passed: dict[tuple[str, str], set[str]] = {}
    for version, all_played in played.items():
        for one in all_played.cases.values():
            if (method := one.case.method) is None:
                continue
            calls = sent.setdefault(method, set())
            if one.case.sends is not None:
                calls.add(f"`{one.case.sends[0]}`")
            versions = passed.setdefault(method, set())
            if not one.problems():
                versions.add(version)
    for each, versions in sorted(passed.items()):
        name, word = each
        cells = [
            _cell(
                version in versions,
                word in set(all_played.named["names"][name]) - internal(version),
            )
            for version, all_played in played.items()
        ]
        calls = sent[each]
        yield from _row(f"`{name}.{word}`", ", ".join(sorted(calls)) or NOT_THERE, *cells)


def _events(played: Mapping[str, AllPlayed]) -> Iterable[str]:
    yield "## Events"
    yield ""
    yield from _row("event", "told by", *VERSIONS.values())
    yield from _row(*["---"] * (2 + len(VERSIONS)))
    received = {
        version: set[tuple[str, str]]().union(
            *(one.case.events for one in all_played.cases.values() if not one.problems())
        )
        for version, all_played in played.items()
    }
    for name, names in table()["events"].items():
        for event in names:
            nobody = all((name, event) in never(version) for version in VERSIONS)
            frame = NOT_THERE if nobody else f"`{wire_type(event)}`"
            cells = [
                NEVER if (name, event) in never(version) else _cell((name, event) in each, True)
                for version, each in received.items()
            ]
            yield from _row(f"`{name}` `{event}`", frame, *cells)


def _reasons() -> Iterable[str]:
    yield "Why a version never tells a listener of an event:"
    yield ""
    for version, rows in table()["never"].items():
        for row in rows:
            names = ", ".join(f"`{event}`" for event in row["events"])
            yield f"- {VERSIONS[version]}, `{row['class']}` {names}: {row['because']}"


def _row(*cells: str) -> Iterable[str]:
    yield f"| {' | '.join(cells)} |"


def _cell(exercised: bool, there: bool) -> str:
    if exercised:
        return "yes"
    return "no" if there else NOT_THERE
