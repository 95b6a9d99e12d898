"""The network of the simulation: sockets that are slow, stuck or broken, without a real socket.

What the server's shell does for the engine is done here: it takes what the engine has queued, hands
messages in, and says when a connection is gone.
"""

from __future__ import annotations

from collections import deque
from enum import Enum

from mockserver.engine import Connection, Gate


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
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.connection = Connection(lambda: None)
        self.flow = Flow.FLOWING
        self.in_flight: deque[bytes] = deque()
        self.is_gone = False

    @property
    def is_usable(self) -> bool:
        """Whether a message of the client would be handled by the server."""
        return not self.is_gone and self.connection.closing is None

    def send(self, data: bytes) -> None:
        """Hand a message to the server; one that comes too late is read, and nothing is done."""
        if self.is_usable:
            self._gate.receive(self.connection, data)

    def read(self) -> list[bytes]:
        """Let the network work; returns what the client gets."""
        if self.flow is Flow.STUCK:
            return []
        while self.connection.outbox:
            self.in_flight.extend(self.connection.take())
        if self.flow is Flow.DELAYED:
            return []
        got = list(self.in_flight)
        self.in_flight.clear()
        return got

    @property
    def is_over(self) -> bool:
        """Whether the server has closed it, and the client has read all there is to read."""
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
