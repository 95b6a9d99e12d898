"""What the faults of frames do to calls on their way to the server."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from mockserver import contract
from mockserver.engine.script import AnswerPlan
from mockserver.protocol.errors import Refusal

from ..harness import MS, Client, MakeWorld, S, World, violations
from ..video.followed import FollowedRoom


def inject(world: World, name: str, **given: Any) -> None:
    world.space.faults.inject(name, given, direction="to_server")


def answers(client: Client, id_: str | None) -> list[dict[str, Any]]:
    """All answers with this id."""
    client.read()
    return [each for each in client.frames if "method" not in each and each.get("id") == id_]


def marked(world: World) -> list[dict[str, Any]]:
    return [each for each in world.entries(world.space) if "fault" in each]


def test_a_call_arrives_twice_and_is_answered_twice(world: World, lobby: FollowedRoom) -> None:
    inject(world, "duplicate", method="video.recording.start")
    id_ = lobby.client.call("video.recording.start", room_session_id=lobby.session.id)
    world.settle()
    first, second = answers(lobby.client, id_)
    ids = [each["result"]["recording"]["id"] for each in (first, second)]
    assert len(set(ids)) == 2
    assert [each["id"] for each in lobby.listed("recording")] == ids
    assert lobby.client.event_types.count("video.recording.started") == 2
    assert [(each["direction"], each["extra"]) for each in marked(world)] == [
        ("to_server", True),
        ("to_client", True),
    ]
    lobby.client.call("video.recording.start", room_session_id=lobby.session.id)
    assert len(lobby.listed("recording")) == 3


def test_the_second_can_be_later_and_have_another_id(world: World, lobby: FollowedRoom) -> None:
    inject(world, "duplicate", method="video.lock", id="other", after="2s")
    id_ = lobby.client.call("video.lock", room_session_id=lobby.session.id)
    world.wait(1999 * MS)
    assert len(marked(world)) == 0
    world.wait(MS)
    call, answer = marked(world)
    assert call["frame"]["id"] == answer["frame"]["id"] != id_
    assert len(answers(lobby.client, id_)) == 1
    assert len(answers(lobby.client, call["frame"]["id"])) == 1


def test_the_second_does_not_come_when_its_connection_has_gone(
    world: World, lobby: FollowedRoom
) -> None:
    inject(world, "duplicate", method="video.lock", after="2s")
    lobby.client.call("video.lock", room_session_id=lobby.session.id)
    lobby.client.lose()
    world.wait(2 * S)
    assert marked(world) == []


def test_calls_arrive_in_another_order(world: World, lobby: FollowedRoom) -> None:
    inject(world, "reorder", method="video.*", window=5)
    client = lobby.client
    ids = [client.call("video.rooms.get") for _ in range(4)]
    client.call("signalwire.ping", timestamp=1.0)
    assert not any(answers(client, each) for each in ids)
    ids.append(client.call("video.rooms.get"))
    came = [each["id"] for each in client.frames if each.get("id") in ids and "result" in each]
    assert sorted(came) == sorted(ids)
    assert came != ids
    assert [(each["fault"], each["direction"]) for each in marked(world)] == [
        ("reorder", "to_server")
    ] * 5
    assert world.space.faults.current() == []


def test_a_window_that_is_not_filled_is_not_waited_for(world: World, lobby: FollowedRoom) -> None:
    inject(world, "reorder", method="video.*", window=3, within="2s", times=2)
    other = world.connected()
    ids = [lobby.client.call("video.rooms.get") for _ in range(2)]
    another = other.call("video.rooms.get")
    world.wait(1999 * MS)
    assert [len(answers(lobby.client, each)) for each in ids] == [0, 0]
    world.wait(MS)
    assert [len(answers(lobby.client, each)) for each in ids] == [1, 1]
    assert len(answers(other, another)) == 1
    assert world.space.faults.current() == []


@pytest.mark.parametrize(
    ("how", "code", "is_read"),
    [
        ("invalid_json", -32700, False),
        ("wrong_type", -32602, True),
        ("missing_field", -32602, True),
    ],
)
def test_a_call_arrives_broken(
    world: World, lobby: FollowedRoom, how: str, code: int, is_read: bool
) -> None:
    inject(world, "corrupt", method="video.lock", how=how, field="room_session_id")
    id_ = lobby.client.call("video.lock", room_session_id=lobby.session.id)
    (answer,) = answers(lobby.client, id_ if is_read else None)
    assert answer["error"]["code"] == code
    assert lobby.session.properties["locked"] is False
    call, refused = marked(world)
    assert call["problem"]
    assert call["meant"]["params"] == {"room_session_id": lobby.session.id}
    assert refused["frame"] == answer


def test_what_no_schema_forbids_is_handled(world: World, lobby: FollowedRoom) -> None:
    inject(world, "corrupt", method="video.lock", how="unknown_field")
    id_ = lobby.client.call("video.lock", room_session_id=lobby.session.id)
    (answer,) = answers(lobby.client, id_)
    call, _ = marked(world)
    assert ("error" in answer) is ("problem" in call)


@pytest.mark.parametrize("how", ["oversized", "unknown_event_type"])
def test_what_makes_no_sense_for_a_call_passes_over_it(
    world: World, lobby: FollowedRoom, how: str
) -> None:
    inject(world, "corrupt", how=how)
    lobby.done("lock")
    assert marked(world) == []
    (fault,) = world.space.faults.current()
    assert fault.struck == 0


def test_no_token_is_in_what_was_meant(world: World) -> None:
    client = world.connected()
    inject(world, "corrupt", method="signalwire.connect", how="wrong_type", field="version")
    other = world.client()
    answer = other.connect(authentication={"project": "p", "token": "PT-secret"})
    assert answer["error"]["code"] == -32602
    (call, _) = marked(world)
    assert "meant" in call
    assert "PT-secret" not in orjson.dumps(world.entries(world.space)).decode()
    client.result("video.rooms.get")


def test_a_late_call_is_answered_as_it_was_planned(make_world: MakeWorld) -> None:
    """What a tester or a script has planned is for the call when it arrives."""
    world = make_world()
    lobby = FollowedRoom(world)
    world.space.planned.plan("video.lock", AnswerPlan(Refusal("409", "not now")), 1)
    inject(world, "delay", method="video.lock", by="1s")
    id_ = lobby.client.call("video.lock", room_session_id=lobby.session.id)
    world.wait(S)
    (answer,) = answers(lobby.client, id_)
    assert answer["result"]["code"] == "409"


DEEDS = ("start", "pause", "resume", "stop", "lock", "unlock", "members.get", "recording.list")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("fault", "given"),
    [
        ("drop", {}),
        ("delay", {"by": "2s"}),
        ("duplicate", {}),
        ("duplicate", {"after": "3s"}),
        ("duplicate", {"id": "other"}),
        ("reorder", {"window": 3, "within": "5s"}),
        *(("corrupt", {"how": how}) for how in ("invalid_json", "wrong_type", "missing_field")),
    ],
    ids=str,
)
def test_nobody_is_blamed_for_it(
    fault: str, given: dict[str, Any], seed: int, make_world: MakeWorld
) -> None:
    """Calls that have effects, some of them together, and a recording that others look at, too."""
    world = make_world(seed=seed)
    lobby = FollowedRoom(world)
    other = world.connected()
    other.follow(lobby.session)
    inject(world, fault, probability=0.4, **given)
    room = {"room_session_id": lobby.session.id}
    for number in range(40):
        client = (lobby.client, other)[number % 3 == 0]
        running = lobby.session.running("recording")
        deed = DEEDS[(number * 7 + seed) % len(DEEDS)]
        if deed in ("pause", "resume", "stop"):
            if running:
                which = {"recording_id": running[-1].id}
                client.call(f"video.recording.{deed}", **room, **which)
        elif deed == "start":
            client.call("video.recording.start", **room)
        else:
            client.call(f"video.{deed}", **room)
        world.wait((0, 40 * MS, S)[number % 3])
    world.do(world.space.do, "end_room", lobby.session, {})
    world.settle()
    entries = world.entries(world.space)
    assert any(each.get("fault") == fault for each in entries)
    assert violations(contract.Trace.from_entries(entries), contract.RULES) == []
