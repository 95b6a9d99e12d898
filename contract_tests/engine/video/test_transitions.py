"""The lifecycle tables, exhaustively: every state with every verb, by clients and the service."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.engine import Activity, RoomSession, seconds
from mockserver.protocol.errors import Refusal
from mockserver.protocol.lifecycles import LIFECYCLES, Lifecycle

from ..harness import (
    HOUR,
    MS,
    START_PARAMS,
    VERB_PARAMS,
    Client,
    MakeWorld,
    S,
    World,
)

CASES = [
    pytest.param(lifecycle, state, verb, id=f"{verb}-{kind}-when-{state}")
    for kind, lifecycle in LIFECYCLES.items()
    for state in lifecycle.states
    for verb in lifecycle.verbs
]
every_case = pytest.mark.parametrize(("lifecycle", "state", "verb"), CASES)


def path_to(lifecycle: Lifecycle, state: str) -> tuple[str, ...]:
    """The shortest way from the initial state to another."""
    paths: dict[str, tuple[str, ...]] = {lifecycle.initial: ()}
    while state not in paths:
        for (source, verb), transition in lifecycle.rows.items():
            if source in paths:
                paths.setdefault(transition.state, (*paths[source], verb))
    return paths[state]


class Scene(NamedTuple):
    """A client that follows a room in which something runs."""

    world: World
    client: Client
    room: RoomSession
    media_id: str
    kind: str

    def call(self, verb: str) -> dict[str, object]:
        ids = {"room_session_id": self.room.id, f"{self.kind}_id": self.media_id}
        return self.client.result(f"video.{self.kind}.{verb}", **ids, **VERB_PARAMS.get(verb, {}))

    def listed(self) -> list[dict[str, object]]:
        method = f"video.{self.kind}.list"
        result = self.client.result(method, room_session_id=self.room.id)
        listed: list[dict[str, object]] = result[f"{self.kind}s"]
        return listed


def scene(world: World, lifecycle: Lifecycle, state: str) -> Scene:
    """Lead something of this kind into this state, a second per step."""
    client = world.connected()
    room = world.start_room()
    kind = lifecycle.kind
    client.follow(room)
    started = client.result(f"video.{kind}.start", room_session_id=room.id, **START_PARAMS[kind])
    found = Scene(world, client, room, started[kind]["id"], kind)
    for verb in path_to(lifecycle, state):
        world.wait(S)
        assert found.call(verb)["code"] == "200"
    world.wait(S)
    return found


@every_case
def test_over_the_wire(world: World, lifecycle: Lifecycle, state: str, verb: str) -> None:
    found = scene(world, lifecycle, state)
    kind = lifecycle.kind
    before, heard = found.listed(), len(found.client.events)
    assert [each["state"] for each in before] == [state]

    result = found.call(verb)
    after = found.listed()
    world.wait(world.latency_us)
    told = [event for event in found.client.events[heard:] if event[0] != "video.room.updated"]

    transition = lifecycle.transition(state, verb)
    if transition is None:
        assert result["code"] == "409"
        message = str(result["message"])
        assert found.media_id in message
        assert verb in message
        assert state in message
        allowed = lifecycle.allowed(state)
        assert all(word in message.partition(";")[2] for word in allowed or ("ended",))
        assert after == before
        assert found.client.events[heard:] == []
    else:
        assert result == {"code": "200", "message": "OK"}
        assert [each["state"] for each in after] == [transition.state]
        assert [event_type for event_type, _ in told] == [f"video.{kind}.{transition.event}"]
        assert told[0][1] == {
            "room_id": found.room.room_id,
            "room_session_id": found.room.id,
            kind: after[0],
        }
        has_ended = transition.state == lifecycle.final
        assert ("ended_at" in after[0]) == has_ended
        assert ("duration" in after[0]) == (has_ended and kind != "playback")


@every_case
def test_by_the_service(world: World, lifecycle: Lifecycle, state: str, verb: str) -> None:
    found = scene(world, lifecycle, state)
    media = found.room.activities[lifecycle.kind][found.media_id]
    happened, planned = len(world.script.happened), len(world.space.agenda)
    transition = lifecycle.transition(state, verb)
    if transition is None:
        with pytest.raises(Refusal) as refused:
            world.do(world.video.apply, found.room, media, verb, VERB_PARAMS.get(verb, {}))
        assert refused.value.code == "409"
        assert media.state == state
        assert world.script.happened[happened:] == []
        assert len(world.space.agenda) == planned
    else:
        world.do(world.video.apply, found.room, media, verb, VERB_PARAMS.get(verb, {}))
        assert media.state == transition.state
        (event, room_id), *more = world.script.happened[happened:]
        assert (event, room_id) == (f"video.{lifecycle.kind}.{transition.event}", found.room.id)
        assert {each for each, _ in more} <= {"video.room.updated"}


@pytest.mark.parametrize("kind", LIFECYCLES)
def test_the_start_is_told_as_it_is_answered(world: World, kind: str) -> None:
    found = scene(world, LIFECYCLES[kind], LIFECYCLES[kind].initial)
    event, params = found.client.events[0]
    assert event == f"video.{kind}.started"
    own = {"position": 0, "seekable": True, "volume": 0} if kind == "playback" else {}
    assert params[kind] == {
        "id": found.media_id,
        "state": LIFECYCLES[kind].initial,
        "started_at": seconds(world.clock.now() - S),
        **START_PARAMS[kind],
        **own,
    }


# Durations


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    st.lists(st.integers(min_value=0, max_value=30 * HOUR), min_size=1, max_size=12),
    st.integers(min_value=0, max_value=S),
)
def test_a_duration_is_the_time_not_paused_exactly(spans: list[int], latency_us: int) -> None:
    """Run, pause, run, pause, …: to the microsecond, whatever the latency, stopped in any state."""
    world = World(latency_us=latency_us)
    client = world.connected()
    room = world.start_room()
    client.follow(room)
    recording = client.result("video.recording.start", room_session_id=room.id)["recording"]
    ids = {"room_session_id": room.id, "recording_id": recording["id"]}
    for number, span in enumerate(spans):
        world.wait(span)
        if number < len(spans) - 1:
            client.result(f"video.recording.{('pause', 'resume')[number % 2]}", **ids)
    stopped = world.clock.now()
    client.result("video.recording.stop", **ids)
    world.settle()
    (ended,) = [params for event, params in client.events if event == "video.recording.ended"]
    assert ended["recording"] == {
        "id": recording["id"],
        "state": "completed",
        "started_at": recording["started_at"],
        "ended_at": seconds(stopped),
        "duration": seconds(sum(spans[::2])),
    }
    assert world.violations() == []


def test_refused_moves_do_not_count(world: World) -> None:
    """A refused pause leaves the recording's clock running, a refused resume leaves it still."""
    found = scene(world, LIFECYCLES["recording"], "recording")
    world.wait(2 * S)
    assert found.call("resume")["code"] == "409"
    world.wait(2 * S)
    found.call("pause")
    world.wait(2 * S)
    assert found.call("pause")["code"] == "409"
    world.wait(2 * S)
    found.call("stop")
    assert found.listed()[0]["duration"] == 5.0


