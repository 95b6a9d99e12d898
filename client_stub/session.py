"""A session: the authenticated conversation, which outlives its sockets.

After a lost socket the session is resumed. Events are acknowledged, and those whose
acknowledgement did not arrive come again, with the same id: ids that are known are acknowledged
once more, and not reported again.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp

from client_stub.connection import Connection, Frame, OnFrame
from client_stub.errors import (
    AuthenticationFailed,
    CallTimeout,
    ClientClosed,
    CommandRefused,
    ConnectionLost,
    ServerError,
    SignalWireError,
)

logger = logging.getLogger("client_stub")

T = TypeVar("T")

AUTHENTICATION_FAILED = -32002
_SUCCESS = re.compile(r"2\d\d")

KNOWN_EVENTS = 10_000
"""How many event ids a session remembers: about 1 MB. An event can come again only as long as its
acknowledgement is on the way, so this many must be on the way at once before one is reported
twice."""


class RecentIds:
    """The ids that came last, ``limit`` of them at most."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._ids: OrderedDict[str, None] = OrderedDict()

    def add(self, id: object) -> bool:
        """Note an id; returns whether it is new, as every id is that is not a string."""
        if not isinstance(id, str):
            return True
        if id in self._ids:
            return False
        self._ids[id] = None
        if len(self._ids) > self._limit:
            self._ids.popitem(last=False)
        return True

    def clear(self) -> None:
        """Forget all of them."""
        self._ids.clear()


@dataclass(frozen=True)
class SessionOptions:
    """How to reach the service and how patient to be; times in seconds."""

    url: str
    project: str
    token: str
    agent: str
    call_timeout: float
    ping_timeout: float
    reconnect_delay: float | Sequence[float] | None

    def delays(self) -> Iterator[float]:
        """Give the waits before one reconnect attempt after the other, without end."""
        if self.reconnect_delay is None:
            return (random.uniform(1.0, 4.0) for _ in itertools.count())
        if isinstance(self.reconnect_delay, Sequence):
            return itertools.chain(self.reconnect_delay, itertools.repeat(self.reconnect_delay[-1]))
        return itertools.repeat(self.reconnect_delay)


