"""Room sessions, their members and their events: what realtime did, looked at."""

from __future__ import annotations

from typing import Any

from mockserver.rest import views
from mockserver.rest.call import Call


def list_room_sessions(call: Call) -> Any:
    """The room sessions, newest first; those that have ended, too."""
    wanted = call.query
    found = [
        room
        for room in call.state.sessions()
        if wanted.get("room_id", room.room_id).lower() == room.room_id
        and wanted.get("room_name", room.name) == room.name
        and wanted.get("room_name_matches", "") in room.name
        and wanted.get("status", "completed" if room.ended else "in-progress")
        == ("completed" if room.ended else "in-progress")
    ]
    return call.page(
        found, lambda room: room.id, lambda room: views.session_in_list(call.state, room)
    )


def get_room_session(call: Call) -> Any:
    """A room session, running or ended."""
    return views.session(call.state, call.state.session(call.path["id"]))


def list_room_session_members(call: Call) -> Any:
    """Who is or was in a room session, in the order of joining."""
    room = call.state.session(call.path["id"])
    everybody = sorted(room.everybody(), key=lambda who: who.joined_at)
    return call.page(everybody, lambda who: who.id, lambda who: views.member(call.state, room, who))


def list_room_session_events(call: Call) -> Any:
    """What happened in a room session, oldest first."""
    room = call.state.session(call.path["id"])
    happened = [each for each in call.state.video.history if each.room is room]
    return call.page(happened, lambda each: each.id, lambda each: views.event(each, call.project))
