"""A program with the vendor's Python SDK, as applications use it; prints what it saw as JSON.

It finds the mock by the environment alone: SIGNALWIRE_PROJECT_ID, SIGNALWIRE_API_TOKEN and
SIGNALWIRE_SPACE.
"""

from __future__ import annotations

import json
from typing import Any

from signalwire.rest import SignalWireRestError
from signalwire.rest.client import RestClient

client: Any = RestClient()
video = client.video
seen: dict[str, Any] = {}

[session] = video.room_sessions.list()["data"]
seen["session"] = video.room_sessions.get(session["id"])["name"]
seen["members"] = [each["name"] for each in video.room_sessions.list_members(session["id"])["data"]]
seen["events"] = [each["name"] for each in video.room_sessions.list_events(session["id"])["data"]]
[recording] = video.room_sessions.list_recordings(session["id"])["data"]
seen["recording"] = video.room_recordings.get(recording["id"])["status"]
video.room_recordings.delete(recording["id"])
try:
    video.room_recordings.get(recording["id"])
except SignalWireRestError as error:
    seen["deleted"] = [error.status_code, error.body]

room = video.rooms.create(name="hall", max_members=3, record_on_start=True)
video.rooms.update(room["id"], display_name="The Hall")
seen["room"] = [video.rooms.get(room["id"])["display_name"], video.rooms.get("hall")["max_members"]]
stream = video.rooms.create_stream(room["id"], url="rtmp://example.com/live")
seen["stream"] = video.streams.get(stream["id"])["url"]
seen["token"] = video.room_tokens.create(room_name="hall", permissions=["room.recording"])["token"]
try:
    video.rooms.create(name="not a name")
except SignalWireRestError as error:
    seen["refused"] = [error.status_code, error.body["errors"][0]["attribute"]]
conference = video.conferences.create(display_name="Meeting")
seen["conference"] = video.conferences.get(conference["id"])["name"]
seen["rooms"] = sum(len(page["data"]) for page in [video.rooms.list(page_size=1)])
print(json.dumps(seen))
