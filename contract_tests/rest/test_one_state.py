"""What realtime does is seen by REST, and what REST does is seen by realtime."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from client_stub import SignalWire
from contract_tests.shared.patience import PATIENCE_S
from mockserver.harness.handles import SpaceHandle
from mockserver.rest import mp4

from .conftest import UNKNOWN, Json, Rest

START = "2025-01-01T00:00:00Z"
"""Where manual clocks begin."""


async def test_a_recording_of_a_client_is_found_fetched_and_deleted(
    mock: SpaceHandle, rest: Rest, client: SignalWire
) -> None:
    room = await mock.start_room("lobby", members=["Ann"])
    [session] = await client.video.get_room_sessions()
    recording = await session.start_recording()
    [running] = await rest.all("room_recordings")
    assert running["id"] == recording.id
    assert (running["room_session_id"], running["status"]) == (room.id, "recording")
    assert (running["started_at"], running["finished_at"]) == (START, None)
    assert (running["duration"], running["uri"], running["format"]) == (None, None, None)

    await mock.advance(60)
    await recording.pause()
    assert (await rest.get(f"room_recordings/{recording.id}"))["status"] == "paused"
    await mock.advance(300)
    await recording.stop()
    done = await rest.get(f"room_recordings/{recording.id}")
    assert (done["status"], done["duration"]) == ("completed", 60)
    assert done["finished_at"] == "2025-01-01T00:06:00Z"
    assert done["format"] == "video/mp4"
    assert [done] == await rest.all(f"room_sessions/{room.id}/recordings")

    file = await rest.fetch(done["uri"])
    assert (file.status, file.kind) == (200, "video/mp4")
    assert len(file.data) == done["size_in_bytes"]

    assert (await rest.ask("DELETE", f"room_recordings/{recording.id}")).status == 204
    assert await session.get_recordings() == []
    assert await rest.all("room_recordings") == []
    (await rest.ask("GET", f"room_recordings/{recording.id}")).refused(404)
    (await rest.fetch(done["uri"])).refused(404)


async def test_a_link_is_valid_for_its_time(mock: SpaceHandle, rest: Rest) -> None:
    room = await mock.start_room("lobby")
    recording = await room.start_recording()
    await room.stop_recording()
    usual = (await rest.get(f"room_recordings/{recording.id}"))["uri"]
    short = (await rest.get(f"room_recordings/{recording.id}", media_ttl=10))["uri"]
    await mock.advance(9)
    assert (await rest.fetch(short)).status == 200
    await mock.advance(1)
    (await rest.fetch(short)).refused(403)
    assert (await rest.fetch(usual)).status == 200
    await mock.advance(890)
    (await rest.fetch(usual)).refused(403)


@pytest.mark.parametrize(
    ("old", "new"), [("expires=1", "expires=2"), ("signature=", "signature=0"), ("expires=", "e=")]
)
async def test_a_link_that_was_changed_leads_nowhere(
    old: str, new: str, mock: SpaceHandle, rest: Rest
) -> None:
    room = await mock.start_room("lobby")
    recording = await room.start_recording()
    await room.stop_recording()
    uri = (await rest.get(f"room_recordings/{recording.id}"))["uri"]
    assert old in uri
    (await rest.fetch(uri.replace(old, new))).refused(403)


async def test_what_has_ended_costs_what_the_scenario_says(server: Any, rest: Rest) -> None:
    text = "scenario: dear\nabout: Nothing is free.\nrest: {dollars: 0.05}\n"
    answer = await rest.http.post(
        f"{rest.host}/__mock__/spaces",
        json={"name": "dear", "scenario_yaml": text, "clock": "manual"},
    )
    assert answer.status == 201
    mock = server.space("dear")
    dear = Rest(mock, rest.http)
    room = await mock.start_room("lobby", members=["Ann", "Bob"])
    await room.start_recording()
    lists = ("room_recordings", "room_sessions", f"room_sessions/{room.id}/members")

    async def costs() -> list[list[float]]:
        found = [[each["cost_in_dollars"] for each in await dear.all(path)] for path in lists]
        [log] = await dear.all("logs")
        assert sum(each["charge"] for each in log["charge_details"]) == log["charge"]
        return [*found, [log["charge"]]]

    assert await costs() == [[0.0], [0.0], [0.0, 0.0], [0.0]]
    await room.stop_recording()
    await room.leave("Ann")
    assert await costs() == [[0.05], [0.0], [0.05, 0.0], [0.0]]
    await room.end_room()
    assert await costs() == [[0.05], [0.05], [0.05, 0.05], [0.05]]
    mock.end_space()


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe (of ffmpeg) is not installed")
def test_players_can_play_the_file(tmp_path: Path) -> None:
    file = tmp_path / "recording.mp4"
    file.write_bytes(mp4.video())
    shown = ("stream=codec_name,width,height,nb_read_frames", "format=duration")
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-of", "default=noprint_wrappers=1",
         "-show_entries", ":".join(shown), file],
        capture_output=True, text=True, check=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert told.stderr == ""
    assert told.stdout.split() == [
        "codec_name=h264",
        "width=64",
        "height=64",
        "nb_read_frames=5",
        "duration=1.000000",
    ]


async def test_a_recording_is_processing_for_a_scripted_while(server: Any, rest: Rest) -> None:
    text = "scenario: slow\nabout: REST needs a while.\nrest: {processing: 30s}\n"
    answer = await rest.http.post(
        f"{rest.host}/__mock__/spaces",
        json={"name": "slow", "scenario_yaml": text, "clock": "manual"},
    )
    assert answer.status == 201
    mock = server.space("slow")
    room = await mock.start_room("lobby")
    recording = await room.start_recording()
    await mock.advance(5)
    await room.stop_recording()
    slow = Rest(mock, rest.http)
    shown = await slow.get(f"room_recordings/{recording.id}")
    assert (shown["status"], shown["duration"], shown["uri"]) == ("processing", 5, None)
    assert (shown["size_in_bytes"], shown["format"]) == (None, None)
    await mock.advance(29.9)
    assert (await slow.get(f"room_recordings/{recording.id}"))["status"] == "processing"
    await mock.advance(0.1)
    shown = await slow.get(f"room_recordings/{recording.id}")
    assert (shown["status"], shown["updated_at"]) == ("completed", "2025-01-01T00:00:35Z")
    assert (await rest.fetch(shown["uri"])).status == 200
    mock.end_space()


async def test_a_session_is_shown_with_its_members_and_events(
    mock: SpaceHandle, rest: Rest, client: SignalWire
) -> None:
    room = await mock.start_room("lobby", members=["Ann"], display_name="The Lobby")
    await mock.advance(10)
    await room.join("Bob")
    [session] = await client.video.get_room_sessions()
    await session.lock()
    await mock.advance(20)
    await room.leave("Ann")
    shown = await rest.get(f"room_sessions/{room.id}")
    assert (shown["status"], shown["locked"]) == ("in-progress", True)
    assert (shown["name"], shown["display_name"]) == ("lobby", "The Lobby")
    assert (shown["start_time"], shown["end_time"], shown["duration"]) == (START, None, None)
    assert shown["room_id"] == room.room_id

    ann, bob = await rest.all(f"room_sessions/{room.id}/members")
    assert (ann["name"], ann["join_time"], ann["duration"]) == ("Ann", START, 30)
    assert ann["leave_time"] == "2025-01-01T00:00:30Z"
    assert (bob["name"], bob["leave_time"], bob["duration"]) == ("Bob", None, 20)

    await mock.advance(30)
    await room.end_room()
    shown = await rest.get(f"room_sessions/{room.id}")
    assert (shown["status"], shown["duration"]) == ("completed", 60)
    assert shown["end_time"] == shown["updated_at"] == "2025-01-01T00:01:00Z"
    _, bob = await rest.all(f"room_sessions/{room.id}/members")
    assert (bob["leave_time"], bob["duration"]) == ("2025-01-01T00:01:00Z", 50)

    events = await rest.all(f"room_sessions/{room.id}/events")
    assert [each["name"] for each in events] == [
        "room.started",
        "member.joined",
        "room.updated",
        "member.left",
        "room.ended",
    ]
    joined, left = events[1], events[3]
    assert joined["room_participant_id"] == joined["payload"]["member"]["id"] == bob["id"]
    assert left["room_participant_id"] == ann["id"]
    assert joined["created_at"] == "2025-01-01T00:00:10Z"
    assert joined["project_id"] == mock.project


async def test_an_event_has_the_same_id_on_both_sides(
    mock: SpaceHandle, rest: Rest, client: SignalWire
) -> None:
    await client.video.listen(on_room_started=lambda room: room.start_recording())
    room = await mock.start_room("lobby")
    await mock.wait_for("video.recording.start")
    await mock.advance(5)
    await room.stop_recording()
    told = {
        entry["frame"]["id"]: entry["frame"]["params"]["event_type"].removeprefix("video.")
        for entry in mock.trace
        if entry["frame"].get("method") == "signalwire.event"
    }
    shown = {each["id"]: each["name"] for each in await rest.all(f"room_sessions/{room.id}/events")}
    # How a room stands is told to who asks for it, and nothing happens by that.
    told = {event: name for event, name in told.items() if name != "room.subscribed"}
    assert set(told.values()) >= {"room.started", "recording.started", "recording.ended"}
    assert told.items() <= shown.items()
    [recording] = room.recordings
    events = await rest.all(f"room_recordings/{recording.id}/events")
    assert [each["name"] for each in events] == ["recording.started", "recording.ended"]
    assert {each["room_recording_id"] for each in events} == {recording.id}


async def test_sessions_are_found_by_what_they_are(mock: SpaceHandle, rest: Rest) -> None:
    first = await mock.start_room("lobby-1")
    await first.end_room()
    await mock.advance(1)
    again = await mock.start_room("lobby-1")
    await mock.advance(1)
    other = await mock.start_room("hall")

    async def ids(**query: str) -> list[str]:
        return [each["id"] for each in await rest.all("room_sessions", **query)]

    assert await ids() == [other.id, again.id, first.id]
    assert await ids(room_name="lobby-1") == [again.id, first.id]
    assert await ids(room_name="lobby") == []
    assert await ids(room_name_matches="lobby") == [again.id, first.id]
    assert await ids(status="completed") == [first.id]
    assert await ids(status="in-progress", room_name_matches="l") == [other.id, again.id]
    assert await ids(room_id=again.room_id.upper()) == [again.id, first.id]
    assert await ids(room_id=UNKNOWN) == []


async def test_a_room_begins_as_rest_set_it(
    mock: SpaceHandle, rest: Rest, client: SignalWire
) -> None:
    wish = {
        "name": "lobby",
        "display_name": "The Lobby",
        "record_on_start": True,
        "layout": "3x3",
        "quality": "1080p",
        "meta": {"floor": 2},
    }
    made = await rest.post("rooms", wish)
    assert made["record_on_start"] is True
    started: list[Any] = []
    await client.video.listen(on_room_started=started.append)
    room = await mock.start_room("lobby", members=["Ann"])
    await mock.advance(0)
    [session] = await client.video.get_room_sessions()
    assert session.room_id == made["id"] == room.room_id
    assert (session.display_name, session.layout_name) == ("The Lobby", "3x3")
    assert (session.recording, session.meta) == (True, {"floor": 2})
    assert [each.id for each in started] == [session.id]
    [recording] = await rest.all("room_recordings")
    assert [each.id for each in await session.get_recordings()] == [recording["id"]]
    active = (await rest.get("rooms/lobby", include_active_session="true"))["active_session"]
    assert (active["id"], active["quality"]) == (room.id, "1080p")
    assert "active_session" not in await rest.get(f"rooms/{made['id']}")


async def test_a_session_keeps_what_it_began_with(mock: SpaceHandle, rest: Rest) -> None:
    room = await rest.post("rooms", {"name": "lobby", "max_members": 2})
    session = await mock.start_room("lobby")
    await mock.advance(5)
    changed = await rest.ok("PUT", f"rooms/{room['id']}", {"max_members": 9, "layout": "5up"})
    assert (changed["max_members"], changed["layout"]) == (9, "5up")
    assert (changed["created_at"], changed["updated_at"]) == (START, "2025-01-01T00:00:05Z")
    shown = await rest.get(f"room_sessions/{session.id}")
    assert (shown["max_members"], shown["layout"]) == (2, "grid-responsive")


async def test_what_is_only_shown_is_kept_by_a_session_too(mock: SpaceHandle, rest: Rest) -> None:
    usual = {"quality": "1080p", "enable_room_previews": True, "sync_audio_video": True}
    made = await rest.post("rooms", {"name": "lobby", **usual})
    await mock.start_room("lobby")

    async def shown() -> Json:
        [session] = await rest.all("room_sessions")
        return {name: session[name] for name in usual}

    assert await shown() == usual
    await rest.ok("PUT", f"rooms/{made['id']}", {name: "720p" if name == "quality" else False
                                                  for name in usual})  # fmt: skip
    assert await shown() == usual
    await rest.ok("DELETE", f"rooms/{made['id']}")
    assert await shown() == usual


async def test_a_log_entry_stays_one_of_a_conference(mock: SpaceHandle, rest: Rest) -> None:
    made = await rest.post("conferences", {"display_name": "Meeting"})
    await mock.start_room("meeting")
    await rest.ok("DELETE", f"conferences/{made['id']}")
    [log] = await rest.all("logs")
    assert log["type"] == "video_conference_session"


async def test_a_room_that_a_script_started_is_one_for_rest(mock: SpaceHandle, rest: Rest) -> None:
    room = await mock.start_room("lobby")
    [shown] = await rest.all("rooms")
    assert (shown["id"], shown["name"]) == (room.room_id, "lobby")
    assert (await rest.get("rooms/lobby"))["id"] == room.room_id
    reply = await rest.ask("POST", "rooms", {"name": "lobby"})
    assert reply.attributes() == ["name"]


async def test_a_room_that_is_deleted_leaves_its_session(mock: SpaceHandle, rest: Rest) -> None:
    made = await rest.post("rooms", {"name": "lobby"})
    room = await mock.start_room("lobby")
    assert (await rest.ask("DELETE", f"rooms/{made['id']}")).status == 204
    (await rest.ask("GET", "rooms/lobby")).refused(404)
    shown = await rest.get(f"room_sessions/{room.id}")
    assert (shown["status"], shown["room_id"]) == ("in-progress", None)
    await room.end_room()
    again = await mock.start_room("lobby")
    assert again.room_id != made["id"]


async def test_streams_of_rest_are_told_to_clients(
    mock: SpaceHandle, rest: Rest, client: SignalWire
) -> None:
    room = await rest.post("rooms", {"name": "lobby"})
    first = await rest.post(f"rooms/{room['id']}/streams", {"url": "rtmp://a.example/live"})
    assert (first["stream_type"], first["width"], first["height"]) == ("rtmp", 1280, 720)
    await mock.start_room("lobby")
    await mock.advance(0)
    [session] = await client.video.get_room_sessions()
    told: list[tuple[str, str | None]] = []
    await session.listen(
        on_stream_started=lambda stream: told.append(("started", stream.url)),
        on_stream_ended=lambda stream: told.append(("ended", stream.url)),
    )
    assert [each.url for each in await session.get_streams()] == ["rtmp://a.example/live"]

    second = await rest.post(f"rooms/{room['id']}/streams", {"url": "rtmps://b.example/live"})
    # It is told at once: nobody has to move the clock for it.
    await mock.wait_for("video.stream.started", {"stream": {"url": "rtmps://b.example/live"}})
    await rest.ok("PUT", f"streams/{second['id']}", {"url": "rtmp://c.example/live"})
    # Where it goes already, it goes on.
    await rest.ok("PUT", f"streams/{second['id']}", {"url": "rtmp://c.example/live"})
    assert (await rest.ask("DELETE", f"streams/{first['id']}")).status == 204
    await mock.advance(0)
    assert told == [
        ("started", "rtmps://b.example/live"),
        ("ended", "rtmps://b.example/live"),
        ("started", "rtmp://c.example/live"),
        ("ended", "rtmp://a.example/live"),
    ]
    [shown] = await rest.all(f"rooms/{room['id']}/streams")
    assert (shown["id"], shown["url"]) == (second["id"], "rtmp://c.example/live")
    assert session.streaming is True


async def test_a_conference_is_a_room_of_its_size(mock: SpaceHandle, rest: Rest) -> None:
    made = await rest.post("conferences", {"display_name": "All Hands!", "size": "small"})
    assert (made["name"], made["size"]) == ("all-hands", "small")
    room = await mock.start_room("all-hands", members=10)
    assert room.display_name == "All Hands!"
    [log] = await rest.all("logs")
    assert log["type"] == "video_conference_session"
    assert await rest.all("rooms") == []
    shown = await rest.get(f"conferences/{made['id']}", include_active_session="true")
    assert shown["active_session"]["max_members"] == 10
    (await rest.ask("GET", "rooms/all-hands")).refused(404)


async def test_what_runs_in_a_conference_is_told_to_clients(
    mock: SpaceHandle, rest: Rest, client: SignalWire
) -> None:
    made = await rest.post("conferences", {"display_name": "Meeting", "record_on_start": True})
    streams = f"conferences/{made['id']}/streams"
    reply = await rest.ask("POST", streams, {"url": "rtmp://a.example/live"})
    assert reply.status == 200
    await mock.start_room("meeting")
    await mock.advance(0)
    [session] = await client.video.get_room_sessions()
    assert [each.url for each in await session.get_streams()] == ["rtmp://a.example/live"]
    [recording] = await session.get_recordings()
    assert (await rest.get(f"room_recordings/{recording.id}"))["status"] == "recording"
    told: list[str] = []
    await session.listen(
        on_stream_started=lambda stream: told.append("started"),
        on_stream_ended=lambda stream: told.append("ended"),
    )
    second = await rest.post(streams, {"url": "rtmps://b.example/live"})
    await mock.wait_for("video.stream.started", {"stream": {"url": "rtmps://b.example/live"}})
    assert [each["id"] for each in await rest.all(streams)] == [reply.json["id"], second["id"]]
    await rest.ok("DELETE", f"streams/{second['id']}")
    await mock.wait_for("video.stream.ended", {"stream": {"url": "rtmps://b.example/live"}})
    await mock.advance(0)
    assert told == ["started", "ended"]


async def test_a_token_of_a_conference_is_reset(rest: Rest) -> None:
    made = await rest.post("conferences", {"display_name": "Meeting"})
    guest, moderator = await rest.all(f"conferences/{made['id']}/conference_tokens")
    assert (guest["name"], moderator["name"]) == ("Guest", "Moderator")
    again = await rest.ok("POST", f"conference_tokens/{guest['id']}/reset")
    assert again["id"] == guest["id"]
    assert again["token"] != guest["token"]
    assert await rest.get(f"conference_tokens/{guest['id']}") == again
    assert (await rest.ask("DELETE", f"conferences/{made['id']}")).status == 204
    (await rest.ask("GET", f"conference_tokens/{guest['id']}")).refused(404)


async def test_logs_are_found_by_their_day(mock: SpaceHandle, rest: Rest) -> None:
    first = await mock.start_room("lobby")
    await mock.advance(86_400)
    second = await mock.start_room("hall")

    async def urls(**query: str) -> list[str]:
        found = await rest.all("logs", **query)
        return [each["url"].rpartition("/")[2] for each in found]

    assert await urls() == [second.id, first.id]
    assert await urls(created_on="2025-01-01") == [first.id]
    assert await urls(created_after="2025-01-01T12:00:00Z") == [second.id]
    assert await urls(created_before="2025-01-02") == [first.id]
    [log] = await rest.all("logs", created_on="2025-01-02T17:00:00+01:00")
    assert log["id"] == str(uuid5(NAMESPACE_URL, f"log of {second.id}"))
    assert await rest.get(f"logs/{log['id']}") == log
    assert (await rest.fetch(log["url"])).status == 401
