"""What makes no sense is refused at once, by both kinds of handles, and leaves nothing behind."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest

from mockserver.harness import ArgumentError, MockServer, SyncMockServer, UnknownName

LONE = "\ud800"
NAN = float("nan")
GET = "video.rooms.get"
TALKING = "video.member.talking"
FRAME = {"jsonrpc": "2.0", "id": "x", "method": "signalwire.ping", "params": {}}

Act = Callable[[Any], Any]

WRONG: list[tuple[str, Act]] = [
    ("name", lambda mock: mock.start_room("")),
    ("name", lambda mock: mock.start_room(5)),
    ("name", lambda mock: mock.start_room(LONE)),
    ("name", lambda mock: mock.start_room(b"lobby")),
    ("members", lambda mock: mock.start_room("lobby", members=[1, 2])),
    ("members", lambda mock: mock.start_room("lobby", members=-1)),
    ("members", lambda mock: mock.start_room("lobby", members=0)),
    ("members", lambda mock: mock.start_room("lobby", members=NAN)),
    ("members", lambda mock: mock.start_room("lobby", members=["Ann", LONE])),
    ("members", lambda mock: mock.start_room("lobby", members="")),
    ("display_name", lambda mock: mock.start_room("lobby", display_name=7)),
    ("wait", lambda mock: mock.start_room("lobby", wait="no")),
    ("which", lambda mock: mock.room(5)),
    ("room", lambda mock: mock.perform("join", 5)),
    ("where", lambda mock: mock.perform("drop_connections", "lobby")),
    ("wait", lambda mock: mock.perform("drop_connections", wait=3)),
    ("name", lambda mock: mock.perform("join", "lobby", name=LONE)),
    ("latency", lambda mock: mock.set_latency(NAN)),
    ("latency", lambda mock: mock.set_latency("soon")),
    ("latency", lambda mock: mock.set_latency(-1)),
    ("frame", lambda mock: mock.push("ping")),
    ("frame", lambda mock: mock.push({"id": object()}, valid=False)),
    ("frame", lambda mock: mock.push({"id": 2**70}, valid=False)),
    ("frame", lambda mock: mock.push({5: "id"}, valid=False)),
    ("session", lambda mock: mock.push(FRAME, session=1, valid=False)),
    ("valid", lambda mock: mock.push(FRAME, valid="no")),
    ("event_type", lambda mock: mock.push_event(5, {}, channel="room.1")),
    ("params", lambda mock: mock.push_event(TALKING, [], channel="room.1")),
    ("params", lambda mock: mock.push_event(TALKING, {"x": NAN}, channel="room.1", valid=False)),
    ("channel", lambda mock: mock.push_event(TALKING, {}, channel="")),
    ("by", lambda mock: mock.advance("5")),
    ("by", lambda mock: mock.advance(NAN)),
    ("by", lambda mock: mock.advance(-1)),
    ("by", lambda mock: mock.advance([1])),
    ("acknowledged", lambda mock: mock.advance(1, acknowledged="yes")),
    ("acknowledged", lambda mock: mock.run_until_idle(acknowledged=1)),
    ("timeout", lambda mock: mock.wait_for(GET, timeout=NAN)),
    ("timeout", lambda mock: mock.wait_for(GET, timeout=-1)),
    ("params", lambda mock: mock.wait_for(GET, params=[1])),
    ("code", lambda mock: mock.answer_next(GET, code="200")),
    ("code", lambda mock: mock.answer_next(GET, code=404)),
    ("error", lambda mock: mock.answer_next(GET, error="x")),
    ("error", lambda mock: mock.answer_next(GET, error=2**40)),
    ("\\$: expected either code or error", lambda mock: mock.answer_next(GET, code="404", error=1)),
    ("message", lambda mock: mock.answer_next(GET, code="404", message=LONE)),
    ("data", lambda mock: mock.answer_next(GET, error=1, data={"x": {1, object()}})),
    ("data", lambda mock: mock.answer_next(GET, error=1, data="x")),
    ("delay", lambda mock: mock.answer_next(GET, delay=-1)),
    ("delay", lambda mock: mock.answer_next(GET, delay=NAN)),
    ("after_events", lambda mock: mock.answer_next(GET, after_events=1)),
    ("times", lambda mock: mock.answer_next(GET, times=-1)),
    ("times", lambda mock: mock.answer_next(GET, times=0)),
    ("planned", lambda mock: mock.withdraw_answer(1)),
    ("operation", lambda mock: mock.answer_rest_next("list_rom", 500)),
    ("status", lambda mock: mock.answer_rest_next("list_rooms", 99)),
    ("body", lambda mock: mock.answer_rest_next("list_rooms", 500, "no")),
    ("times", lambda mock: mock.answer_rest_next("list_rooms", 500, times=0)),
    ("planned", lambda mock: mock.withdraw_rest_answer("1")),
    ("speed", lambda mock: mock.set_speed(0)),
    ("speed", lambda mock: mock.set_speed("fast")),
    ("params", lambda mock: mock.expect(GET, [1])),
    ("times", lambda mock: mock.expect(GET, times=-1)),
    ("wanted", lambda mock: mock.expect_in_order(GET, 5)),
    ("params", lambda mock: mock.expect_in_order((GET, [1]))),
    ("ignore", lambda mock: mock.check_contract(ignore=["no-such-rule"])),
    ("ignore", lambda mock: mock.check_contract(ignore="duration")),
    ("last", lambda mock: mock.timeline("all")),
    ("last", lambda mock: mock.timeline(-1)),
    ("project", lambda mock: mock.space("")),
    ("project", lambda mock: mock.space(5)),
    ("project", lambda mock: mock.space(LONE)),
    ("latency", lambda mock: mock.space("other", latency=NAN)),
    ("seed", lambda mock: mock.space("other", seed=1.5)),
]

IDS = [f"{n}-{each[0]}" for n, each in enumerate(WRONG)]


@pytest.mark.parametrize(("named", "act"), WRONG, ids=IDS)
async def test_what_makes_no_sense_is_refused_at_once(named: str, act: Act) -> None:
    async with MockServer(clock="manual") as mock:
        with pytest.raises(ValueError, match=rf"(^|\$\.){named}") as told:
            await finished(act(mock))
        assert "expected " in str(told.value)
        assert (mock.rooms, mock.trace, mock.planned_answers) == ([], [], [])


@pytest.mark.parametrize(("named", "act"), WRONG, ids=IDS)
def test_blocking_handles_refuse_the_same(named: str, act: Act) -> None:
    with SyncMockServer(clock="manual") as mock:
        with pytest.raises(ValueError, match=rf"(^|\$\.){named}"):
            act(mock)
        assert (mock.rooms, mock.trace, mock.planned_answers) == ([], [], [])


async def finished(result: Any) -> None:
    if inspect.isawaitable(result):
        await result


ODD_NAMES: list[Act] = [
    lambda mock: mock.calls("video.recording.strat"),
    lambda mock: mock.events(5),
    lambda mock: mock.expect(["video.rooms.get"]),
    lambda mock: mock.expect_in_order("video.rooms.got"),
    lambda mock: mock.expect_in_order((5, {})),
    lambda mock: mock.wait_for(None),
]


@pytest.mark.parametrize("act", ODD_NAMES)
def test_what_has_no_such_name_is_told(act: Act) -> None:
    with SyncMockServer() as mock, pytest.raises(UnknownName, match="no method or event type"):
        act(mock)


async def test_rooms_refuse_the_same() -> None:
    async with MockServer(clock="manual") as mock:
        room = await mock.start_room("lobby")
        for named, act in [
            ("name", room.join(5)),  # type: ignore[arg-type]
            ("name", room.leave(LONE)),
            ("recording", room.pause_recording(5)),  # type: ignore[arg-type]
            ("hand", room.perform("join", hand="up")),
            ("wait", room.perform("join", wait="no")),
        ]:
            with pytest.raises(ArgumentError, match=rf"\$\.{named}"):
                await act
        assert len(room.members) == 1


async def test_what_python_has_instead_of_json_is_taken() -> None:
    async with MockServer(clock="manual") as mock:
        room = await mock.start_room("standup", members=("Ann", "Bob"))
        assert [each.name for each in room.members] == ["Ann", "Bob"]
        mock.check_contract(ignore={"durations-add-up"})
        mock.answer_next(GET, error=1, data=MappingProxyType({"x": (1, 2)}))
        assert mock.planned_answers[0].data == {"x": [1, 2]}
        mock.check_contract(ignore=(each for each in ["durations-add-up"]))


@pytest.mark.parametrize("project", ["", LONE, 5, "..", "a\nb"])
def test_a_server_refuses_its_project_when_it_is_made(project: Any) -> None:
    with pytest.raises(ArgumentError, match="project: expected "):
        SyncMockServer(project=project)


async def test_planned_answers_are_listed_and_withdrawn() -> None:
    async with MockServer(clock="manual") as mock:
        busy = mock.answer_next(GET, code="409", message="busy", times=2)
        late = mock.answer_next(GET, delay="1.5s")
        assert (busy.code, busy.message, busy.times, late.delay) == ("409", "busy", 2, 1.5)
        assert mock.planned_answers == [busy, late]
        mock.withdraw_answer(busy)
        assert mock.planned_answers == [late]
        with pytest.raises(Exception, match="no answer 1 is planned any more; there is: 2"):
            mock.withdraw_answer(busy)
        mock.withdraw_answers()
        assert mock.planned_answers == []
        down = mock.answer_rest_next("list_rooms", 503)
        mock.answer_rest_next("list_rooms", 500)
        mock.withdraw_rest_answer(down)
        assert [each.status for each in mock.planned_rest_answers] == [500]
        mock.withdraw_rest_answers()
        assert mock.planned_rest_answers == []
