"""The ``video`` of the client: all rooms of the project, and where their events are taken."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, TypedDict, Unpack
from weakref import WeakValueDictionary

from client_stub.listeners import (
    Callback,
    CallbackQueue,
    Listeners,
    Unsubscribe,
    chosen,
    subscribed_as,
)
from client_stub.room import RoomSession
from client_stub.session import Session

logger = logging.getLogger("client_stub")


class VideoListeners(TypedDict, total=False):
    """What ``Video.listen`` takes."""

    on_room_started: Callback[RoomSession]
    on_room_ended: Callback[RoomSession]


class Video:
    """All rooms of the project. ``client.video``; not made by hand."""

    channel = "video.rooms"
    _EVENTS: Mapping[str, str] = {
        "on_room_started": "video.room.started",
        "on_room_ended": "video.room.ended",
    }

    def __init__(self, callbacks: CallbackQueue) -> None:
        self.callbacks = callbacks
        self._session: Session | None = None
        self._listeners = Listeners()
        self._rooms: WeakValueDictionary[str, RoomSession] = WeakValueDictionary()
        self._kept_rooms: set[RoomSession] = set()

    @property
    def session(self) -> Session:
        """The session that calls go through. Raises RuntimeError before the client is awaited."""
        if self._session is None:
            raise RuntimeError("the client is not connected: await it first")
        return self._session

    @session.setter
    def session(self, session: Session) -> None:
        self._session = session

    async def listen(self, **listeners: Unpack[VideoListeners]) -> Unsubscribe:
        """Hear when rooms start and end. Raises TypeError for no listener, and as calls do."""
        callbacks = chosen(self._EVENTS, listeners)
        return await self._listen_on(self._listeners, self.channel, callbacks)

    async def get_room_sessions(self) -> list[RoomSession]:
        """List the room sessions that are running now [T]."""
        result = await self.session.call("video.rooms.get", {})
        return [self._room(payload) for payload in result.get("rooms", [])]

    async def get_room_session_by_id(self, id: str) -> RoomSession:
        """Find the room session of that id [T]. Raises CommandRefused if the server has none."""
        result = await self.session.call("video.room.get", {"room_session_id": id})
        return self._room(result["room"])

    def receive(self, event_type: str, params: dict[str, Any]) -> None:
        """Take an event: first the objects are brought up to date, then callbacks are queued."""
        product, _, rest = event_type.partition(".")
        family, _, suffix = rest.partition(".")
        if product != "video":
            logger.debug("ignored an event of another product: %s", event_type)
        elif family == "room" and "room_session" in params:
            self._room_event(event_type, params["room_session"])
        else:
            room = self._rooms.get(params.get("room_session_id", ""))
            if room is not None:
                room._receive(event_type, family, suffix, params)
            else:
                logger.debug("ignored an event of a room that nobody holds: %s", event_type)

    def doubt(self) -> None:
        """Take note of a fresh session: events may have been missed."""
        for room in list(self._rooms.values()):
            room._doubt()

    def _room_event(self, event_type: str, payload: dict[str, Any]) -> None:
        room = self._room(payload)
        self.callbacks.put(self._listeners.of(event_type), room)
        self.callbacks.put(room._listeners.of(event_type), room)
        if event_type == "video.room.ended":
            self._kept_rooms.discard(room)
            self.session.forget(room.event_channel)

    def _room(self, payload: dict[str, Any]) -> RoomSession:
        room = self._rooms.get(payload["id"])
        if room is None:
            room = self._rooms[payload["id"]] = RoomSession(self, payload)
        else:
            room._update(payload)
        return room

    def _keep(self, room: RoomSession) -> None:
        """Hold a room whose events are awaited, even if its user holds only a callback."""
        self._kept_rooms.add(room)

    async def _listen_on(
        self, listeners: Listeners, channel: str, callbacks: dict[str, Callback[Any]]
    ) -> Unsubscribe:
        # Attached first: events may follow the answer faster than this task wakes up.
        attached = listeners.attach(callbacks)
        try:
            await self.session.subscribe(channel, subscribed_as(callbacks))
        except BaseException:
            listeners.detach(attached)
            raise

        async def unsubscribe() -> None:
            listeners.detach(attached)

        return unsubscribe
