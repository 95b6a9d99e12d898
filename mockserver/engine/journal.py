"""The journal: every frame that a space heard or said, as it crossed the wire.

Entries keep the encoded frame: it is what was sent, an event that goes to many sessions is kept
once, and memory stays small. They are decoded when somebody reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import orjson

from mockserver.protocol import codec
from mockserver.protocol.depth import brackets
from mockserver.protocol.secrets import mask_text, mask_value

from .clock import seconds

TO_SERVER = "to_server"
TO_CLIENT = "to_client"
NOTE = "note"
"""The direction of what is not a frame."""

MOST_BRACKETS = 200
"""Opening brackets up to which a refused text is looked into as JSON."""

TEXT_LIMIT = 2_000
"""Characters kept of a text that was no frame."""


MOST_BYTES = 64 * 1_048_576
"""Memory that the frames of a space take at most, about. [A]"""

SLICE = 200
"""Entries that are read at a time, when all of a journal is."""

SNAPSHOT = 20_000
"""Entries that are taken as they are at one moment; more than a journal has by default."""

ENTRY_BYTES = 200
"""About what an entry takes beside its frame."""


class Mark(NamedTuple):
    """What a fault, injected on purpose, did to a frame.

    Attributes:
        fault: the fault's name.
        is_lost: whether the frame did not reach the other side, at least not then.
        is_extra: whether nobody but the fault meant it to be sent, or to be sent then.
        meant: the frame as it would have been without the fault; None: as it is.
    """

    fault: str
    is_lost: bool = False
    is_extra: bool = False
    meant: bytes | None = None


class Entry(NamedTuple):
    """One frame: ``time`` in microseconds of space time, ``data`` as it crossed the wire.

    Or a note: its direction is NOTE, and ``data`` is its text. ``mark`` says what a fault did.
    """

    number: int
    time: int
    direction: str
    session: str | None
    data: bytes
    valid: bool
    problem: str | None
    mark: Mark | None = None


_Kept = tuple[int, int, str, str | None, bytes, bool, str | None, Mark | None]
"""An entry as it is kept: not an `Entry`, which the garbage collector would look at each time."""

_DATA: Final = 4
"""Where the frame is in it."""

_FORGOTTEN: _Kept = (0, 0, "", None, b"", True, None, None)
"""Stands where an entry was that took too much memory."""


def mask_tokens(data: bytes) -> bytes:
    """The same text with what is, or may be, a token replaced; JSON stays JSON."""
    try:
        if not _is_deep(data):
            return codec.encode(mask_value(orjson.loads(data)))
    except orjson.JSONDecodeError:
        pass
    return mask_text(data.decode("utf-8", "replace")).encode()


def _is_deep(data: bytes) -> bool:
    """Whether it may be nested so deeply that it can be read but not walked through, or written."""
    return brackets(data) > MOST_BRACKETS


class Journal:
    """The last frames of a space, bounded by number and by bytes; it counts those it dropped.

    Args:
        space: the space's name, part of every entry.
        limit: how many entries are kept.
        most_bytes: how much memory they may take, about; the newest entry is always kept.

    Attributes:
        dropped: how many entries were dropped, for either reason.
        bytes: how much memory the entries take, about.
    """

    def __init__(self, space: str, limit: int = 10_000, most_bytes: int = MOST_BYTES) -> None:
        self.space = space
        self.limit = limit
        self.most_bytes = most_bytes
        self.dropped = 0
        self.bytes = 0
        self._ring: list[_Kept] = []
        """The entry of number ``first + i`` stands at ``i``, until the ring is full; from then on
        the newest takes the place of the oldest, so an entry is found by its number at once."""
        self._base = 1
        self._first = 1
        """The number of the oldest entry that is kept; older ones in the ring are `_FORGOTTEN`."""
        self._newest: bytes | None = None
        self._count = 0
        self._listeners: list[Callable[[Entry], None]] = []

    def __len__(self) -> int:
        return self._count - self._first + 1

    @property
    def first(self) -> int:
        """The number of the oldest entry that is kept, or that will be if none is."""
        return self._first

    @property
    def last(self) -> int:
        """The number of the newest entry that there ever was; 0 before the first."""
        return self._count

    def add(
        self,
        time: int,
        direction: str,
        session: str | None,
        data: bytes,
        *,
        problem: str | None = None,
        secret: bool = False,
        mark: Mark | None = None,
    ) -> None:
        """Note one frame.

        Args:
            time: microseconds of space time.
            direction: TO_SERVER or TO_CLIENT.
            session: the session's name; None while the connection has none.
            data: the encoded frame.
            problem: what was wrong with it; None for a valid one.
            secret: whether it may hold a token, which is then masked. Frames with a problem are
                always masked.
            mark: what a fault did to it.
        """
        if secret or problem is not None:
            data = mask_tokens(data)
        is_valid = problem is None
        self._append((self._count + 1, time, direction, session, data, is_valid, problem, mark))

    def note(self, time: int, session: str | None, text: str) -> None:
        """Note something that is not a frame, such as why a session was ended.

        Args:
            time: microseconds of space time.
            session: the session's name, if it is about one.
            text: what is noted.
        """
        self._append((self._count + 1, time, NOTE, session, text.encode(), True, None, None))

    def _append(self, entry: _Kept) -> None:
        self._count = entry[0]
        data = entry[_DATA]
        if len(self._ring) < self.limit:
            self._ring.append(entry)
        else:
            if self._first == self._count - self.limit:
                self._forget_oldest()
            self._ring[(self._count - self._base) % self.limit] = entry
        self.bytes += ENTRY_BYTES
        # An event that goes to many sessions is noted many times in a row, and kept once.
        if data is not self._newest:
            self._newest = data
            self.bytes += len(data)
        while self.bytes > self.most_bytes and self._first < self._count:
            self._forget_oldest()
        if self._listeners:
            shown = Entry._make(entry)
            for listener in self._listeners:
                listener(shown)

    def _forget_oldest(self) -> None:
        place = (self._first - self._base) % self.limit
        oldest, self._ring[place] = self._ring[place], _FORGOTTEN
        self._first += 1
        self.dropped += 1
        self.bytes -= ENTRY_BYTES
        following = self._ring[(self._first - self._base) % self.limit]
        data = oldest[_DATA]
        if following[_DATA] is not data:
            self.bytes -= len(data)
            if data is self._newest:
                self._newest = None

    def listen(self, listener: Callable[[Entry], None]) -> Callable[[], None]:
        """Call ``listener`` with every new entry; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def raw(self, after: int = 0, limit: int | None = None) -> list[Entry]:
        """The entries with their frames as they crossed the wire, oldest first.

        Args:
            after: only those with a higher number.
            limit: at most so many; None: all.
        """
        return list(map(Entry._make, self._kept(after, limit)))

    def slices(self, after: int = 0) -> Iterator[list[Entry]]:
        """The same in pieces, so that whoever reads much can let others run in between.

        The entries are those that are there at the first piece. Of a journal of more than
        `SNAPSHOT` entries those are missing that were dropped before their piece was read.

        Args:
            after: only those with a higher number.
        """
        last = self._count
        while (after := max(after, self._first - 1)) < last:
            # Copying a long list holds up everybody for as long as a short one takes to be read.
            kept = self._kept(after, min(SNAPSHOT, last - after))
            for start in range(0, len(kept), SLICE):
                yield list(map(Entry._make, kept[start : start + SLICE]))
            after += SNAPSHOT

    def _kept(self, after: int, limit: int | None = None) -> list[_Kept]:
        first = max(after + 1, self._first)
        last = self._count if limit is None else min(self._count, first + limit - 1)
        if first > last:
            return []
        start = (first - self._base) % self.limit
        end = start + last - first + 1
        return self._ring[start:end] + self._ring[: max(0, end - self.limit)]

    def entries(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """The trace: entries with a number above ``after``, oldest first, as JSON objects.

        Each has ``n``, ``time`` (unix seconds), ``space``, ``session``, ``direction``, ``frame``
        and ``valid``. A note has ``frame: null`` and ``note``; a text that was no JSON object has
        ``frame: null`` and ``text``; and an invalid one has ``problem``. One that a fault was at
        work on has ``fault``, and ``lost``, ``extra`` or ``meant`` (see ``Mark``).
        """
        for entries in self.slices(after):
            yield from map(self.as_json, entries)

    def as_json(self, entry: Entry) -> dict[str, Any]:
        """One entry as it stands in a trace."""
        shown: dict[str, Any] = {
            "n": entry.number,
            "time": seconds(entry.time),
            "space": self.space,
            "session": entry.session,
            "direction": entry.direction,
            "frame": None,
            "valid": entry.valid,
        }
        if entry.direction == NOTE:
            return {**shown, "direction": TO_CLIENT, "note": entry.data.decode()}
        try:
            # What is valid is not nested deeply, however many brackets it has.
            readable = entry.valid or not _is_deep(entry.data)
            frame = orjson.loads(entry.data) if readable else None
        except orjson.JSONDecodeError:
            frame = None
        if isinstance(frame, dict):
            shown["frame"] = frame
        else:
            text = entry.data[: TEXT_LIMIT * 4].decode("utf-8", "replace")[:TEXT_LIMIT]
            shown["text"] = mask_text(text)
        if entry.problem is not None:
            shown["problem"] = entry.problem
        if entry.mark is not None:
            shown["fault"] = entry.mark.fault
            if entry.mark.is_lost:
                shown["lost"] = True
            if entry.mark.is_extra:
                shown["extra"] = True
            if entry.mark.meant is not None:
                shown["meant"] = orjson.loads(entry.mark.meant)
        return shown

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        self._ring.clear()
        self._base = self._first = self._count + 1
        self._newest = None
        self.bytes = 0
        self.dropped = 0
