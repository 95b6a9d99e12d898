"""The contract's verdict on a space, kept up with its journal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from mockserver import contract
from mockserver.engine import Journal
from mockserver.protocol import explanation

from .turns import Steps, at_once, in_turns

MOST_OF_A_RULE = 1_000
"""Violations of one rule that are kept."""


class Verdict:
    """Judges a journal, each frame once, when somebody asks.

    A frame that the journal dropped before anybody asked is missing: then the trace begins after
    it, as one whose beginning was cut off.

    Args:
        journal: what is judged.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._last = 0
        self._judge: contract.Judge | None = None

    @property
    def judge(self) -> contract.Judge:
        """All rules at work; made when it is first needed, which for most spaces is never."""
        if self._judge is None:
            self._judge = contract.judge(most=MOST_OF_A_RULE)
        return self._judge

    @property
    def judged(self) -> int:
        """The number of the entry that was read last; 0 before the first."""
        return self._last

    def catch_up(self) -> None:
        """Judge what the journal has got since the last time."""
        at_once(self.catching_up())

    async def catch_up_in_turns(self) -> None:
        """Judge what the journal has got by now; others run in between."""
        if self._judge is None:
            # A frame that breaks its schema is explained, and what does that is slow to import.
            await asyncio.to_thread(explanation.prepare)
        await in_turns(self.catching_up())

    def catching_up(self) -> Steps[None]:
        """The same in steps, of which each takes little, however long a frame is."""
        journal, until = self._journal, self._journal.last
        frame, before = None, None
        while self._last < until:
            for each in journal.next_slice(self._last):
                # An event that goes to many sessions is read once.
                if before is None or not each.has_frame_of(before):
                    frame = yield from journal.reading(each)
                before = each
                # Somebody else may have judged it between two steps.
                if each.number > self._last:
                    self._feed(each.number, journal.shown(each, frame))
                    yield

    def _feed(self, number: int, shown: Mapping[str, Any]) -> None:
        if number != self._last + 1:
            self._judge = None
        # There is none for a note.
        for entry in contract.read_entries([shown], self._last):
            self.judge.feed(entry)
        self._last = number

    def violations(self, ignore: Iterable[str] = ()) -> list[contract.Violation]:
        """What was broken up to the frame that was judged last.

        Args:
            ignore: names of rules that do not matter.
        """
        ignored = set(ignore)
        return [each for each in self.judge.violations if each.rule not in ignored]

    def told(self, violations: list[contract.Violation]) -> str:
        """Violations and the frames that prove them, as text; "" for none."""
        return contract.render(violations, self.judge) if violations else ""
