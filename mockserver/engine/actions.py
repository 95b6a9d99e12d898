"""What the service, or a person in a room, can be made to do: one row each.

Scripts, the control API and the Python handles act by these rows, so all of them can do the same.
The arguments of each are described in ``schemas/actions/``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

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
    from .media import Media
    from .room import Member, RoomSession
    from .space import Space

Arguments = Mapping[str, Any]
RoomAction = Callable[["Space", "RoomSession", Arguments], "Member | Media | None"]
SpaceAction = Callable[["Space", Arguments], None]


def find_members(room: RoomSession, who: str | None) -> list[Member]:
    """The member of this name or id, ``all`` of them, or who joined last when None.

    Raises:
        Refusal: 404, naming who is there; or when the room has ended.
    """
    if room.ended:
        raise Refusal("404", f"room session {room.id} has ended")
    members = list(room.members.values())
    if who == EVERYBODY:
        return members
    found = [each for each in members if who in (None, each.id, each.name)]
    if not found:
        there = ", ".join(each.name for each in members) or "nobody"
        raise Refusal("404", f"no member {who or ''} in room {room.name}; there is: {there}")
    return found[-1:]


def find_media(room: RoomSession, kind: str, which: str | None) -> Media:
    """The recording (playback, …) of this label or id; the newest that has not ended when None.

    Raises:
        Refusal: 404 when there is none.
    """
    if which is None:
        running = room.running(kind)
        if not running:
            raise Refusal("404", f"no {kind} is running in room {room.name}")
        return running[-1]
    labelled = room.labels.get(which)
    if labelled is not None and labelled.lifecycle.kind == kind:
        return labelled
    return room.find(kind, which)


def _end_room(space: Space, room: RoomSession, arguments: Arguments) -> None:
    space.end_room(room)


def _join(space: Space, room: RoomSession, arguments: Arguments) -> Member:
    return space.join(room, arguments.get("name"))


def _leave(space: Space, room: RoomSession, arguments: Arguments) -> None:
    for member in find_members(room, arguments.get("name")):
        space.leave(room, member)


def _start(kind: str) -> RoomAction:
    def do(space: Space, room: RoomSession, arguments: Arguments) -> Media:
        return space.start_media(room, kind, arguments, arguments.get("as"))

    return do


def _act(kind: str, verb: str) -> RoomAction:
    def do(space: Space, room: RoomSession, arguments: Arguments) -> Media:
        media = find_media(room, kind, arguments.get(kind))
        space.act(room, media, verb, arguments)
        return media

    return do


def _set_room(setter: Setter) -> RoomAction:
    def do(space: Space, room: RoomSession, arguments: Arguments) -> None:
        space.change_room(room, setter.values_from(arguments))

    return do


def _set_members(setter: Setter) -> RoomAction:
    def do(space: Space, room: RoomSession, arguments: Arguments) -> Member | None:
        members = find_members(room, arguments.get("name"))
        for member in members:
            space.change_member(room, member, setter.values_from(arguments))
        return members[0] if len(members) == 1 else None

    return do


def _talk(talking: bool) -> RoomAction:
    def do(space: Space, room: RoomSession, arguments: Arguments) -> None:
        for member in find_members(room, arguments.get("name")):
            space.talk(room, member, talking)

    return do


def _set_layout(space: Space, room: RoomSession, arguments: Arguments) -> None:
    space.set_layout(room, arguments["layout"], {})


def _set_position(space: Space, room: RoomSession, arguments: Arguments) -> None:
    members = find_members(room, arguments.get("name"))
    space.set_positions(room, {member.id: arguments["position"] for member in members})


def _demote(space: Space, room: RoomSession, arguments: Arguments) -> None:
    for member in find_members(room, arguments.get("name")):
        space.demote(room, member.id)


def _promote(space: Space, room: RoomSession, arguments: Arguments) -> None:
    who = arguments.get("name")
    waiting = [each for each in room.audience.values() if who in (None, each.id, each.name)]
    if not waiting:
        there = ", ".join(each.name for each in room.audience.values()) or "nobody"
        raise Refusal("404", f"no {who or 'one'} in the audience of {room.name}; there is: {there}")
    space.promote(room, waiting[-1].id, {})


def _set_audience(space: Space, room: RoomSession, arguments: Arguments) -> None:
    space.set_audience(room, arguments["count"])


def _change_meta(verb: str) -> RoomAction:
    def do(space: Space, room: RoomSession, arguments: Arguments) -> None:
        meta = changed_meta(verb, room.properties["meta"], dict(arguments))
        space.change_room(room, {"meta": meta})

    return do


def _change_member_meta(verb: str) -> RoomAction:
    def do(space: Space, room: RoomSession, arguments: Arguments) -> None:
        for member in find_members(room, arguments.get("name")):
            meta = changed_meta(verb, member.properties["meta"], dict(arguments))
            space.change_member(room, member, {"meta": meta})

    return do


def _set_latency(space: Space, arguments: Arguments) -> None:
    space.latency_us = arguments["latency_us"]


def _drop_connections(space: Space, arguments: Arguments) -> None:
    for session in list(space.sessions.values()):
        space.drop(session)


def _disconnect(space: Space, arguments: Arguments) -> None:
    for session in list(space.sessions.values()):
        space.disconnect(session)


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
        ROOM_ACTIONS[_NAMES.get(_verb, f"{_verb}_{_kind}")] = _act(_kind, _verb)
for _setter in ROOM_SETTERS:
    ROOM_ACTIONS[_setter.verb] = _set_room(_setter)
for _setter in MEMBER_SETTERS:
    ROOM_ACTIONS[_setter.verb] = _set_members(_setter)
for _verb in META_VERBS:
    ROOM_ACTIONS[_verb] = _change_meta(_verb)
    ROOM_ACTIONS[_verb.replace("_meta", "_member_meta")] = _change_member_meta(_verb)

SPACE_ACTIONS: dict[str, SpaceAction] = {
    "set_latency": _set_latency,
    "drop_connections": _drop_connections,
    "disconnect": _disconnect,
}
"""What happens to all sessions of a space."""
