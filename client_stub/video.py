"""Rooms and their members: the ``video`` of the client, and where its events are taken."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from client_stub.listeners import Callback, CallbackQueue, Listeners, Unsubscribe, chosen
from client_stub.media import PendingStart, RoomMedia
from client_stub.payload import Field, ServerObject
from client_stub.recording import RecordingListeners, RoomSessionRecording
from client_stub.session import Session

logger = logging.getLogger("client_stub")

M = TypeVar("M", bound=RoomMedia)

MEDIA: Mapping[str, type[RoomMedia]] = {media.kind: media for media in (RoomSessionRecording,)}
"""The kinds of media whose events are taken."""


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

    async def listen(
        self,
        *,
        on_room_started: Callback[RoomSession] | None = None,
        on_room_ended: Callback[RoomSession] | None = None,
    ) -> Unsubscribe:
        """Hear when rooms start and end. Raises TypeError for no listener, and as calls do."""
        callbacks = chosen(
            self._EVENTS, {"on_room_started": on_room_started, "on_room_ended": on_room_ended}
        )
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
            await self.session.subscribe(channel, callbacks)
        except BaseException:
            listeners.detach(attached)
            raise

        async def unsubscribe() -> None:
            listeners.detach(attached)

        return unsubscribe


class RoomSession(ServerObject):
    """A room session: a room from its first member to its last [T]."""

    _EVENTS: Mapping[str, str] = {
        "on_room_subscribed": "video.room.subscribed",
        "on_room_started": "video.room.started",
        "on_room_updated": "video.room.updated",
        "on_room_ended": "video.room.ended",
        "on_member_joined": "video.member.joined",
        "on_member_updated": "video.member.updated",
        "on_member_left": "video.member.left",
        "on_member_talking": "video.member.talking",
        "on_recording_started": "video.recording.started",
        "on_recording_updated": "video.recording.updated",
        "on_recording_ended": "video.recording.ended",
    }

    room_id = Field[str]("")
    """The id of the room, which one session after another may use."""
    name = Field[str]("")
    display_name = Field[str | None](None)
    event_channel = Field[str]("")
    """The channel that this room session's events are subscribed on."""
    recording = Field[bool](False)
    """Whether a recording runs."""
    streaming = Field[bool](False)
    locked = Field[bool](False)
    hide_video_muted = Field[bool](False)
    prioritize_handraise = Field[bool](False)
    layout_name = Field[str | None](None)
    preview_url = Field[str | None](None)
    meta = Field[dict[str, Any] | None](None)
    updated = Field[list[str] | None](None)
    """The keys that the newest ``video.room.updated`` changed."""

    def __init__(self, video: Video, payload: dict[str, Any]) -> None:
        super().__init__(payload)
        self._video = video
        self._listeners = Listeners()
        self._members: dict[str, RoomSessionMember] = {}
        self._media: WeakValueDictionary[tuple[str, str], RoomMedia] = WeakValueDictionary()
        self._kept_media: set[RoomMedia] = set()
        self._starts: list[tuple[type[RoomMedia], PendingStart[Any]]] = []
        self._update(payload)

    @property
    def members(self) -> list[RoomSessionMember]:
        """The members that this client has been told of, in the order it was told."""
        return list(self._members.values())

    async def listen(
        self,
        *,
        on_room_subscribed: Callback[RoomSession] | None = None,
        on_room_started: Callback[RoomSession] | None = None,
        on_room_updated: Callback[RoomSession] | None = None,
        on_room_ended: Callback[RoomSession] | None = None,
        on_member_joined: Callback[RoomSessionMember] | None = None,
        on_member_updated: Callback[RoomSessionMember] | None = None,
        on_member_left: Callback[RoomSessionMember] | None = None,
        on_member_talking: Callback[RoomSessionMember] | None = None,
        on_recording_started: Callback[RoomSessionRecording] | None = None,
        on_recording_updated: Callback[RoomSessionRecording] | None = None,
        on_recording_ended: Callback[RoomSessionRecording] | None = None,
    ) -> Unsubscribe:
        """Hear what happens in this room. Raises TypeError for no listener, and as calls do."""
        callbacks: dict[str, Callback[Any] | None] = {
            "on_room_subscribed": on_room_subscribed,
            "on_room_started": on_room_started,
            "on_room_updated": on_room_updated,
            "on_room_ended": on_room_ended,
            "on_member_joined": on_member_joined,
            "on_member_updated": on_member_updated,
            "on_member_left": on_member_left,
            "on_member_talking": on_member_talking,
            "on_recording_started": on_recording_started,
            "on_recording_updated": on_recording_updated,
            "on_recording_ended": on_recording_ended,
        }
        return await self._listen_on(self._listeners, chosen(self._EVENTS, callbacks))

    async def get_members(self) -> list[RoomSessionMember]:
        """List the members that are in the room now [T]."""
        result = await self._call("video.members.get")
        self._set_members(result.get("members", []))
        return self.members

    async def get_recordings(self) -> list[RoomSessionRecording]:
        """List the recordings of this room session [T]."""
        return await self._list(RoomSessionRecording)

    async def start_recording(
        self, *, listen: RecordingListeners | None = None
    ) -> RoomSessionRecording:
        """Start a recording; returns it at its ``video.recording.started`` event.

        Subscribes to the recording events of the room first [W]. ``listen`` hears of this
        recording only. Raises CallTimeout also when the answer came but the event did not; and as
        calls do.
        """
        return await self._start(RoomSessionRecording, listen)

    async def _start(self, media: type[M], listen: Mapping[str, Any] | None, **params: Any) -> M:
        callbacks = chosen(media.event_types(), listen) if listen else {}
        await self._subscribe(media.event_types().values())
        method = f"video.{media.kind}.start"
        start: PendingStart[M] = PendingStart(self, callbacks)
        entry = (media, start)
        self._starts.append(entry)
        try:
            result = await self._call(method, **params)
            payload = result.get(media.kind)
            start.answered(self._media_object(media, payload) if payload else None)
            return await self._video.session.in_time(
                method, start.started, media.event_type("started")
            )
        finally:
            self._starts.remove(entry)
            start.started.cancel()

    async def _list(self, media: type[M]) -> list[M]:
        result = await self._call(f"video.{media.kind}.list")
        listed = result.get(f"{media.kind}s", [])
        found = [self._media_object(media, payload) for payload in listed]
        for each, payload in zip(found, listed, strict=True):
            # Nothing follows the end [D]: an answer that was slow must not undo it.
            if not each.has_ended:
                each._update(payload)
        return found

    async def _call(self, method: str, **params: Any) -> dict[str, Any]:
        return await self._video.session.call(method, {"room_session_id": self.id, **params})

    async def _subscribe(self, events: Iterable[str]) -> bool:
        self._video._keep(self)
        return await self._video.session.subscribe(self.event_channel, events)

    async def _listen_on(
        self,
        listeners: Listeners,
        callbacks: dict[str, Callback[Any]],
        keep: RoomMedia | None = None,
    ) -> Unsubscribe:
        self._video._keep(self)
        if keep is not None:
            self._keep(keep)
        return await self._video._listen_on(listeners, self.event_channel, callbacks)

    def _keep(self, media: RoomMedia) -> None:
        """Hold media whose events are awaited, even if its user holds only a callback."""
        if not media.has_ended:
            self._kept_media.add(media)

    def _receive(self, event_type: str, family: str, suffix: str, params: dict[str, Any]) -> None:
        if family == "member":
            self._member_event(event_type, suffix, params["member"])
        elif family in MEDIA:
            self._media_event(event_type, MEDIA[family], params[family])
        else:
            logger.debug("ignored an event: %s", event_type)

    def _member_event(self, event_type: str, suffix: str, payload: dict[str, Any]) -> None:
        member = self._member(payload)
        if suffix == "left":
            del self._members[member.id]
        self._video.callbacks.put(self._listeners.of(event_type), member)

    def _media_event(
        self, event_type: str, media_class: type[RoomMedia], payload: dict[str, Any]
    ) -> None:
        media = self._media_object(media_class, payload)
        media._update(payload)
        media._begun = media._begun or event_type == media.event_type("started")
        for kind, start in self._starts:
            if kind is media_class:
                start.note(event_type, media)
        self._video.callbacks.put(self._listeners.of(event_type), media)
        self._video.callbacks.put(media._listeners.of(event_type), media)
        if media.has_ended:
            self._kept_media.discard(media)

    def _media_object(self, media_class: type[M], payload: dict[str, Any]) -> M:
        """Find or make the object; the payload counts only if it is the first to tell of it."""
        key = (media_class.kind, payload["id"])
        media = self._media.get(key)
        if media is None:
            media = self._media[key] = media_class(self, payload)
        assert isinstance(media, media_class)
        return media

    def _member(self, payload: dict[str, Any]) -> RoomSessionMember:
        member = self._members.get(payload["id"])
        if member is None:
            member = self._members[payload["id"]] = RoomSessionMember(self, payload)
        else:
            member._update(payload)
        return member

    def _set_members(self, payloads: list[dict[str, Any]]) -> None:
        present = [self._member(payload) for payload in payloads]
        self._members = {member.id: member for member in present}

    def _update(self, payload: dict[str, Any]) -> None:
        self._payload = payload
        if "members" in payload:
            self._set_members(payload["members"] or [])

    def _doubt(self) -> None:
        for media in list(self._media.values()):
            media._doubt()


