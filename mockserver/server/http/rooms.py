"""Rooms and what happens in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mockserver.protocol.errors import Refusal

from .answers import json_answer
from .endpoint import Call
from .problems import HttpProblem

if TYPE_CHECKING:
    from mockserver.control.video import Playback, Recording, Stream


async def list_rooms(call: Call) -> Any:
    """The rooms that are running, oldest first."""
    return {"rooms": call.control.video.rooms()}


async def start_room(call: Call) -> Any:
    """People join a room, which starts it.

    Answered when the events of it have been sent.
    """
    room = await call.control.video.start_room(**call.body)
    where = f"{call.request.rel_url.raw_path}/{quote(room.id, safe='')}"
    return json_answer(room, 201, {"Location": where})


async def get_room(call: Call) -> Any:
    """A room with its members and recordings; it may have ended.

    By the id of its session, or by its name while it is running.
    """
    return call.control.video.room(call.path["room"])


async def list_recordings(call: Call) -> Any:
    """The recordings of a room, oldest first, those that are completed too."""
    return {"recordings": call.control.video.room(call.path["room"]).recordings}


async def get_recording(call: Call) -> Any:
    """A recording of a room."""
    return _one(call, "recording", call.control.video.room(call.path["room"]).recordings)


async def list_playbacks(call: Call) -> Any:
    """What has been played to a room, oldest first, the playbacks that are completed too."""
    return {"playbacks": call.control.video.room(call.path["room"]).playbacks}


async def get_playback(call: Call) -> Any:
    """A playback in a room."""
    return _one(call, "playback", call.control.video.room(call.path["room"]).playbacks)


async def list_streams(call: Call) -> Any:
    """The streams of a room, oldest first, those that are completed too."""
    return {"streams": call.control.video.room(call.path["room"]).streams}


async def get_stream(call: Call) -> Any:
    """A stream of a room."""
    return _one(call, "stream", call.control.video.room(call.path["room"]).streams)


def _one(call: Call, kind: str, media: Sequence[Recording | Playback | Stream]) -> Any:
    wanted = call.path[kind]
    for one in media:
        if one.id == wanted:
            return one
    there = ", ".join(one.id for one in media) or "none"
    raise Refusal("404", f'no {kind} "{wanted}" in room {call.path["room"]}; there is: {there}')


async def perform(call: Call) -> Any:
    """Have the service, or somebody in a room, do something.

    Answered when the events of it have been sent, with what it was done to as it stands then.
    """
    arguments = dict(call.body)
    verb = arguments.pop("do")
    try:
        result = await call.control.perform(verb, arguments.pop("room", None), **arguments)
    except ValueError as error:
        raise HttpProblem(422, f"{verb}: {error}", kind="invalid-body") from None
    return {"do": verb, "result": result}
