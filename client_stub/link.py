"""The link: all that a namespace and its objects need of the client.

A link has a channel and parameters of its own. :meth:`Link.to` makes a narrower one: a room's link
names the room session in every call and subscribes on the room's channel, and a recording's link
names the recording too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from client_stub.listeners import Callback, CallbackQueue, Listener, Listeners, Unsubscribe
from client_stub.session import Session

T = TypeVar("T")


class Namespace(Protocol):
    """One product of the service, as the client sees it: ``video``, say."""

    def receive(self, event_type: str, params: dict[str, Any]) -> None:
        """Take an event of this namespace."""

    def renewed(self) -> None:
        """Take note that a fresh session began: events may have been missed."""


class Link:
    """Calls, subscriptions and callbacks, for one namespace or one object in it."""

    def __init__(
        self,
        session: Session,
        callbacks: CallbackQueue,
        channel: str = "",
        params: Mapping[str, Any] | None = None,
    ) -> None:
        self._session = session
        self._callbacks = callbacks
        self._channel = channel
        self._params = dict(params or {})

    def to(self, *, channel: str | None = None, **params: Any) -> Link:
        """Make a link with these parameters as well, and perhaps another channel."""
        channel = self._channel if channel is None else channel
        return Link(self._session, self._callbacks, channel, {**self._params, **params})

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a call with the link's parameters and these; returns the ``result``.

        Parameters that are None are left out, as the vendor's client does [W]. Raises
        CommandRefused, ServerError, CallTimeout, ConnectionLost.
        """
        given = {name: value for name, value in params.items() if value is not None}
        return await self._session.call(method, {**self._params, **given})

    async def subscribe(self, events: Iterable[str]) -> bool:
        """Subscribe to those ``events`` of the channel that are not yet acknowledged.

        Returns whether there were any. Raises as :meth:`call`.
        """
        return await self._session.subscribe(self._channel, events)

    async def listen(
        self, listeners: Listeners, callbacks: Mapping[str, Callback[Any]], events: Iterable[str]
    ) -> Unsubscribe:
        """Attach ``callbacks`` (by event type) to ``listeners``, and subscribe to ``events``.

        If the subscription fails, the callbacks are detached. Raises as :meth:`call`.
        """
        # Attached first: events may follow the answer faster than this task wakes up.
        attached = listeners.attach(callbacks)
        try:
            await self.subscribe(events)
        except BaseException:
            listeners.detach(attached)
            raise

        async def unsubscribe() -> None:
            listeners.detach(attached)

        return unsubscribe

    def forget(self) -> None:
        """Leave out the channel when a fresh session is subscribed: it is no more."""
        self._session.forget(self._channel)

    def tell(self, listeners: Iterable[Listener], subject: object) -> None:
        """Queue a call of each listener with ``subject``."""
        self._callbacks.put(listeners, subject)

    def future(self) -> asyncio.Future[Any]:
        """Make a future that fails when the session is over, so that nobody waits for ever."""
        return self._session.future()

    async def in_time(self, method: str, doing: Awaitable[T], missing: str) -> T:
        """Await ``doing`` for as long as a call may take. Raises CallTimeout."""
        return await self._session.in_time(method, doing, missing)