# Several at once, and the room's flag


def flags(client: Client) -> list[bool]:
    return [
        params["room_session"]["recording"]
        for event, params in client.events
        if event == "video.room.updated"
    ]


@pytest.mark.parametrize("latency_us", [0, 30 * MS], ids=["at-once", "30ms"])
def test_recordings_of_one_room_live_for_themselves(make_world: MakeWorld, latency_us: int) -> None:
    world = make_world(latency_us=latency_us)
    client = world.connected()
    room = world.start_room()
    client.follow(room)

    def start() -> str:
        result = client.result("video.recording.start", room_session_id=room.id)
        recording_id: str = result["recording"]["id"]
        return recording_id

    def act(verb: str, recording_id: str) -> None:
        ids = {"room_session_id": room.id, "recording_id": recording_id}
        assert client.result(f"video.recording.{verb}", **ids)["code"] == "200"

    first = start()
    world.wait(1 * S)
    second = start()
    world.wait(1 * S)
    act("pause", first)
    world.wait(3 * S)
    third = start()
    act("stop", second)
    world.wait(1 * S)
    act("resume", first)
    act("stop", third)
    world.wait(2 * S)
    act("stop", first)
    world.settle()

    ended = [p["recording"] for event, p in client.events if event == "video.recording.ended"]
    assert [(each["id"], each["duration"]) for each in ended] == [
        (second, 4.0),
        (third, 1.0),
        (first, 4.0),
    ]
    assert flags(client) == [True, False]
    listed = client.result("video.recording.list", room_session_id=room.id)["recordings"]
    assert [each["id"] for each in listed] == [first, second, third]


