"""Every command, played by the client stub against a server: what arrives there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockserver import scenarios
from mockserver.cli.demo.play import Played, play
from mockserver.scenarios.commands import COMMANDS, EVERYBODY
from mockserver.server import Server, Settings

HEAD = """
scenario: commands
about: x
latency: 0s
rooms: {lobby: {members: [Ann, Bob]}}
script:
  - when: {subscribed: video.rooms}
    do: start_room
client:
  - on: {event: video.room.started}
    do: {listen: room}
"""

# In one room, one after the other: the command, and the call that it makes with its params.
ROOM: list[tuple[Any, str, dict[str, Any]]] = [
    ("get_rooms", "video.rooms.get", {}),
    ("get_room", "video.room.get", {}),
    ("get_members", "video.members.get", {}),
    ("get_layouts", "video.list_available_layouts", {}),
    ("get_meta", "video.get_meta", {}),
    ("lock", "video.lock", {}),
    ("unlock", "video.unlock", {}),
    ({"set_layout": "3x3"}, "video.set_layout", {"name": "3x3"}),
    ({"set_meta": {"a": 1}}, "video.set_meta", {"meta": {"a": 1}}),
    ({"update_meta": {"b": 2}}, "video.update_meta", {"meta": {"b": 2}}),
    ("hide_video_muted", "video.hide_video_muted", {}),
    ("show_video_muted", "video.show_video_muted", {}),
    ("prioritize_handraise", "video.prioritize_handraise", {"enable": True}),
    ({"audio_mute": "all"}, "video.member.audio_mute", {"member_id": "all"}),
    ({"audio_unmute": "Ann"}, "video.member.audio_unmute", {"member_id": "Ann"}),
    ({"video_mute": "Bob"}, "video.member.video_mute", {"member_id": "Bob"}),
    ({"video_unmute": "all"}, "video.member.video_unmute", {"member_id": "all"}),
    ({"deaf": "Ann"}, "video.member.deaf", {"member_id": "Ann"}),
    ({"undeaf": "Ann"}, "video.member.undeaf", {"member_id": "Ann"}),
    (
        {"set_input_volume": {"member": "Ann", "volume": -3}},
        "video.member.set_input_volume",
        {"member_id": "Ann", "volume": -3},
    ),
    (
        {"set_output_volume": {"member": "all", "volume": 3}},
        "video.member.set_output_volume",
        {"member_id": "all", "volume": 3},
    ),
    (
        {"set_input_sensitivity": {"member": "Bob", "value": 50}},
        "video.member.set_input_sensitivity",
        {"member_id": "Bob", "value": 50},
    ),
    ({"raise_hand": "Ann"}, "video.member.raisehand", {"member_id": "Ann"}),
    ({"lower_hand": "all"}, "video.member.lowerhand", {"member_id": "all"}),
    ({"remove": "Bob"}, "video.member.remove", {"member_id": "Bob"}),
    ({"start_stream": {"url": "rtmp://u", "as": "s"}}, "video.stream.start", {"url": "rtmp://u"}),
    ({"start_recording": {"as": "r"}}, "video.recording.start", {}),
    (
        {"play": {"url": "https://u", "volume": -3}},
        "video.playback.start",
        {"url": "https://u", "volume": -3},
    ),
    ("pause", "video.playback.pause", {}),
    ("resume", "video.playback.resume", {}),
    ({"set_volume": -9}, "video.playback.set_volume", {"volume": -9}),
    ({"seek": 9000}, "video.playback.seek_absolute", {"position": 9000}),
    ({"forward": 500}, "video.playback.seek_relative", {"position": 500}),
    ({"rewind": 500}, "video.playback.seek_relative", {"position": -500}),
    ({"pause": "r"}, "video.recording.pause", {}),
    ({"resume": {"media": "r"}}, "video.recording.resume", {}),
    ("get_playbacks", "video.playback.list", {}),
    ("get_recordings", "video.recording.list", {}),
    ("get_streams", "video.stream.list", {}),
    ("stop", "video.stream.stop", {}),
    ("disconnect", "", {}),
]


async def played(commands: list[Any], tmp_path: Path, more: str = "") -> tuple[Played, list[Any]]:
    """Play them in one step; gives how it went, and the calls that came, with names for ids."""
    path = tmp_path / "commands.yaml"
    path.write_text(f"{HEAD}  - do: {commands}\n{more}")
    server = Server(Settings(port=0, space={"speed": 20, "scenario": str(path)}))
    await server.start()
    try:
        scenario = scenarios.load(path)
        done = await play(scenario, host=server.url, project="p", token="t", speed=20, timeout_s=10)
    finally:
        await server.stop()
    assert server.bugs == []
    frames = [entry["frame"] for entry in server.gate.spaces["p"].journal.entries()]
    names = {
        member["id"]: member["name"]
        for frame in frames
        for member in frame.get("result", {}).get("members", ())
    }
    calls = [
        (frame["method"], {key: names.get(str(value), value) for key, value in params.items()})
        for frame in frames
        if (params := frame.get("params")) is not None and frame["method"] != "signalwire.event"
    ]
    return done, calls


async def test_each_command_makes_its_call(tmp_path: Path) -> None:
    done, calls = await played([command for command, *_ in ROOM], tmp_path)
    assert done.problems == []
    ids = {"room_session_id", "recording_id", "playback_id", "stream_id"}
    said = [
        (method, {key: value for key, value in params.items() if key not in ids})
        for method, params in calls
        if method.startswith("video.")
    ]
    # Who is meant by a name is looked up each time.
    expected: list[tuple[str, dict[str, Any]]] = []
    for _, method, params in ROOM:
        if params.get("member_id", EVERYBODY) != EVERYBODY:
            expected.append(("video.members.get", {}))
        if method:
            expected.append((method, params))
    assert said == expected


def test_every_command_is_played_here() -> None:
    assert {next(iter(c)) if isinstance(c, dict) else c for c, *_ in ROOM} | {
        "connect",
        "listen",
    } == COMMANDS.keys()


async def test_of_a_member_who_is_not_there_the_server_says_so(tmp_path: Path) -> None:
    refused = "    refused: {code: '404'}\n"
    done, calls = await played([{"audio_mute": "Carl"}], tmp_path, refused)
    assert done.problems == []
    assert calls[-1][1]["member_id"] == "Carl"


@pytest.mark.parametrize("start", [{"play": "https://u"}, {"start_stream": "rtmp://u"}])
async def test_a_start_that_is_refused_says_so(start: dict[str, str], tmp_path: Path) -> None:
    method = "video.playback.start" if "play" in start else "video.stream.start"
    rule = f"answers: [{{to: {method}, with: {{code: '403', message: no}}}}]\n"
    done, _ = await played([start], tmp_path, "    refused: {code: '403'}\n" + rule)
    assert done.problems == []
