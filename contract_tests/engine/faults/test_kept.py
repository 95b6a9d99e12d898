"""What a fault made of an event stays marked while it waits, and when it is sent again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mockserver.engine import Connection, RoomSession
from mockserver.engine.journal import Mark
from mockserver.engine.session import FEW_MARKED
from mockserver.protocol import codec, frames

from ..harness import MS, Client, S, World
from .people import JOINED

ENTRY = tuple[str, str | None, bool, bool, bool]
"""Who joined, as it was meant; the fault; whether it is lost, extra, changed."""


@pytest.fixture
def room(world: World) -> RoomSession:
    world.connected()
    return world.start_room()


def mute(world: World, room: RoomSession, *types: str) -> Client:
    """A client that acknowledges nothing."""
    client = world.client(replies=False)
    client.connect(event_acks=False)
    if types:
        client.subscribe(room.channel, *types)
    return client


def join_unread(world: World, room: RoomSession, *names: str) -> None:
    """Have people join while no client reads: what is sent waits in the outboxes."""
    for name in names:
        world.video.join(room, name)
        world.space.advance(world.space.now + 10 * MS)
    world.space.advance(world.space.now + S)
    world.clock.move(world.space.now)


def connect_unread(world: World, client: Client) -> None:
    """Resume on a new connection, from which nothing is read."""
    client.open()
    params = client.connect_params(client.protocol, event_acks=False)
    connect = frames.call("again", "signalwire.connect", params)
    world.gate.receive(client.connection, codec.encode(connect))


def lose_and_resume(client: Client) -> None:
    client.lose()
    client.open()
    client.connect(client.protocol, event_acks=False)


def joined(world: World, client: Client) -> list[ENTRY]:
    """The joins in the trace of a client's session, with their marks."""
    found = []
    for entry in world.entries(world.space):
        frame = entry.get("meant", entry["frame"]) or {}
        params = frame.get("params", {})
        if entry["session"] == client.session.name and params.get("event_type") == JOINED:
            found.append(
                (
                    params["params"]["member"]["name"],
                    entry.get("fault"),
                    entry.get("lost", False),
                    entry.get("extra", False),
                    "meant" in entry,
                )
            )
    return found


def unfaulted(name: str) -> ENTRY:
    return name, None, False, False, False


def test_an_event_that_was_not_subscribed(world: World, room: RoomSession) -> None:
    client = mute(world, room)
    world.space.faults.inject("event_before_subscription", events=JOINED)
    join_unread(world, room, "Dora")
    lose_and_resume(client)
    sent = ("Dora", "event_before_subscription", False, True, False)
    assert joined(world, client) == [sent, sent]


@pytest.mark.parametrize(
    ("fault", "given", "marks"),
    [
        ("corrupt", {"how": "unknown_field"}, (False, False, True)),
        ("corrupt", {"how": "invalid_json"}, (False, False, True)),
        ("old_timestamp", {}, (False, False, True)),
        ("delay", {"by": "500ms"}, (False, True, False)),
    ],
    ids=str,
)
def test_an_event_that_is_changed_or_late(
    world: World, room: RoomSession, fault: str, given: Mapping[str, Any], marks: tuple[bool, ...]
) -> None:
    client = mute(world, room, JOINED)
    world.space.faults.inject(fault, given, events=JOINED)
    join_unread(world, room, "Dora", "Emil")
    client.lose()
    connect_unread(world, client)
    client.connection.take()
    *_, dora, emil = joined(world, client)
    assert dora == ("Dora", fault, *marks)
    assert emil[:2] == ("Emil", None if fault != "delay" else "delay")


def test_an_event_that_comes_twice_comes_again_once_and_unmarked(
    world: World, room: RoomSession
) -> None:
    client = mute(world, room, JOINED)
    world.space.faults.inject("duplicate", events=JOINED)
    join_unread(world, room, "Dora")
    lose_and_resume(client)
    extra = ("Dora", "duplicate", False, True, False)
    assert joined(world, client) == [unfaulted("Dora"), extra, unfaulted("Dora")]


def test_what_waits_through_two_connections_keeps_its_mark(world: World, room: RoomSession) -> None:
    client = mute(world, room, JOINED)
    world.space.faults.inject("duplicate", events=JOINED, id="other")
    join_unread(world, room, "Dora")
    client.lose()
    join_unread(world, room, "Emil")
    connect_unread(world, client)
    lose_and_resume(client)
    dora, extra = unfaulted("Dora"), ("Dora", "duplicate", False, True, False)
    again = [dora, extra, unfaulted("Emil")]
    assert joined(world, client) == [dora, extra, *again, *again]


def test_an_event_without_a_fault_is_not_excused_by_one_of_the_same_moment(
    world: World, room: RoomSession
) -> None:
    client = mute(world, room, JOINED)
    world.space.faults.inject("old_timestamp", events=JOINED)
    join_unread(world, room, "Dora", "Emil")
    lose_and_resume(client)
    assert [each[1] for each in joined(world, client)] == ["old_timestamp", None] * 2


def test_the_marks_of_frames_that_have_left_are_forgotten() -> None:
    connection = Connection(lambda: None)
    mark = Mark("corrupt")
    for number in range(1_000):
        connection.send(b"%d" % number, mark)
        # The network never takes all of it.
        *_, last = connection.take()
        connection.put_back([last])
        assert connection.mark_of(last) is mark
    assert len(connection.marked) <= 2 * FEW_MARKED


def test_the_marks_of_frames_that_wait_are_not_forgotten() -> None:
    connection = Connection(lambda: None)
    frames_sent = [b"%d" % number for number in range(200)]
    for number, data in enumerate(frames_sent):
        connection.send(data, Mark(f"fault {number}") if number % 2 else None)
    assert connection.take() == frames_sent
    connection.put_back(frames_sent)
    for number, data in enumerate(frames_sent):
        assert connection.mark_of(data) == (Mark(f"fault {number}") if number % 2 else None)
