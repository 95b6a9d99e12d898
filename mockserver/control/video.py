"""What a tester can see and do in the video namespace: rooms, members, and what runs in them."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, cast

from mockserver.engine import Activity, Video
from mockserver.engine import Member as EngineMember
from mockserver.engine import RoomSession as EngineRoom
from mockserver.protocol.errors import Refusal

from .arguments import check, checked_by
from .shapes import Schema, shape

if TYPE_CHECKING:
    from .control import SpaceControl


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


WHICH: Schema = {
    "type": "object",
    "properties": {"which": {"type": "string", "x-expected": "a room's name, or its session's id"}},
}
"""What room is meant."""


class VideoControl:
    """The tester's hand on the rooms of a space."""

    name = Video.name
    argument = "room"

    def __init__(self, control: SpaceControl) -> None:
        self._control = control
        self._space = control.space
        self._video = Video.of(control.space)

    def rooms(self) -> list[Room]:
        """The running rooms, oldest first."""
        self._space.tick()
        return [room_view(room, self._space.now) for room in self._video.rooms.values()]

    @checked_by(WHICH)
    def room(self, which: str) -> Room:
        """The room session of this id, or the running one of this name; it may have ended.

        Raises:
            Refusal: 404, naming those that there are.
        """
        self._space.tick()
        return room_view(self._named(which, ended=True), self._space.now)

    @checked_by("start_room", but=["members"])
    async def start_room(
        self,
        name: str | None = None,
        *,
        members: int | Sequence[str] = 1,
        display_name: str | None = None,
        wait: bool = True,
    ) -> Room:
        """People join a room, which starts it.

        Args:
            name: the room's name; None invents one by the seed.
            members: who is in it from the start: how many, or their names.
            display_name: what people see; the name when None.
            wait: whether to return when its events have been sent, latency included.

        Raises:
            Refusal: 409 when a room of this name is running.
        """
        if isinstance(members, str):
            # A text is a sequence of texts, too, but nobody means that.
            members = [members]
        members = check({"members": members}, shape("start_room"))["members"]
        self._space.tick()
        room = self._video.start_room(name, members=members, display_name=display_name)
        await self._control.sent(wait)
        return room_view(room, self._space.now)

    def find(self, which: str | None) -> EngineRoom:
        """The running room of this name or id; None: the only one.

        Raises:
            Refusal: 404, naming those that there are.
        """
        running = list(self._video.rooms.values())
        if which is not None:
            return self._named(which)
        if len(running) == 1:
            return running[0]
        there = ", ".join(room.name for room in running) or "none is running"
        raise Refusal("404", f"which room? There is: {there}")

    def view(self, result: Any, container: EngineRoom) -> Performed:
        """The member or media that an action was done to, else the room, as it stands now."""
        if isinstance(result, EngineMember):
            return member_view(result)
        if isinstance(result, Activity):
            return media_view(result, self._space.now)
        return room_view(container, self._space.now)

    def state(self) -> dict[str, Any]:
        """The running rooms, under ``rooms``."""
        return {"rooms": self.rooms()}

    def _named(self, which: str, *, ended: bool = False) -> EngineRoom:
        for room in self._video.rooms.values():
            if which in (room.id, room.name):
                return room
        if ended and (former := self._video.ended_room(which)) is not None:
            return former
        return self._video.room(which)
