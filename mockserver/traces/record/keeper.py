"""Writes what crosses the wire into a trace file, tokens masked."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, BinaryIO

import orjson

from mockserver.contract.trace import TO_CLIENT
from mockserver.contract.values import mapping, string
from mockserver.protocol.secrets import mask_text, mask_value


class Keeper:
    """A trace that grows. See ``docs/TRACES.md`` for the format.

    Args:
        file: what is written to; a line is written at once, so that no crash loses one.
        clock: gives unix seconds. By default the time of day at the start, and from then on a clock
            that nobody sets: the times of a trace must not go back.

    Attributes:
        frames: how many messages were kept.
        sessions: names of the sessions by their ``protocol``.
    """

    def __init__(self, file: BinaryIO, clock: Callable[[], float] | None = None) -> None:
        self._file = file
        began, ticks = time.time(), time.monotonic()
        self._clock = clock or (lambda: began + time.monotonic() - ticks)
        self.frames = 0
        self.sessions: dict[str, str] = {}

    def connection(self) -> Connection:
        """Begin to keep what is said on one more connection."""
        return Connection(self)

    def note(self, text: str) -> None:
        """Keep a remark: readers of traces skip it, people may want it."""
        self._write({"time": self._clock(), "note": mask_text(text)})

    def keep(
        self, session: str | None, direction: str, frame: dict[str, Any] | None, text: str | None
    ) -> None:
        """Keep a message, with what may be a token masked."""
        self.frames += 1
        entry: dict[str, Any] = {
            "n": self.frames,
            "time": self._clock(),
            "session": session,
            "direction": direction,
            "frame": mask_value(frame),
        }
        if text is not None:
            entry["text"] = mask_text(text)
        self._write(entry)

    def _write(self, entry: dict[str, Any]) -> None:
        self._file.write(orjson.dumps(entry) + b"\n")
        self._file.flush()


class Connection:
    """What is kept of one connection.

    A session has the same name on all its connections: the answer to ``signalwire.connect`` gives
    the connection a ``protocol``, by which it is known [W].
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self.session: str | None = None

    def text(self, direction: str, text: str) -> None:
        """Keep a text message."""
        frame = _frame(text)
        if direction == TO_CLIENT and self.session is None and frame is not None:
            protocol = string(mapping(frame.get("result")).get("protocol"))
            if protocol is not None:
                names = self._keeper.sessions
                self.session = names.setdefault(protocol, f"s{len(names) + 1}")
        self._keeper.keep(self.session, direction, frame, text if frame is None else None)

    def binary(self, direction: str, data: bytes) -> None:
        """Keep that there was a binary message, which this protocol does not know."""
        self._keeper.keep(self.session, direction, None, f"(binary, {len(data)} bytes)")


def _frame(text: str) -> dict[str, Any] | None:
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return frame if isinstance(frame, dict) else None
