"""Rooms and what happens in them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from mockserver.control.turns import others, pieces
from mockserver.control.video import room_document
from mockserver.protocol.documents import Document

from .answers import answer_in_pieces
from .endpoint import Call
from .problems import HttpProblem


async def list_rooms(call: Call) -> Any:
    """The rooms that are running, oldest first.

    Of many, each is shown as it stands when its turn comes to be written.
    """
    return Document(call.control.video.state())


async def start_room(call: Call) -> Any:
    """People join a room, which starts it.

    Answered when the events of it have been sent.
    """
    room = await call.control.video.begin_room(**call.body)
    where = f"{call.request.rel_url.raw_path}/{quote(room.id, safe='')}"
    return await answer_in_pieces(
        call.request,
        pieces(room_document(room, call.control.space.now)),
        "application/json",
        {"Location": where},
        status=201,
    )


async def get_room(call: Call) -> Any:
    """A room with its members and recordings; it may have ended.

    By the id of its session, or by its name while it is running.
    """
    return call.control.video.room_document(call.path["room"])


async def list_recordings(call: Call) -> Any:
    """The recordings of a room, oldest first, those that are completed too."""
    return _all(call, "recording")


async def get_recording(call: Call) -> Any:
    """A recording of a room."""
    return _one(call, "recording")


async def list_playbacks(call: Call) -> Any:
    """What has been played to a room, oldest first, the playbacks that are completed too."""
    return _all(call, "playback")


async def get_playback(call: Call) -> Any:
    """A playback in a room."""
    return _one(call, "playback")


async def list_streams(call: Call) -> Any:
    """The streams of a room, oldest first, those that are completed too."""
    return _all(call, "stream")


async def get_stream(call: Call) -> Any:
    """A stream of a room."""
    return _one(call, "stream")


def _all(call: Call, kind: str) -> Document:
    return Document({f"{kind}s": call.control.video.all_media(call.path["room"], kind)})


def _one(call: Call, kind: str) -> Any:
    return call.control.video.media(call.path["room"], kind, call.path[kind])


async def perform(call: Call) -> Any:
    """Have the service, or somebody in a room, do something.

    Answered when the events of it have been sent, with what it was done to as it stands then.
    """
    arguments = dict(call.body)
    verb = arguments.pop("do")
    try:
        done = await call.control.act(verb, arguments.pop("room", None), **arguments)
    except ValueError as error:
        raise HttpProblem(422, f"{verb}: {error}", kind="invalid-body") from None
    # What was done may have taken its time already.
    await others()
    result = None if done is None else done.part.document(done.result, done.container)
    return Document(do=verb, result=result)
