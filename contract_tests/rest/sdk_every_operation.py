"""Every call of the vendor's Python SDK that is about video, with ids that were never made.

Prints JSON: operation -> what came back: ``object``, ``list``, ``empty``, or a status.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from signalwire.rest import SignalWireRestError
from signalwire.rest.client import RestClient

client: Any = RestClient()
video = client.video
URL = "rtmp://example.com/live"

CALLS: dict[str, Callable[[], Any]] = {
    "create_room_token": lambda: video.room_tokens.create(room_name="hall"),
    "list_room_recordings": lambda: video.room_recordings.list(),
    "get_room_recording": lambda: video.room_recordings.get("rec-xyz"),
    "delete_room_recording": lambda: video.room_recordings.delete("rec-del"),
    "list_room_recording_events": lambda: video.room_recordings.list_events("rec-1"),
    "list_room_sessions": lambda: video.room_sessions.list(),
    "get_room_session": lambda: video.room_sessions.get("sess-abc"),
    "list_room_session_recordings": lambda: video.room_sessions.list_recordings("sess-2"),
    "list_room_session_members": lambda: video.room_sessions.list_members("sess-3"),
    "list_room_session_events": lambda: video.room_sessions.list_events("sess-1"),
    "list_rooms": lambda: video.rooms.list(),
    "create_room": lambda: video.rooms.create(name="hall"),
    "get_room_by_name": lambda: video.rooms.get("room-1"),
    "update_room": lambda: video.rooms.update("room-1", max_members=3),
    "delete_room": lambda: video.rooms.delete("room-1"),
    "list_room_streams": lambda: video.rooms.list_streams("room-1"),
    "create_room_stream": lambda: video.rooms.create_stream("room-1", url=URL),
    "get_stream": lambda: video.streams.get("stream-1"),
    "update_stream": lambda: video.streams.update("stream-2", url=URL),
    "delete_stream": lambda: video.streams.delete("stream-3"),
    "list_video_conferences": lambda: video.conferences.list(),
    "create_video_conference": lambda: video.conferences.create(display_name="Meeting"),
    "get_video_conference": lambda: video.conferences.get("conf-1"),
    "update_video_conference": lambda: video.conferences.update("conf-1", display_name="M"),
    "delete_video_conference": lambda: video.conferences.delete("conf-1"),
    "list_conference_streams": lambda: video.conferences.list_streams("conf-2"),
    "create_conference_stream": lambda: video.conferences.create_stream("conf-2", url=URL),
    "list_conference_tokens": lambda: video.conferences.list_conference_tokens("conf-1"),
    "get_conference_token": lambda: video.conference_tokens.get("tok-1"),
    "reset_conference_token": lambda: video.conference_tokens.reset("tok-2"),
}


def outcome(call: Callable[[], Any]) -> str | int:
    """What a call gives, in a word."""
    try:
        body = call()
    except SignalWireRestError as error:
        return int(error.status_code)
    if not isinstance(body, dict):
        return type(body).__name__
    if "data" in body and isinstance(body["data"], list):
        return "list"
    return "object" if body else "empty"


print(json.dumps({name: outcome(call) for name, call in CALLS.items()}))
