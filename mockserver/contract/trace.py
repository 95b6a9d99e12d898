"""Traces: what crossed the wire, frame by frame, in the order in which one side saw it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeGuard

import orjson

TO_SERVER = "to_server"
TO_CLIENT = "to_client"

_GENERATION = " (run "
_SHOWN_OF_A_VALUE = 60

MOST_SECONDS = 1e15
"""Numbers beyond it are no seconds that one can count with; neither are those that are not finite.
"""


def generation_name(space: str, generation: int) -> str:
    """The name of the n-th space of one name, for traces that hold several: ``lobby (run 2)``."""
    return space if generation == 1 else f"{space}{_GENERATION}{generation})"


def space_name(generation: str) -> str:
    """The name without the number: with one seed, ids are the same in every generation."""
    return generation.partition(_GENERATION)[0]


class TraceError(Exception):
    """A trace that cannot be read: says where, what was expected there and what was found.

    Attributes:
        file: the trace's file; None when it did not come from one.
        line: the line of the file, or the position of the entry, from 1.
        expected: what should have been there.
        found: what was there.
    """

    def __init__(self, expected: str, found: str, *, line: int, file: str | None = None) -> None:
        self.file = file
        self.line = line
        self.expected = expected
        self.found = found
        where = f"entry {line}" if file is None else f"{file}, line {line}"
        super().__init__(f"{where}: expected {expected}, found {found}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One frame of a trace.

    Attributes:
        n: its number; numbers grow along the trace.
        time: when it was seen, in unix seconds, on the clock of whoever kept the trace.
        space: the space's name, as of ``generation_name``; None in a trace that does not know it.
        session: the session's name; None before the session connected.
        direction: ``"to_server"`` or ``"to_client"``.
        frame: the JSON object; None when the text was none.
        text: the text that was no JSON object.
        problem: what the keeper of the trace found wrong with it.
        fault: the name of the fault that was injected on purpose and made it what it is.
        lost: whether that fault kept it from the other side, for ever or until an extra entry.
        extra: whether nobody but that fault meant it to be sent, or to be sent then.
        meant: the frame as it would have been without that fault; None: as it is.
        line: the line of its file, from 1; None where the trace is no file of lines.
        size: bytes of its text and of all that stands with it; None where the reader does not know.
        is_long: whether a judge lets its frame go once it was judged.
        summary: what it is, in a line, once its frame was let go; else None.
    """

    n: int
    time: float
    space: str | None
    session: str | None
    direction: str
    frame: Mapping[str, Any] | None
    text: str | None = None
    problem: str | None = None
    fault: str | None = None
    lost: bool = False
    extra: bool = False
    meant: Mapping[str, Any] | None = None
    line: int | None = field(default=None, compare=False)
    size: int | None = field(default=None, compare=False)
    is_long: bool = field(default=False, compare=False)
    summary: str | None = field(default=None, compare=False)

    @property
    def is_unexplained(self) -> bool:
        """Whether a fault was at work, and nothing says what was meant."""
        is_known = self.lost or self.extra or self.meant is not None
        return self.fault is not None and not is_known

    @property
    def to_client(self) -> bool:
        """Whether the server sent it."""
        return self.direction == TO_CLIENT


@dataclass(frozen=True, slots=True)
class Trace:
    """The entries of a trace, oldest first.

    Attributes:
        entries: numbered from 1, unless the beginning was dropped.
        source: where it came from, for messages; None when it did not come from a file.
    """

    entries: tuple[Entry, ...]
    source: str | None = None

    @classmethod
    def from_entries(
        cls, entries: Iterable[Mapping[str, Any]], *, first_line: int | None = None
    ) -> Trace:
        """Read a trace from JSON objects, as a journal gives them.

        Args:
            entries: objects with ``time`` (unix seconds), ``session`` (name or None),
                ``direction`` and ``frame`` (object or None); ``n``, ``space``, ``text``,
                ``problem``, ``fault``, ``lost``, ``extra`` and ``meant`` may be absent, other keys
                are not looked at.
            first_line: the line at which they begin in a file of JSON lines; None: in none.

        Raises:
            TraceError: an entry is not of that shape, or the numbers do not grow.
        """
        return cls(tuple(_read(_numbered(entries), None, first_line=first_line)))

    @property
    def cut(self) -> bool:
        """Whether the beginning is missing: a journal is bounded, and can be cleared."""
        return bool(self.entries) and self.entries[0].n > 1

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)


