"""Subscriptions, and sessions that outlive their connections."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine import RoomSession
from mockserver.engine import session as limits
from mockserver.engine.space import DISCONNECT_GRACE_US

from .harness import MS, RECORDING_EVENTS, Client, MakeWorld, S, World, recording_calls

STATE = "video.room.subscribed"


@pytest.fixture
def client(world: World) -> Client:
    return world.connected()


@pytest.fixture
def room(world: World, client: Client) -> RoomSession:
    return world.start_room(members=["Ann", "Bob"])


def record(world: World, room: RoomSession) -> None:
    """A recording from start to end, by the service."""
    recording = world.do(world.video.start_media, room, "recording")
    for verb in ("pause", "resume", "stop"):
        world.do(world.video.apply, room, recording, verb)


LIFE = [
    "video.recording.started",
    "video.recording.updated",
    "video.recording.updated",
    "video.recording.ended",
]


# Subscriptions


def test_only_what_is_subscribed_comes(world: World, client: Client, room: RoomSession) -> None:
    other = world.start_room("attic")
    client.subscribe(room.channel, "video.recording.updated")
    record(world, room)
    record(world, other)
    world.settle()
    assert client.event_types == ["video.recording.updated"] * 2
    assert {params["room_session_id"] for _, params in client.events} == {room.id}
    assert {frame["params"]["event_channel"] for frame in client.event_frames} == {room.channel}


def test_subscribing_again_delivers_nothing_twice(
    world: World, client: Client, room: RoomSession
) -> None:
    for _ in range(3):
        client.subscribe(room.channel, *RECORDING_EVENTS)
    client.subscribe(room.channel, *RECORDING_EVENTS, *RECORDING_EVENTS)
    record(world, room)
    world.settle()
    assert client.event_types == LIFE


def test_subscriptions_add_up(world: World, client: Client, room: RoomSession) -> None:
    for event in RECORDING_EVENTS:
        client.subscribe(room.channel, event)
    record(world, room)
    world.settle()
    assert client.event_types == LIFE


def test_a_subscription_in_time_for_the_event_is_in_time(world: World, room: RoomSession) -> None:
    """Clients act first and subscribe within the latency."""
    client = world.clients[0]
    call = recording_calls(client, room)
    call("start")
    world.wait(30 * MS - 1)
    client.subscribe(room.channel, *RECORDING_EVENTS)
    world.settle()
    assert client.event_types == ["video.recording.started"]


def test_the_start_and_end_of_a_room_come_once_by_either_channel(world: World) -> None:
    everywhere, both, in_room = world.connected(), world.connected(), world.connected()
    room = world.start_room()
    world.settle()
    for client in (everywhere, both):
        client.subscribe("video.rooms", "video.room.ended")
    for client in (both, in_room):
        client.subscribe(room.channel, "video.room.ended")
    world.do(world.video.end_room, room)
    world.settle()
    for client in (everywhere, both, in_room):
        assert client.event_types == ["video.room.ended"]
        (frame,) = client.event_frames
        assert frame["params"]["event_channel"].startswith("video.rooms.")
    assert len({client.event_frames[0]["id"] for client in (everywhere, both, in_room)}) == 1


def test_unsubscribing_ends_it(world: World, client: Client, room: RoomSession) -> None:
    def unsubscribe(channel: str, *events: str) -> dict[str, Any]:
        return client.result("signalwire.unsubscribe", event_channel=channel, events=list(events))

    client.subscribe(room.channel, *RECORDING_EVENTS)
    assert unsubscribe(room.channel, "video.recording.updated")["code"] == "200"
    assert unsubscribe(room.channel, "video.recording.updated")["code"] == "200"
    assert unsubscribe(room.channel, "video.member.left")["code"] == "200"
    assert unsubscribe("room.nowhere", "video.member.left")["code"] == "200"
    record(world, room)
    world.settle()
    assert client.event_types == ["video.recording.started", "video.recording.ended"]
    unsubscribe(room.channel, *RECORDING_EVENTS)
    record(world, room)
    world.settle()
    assert len(client.events) == 2
    client.subscribe(room.channel, "video.recording.ended")
    record(world, room)
    world.settle()
    assert client.event_types[2:] == ["video.recording.ended"]


def test_a_script_hears_of_first_subscriptions_only(world: World, client: Client) -> None:
    client.subscribe("video.rooms", "video.room.started")
    client.subscribe("video.rooms", "video.room.started", "video.room.ended")
    room = world.start_room()
    client.subscribe(room.channel, "video.recording.started")
    client.subscribe(room.channel, "video.recording.ended")
    world.connected().subscribe(room.channel, "video.recording.started")
    assert world.script.subscribed == [("s1", None), ("s1", room), ("s2", room)]


# The initial state


def test_the_initial_state_comes_with_the_first_subscription_of_a_room(
    world: World, client: Client, room: RoomSession
) -> None:
    recording = world.do(world.video.start_media, room, "recording")
    world.settle()
    client.subscribe(room.channel, "video.recording.ended", get_initial_state=True)
    client.subscribe(room.channel, "video.recording.started", get_initial_state=True)
    world.settle()
    ((event, params),) = client.events
    assert event == STATE
    assert params["room_session"]["id"] == room.id
    assert params["room"]["room_session_id"] == room.id
    assert params["room_session"]["recording"] is True
    assert [member["name"] for member in params["room_session"]["members"]] == ["Ann", "Bob"]
    assert [each["id"] for each in params["room_session"]["recordings"]] == [recording.id]
    assert params["member_id"] in room.members


def test_it_comes_again_whenever_it_is_named(
    world: World, client: Client, room: RoomSession
) -> None:
    for _ in range(3):
        client.subscribe(room.channel, STATE, "video.member.left", get_initial_state=True)
        world.settle()
    assert client.event_types == [STATE] * 3
    assert len({frame["id"] for frame in client.event_frames}) == 3


@pytest.mark.parametrize("events", [(), ("video.member.left",), (STATE,)])
def test_it_does_not_come_unasked(
    world: World, client: Client, room: RoomSession, events: tuple[str, ...]
) -> None:
    client.subscribe(room.channel, *events)
    world.settle()
    assert client.events == []


def test_it_does_not_come_for_all_rooms_nor_for_a_room_that_ended(
    world: World, client: Client, room: RoomSession
) -> None:
    world.do(world.video.end_room, room)
    assert client.subscribe("video.rooms", STATE, get_initial_state=True)["code"] == "200"
    assert client.subscribe(room.channel, STATE, get_initial_state=True)["code"] == "200"
    world.settle()
    assert client.events == []


def test_it_comes_to_nobody_else(world: World, client: Client, room: RoomSession) -> None:
    client.subscribe(room.channel, STATE)
    other = world.connected()
    other.subscribe(room.channel, STATE, get_initial_state=True)
    world.settle()
    assert client.events == []
    assert other.event_types == [STATE]


@pytest.mark.parametrize("unsubscribed", [(STATE,), ("video.member.left",)])
@pytest.mark.parametrize("named", [(), (STATE,)], ids=["implied", "named"])
def test_it_does_not_come_to_who_has_unsubscribed_meanwhile(
    world: World,
    client: Client,
    room: RoomSession,
    named: tuple[str, ...],
    unsubscribed: tuple[str, ...],
) -> None:
    """Either from the state itself, or from all else that was asked for with it."""
    client.subscribe(room.channel, "video.member.left", *named, get_initial_state=True)
    client.result("signalwire.unsubscribe", event_channel=room.channel, events=list(unsubscribed))
    world.settle()
    assert client.events == []


# Resuming


def test_a_resumed_session_gets_what_it_missed_in_order_after_the_answer(
    world: World, client: Client, room: RoomSession
) -> None:
    witness = world.connected()
    for each in (client, witness):
        each.follow(room)
    session = client.session
    client.lose()
    assert session.is_away
    record(world, room)
    world.do(world.video.join, room, "Cid")
    world.settle()
    assert client.events == []
    seen = len(client.frames)
    answer = client.resume()
    assert client.frames[seen] == answer
    assert client.event_frames == witness.event_frames
    assert len(client.events) == 7
    assert client.session is session
    assert answer["result"]["protocol"] == session.protocol


def test_nothing_is_missed_twice(world: World, client: Client, room: RoomSession) -> None:
    client.subscribe(room.channel, *RECORDING_EVENTS)
    for _ in range(3):
        client.lose()
        record(world, room)
        world.settle()
        client.resume()
        client.resume()
    assert client.event_types == LIFE * 3


def test_an_event_under_way_when_the_connection_broke_is_not_lost(
    world: World, client: Client, room: RoomSession
) -> None:
    client.subscribe(room.channel, *RECORDING_EVENTS)
    world.do(world.video.start_media, room, "recording")
    client.lose()
    client.resume()
    world.settle()
    assert client.event_types == ["video.recording.started"]


def test_subscriptions_outlive_the_connection(
    world: World, client: Client, room: RoomSession
) -> None:
    client.subscribe(room.channel, *RECORDING_EVENTS)
    client.lose()
    client.resume()
    record(world, room)
    world.settle()
    assert client.event_types == LIFE
    assert len(world.script.subscribed) == 1


def test_resuming_closes_the_connection_before(world: World, room: RoomSession) -> None:
    client = world.clients[0]
    client.subscribe(room.channel, *RECORDING_EVENTS)
    former = client.connection
    session = client.session
    client.resume()
    assert former.closing is not None
    assert former.closing.code == 1000
    assert not former.closing.abrupt
    assert "resumed" in former.closing.reason
    assert former.session is None
    assert client.session is session
    record(world, room)
    world.settle()
    assert client.event_types == LIFE
    world.gate.detach(former)
    assert not session.is_away, "the end of the former connection is no longer the session's"


@pytest.mark.parametrize("protocol", ["", "nonsense", "signalwire_x_y_p"])
def test_an_unknown_protocol_begins_a_fresh_session(world: World, protocol: str) -> None:
    first = world.connected()
    second = world.client()
    result = second.connect(protocol)["result"]
    assert result["protocol"] not in (protocol, first.protocol)
    assert second.session is not first.session
    assert second.session.subscriptions == {}


def test_a_protocol_of_another_space_begins_a_fresh_session(world: World) -> None:
    first = world.connected("p")
    second = world.client("q")
    second.connect(first.protocol)
    assert second.session is not first.session
    assert not first.is_closed()


def test_a_forgotten_session_cannot_be_resumed(
    world: World, client: Client, room: RoomSession
) -> None:
    client.follow(room)
    session = client.session
    client.lose()
    world.space.forget(session)
    world.space.forget(session)
    record(world, room)
    world.settle()
    client.resume()
    world.settle()
    assert client.session is not session
    assert client.events == []
    assert list(session.pending) == []


def test_forgetting_a_session_leaves_the_others_subscribed(
    world: World, client: Client, room: RoomSession
) -> None:
    other = world.connected()
    for each in (client, other):
        each.subscribe(room.channel, *RECORDING_EVENTS)
    world.space.forget(client.session)
    record(world, room)
    world.settle()
    assert client.events == []
    assert other.event_types == LIFE


# The end of a connection


def test_a_drop_is_abrupt_and_keeps_the_session(
    world: World, client: Client, room: RoomSession
) -> None:
    client.subscribe(room.channel, *RECORDING_EVENTS)
    session = client.session
    seen = len(client.frames)
    world.do(world.space.drop, session)
    assert client.closing is not None
    assert client.closing.abrupt
    assert client.frames[seen:] == []
    record(world, room)
    world.settle()
    client.resume()
    assert client.session is session
    assert client.event_types == LIFE
    client.lose()
    world.space.drop(session)


def test_what_happens_between_a_drop_and_its_notice_is_missed_not_lost(
    world: World, client: Client, room: RoomSession
) -> None:
    """The socket is told to close, and the shell has not noticed its end yet."""
    client.subscribe(room.channel, *RECORDING_EVENTS)
    space = world.space
    space.drop(client.session)
    recording = world.video.start_media(room, "recording")
    space.advance(space.now + S)
    world.video.apply(room, recording, "stop")
    space.advance(space.now + S)
    world.clock.move(space.now)
    world.read()
    assert client.events == []
    client.resume()
    assert client.event_types == ["video.recording.started", "video.recording.ended"]


def test_a_disconnect_waits_for_the_clients_answer(world: World) -> None:
    client = world.connected(replies=False)
    world.do(world.space.disconnect, client.session)
    asked = client.frames[-1]
    assert (asked["method"], asked["params"]) == ("signalwire.disconnect", {})
    world.wait(DISCONNECT_GRACE_US - 1)
    assert not client.is_closed()
    client.send({"jsonrpc": "2.0", "id": asked["id"], "result": {}})
    assert client.closing is not None
    assert (client.closing.code, client.closing.abrupt) == (1000, False)


def test_a_disconnect_does_not_wait_for_ever(world: World) -> None:
    client = world.connected(replies=False)
    world.do(world.space.disconnect, client.session)
    world.wait(DISCONNECT_GRACE_US)
    assert client.is_closed()


def test_a_disconnected_client_may_resume_and_is_not_cut_again(
    world: World, client: Client, room: RoomSession
) -> None:
    client.subscribe(room.channel, *RECORDING_EVENTS)
    session = client.session
    world.do(world.space.disconnect, session)
    assert client.is_closed()
    client.resume()
    world.settle()
    assert not client.is_closed()
    assert client.session is session
    record(world, room)
    world.settle()
    assert client.event_types == LIFE


def test_a_ping_tells_the_time_and_its_answer_is_taken(world: World, client: Client) -> None:
    world.do(world.space.ping, client.session)
    assert client.frames[-1]["method"] == "signalwire.ping"
    assert client.frames[-1]["params"] == {"timestamp": world.clock.now() / S}
    assert client.session.awaiting == {}


def test_acknowledged_events_are_awaited_no_longer(
    world: World, client: Client, room: RoomSession
) -> None:
    mute = world.connected(replies=False)
    for each in (client, mute):
        each.subscribe(room.channel, *RECORDING_EVENTS)
    record(world, room)
    world.settle()
    assert (client.session.awaiting, client.session.pending) == ({}, {})
    assert list(mute.session.pending) == [frame["id"] for frame in mute.event_frames]
    assert not client.session.owes_acknowledgements
    assert mute.session.owes_acknowledgements


# Limits


def many_joins(world: World, room: RoomSession, count: int) -> None:
    for number in range(count):
        world.do(world.video.join, room, f"member {number}")
    world.settle()


def test_a_client_that_does_not_read_is_cut_off(
    world: World, client: Client, room: RoomSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "OUTBOX_LIMIT", 5)
    client.subscribe(room.channel, "video.member.joined")
    space, connection = world.space, client.connection
    for number in range(8):
        world.video.join(room, f"member {number}")
    space.advance(space.now + S)
    assert connection.closing is not None
    assert connection.closing.code == 1013
    assert "does not read" in connection.closing.reason
    assert len(connection.outbox) == 6
    world.clock.move(space.now)
    world.read()
    client.resume()
    names = [params["member"]["name"] for _, params in client.events]
    assert names == [f"member {number}" for number in range(8)]


def test_the_default_limits_hold_a_busy_hour() -> None:
    assert limits.OUTBOX_LIMIT >= 10_000
    assert limits.PENDING_LIMIT >= 1_000


def test_replies_that_never_come_do_not_pile_up(
    world: World, room: RoomSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "AWAITING_LIMIT", 5)
    mute = world.client(replies=False)
    mute.connect(event_acks=False)
    mute.subscribe(room.channel, "video.member.joined")
    many_joins(world, room, 8)
    assert list(mute.session.awaiting) == [frame["id"] for frame in mute.event_frames[3:]]


def test_nothing_is_queued_once_a_connection_closes(world: World, client: Client) -> None:
    connection = client.connection
    connection.send(b"{}")
    connection.close(1000, "enough")
    connection.send(b"{}")
    assert connection.outbox == [b"{}"]
    connection.outbox.clear()


def test_a_shell_is_woken_for_everything(make_world: MakeWorld) -> None:
    world = make_world()
    client = world.connected()
    woken = client.wakes
    world.space.ping(client.session)
    assert client.wakes == woken + 1
    world.space.drop(client.session)
    assert client.wakes == woken + 2
    client.connection.close(1000, "again")
    assert client.wakes == woken + 2
    assert client.connection.closing is not None
    assert client.connection.closing.reason == "dropped"
