"""Logs: one entry per room session."""

from __future__ import annotations

from typing import Any

from mockserver.engine import MICROSECONDS
from mockserver.rest import views
from mockserver.rest.call import Call
from mockserver.rest.errors import RestError

DAY = 86_400 * MICROSECONDS


def list_logs(call: Call) -> Any:
    """The log entries, newest first. None is ever deleted here."""
    query = call.query
    before, after, on = (query.get(f"created_{when}") for when in ("before", "after", "on"))
    found = [
        room
        for room in call.state.sessions()
        if (before is None or room.started_at < before)
        and (after is None or room.started_at > after)
        and (on is None or room.started_at // DAY == on // DAY)
    ]
    return call.page(found, views.log_id, lambda room: views.log(call.state, room, call.base))


def get_log(call: Call) -> Any:
    """A log entry."""
    wanted = call.path["id"]
    for room in call.state.sessions():
        if views.has_log_id(room, wanted):
            return views.log(call.state, room, call.base)
    raise RestError(404)
