"""What a tester is shown of a space: plain objects, as things stood when they were asked for."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, fields
from typing import Any, Literal, cast

from mockserver.engine import Activity, RunningClock, Space, seconds
from mockserver.engine import Member as EngineMember
from mockserver.engine import RoomSession as EngineRoom
from mockserver.engine import Session as EngineSession


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
    members: tuple[Member, ...]
    recordings: tuple[Recording, ...]
    playbacks: tuple[Playback, ...]
    streams: tuple[Stream, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """A client's session.

    Attributes:
        name: what the trace calls it.
        project: the project id that it gave.
        connected: whether it has a connection; those that are away can come back.
        subscriptions: channel -> the event types it is told of there, sorted.
        missed: events kept for it while it is away.
    """

    name: str
    project: str
    connected: bool
    subscriptions: dict[str, list[str]]
    missed: int


@dataclass(frozen=True, slots=True)
class Clock:
    """A space's clock.

    Attributes:
        kind: ``real`` or ``manual``.
        now: unix seconds on it.
        speed: how many times as fast as real time it runs; None for a manual one.
        next_in_s: seconds on it until the space has something to do; None when it has nothing.
    """

    kind: Literal["real", "manual"]
    now: float
    speed: float | None
    next_in_s: float | None


@dataclass(frozen=True, slots=True)
class Happening:
    """A client's request or an event told to clients.

    Attributes:
        n: the number of its first frame in the trace.
        time: unix seconds on the space's clock.
        kind: ``request`` or ``event``.
        name: the method, or the event's type.
        params: the request's params, or the event's own.
        session: who asked, or who was told first.
    """

    n: int
    time: float
    kind: Literal["request", "event"]
    name: str
    params: dict[str, Any]
    session: str | None


Acted = Room | Member | Recording | Playback | Stream
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
        members=tuple(member_view(each) for each in room.members.values()),
        recordings=cast(tuple[Recording, ...], media["recording"]),
        playbacks=cast(tuple[Playback, ...], media["playback"]),
        streams=cast(tuple[Stream, ...], media["stream"]),
    )


def session_view(session: EngineSession) -> Session:
    """A session as it stands now."""
    return Session(
        name=session.name,
        project=session.project,
        connected=not session.is_away,
        subscriptions={channel: sorted(each) for channel, each in session.subscriptions.items()},
        missed=len(session.missed),
    )


def clock_view(space: Space) -> Clock:
    """A space's clock as it stands now."""
    clock, deadline = space.clock, space.next_deadline()
    return Clock(
        kind="real" if isinstance(clock, RunningClock) else "manual",
        now=seconds(space.now),
        speed=clock.speed if isinstance(clock, RunningClock) else None,
        next_in_s=None if deadline is None else seconds(max(0, deadline - space.now)),
    )
