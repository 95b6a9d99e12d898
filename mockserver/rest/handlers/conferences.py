"""Conferences: rooms with a page of their own, and the tokens of that page."""

from __future__ import annotations

import re
from typing import Any

from mockserver.rest import views
from mockserver.rest.call import Call
from mockserver.rest.errors import RestError
from mockserver.rest.state import CONFERENCE_SIZES, ConferenceToken, Room

from .rooms import apply, between, check_name, room_id


def list_video_conferences(call: Call) -> Any:
    """The conferences, oldest first."""
    active = call.query["include_active_session"]
    return call.page(
        between(call, call.state.rooms("conference")),
        room_id,
        lambda room: views.conference(call.state, room, active=active),
    )


def create_video_conference(call: Call) -> Any:
    """Make a conference. It has a token for guests and one for moderators."""
    state, body = call.state, call.body
    name = body.get("name") or _free_name(call, body["display_name"])
    check_name(state, name)
    room = state.add_room(name, "conference")
    _apply(room, body)
    state.add_conference_tokens(room)
    return views.conference(state, room)


def get_video_conference(call: Call) -> Any:
    """A conference."""
    active = call.query["include_active_session"]
    return views.conference(call.state, _conference(call), active=active)


def update_video_conference(call: Call) -> Any:
    """Change a conference. Only what the body names changes."""
    room = _conference(call)
    _apply(room, call.body)
    room.updated_at = call.state.now
    return views.conference(call.state, room)


def delete_video_conference(call: Call) -> Any:
    """Delete a conference, its streams and its tokens. A session of it goes on."""
    call.state.remove_room(_conference(call))


def list_conference_tokens(call: Call) -> Any:
    """The tokens of a conference."""
    found = call.state.tokens_of(_conference(call))
    return call.page(found, lambda token: token.id, views.conference_token)


def get_conference_token(call: Call) -> Any:
    """A token of a conference."""
    return views.conference_token(_token(call))


def reset_conference_token(call: Call) -> Any:
    """Give a token of a conference another text; its id stays."""
    token = _token(call)
    token.token = call.state.fresh_token()
    return views.conference_token(token)


def _conference(call: Call) -> Room:
    return call.state.room(call.path["id"], "conference")


def _token(call: Call) -> ConferenceToken:
    found = call.state.conference_tokens.get(call.path["id"])
    if found is None:
        raise RestError(404)
    return found


def _apply(room: Room, body: dict[str, Any]) -> None:
    apply(room, body)
    if "size" in body:
        room.settings.max_members = CONFERENCE_SIZES[body["size"]]


def _free_name(call: Call, display_name: str) -> str:
    """A name made of what people see, which no room has yet."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", display_name).strip("-").lower()[:80] or "conference"
    names = (words, *(f"{words}-{number}" for number in range(2, 1_000_000)))
    return next(name for name in names if name not in call.state.video.settings)
