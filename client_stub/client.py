"""``SignalWire``: where an application begins, and where the client is put together."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Generator, Sequence
from types import TracebackType
from typing import Any, Self

import aiohttp

from client_stub.connection import OnFrame
from client_stub.errors import ClientClosed
from client_stub.link import Link, Namespace
from client_stub.listeners import CallbackQueue
from client_stub.session import Session, SessionOptions
from client_stub.video import Video

logger = logging.getLogger("client_stub")

DEFAULT_HOST = "relay.signalwire.com"
DEFAULT_AGENT = "client-stub/python"
_WEBSOCKET = re.compile(r"wss?://")


class SignalWire:
    """A client of the Realtime service.

    ::

        client = await SignalWire(project="…", token="…")
        async with await SignalWire(project="…", token="…", host="ws://127.0.0.1:8787") as client:
            await client.video.listen(on_room_started=print)

    Args:
        project: the project id; the environment's ``SW_PROJECT`` when None [T].
        token: the API token; the environment's ``SW_TOKEN`` when None [T].
        host: a host name, reached by ``wss://``; or a URL with ``ws://`` or ``wss://``, used as it
            is, with its port and path.
        call_timeout: seconds until a call without an answer raises CallTimeout.
        ping_timeout: seconds after a ``signalwire.ping`` in which the next one must come [T].
        reconnect_delay: seconds before an attempt to reconnect: a number, or a sequence, one for
            each attempt, of which the last stays; None for 1 to 4 at random, as the vendor's [T].
        on_frame: is called with ``"to_server"`` or ``"to_client"`` and each frame; tokens masked.
        http_session: an aiohttp session to use, which stays open; None for one of our own.
        agent: how the client names itself in ``signalwire.connect``.

    Raises ValueError for missing credentials or an empty ``reconnect_delay``. Awaiting it connects
    and raises AuthenticationFailed, ServerError, ConnectFailed, ConnectionLost or CallTimeout; and
    ClientClosed after ``close()``.
    """

    def __init__(
        self,
        *,
        project: str | None = None,
        token: str | None = None,
        host: str = DEFAULT_HOST,
        call_timeout: float = 10.0,
        ping_timeout: float = 15.0,
        reconnect_delay: float | Sequence[float] | None = None,
        on_frame: OnFrame | None = None,
        http_session: aiohttp.ClientSession | None = None,
        agent: str = DEFAULT_AGENT,
    ) -> None:
        if isinstance(reconnect_delay, Sequence) and not reconnect_delay:
            raise ValueError("reconnect_delay must have at least one number of seconds")
        options = SessionOptions(
            url=host if _WEBSOCKET.match(host) else f"wss://{host}",
            project=project or _from_environment("project", "SW_PROJECT"),
            token=token or _from_environment("token", "SW_TOKEN"),
            agent=agent,
            call_timeout=call_timeout,
            ping_timeout=ping_timeout,
            reconnect_delay=reconnect_delay,
        )
        self._given_http = http_session
        self._own_http: aiohttp.ClientSession | None = None
        self._callbacks = CallbackQueue()
        self._session = Session(
            options,
            on_event=self._receive,
            on_renewed=self._renewed,
            on_frame=on_frame,
        )
        self._connecting = False
        self._closing: asyncio.Task[None] | None = None
        self.video = Video(Link(self._session, self._callbacks))
        """The rooms of the project."""
        self._namespaces: dict[str, Namespace] = {"video": self.video}

    def __await__(self) -> Generator[Any, None, Self]:
        return self._connect().__await__()

    async def __aenter__(self) -> Self:
        return await self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the session and all it runs, in a few seconds at most; again is harmless.

        No further callback is called. One that is running is cancelled, unless it is the one that
        calls this: wherever it waits, it gets ``asyncio.CancelledError``, and nothing is logged.
        For a second it can still make calls, to clean up. Then all other calls and waits that are
        pending raise ClientClosed. Leaving ``async with`` does the same.
        """
        if self._closing is None:
            caller = asyncio.current_task()
            self._closing = asyncio.create_task(self._close(caller), name="client_stub close")
        await asyncio.shield(self._closing)

    async def _connect(self) -> Self:
        if self._closing is not None:
            raise ClientClosed("the client was closed; make another one")
        if self._connecting:
            return self
        self._connecting = True
        http = self._given_http
        if http is None:
            http = self._own_http = aiohttp.ClientSession()
        self._callbacks.start()
        try:
            await self._session.connect(http)
        except BaseException:
            await self.close()
            raise
        return self

    async def _close(self, caller: asyncio.Task[Any] | None) -> None:
        # Callbacks first: what one does in its `finally` can still be sent.
        await self._callbacks.close(caller)
        await self._session.close()
        if self._own_http is not None:
            await self._own_http.close()

    def _receive(self, event_type: str, params: dict[str, Any]) -> None:
        """Give an event to its namespace, which the first part of its type names."""
        namespace = self._namespaces.get(event_type.partition(".")[0])
        if namespace is not None:
            namespace.receive(event_type, params)
        else:
            logger.debug("ignored an event of another namespace: %s", event_type)

    def _renewed(self) -> None:
        for namespace in self._namespaces.values():
            namespace.renewed()


def _from_environment(name: str, variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise ValueError(f"no {name}: give {name}=… or set {variable}")
    return value
