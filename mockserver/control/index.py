"""The happenings of a space by their names, read off its journal when somebody asks."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
from typing import Any, Literal, NamedTuple

import orjson

from mockserver.engine import Journal, seconds
from mockserver.engine.journal import NOTE, TO_SERVER, Entry
from mockserver.protocol.frames import EVENT_METHOD

from .turns import turn
from .views import Happening

_CALL, _EVENT = b'"method"', f'"{EVENT_METHOD}"'.encode()
"""What the text of every call, and of every event, has in it. Other frames are not decoded."""


class Invalid(NamedTuple):
    """A call that broke the protocol: what its client may have meant.

    Attributes:
        n: the number of the entry.
        method: as the client wrote it.
        problem: what was wrong.
    """

    n: int
    method: str
    problem: str


class Index:
    """Calls and events of one space, as long as its journal keeps their entries.

    Each entry is read once, and none before somebody asks: spaces of which nobody wants to know
    anything do not pay for it. What the journal has dropped is forgotten here, too.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._read = 0
        self._all: deque[Happening] = deque()
        self._by_name: dict[str, deque[Happening]] = {}
        self._invalid: deque[Invalid] = deque()
        # Event id -> the entry in which it was first seen.
        self._event_ids: dict[str, int] = {}
        # The event that was decoded last, and its id.
        self._event: tuple[bytes, str] = b"", ""

    @property
    def read(self) -> int:
        """The number of the last entry that has been read."""
        return self._read

    def catch_up(self) -> None:
        """Read what the journal has got since the last time."""
        while self._read_slice():
            pass

    async def catch_up_in_slices(self) -> None:
        """The same, and others run in between when it is much."""
        has_more = self._read_slice()
        while has_more:
            async with turn() as end:
                has_more = self._read_slice()
                while has_more and time.monotonic() < end:
                    has_more = self._read_slice()

    def all(self) -> Iterable[Happening]:
        """All that have been read, oldest first."""
        return self._all

    def named(self, name: str) -> Iterable[Happening]:
        """Those of this name, oldest first."""
        return self._by_name.get(name, ())

    def named_after(self, name: str, n: int) -> list[Happening]:
        """Those of this name with a number above ``n``, oldest first; older ones cost nothing."""
        found = self._by_name.get(name)
        if found is None:
            return []
        if found[0].n > n:
            return list(found)
        return [*takewhile(lambda each: each.n > n, reversed(found))][::-1]

    def newest_named(self, name: str, most: int) -> list[Happening]:
        """The newest of this name, oldest first."""
        return [*islice(reversed(self._by_name.get(name, ())), most)][::-1]

    def invalid(self, name: str) -> Iterator[Invalid]:
        """Calls of this name that broke the protocol."""
        return (each for each in self._invalid if each.method == name)

    def names(self) -> list[str]:
        """All names, in the order in which they first came."""
        return sorted(self._by_name, key=lambda name: self._by_name[name][0].n)

    def _read_slice(self) -> bool:
        """Read some entries; tells whether there are more."""
        for entry in self._journal.next_slice(self._read):
            self._note(entry)
            self._read = entry.number
        self._forget()
        return self._read < self._journal.last

    def _note(self, entry: Entry) -> None:
        if entry.direction == NOTE or not _is_what_it_is(entry):
            return
        if not entry.valid:
            self._note_invalid(entry)
        elif entry.direction == TO_SERVER:
            if _CALL in entry.data:
                self._note_call(entry)
        elif _EVENT in entry.data:
            self._note_event(entry)

    def _note_invalid(self, entry: Entry) -> None:
        """Remember what a client may have meant, to tell those who look for it."""
        try:
            frame = orjson.loads(entry.data)
        except orjson.JSONDecodeError:
            return
        if isinstance(frame, dict) and isinstance(frame.get("method"), str):
            self._invalid.append(Invalid(entry.number, frame["method"], entry.problem or ""))

    def _note_call(self, entry: Entry) -> None:
        frame = orjson.loads(entry.data)
        method = frame.get("method")
        if method is not None:
            self._add(entry, "call", method, frame["params"])

    def _note_event(self, entry: Entry) -> None:
        if entry.data is self._event[0] and self._event[1] in self._event_ids:
            # One that goes to many sessions is decoded once.
            return
        # What a tester pushes may be anything.
        try:
            frame = orjson.loads(entry.data)
        except orjson.JSONDecodeError:
            return
        event = frame.get("params") if isinstance(frame, dict) else None
        if not isinstance(event, dict) or frame.get("method") != EVENT_METHOD:
            return
        event_id = str(frame.get("id"))
        self._event = entry.data, event_id
        if event_id in self._event_ids:
            return
        self._event_ids[event_id] = entry.number
        name = event.get("event_type")
        self._add(entry, "event", name if isinstance(name, str) else "", event.get("params", {}))

    def _add(
        self, entry: Entry, kind: Literal["call", "event"], name: str, params: dict[str, Any]
    ) -> None:
        happening = Happening(entry.number, seconds(entry.time), kind, name, params, entry.session)
        self._all.append(happening)
        self._by_name.setdefault(name, deque()).append(happening)

    def _forget(self) -> None:
        first = self._journal.first
        while self._all and self._all[0].n < first:
            name = self._all.popleft().name
            self._by_name[name].popleft()
            if not self._by_name[name]:
                del self._by_name[name]
        while self._invalid and self._invalid[0].n < first:
            self._invalid.popleft()
        while self._event_ids and self._event_ids[oldest := next(iter(self._event_ids))] < first:
            del self._event_ids[oldest]


def _is_what_it_is(entry: Entry) -> bool:
    """Whether an entry has come to the other side, and as it was meant."""
    return entry.mark is None or (not entry.mark.is_lost and entry.mark.meant is None)
