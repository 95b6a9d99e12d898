"""All connections of a server: those that are sockets, and those that are not yet."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Protocol

from mockserver.engine import Connection, Session
from mockserver.listening import Address, Port

from . import frames
from .door import Door, ServesHttp
from .socket import CLOSE_TIMEOUT_S, Socket
from .strangers import Strangers

if TYPE_CHECKING:
    from mockserver.server.settings import Settings
    from mockserver.server.tls import Identity

    from .faults import DoorFault
    from .outage import Outage
    from .secure import SecurePort

STOP_TIMEOUT_S = 2.0
"""Real seconds that all clients together have to see the end of a server that stops."""

SAID_NOTHING = (
    "a connection was closed because nothing came over it for {:g} s: a client begins with the "
    "handshake of a WebSocket, or with an HTTP request"
)

DRAIN_TIMEOUT_S = 5.0
"""Real seconds after which a client that does not read holds nobody up any more."""


class Arrival(Protocol):
    """A connection that has yet to say what it is: a `Door`, a `Socket`, …."""

    def is_late(self) -> None:
        """It has taken too long."""

    def abort(self) -> None:
        """End it at once."""


class Engine(Protocol):
    """What sockets need of a server. None of these may raise."""

    def receive(self, connection: Connection, data: bytes) -> None:
        """Take a text message."""

    def refuse_binary(self, connection: Connection, size: int) -> None:
        """Answer a binary message."""

    def detach(self, connection: Connection) -> None:
        """Note that a socket is gone."""


class Sockets:
    """Accepts connections, and knows every one until it ends.

    Args:
        engine: who gets the messages.
        settings: the server's limits and times.
        strangers: counts connections that never became a client's.

    Attributes:
        loop: the event loop on which all of this runs.
        port: where it listens, once it does.
        text_frames: makes the messages of all sockets.
        door_faults: what goes wrong for those who connect, because somebody asked for it.
        outage: closes the port for a time; None until somebody asks for that.
        is_stopping: nobody may come any more.
    """

    def __init__(self, engine: Engine, settings: Settings, strangers: Strangers) -> None:
        self.loop = asyncio.get_running_loop()
        self.settings = settings
        self.strangers = strangers
        self.receive = engine.receive
        self.refuse_binary = engine.refuse_binary
        self.text_frames = frames.TextFrames()
        self.port: Port | None = None
        self.door_faults: list[DoorFault] = []
        self.outage: Outage | None = None
        self.is_stopping = False
        self._detach = engine.detach
        self._sockets: dict[Connection, Socket] = {}
        self._doors: set[Arrival] = set()
        self._arrivals: dict[Arrival, float] = {}
        self._arrivals_timer: asyncio.TimerHandle | None = None
        self._somebody_went: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._sockets)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._sockets))

    async def listen(
        self, http: ServesHttp, host: str, port: int, identity: Identity | None = None
    ) -> None:
        """Accept connections, which are HTTP until they are upgraded.

        Args:
            http: makes what serves HTTP on one connection.
            host: where to listen.
            port: 0 takes a free one.
            identity: what TLS clients are shown; None: the port is plain.

        Raises:
            OSError: the address cannot be had.
        """
        accept: Callable[[], Door | SecurePort] = partial(Door, self, http)
        if identity is not None:
            # Imported here: most servers speak no TLS.
            from .secure import SecurePort, no_trust

            door = partial(Door, self, http, no_trust(identity))
            accept = partial(SecurePort, self, identity, door)
        self.port = Port(accept)
        await self.port.open(host, port)

    @property
    def addresses(self) -> list[Address]:
        """Where it listens, once it does."""
        return [] if self.port is None else self.port.addresses

    @property
    def has_fault_at_door(self) -> bool:
        """Whether those who connect may meet a fault."""
        return bool(self.door_faults) or (self.outage is not None and self.outage.goes_on)

    async def stop(self) -> None:
        """Let nobody in, and close every socket with code 1001.

        Returns when all of them have ended, or time is up.
        """
        self.is_stopping = True
        if self.outage is not None:
            self.outage.stop()
        if self.port is not None:
            self.port.close()
        for connection in self:
            connection.close(1001, "the server is shutting down")
        await self._gone(lambda: not self._sockets)
        if self._arrivals_timer is not None:
            self._arrivals_timer.cancel()

    async def end(self) -> None:
        """Cut off whoever is still there, and return when nobody is."""
        if self.port is not None:
            await self.port.arrived()
        for each in [*self._sockets.values(), *self._doors]:
            each.abort()
        await self._gone(lambda: not (self._sockets or self._doors))

    async def _gone(self, is_so: Callable[[], bool]) -> None:
        """Return when it is so, or time is up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT_S):
                while not is_so():
                    self._somebody_went = self.loop.create_future()
                    await self._somebody_went

    def _note_gone(self) -> None:
        if self._somebody_went is not None and not self._somebody_went.done():
            self._somebody_went.set_result(None)

    # Connections

    def add(self, socket: Socket) -> None:
        """Know a socket whose handshake is done."""
        self._sockets[socket.connection] = socket
        self.expect(socket)

    def remove(self, socket: Socket) -> None:
        """Forget a socket that is gone; its session is away now."""
        del self._sockets[socket.connection]
        self.no_longer_expect(socket)
        self._detach(socket.connection)
        self._note_gone()

    def expect(self, arrival: Arrival) -> None:
        """Close a connection unless it says within ``connect_timeout_s`` what it is."""
        self._arrivals[arrival] = self.loop.time() + self.settings.connect_timeout_s
        if self._arrivals_timer is None:
            self._wait_for_arrivals()

    def meet(self, door: Arrival) -> None:
        """Know a connection that is no socket, until it is one or is gone."""
        self._doors.add(door)
        if self.is_stopping:
            # It was accepted before the port was closed.
            door.abort()
        else:
            self.expect(door)

    def part(self, door: Arrival) -> None:
        """It is a socket now, or it is gone."""
        self._doors.discard(door)
        self.no_longer_expect(door)
        self._note_gone()

    def no_longer_expect(self, arrival: Arrival) -> None:
        """It has said so, or it is gone."""
        self._arrivals.pop(arrival, None)

    def note_silence(self) -> None:
        """A connection was closed before anything came over it."""
        self.strangers.note(SAID_NOTHING.format(self.settings.connect_timeout_s))

    def _wait_for_arrivals(self) -> None:
        """One timer for all: who came first is late first."""
        self._arrivals_timer = None
        for arrival, deadline in list(self._arrivals.items()):
            if deadline > self.loop.time():
                self._arrivals_timer = self.loop.call_at(deadline, self._wait_for_arrivals)
                return
            del self._arrivals[arrival]
            arrival.is_late()

    # Looking after them

    async def drained(self, sessions: Iterable[Session]) -> None:
        """Return once all that was sent to these has been handed to the network.

        A client that does not read holds this up for `DRAIN_TIMEOUT_S`, and no longer.
        """
        waiting = []
        for session in sessions:
            socket = self._sockets.get(session.connection) if session.connection else None
            if socket is not None and (future := socket.drained()) is not None:
                waiting.append(future)
        if waiting:
            await asyncio.wait(waiting, timeout=DRAIN_TIMEOUT_S)

    def ping_all(self, ping: Callable[[Session], None]) -> None:
        """Ping every session, and close those that have answered none of the last pings."""
        most = self.settings.max_missed_pings
        for connection, socket in list(self._sockets.items()):
            session = connection.session
            if session is None or socket.ping_delay_s is None:
                continue
            if most and session.unanswered_pings >= most:
                reason = f"none of the last {most} signalwire.ping was answered"
                connection.close(frames.POLICY, reason)
            elif socket.ping_delay_s:
                self.loop.call_later(socket.ping_delay_s, ping, session)
            else:
                ping(session)


__all__ = ["CLOSE_TIMEOUT_S", "Engine", "Sockets"]
