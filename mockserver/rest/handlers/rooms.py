"""Rooms: what their sessions begin with. A session that runs keeps what it began with [A]."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mockserver.engine import MICROSECONDS
from mockserver.rest import views
from mockserver.rest.call import Call
from mockserver.rest.errors import invalid
from mockserver.rest.state import RestSpace, Room

ACTED_ON = ("display_name", "max_members", "layout", "record_on_start", "meta")
"""Settings that the engine has under the same name."""

TIMES = ("join_from", "join_until", "remove_at")
REMOVE_AFTER = "remove_after_seconds_elapsed"


def list_rooms(call: Call) -> Any:
    """The rooms, oldest first. A room that was started by realtime alone is one, too."""
    found = between(call, call.state.rooms("room"))
    active = call.query["include_active_session"]
    return call.page(found, room_id, lambda room: views.room(call.state, room, active=active))


def create_room(call: Call) -> Any:
    """Make a room. Whoever starts a room of this name then finds these settings."""
    name = call.body["name"]
    check_name(call.state, name)
    room = call.state.add_room(name, "room")
    apply(room, call.body)
    return views.room(call.state, room)


def get_room(call: Call) -> Any:
    """A room, by its id."""
    return _shown(call, call.state.room(call.path["id"], "room"))


def get_room_by_name(call: Call) -> Any:
    """A room, by its name: the same path, for what is not a UUID."""
    return _shown(call, call.state.room_named(call.path["name"]))


def update_room(call: Call) -> Any:
    """Change a room. Only what the body names changes."""
    room = call.state.room(call.path["id"], "room")
    apply(room, call.body)
    room.updated_at = call.state.now
    return views.room(call.state, room)


def delete_room(call: Call) -> Any:
    """Delete a room. A session of it goes on, and its `room_id` is null then."""
    call.state.remove_room(call.state.room(call.path["id"], "room"))


def _shown(call: Call, room: Room) -> Any:
    return views.room(call.state, room, active=call.query["include_active_session"])


def room_id(room: Room) -> str:
    """The id of a room, or of a conference."""
    return room.settings.room_id


def check_name(state: RestSpace, name: str) -> None:
    """Make sure that no room and no conference has this name.

    Raises:
        RestError: 422.
    """
    if name in state.video.settings:
        raise invalid("name", f'name: expected one that no room has, found "{name}", which one has')


def between(call: Call, rooms: list[Room]) -> list[Room]:
    """Those that the query's ``starts_after`` and ``ends_before`` leave."""
    after, before = call.query.get("starts_after"), call.query.get("ends_before")
    return [
        room
        for room in rooms
        if (after is None or (room.settings.limits.join_from or -1) >= after)
        and (before is None or (room.settings.limits.join_until or before + 1) <= before)
    ]


def apply(room: Room, body: dict[str, Any]) -> None:
    """Set what the body of a request names: for the engine, or to be shown only."""
    settings = room.settings
    limits = {name: body[name] for name in TIMES if name in body}
    if REMOVE_AFTER in body:
        limits["remove_after_us"] = body[REMOVE_AFTER] * MICROSECONDS
    settings.limits = replace(settings.limits, **limits)
    for name in ACTED_ON:
        if name in body:
            setattr(settings, name, body[name])
    settings.shown |= {
        name: value
        for name, value in body.items()
        if name not in (*ACTED_ON, *TIMES, REMOVE_AFTER, "name", "size")
    }
