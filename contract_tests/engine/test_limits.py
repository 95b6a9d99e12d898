"""What a space holds is bounded: more is refused, and nobody else notices."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from mockserver import schemas
from mockserver.engine import RoomSession, SpaceLimits
from mockserver.engine.video import video as video_module
from mockserver.protocol.errors import Refusal

from .harness import Client, S, World

URL = {"url": "rtmp://a/b"}
LIMIT = 3


def test_the_schema_and_the_engine_have_the_same_limits() -> None:
    properties = schemas.load("space_limits")["properties"]
    assert [each.name for each in fields(SpaceLimits)] == list(properties)
    assert all(each["x-refusal"] and each["default"] for each in properties.values())


@pytest.fixture
def client(world: World) -> Client:
    """A client of the space."""
    return world.connected()


def limit(world: World, name: str, most: int = LIMIT) -> None:
    """Have the space hold at most so many, or so much, of it."""
    world.space.limits = SpaceLimits.of({name: most})


def refused(answer: dict[str, Any], limit: str, code: str = "429") -> None:
    assert answer["code"] == code, answer
    assert f"limit {limit}" in answer["message"]


def test_sessions(world: World, client: Client) -> None:
    limit(world, "sessions")
    others = [world.connected() for _ in range(LIMIT - 1)]
    late = world.client()
    error = late.connect()["error"]
    assert error["code"] == -32000
    assert "limit sessions" in error["message"]
    assert not late.is_closed(), "it may try again"
    # Those who are there go on, and come back; and who ends a session makes room.
    others[0].lose()
    others[0].resume()
    assert others[0].result("video.rooms.get")["code"] == "200"
    assert "error" in late.connect()
    world.space.forget(others[1].session)
    assert "result" in late.connect()


def test_subscriptions(world: World, client: Client) -> None:
    limit(world, "subscriptions")
    assert (
        client.subscribe("video.rooms", "video.room.started", "video.room.ended")["code"] == "200"
    )
    other = world.connected()
    refused(
        other.subscribe("video.rooms", "video.room.started", "video.room.updated"), "subscriptions"
    )
    assert other.session.subscriptions == {}, "none of them is subscribed"
    # Repeats are none; and there is room for one more.
    assert client.subscribe("video.rooms", "video.room.started")["code"] == "200"
    assert other.subscribe("video.rooms", "video.room.started")["code"] == "200"
    refused(client.subscribe("video.rooms", "video.room.updated"), "subscriptions")
    client.result(
        "signalwire.unsubscribe", event_channel="video.rooms", events=["video.room.ended"]
    )
    assert client.subscribe("video.rooms", "video.room.updated")["code"] == "200"
    # All ways by which they end are counted.
    world.space.forget(other.session)
    world.space.forget(client.session)
    assert world.space.subscriptions.count == 0


def test_the_name_of_an_event_type_is_not_a_way_around_it(client: Client) -> None:
    assert client.subscribe("video.rooms", "video.room.started", "x" * 201)["code"] == "413"
    assert client.session.subscriptions == {}


def test_rooms(world: World, client: Client) -> None:
    limit(world, "rooms")
    rooms = [world.video.start_room() for _ in range(LIMIT)]
    with pytest.raises(Refusal, match="limit rooms") as caught:
        world.video.start_room("late")
    assert caught.value.code == "429"
    assert list(world.video.rooms.values()) == rooms
    world.video.end_room(rooms[0])
    world.video.start_room("late")


def test_members(world: World, client: Client) -> None:
    limit(world, "members")
    video = world.video
    room = video.start_room("lobby", members=1)
    ann = video.join(room, "Ann")
    video.join(room, "Bob", join_as="audience")
    for late in (lambda: video.join(room, "Carl"), lambda: video.start_room("other")):
        with pytest.raises(Refusal, match="limit members"):
            late()
    assert len(video.rooms) == 1
    video.promote(room, next(iter(room.audience)), {})
    with pytest.raises(Refusal, match="limit members"):
        video.join(room, "Carl")
    video.leave(room, ann)
    video.join(room, "Carl")


def test_people_who_come_and_go_are_not_counted(world: World, client: Client) -> None:
    limit(world, "members")
    room = world.video.start_room("lobby", members=1)
    for number in range(10 * LIMIT):
        world.video.leave(room, world.video.join(room, str(number)))


@pytest.mark.parametrize("kind", ["recording", "playback", "stream"])
def test_recordings(world: World, client: Client, kind: str) -> None:
    limit(world, "recordings")
    room = world.start_room()
    here = {"room_session_id": room.id}
    more = {} if kind == "recording" else URL
    for _ in range(LIMIT):
        started = client.result(f"video.{kind}.start", **here, **more)
        client.result(f"video.{kind}.stop", **here, **{f"{kind}_id": started[kind]["id"]})
    refused(client.result(f"video.{kind}.start", **here, **more), "recordings")
    assert len(room.activities[kind]) == LIMIT


def test_recordings_of_rooms_that_have_ended_are_forgotten_first(
    world: World, client: Client
) -> None:
    limit(world, "recordings")
    old, room = world.video.start_room(), world.video.start_room()
    for _ in range(LIMIT - 1):
        world.video.start_media(old, "recording")
    world.video.end_room(old)
    for _ in range(LIMIT):
        world.video.start_media(room, "recording")
    assert world.video.ended_room(old.id) is None
    with pytest.raises(Refusal, match="limit recordings"):
        world.video.start_media(room, "recording")


SMALL, LARGE = {"a": "b"}, {"a": "b" * 20}

SETTERS: dict[str, Callable[[Client, RoomSession, dict[str, str]], dict[str, Any]]] = {
    "set_meta": lambda client, room, meta: client.result(
        "video.set_meta", room_session_id=room.id, meta=meta
    ),
    "update_meta": lambda client, room, meta: client.result(
        "video.update_meta", room_session_id=room.id, meta=meta
    ),
    "a member's": lambda client, room, meta: client.result(
        "video.member.set_meta", room_session_id=room.id, member_id="all", meta=meta
    ),
    "promote": lambda client, room, meta: client.result(
        "video.member.promote",
        room_session_id=room.id,
        member_id=next(iter(room.audience or room.members)),
        meta=meta,
    ),
}


@pytest.mark.parametrize("what", SETTERS)
def test_metadata(world: World, client: Client, what: str) -> None:
    limit(world, "metadata", 20)
    room = world.start_room()
    world.video.join(room, "Ann", join_as="audience")
    client.follow(room)
    before = room.as_wire(0, full=True)
    refused(SETTERS[what](client, room, LARGE), "metadata", "413")
    assert room.as_wire(0, full=True) == before
    assert SETTERS[what](client, room, SMALL)["code"] == "200"


def test_metadata_that_grows_bit_by_bit(world: World, client: Client) -> None:
    limit(world, "metadata", 20)
    room = world.start_room()
    here = {"room_session_id": room.id}
    assert client.result("video.update_meta", **here, meta={"a": 1})["code"] == "200"
    refused(client.result("video.update_meta", **here, meta={"bcd": "efghi"}), "metadata", "413")
    assert room.properties["meta"] == {"a": 1}


def test_memory_is_bounded_by_bytes_not_by_counts(world: World) -> None:
    """What is remembered of thousands of changes of large metadata is a few megabytes."""
    world.connected()
    room = world.start_room()
    most = world.space.limits.metadata
    meta = {"x": "y" * (most - 20)}
    for number in range(600):
        world.video.change_room(room, {"meta": {**meta, "n": number}})
        world.space.advance(world.space.now + S)
    kept = sum(len(each.data) for each in world.video.history)
    assert kept <= video_module.HISTORY_BYTES
    assert len(world.video.history) >= kept / (3 * most)
    assert json.loads(world.video.history[-1].data)["params"]["params"]["room"]["meta"]["n"] == 599
    assert world.space.journal.bytes <= world.space.journal.most_bytes


def test_a_room_that_would_run_too_much_from_its_start_does_not_start(
    world: World, client: Client
) -> None:
    limit(world, "recordings")
    settings = world.video.settings_of("lobby")
    settings.record_on_start = True
    settings.streams.update(dict.fromkeys(("one", "two", "three"), "rtmp://a/b"))
    with pytest.raises(Refusal, match="limit recordings"):
        world.video.start_room("lobby")
    assert world.video.rooms == {}
    del settings.streams["three"]
    assert world.video.start_room("lobby").is_running("stream")
