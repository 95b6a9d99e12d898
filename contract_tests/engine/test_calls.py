"""What calls are answered with, and when: refusals, errors, answers before and after events."""

from __future__ import annotations

from traceback import walk_tb
from typing import Any

import pytest

from mockserver import schemas
from mockserver.engine import CALLS, RoomSession
from mockserver.protocol import catalogue, frames
from mockserver.protocol.errors import Refusal

from .harness import MS, Client, MakeWorld, S, World, recording_calls

latencies = pytest.mark.parametrize("latency_us", [0, 30 * MS], ids=["at-once", "30ms"])
NO_SUCH_ROOM = "00000000-0000-4000-8000-000000000000"


def room_calls(client: Client, room_session_id: str, recording_id: str) -> dict[str, Any]:
    """The results of all calls that name a room, with params as their schemas have for example."""
    results = {}
    for method in sorted(each for each in catalogue.CLIENT_CALLS if each.startswith("video.")):
        params = schemas.load(f"calls/{method}")["examples"][0]
        ids = {"room_session_id": room_session_id, "recording_id": recording_id}
        if "room_session_id" in params:
            params = {**params, **{name: ids[name] for name in ids.keys() & params.keys()}}
            results[method] = client.result(method, **params)
    assert len(results) > 40
    return results


def test_every_call_of_the_catalogue_is_served() -> None:
    assert {*CALLS, "signalwire.connect"} == catalogue.CLIENT_CALLS


# What is there


def test_rooms_and_members_are_told_as_they_are(world: World) -> None:
    client = world.connected()
    assert client.result("video.rooms.get") == {"code": "200", "message": "OK", "rooms": []}
    lobby = world.start_room("lobby", members=["Ann", "Bob"], display_name="The Lobby")
    attic = world.start_room("attic", members=1)
    rooms = client.result("video.rooms.get")["rooms"]
    assert [room["name"] for room in rooms] == ["lobby", "attic"]
    assert rooms[0] == client.result("video.room.get", room_session_id=lobby.id)["room"]
    assert rooms[0]["display_name"] == "The Lobby"
    members = client.result("video.members.get", room_session_id=lobby.id)["members"]
    assert [member["name"] for member in members] == ["Ann", "Bob"]
    assert members == rooms[0]["members"]
    assert {member["room_session_id"] for member in members} == {lobby.id}
    world.do(world.video.end_room, lobby)
    assert [room["id"] for room in client.result("video.rooms.get")["rooms"]] == [attic.id]


def test_recordings_are_listed_with_those_that_have_ended(world: World) -> None:
    client = world.connected()
    room = world.start_room()
    call = recording_calls(client, room)
    assert call("list")["recordings"] == []
    first = call("start")["recording"]
    call("stop", first["id"])
    second = call("start")["recording"]
    states = [(each["id"], each["state"]) for each in call("list")["recordings"]]
    assert states == [(first["id"], "completed"), (second["id"], "recording")]
    full = client.result("video.room.get", room_session_id=room.id)["room"]
    assert full["recordings"] == call("list")["recordings"]
    assert full["recording"] is True


def test_a_room_that_starts_again_keeps_its_id_and_has_a_new_session(world: World) -> None:
    world.connected()
    first = world.start_room()
    with pytest.raises(Refusal, match='"lobby" is running already'):
        world.start_room()
    world.do(world.video.end_room, first)
    second = world.start_room()
    assert first.room_id == second.room_id
    assert first.id != second.id
    assert first.channel != second.channel


# Refusals


def test_an_unknown_room_is_not_found(world: World) -> None:
    client = world.connected()
    there = world.start_room()
    for method, result in room_calls(client, NO_SUCH_ROOM, NO_SUCH_ROOM).items():
        assert result["code"] == "404", method
        assert NO_SUCH_ROOM in result["message"], method
        assert there.id in result["message"], method
    world.settle()
    assert client.events == []


