"""Which frames an injected fault is for, how often it strikes, and when it is over."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine import FAULTS, FaultError, Strike

from ..harness import MS, MakeWorld, S, World
from ..video.followed import FollowedRoom
from .people import JOINED, join, joined


def lost(world: World) -> list[dict[str, Any]]:
    return [each for each in world.entries(world.space) if each.get("lost")]


def test_a_fault_without_amount_strikes_once(world: World, lobby: FollowedRoom) -> None:
    injection = world.space.faults.inject("drop", events=JOINED)
    join(lobby, "Dora", "Emil")
    assert joined(lobby.client) == ["Emil"]
    assert injection.struck == 1
    assert world.space.faults.active == []


def test_it_strikes_as_many_times_as_it_is_told(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("drop", events=JOINED, times=2)
    join(lobby, "Dora", "Emil", "Fay")
    assert joined(lobby.client) == ["Fay"]


def test_it_strikes_for_a_time_on_the_spaces_clock(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("drop", events=JOINED, for_="5s")
    world.wait(4 * S)
    join(lobby, "Dora")
    world.wait(2 * S)
    join(lobby, "Emil")
    assert joined(lobby.client) == ["Emil"]


def test_a_probability_is_drawn_from_the_seed(make_world: MakeWorld) -> None:
    def survivors(seed: int) -> list[str]:
        world = make_world(seed=seed)
        lobby = FollowedRoom(world)
        world.space.faults.inject("drop", events=JOINED, probability=0.5)
        join(lobby, *"0123456789")
        return joined(lobby.client)

    once = survivors(1)
    assert 0 < len(once) < 10
    assert once == survivors(1)
    assert once != survivors(2)


def test_faults_do_not_change_the_ids_of_anything_else(make_world: MakeWorld) -> None:
    def ids(faulty: bool) -> list[str]:
        world = make_world()
        lobby = FollowedRoom(world)
        if faulty:
            world.space.faults.inject("drop", events="video.*", probability=0.5)
        join(lobby, "Dora", "Emil")
        frames = [each["frame"] for each in world.entries(world.space) if "note" not in each]
        return [each["id"] for each in frames if "event_channel" in each.get("params", {})]

    assert ids(faulty=True) == ids(faulty=False)


@pytest.mark.parametrize(
    ("scope", "is_meant"),
    [
        ({}, True),
        ({"events": "video.member.*"}, True),
        ({"events": "video.recording.*"}, False),
        ({"method": "video.*"}, False),
        ({"method": "signalwire.event"}, False),
        ({"session": "s1"}, True),
        ({"session": "s2"}, False),
        ({"room": "lobby"}, True),
        ({"room": "hall"}, False),
        ({"direction": "to_client"}, True),
        ({"direction": "to_server"}, False),
    ],
    ids=str,
)
def test_an_event_is_meant_by(
    world: World, lobby: FollowedRoom, scope: dict[str, Any], is_meant: bool
) -> None:
    world.space.faults.inject("drop", scope)
    join(lobby, "Dora")
    assert joined(lobby.client) == ([] if is_meant else ["Dora"])


@pytest.mark.parametrize(
    ("scope", "is_meant"),
    [
        ({}, True),
        ({"method": "video.rooms.get"}, True),
        ({"method": "video.*.get"}, True),
        ({"method": "signalwire.*"}, False),
        ({"events": "*"}, False),
        ({"session": "s1"}, True),
        ({"session": "s2"}, False),
    ],
    ids=str,
)
def test_an_answer_is_meant_by(world: World, scope: dict[str, Any], is_meant: bool) -> None:
    client = world.connected()
    world.space.faults.inject("drop", scope)
    call = client.call("video.rooms.get")
    assert (client.answer_to(call) is None) is is_meant


def test_what_belongs_to_the_session_has_to_be_named(world: World) -> None:
    client = world.connected()
    subscribe = {"event_channel": "video.rooms", "events": ["video.room.started"]}
    world.space.faults.inject("drop")
    assert client.answer_to(client.call("signalwire.subscribe", **subscribe)) is not None
    world.space.faults.inject("drop", method="signalwire.subscribe")
    assert client.answer_to(client.call("signalwire.subscribe", **subscribe)) is None


def test_the_room_of_an_event_about_its_end_is_known(world: World, lobby: FollowedRoom) -> None:
    lobby.client.subscribe("video.rooms", "video.room.ended")
    world.space.faults.inject("drop", events="video.room.ended", room="lobby")
    lobby.perform("end_room")
    lobby.told()
    assert "video.room.ended" not in lobby.client.event_types


def test_a_withdrawn_fault_strikes_no_more(world: World, lobby: FollowedRoom) -> None:
    faults = world.space.faults
    first = faults.inject("drop", events=JOINED, times=9)
    faults.inject("drop", events="video.recording.*")
    faults.withdraw(first.number)
    join(lobby, "Dora")
    assert joined(lobby.client) == ["Dora"]
    faults.withdraw()
    assert faults.active == []


def test_of_two_faults_for_one_frame_the_first_has_it(world: World, lobby: FollowedRoom) -> None:
    first = world.space.faults.inject("drop", events=JOINED)
    second = world.space.faults.inject("drop", events=JOINED)
    join(lobby, "Dora")
    assert (first.struck, second.struck) == (1, 0)


# What a fault does stands in the trace


def test_the_trace_says_what_was_injected_and_what_it_struck(
    world: World, lobby: FollowedRoom
) -> None:
    world.space.faults.inject("drop", events=JOINED, session="s1")
    join(lobby, "Dora")
    (entry,) = lost(world)
    assert entry["fault"] == "drop"
    assert entry["frame"]["params"]["event_type"] == JOINED
    notes = [each["note"] for each in world.entries(world.space) if "note" in each]
    assert notes == [
        f"fault 1, drop (events: {JOINED}, session: s1), begins",
        f"fault 1, drop (events: {JOINED}, session: s1), is over",
    ]


def test_a_call_that_is_dropped_has_no_effect(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("drop", direction="to_server", method="video.recording.start")
    client = lobby.client
    call = client.call("video.recording.start", room_session_id=lobby.session.id)
    world.wait(S)
    assert client.answer_to(call) is None
    assert lobby.session.running("recording") == []
    (entry,) = lost(world)
    assert (entry["direction"], entry["frame"]["id"]) == ("to_server", call)


def test_nobody_waits_for_the_acknowledgement_of_a_lost_event(world: World) -> None:
    lobby = FollowedRoom(world)
    world.space.faults.inject("drop", events=JOINED)
    join(lobby, "Dora")
    assert not world.space.owes_acknowledgements()


def test_an_event_that_was_lost_comes_after_a_resume(world: World, lobby: FollowedRoom) -> None:
    world.space.faults.inject("drop", events=JOINED)
    join(lobby, "Dora")
    lobby.client.lose()
    lobby.client.resume()
    assert joined(lobby.client) == ["Dora"]


# What cannot be injected


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("dorp", {}, 'no fault "dorp"; did you mean drop?'),
        ("zzz", {}, "there are: "),
        ("drop", {"evnts": "x"}, "evnts"),
        ("drop", {"times": 0}, "times"),
        ("drop", {"probability": 2}, "probability"),
        ("drop", {"for": "5 parsecs"}, "for"),
        ("drop", {"direction": "sideways"}, "direction"),
    ],
)
def test_what_is_wrong_with_a_fault_is_said(
    world: World, name: str, parameters: dict[str, Any], words: str
) -> None:
    world.connected()
    with pytest.raises(FaultError, match=words):
        world.space.faults.inject(name, parameters)
    assert world.space.faults.active == []


# Faults of sockets: the engine says when


class Struck:
    """A client whose shell writes down what strikes it."""

    def __init__(self, world: World) -> None:
        self.client = world.client()
        self.strikes: list[Strike] = []
        self.client.connection.strike = self.strikes.append
        self.client.connect()

    @property
    def names(self) -> list[str]:
        return [each.fault for each in self.strikes]


def test_without_a_frame_it_strikes_all_connections_at_once(world: World) -> None:
    one, other = Struck(world), Struck(world)
    world.space.faults.inject("close", code=4000)
    assert one.names == other.names == ["close"]
    assert one.strikes[0].arguments == {"code": 4000}
    assert world.space.faults.active == []


def test_it_strikes_the_session_that_it_is_for(world: World) -> None:
    one, other = Struck(world), Struck(world)
    world.space.faults.inject("close", session="s2")
    assert (one.names, other.names) == ([], ["close"])


def test_where_nobody_is_connected_it_strikes_the_next(world: World) -> None:
    former = world.connected()
    former.lose()
    world.space.faults.inject("close")
    assert Struck(world).names == ["close"]
    assert Struck(world).names == []


def test_with_a_frame_it_strikes_after_the_frame(world: World) -> None:
    lobby = FollowedRoom(world)
    strikes: list[Strike] = []
    lobby.client.connection.strike = strikes.append
    world.space.faults.inject("close", events=JOINED)
    assert strikes == []
    join(lobby, "Dora")
    assert joined(lobby.client) == ["Dora"]
    assert [each.fault for each in strikes] == ["close"]


def test_before_a_frame_means_that_the_frame_is_lost(world: World) -> None:
    lobby = FollowedRoom(world)
    strikes: list[Strike] = []
    lobby.client.connection.strike = strikes.append
    world.space.faults.inject("close", events=JOINED, before=True)
    join(lobby, "Dora")
    assert joined(lobby.client) == []
    assert [each.fault for each in strikes] == ["close"]
    lobby.client.lose()
    lobby.client.resume()
    assert joined(lobby.client) == ["Dora"]


def test_what_lasts_ends_when_its_time_is_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FAULTS, "close", FAULTS["close"]._replace(lasts=True))
    one = Struck(world)
    world.space.faults.inject("close", for_="100ms")
    late = Struck(world)
    world.wait(99 * MS)
    assert [each.is_over for each in one.strikes] == [False]
    world.wait(MS)
    assert [each.is_over for each in one.strikes] == [False, True]
    assert [each.is_over for each in late.strikes] == [False, True]
