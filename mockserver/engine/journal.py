"""The journal: every frame that a space heard or said, as it crossed the wire.

Entries keep the encoded frame: it is what was sent, an event that goes to many sessions is kept
once, and memory stays small. They are decoded when somebody reads them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

import orjson

from mockserver.protocol import codec, reading
from mockserver.protocol.depth import brackets
from mockserver.protocol.secrets import (
    looking_for_secrets,
    mask_text,
    mask_value,
    masking,
    may_hold_secrets,
)

from .clock import seconds

TO_SERVER = "to_server"
TO_CLIENT = "to_client"
NOTE = "note"
"""The direction of what is not a frame."""

MOST_BRACKETS = 200
"""Opening brackets up to which a refused text is looked into as JSON."""

TEXT_LIMIT = 2_000
"""Characters kept of a text that was no frame."""

LONG_FRAME = 262_144
"""Bytes of a frame from which on it is read in steps: that takes longer in all."""

MOST_BYTES = 64 * 1_048_576
"""Memory that the frames of a space take at most, about. [A]"""

SLICE = 100
"""Entries that are read at a time, when all of a journal is."""

SLICE_BYTES = 262_144
"""Bytes of their frames up to which they are; one entry is read in any case."""

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

    @property
    def is_own(self) -> bool:
        """Whether the mock has written it as it crossed the wire: without blanks, and as it is."""
        return self.direction == TO_CLIENT and self.mark is None

    @property
    def size(self) -> int:
        """Bytes of its frame, and of what that should have been."""
        meant = None if self.mark is None else self.mark.meant
        return len(self.data) + len(meant or b"")

    def has_frame_of(self, other: Entry) -> bool:
        """Whether it is of the same frame, known for that without a look into it.

        An event that goes to many sessions has one text for all of them.
        """
        return (
            self.data is other.data
            and self.direction == other.direction
            and self.valid == other.valid
        )


_Kept = tuple[int, int, str, str | None, bytes, bool, str | None, Mark | None]
"""An entry as it is kept: not an `Entry`, which the garbage collector would look at each time."""

_SESSION: Final = 3
"""Where the session's name is in it."""

_DATA: Final = 4
"""Where the frame is in it."""


def mask_tokens(data: bytes) -> bytes:
    """The same text with what is, or may be, a token replaced; JSON stays JSON."""
    try:
        if not _is_deep(data):
            return codec.encode(mask_value(orjson.loads(data)))
    except orjson.JSONDecodeError:
        pass
    return mask_text(data.decode("utf-8", "replace")).encode()


def _read(entry: Entry) -> Any:
    """The frame of an entry; None where it is none."""
    # What is valid is not nested deeply, however many brackets it has.
    if entry.direction == NOTE or (not entry.valid and _is_deep(entry.data)):
        return None
    try:
        return orjson.loads(entry.data)
    except orjson.JSONDecodeError:
        return None