def test_a_room_of_another_project_is_not_found_and_not_named(world: World) -> None:
    world.connected("ours").result("video.rooms.get")
    ours = world.start_room()
    recording = world.do(world.video.start_media, ours, "recording")
    stranger = world.connected("theirs")
    for method, result in room_calls(stranger, ours.id, recording.id).items():
        assert result["code"] == "404", method
        assert ours.name not in result["message"], method
    assert stranger.subscribe(ours.channel, "video.recording.ended")["code"] == "404"
    assert stranger.result("video.rooms.get")["rooms"] == []
    assert recording.state == "recording"


def test_a_room_that_has_ended_is_not_found_and_says_so(world: World) -> None:
    client = world.connected()
    room = world.start_room()
    recording = world.do(world.video.start_media, room, "recording")
    world.do(world.video.end_room, room)
    for method, result in room_calls(client, room.id, recording.id).items():
        assert result["code"] == "404", method
        assert "has ended" in result["message"], method
    with pytest.raises(Refusal, match="has ended"):
        world.do(world.video.start_media, room, "recording")
    with pytest.raises(Refusal, match="has ended"):
        world.do(world.video.end_room, room)


@pytest.mark.parametrize("verb", ["pause", "resume", "stop"])
def test_an_unknown_recording_is_not_found(world: World, verb: str) -> None:
    client = world.connected()
    room, other = world.start_room("lobby"), world.start_room("attic")
    mine = recording_calls(client, room)("start")["recording"]["id"]
    elsewhere = recording_calls(client, other)("start")["recording"]["id"]
    for unknown in (NO_SUCH_ROOM, elsewhere):
        result = recording_calls(client, room)(verb, unknown)
        assert result["code"] == "404"
        assert unknown in result["message"]
        assert mine in result["message"]


def test_an_unknown_channel_is_not_found(world: World) -> None:
    client = world.connected()
    room = world.start_room()
    result = client.subscribe("room.nowhere", "video.recording.started")
    assert result["code"] == "404"
    assert all(word in result["message"] for word in ("room.nowhere", "video.rooms", room.channel))
    assert "room.nowhere" not in client.session.subscriptions


# Errors


@pytest.mark.parametrize(
    ("method", "nearest"),
    [
        ("video.recording.strat", "video.recording.start"),
        ("startRecording", "video.recording.start"),
        ("video.recordings.list", "video.recording.list"),
        ("signalwire.suscribe", "signalwire.subscribe"),
    ],
)
def test_an_unknown_method_is_told_the_nearest(world: World, method: str, nearest: str) -> None:
    error = world.connected().error(method)
    assert error["code"] == -32601
    assert nearest in error["message"]
    assert error["data"]["nearest"][0] == nearest


def test_methods_of_the_server_are_not_for_clients(world: World) -> None:
    error = world.connected().error("signalwire.event", event_type="video.room.started")
    assert error["code"] == -32601
    assert "called by the server" in error["message"]


def test_wrong_params_have_no_effect(world: World) -> None:
    client = world.connected()
    room = world.start_room()
    error = client.error("video.recording.start", room_session_id=7)
    assert error["code"] == -32602
    assert error["data"]["problems"][0]["path"] == "$.params.room_session_id"
    assert room.activities["recording"] == {}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"not json", -32700),
        (b"", -32700),
        (b'\xff"', -32700),
        (b"[]", -32600),
        (b'"text"', -32600),
        (b"{}", -32600),
        (b'{"jsonrpc":"2.0","id":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":"x","method":"video.rooms.get"}', -32600),
        (b'{"jsonrpc":"2.0","id":"x","method":["a"],"params":{}}', -32600),
    ],
)
@pytest.mark.parametrize("is_connected", [True, False], ids=["connected", "stray"])
def test_what_is_no_call_is_answered_with_an_error(
    world: World, text: bytes, code: int, is_connected: bool
) -> None:
    client = world.connected() if is_connected else world.client()
    seen = len(client.frames)
    client.send(text)
    (answer,) = client.frames[seen:]
    assert answer["error"]["code"] == code
    assert answer["id"] == ("x" if b'"x"' in text else None)
    assert not client.is_closed()


