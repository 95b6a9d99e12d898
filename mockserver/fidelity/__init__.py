"""What the mock does and from where that is known, as data: the facts and the assumptions.

``facts.toml`` is the one list. ``docs/FIDELITY.md`` is made of it
(``python -m mockserver.fidelity > docs/FIDELITY.md``), and ``python -m mockserver assumptions``
lists what is assumed, each assumption with a number by which it can be referred to.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

COMMAND = "python -m mockserver.fidelity > docs/FIDELITY.md"


@dataclass(frozen=True, slots=True)
class Fact:
    """One behaviour of the mock.

    Attributes:
        section: what it is about.
        behaviour: a sentence, in Markdown.
        source: the letters of the sources, perhaps with a word on which part is meant.
        assumption: its number, when it or a part of it is assumed; else None.
        shows_in: where a comparison with a trace of the real service would contradict it:
            patterns ``KIND WHAT PATH``, such as ``value event video.recording.ended *``.
    """

    section: str
    behaviour: str
    source: str
    assumption: int | None
    shows_in: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Its source as the page shows it: an assumption with its number."""
        if self.assumption is None:
            return self.source
        head, _, tail = self.source.rpartition("A")
        return f"{head}A{self.assumption}{tail}"


@cache
def facts() -> tuple[Fact, ...]:
    """All facts and assumptions, in the order of the page."""
    text = (Path(__file__).parent / "facts.toml").read_text("utf-8")
    return tuple(
        Fact(
            section["title"],
            row["behaviour"],
            row["source"],
            row.get("assumption"),
            tuple(row.get("shows_in", ())),
        )
        for section in tomllib.loads(text)["section"]
        for row in section["fact"]
    )


def assumptions() -> tuple[Fact, ...]:
    """What is assumed, in the order of the numbers."""
    found = [each for each in facts() if each.assumption is not None]
    return tuple(sorted(found, key=lambda each: each.assumption or 0))


OPENING = f"""\
# Fidelity: what is known of the real service, and what is assumed

There is no public server to compare with. Each behaviour of the mock is therefore listed with where
it is known from, and what nobody outside can know is called what it is: an assumption. Each
assumption has a number (A1, A2, ...) that stays the same; `python -m mockserver assumptions` lists
them. This page is made of `mockserver/fidelity/facts.toml` (`{COMMAND}`).

| letter | source |
|---|---|
| **D** | the vendor's public documentation of RoomSessionRecording and of the video events |
| **W** | seen in the vendor's real clients, `@signalwire/realtime-api` 4.2.1 and 3.13.0 |
| **T** | the types, sources and tests that ship in those packages and in `@signalwire/core` |
| **R** | the vendor's public REST specification of the video API |
| **E** | asserted by the vendor's public end-to-end tests, which run against the real service |
| **A** | assumed: nothing public says it; a choice of this project |

The same letters stand beside every field in the schemas (`python -m mockserver schema NAME`, key
`x-source`) and in the code's docstrings.
"""

CLOSING = """\
## The mock's own

Spaces, scenarios, tokens `scenario:NAME`, `/space/NAME`, the journal and everything under
`/__mock__/` exist only here. A space whose script has been played begins again when the next client
comes and nobody else is there. Sessions that are away can still be resumed then, in the former
space, which ends with the last of them. Nothing is persisted.
"""


def page() -> str:
    """The page for people, in Markdown."""
    return "\n".join([OPENING, *_sections(), CLOSING])


def _sections() -> Iterator[str]:
    rows: dict[str, list[str]] = {}
    for fact in facts():
        rows.setdefault(fact.section, []).append(f"| {fact.behaviour} | {fact.label} |")
    for title, lines in rows.items():
        yield "\n".join([f"## {title}", "", "| behaviour | source |", "|---|---|", *lines, ""])
