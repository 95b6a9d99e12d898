"""What each fault of frames does to the frames that a client gets."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from mockserver.protocol import frames

from ..harness import MS, RECORDING_EVENTS, Client, MakeWorld, S, World
from ..video.followed import FollowedRoom
from .people import JOINED, join, joined

STARTED, UPDATED, ENDED = RECORDING_EVENTS


def record(lobby: FollowedRoom, *verbs: str) -> list[tuple[str, str]]:
    """Start a recording and do this with it; returns what came of it, without what was before."""
    before = len(lobby.client.events)
    lobby.perform("start_recording")
    for verb in verbs:
        lobby.world.wait(S)
        lobby.perform(f"{verb}_recording")
    lobby.world.wait(S)
    return states(lobby.client, before)


def states(client: Client, since: int = 0) -> list[tuple[str, str]]:
    """Of each event of a recording: the last part of its type, and the state."""
    return [
        (type_.rpartition(".")[2], params["recording"]["state"])
        for type_, params in client.events[since:]
        if type_ in RECORDING_EVENTS
    ]


def marked(world: World) -> list[tuple[str, str]]:
    """Of each frame that a fault was at work on: the fault, and what the frame is."""
    return [
        (each["fault"], (each["frame"] or {}).get("params", {}).get("event_type", ""))
        for each in world.entries(world.space)
        if "fault" in each
    ]


def event_ids(client: Client, type_: str) -> list[str]:
    return [each["id"] for each in client.event_frames if each["params"]["event_type"] == type_]


# Twice


@pytest.mark.parametrize(("which", "ids"), [("same", 1), ("other", 2)])
def test_an_event_comes_twice(world: World, lobby: FollowedRoom, which: str, ids: int) -> None:
    world.space.faults.inject("duplicate", events=JOINED, id=which)
    join(lobby, "Dora", "Emil")
    assert joined(lobby.client) == ["Dora", "Dora", "Emil"]
    assert len(set(event_ids(lobby.client, JOINED))) == ids + 1
    assert marked(world) == [("duplicate", JOINED)]


def test_the_second_comes_later(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("duplicate", events=JOINED, after="5s")
    join(lobby, "Dora", "Emil")
    assert joined(lobby.client) == ["Dora", "Emil"]
    world.wait(5 * S)
    assert joined(lobby.client) == ["Dora", "Emil", "Dora"]


def test_the_second_does_not_come_to_another_connection(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("duplicate", events=JOINED, after="5s")
    join(lobby, "Dora")
    lobby.client.lose()
    lobby.client.resume()
    world.wait(5 * S)
    assert joined(lobby.client) == ["Dora"]


# Late


def test_those_behind_a_late_frame_wait_for_it(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("delay", events=JOINED, by="2s")
    join(lobby, "Dora")
    answer = lobby.client.call("video.rooms.get")
    join(lobby, "Emil")
    assert joined(lobby.client) == []
    assert lobby.client.answer_to(answer) is None
    world.wait(2 * S)
    assert joined(lobby.client) == ["Dora", "Emil"]
    assert lobby.client.answer_to(answer) is not None
    join(lobby, "Fay")
    assert joined(lobby.client) == ["Dora", "Emil", "Fay"]
    assert world.space.faults.active == []


def test_each_of_several_late_frames_is_as_late(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("delay", events=JOINED, by="1s", times=2)
    lobby.perform("join", name="Dora")
    world.wait(500 * MS)
    lobby.perform("join", name="Emil")
    world.wait(530 * MS)
    assert joined(lobby.client) == ["Dora"]
    world.wait(499 * MS)
    assert joined(lobby.client) == ["Dora"]
    world.wait(MS)
    assert joined(lobby.client) == ["Dora", "Emil"]


def test_a_late_frame_can_be_overtaken(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("delay", events=JOINED, by="2s", overtaken=True)
    join(lobby, "Dora", "Emil")
    assert joined(lobby.client) == ["Emil"]
    world.wait(2 * S)
    assert joined(lobby.client) == ["Emil", "Dora"]
    assert marked(world) == [("delay", JOINED)] * 2


def test_the_other_clients_are_not_late(world: World, lobby: FollowedRoom) -> None:
    other = world.connected()
    other.follow(lobby.session)
    world.space.faults.inject("delay", events=JOINED, session="s1", by="2s")
    join(lobby, "Dora")
    assert (joined(lobby.client), joined(other)) == ([], ["Dora"])


@pytest.mark.parametrize("acknowledges", [True, False])
def test_a_late_event_whose_connection_is_lost_comes_once_after_the_resume(
    world: World, acknowledges: bool
) -> None:
    world.connected()
    room = world.start_room()
    client = world.client(replies=acknowledges)
    client.connect(event_acks=acknowledges)
    client.follow(room)
    world.space.faults.inject("delay", events=JOINED, by="2s")
    world.do(world.video.join, room, "Dora")
    world.wait(S)
    client.lose()
    client.open()
    client.connect(client.protocol, event_acks=acknowledges)
    world.wait(10 * S)
    assert joined(client) == ["Dora"]


def test_a_call_can_be_late(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("delay", direction="to_server", method="video.lock", by="2s")
    call = lobby.client.call("video.lock", room_session_id=lobby.session.id)
    world.wait(1999 * MS)
    assert lobby.client.answer_to(call) is None
    world.wait(MS)
    assert lobby.client.answer_to(call) is not None
    assert lobby.session.properties["locked"] is True
    assert marked(world) == [("delay", "")]


def test_nobody_waits_for_the_acknowledgement_of_a_late_event(
    world: World, lobby: FollowedRoom
) -> None:
    world.space.faults.inject("delay", events=JOINED, by="2s")
    lobby.client.replies = False
    join(lobby, "Dora")
    assert not world.space.owes_acknowledgements()
    world.wait(2 * S)
    assert world.space.owes_acknowledgements()


# In another order


def test_frames_of_a_window_come_in_another_order(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("reorder", events=JOINED, window=4)
    join(lobby, "Dora", "Emil", "Fay")
    assert joined(lobby.client) == []
    join(lobby, "Gus", "Hal")
    came = joined(lobby.client)
    assert sorted(came) == ["Dora", "Emil", "Fay", "Gus", "Hal"]
    assert came[:4] != ["Dora", "Emil", "Fay", "Gus"]
    assert came[4] == "Hal"
    assert marked(world) == [("reorder", JOINED)] * 8


def test_the_order_is_drawn_from_the_seed(make_world: MakeWorld) -> None:
    def order(seed: int) -> list[str]:
        world = make_world(seed=seed)
        lobby = FollowedRoom(world)
        world.space.faults.inject("reorder", events=JOINED, window=6)
        join(lobby, *"012345")
        return joined(lobby.client)

    assert order(1) == order(1)
    assert len({tuple(order(seed)) for seed in range(5)}) > 1


def test_a_window_that_does_not_fill_is_sent_after_its_time(
    world: World, lobby: FollowedRoom
) -> None:
    world.space.faults.inject("reorder", events=JOINED, window=9, within="3s")
    join(lobby, "Dora", "Emil")
    world.wait(3 * S)
    assert joined(lobby.client) == ["Emil", "Dora"]
    assert world.space.faults.active == []


@pytest.mark.parametrize(
    ("delayed", "order"),
    [
        (STARTED, [("updated", "paused"), ("started", "recording"), ("ended", "completed")]),
        (UPDATED, [("started", "recording"), ("ended", "completed"), ("updated", "paused")]),
    ],
)
def test_events_of_a_thing_come_in_a_wrong_order(
    world: World, lobby: FollowedRoom, delayed: str, order: list[tuple[str, str]]
) -> None:
    world.space.faults.inject("wrong_order", events=delayed)
    assert record(lobby, "pause", "stop") == order
    assert world.space.faults.active == []


def test_an_event_that_is_followed_by_no_other_comes_in_the_end(
    world: World, lobby: FollowedRoom
) -> None:
    world.space.faults.inject("wrong_order", events=STARTED, within="5s")
    assert record(lobby) == []
    world.wait(5 * S)
    assert states(lobby.client) == [("started", "recording")]


# Not as the schema says


def corrupted(world: World, lobby: FollowedRoom, **how: Any) -> tuple[bytes, dict[str, Any]]:
    """The bytes of an event that came corrupted, and the event as it was meant."""
    lobby.told()
    world.space.faults.inject("corrupt", events=STARTED, **how)
    lobby.perform("start_recording")
    world.clock.move(world.clock.now() + world.latency_us)
    world.space.tick()
    came = lobby.client.connection.take()
    (entry,) = (each for each in world.entries(world.space) if "fault" in each)
    assert entry["fault"] == "corrupt"
    meant: dict[str, Any] = entry["meant"]
    assert meant["params"]["event_type"] == STARTED
    return came[0], meant


def test_the_text_is_no_json(world: World, lobby: FollowedRoom) -> None:
    data, meant = corrupted(world, lobby, how="invalid_json")
    assert orjson.dumps(meant).startswith(data)
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(data)


def test_a_field_has_another_type(world: World, lobby: FollowedRoom) -> None:
    data, meant = corrupted(world, lobby, how="wrong_type", field="recording.state")
    frame = orjson.loads(data)
    assert frame["params"]["params"]["recording"].pop("state") == [0]
    del meant["params"]["params"]["recording"]["state"]
    assert frame == meant


def test_a_field_is_missing(world: World, lobby: FollowedRoom) -> None:
    data, meant = corrupted(world, lobby, how="missing_field", field="recording.id")
    frame = orjson.loads(data)
    del meant["params"]["params"]["recording"]["id"]
    assert frame == meant


def test_the_field_is_drawn_from_the_seed(make_world: MakeWorld) -> None:
    def missing(seed: int) -> str:
        world = make_world(seed=seed)
        data, meant = corrupted(world, FollowedRoom(world), how="missing_field")
        return str(paths(meant) - paths(orjson.loads(data)))

    assert missing(1) == missing(1)
    assert len({missing(seed) for seed in range(8)}) > 1


def paths(value: Any, prefix: str = "") -> set[str]:
    if not isinstance(value, dict):
        return {prefix}
    return {prefix}.union(*(paths(one, f"{prefix}.{key}") for key, one in value.items()))


def test_the_type_of_the_event_is_unknown(world: World, lobby: FollowedRoom) -> None:
    data, meant = corrupted(world, lobby, how="unknown_event_type")
    frame = orjson.loads(data)
    assert frame["params"].pop("event_type") == "video.unheard_of.happened"
    del meant["params"]["event_type"]
    assert frame == meant


def test_there_is_a_field_that_nobody_knows(world: World, lobby: FollowedRoom) -> None:
    data, meant = corrupted(world, lobby, how="unknown_field")
    frame = orjson.loads(data)
    assert frame["params"]["params"].pop("unheard_of") == {"value": 1}
    assert frame == meant


def test_the_frame_is_oversized(world: World, lobby: FollowedRoom) -> None:
    data, _ = corrupted(world, lobby, how="oversized", bytes=50_000)
    assert 50_000 < len(data) < 60_000


def test_a_frame_without_the_field_is_passed_over(world: World, lobby: FollowedRoom) -> None:
    injection = world.space.faults.inject("corrupt", field="recording.state")
    join(lobby, "Dora")
    assert joined(lobby.client) == ["Dora"]
    assert injection.struck == 0


def test_an_answer_is_corrupted(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject(
        "corrupt", method="video.rooms.get", how="missing_field", field="rooms"
    )
    assert "rooms" not in lobby.client.result("video.rooms.get")
    assert "rooms" in lobby.client.result("video.rooms.get")


# From another time


def test_the_timestamp_is_from_the_past(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("old_timestamp", events=JOINED, by="2h")
    join(lobby, "Dora", "Emil")
    first, second = (
        each["params"]["timestamp"]
        for each in lobby.client.event_frames
        if each["params"]["event_type"] == JOINED
    )
    assert second - first == pytest.approx(7200.01)


def test_a_state_that_is_over_is_sent_again(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("stale_state", events=UPDATED)
    assert record(lobby, "pause", "resume", "stop") == [
        ("started", "recording"),
        ("updated", "paused"),
        ("started", "recording"),
        ("updated", "recording"),
        ("ended", "completed"),
    ]
    first, again = (
        each for each in lobby.client.event_frames if each["params"]["event_type"] == STARTED
    )
    assert first["id"] != again["id"]
    assert first["params"] == again["params"]


def test_an_event_comes_after_the_end(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("event_after_end", after="100ms")
    assert record(lobby, "pause", "stop") == [
        ("started", "recording"),
        ("updated", "paused"),
        ("ended", "completed"),
        ("updated", "paused"),
    ]
    (end,) = (each for each in lobby.client.event_frames if each["params"]["event_type"] == ENDED)
    after = lobby.client.event_frames[-1]
    assert after["params"]["timestamp"] > end["params"]["timestamp"]


def test_an_event_comes_to_who_has_not_subscribed_it(world: World, lobby: FollowedRoom) -> None:
    stranger = world.connected()
    world.space.faults.inject("event_before_subscription", events=JOINED)
    join(lobby, "Dora", "Emil")
    assert joined(lobby.client) == ["Dora", "Emil"]
    assert joined(stranger) == ["Dora"]
    assert marked(world) == [("event_before_subscription", JOINED)]


# Answers


def test_a_call_is_refused(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("refuse", method="video.lock", code="409", message="busy")
    assert lobby.call("lock") == {"code": "409", "message": "busy"}
    assert lobby.session.properties["locked"] is False
    assert lobby.call("lock")["code"] == "200"
    assert marked(world) == [("refuse", "")]


def test_a_call_fails(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("refuse", error=-32603, message="out of order")
    error = lobby.client.error("video.lock", room_session_id=lobby.session.id)
    assert (error["code"], error["message"]) == (-32603, "out of order")


def test_a_connect_is_refused(world: World) -> None:
    world.connected()
    world.space.faults.inject("refuse", method="signalwire.connect")
    answer = world.client().connect()
    assert answer["error"]["code"] == -32002
    assert "result" in world.client().connect()


def test_a_call_is_never_answered_and_has_its_effect(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("never_answer", method="video.lock")
    call = lobby.client.call("video.lock", room_session_id=lobby.session.id)
    world.wait(60 * S)
    assert lobby.client.answer_to(call) is None
    assert lobby.session.properties["locked"] is True


def test_a_call_is_answered_twice(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("answer_twice", after="1s")
    call = lobby.client.call("video.rooms.get")
    world.wait(S)
    first, second = (each for each in lobby.client.frames if each["id"] == call)
    assert first == second
    assert marked(world) == [("answer_twice", "")]


def test_an_answer_comes_to_a_call_that_nobody_made(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("answer_unknown")
    call = lobby.client.call("video.rooms.get")
    stray, answer = lobby.client.frames[-2:]
    assert frames.is_answer(stray)
    assert answer["id"] == call != stray["id"]
    assert stray["result"] == answer["result"]


def test_a_late_event_comes_with_the_resume_before_what_is_new(world: World) -> None:
    world.connected()
    room = world.start_room()
    client = world.client(replies=False)
    client.connect(event_acks=False)
    client.follow(room)
    world.space.faults.inject("delay", events=JOINED, by="60s")
    world.do(world.video.join, room, "Dora")
    world.wait(S)
    client.lose()
    client.open()
    client.connect(client.protocol, event_acks=False)
    world.do(world.video.join, room, "Emil")
    world.wait(100 * S)
    assert joined(client) == ["Dora", "Emil"]


def test_late_frames_that_are_due_at_the_same_time_end_their_line_once(
    world: World, lobby: FollowedRoom
) -> None:
    world.space.faults.inject("delay", events=JOINED, by="2s", times=2)
    for name in ("Dora", "Emil"):
        world.video.join(lobby.session, name)
    world.wait(10 * S)
    assert joined(lobby.client) == ["Dora", "Emil"]
