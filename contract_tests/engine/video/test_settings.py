"""What a room is set to: how its sessions begin, who can join, and who is removed when."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine import Limits, Video
from mockserver.engine.video.room import FORMER_MEMBERS_REMEMBERED
from mockserver.engine.video.video import HISTORY_LIMIT
from mockserver.protocol.errors import Refusal

from ..harness import HOUR, S, World


def video_of(world: World) -> Video:
    """The rooms of a world with one client that listens to them."""
    world.connected().subscribe("video.rooms", "video.room.started", "video.room.ended")
    return world.video


def settings(world: World, **wish: Any) -> Video:
    """The rooms of a world in which the lobby has these settings."""
    video = video_of(world)
    lobby = video.settings_of("lobby")
    for name, value in wish.items():
        setattr(lobby, name, value)
    return video


# Limits


@pytest.mark.parametrize(
    ("limits", "now", "allowed"),
    [
        (Limits(), 0, True),
        (Limits(join_from=10), 9, False),
        (Limits(join_from=10), 10, True),
        (Limits(join_until=10), 9, True),
        (Limits(join_until=10), 10, False),
        (Limits(remove_at=10), 9, True),
        (Limits(remove_at=10), 10, False),
        (Limits(join_from=5, join_until=10), 7, True),
    ],
)
def test_who_can_join_when(limits: Limits, now: int, allowed: bool) -> None:
    if allowed:
        limits.check_join(now)
        return
    with pytest.raises(Refusal) as caught:
        limits.check_join(now)
    assert (caught.value.code, caught.value.message) == ("403", "Unauthorized")


@pytest.mark.parametrize(
    ("limits", "removal"),
    [
        (Limits(), None),
        (Limits(join_until=50), None),
        (Limits(remove_at=50), 50),
        (Limits(remove_after_us=30), 40),
        (Limits(remove_at=50, remove_after_us=30), 40),
        (Limits(remove_at=35, remove_after_us=30), 35),
    ],
)
def test_when_somebody_is_removed(limits: Limits, removal: int | None) -> None:
    assert limits.removal(10) == removal


def test_the_limits_of_a_token_are_in_seconds() -> None:
    claims = {"jf": 1, "ju": 2, "rat": 3, "rse": 4, "r": "lobby"}
    assert Limits.of_claims(claims) == Limits(1 * S, 2 * S, 3 * S, 4 * S)
    assert Limits.of_claims({}) == Limits()


# Sessions


def test_a_session_begins_with_a_copy_of_the_settings(world: World) -> None:
    video = settings(world, layout="2x2", meta={"floor": [1]}, prioritize_handraise=True)
    room = video.start_room("lobby")
    assert room.properties["layout_name"] == "2x2"
    assert room.properties["prioritize_handraise"] is True
    room.properties["meta"]["floor"].append(2)
    room.settings.meta["floor"].append(3)
    assert video.settings["lobby"].meta == {"floor": [1]}


def test_settings_are_those_of_one_name_and_keep_the_id(world: World) -> None:
    video = settings(world, display_name="The Lobby")
    lobby, hall = video.start_room("lobby"), video.start_room("hall")
    assert (lobby.display_name, hall.display_name) == ("The Lobby", "hall")
    assert lobby.room_id == video.settings["lobby"].room_id != hall.room_id
    video.end_room(lobby)
    assert video.start_room("lobby", display_name="Mine").display_name == "Mine"
    assert video.named("lobby").room_id == lobby.room_id  # type: ignore[union-attr]


def test_what_runs_from_the_start_follows_the_start(world: World) -> None:
    video = settings(world, record_on_start=True, streams={"st": "rtmp://example.com/live"})
    room = video.start_room("lobby")
    made = [each.frame["params"]["event_type"] for each in video.history]
    assert made == [
        "video.room.started",
        "video.recording.started",
        "video.room.updated",
        "video.stream.started",
        "video.room.updated",
    ]
    [stream] = room.running("stream")
    assert room.labels["stream", "st"] is stream


def test_a_full_room_lets_nobody_in_but_an_audience(world: World) -> None:
    video = settings(world, max_members=2)
    with pytest.raises(Refusal, match="it has 2 members"):
        video.start_room("lobby", members=3)
    assert video.rooms == {}
    room = video.start_room("lobby", members=["Ann", "Bob"])
    with pytest.raises(Refusal, match="full"):
        video.join(room, "Carl")
    video.join(room, "Carl", join_as="audience")
    ann = next(iter(room.members.values()))
    video.join(room, "her screen", kind="screen", parent=ann)
    assert len(room.members) == 3


def test_members_are_removed_at_their_time(world: World) -> None:
    video = settings(world, limits=Limits(remove_after_us=HOUR))
    room = video.start_room("lobby", members=["Ann"])
    start = world.space.now
    world.wait(HOUR // 2)
    bob = video.join(room, "Bob")
    video.join(room, "Carl", join_as="audience")
    world.wait(HOUR // 2)
    assert [each.name for each in room.members.values()] == ["Bob"]
    world.wait(HOUR // 2)
    assert room.ended
    assert (room.started_at, room.ended_at) == (start, start + HOUR + HOUR // 2)
    assert (bob.joined_at, bob.left_at) == (start + HOUR // 2, room.ended_at)


# What is remembered


def test_who_was_there_is_remembered_with_the_times(world: World) -> None:
    video = video_of(world)
    room = video.start_room("lobby", members=["Ann", "Bob"])
    start, (ann, bob) = world.space.now, room.members.values()
    world.wait(5 * S)
    video.leave(room, ann)
    assert room.everybody() == [ann, bob]
    assert (ann.joined_at, ann.left_at, bob.left_at) == (start, start + 5 * S, None)
    left = []
    video.demote(room, bob.id)
    left.append(bob.left_at)
    video.promote(room, bob.id, {})
    left.append(bob.left_at)
    assert left == [start + 5 * S, None]
    assert room.everybody() == [ann, bob]


def test_a_crowd_that_left_is_forgotten_from_its_beginning(world: World) -> None:
    video = video_of(world)
    room = video.start_room("lobby", members=["Ann"])
    for number in range(FORMER_MEMBERS_REMEMBERED + 1):
        video.leave(room, video.join(room, f"guest {number}"))
    former = [each.name for each in room.everybody() if each.left_at is not None]
    assert former[0] == "guest 1"
    assert len(former) == FORMER_MEMBERS_REMEMBERED


def test_events_are_remembered_up_to_a_number(world: World) -> None:
    video = video_of(world)
    room = video.start_room("lobby")
    for number in range(HISTORY_LIMIT):
        video.change_room(room, {"locked": number % 2 == 0})
    assert len(video.history) == HISTORY_LIMIT
    assert {each.frame["params"]["event_type"] for each in video.history} == {"video.room.updated"}
    assert room.changed_at == world.space.now


def test_a_recording_that_is_discarded_was_never_there(world: World) -> None:
    video = video_of(world)
    room = video.start_room("lobby")
    recording = video.start_media(room, "recording", {}, "mine")
    video.apply(room, recording, "stop")
    room.discard(recording)
    assert room.labels == {}
    with pytest.raises(Refusal, match="no recording"):
        room.find("recording", recording.id)


def test_sessions_are_known_in_the_order_of_starting(world: World) -> None:
    video = video_of(world)
    first = video.start_room("first")
    world.wait(S)
    second = video.start_room("second")
    world.wait(S)
    third = video.start_room("third")
    video.end_room(second)
    assert list(video.sessions()) == [first, second, third]
