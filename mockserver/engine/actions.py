"""What the service, or a person in a room, can be made to do: one row each.

Scripts, the control API and the Python handles act by these rows, so all of them can do the same.
The arguments of each are described in ``schemas/actions/``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mockserver.protocol.errors import Refusal
from mockserver.protocol.lifecycles import LIFECYCLES

if TYPE_CHECKING:
    from .media import Media
    from .room import Member, RoomSession
    from .space import Space

Arguments = Mapping[str, Any]
RoomAction = Callable[["Space", "RoomSession", Arguments], "Member | Media | None"]
SpaceAction = Callable[["Space", Arguments], None]


def find_member(room: RoomSession, who: str | None) -> Member:
    """The member of this name or id; who joined last when None.

    Raises:
        Refusal: 404, naming who is there.
    """
    members = list(room.members.values())
    found = [each for each in members if who in (None, each.id, each.name)]
    if not found:
        there = ", ".join(each.name for each in members) or "nobody"
        raise Refusal("404", f"no member {who or ''} in room {room.name}; there is: {there}")
    return found[-1]


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
    space.leave(room, find_member(room, arguments.get("name")))


def _start(kind: str) -> RoomAction:
    def do(space: Space, room: RoomSession, arguments: Arguments) -> Media:
        return space.start_media(room, kind, arguments.get("as"))

    return do


def _act(kind: str, verb: str) -> RoomAction:
    def do(space: Space, room: RoomSession, arguments: Arguments) -> Media:
        media = find_media(room, kind, arguments.get(kind))
        space.act(room, media, verb)
        return media

    return do


def _set_latency(space: Space, arguments: Arguments) -> None:
    space.latency_us = arguments["latency_us"]


def _drop_connections(space: Space, arguments: Arguments) -> None:
    for session in list(space.sessions.values()):
        space.drop(session)


def _disconnect(space: Space, arguments: Arguments) -> None:
    for session in list(space.sessions.values()):
        space.disconnect(session)


ROOM_ACTIONS: dict[str, RoomAction] = {
    "end_room": _end_room,
    "join": _join,
    "leave": _leave,
}
"""What happens in a room: verb -> what does it. Raises Refusal when the state does not allow it."""

for _kind, _lifecycle in LIFECYCLES.items():
    ROOM_ACTIONS[f"start_{_kind}"] = _start(_kind)
    for _verb in _lifecycle.verbs:
        ROOM_ACTIONS[f"{_verb}_{_kind}"] = _act(_kind, _verb)

SPACE_ACTIONS: dict[str, SpaceAction] = {
    "set_latency": _set_latency,
    "drop_connections": _drop_connections,
    "disconnect": _disconnect,
}
"""What happens to all sessions of a space."""
