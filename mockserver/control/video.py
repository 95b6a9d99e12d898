"""What a tester is shown of the video namespace: rooms, their members, and what runs in them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, fields
from typing import Any, cast

from mockserver.engine import Activity
from mockserver.engine import Member as EngineMember
from mockserver.engine import RoomSession as EngineRoom


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording.

    Attributes:
        id: its id on the wire.
        state: ``recording``, ``paused`` or ``completed``.
        started_at: unix seconds on the space's clock.
        ended_at: the same; None until it is completed.
        duration: seconds, pauses not counted; None until it is completed.
    """

    id: str
    state: str
    started_at: float
    ended_at: float | None
    duration: float | None


@dataclass(frozen=True, slots=True)
class Playback:
    """Something that is played to a room.

    Attributes:
        id: its id on the wire.
        state: ``playing``, ``paused`` or ``completed``.
        url: what is played.
        volume: -50 to 50.
        position: milliseconds from its beginning.
        seekable: whether its position can be set.
        started_at: unix seconds on the space's clock.
        ended_at: the same; None until it is completed.
    """

    id: str
    state: str
    url: str
    volume: float
    position: int
    seekable: bool
    started_at: float
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of a room to a URL.

    Attributes:
        id: its id on the wire.
        state: ``streaming`` or ``completed``.
        url: where it goes.
        started_at: unix seconds on the space's clock.
        ended_at: the same; None until it is completed.
        duration: seconds; None until it is completed.
    """

    id: str
    state: str
    url: str
    started_at: float
    ended_at: float | None
    duration: float | None


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a room; ``properties`` are the other fields of the wire's ``member``."""

    id: str
    name: str
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Room:
    """A room session.

    Attributes:
        id: the room session's id; ``room_id`` is the room's.
        recording: whether a recording has not been completed.
        streaming: whether a stream has not been completed.
        ended: whether it is over.
        audience: how many are there without being members.
        properties: the other fields of the wire's ``room_session``: ``locked``, ``meta``, ….
        layout: the wire's ``layout``: its ``name``, and its ``layers`` in percent of the canvas.
    """

    id: str
    room_id: str
    name: str
    display_name: str
    event_channel: str
    recording: bool
    streaming: bool
    ended: bool
    audience: int
    properties: dict[str, Any]
    layout: dict[str, Any]
    members: tuple[Member, ...]
    recordings: tuple[Recording, ...]
    playbacks: tuple[Playback, ...]
    streams: tuple[Stream, ...]


Performed = Room | Member | Recording | Playback | Stream
"""What an action can have been done to."""

_MEDIA: dict[str, type[Recording] | type[Playback] | type[Stream]] = {
    "recording": Recording,
    "playback": Playback,
    "stream": Stream,
}


def media_view(media: Activity, now: int) -> Recording | Playback | Stream:
    """A recording, a playback or a stream as it stands at this time of the engine's."""
    view, told = _MEDIA[media.kind], media.as_wire(now)
    values: dict[str, Any] = {field.name: told.get(field.name) for field in fields(view)}
    return view(**values)


def member_view(member: EngineMember) -> Member:
    """A member as they stand now."""
    return Member(member.id, member.name, dict(member.as_wire()))


def room_view(room: EngineRoom, now: int) -> Room:
    """A room session as it stands at this time of the engine's."""
    media = {
        kind: tuple(media_view(each, now) for each in there.values())
        for kind, there in room.activities.items()
    }
    return Room(
        id=room.id,
        room_id=room.room_id,
        name=room.name,
        display_name=room.display_name,
        event_channel=room.channel,
        recording=room.is_running("recording"),
        streaming=room.is_running("stream"),
        ended=room.ended,
        audience=len(room.audience) + room.listeners,
        properties=deepcopy(room.properties),
        layout=room.layout_as_wire(),
        members=tuple(member_view(each) for each in room.members.values()),
        recordings=cast(tuple[Recording, ...], media["recording"]),
        playbacks=cast(tuple[Playback, ...], media["playback"]),
        streams=cast(tuple[Stream, ...], media["stream"]),
    )