def _reading(entry: Entry) -> Generator[None, None, Any]:
    """The same, in steps for a long one that the mock itself has written."""
    if not entry.is_own or len(entry.data) < LONG_FRAME:
        return _read(entry)
    try:
        return (yield from reading.reading(entry.data))
    except ValueError:
        return _read(entry)


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
        bytes: how much memory the entries take, about.
    """

    def __init__(self, space: str, limit: int = 10_000, most_bytes: int = MOST_BYTES) -> None:
        self.space = space
        self.limit = limit
        self.most_bytes = most_bytes
        self.bytes = 0
        self._heard: tuple[int, str, bytes] | None = None
        """Time, session and data of a call that is still to be noted, before anything else."""
        self._entries: deque[_Kept] = deque()
        """The newest of all, with numbers that follow each other up to ``last``."""
        self._newest: bytes | None = None
        self._count = 0
        self._cleared = 0
        """The number of the last entry that was forgotten on purpose."""
        self._listeners: list[Callable[[Entry], None]] = []

    def __len__(self) -> int:
        self._note_heard()
        return len(self._entries)

    @property
    def first(self) -> int:
        """The number of the oldest entry that is kept, or that will be if none is."""
        self._note_heard()
        return self._count - len(self._entries) + 1

    @property
    def last(self) -> int:
        """The number of the newest entry that there ever was; 0 before the first."""
        self._note_heard()
        return self._count

    @property
    def dropped(self) -> int:
        """How many entries were dropped, by number or by bytes."""
        self._note_heard()
        return self._count - self._cleared - len(self._entries)

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
            direction: TO_SERVER or TO_CLIENT, or NOTE for what is no frame.
            session: the session's name; None while the connection has none.
            data: the encoded frame.
            problem: what was wrong with it; None for a valid one.
            secret: whether it holds a token, which is then not kept. What other frames hold, such
                as a field ``api_token`` that no schema knows, is masked when they are read. Frames
                with a problem are always masked.
            mark: what a fault did to it.
        """
        if self._heard is not None:
            self._note_heard()
        if secret or problem is not None:
            data = mask_tokens(data)
            if mark is not None and mark.meant is not None:
                mark = mark._replace(meant=mask_tokens(mark.meant))
        entries = self._entries
        self._count = number = self._count + 1
        entry = (number, time, direction, session, data, problem is None, problem, mark)
        entries.append(entry)
        size = self.bytes + ENTRY_BYTES
        # An event that goes to many sessions is noted many times in a row, and kept once.
        if data is not self._newest:
            self._newest = data
            size += len(data)
        # The newest is kept, whatever its size.
        while len(entries) > self.limit or (size > self.most_bytes and len(entries) > 1):
            oldest = entries.popleft()[_DATA]
            size -= ENTRY_BYTES
            if entries[0][_DATA] is not oldest:
                size -= len(oldest)
        self.bytes = size
        if self._listeners:
            shown = Entry._make(entry)
            for listener in self._listeners:
                listener(shown)

    def hear(self, time: int, session: str, data: bytes) -> None:
        """Note a valid call without secrets that is to be answered now: a client waits for that.

        So it is noted next, when there is something else to be noted, or when somebody looks; and
        at once for those who listen.

        Args:
            time: microseconds of space time.
            session: the session's name.
            data: the encoded frame.
        """
        if self._heard is not None or self._listeners:
            self.add(time, TO_SERVER, session, data)
        else:
            self._heard = time, session, data

    def _note_heard(self) -> None:
        if self._heard is not None:
            (time, session, data), self._heard = self._heard, None
            self.add(time, TO_SERVER, session, data)

    def note(self, time: int, session: str | None, text: str) -> None:
        """Note something that is not a frame, such as why a session was ended.

        Args:
            time: microseconds of space time.
            session: the session's name, if it is about one.
            text: what is noted.
        """
        self.add(time, NOTE, session, text.encode())

    def listen(self, listener: Callable[[Entry], None]) -> Callable[[], None]:
        """Call ``listener`` with every new entry; returns what ends that."""
        self._note_heard()
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def raw(self, after: int = 0, limit: int | None = None) -> list[Entry]:
        """The entries with their frames as they crossed the wire, oldest first.

        Args:
            after: only those with a higher number.
            limit: at most so many; None: all.
        """
        return list(map(Entry._make, self._kept(after, limit)))

    def next_slice(self, after: int) -> list[Entry]:
        """Some entries with a number above ``after``, oldest first: the next to be read.

        As many as can be read without holding others up; none when there are none.
        """
        size, some = 0, list[Entry]()
        for kept in self._kept(after, SLICE):
            size += len(kept[_DATA])
            if some and size > SLICE_BYTES:
                break
            some.append(Entry._make(kept))
        return some

    def candidates(
        self, after: int, session: str | None, name: str | None
    ) -> tuple[list[Entry], int]:
        """Of the next entries those that may be asked for, by what is seen without decoding them.

        Args:
            after: only those with a higher number.
            session: the session that they are of; None: any.
            name: the method or event type that is somewhere in them; None: any.

        Returns:
            The entries, and the number of the last one that was looked at.
        """
        wanted = None if name is None else name.encode()
        size, some, last = 0, list[Entry](), after
        for kept in self._kept(after, SLICE):
            data = kept[_DATA]
            if (session is None or kept[_SESSION] == session) and (
                # With escapes a text can be spelt in many ways.
                wanted is None or wanted in data or b"\\" in data
            ):
                size += len(data)
                if some and size > SLICE_BYTES:
                    break
                some.append(Entry._make(kept))
            last = kept[0]
        return some, last

    def newest(self, count: int) -> list[Entry]:
        """The last entries, oldest first: at most so many, and fewer if their frames are long."""
        size, some = 0, list[Entry]()
        for kept in reversed(self._kept(self.last - count)):
            size += len(kept[_DATA])
            if some and size > SLICE_BYTES:
                break
            some.append(Entry._make(kept))
        return some[::-1]

    def slices(self, after: int = 0) -> Iterator[list[Entry]]:
        """The same in pieces, so that whoever reads much can let others run in between.

        A piece has at most `SLICE` entries, and fewer if their frames are long. The entries are
        those that are there at the first piece. Of a journal of more than `SNAPSHOT` entries those
        are missing that were dropped before their piece was read.

        Args:
            after: only those with a higher number.
        """
        last = self.last
        while (after := max(after, self.first - 1)) < last:
            # Copying a long list holds up everybody for as long as a short one takes to be read.
            kept = self._kept(after, min(SNAPSHOT, last - after))
            after += SNAPSHOT
            size, some = 0, list[Entry]()
            for each in kept:
                size += len(each[_DATA])
                if some and (size > SLICE_BYTES or len(some) == SLICE):
                    yield some
                    size, some = len(each[_DATA]), []
                some.append(Entry._make(each))
            yield some

    def _kept(self, after: int, limit: int | None = None) -> list[_Kept]:
        count = len(self)
        start = max(0, after + 1 - self.first)
        end = count if limit is None else min(count, start + limit)
        if start < count // 2:
            return list(islice(self._entries, start, end))
        # Whoever follows reads the last ones, which are found from the other end.
        return list(islice(reversed(self._entries), count - end, max(0, count - start)))[::-1]

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
        frame = _read(entry)
        if frame is not None and may_hold_secrets(entry.data):
            frame = mask_value(frame)
        return self.shown(entry, frame)

    def showing(self, entry: Entry) -> Generator[None, None, dict[str, Any]]:
        """The same in steps, since the frame may be long."""
        return self.shown(entry, (yield from self.reading(entry)))

    def reading(self, entry: Entry) -> Generator[None, None, Any]:
        """Decode the frame of an entry, without its secrets, in steps; None where it is none."""
        frame = yield from _reading(entry)
        yield
        if frame is not None and (yield from looking_for_secrets(entry.data)):
            yield
            frame = yield from masking(frame)
        return frame

    def shown(self, entry: Entry, frame: Any) -> dict[str, Any]:
        """One entry as it stands in a trace, with its frame as `reading` gives it."""
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
                meant = orjson.loads(entry.mark.meant)
                shown["meant"] = mask_value(meant) if may_hold_secrets(entry.mark.meant) else meant
        return shown

    def encoding(self, entry: Entry) -> Generator[None, None, bytes]:
        """One entry as it stands in a trace, as JSON on one line; in steps, as `showing`."""
        data = entry.data
        if entry.is_own and data.startswith(b"{"):
            if not (yield from looking_for_secrets(data)):
                return self._around(entry)
            yield
        shown = yield from self.showing(entry)
        yield
        return orjson.dumps(shown)

    def _around(self, entry: Entry) -> bytes:
        """An entry whose frame the mock itself has written: it need not be read for that."""
        head = orjson.dumps(
            {
                "n": entry.number,
                "time": seconds(entry.time),
                "space": self.space,
                "session": entry.session,
                "direction": entry.direction,
            }
        )
        return b'%s,"frame":%s,"valid":true}' % (head[:-1], entry.data)

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        self._note_heard()
        self._entries.clear()
        self._newest = None
        self._cleared = self._count
        self.bytes = 0
