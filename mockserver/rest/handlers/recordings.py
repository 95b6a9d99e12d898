"""Room recordings: found, fetched and deleted. Only realtime starts and stops them [R]."""

from __future__ import annotations

from typing import Any

from mockserver.rest import views
from mockserver.rest.call import Call
from mockserver.rest.errors import invalid


def list_room_recordings(call: Call) -> Any:
    """All recordings of the project, newest first."""
    return _page(call, call.state.recordings())


def list_room_session_recordings(call: Call) -> Any:
    """The recordings of a room session, newest first."""
    room = call.state.session(call.path["id"])
    return _page(call, [each for each in call.state.recordings() if each[0] is room])


def get_room_recording(call: Call) -> Any:
    """A recording. Its `uri` leads to a small video once it is `completed`."""
    found = call.state.recording(call.path["id"])
    return views.recording(call.state, found, call.origin, call.query["media_ttl"])


def delete_room_recording(call: Call) -> Any:
    """Delete a recording, and its file; realtime does not list it any more.

    One that still runs is not deleted: 422.
    """
    room, recording = call.state.recording(call.path["id"])
    if not recording.has_ended:
        raise invalid(
            "id",
            f"id: expected a recording that has ended, found one that is {recording.state}; "
            "stop it first",
        )
    room.discard(recording)


def list_room_recording_events(call: Call) -> Any:
    """What happened to a recording, oldest first."""
    room, recording = call.state.recording(call.path["id"])
    happened = [
        each
        for each in call.state.video.history
        if each.room is room and each.params.get("recording", {}).get("id") == recording.id
    ]
    return call.page(happened, lambda each: each.id, lambda each: views.event(each, call.project))


def _page(call: Call, recordings: list[Any]) -> Any:
    return call.page(
        recordings,
        lambda found: found[1].id,
        lambda found: views.recording(call.state, found, call.origin, call.query["media_ttl"]),
    )
