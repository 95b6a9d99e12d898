"""Wires that misbehave: each stands between a `Socket` and its transport while a fault lasts.

A wire is a transport itself, so a socket needs to know nothing of it, and a socket without a fault
pays nothing. What a wire holds back makes its socket wait, so that frames stay in the bounded
outbox.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from . import frames

if TYPE_CHECKING:
    from .socket import Socket

TICK_S = 0.02
"""Real seconds between two pieces of a slow wire that gives at least a byte in that time."""


class Wire(asyncio.Transport):
    """A wire that passes everything on.

    Args:
        socket: whose wire it is.
        inner: the transport, or another wire.
        injection: the number of the fault's injection.
    """

    def __init__(self, socket: Socket, inner: asyncio.Transport, injection: int) -> None:
        self.socket = socket
        self.inner = inner
        self.injection = injection

    def end(self) -> None:
        """The fault is over: pass on what was held back."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What is known of the connection."""
        return self.inner.get_extra_info(name, default)

    def is_closing(self) -> bool:
        """Whether nothing can be sent any more."""
        return self.inner.is_closing()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send."""
        self.inner.write(data)

    def pause_reading(self) -> None:
        """Read no more for now."""
        self.inner.pause_reading()

    def resume_reading(self) -> None:
        """Go on reading."""
        self.inner.resume_reading()

    def get_write_buffer_size(self) -> int:
        """Bytes that the network has not taken."""
        return self.inner.get_write_buffer_size()

    def can_write_eof(self) -> bool:
        """Whether one side can be ended alone."""
        return self.inner.can_write_eof()

    def write_eof(self) -> None:
        """End the writing side."""
        self.inner.write_eof()

    def close(self) -> None:
        """End the connection after what was written."""
        self.inner.close()

    def abort(self) -> None:
        """End the connection at once."""
        self.inner.abort()

    def _let_go_on(self) -> None:
        """Have the socket write again, unless the transport has it wait, too."""
        if not self.inner.get_write_buffer_size():
            self.socket.resume_writing()


class Still(Wire):
    """Nothing is read and nothing is written; the connection stays."""

    def __init__(self, socket: Socket, inner: asyncio.Transport, injection: int) -> None:
        super().__init__(socket, inner, injection)
        self._kept = bytearray()
        self._wants_to_read = True
        inner.pause_reading()
        socket.connection.is_held = True
        socket.pause_writing()

    def end(self) -> None:
        """Write what was kept, and read what has come."""
        self.socket.connection.is_held = isinstance(self.inner, Still)
        if self._kept:
            self.inner.write(bytes(self._kept))
        if self._wants_to_read and not self.inner.is_closing():
            self.inner.resume_reading()
        self._let_go_on()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        self._kept += data
        self.socket.pause_writing()

    def pause_reading(self) -> None:
        """Nothing is read anyway."""
        self._wants_to_read = False

    def resume_reading(self) -> None:
        """Read again once the fault is over."""
        self._wants_to_read = True

    def get_write_buffer_size(self) -> int:
        """Bytes that are kept, or that the network has not taken."""
        return len(self._kept) + self.inner.get_write_buffer_size()

    def write_eof(self) -> None:
        """A wire that is still does not say that it ends."""

    def close(self) -> None:
        """End without a word."""
        self.inner.abort()


class Slow(Wire):
    """What is written drips out.

    Args:
        bytes_per_s: how many bytes a real second.
    """

    def __init__(
        self, socket: Socket, inner: asyncio.Transport, injection: int, bytes_per_s: float
    ) -> None:
        super().__init__(socket, inner, injection)
        self._kept = bytearray()
        self._interval_s = max(TICK_S, 1 / bytes_per_s)
        self._piece = max(1, round(bytes_per_s * self._interval_s))
        self._timer: asyncio.TimerHandle | None = None
        self._is_ending = False

    def end(self) -> None:
        """Write the rest at once."""
        self._stop()
        if self._kept:
            self.inner.write(bytes(self._kept))
            self._kept.clear()
            self._let_go_on()
        self._finish()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Have it drip out behind what drips already."""
        self._kept += data
        self.socket.pause_writing()
        if self._timer is None:
            self._drip()

    def _drip(self) -> None:
        self._timer = None
        if self.inner.is_closing():
            return
        piece = bytes(self._kept[: self._piece])
        del self._kept[: self._piece]
        self.inner.write(piece)
        if self._kept:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._interval_s, self._drip)
        else:
            self._let_go_on()
            self._finish()

    def get_write_buffer_size(self) -> int:
        """Bytes that have not dripped out."""
        return len(self._kept) + self.inner.get_write_buffer_size()

    def write_eof(self) -> None:
        """End the writing side once all has dripped out."""
        self._is_ending = True
        self._finish()

    def close(self) -> None:
        """End the connection; what has not dripped out is written at once."""
        self.end()
        self.inner.close()

    def abort(self) -> None:
        """End the connection at once."""
        self._stop()
        self._kept.clear()
        self.inner.abort()

    def _finish(self) -> None:
        if self._is_ending and not self._kept and not self.inner.is_closing():
            self._is_ending = False
            self.inner.write_eof()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Fragmented(Wire):
    """Each message is sent in fragments (RFC 6455, 5.4); characters may be split.

    Args:
        size: bytes of a fragment.
    """

    def __init__(self, socket: Socket, inner: asyncio.Transport, injection: int, size: int) -> None:
        super().__init__(socket, inner, injection)
        self._size = size
        # The beginning of a frame: a slow wire on top of this one writes it bit by bit.
        self._begun = bytearray()

    def end(self) -> None:
        """Write the beginning of a frame; its rest follows."""
        if self._begun:
            self.inner.write(bytes(self._begun))

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send each frame in pieces, a piece at a time, once it is there as a whole."""
        self._begun += data
        size = frames.whole(self._begun)
        complete = bytes(self._begun[:size])
        del self._begun[:size]
        for fragment in frames.fragments(complete, self._size):
            self.inner.write(fragment)