class RoomSessionMember(ServerObject):
    """Someone, a screen or a device in a room session [T]."""

    name = Field[str]("")
    type = Field[str]("member")
    """"member", "screen" or "device"."""
    parent_id = Field[str | None](None)
    requested_position = Field[str | None](None)
    current_position = Field[str | None](None)
    visible = Field[bool](False)
    audio_muted = Field[bool](False)
    video_muted = Field[bool](False)
    deaf = Field[bool](False)
    input_volume = Field[float](0)
    output_volume = Field[float](0)
    input_sensitivity = Field[float](0)
    handraised = Field[bool](False)
    talking = Field[bool](False)
    meta = Field[dict[str, Any] | None](None)
    updated = Field[list[str] | None](None)
    """The keys that the newest ``video.member.updated`` changed."""

    def __init__(self, room: RoomSession, payload: dict[str, Any]) -> None:
        super().__init__(payload)
        self._room = room

    @property
    def room_session_id(self) -> str:
        """The id of the room session."""
        return self._room.id

    @property
    def room_id(self) -> str:
        """The id of the room."""
        return self._room.room_id

    def _update(self, payload: dict[str, Any]) -> None:
        # video.member.talking tells little more than the id [T], so the rest is kept.
        self._payload = {**self._payload, "updated": None, **payload}