def as_meant(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries as they would have been without the faults that were injected.

    What only a fault sent is left out. What it changed is as it was meant, and what it lost is
    there.
    """
    for entry in entries:
        if entry.meant is not None:
            yield replace(entry, frame=entry.meant, text=None)
        elif not entry.extra:
            yield entry


def read_entries(
    entries: Iterable[Mapping[str, Any]], after: int = 0, size: int | None = None
) -> Iterator[Entry]:
    """Read entries one by one, as ``Trace.from_entries`` reads them all.

    Args:
        entries: JSON objects.
        after: the number of the entry before them.
        size: bytes of the text of each, where they are known.

    Raises:
        TraceError: an entry is not of that shape, or the numbers do not grow.
    """
    return _read(_numbered(entries, size), None, after)


def read_lines(lines: Iterable[bytes], file: str) -> Iterator[Entry]:
    """Read entries from lines of JSON, one object each; empty lines are skipped.

    Raises:
        TraceError: a line is not an entry; the message has file, line and what was expected.
    """
    numbered = (
        (number, _parse(line, number, file), len(line)) for number, line in enumerate(lines, 1)
    )
    present = (each for each in numbered if each[1] is not None)
    return _read(present, file, first_line=1)


_Numbered = tuple[int, Any, int | None]
"""A line of a file or the position of an entry, the entry as JSON has it, and its size."""


def _numbered(entries: Iterable[Mapping[str, Any]], size: int | None = None) -> Iterator[_Numbered]:
    return ((number, raw, size) for number, raw in enumerate(entries, 1))


def _parse(line: bytes, number: int, file: str) -> Any:
    """The JSON value of a line; None for an empty one."""
    if not line.strip():
        return None
    try:
        raw = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        found = f"{_shown(line.decode('utf-8', 'replace'))} ({error})"
        raise TraceError("one JSON object per line", found, line=number, file=file) from None
    if raw is None:
        raise TraceError("one JSON object per line", "null", line=number, file=file)
    return raw


def _read(
    numbered: Iterable[_Numbered],
    file: str | None,
    last: int = 0,
    first_line: int | None = None,
) -> Iterator[Entry]:
    for line, raw, size in numbered:
        if is_object(raw) and "note" in raw:
            # Something that the keeper of the trace noted, and that never crossed the wire.
            continue
        try:
            in_file = None if first_line is None else first_line + line - 1
            entry = _entry(raw, last, in_file, size)
        except _UnreadableError as problem:
            raise TraceError(problem.expected, problem.found, line=line, file=file) from None
        last = entry.n
        yield entry


class _UnreadableError(Exception):
    def __init__(self, expected: str, found: str) -> None:
        super().__init__(expected, found)
        self.expected = expected
        self.found = found


def _entry(raw: Any, last: int, line: int | None, size: int | None) -> Entry:
    if not is_object(raw):
        raise _UnreadableError("a JSON object", _shown(raw))
    for key in ("time", "session", "direction", "frame"):
        if key not in raw:
            raise _UnreadableError(
                f"the key {key!r}", f"only {', '.join(map(str, raw)) or 'no keys'}"
            )
    n = raw.get("n", last + 1)
    if not isinstance(n, int) or isinstance(n, bool) or n <= last:
        raise _UnreadableError(f"'n' to be a whole number above {last}", _shown(n))
    time = raw["time"]
    if not is_number(time):
        raise _UnreadableError("'time' to be a number of unix seconds", _shown(time))
    if raw["direction"] not in (TO_SERVER, TO_CLIENT):
        expected = f"'direction' to be {TO_SERVER!r} or {TO_CLIENT!r}"
        raise _UnreadableError(expected, _shown(raw["direction"]))
    frame = raw["frame"]
    if frame is not None and not is_object(frame):
        raise _UnreadableError("'frame' to be an object or null", _shown(frame))
    for key in ("session", "space", "text", "problem", "fault"):
        value = raw.get(key)
        if value is not None and not isinstance(value, str):
            raise _UnreadableError(f"{key!r} to be a string or null", _shown(value))
    meant = raw.get("meant")
    if meant is not None and not isinstance(meant, Mapping):
        raise _UnreadableError("'meant' to be an object or null", _shown(meant))
    for key in ("lost", "extra"):
        if not isinstance(raw.get(key, False), bool):
            raise _UnreadableError(f"{key!r} to be true or false", _shown(raw[key]))
    return Entry(
        n=n,
        time=float(time),
        space=raw.get("space"),
        session=raw["session"],
        direction=raw["direction"],
        frame=frame,
        text=raw.get("text"),
        problem=raw.get("problem"),
        fault=raw.get("fault"),
        lost=raw.get("lost", False),
        extra=raw.get("extra", False),
        meant=meant,
        line=line,
        size=size,
    )


_PLAIN = frozenset({type(None), str, int, float, bool, list})
"""What JSON has beside objects."""


def is_object(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether the value is an object."""
    # The check against an abstract class is slow, and nearly all values are plain.
    kind = type(value)
    return kind is dict or (kind not in _PLAIN and isinstance(value, Mapping))


def is_number(value: Any) -> bool:
    """Whether a value is a number that one can count seconds with."""
    if type(value) is float:
        return -MOST_SECONDS < value < MOST_SECONDS
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value if isinstance(value, float) else 0)
        and abs(value) < MOST_SECONDS
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_OF_A_VALUE else text[: _SHOWN_OF_A_VALUE - 1] + "…"
