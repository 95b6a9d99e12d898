"""The contract's verdict on a space, kept up with its journal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from mockserver import contract
from mockserver.engine.journal import SLICE, Journal

SLICE_S = 0.01
"""Seconds for which judging holds up the event loop at a time."""

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

    def catch_up(self, within_s: float | None = None) -> bool:
        """Judge what the journal has got since the last time.

        Args:
            within_s: real seconds after which it stops; None: it judges everything.

        Returns:
            Whether everything was judged.
        """
        end = None if within_s is None else time.monotonic() + within_s
        # A few at a time: what is not reached within the time would be read for nothing.
        while kept := self._journal.raw(self._last, SLICE):
            if kept[0].number != self._last + 1:
                self._judge = None
            for each in kept:
                # None for a note.
                for entry in contract.read_entries([self._journal.as_json(each)], self._last):
                    self.judge.feed(entry)
                self._last = each.number
                if end is not None and time.monotonic() > end:
                    return False
        return True

    async def catch_up_in_slices(self) -> None:
        """Judge what the journal has got by now, and let others run meanwhile."""
        until = self._journal.last
        while self._last < until:
            self.catch_up(SLICE_S)
            await asyncio.sleep(0)

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
