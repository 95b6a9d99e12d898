"""What recordings, playbacks and streams have in common: they are started in a room and run there.

A kind of media is a subclass of :class:`RoomMedia` that says its ``kind`` and its commands, and a
row in :data:`client_stub.video.room.MEDIA`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from client_stub.errors import ActionEnded
from client_stub.link import Link
from client_stub.listeners import Callback, Listeners, Unsubscribe, chosen
from client_stub.payload import ServerObject

if TYPE_CHECKING:
    from client_stub.video.room import RoomSession


class RoomMedia(ServerObject):
    """Something that runs in a room session, from ``started`` to ``ended``."""

    kind: ClassVar[str]
    """The word in its calls and events, and the key of its payload."""
    suffixes: ClassVar[tuple[str, ...]] = ("started", "updated", "ended")

    def __init__(self, room: RoomSession, link: Link, payload: dict[str, Any]) -> None:
        super().__init__(payload)
        self._room = room
        self._link = link.to(**{f"{self.kind}_id": self.id})
        self._listeners = Listeners()
        self._waiting: set[asyncio.Future[None]] = set()
        self._uncertain = False
        self._begun = False
        self._claimed = False

    @classmethod
    def event_type(cls, suffix: str) -> str:
        """Name the type of one of its events."""
        return f"video.{cls.kind}.{suffix}"

    @classmethod
    def event_types(cls) -> dict[str, str]:
        """Map listener names to the types of its events, in the order of a life."""
        return {f"on_{suffix}": cls.event_type(suffix) for suffix in cls.suffixes}

    @property
    def room_session_id(self) -> str:
        """The id of the room session it runs in."""
        return self._room.id

    @property
    def room_id(self) -> str:
        """The id of the room."""
        return self._room.room_id

    @property
    def started_at(self) -> datetime | None:
        """When it started, in UTC, if available [D]."""
        return self._time("started_at")

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, in UTC, if available [D]."""
        return self._time("ended_at")

    @property
    def has_ended(self) -> bool:
        """Whether the state is "completed" [D]."""
        return bool(self._payload.get("state") == "completed")

    async def ended(self) -> Self:
        """Wait until it is completed; returns the object, at once if it is so already.

        Subscribes to its ``ended`` event if need be. There is no limit of time: put it under
        ``asyncio.timeout``. Raises ClientClosed, and as calls do.
        """
        while not self.has_ended:
            self._room._keep()
            if await self._link.subscribe([self.event_type("ended")]) or self._uncertain:
                # It may have ended while nobody told us.
                self._uncertain = False
                await self._room._list(type(self))
            else:
                await self._change()
        return self

    async def _listen(self, listeners: Mapping[str, Any]) -> Unsubscribe:
        callbacks = chosen(self.event_types(), listeners)
        self._room._keep(self)
        return await self._link.listen(self._listeners, callbacks, callbacks)

    async def _command(self, verb: str, **params: Any) -> None:
        """Send ``video.KIND.VERB``. Raises ActionEnded before anything is sent [D, T]."""
        if self.has_ended:
            raise ActionEnded(self.kind, self.id, verb)
        await self._link.call(f"video.{self.kind}.{verb}", **params)

    def _receive(self, event_type: str, payload: dict[str, Any]) -> None:
        """Take what an event says of this object."""
        self._update(payload)
        self._begun = self._begun or event_type == self.event_type("started")

    def _tell(self, event_type: str) -> None:
        self._link.tell(self._listeners.of(event_type), self)

    def _update(self, payload: dict[str, Any]) -> None:
        self._payload = payload
        if self.has_ended:
            self._wake()

    def _renewed(self) -> None:
        """A fresh session began: events may have been missed."""
        self._uncertain = True
        self._wake()

    async def _change(self) -> None:
        future = self._link.future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)

    def _wake(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    def _time(self, name: str) -> datetime | None:
        seconds = self._payload.get(name)
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


M = TypeVar("M", bound=RoomMedia)


class PendingStart(Generic[M]):
    """A ``video.KIND.start`` under way: finds which started event is its own.

    The answer names the object, so two starts at once are told apart; if it does not, the first
    one to start that no other call has claimed is taken. Events may come before the answer [A], so
    they are kept until it is there.
    """

    def __init__(self, link: Link, callbacks: dict[str, Callback[Any]]) -> None:
        self._link = link
        self._callbacks = callbacks
        self._early: list[tuple[str, M]] = []
        self._answered = False
        self._media: M | None = None
        self.started: asyncio.Future[M] = link.future()

    def note(self, event_type: str, media: M) -> None:
        """Take an event of this kind that came in this room."""
        if not self._answered:
            self._early.append((event_type, media))
        elif self._media is None and event_type == media.event_type("started"):
            self._claim_unless_claimed(media)
        elif media is self._media:
            self._settle()

    def answered(self, media: M | None) -> None:
        """Take the answer, which named ``media`` or nothing."""
        self._answered = True
        if media is not None:
            self._claim(media)
        else:
            for event_type, candidate in self._early:
                if self._media is None and event_type == candidate.event_type("started"):
                    self._claim_unless_claimed(candidate)
        self._early.clear()

    def _claim_unless_claimed(self, media: M) -> None:
        if not media._claimed:
            self._claim(media)

    def _claim(self, media: M) -> None:
        media._claimed = True
        self._media = media
        if self._callbacks:
            listeners = media._listeners.attach(self._callbacks)
            media._room._keep(media)
            for event_type, early in self._early:
                if early is media:
                    own = [each for each in listeners if each.event_type == event_type]
                    self._link.tell(own, media)
        self._settle()

    def _settle(self) -> None:
        if self._media is not None and self._media._begun and not self.started.done():
            self.started.set_result(self._media)