class Session:
    """Connects, keeps the connection, resumes; sends calls and remembers subscriptions.

    ``on_event(event_type, params)`` is called in the order of the wire, once for each event id,
    before the event is acknowledged. ``on_renewed()`` is called when, after a loss, the server
    began a fresh session: what happened in between was missed.
    """

    def __init__(
        self,
        options: SessionOptions,
        *,
        on_event: Callable[[str, Frame], None],
        on_renewed: Callable[[], None],
        on_frame: OnFrame | None,
    ) -> None:
        self._options = options
        self._http: aiohttp.ClientSession | None = None
        self._on_event = on_event
        self._on_renewed = on_renewed
        self._on_frame = on_frame
        self._connection: Connection | None = None
        self._accepting = False
        self._protocol: str | None = None
        self._event_ids = RecentIds(KNOWN_EVENTS)
        self._subscriptions: dict[str, list[str]] = {}
        self._changed = asyncio.Event()
        self._over: SignalWireError | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._ping_timer: asyncio.TimerHandle | None = None
        self._futures: set[asyncio.Future[Any]] = set()

    async def connect(self, http: aiohttp.ClientSession) -> None:
        """Make the first connection, by ``http``, and keep one from then on.

        Raises AuthenticationFailed, ServerError, ConnectFailed, CallTimeout: the first attempt is
        not repeated, so that a wrong host or project is reported at once.
        """
        self._http = http
        await self._open()
        self._keeper = asyncio.create_task(self._keep(), name="client_stub session")

    async def call(self, method: str, params: Frame) -> Frame:
        """Send a call and return the ``result`` of its answer.

        While the client reconnects, the call waits for the new connection, within its own time.
        Raises CommandRefused, ServerError, CallTimeout, ConnectionLost; RuntimeError before
        :meth:`connect`.
        """
        return await self.in_time(method, self._call(method, params))

    async def subscribe(self, channel: str, events: Iterable[str]) -> bool:
        """Subscribe to those ``events`` of ``channel`` that are not yet acknowledged.

        Returns whether there were any. Raises as :meth:`call`.
        """
        missing = self._missing(channel, events)
        if not missing:
            return False
        await self.call("signalwire.subscribe", _subscription(channel, missing))
        known = self._subscriptions.setdefault(channel, [])
        known.extend(self._missing(channel, missing))
        return True

    def forget(self, channel: str) -> None:
        """Leave out a channel that is no more when a fresh session is subscribed."""
        self._subscriptions.pop(channel, None)

    def future(self) -> asyncio.Future[Any]:
        """Make a future that fails when the session is over, so that nobody waits for ever."""
        if self._over is not None:
            raise self._over
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)
        return future

    async def in_time(self, method: str, doing: Awaitable[T], missing: str = "an answer") -> T:
        """Await ``doing`` for as long as a call may take. Raises CallTimeout."""
        seconds = self._options.call_timeout
        try:
            async with asyncio.timeout(seconds):
                return await doing
        except TimeoutError:
            raise CallTimeout(method, seconds, missing) from None

    async def close(self) -> None:
        """End the session: pending calls raise ClientClosed. Takes some seconds at most."""
        closed = ClientClosed("the client was closed")
        self._end(closed)
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        if self._connection is not None:
            await self._connection.close(closed)

    async def _call(self, method: str, params: Frame) -> Frame:
        connection = await self._ready()
        result = await connection.call(method, params)
        _check(method, result)
        return result

    async def _ready(self) -> Connection:
        while True:
            if self._over is not None:
                raise self._over
            if self._http is None:
                raise RuntimeError("the client is not connected: await it first")
            if self._accepting and self._connection is not None and self._connection.is_open:
                return self._connection
            self._changed.clear()
            await self._changed.wait()

    async def _keep(self) -> None:
        while True:
            assert self._connection is not None
            await self._connection.wait_closed()
            self._stop_ping_timer()
            for delay in self._options.delays():
                await asyncio.sleep(delay)
                try:
                    await self._open()
                    break
                except AuthenticationFailed as error:
                    logger.error("cannot reconnect: %s", error)
                    self._end(error)
                    return
                except SignalWireError as error:
                    logger.warning("reconnecting: %s", error)

    async def _open(self) -> None:
        options = self._options
        assert self._http is not None
        opening = Connection.open(self._http, options.url, self._serve, self._on_frame)
        connection = await self.in_time("signalwire.connect", opening, "a connection")
        self._connection = connection
        self._accepting = False
        try:
            fresh = await self._authenticate(connection)
            renewed = fresh and self._keeper is not None
            if renewed:
                await self._repeat_subscriptions(connection)
        except BaseException:
            await connection.close(ConnectionLost("the session could not be opened"))
            raise
        self._accepting = True
        self._changed.set()
        if renewed:
            self._on_renewed()

    async def _authenticate(self, connection: Connection) -> bool:
        """Send ``signalwire.connect``; returns whether the server began a fresh session."""
        options, offered = self._options, self._protocol
        params: Frame = {
            "version": {"major": 3, "minor": 0, "revision": 0},
            "event_acks": True,
            "agent": options.agent,
            "authentication": {"project": options.project, "token": options.token},
        }
        if offered is not None:
            params["protocol"] = offered
        method = "signalwire.connect"
        try:
            result = await self.in_time(method, connection.call(method, params))
        except ServerError as error:
            if error.code == AUTHENTICATION_FAILED:
                raise AuthenticationFailed(method, error.error) from None
            raise
        self._protocol = _resumable_protocol(result)
        fresh = offered is None or result.get("protocol") != offered
        if fresh:
            # Ids are unique within a session; another one may use them again.
            self._event_ids.clear()
        return fresh

    async def _repeat_subscriptions(self, connection: Connection) -> None:
        method = "signalwire.subscribe"
        for channel, events in list(self._subscriptions.items()):
            params = _subscription(channel, list(events))
            try:
                _check(method, await self.in_time(method, connection.call(method, params)))
            except (CommandRefused, ServerError) as error:
                logger.warning("the fresh session does not know %s: %s", channel, error)
                self.forget(channel)

    def _serve(self, frame: Frame) -> Frame | None:
        """Take a call of the server; returns the result to answer with."""
        method, params = frame["method"], frame.get("params")
        if not isinstance(params, dict):
            params = {}
        if method == "signalwire.ping":
            self._restart_ping_timer()
            return {"timestamp": params.get("timestamp") or time.time()}
        if method == "signalwire.disconnect":
            self._accepting = False
            return {}
        if method == "signalwire.event":
            if self._event_ids.add(frame.get("id")):
                self._take_event(frame, params)
            else:
                logger.debug("an event that is known already: %s", frame)
            return {}
        logger.debug("ignored a call of the server: %s", frame)
        return None

    def _take_event(self, frame: Frame, params: Frame) -> None:
        try:
            self._on_event(params["event_type"], params.get("params") or {})
        except Exception:
            logger.exception("could not take an event: %s", frame)

    def _restart_ping_timer(self) -> None:
        self._stop_ping_timer()
        self._ping_timer = asyncio.get_running_loop().call_later(
            self._options.ping_timeout, self._ping_missed
        )

    def _stop_ping_timer(self) -> None:
        if self._ping_timer is not None:
            self._ping_timer.cancel()

    def _ping_missed(self) -> None:
        if self._connection is not None:
            seconds = self._options.ping_timeout
            self._connection.abort(ConnectionLost(f"no signalwire.ping for {seconds:g} s"))

    def _missing(self, channel: str, events: Iterable[str]) -> list[str]:
        known = self._subscriptions.get(channel, [])
        return [event for event in events if event not in known]

    def _end(self, error: SignalWireError) -> None:
        self._over = self._over or error
        self._stop_ping_timer()
        self._changed.set()
        for future in list(self._futures):
            if not future.done():
                future.set_exception(error)


def _check(method: str, result: Frame) -> None:
    code = result.get("code")
    if code and not _SUCCESS.fullmatch(str(code)):
        raise CommandRefused(method, result)


def _subscription(channel: str, events: list[str]) -> Frame:
    return {"get_initial_state": True, "event_channel": channel, "events": events}


def _resumable_protocol(result: Frame) -> str | None:
    """Find the protocol to send again: only one with the authorization's signature [W]."""
    protocol, authorization = result.get("protocol"), result.get("authorization")
    if not isinstance(protocol, str) or not isinstance(authorization, dict):
        return None
    signature = authorization.get("signature")
    parts = protocol.split("_")
    return protocol if signature and len(parts) > 1 and parts[1] == signature else None
