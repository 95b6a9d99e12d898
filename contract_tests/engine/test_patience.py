"""What is done to many is done a part at a time, and seen as if it had been done together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mockserver.engine import Space
from mockserver.protocol.documents import TOGETHER

from .harness import ROOM_EVENTS, S, World

COUNT = 12


def impatient() -> Callable[[], bool]:
    """Whoever is held up at all has been held up for too long."""
    return lambda: True


FIRST = "the first"
"""Stands for the id of the first member."""

CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("video.member.audio_mute", {"member_id": "all"}),
    ("video.member.set_meta", {"member_id": "all", "meta": {"a": 1}}),
    ("video.member.set_position", {"member_id": "all", "position": "standard-2"}),
    ("video.member.set_position", {"member_id": "all", "position": "auto"}),
    ("video.set_layout", {"name": "2x2"}),
    ("video.member.update_meta", {"member_id": "all", "meta": {"b": 2}}),
    ("video.member.deaf", {"member_id": "all"}),
    ("video.playback.start", {"url": "https://example.com/a.mp3", "layout": "3x3"}),
    ("video.member.demote", {"member_id": FIRST}),
    ("video.member.promote", {"member_id": FIRST}),
    ("video.member.remove", {"member_id": "all"}),
)


class Conversation:
    """Calls of one client about all members, each with a call of another right behind it."""

    def __init__(self, latency_us: int) -> None:
        self.world = World(latency_us=latency_us)
        # Without replies, so that what comes back does not depend on when something is read.
        self.one, self.other = (self.world.connected(replies=False) for _ in range(2))
        self.room = self.world.start_room(members=COUNT)
        for client in (self.one, self.other):
            client.subscribe(self.room.channel, *ROOM_EVENTS)
        self.pauses = 0
        self.first = next(iter(self.room.members))

    def have(self, method: str, params: dict[str, Any], *, more: Callable[[], None]) -> None:
        told = {key: self.first if value == FIRST else value for key, value in params.items()}
        self.one.call(method, room_session_id=self.room.id, **told)
        more()

    def finish(self, space: Space) -> None:
        while space.tick_some():
            self.pauses += 1

    def told(self) -> list[dict[str, Any]]:
        return self.world.entries(self.world.space)


def play(latency_us: int, *, is_impatient: bool, interrupted: bool) -> Conversation:
    talk = Conversation(latency_us)
    space = talk.world.space
    if is_impatient:
        space.patience = impatient
    for method, params in CALLS:

        def interrupt() -> None:
            if interrupted:
                # It waits for what was asked before, and so does its answer.
                talk.other.call("video.members.get", room_session_id=talk.room.id)

        talk.have(method, params, more=interrupt)
        talk.finish(space)
        talk.world.wait(latency_us)
    talk.world.settle()
    talk.world.read()
    return talk


@pytest.mark.parametrize("latency_us", [0, 30_000])
@pytest.mark.parametrize("interrupted", [False, True])
def test_the_same_is_said_in_the_same_order(latency_us: int, interrupted: bool) -> None:
    patient = play(latency_us, is_impatient=False, interrupted=interrupted)
    hasty = play(latency_us, is_impatient=True, interrupted=interrupted)
    assert patient.pauses == 0
    # There is a pause after each member in five calls at least, or nothing was cut into parts.
    assert hasty.pauses > COUNT * 5
    assert hasty.told() == patient.told()
    assert len(patient.told()) > 2 * COUNT * (len(CALLS) - 3)
    for one, other in zip(patient.world.clients, hasty.world.clients, strict=True):
        assert one.frames == other.frames


def test_whoever_looks_meanwhile_sees_all_of_it() -> None:
    talk = Conversation(0)
    space = talk.world.space
    space.patience = impatient
    talk.one.call("video.member.audio_mute", room_session_id=talk.room.id, member_id="all")
    muted = [each.properties["audio_muted"] for each in talk.room.members.values()]
    assert 0 < sum(muted) < COUNT
    space.tick()
    assert all(each.properties["audio_muted"] for each in talk.room.members.values())


def test_what_is_left_can_be_finished_without_doing_more() -> None:
    talk = Conversation(0)
    space = talk.world.space
    space.patience = impatient
    talk.one.call("video.member.audio_mute", room_session_id=talk.room.id, member_id="all")
    space.finish()
    talk.world.read()
    assert talk.one.event_types == ["video.member.updated"] * COUNT
    assert not space.tick_some()


def test_an_answer_that_comes_after_its_events_comes_after_all_of_them() -> None:
    talk = Conversation(0)
    space = talk.world.space
    space.patience = impatient
    talk.world.script.plan("video.member.audio_mute", after_events=True)
    talk.one.call("video.member.audio_mute", room_session_id=talk.room.id, member_id="all")
    talk.finish(space)
    talk.world.read()
    *events, answer = talk.one.frames[-COUNT - 1 :]
    assert "result" in answer
    assert {each["params"]["event_type"] for each in events} == {"video.member.updated"}


def test_a_frame_of_a_client_that_has_gone_meanwhile_is_dropped() -> None:
    talk = Conversation(0)
    space = talk.world.space
    space.patience = impatient
    talk.one.call("video.member.audio_mute", room_session_id=talk.room.id, member_id="all")
    talk.other.call("video.member.audio_unmute", room_session_id=talk.room.id, member_id="all")
    talk.other.lose()
    talk.finish(space)
    assert all(each.properties["audio_muted"] for each in talk.room.members.values())


def test_a_room_that_ends_before_all_is_done_ends_the_rest_of_it() -> None:
    talk = Conversation(0)
    space = talk.world.space
    space.patience = impatient
    talk.one.call("video.member.audio_mute", room_session_id=talk.room.id, member_id="all")
    talk.world.video.end_room(talk.room)
    talk.finish(space)
    talk.world.settle()
    talk.world.read()
    assert talk.one.event_types[-1] == "video.room.ended"


def end_room(talk: Conversation) -> None:
    talk.world.do(talk.world.video.end_room, talk.room)


def end_room_while_the_clock_moves(talk: Conversation) -> None:
    talk.world.space.later(S, lambda: talk.world.video.end_room(talk.room))
    talk.world.move(talk.world.clock.now() + 2 * S)


def last_member_leaves(talk: Conversation) -> None:
    *_, last = talk.room.members.values()
    talk.world.do(talk.world.video.leave, talk.room, last)


def other_removes_the_last_member(talk: Conversation) -> None:
    *_, last = talk.room.members
    talk.other.call("video.member.remove", room_session_id=talk.room.id, member_id=last)


def other_removes_all(talk: Conversation) -> None:
    talk.other.call("video.member.remove", room_session_id=talk.room.id, member_id="all")


def caller_says_goodbye(talk: Conversation) -> None:
    talk.one.call("signalwire.disconnect")


@pytest.mark.parametrize("latency_us", [0, 30_000])
@pytest.mark.parametrize(
    "meanwhile",
    [
        end_room,
        end_room_while_the_clock_moves,
        last_member_leaves,
        other_removes_the_last_member,
        other_removes_all,
        caller_says_goodbye,
    ],
)
def test_what_happens_meanwhile_happens_after_all_of_it(
    latency_us: int, meanwhile: Callable[[Conversation], None]
) -> None:
    def told(*, is_impatient: bool) -> Conversation:
        talk = Conversation(latency_us)
        if is_impatient:
            talk.world.space.patience = impatient
        talk.one.call("video.member.audio_mute", room_session_id=talk.room.id, member_id="all")
        muted = [each.properties["audio_muted"] for each in talk.room.members.values()]
        assert all(muted) is not is_impatient
        meanwhile(talk)
        talk.finish(talk.world.space)
        talk.world.settle()
        talk.world.read()
        return talk

    patient, hasty = told(is_impatient=False), told(is_impatient=True)
    assert hasty.told() == patient.told()
    assert [each.frames for each in hasty.world.clients] == [
        each.frames for each in patient.world.clients
    ]
    assert hasty.other.event_types[:COUNT] == ["video.member.updated"] * COUNT
    assert hasty.world.violations() == []


@pytest.mark.parametrize("latency_us", [0, 30_000])
def test_a_client_that_is_away_meanwhile_gets_the_rest_when_it_is_back(latency_us: int) -> None:
    talk = Conversation(latency_us)
    space = talk.world.space
    space.patience = impatient
    talk.one.call("video.member.audio_mute", room_session_id=talk.room.id, member_id="all")
    talk.other.lose()
    talk.finish(space)
    talk.world.settle()
    talk.other.resume()
    talk.world.read()
    ids = [each["params"]["params"]["member"]["id"] for each in talk.other.event_frames]
    assert ids == list(talk.room.members)
    assert talk.world.violations() == []


# Answers and events that are long: they are made in steps, too.

MANY = 2 * TOGETHER + 1


class LongConversation:
    """Two clients, and much of everything in a space."""

    def __init__(self, *, is_impatient: bool) -> None:
        self.world = World()
        self.one, self.other = (self.world.connected(replies=False) for _ in range(2))
        self.room = self.world.start_room(members=MANY)
        for number in range(MANY):
            self.world.start_room(f"room-{number}")
        for _ in range(MANY):
            recording = self.world.do(self.world.video.start_media, self.room, "recording")
            self.world.do(self.world.video.apply, self.room, recording, "stop")
        self.other.follow(self.room)
        self.world.settle()
        self.world.read()
        self.pauses = 0
        if is_impatient:
            self.world.space.patience = impatient

    def finish(self) -> None:
        while self.world.space.tick_some():
            self.pauses += 1

    def have(self, method: str, params: dict[str, Any]) -> None:
        """A call, with another right behind it; then all that comes of them."""
        known = {"room_session_id": self.room.id, "event_channel": self.room.channel}
        self.one.call(method, **{key: known.get(key, value) for key, value in params.items()})
        self.other.call("video.member.audio_mute", room_session_id=self.room.id, member_id="all")
        self.finish()
        self.world.settle()
        self.world.read()


IN_ROOM = {"room_session_id": ""}
STATE = {"events": ["video.room.subscribed"], "get_initial_state": True}

LONG: dict[str, dict[str, Any]] = {
    "video.rooms.get": {},
    "video.room.get": IN_ROOM,
    "video.members.get": IN_ROOM,
    "video.recording.list": IN_ROOM,
    "signalwire.subscribe": {"event_channel": "", **STATE},
    "video.set_layout": {**IN_ROOM, "name": "10x10"},
}


@pytest.mark.parametrize(("method", "params"), LONG.items(), ids=LONG)
def test_what_is_long_is_made_in_steps_and_says_the_same(
    method: str, params: dict[str, Any]
) -> None:
    patient, hasty = (LongConversation(is_impatient=each) for each in (False, True))
    for each in (patient, hasty):
        each.have(method, params)
    # Muting all is cut into as many parts as there are members; the rest is of what is long.
    assert hasty.pauses >= MANY + 3
    assert hasty.world.entries(hasty.world.space) == patient.world.entries(patient.world.space)
    for one, other in zip(patient.world.clients, hasty.world.clients, strict=True):
        assert one.frames == other.frames
    assert hasty.world.violations() == []


def test_a_room_that_is_long_in_the_making_says_the_same() -> None:
    def started(*, is_impatient: bool) -> LongConversation:
        talk = LongConversation(is_impatient=is_impatient)
        talk.one.subscribe("video.rooms", "video.room.started")
        with talk.world.space.long_work.pausing():
            room = talk.world.video.start_room("big", members=MANY)
        assert (len(room.members) == MANY) is not is_impatient
        talk.other.call("video.members.get", room_session_id=room.id)
        talk.finish()
        talk.world.settle()
        talk.world.read()
        return talk

    patient, hasty = started(is_impatient=False), started(is_impatient=True)
    assert hasty.pauses > MANY
    for one, other in zip(patient.world.clients, hasty.world.clients, strict=True):
        assert one.frames == other.frames
    assert hasty.one.event_types == ["video.room.started"]
    assert len(hasty.other.frames[-1]["result"]["members"]) == MANY


@pytest.mark.parametrize("plan", [{}, {"after_events": True}, {"delay_us": S}])
def test_a_long_answer_comes_when_it_was_planned_to(plan: dict[str, Any]) -> None:
    talk = LongConversation(is_impatient=True)
    if plan:
        talk.world.script.plan("video.members.get", **plan)
    before = talk.world.space.now
    talk.have("video.members.get", IN_ROOM)
    [answer] = [
        each
        for each in talk.world.entries(talk.world.space)
        if len((each["frame"].get("result") or {}).get("members", ())) == MANY
    ]
    assert answer["time"] * S == pytest.approx(before + plan.get("delay_us", 0))


def test_a_long_answer_that_is_wrong_is_a_bug_and_the_client_hears_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    talk = LongConversation(is_impatient=True)
    bugs: list[Exception] = []
    monkeypatch.setattr(talk.world.space, "_on_bug", bugs.append)
    *_, last = talk.room.members.values()
    monkeypatch.setattr(type(last), "as_wire_at", wrong_for(last))
    talk.one.call("video.members.get", room_session_id=talk.room.id)
    talk.finish()
    talk.world.read()
    assert talk.one.frames[-1]["error"]["code"] == -32603
    [bug] = bugs
    assert "members" in str(bug)


def wrong_for(member: Any) -> Callable[[Any, str], dict[str, Any]]:
    right = type(member).as_wire_at

    def as_wire_at(self: Any, position: str) -> dict[str, Any]:
        shown: dict[str, Any] = right(self, position)
        return {**shown, "id": 7} if self is member else shown

    return as_wire_at


def test_a_client_that_goes_while_its_answer_is_made_gets_none() -> None:
    talk = LongConversation(is_impatient=True)
    talk.one.call("video.rooms.get")
    read = len(talk.one.frames)
    talk.one.lose()
    talk.finish()
    talk.world.settle()
    talk.one.resume()
    talk.world.read()
    # Its call is answered to nobody, and what came on is whole.
    assert [each for each in talk.one.frames[read:] if "rooms" in each.get("result", {})] == []
    assert talk.world.violations() == []
