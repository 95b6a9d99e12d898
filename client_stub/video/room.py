"""RoomSession: a room from its first member to its last [T]."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar, Unpack

from client_stub.known import Known
from client_stub.link import Link
from client_stub.listeners import Callback, Listeners, Unsubscribe, chosen
from client_stub.payload import Field, ServerObject
from client_stub.video.events import subscribed_as
from client_stub.video.media import PendingStart, RoomMedia
from client_stub.video.member import RoomSessionMember
from client_stub.video.playback import PlaybackListeners, RoomSessionPlayback
from client_stub.video.recording import RecordingListeners, RoomSessionRecording
from client_stub.video.stream import RoomSessionStream, StreamListeners

logger = logging.getLogger("client_stub")

M = TypeVar("M", bound=RoomMedia)

MEDIA: Mapping[str, type[RoomMedia]] = {
    media.kind: media for media in (RoomSessionRecording, RoomSessionPlayback, RoomSessionStream)
}
"""The kinds of media whose events are taken."""

EVERYBODY = "all"
"""The ``member_id`` that means all members [T]."""

_TOLD_BY_UPDATED = (
    "deaf",
    "visible",
    "audio_muted",
    "video_muted",
    "input_volume",
    "output_volume",
    "input_sensitivity",
)

ROOM_EVENTS: Mapping[str, str] = {
    f"on_{family}_{suffix}": f"video.{family}.{suffix}"
    for family, suffixes in {
        "room": ("subscribed", "started", "updated", "ended", "audience_count"),
        "layout": ("changed",),
        "member": ("joined", "updated", "left", "talking"),
        **{media.kind: media.suffixes for media in MEDIA.values()},
    }.items()
    for suffix in suffixes
} | {
    "on_member_talking_started": "video.member.talking.started",
    "on_member_talking_ended": "video.member.talking.ended",
    **{f"on_member_{key}": f"video.member.updated.{key}" for key in _TOLD_BY_UPDATED},
}
"""Listeners of a room -> the types of their events; those of four parts are derived [T]."""


@dataclass(frozen=True)
class Layout:
    """What ``video.layout.changed`` reports: who is shown where [T]."""

    name: str
    layers: list[dict[str, Any]]
    """As they came: places and sizes, and whose they are."""


class RoomListeners(TypedDict, total=False):
    """What ``RoomSession.listen`` takes."""

    on_room_subscribed: Callback[RoomSession]
    on_room_started: Callback[RoomSession]
    on_room_updated: Callback[RoomSession]
    on_room_ended: Callback[RoomSession]
    on_room_audience_count: Callback[int]
    on_layout_changed: Callback[Layout]
    on_member_joined: Callback[RoomSessionMember]
    on_member_updated: Callback[RoomSessionMember]
    on_member_left: Callback[RoomSessionMember]
    on_member_talking: Callback[RoomSessionMember]
    on_member_talking_started: Callback[RoomSessionMember]
    on_member_talking_ended: Callback[RoomSessionMember]
    on_member_deaf: Callback[RoomSessionMember]
    on_member_visible: Callback[RoomSessionMember]
    on_member_audio_muted: Callback[RoomSessionMember]
    on_member_video_muted: Callback[RoomSessionMember]
    on_member_input_volume: Callback[RoomSessionMember]
    on_member_output_volume: Callback[RoomSessionMember]
    on_member_input_sensitivity: Callback[RoomSessionMember]
    on_recording_started: Callback[RoomSessionRecording]
    on_recording_updated: Callback[RoomSessionRecording]
    on_recording_ended: Callback[RoomSessionRecording]
    on_playback_started: Callback[RoomSessionPlayback]
    on_playback_updated: Callback[RoomSessionPlayback]
    on_playback_ended: Callback[RoomSessionPlayback]
    on_stream_started: Callback[RoomSessionStream]
    on_stream_ended: Callback[RoomSessionStream]


class RoomSession(ServerObject):
    """A room session. Its properties follow the events; the commands only ask for a change.

    Commands raise CommandRefused, ServerError, CallTimeout, ConnectionLost. Where one takes a
    ``member_id``, "all" means all members.
    """

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

    def __init__(self, rooms: Known[RoomSession], link: Link, payload: dict[str, Any]) -> None:
        super().__init__(payload)
        self._rooms = rooms
        self._link = link.to(channel=self.event_channel, room_session_id=self.id)
        self._listeners = Listeners()
        self._members: dict[str, RoomSessionMember] = {}
        self._media: Known[RoomMedia] = Known()
        self._starts: list[tuple[type[RoomMedia], PendingStart[Any]]] = []
        self._update(payload)

    @property
    def members(self) -> list[RoomSessionMember]:
        """The members that this client has been told of, in the order it was told."""
        return list(self._members.values())

    async def listen(self, **listeners: Unpack[RoomListeners]) -> Unsubscribe:
        """Hear what happens in this room. Raises TypeError for no listener, and as calls do."""
        callbacks = chosen(ROOM_EVENTS, listeners)
        self._keep()
        return await self._link.listen(self._listeners, callbacks, subscribed_as(callbacks))

    # What runs in the room

    async def get_recordings(self) -> list[RoomSessionRecording]:
        """List the recordings of this room session [T]."""
        return await self._list(RoomSessionRecording)

    async def get_playbacks(self) -> list[RoomSessionPlayback]:
        """List the playbacks of this room session [T]."""
        return await self._list(RoomSessionPlayback)

    async def get_streams(self) -> list[RoomSessionStream]:
        """List the streams of this room session [T]."""
        return await self._list(RoomSessionStream)

    async def start_recording(
        self, *, listen: RecordingListeners | None = None
    ) -> RoomSessionRecording:
        """Start a recording; returns it at its ``video.recording.started`` event.

        Subscribes to the recording events of the room first [W]. ``listen`` hears of this
        recording only. Raises CallTimeout also when the answer came but the event did not; and as
        calls do.
        """
        return await self._start(RoomSessionRecording, listen)

    async def play(
        self,
        *,
        url: str,
        volume: float | None = None,
        positions: Mapping[str, str] | None = None,
        layout: str | None = None,
        seek_position: float | None = None,
        listen: PlaybackListeners | None = None,
    ) -> RoomSessionPlayback:
        """Play something to the room; returns it at its ``video.playback.started`` event.

        Args:
            url: what is played: http, https, rtmp or rtmps [T].
            volume: from -50 to 50 [T].
            positions: who is shown where meanwhile, by member id [T].
            layout: the layout meanwhile [T].
            seek_position: where to begin, in milliseconds [T].
            listen: hears of this playback only.

        Subscribes and raises as :meth:`start_recording`.
        """
        return await self._start(
            RoomSessionPlayback,
            listen,
            url=url,
            volume=volume,
            positions=positions,
            layout=layout,
            seek_position=seek_position,
        )

    async def start_stream(
        self, *, url: str, listen: StreamListeners | None = None
    ) -> RoomSessionStream:
        """Stream the room to a URL, rtmp or rtmps [T]; otherwise as :meth:`start_recording`."""
        return await self._start(RoomSessionStream, listen, url=url)

    # The room itself

    async def lock(self) -> None:
        """Let nobody join any more."""
        await self._link.call("video.lock")

    async def unlock(self) -> None:
        """Let people join again."""
        await self._link.call("video.unlock")

    async def set_hide_video_muted(self, value: bool) -> None:
        """Hide members without video from the canvas, or show them."""
        await self._link.call(f"video.{'hide' if value else 'show'}_video_muted")

    async def set_prioritize_handraise(self, enable: bool = True) -> None:
        """Show members with a raised hand first, or not."""
        await self._link.call("video.prioritize_handraise", enable=enable)

    async def get_layouts(self) -> list[str]:
        """List the names of the layouts that there are."""
        result = await self._link.call("video.list_available_layouts")
        return list(result.get("layouts", []))

    async def set_layout(self, *, name: str, positions: Mapping[str, str] | None = None) -> None:
        """Choose a layout, and perhaps who is where in it, by member id."""
        await self._link.call("video.set_layout", name=name, positions=positions)

    async def set_positions(self, *, positions: Mapping[str, str]) -> None:
        """Ask for positions on the canvas, by member id."""
        await self._link.call("video.set_position", positions=positions)

    async def get_meta(self) -> dict[str, Any]:
        """Read the room session's meta."""
        result = await self._link.call("video.get_meta")
        return dict(result.get("meta") or {})

    async def set_meta(self, meta: Mapping[str, Any]) -> None:
        """Replace the whole meta [D]."""
        await self._link.call("video.set_meta", meta=meta)

    async def update_meta(self, meta: Mapping[str, Any]) -> None:
        """Set these keys of the meta, and leave the others [D]."""
        await self._link.call("video.update_meta", meta=meta)

    async def delete_meta(self, keys: Sequence[str]) -> None:
        """Remove these keys of the meta."""
        await self._link.call("video.delete_meta", keys=keys)

    # Members

    async def get_members(self) -> list[RoomSessionMember]:
        """List the members that are in the room now [T]."""
        result = await self._link.call("video.members.get")
        self._set_members(result.get("members", []))
        return self.members

    async def audio_mute(self, *, member_id: str) -> None:
        """Mute a member's microphone."""
        await self._link.call("video.member.audio_mute", member_id=member_id)

    async def audio_unmute(self, *, member_id: str) -> None:
        """Unmute a member's microphone."""
        await self._link.call("video.member.audio_unmute", member_id=member_id)

    async def video_mute(self, *, member_id: str) -> None:
        """Switch a member's camera off."""
        await self._link.call("video.member.video_mute", member_id=member_id)

    async def video_unmute(self, *, member_id: str) -> None:
        """Switch a member's camera on."""
        await self._link.call("video.member.video_unmute", member_id=member_id)

    async def deaf(self, *, member_id: str) -> None:
        """Let a member hear nothing; mutes the microphone too [D]."""
        await self._link.call("video.member.deaf", member_id=member_id)

    async def undeaf(self, *, member_id: str) -> None:
        """Let a member hear again; unmutes the microphone too [D]."""
        await self._link.call("video.member.undeaf", member_id=member_id)

    async def set_input_volume(self, *, member_id: str, volume: float) -> None:
        """Set the volume of a member's microphone, from -50 to 50 [D]."""
        await self._link.call("video.member.set_input_volume", member_id=member_id, volume=volume)

    async def set_output_volume(self, *, member_id: str, volume: float) -> None:
        """Set the volume of a member's speaker, from -50 to 50 [D]."""
        await self._link.call("video.member.set_output_volume", member_id=member_id, volume=volume)

    async def set_input_sensitivity(self, *, member_id: str, value: float) -> None:
        """Set how loud a member must be to count as talking, from 0 to 100 [D]."""
        await self._link.call(
            "video.member.set_input_sensitivity", member_id=member_id, value=value
        )

    async def set_raised_hand(self, *, member_id: str, raised: bool = True) -> None:
        """Raise a member's hand, or lower it."""
        verb = "raisehand" if raised else "lowerhand"
        await self._link.call(f"video.member.{verb}", member_id=member_id)

    async def set_member_position(self, *, member_id: str, position: str) -> None:
        """Ask for a member's position on the canvas."""
        await self._link.call("video.member.set_position", member_id=member_id, position=position)

    async def remove_member(self, *, member_id: str) -> None:
        """Remove a member from the room."""
        await self._link.call("video.member.remove", member_id=member_id)

    async def remove_all_members(self) -> None:
        """Remove everybody, which ends the room session [D]."""
        await self.remove_member(member_id=EVERYBODY)

    async def promote(
        self,
        *,
        member_id: str,
        media_allowed: str | None = None,
        join_audio_muted: bool | None = None,
        join_video_muted: bool | None = None,
        permissions: Sequence[str] | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> None:
        """Make somebody of the audience a member; ``media_allowed`` is "all", "audio-only", …."""
        await self._link.call(
            "video.member.promote",
            member_id=member_id,
            media_allowed=media_allowed,
            join_audio_muted=join_audio_muted,
            join_video_muted=join_video_muted,
            permissions=permissions,
            meta=meta,
        )

    async def demote(self, *, member_id: str, media_allowed: str | None = None) -> None:
        """Make a member one of the audience."""
        await self._link.call(
            "video.member.demote", member_id=member_id, media_allowed=media_allowed
        )

    async def get_member_meta(self, *, member_id: str) -> dict[str, Any]:
        """Read a member's meta."""
        result = await self._link.call("video.member.get_meta", member_id=member_id)
        return dict(result.get("meta") or {})

    async def set_member_meta(self, *, member_id: str, meta: Mapping[str, Any]) -> None:
        """Replace a member's whole meta."""
        await self._link.call("video.member.set_meta", member_id=member_id, meta=meta)

    async def update_member_meta(self, *, member_id: str, meta: Mapping[str, Any]) -> None:
        """Set these keys of a member's meta, and leave the others."""
        await self._link.call("video.member.update_meta", member_id=member_id, meta=meta)

    async def delete_member_meta(self, *, member_id: str, keys: Sequence[str]) -> None:
        """Remove these keys of a member's meta."""
        await self._link.call("video.member.delete_meta", member_id=member_id, keys=keys)

    # How it works

    async def _start(self, media: type[M], listen: Mapping[str, Any] | None, **params: Any) -> M:
        callbacks = chosen(media.event_types(), listen) if listen else {}
        self._keep()
        await self._link.subscribe(media.event_types().values())
        method = f"video.{media.kind}.start"
        start: PendingStart[M] = PendingStart(self._link, callbacks)
        entry = (media, start)
        self._starts.append(entry)
        try:
            result = await self._link.call(method, **params)
            payload = result.get(media.kind)
            start.answered(self._media_object(media, payload) if payload else None)
            return await self._link.in_time(method, start.started, media.event_type("started"))
        finally:
            self._starts.remove(entry)
            start.started.cancel()

    async def _list(self, media: type[M]) -> list[M]:
        result = await self._link.call(f"video.{media.kind}.list")
        listed = result.get(f"{media.kind}s", [])
        found = [self._media_object(media, payload) for payload in listed]
        for each, payload in zip(found, listed, strict=True):
            # Nothing follows the end [D]: an answer that was slow must not undo it.
            if not each.has_ended:
                each._update(payload)
        return found

    def _keep(self, media: RoomMedia | None = None) -> None:
        """Hold the room, and media in it: their events are awaited.

        That must hold even if the user holds only a callback.
        """
        self._rooms.keep(self)
        if media is not None and not media.has_ended:
            self._media.keep(media)

    def _receive_own(self, event_type: str) -> None:
        """Take an event of the room session itself, whose payload it has already."""
        self._tell(event_type, self)
        if event_type == "video.room.ended":
            self._rooms.release(self)
            self._link.forget()

    def _receive(self, event_type: str, family: str, suffix: str, params: dict[str, Any]) -> None:
        if family == "member":
            self._member_event(event_type, suffix, params["member"])
        elif family in MEDIA:
            self._media_event(event_type, MEDIA[family], params[family])
        elif event_type == "video.layout.changed":
            layout = Layout(params["layout"]["name"], params["layout"]["layers"])
            self._tell(event_type, layout)
        elif event_type == "video.room.audience_count":
            self._tell(event_type, params["total"])
        else:
            logger.debug("ignored an event: %s", event_type)

    def _member_event(self, event_type: str, suffix: str, payload: dict[str, Any]) -> None:
        member = self._member(payload)
        if suffix == "left":
            del self._members[member.id]
        if suffix == "updated":
            for key in payload.get("updated") or ():
                self._tell(f"{event_type}.{key}", member)
        self._tell(event_type, member)
        if suffix == "talking":
            self._tell(f"{event_type}.{'started' if member.talking else 'ended'}", member)

    def _tell(self, event_type: str, subject: object) -> None:
        self._link.tell(self._listeners.of(event_type), subject)

    def _media_event(
        self, event_type: str, media_class: type[RoomMedia], payload: dict[str, Any]
    ) -> None:
        media = self._media_object(media_class, payload)
        media._receive(event_type, payload)
        for kind, start in self._starts:
            if kind is media_class:
                start.note(event_type, media)
        self._tell(event_type, media)
        media._tell(event_type)
        if media.has_ended:
            self._media.release(media)

    def _media_object(self, media_class: type[M], payload: dict[str, Any]) -> M:
        """Find or make the object; the payload counts only if it is the first to report it."""
        key = (media_class.kind, payload["id"])
        media = self._media.get(key)
        if media is None:
            media = media_class(self, self._link, payload)
            self._media.add(key, media)
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

    def _renewed(self) -> None:
        for media in self._media:
            media._renewed()
