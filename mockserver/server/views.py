"""What a tester is shown of a space: plain objects, as things stood when they were asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from mockserver.engine import Media as EngineMedia
from mockserver.engine import Member as EngineMember
from mockserver.engine import RoomSession as EngineRoom
from mockserver.engine import seconds


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
        ended: whether it is over.
    """

    id: str
    room_id: str
    name: str
    display_name: str
    event_channel: str
    recording: bool
    ended: bool
    members: tuple[Member, ...]
    recordings: tuple[Recording, ...]


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


def recording_view(media: EngineMedia) -> Recording:
    """A recording as it stands now."""
    has_ended = media.ended_at is not None
    return Recording(
        id=media.id,
        state=media.state,
        started_at=seconds(media.started_at),
        ended_at=seconds(media.ended_at) if media.ended_at is not None else None,
        duration=seconds(media.running_us) if has_ended else None,
    )


def member_view(member: EngineMember) -> Member:
    """A member as they stand now."""
    return Member(member.id, member.name, dict(member.as_wire()))


def room_view(room: EngineRoom) -> Room:
    """A room session as it stands now."""
    return Room(
        id=room.id,
        room_id=room.room_id,
        name=room.name,
        display_name=room.display_name,
        event_channel=room.channel,
        recording=bool(room.running("recording")),
        ended=room.ended,
        members=tuple(member_view(each) for each in room.members.values()),
        recordings=tuple(recording_view(each) for each in room.media["recording"].values()),
    )
