"""``client.video``: all rooms of the project, and where their events are taken."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from client_stub.known import Known
from client_stub.link import Link
from client_stub.listeners import Callback, Listeners, Unsubscribe, chosen
from client_stub.video.events import subscribed_as
from client_stub.video.room import RoomSession

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

    def __init__(self, link: Link) -> None:
        self._link = link.to(channel=self.channel)
        self._listeners = Listeners()
        self._rooms: Known[RoomSession] = Known()

    async def listen(self, **listeners: Unpack[VideoListeners]) -> Unsubscribe:
        """Hear when rooms start and end. Raises TypeError for no listener, and as calls do."""
        callbacks = chosen(self._EVENTS, listeners)
        return await self._link.listen(self._listeners, callbacks, subscribed_as(callbacks))

    async def get_room_sessions(self) -> list[RoomSession]:
        """List the room sessions that are running now [T]."""
        result = await self._link.call("video.rooms.get")
        return [self._room(payload) for payload in result.get("rooms", [])]

    async def get_room_session_by_id(self, id: str) -> RoomSession:
        """Find the room session of that id [T]. Raises CommandRefused if the server has none."""
        result = await self._link.call("video.room.get", room_session_id=id)
        return self._room(result["room"])

    def receive(self, event_type: str, params: dict[str, Any]) -> None:
        """Take an event: first the objects are brought up to date, then callbacks are queued."""
        family, _, suffix = event_type.removeprefix("video.").partition(".")
        if family == "room" and "room_session" in params:
            self._room_event(event_type, params["room_session"])
            return
        room = self._rooms.get(params.get("room_session_id"))
        if room is not None:
            room._receive(event_type, family, suffix, params)
        else:
            logger.debug("ignored an event of a room that nobody holds: %s", event_type)

    def renewed(self) -> None:
        """Take note that a fresh session began: events may have been missed."""
        for room in self._rooms:
            room._renewed()

    def _room_event(self, event_type: str, payload: dict[str, Any]) -> None:
        room = self._room(payload)
        self._link.tell(self._listeners.of(event_type), room)
        room._receive_own(event_type)

    def _room(self, payload: dict[str, Any]) -> RoomSession:
        room = self._rooms.get(payload["id"])
        if room is None:
            room = RoomSession(self._rooms, self._link, payload)
            self._rooms.add(room.id, room)
        else:
            room._update(payload)
        return room
