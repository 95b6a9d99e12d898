"""Resume, exactly: what a session gets again after its connection was lost, and in which order."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from mockserver.engine import RoomSession
from mockserver.engine import session as limits
from mockserver.protocol import frames

from .harness import Client, MakeWorld, S, World

JOINED = "video.member.joined"


@pytest.fixture
def room(world: World) -> RoomSession:
    world.connected()
    return world.start_room()


def follower(world: World, room: RoomSession, *, acknowledges: bool = True) -> Client:
    """A client that follows who joins; it acknowledges when it is told to, not by itself."""
    client = world.client(replies=False)
    client.connect(event_acks=acknowledges)
    client.subscribe(room.channel, JOINED)
    return client


def join(world: World, room: RoomSession, first: int, last: int) -> None:
    """Have members first to last join, and their events leave."""
    for number in range(first, last + 1):
        world.do(world.video.join, room, str(number))
    world.wait(S)


def acknowledge(client: Client, count: int) -> None:
    """Acknowledge the first events that came on any connection."""
    for frame in client.event_frames[:count]:
        client.send(frames.answer(frame["id"], {}))


def names(client: Client, since: int = 0) -> list[str]:
    return [str(params["member"]["name"]) for _, params in client.events[since:]]


def ids(client: Client) -> list[str]:
    return [frame["id"] for frame in client.event_frames]


def test_what_was_not_acknowledged_comes_again_with_the_same_ids(
    world: World, room: RoomSession
) -> None:
    client = follower(world, room)
    join(world, room, 1, 5)
    acknowledge(client, 2)
    was = ids(client)
    client.lose()
    join(world, room, 6, 7)
    client.resume()
    assert names(client, since=5) == ["3", "4", "5", "6", "7"]
    assert ids(client)[5:8] == was[2:]


def test_it_comes_after_the_answer_and_before_anything_new(world: World, room: RoomSession) -> None:
    client = follower(world, room)
    join(world, room, 1, 2)
    client.lose()
    before = len(client.frames)
    client.resume()
    join(world, room, 3, 3)
    first, *rest = client.frames[before:]
    assert frames.is_answer(first)
    assert [each["params"]["params"]["member"]["name"] for each in rest] == ["1", "2", "3"]


def test_a_client_that_does_not_acknowledge_gets_what_it_was_not_handed(
    world: World, room: RoomSession
) -> None:
    client = follower(world, room, acknowledges=False)
    join(world, room, 1, 2)
    # What waits in the outbox has not been handed to the network.
    world.video.join(room, "3")
    world.space.advance(world.space.now + S)
    assert client.connection.outbox
    world.clock.move(world.space.now)
    client.lose()
    join(world, room, 4, 4)
    client.resume()
    assert names(client) == ["1", "2", "3", "4"]


def test_a_resume_that_breaks_before_anything_was_read_loses_nothing(
    world: World, room: RoomSession
) -> None:
    client = follower(world, room)
    client.lose()
    join(world, room, 1, 100)
    assert client.protocol is not None
    for _ in range(5):
        client.open()
        call = frames.call("again", "signalwire.connect", client.connect_params(client.protocol))
        world.gate.receive(client.connection, orjson.dumps(call))
        client.connection.take()
        client.lose()
    client.resume()
    assert names(client) == [str(number) for number in range(1, 101)]


def test_a_takeover_of_a_socket_that_does_not_read_gets_everything(
    world: World, room: RoomSession
) -> None:
    for acknowledges in (True, False):
        client = follower(world, room, acknowledges=acknowledges)
        stuck = client.connection
        for number in range(100):
            world.video.join(room, str(number))
        world.space.advance(world.space.now + S)
        world.clock.move(world.space.now)
        assert len(stuck.outbox) == 100
        client.open()
        client.connect(client.protocol)
        assert stuck.closing is not None
        assert names(client)[-100:] == [str(number) for number in range(100)]
        client.lose()


def test_of_several_resumes_at_once_the_last_has_everything(
    world: World, room: RoomSession
) -> None:
    client = follower(world, room)
    client.lose()
    join(world, room, 1, 60)
    rivals = []
    for _ in range(5):
        rival = world.client(replies=False)
        rival.connect(client.protocol)
        rivals.append(rival)
    assert [rival.is_closed() for rival in rivals] == [True] * 4 + [False]
    assert names(rivals[-1]) == [str(number) for number in range(1, 61)]


def test_an_acknowledgement_that_crosses_with_the_loss_is_too_late_and_does_no_harm(
    world: World, room: RoomSession
) -> None:
    client = follower(world, room)
    join(world, room, 1, 2)
    former = client.connection
    client.lose()
    # The frame was on its way when the connection ended: nobody takes it any more.
    world.gate.receive(former, b'{"jsonrpc":"2.0","id":"%s","result":{}}' % ids(client)[0].encode())
    client.resume()
    assert names(client, since=2) == ["1", "2"]
    # An acknowledgement on the new connection is as good as one on the old.
    acknowledge(client, 2)
    client.lose()
    before = len(client.events)
    client.resume()
    assert client.events[before:] == []


def test_a_resume_from_another_project_is_a_fresh_session(make_world: MakeWorld) -> None:
    world = make_world()
    first = world.client("p", space_name="shared")
    first.connect()
    second = world.client("q", space_name="shared")
    second.connect(first.protocol)
    assert second.session is not first.session
    assert not first.is_closed()


def test_much_is_sent_again_bit_by_bit(
    world: World, room: RoomSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than an outbox may hold: it is filled again as often as it has been taken."""
    client = follower(world, room)
    client.lose()
    join(world, room, 1, 50)
    size = len(next(iter(client_session(world, client).pending.values())))
    monkeypatch.setattr("mockserver.engine.delivery.REFILL_BYTES", 3 * size)
    monkeypatch.setattr(limits, "OUTBOX_LIMIT", 10)
    client.resume()
    join(world, room, 51, 52)
    assert names(client) == [str(number) for number in range(1, 53)]
    assert not client.is_closed()


def client_session(world: World, client: Client) -> Any:
    return world.space.sessions[client.protocol or ""]


@pytest.mark.parametrize("limit", ["PENDING_LIMIT", "PENDING_BYTES"])
def test_a_session_with_too_much_pending_is_ended_and_the_trace_says_why(
    world: World, room: RoomSession, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    client = follower(world, room)
    monkeypatch.setattr(limits, limit, 5 if limit == "PENDING_LIMIT" else 3_000)
    join(world, room, 1, 8)
    assert client.closing is not None
    assert client.closing.code == 1013
    (note,) = [entry["note"] for entry in world.entries(world.space) if "note" in entry]
    assert "the session was ended" in note
    former = client.protocol
    client.resume()
    assert client.protocol != former


def test_a_tester_who_pushes_no_event_is_owed_no_acknowledgement() -> None:
    # A world of its own: what is pushed breaks the contract, as the tester wants it.
    world = World()
    witness = world.connected()
    client = follower(world, world.start_room())
    event = frames.event("", "video.room.ended", "room.x", 1.0, {})
    for frame in ({}, {"jsonrpc": "2.0", "id": 7, "result": {}}, {**event, "id": 7}):
        world.do(world.space.delivery.push, frame, [client.session])
    assert len(client.frames) == 5
    assert not world.space.owes_acknowledgements()
    assert not witness.events
