"""One WebSocket: carries messages between a client and the engine, and decides nothing.

There is no task for a socket. Messages are handled while their bytes are read, and frames go
straight to the transport. Only a client that does not read, or a socket that is closing, has
something that waits: a callback of the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from enum import IntEnum
from functools import partial
from typing import TYPE_CHECKING

from mockserver.engine import Connection, Strike

from . import frames
from .frames import BINARY, CLOSE, PING, TEXT, FrameReader, Violation
from .private import let_go

if TYPE_CHECKING:
    from .table import Sockets
    from .wires import Wire

MESSAGES_PER_TURN = 32
"""Frames of one socket that are handled before the other sockets have their turn."""

LONGEST_WRITE = 262_144
"""Bytes given to the transport at once, so that what waits is in the bounded outbox."""

CLOSE_TIMEOUT_S = 0.5
"""How long a client may take to answer a close frame before the server ends its side of TCP."""

STUCK_TIMEOUT_S = 5.0
"""How long a client of a closing socket may do nothing before its connection is cut.

That is: take none of what is still to be sent, or not end its own side of TCP.
"""

RATE_WINDOW_S = 10.0
"""Seconds over which the frames of a socket are counted for ``max_frames_per_s``."""


SAID_NO_CONNECT = (
    "a client opened a WebSocket and got no session by signalwire.connect within {:g} s, so it was "
    "closed: that call has to be the first one; GET /__mock__/journal shows what came instead"
)


def reset(transport: asyncio.Transport) -> None:
    """End a connection by a TCP reset."""
    plain: socket.socket | None = transport.get_extra_info("socket")
    if plain is not None:
        # Closed with bytes that may not linger, a connection is reset (SO_LINGER, socket(7)).
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class Stage(IntEnum):
    """How far the end of a socket has come."""

    OPEN = 0
    EMPTYING = 1
    """It is to be closed, and the client has not taken yet what was sent before that."""
    CLOSE_SENT = 2
    """The close frame has left, and the client may answer it."""
    GONE = 3
    """The client has ended its side of TCP, or the connection is no more."""


class Socket(asyncio.Protocol):
    """One WebSocket, from the end of its handshake to the end of its TCP connection.

    What it sends is in ``connection.outbox`` until the network takes it: the transport buffers
    next to nothing, and says when the system's buffer is full, so that the outbox waits.

    Args:
        sockets: all sockets of the server, and what they have in common.
        transport: the TCP connection; the answer to the handshake has been written.
        space_name: the space that the URL's path named; None when the project id decides.

    Attributes:
        ping_delay_s: real seconds by which each ``signalwire.ping`` is late; None: none is sent.
    """

    __slots__ = (
        "_counted",
        "_counted_since",
        "_drained",
        "_has_peer_closed",
        "_is_corked",
        "_is_deaf",
        "_is_first",
        "_is_paused",
        "_pong",
        "_reader",
        "_sockets",
        "_stage",
        "_timer",
        "_transport",
        "connection",
        "ping_delay_s",
    )

    def __init__(
        self, sockets: Sockets, transport: asyncio.Transport, space_name: str | None
    ) -> None:
        self._sockets = sockets
        self._transport = transport
        self.connection = Connection(
            self._wake, space_name, sockets.settings.max_outbox_bytes, self._strike
        )
        self.connection.pass_on = self._pass_on
        self._reader = FrameReader(sockets.settings.max_message_bytes)
        self._is_corked = False
        self._is_first = False
        self._is_paused = False
        self._is_deaf = False
        self._has_peer_closed = False
        self._stage = Stage.OPEN
        self._timer: asyncio.TimerHandle | None = None
        self._pong: bytes | None = None
        self._drained: list[asyncio.Future[None]] | None = None
        self._counted = 0
        self._counted_since = sockets.loop.time()
        self.ping_delay_s: float | None = 0.0
        # asyncio's TCP pauses above this many bytes, its TLS already at them: at 0, with none.
        transport.set_write_buffer_limits(high=0 if transport.can_write_eof() else 1)

    # In

    def data_received(self, data: bytes) -> None:
        """Handle what was read; if it is much, a part of it now and the rest in later turns."""
        if self._is_deaf:
            return
        self._reader.feed(data)
        if self._handle_some():
            self._transport.pause_reading()
            self._sockets.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        if self._transport.is_closing():
            return
        if self._handle_some():
            self._sockets.loop.call_soon(self._go_on)
        else:
            self._transport.resume_reading()

    def _handle_some(self) -> bool:
        """Handle the messages that have come, up to `MESSAGES_PER_TURN`; tells if more wait."""
        reader, connection, sockets = self._reader, self.connection, self._sockets
        receive = sockets.receive
        count = 0
        # What is sent meanwhile leaves in one piece when the turn is over: all but the first frame
        # that the last message causes, for which a client waits.
        self._is_corked = True
        try:
            while (message := reader.next()) is not None:
                count += 1
                opcode, payload = message
                self._is_first = is_last = not reader.left or count == MESSAGES_PER_TURN
                if opcode == TEXT:
                    # A socket that is being closed is read to its end, but nothing is done.
                    if connection.closing is None:
                        receive(connection, payload)
                elif opcode == PING:
                    # Of pings that cannot be answered at once, the last one is (5.5.3).
                    self._pong = payload
                    self._send_pong()
                elif opcode == BINARY:
                    if connection.closing is None:
                        sockets.refuse_binary(connection, len(payload))
                elif opcode == CLOSE:
                    self._has_peer_closed = self._is_deaf = True
                    connection.close(frames.NORMAL, "")
                    break
                if is_last:
                    break
        except Violation as violation:
            # Where the next frame begins cannot be known any more.
            self._is_deaf = True
            connection.close(violation.code, violation.reason)
        finally:
            self._is_corked = self._is_first = False
            if connection.outbox or connection.closing is not None:
                self._flush()
        self._count(count)
        return count == MESSAGES_PER_TURN and reader.left > 0 and not self._is_deaf

    def _count(self, count: int) -> None:
        """Close the socket of a client that sends faster than anybody should."""
        self._counted += count
        limit = self._sockets.settings.max_frames_per_s
        if self._counted > limit * RATE_WINDOW_S:
            now = self._sockets.loop.time()
            if now - self._counted_since < RATE_WINDOW_S:
                reason = f"more than {limit:g} frames a second for {RATE_WINDOW_S:g} seconds"
                self.connection.close(frames.POLICY, reason)
            self._counted, self._counted_since = 0, now

    # Out

    def _wake(self) -> None:
        """The engine has put something into the outbox, or wants the socket closed."""
        if self._is_corked:
            if not self._is_first:
                return
            self._is_first = False
        self._flush()

    def _pass_on(self, data: bytes) -> bool:
        """Send a frame before which nothing waits, if that can be done at once."""
        if self._is_corked:
            if not self._is_first:
                return False
            self._is_first = False
        if self._is_paused or self._transport.is_closing():
            return False
        self._transport.write(self._sockets.text_frames.of(data))
        return True

    def _strike(self, strike: Strike) -> None:
        """A fault that was injected strikes this socket."""
        # Imported here: most sockets never meet one.
        from .faults import ON_SOCKET

        self._flush()
        ON_SOCKET[strike.fault](self, strike)

    # For faults

    def rewire(self, make: Callable[[Socket, asyncio.Transport], Wire]) -> None:
        """Have what is sent from now on pass a wire that misbehaves."""
        self._transport = make(self, self._transport)

    def unwire(self, injection: int) -> None:
        """Take away the wire of an injection, if there is one."""
        from .wires import Wire

        above: Wire | None = None
        wire = self._transport
        while isinstance(wire, Wire) and wire.injection != injection:
            above, wire = wire, wire.inner
        if not isinstance(wire, Wire):
            return
        if above is None:
            self._transport = wire.inner
        else:
            above.inner = wire.inner
        wire.end()

    def reset(self) -> None:
        """End the connection by a TCP reset: the client may lose what it has not read."""
        reset(self._transport)

    def _flush(self) -> None:
        """Send what waits, as far as the client takes it."""
        connection, transport = self.connection, self._transport
        # What is sent again after a resume comes into the outbox bit by bit, as it is taken.
        while connection.outbox and not self._is_paused and not transport.is_closing():
            waiting = connection.take()
            if len(waiting) == 1:
                transport.write(self._sockets.text_frames.of(waiting[0]))
            else:
                self._write_all(waiting)
        if connection.closing is not None:
            self._close()
        elif self._drained is not None and not (self._is_paused or connection.outbox):
            self._say_drained()

    def _write_all(self, waiting: list[bytes]) -> None:
        """Write frames together, and put back those for which there is no room."""
        batch: list[bytes] = []
        size = 0
        for number, payload in enumerate(waiting, start=1):
            batch.append(self._sockets.text_frames.of(payload))
            size += len(payload)
            if size >= LONGEST_WRITE or number == len(waiting):
                self._transport.write(b"".join(batch))
                if self._is_paused:
                    self.connection.put_back(waiting[number:])
                    return
                batch, size = [], 0

    def pause_writing(self) -> None:
        """The system's buffer is full: the client does not read as fast as it is sent to."""
        self._is_paused = True

    def resume_writing(self) -> None:
        """The client has read: go on, but not within a call of the transport's own."""
        self._is_paused = False
        self._sockets.loop.call_soon(self._resume)

    def _resume(self) -> None:
        self._send_pong()
        self._flush()

    def _send_pong(self) -> None:
        if self._pong is None or self._is_paused or self._transport.is_closing():
            return
        if self._stage < Stage.CLOSE_SENT:
            self._transport.write(frames.control_frame(frames.PONG, self._pong))
        self._pong = None

    def drained(self) -> asyncio.Future[None] | None:
        """Done once all that is queued now has been handed to the network.

        None when it has been already, and for a socket that is closing or that a fault keeps still:
        nobody waits for that.
        """
        connection = self.connection
        if connection.closing is not None or connection.is_held:
            return None
        if not (self._is_paused or connection.outbox):
            return None
        future = self._sockets.loop.create_future()
        if self._drained is None:
            self._drained = []
        self._drained.append(future)
        return future

    def _say_drained(self) -> None:
        waiting, self._drained = self._drained or (), None
        for future in waiting:
            if not future.done():
                future.set_result(None)

    # The end (RFC 6455, section 7)

    def _close(self) -> None:
        """Do what can be done now to close: send what is queued, the close frame, then end TCP.

        While the client has not answered, the server goes on reading: a connection that ends with
        bytes unread is reset, and then the client loses what is on its way to it.
        """
        closing = self.connection.closing
        self._say_drained()
        if closing is None or self._stage == Stage.GONE or self._transport.is_closing():
            return
        if self._stage < Stage.CLOSE_SENT:
            if self._is_paused or self.connection.outbox:
                if self._stage == Stage.OPEN:
                    self._stage = Stage.EMPTYING
                    self._cut_if_stuck(0)
                return
            self._stage = Stage.CLOSE_SENT
            if closing.abrupt:
                self._end()
                return
            self._transport.write(frames.close_frame(closing.code, closing.reason))
            self._set_timer(CLOSE_TIMEOUT_S, self._end_writing)
        if self._has_peer_closed:
            self._end()

    def _cut_if_stuck(self, waiting_before: int) -> None:
        """End the connection of a client that has taken nothing for `STUCK_TIMEOUT_S`."""
        waiting = self._transport.get_write_buffer_size() + self.connection.outbox_bytes
        if waiting == waiting_before:
            self._transport.abort()
        else:
            self._set_timer(STUCK_TIMEOUT_S, partial(self._cut_if_stuck, waiting))

    def _end_writing(self) -> None:
        """End the server's side of TCP: the client gets all that was sent, and then the end."""
        if self._transport.can_write_eof():
            with contextlib.suppress(OSError):
                self._transport.write_eof()
        else:
            # TLS has no end of one side; its closing alert follows what was sent.
            self._transport.close()
        self._set_timer(STUCK_TIMEOUT_S, self._transport.abort)

    def _end(self) -> None:
        """End TCP after what is written; the client will send nothing that matters."""
        self._set_timer(STUCK_TIMEOUT_S, self._transport.abort)
        if self._transport.can_write_eof():
            # Ends the connection even if another process has inherited the file descriptor.
            with contextlib.suppress(OSError):
                self._transport.write_eof()
        self._transport.close()

    def is_late(self) -> None:
        """Too much time has passed since the handshake to be still without a session."""
        if self.connection.session is None:
            seconds = self._sockets.settings.connect_timeout_s
            self._sockets.strangers.note(SAID_NO_CONNECT.format(seconds))
            reason = f"no signalwire.connect within {seconds:g} s"
            self.connection.close(frames.POLICY, reason)

    def abort(self) -> None:
        """End the connection at once, and forget what is not sent."""
        self._transport.abort()

    def _set_timer(self, delay_s: float, action: Callable[[], object]) -> None:
        self._cancel_timer()
        self._timer = self._sockets.loop.call_later(delay_s, action)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def eof_received(self) -> None:
        """The client has ended its side of TCP; the transport ends the other one by itself."""
        self._set_timer(STUCK_TIMEOUT_S, self._transport.abort)
        self._leave()

    def connection_lost(self, exc: Exception | None) -> None:
        """The TCP connection is no more."""
        self._cancel_timer()
        self._leave()
        let_go(self._transport)

    def _leave(self) -> None:
        if self._stage == Stage.GONE:
            return
        self._stage = Stage.GONE
        self._is_deaf = True
        self._sockets.remove(self)
        self.connection.close(frames.NORMAL, "")
        self.connection.part()
        self._say_drained()
