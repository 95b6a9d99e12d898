"""The simulated network plays faults of sockets as a real one would."""

from __future__ import annotations

import pytest

from .clients import ALL_ROOMS, Client
from .network import Flow
from .world import ROOM_EVENTS, ROOM_LIST_EVENTS, S, World


@pytest.fixture
def world() -> World:
    return World(0)


def inject(world: World, client: Client, name: str, **given: object) -> None:
    assert client.session is not None
    world.space(client.project).faults.inject(name, given, session=client.session.name)
    world.carry()


def check(world: World) -> None:
    """Everything holds, now and at rest."""
    assert world.problems() == []
    world.come_to_rest()
    assert world.problems(at_rest=True) == []


def test_a_reset_loses_what_is_under_way_and_nothing_for_good(world: World) -> None:
    client, socket = world.clients[0], world.clients[0].socket
    assert socket is not None
    socket.flow = Flow.DELAYED
    world.start_room("north", members=1)
    world.wait(S)
    inject(world, client, "reset")
    assert client.socket is None
    assert client.received == []
    check(world)
    assert client.received == client.expected != []


def test_a_closed_socket_is_read_to_its_end(world: World) -> None:
    client, socket = world.clients[0], world.clients[0].socket
    assert socket is not None
    socket.flow = Flow.DELAYED
    world.start_room("north", members=1)
    world.wait(S)
    inject(world, client, "close", code=4000)
    assert client.socket is socket
    socket.flow = Flow.FLOWING
    world.carry()
    assert client.received == client.expected != []
    assert socket.is_gone
    check(world)


@pytest.mark.parametrize("name", ["stall", "half_open"])
def test_nothing_is_read_or_written_for_a_while(world: World, name: str) -> None:
    client, socket = world.clients[0], world.clients[0].socket
    room = world.start_room("north", members=1)
    world.wait(S)
    inject(world, client, name, **{"for": "5s"})
    assert not client.is_connected
    assert client.call("video.room.get", {"room_session_id": room.id}) is None
    world.video("north").end_room(room)
    world.wait(4 * S)
    assert len(client.received) == 1
    world.wait(2 * S)
    assert client.socket is socket
    assert len(client.received) == 2
    (answer,) = [each for each in client.answers.values() if each is not None][-1:]
    assert answer["result"]["code"] == "404"
    check(world)


def test_a_service_that_is_deployed_again_forgets_all_but_the_witness_misses_nothing(
    world: World,
) -> None:
    client, witness = world.clients[0], world.witnesses["north"]
    room = world.start_room("north", members=1)
    client.subscribe(room.channel, ROOM_EVENTS)
    former = client.protocol
    world.space("north").faults.inject("redeploy")
    world.wait(S)
    assert client.socket is None
    client.connect(former)
    assert client.protocol != former
    client.subscribe(ALL_ROOMS, ROOM_LIST_EVENTS)
    world.video("north").end_room(room)
    world.wait(S)
    assert len(client.received) == 1
    assert witness.heard == world.recorders["north"].made > 1
    check(world)


def test_an_answer_counts_although_the_connection_ends_right_behind_it(world: World) -> None:
    client = world.clients[0]
    world.space("north").latency_us = 0
    room = world.start_room("north", members=1)
    inject(world, client, "takeover", events="video.room.subscribed")
    assert client.subscribe(room.channel, ROOM_EVENTS, state=True) == "200"
    assert client.socket is None
    assert room.channel in client.followed
    check(world)
