"""The contract's verdict on a space, kept up with its journal."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from mockserver import contract
from mockserver.engine import Journal
from mockserver.engine.journal import Entry
from mockserver.protocol import explanation
from mockserver.protocol.reading import dropping

from .turns import HeavySteps, at_once, in_turns, step

MOST_OF_A_RULE = 1_000
"""Violations of one rule that are kept."""

HEAVY_BYTES = 32_768
"""Bytes of a frame from which on to judge it takes long: ten thousand rooms take half a second."""


def is_heavy(frame: bytes) -> bool:
    """Whether to judge a frame takes so long that a thread should do it."""
    return len(frame) > HEAVY_BYTES


def _dropping(entry: Entry | None, frame: Any) -> HeavySteps[None]:
    """Free a long frame that was judged, in steps: of such a one the judge keeps no list."""
    if entry is not None and is_heavy(entry.data) and entry.is_own:
        yield from dropping(frame)


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
        # A thread may judge a long frame, while the event loop goes on.
        self._in_hands = threading.RLock()
        self._one_at_a_time = asyncio.Lock()
        self._found: list[contract.Violation] | None = None

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
        async with self._one_at_a_time:
            await in_turns(self.catching_up())

    def catching_up(self) -> HeavySteps[None]:
        """The same in steps, of which each takes little, however long a frame is."""
        journal, until = self._journal, self._journal.last
        frame, before = None, None
        while self._last < until:
            for each in journal.next_slice(self._last):
                # An event that goes to many sessions is read once.
                if before is None or not each.has_frame_of(before):
                    yield from _dropping(before, frame)
                    frame = yield from journal.reading(each)
                before = each
                # Somebody else may have judged it between two steps.
                if each.number > self._last:
                    shown = journal.shown(each, frame)
                    feed = partial(self._feed, each.number, shown, each.size)
                    yield from step(feed, is_heavy=is_heavy(each.data))
        yield from _dropping(before, frame)

    def _feed(self, number: int, shown: Mapping[str, Any], size: int) -> None:
        with self._in_hands:
            if number <= self._last:
                return
            if number != self._last + 1:
                self._judge = None
            # There is none for a note.
            for entry in contract.read_entries([shown], self._last, size):
                self.judge.feed(entry)
            self._last = number

    def violations(self, ignore: Iterable[str] = ()) -> list[contract.Violation]:
        """What was broken up to the frame that was judged last.

        While a thread judges a long frame it is what was known before that.

        Args:
            ignore: names of rules that do not matter.
        """
        ignored = set(ignore)
        found = self._found
        if self._in_hands.acquire(blocking=found is None):
            try:
                found = self._found = self.judge.violations
            finally:
                self._in_hands.release()
        return [each for each in found or () if each.rule not in ignored]

    def told(self, violations: list[contract.Violation]) -> str:
        """Violations and the frames that prove them, as text; "" for none."""
        return contract.render(violations, self.judge) if violations else ""