def test_the_room_is_updated_exactly_at_the_first_start_and_the_last_stop(world: World) -> None:
    """A pause is no end of recording, and a second recording is no second beginning."""
    client = world.connected()
    room = world.start_room()
    client.follow(room)
    video = world.video
    heard: list[list[str]] = []

    def then(what: str, media: Activity | None = None) -> Activity | None:
        if media is None:
            media = world.do(video.start_media, room, "recording")
        else:
            world.do(video.apply, room, media, what)
        seen = sum(map(len, heard))
        world.settle()
        heard.append([event.removeprefix("video.") for event in client.event_types[seen:]])
        return media

    one = then("start")
    two = then("start")
    then("pause", one)
    then("pause", two)
    then("stop", two)
    then("resume", one)
    then("stop", one)
    three = then("start")
    then("stop", three)
    assert heard == [
        ["recording.started", "room.updated"],
        ["recording.started"],
        ["recording.updated"],
        ["recording.updated"],
        ["recording.ended"],
        ["recording.updated"],
        ["recording.ended", "room.updated"],
        ["recording.started", "room.updated"],
        ["recording.ended", "room.updated"],
    ]
    assert flags(client) == [True, False, True, False]
    updated = [p["room_session"]["updated"] for e, p in client.events if e == "video.room.updated"]
    assert updated == [["recording"]] * 4


# The end of a room


def test_a_room_that_ends_completes_its_recordings_first_in_order(world: World) -> None:
    client = world.connected()
    room = world.start_room()
    client.follow(room)
    video = world.video
    one, two, three, four = (world.do(video.start_media, room, "recording") for _ in range(4))
    world.wait(1 * S)
    world.do(video.apply, room, three, "pause")
    world.do(video.apply, room, two, "stop")
    world.wait(1 * S)
    seen = len(client.events)
    world.do(video.end_room, room)
    world.settle()
    told = client.events[seen:]
    assert [event for event, _ in told] == [
        "video.recording.ended",
        "video.recording.ended",
        "video.recording.ended",
        "video.room.updated",
        "video.room.ended",
    ]
    assert [params["recording"]["id"] for _, params in told[:3]] == [one.id, three.id, four.id]
    assert [params["recording"]["duration"] for _, params in told[:3]] == [2.0, 1.0, 2.0]
    assert all(params["room_session"]["recording"] is False for _, params in told[3:])


def test_a_room_ends_with_its_last_member(world: World) -> None:
    client = world.connected()
    room = world.start_room(members=["Ann", "Bob"])
    client.follow(room)
    video = world.video
    ann, bob = room.members.values()
    recording = world.do(video.start_media, room, "recording")
    world.do(video.leave, room, ann)
    assert (room.ended, recording.has_ended) == (False, False)
    world.do(video.leave, room, bob)
    assert (room.ended, recording.has_ended) == (True, True)
    world.settle()
    assert client.event_types == [
        "video.recording.started",
        "video.room.updated",
        "video.member.left",
        "video.member.left",
        "video.recording.ended",
        "video.room.updated",
        "video.room.ended",
    ]
    with pytest.raises(Refusal, match="has ended"):
        world.do(video.join, room)