@pytest.mark.parametrize(
    "text",
    [
        b'{"jsonrpc":"2.0","id":"x","result":7}',
        b'{"jsonrpc":"2.0","result":{}}',
        b'{"jsonrpc":"2.0","method":"video.rooms.get","params":{}}',
        b'{"jsonrpc":"2.0","method":"no.such.method"}',
    ],
)
@pytest.mark.parametrize("is_connected", [True, False], ids=["connected", "stray"])
def test_a_bad_answer_or_notification_deserves_no_answer(
    world: World, text: bytes, is_connected: bool
) -> None:
    client = world.connected() if is_connected else world.client()
    seen = len(client.frames)
    client.send(text)
    assert client.frames[seen:] == []
    journal = world.space.journal if is_connected else world.gate.strays
    (*_, noted) = journal.entries()
    assert noted["direction"] == "to_server"
    assert not noted["valid"]


def test_a_ping_is_answered_with_its_time(world: World) -> None:
    assert world.connected().result("signalwire.ping", timestamp=12.5) == {"timestamp": 12.5}


# Answers and events


def order_of(client: Client, seen: int) -> list[str]:
    return [
        frame["params"]["event_type"].removeprefix("video.") if frames.is_event(frame) else "answer"
        for frame in client.frames[seen:]
    ]


def recorded(world: World) -> tuple[Client, RoomSession, str]:
    client = world.connected()
    room = world.start_room()
    client.follow(room)
    recording_id = recording_calls(client, room)("start")["recording"]["id"]
    world.settle()
    return client, room, recording_id


@latencies
def test_answers_come_before_the_events_that_they_cause(
    make_world: MakeWorld, latency_us: int
) -> None:
    world = make_world(latency_us=latency_us)
    client = world.connected()
    room = world.start_room()
    client.follow(room)
    seen = len(client.frames)
    call = recording_calls(client, room)
    recording_id = call("start")["recording"]["id"]
    world.settle()
    call("pause", recording_id)
    world.settle()
    call("stop", recording_id)
    world.settle()
    assert order_of(client, seen) == [
        "answer", "recording.started", "room.updated",
        "answer", "recording.updated",
        "answer", "recording.ended", "room.updated",
    ]  # fmt: skip


@latencies
def test_events_follow_by_the_latency_exactly(make_world: MakeWorld, latency_us: int) -> None:
    world = make_world(latency_us=latency_us)
    client, room, recording_id = recorded(world)
    seen, asked = len(client.frames), world.clock.now()
    recording_calls(client, room)("pause", recording_id)
    if latency_us:
        world.wait(latency_us - 1)
        assert order_of(client, seen) == ["answer"]
        world.wait(1)
    assert order_of(client, seen) == ["answer", "recording.updated"]
    assert client.event_frames[-1]["params"]["timestamp"] == asked / S


@latencies
def test_an_answer_after_its_events(make_world: MakeWorld, latency_us: int) -> None:
    world = make_world(latency_us=latency_us)
    client, room, recording_id = recorded(world)
    seen = len(client.frames)
    world.script.plan("video.recording.stop", after_events=True)
    ids = {"room_session_id": room.id, "recording_id": recording_id}
    call_id = client.call("video.recording.stop", **ids)
    if latency_us:
        assert client.answer_to(call_id) is None
    world.wait(latency_us)
    assert order_of(client, seen) == ["recording.ended", "room.updated", "answer"]


