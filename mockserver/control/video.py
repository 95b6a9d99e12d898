"""What a tester can see and do in the video namespace: rooms, members, and what runs in them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, cast

from mockserver.engine import Activity, Video
from mockserver.engine import Member as EngineMember
from mockserver.engine import RoomSession as EngineRoom
from mockserver.engine.container import listed
from mockserver.engine.identity import read_names
from mockserver.engine.video.layout import OFF_CANVAS
from mockserver.engine.video.properties import copied
from mockserver.protocol.documents import Document, Each
from mockserver.protocol.errors import Refusal

from .arguments import check, checked_by
from .shapes import Schema, shape
from .turns import others_if, patience

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
    return Member(member.id, member.name, copied(member.as_wire()))


def _head(room: EngineRoom) -> dict[str, Any]:
    """What a view of a room has besides lists."""
    return {
        "id": room.id,
        "room_id": room.room_id,
        "name": room.name,
        "display_name": room.display_name,
        "event_channel": room.channel,
        "recording": room.is_running("recording"),
        "streaming": room.is_running("stream"),
        "ended": room.ended,
        "audience": len(room.audience) + room.listeners,
        "properties": copied(room.properties),
    }


def room_view(room: EngineRoom, now: int) -> Room:
    """A room session as it stands at this time of the engine's."""
    media = {
        kind: tuple(media_view(each, now) for each in there.values())
        for kind, there in room.activities.items()
    }
    return Room(
        **_head(room),
        layout=room.layout_as_wire(),
        members=tuple(member_view(each) for each in room.members.values()),
        recordings=cast(tuple[Recording, ...], media["recording"]),
        playbacks=cast(tuple[Playback, ...], media["playback"]),
        streams=cast(tuple[Stream, ...], media["stream"]),
    )


def room_document(room: EngineRoom, now: int) -> Document:
    """The same as `room_view`, for an answer that is written in pieces.

    The room and its members are shown as they stand now; a recording, a playback or a stream as it
    stands when its turn comes.
    """
    positions = dict(room.positions())
    # A change puts other properties in their place, so these stay what they are.
    members = [(each, each.properties) for each in room.members.values()]
    media = {kind: list(there.values()) for kind, there in room.activities.items()}
    return Document(
        **_head(room),
        layout=room.layout_as_wire(Each(room.layers())),
        members=Each(
            Member(
                each.id,
                each.name,
                each.as_wire_with(properties, positions.get(each.id, OFF_CANVAS)),
            )
            for each, properties in members
        ),
        **{
            f"{kind}s": Each(media_view(each, now) for each in there)
            for kind, there in media.items()
        },
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

    def room_document(self, which: str) -> Document:
        """The same as `room`, for an answer that is written in pieces."""
        self._space.tick()
        return room_document(self._named(which, ended=True), self._space.now)

    def media(self, which: str, kind: str, media_id: str) -> Recording | Playback | Stream:
        """A recording, a playback or a stream of a room, by its id.

        Raises:
            Refusal: 404, naming those that there are.
        """
        self._space.tick()
        room = self._named(which, ended=True)
        found = room.activities[kind].get(media_id)
        if found is None:
            there = listed(room.activities[kind])
            raise Refusal("404", f'no {kind} "{media_id}" in room {which}; there is: {there}')
        return media_view(found, self._space.now)

    def all_media(self, which: str, kind: str) -> Each:
        """What there is or was of a kind in a room, oldest first."""
        self._space.tick()
        there = list(self._named(which, ended=True).activities[kind].values())
        return Each(media_view(each, self._space.now) for each in there)

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
        room = await self.begin_room(name, members=members, display_name=display_name, wait=wait)
        return room_view(room, self._space.now)

    @checked_by("start_room", but=["members"])
    async def begin_room(
        self,
        name: str | None = None,
        *,
        members: int | Sequence[str] = 1,
        display_name: str | None = None,
        wait: bool = True,
    ) -> EngineRoom:
        """The same for those who do not want a view of it all at once."""
        if isinstance(members, str):
            # A text is a sequence of texts, too, but nobody means that.
            members = [members]
        members = check({"members": members}, shape("start_room"))["members"]
        invents_names = name is None or isinstance(members, int)
        if invents_names and not read_names.cache_info().currsize:
            # What that takes is slow to import, so a thread does it.
            await asyncio.to_thread(read_names)
        self._space.tick()
        is_time_up = patience()
        with self._space.long_work.pausing():
            room = self._video.start_room(name, members=members, display_name=display_name)
        await others_if(is_time_up)
        await self._control.sent(wait)
        return room

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
        there = listed((room.name for room in running), "none is running")
        raise Refusal("404", f"which room? There is: {there}")

    def view(self, result: Any, container: EngineRoom) -> Performed:
        """The member or media that an action was done to, else the room, as it stands now."""
        if isinstance(result, EngineMember):
            return member_view(result)
        if isinstance(result, Activity):
            return media_view(result, self._space.now)
        return room_view(container, self._space.now)

    def document(self, result: Any, container: EngineRoom) -> Performed | Document:
        """The same as `view`, for an answer that is written in pieces."""
        if isinstance(result, EngineMember | Activity):
            return self.view(result, container)
        return room_document(container, self._space.now)

    def state(self) -> dict[str, Each]:
        """The running rooms, under ``rooms``: each as it stands when its turn comes."""
        self._space.tick()
        rooms = list(self._video.rooms.values())
        # One that has ended meanwhile is not running any more.
        running = (room for room in rooms if not room.ended)
        return {"rooms": Each(room_document(room, self._space.now) for room in running)}

    def _named(self, which: str, *, ended: bool = False) -> EngineRoom:
        # A running room can be named as another's id reads: the older one is meant.
        if (running := self._video.known_as(which)) is not None:
            return running
        if ended and (former := self._video.ended_room(which)) is not None:
            return former
        return self._video.room(which)
