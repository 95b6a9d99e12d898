"""What the service, or a person in a room, can be made to do: one row each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mockserver.engine.container import listed
from mockserver.engine.namespace import Action, Arguments
from mockserver.protocol.errors import Refusal
from mockserver.protocol.lifecycles import LIFECYCLES

from .properties import (
    EVERYBODY,
    MEMBER_SETTERS,
    META_VERBS,
    ROOM_SETTERS,
    Setter,
    changed_meta,
)

if TYPE_CHECKING:
    from mockserver.engine.activity import Activity

    from .room import Member, RoomSession
    from .video import Video

RoomAction = Callable[["Video", "RoomSession", Arguments], "Member | Activity | None"]


def find_members(room: RoomSession, who: str | None) -> list[Member]:
    """The member of this name or id, ``all`` of them, or who joined last when None.

    Raises:
        Refusal: 404, naming the members; or when the room has ended.
    """
    room.check_running()
    members = list(room.members.values())
    if who == EVERYBODY:
        return members
    found = [each for each in members if who in (None, each.id, each.name)]
    if not found:
        there = listed((each.name for each in members), "nobody")
        raise Refusal("404", f"no member {who or ''} in room {room.name}; there is: {there}")
    return found[-1:]


def find_media(room: RoomSession, kind: str, which: str | None) -> Activity:
    """The recording (playback, …) of this label or id; the newest that has not ended when None.

    Raises:
        Refusal: 404 when there is none.
    """
    if which is None:
        running = room.running(kind)
        if not running:
            raise Refusal("404", f"no {kind} is running in room {room.name}")
        return running[-1]
    return room.labels.get((kind, which)) or room.find(kind, which)


def _end_room(video: Video, room: RoomSession, arguments: Arguments) -> None:
    video.end_room(room)


def _join(video: Video, room: RoomSession, arguments: Arguments) -> Member:
    session, parent = arguments.get("session"), None
    kind = arguments.get("type", "member")
    if kind != "member":
        parent = find_members(room, arguments.get("parent"))[0]
    return video.join(
        room,
        arguments.get("name"),
        kind=kind,
        parent=parent,
        join_as=arguments.get("join_as", "member"),
        session=None if session is None else video.space.session_named(session),
    )


def _leave(video: Video, room: RoomSession, arguments: Arguments) -> None:
    name = arguments.get("name")
    leaving = [each for each in room.audience.values() if name in (each.id, each.name)]
    for member in leaving[-1:] or find_members(room, name):
        # A screen has left with the one whose it is.
        if member.id in room.members or member.id in room.audience:
            video.leave(room, member)


def _start(kind: str) -> RoomAction:
    def do(video: Video, room: RoomSession, arguments: Arguments) -> Activity:
        return video.start_media(room, kind, arguments, arguments.get("as"))

    return do


def _apply(kind: str, verb: str) -> RoomAction:
    def do(video: Video, room: RoomSession, arguments: Arguments) -> Activity:
        media = find_media(room, kind, arguments.get(kind))
        video.apply(room, media, verb, arguments)
        return media

    return do


def _set_room(setter: Setter) -> RoomAction:
    def do(video: Video, room: RoomSession, arguments: Arguments) -> None:
        video.change_room(room, setter.values_from(arguments))

    return do


def _set_members(setter: Setter) -> RoomAction:
    def do(video: Video, room: RoomSession, arguments: Arguments) -> Member | None:
        members = find_members(room, arguments.get("name"))
        values = setter.values_from(arguments)
        video.space.long_work.for_each(
            members, lambda member: video.change_member(room, member, values)
        )
        return members[0] if len(members) == 1 else None

    return do


def _talk(talking: bool) -> RoomAction:
    def do(video: Video, room: RoomSession, arguments: Arguments) -> None:
        members = find_members(room, arguments.get("name"))
        video.space.long_work.for_each(members, lambda member: video.talk(room, member, talking))

    return do


def _set_layout(video: Video, room: RoomSession, arguments: Arguments) -> None:
    video.set_layout(room, arguments["layout"], {})


def _set_position(video: Video, room: RoomSession, arguments: Arguments) -> None:
    members = find_members(room, arguments.get("name"))
    video.set_positions(room, {member.id: arguments["position"] for member in members})


def _demote(video: Video, room: RoomSession, arguments: Arguments) -> None:
    video.demote(room, *(each.id for each in find_members(room, arguments.get("name"))))


def _promote(video: Video, room: RoomSession, arguments: Arguments) -> None:
    who = arguments.get("name")
    waiting = [each for each in room.audience.values() if who in (None, each.id, each.name)]
    if not waiting:
        there = listed((each.name for each in room.audience.values()), "nobody")
        raise Refusal("404", f"no {who or 'one'} in the audience of {room.name}; there is: {there}")
    video.promote(room, waiting[-1].id, {})


def _set_audience(video: Video, room: RoomSession, arguments: Arguments) -> None:
    video.set_audience(room, arguments["count"])


def _change_meta(verb: str) -> RoomAction:
    def do(video: Video, room: RoomSession, arguments: Arguments) -> None:
        meta = changed_meta(verb, room.properties["meta"], dict(arguments))
        video.change_room(room, {"meta": meta})

    return do


def _change_member_meta(verb: str) -> RoomAction:
    def do(video: Video, room: RoomSession, arguments: Arguments) -> None:
        def change(member: Member) -> None:
            meta = changed_meta(verb, member.properties["meta"], dict(arguments))
            video.change_member(room, member, {"meta": meta})

        video.space.long_work.for_each(find_members(room, arguments.get("name")), change)

    return do


_NAMES = {
    "set_volume": "set_playback_volume",
    "seek_absolute": "seek_playback",
    "seek_relative": "skip_playback",
}
"""Verbs of lifecycles that are actions under another name than VERB_KIND."""

ROOM_ACTIONS: dict[str, RoomAction] = {
    "end_room": _end_room,
    "join": _join,
    "leave": _leave,
    "start_talking": _talk(True),
    "stop_talking": _talk(False),
    "set_layout": _set_layout,
    "set_position": _set_position,
    "demote": _demote,
    "promote": _promote,
    "set_audience": _set_audience,
}
"""What happens in a room: verb -> what does it. Raises Refusal when the state does not allow it."""

for _kind, _lifecycle in LIFECYCLES.items():
    ROOM_ACTIONS[f"start_{_kind}"] = _start(_kind)
    for _verb in _lifecycle.verbs:
        ROOM_ACTIONS[_NAMES.get(_verb, f"{_verb}_{_kind}")] = _apply(_kind, _verb)
for _setter in ROOM_SETTERS:
    ROOM_ACTIONS[_setter.verb] = _set_room(_setter)
for _setter in MEMBER_SETTERS:
    ROOM_ACTIONS[_setter.verb] = _set_members(_setter)
for _verb in META_VERBS:
    ROOM_ACTIONS[_verb] = _change_meta(_verb)
    ROOM_ACTIONS[_verb.replace("_meta", "_member_meta")] = _change_member_meta(_verb)

ACTIONS = {verb: Action(do, "room", "video") for verb, do in ROOM_ACTIONS.items()}
