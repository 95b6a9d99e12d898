"""The network of the simulation: sockets that are slow, stuck or broken, without a real socket.

What the server's shell does for the engine is done here: it takes what the engine has queued, hands
messages in, says when a connection is gone, and does what a fault of sockets does to one, where
that is more than bytes and handshakes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from enum import Enum

from mockserver.engine import Connection, Gate, Strike


class Flow(Enum):
    """How frames get from the server to the client."""

    FLOWING = "flowing"
    """Each frame is read at once."""
    DELAYED = "delayed"
    """The network takes frames; the client has not got them yet, and may never get them."""
    STUCK = "stuck"
    """The network takes nothing: frames wait in the server."""


class Socket:
    """One connection of a client.

    Attributes:
        connection: how the engine sees it.
        flow: how frames get to the client.
        in_flight: frames that have left the server and that the client has not read.
        is_gone: whether the server knows that the connection has ended.
        is_reset: whether a fault has reset it: neither side hears of the other any more.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.connection = Connection(lambda: None, strike=self._strike)
        self.flow = Flow.FLOWING
        self.in_flight: deque[bytes] = deque()
        self.is_gone = False
        self.is_reset = False
        self._unread: deque[bytes] = deque()
        self._still: set[int] = set()
        """The injections because of which the server neither reads nor writes."""

    @property
    def is_usable(self) -> bool:
        """Whether a message of the client would be handled by the server, now or later."""
        return not self.is_gone and not self.is_reset and self.connection.closing is None

    @property
    def is_still(self) -> bool:
        """Whether a fault has the server neither read nor write."""
        return bool(self._still)

    def send(self, data: bytes) -> None:
        """Hand a message to the server; one that comes too late is read, and nothing is done."""
        self._unread.append(data)
        self.hear()

    def hear(self) -> None:
        """Have the server read what the client has sent, unless a fault keeps it from reading."""
        while self._unread and not self._still:
            data = self._unread.popleft()
            if self.is_usable:
                self._gate.receive(self.connection, data)

    def read(self) -> list[bytes]:
        """Let the network work; returns what the client gets."""
        if self._unread:
            self.hear()
        if self.connection.outbox:
            self._write()
        if not self.in_flight or self.flow is not Flow.FLOWING or self.is_reset:
            return []
        got = list(self.in_flight)
        self.in_flight.clear()
        return got

    def _write(self) -> None:
        """Have the network take what waits in the server."""
        if self.flow is not Flow.STUCK and not self._still and not self.is_reset:
            while self.connection.outbox:
                self.in_flight.extend(self.connection.take())

    def _strike(self, strike: Strike) -> None:
        self._write()
        STRIKES[strike.fault](self, strike)

    def reset(self) -> None:
        """Cut the connection without a word; what is under way is lost."""
        self.is_reset = True

    def hold_still(self, injection: int) -> None:
        """Have the server neither read nor write, because of this injection."""
        self._still.add(injection)
        self.connection.is_held = True

    def go_on(self, injection: int) -> None:
        """This injection is over; what has come is read when the network works next."""
        self._still.discard(injection)
        self.connection.is_held = self.is_still

    @property
    def is_over(self) -> bool:
        """Whether it is reset; or the server has closed it, and the client has read all of it."""
        if self.is_reset:
            return True
        closing = self.connection.closing
        if closing is None or self.connection.outbox:
            return False
        return closing.abrupt or not self.in_flight

    def lose(self) -> None:
        """The connection is gone, with all that was under way; the server notices."""
        if not self.is_gone:
            self.is_gone = True
            self.in_flight.clear()
            self._gate.detach(self.connection)
            self.connection.close(1000, "")


# Some of these repeat functions of the server's ``sockets/faults.py``, on purpose. They act
# on another kind of socket, and a simulation that shared the server's code would share its bugs.


def _close(socket: Socket, strike: Strike) -> None:
    given = strike.arguments
    socket.connection.close(given.get("code", 1011), given.get("reason", "a fault"))


def _reset(socket: Socket, strike: Strike) -> None:
    socket.reset()


def _disconnect(socket: Socket, strike: Strike) -> None:
    session = socket.connection.session
    if session is not None:
        session.space.disconnect(session)


def _still(socket: Socket, strike: Strike) -> None:
    if strike.is_over:
        socket.go_on(strike.injection)
    else:
        socket.hold_still(strike.injection)


STRIKES: Mapping[str, Callable[[Socket, Strike], None]] = {
    "close": _close,
    "reset": _reset,
    "disconnect": _disconnect,
    "half_open": _still,
    "stall": _still,
}
"""The faults of sockets that this network can play. The others are about bytes (``slow``,
``fragment``), about HTTP (those at the door) or about real time (the pings): here is none of that.
"""