def test_an_answer_after_its_events_may_be_later_still(world: World) -> None:
    client, room, recording_id = recorded(world)
    seen = len(client.frames)
    world.script.plan("video.recording.stop", after_events=True, delay_us=2 * S)
    call_id = client.call(
        "video.recording.stop", room_session_id=room.id, recording_id=recording_id
    )
    world.wait(2 * S - 1)
    assert order_of(client, seen) == ["recording.ended", "room.updated"]
    world.wait(1)
    assert client.answer_to(call_id) is not None


def test_an_answer_after_events_comes_also_when_there_are_none(world: World) -> None:
    client = world.connected()
    world.script.plan("video.rooms.get", after_events=True)
    call_id = client.call("video.rooms.get")
    world.settle()
    assert client.answer_to(call_id) is not None


@latencies
def test_a_late_answer_brings_its_events_late(make_world: MakeWorld, latency_us: int) -> None:
    """The call is handled late: nothing has happened before."""
    world = make_world(latency_us=latency_us)
    client, room, recording_id = recorded(world)
    seen, asked = len(client.frames), world.clock.now()
    world.script.plan("video.recording.stop", delay_us=3 * S)
    ids = {"room_session_id": room.id, "recording_id": recording_id}
    call_id = client.call("video.recording.stop", **ids)
    world.wait(3 * S - 1)
    assert client.frames[seen:] == []
    assert room.activities["recording"][recording_id].state == "recording"
    world.wait(1)
    assert client.answer_to(call_id) is not None
    world.settle()
    assert order_of(client, seen) == ["answer", "recording.ended", "room.updated"]
    ended = client.events[-2][1]["recording"]
    assert ended["ended_at"] == (asked + 3 * S) / S


def test_a_late_call_is_judged_by_what_is_true_then(world: World) -> None:
    client, room, recording_id = recorded(world)
    world.script.plan("video.recording.stop", delay_us=S)
    ids = {"room_session_id": room.id, "recording_id": recording_id}
    late = client.call("video.recording.stop", **ids)
    assert client.result("video.recording.stop", **ids)["code"] == "200"
    world.wait(S)
    answer = client.answer_to(late)
    assert answer is not None
    assert answer["result"]["code"] == "409"


def test_a_call_that_is_answered_otherwise_has_no_effect(world: World) -> None:
    client, room, recording_id = recorded(world)
    world.script.plan("video.recording.pause", instead=Refusal("403", "not now"))
    call = recording_calls(client, room)
    seen = len(client.events)
    assert call("pause", recording_id) == {"code": "403", "message": "not now"}
    world.settle()
    assert client.events[seen:] == []
    assert room.activities["recording"][recording_id].state == "recording"


def test_a_refusal_for_many_calls_does_not_grow_with_them(world: World) -> None:
    client, room, recording_id = recorded(world)
    refusal = Refusal("403", "not now")
    call = recording_calls(client, room)
    depths = []
    for _ in range(3):
        world.script.plan("video.recording.pause", instead=refusal)
        call("pause", recording_id)
        depths.append(len(list(walk_tb(refusal.__traceback__))))
    assert depths[0] == depths[1] == depths[2]


def test_events_keep_their_order_when_the_latency_falls(world: World) -> None:
    client, room, recording_id = recorded(world)
    seen = len(client.frames)
    world.space.latency_us = S
    call = recording_calls(client, room)
    call("pause", recording_id)
    world.space.latency_us = 0
    call("resume", recording_id)
    call("stop", recording_id)
    world.settle()
    told = [frame for frame in order_of(client, seen) if frame != "answer"]
    assert told == ["recording.updated", "recording.updated", "recording.ended", "room.updated"]


def test_calls_of_a_lost_connection_have_no_effect_later(world: World) -> None:
    client, room, recording_id = recorded(world)
    world.script.plan("video.recording.stop", delay_us=S)
    ids = {"room_session_id": room.id, "recording_id": recording_id}
    call_id = client.call("video.recording.stop", **ids)
    client.lose()
    client.resume()
    world.settle()
    assert client.answer_to(call_id) is None
    assert room.activities["recording"][recording_id].state == "recording"
