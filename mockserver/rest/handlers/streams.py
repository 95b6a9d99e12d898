"""Streams, as settings of rooms and conferences: each of their sessions is streamed [E]."""

from __future__ import annotations

from typing import Any

from mockserver.rest import views
from mockserver.rest.call import Call
from mockserver.rest.state import Kind, Stream


def list_room_streams(call: Call) -> Any:
    """The streams of a room."""
    return _list(call, "room")


def create_room_stream(call: Call) -> Any:
    """Have a room streamed: each session from its start, a running one from now on."""
    return _create(call, "room")


def list_conference_streams(call: Call) -> Any:
    """The streams of a conference."""
    return _list(call, "conference")


def create_conference_stream(call: Call) -> Any:
    """Have a conference streamed, as a room is."""
    return _create(call, "conference")


def get_stream(call: Call) -> Any:
    """A stream."""
    return views.stream(call.state.stream(call.path["id"]))


def update_stream(call: Call) -> Any:
    """Stream to another address; a stream that runs stops, and another one starts."""
    room, stream = call.state.stream(call.path["id"])
    stream.updated_at = call.state.now
    call.state.set_stream(room, stream, call.body["url"])
    return views.stream((room, stream))


def delete_stream(call: Call) -> Any:
    """Stream no session there any more; a stream that runs stops."""
    call.state.remove_stream(*call.state.stream(call.path["id"]))


def _list(call: Call, kind: Kind) -> Any:
    room = call.state.room(call.path["id"], kind)
    streams = [views.stream((room, each)) for each in call.state.streams_of(room)]
    return {"links": {"self": call.here, "first": call.here}, "data": streams}


def _create(call: Call, kind: Kind) -> Any:
    state = call.state
    room = state.room(call.path["id"], kind)
    stream = Stream(state.identities.uuid(), room.settings.room_id, state.now, state.now)
    state.set_stream(room, stream, call.body["url"])
    return views.stream((room, stream))
