"""A tester acts as the service and as the people in a room, and moves time."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable
from typing import Any

import pytest

from contract_tests.shared.client import Client
from mockserver import MockServer, schemas
from mockserver.engine import ACTIONS
from mockserver.harness import ControlError, Refusal

from .app import Recorder
from .conftest import Connect


async def test_a_room_and_what_happens_in_it(mock: MockServer) -> None:
    room = await mock.start_room("standup", members=["Ann", "Bob"])
    assert [member.name for member in room.members] == ["Ann", "Bob"]
    carl = await room.join("Carl")
    assert carl.name == "Carl"
    await room.leave("Ann")
    assert [member.name for member in room.members] == ["Bob", "Carl"]
    assert [each.name for each in mock.rooms] == ["standup"]
    await room.end_room()
    assert room.ended
    assert mock.rooms == []


async def test_recordings_as_the_service_moves_them(mock: MockServer) -> None:
    room = await mock.start_room("standup")
    started = await room.start_recording()
    assert (started.state, started.duration) == ("recording", None)
    await mock.advance(10)
    assert (await room.pause_recording()).state == "paused"
    await mock.advance(100)
    assert (await room.resume_recording(started)).state == "recording"
    await mock.advance(0.5)
    stopped = await room.stop_recording(started.id)
    assert (stopped.id, stopped.state, stopped.duration) == (started.id, "completed", 10.5)
    assert stopped.ended_at == started.started_at + 110.5
    assert room.recordings == [stopped]


async def test_one_name_is_one_member(mock: MockServer) -> None:
    room = await mock.start_room("standup", members="Ann")
    assert [member.name for member in room.members] == ["Ann"]


async def test_the_hand_on_a_room_that_somebody_else_started(
    mock: MockServer, connect: Connect
) -> None:
    space = mock.space("scripted", scenario="pause-resume", clock="manual")
    client = await connect(space)
    await client.video.listen(on_room_started=lambda room: None)
    await space.advance(1)
    room = space.room("lobby")
    assert await room.join("Zoe") in room.members
    with pytest.raises(Refusal, match=r"there is: .*lobby"):
        space.room("attic")


@pytest.mark.parametrize("verb", sorted(ACTIONS))
async def test_every_action_can_be_done_by_its_name(mock: MockServer, verb: str) -> None:
    room = await mock.start_room("lobby", members=["Ann", "Carl"])
    for example in schemas.load(f"actions/{verb}")["examples"]:
        # That there is no such recording, say, means that the arguments were understood.
        with contextlib.suppress(Refusal):
            await mock.perform(verb, **example)
        if room.ended:
            room = await mock.start_room("lobby")


@pytest.mark.parametrize(
    ("verb", "arguments", "told"),
    [
        ("jion", {}, "did you mean join"),
        ("join", {"nmae": "Zoe"}, "nmae"),
        ("join", {"name": 5}, r"\$\.name: expected a string"),
        ("set_latency", {}, "latency"),
        ("set_latency", {"latency": "soon"}, "latency"),
    ],
)
async def test_what_no_action_takes_is_told(
    mock: MockServer, verb: str, arguments: dict[str, Any], told: str
) -> None:
    await mock.start_room("lobby")
    with pytest.raises(ControlError, match=told):
        await mock.perform(verb, **arguments)


async def test_the_state_decides_what_can_be_done(mock: MockServer) -> None:
    room = await mock.start_room("lobby")
    with pytest.raises(Refusal, match="no recording is running"):
        await room.pause_recording()
    with pytest.raises(Refusal, match="running already"):
        await mock.start_room("lobby")
    await room.end_room()
    with pytest.raises(Refusal, match="has ended"):
        await room.join()


async def test_replaced_answers(mock: MockServer, connect: Connect) -> None:
    client = await connect(mock)
    mock.answer_next("video.rooms.get", code="503", message="come back later")
    answers = [await _outcome(client.video.get_room_sessions()) for _ in range(2)]
    assert answers == ["video.rooms.get was refused: 503 come back later", "[]"]
    with pytest.raises(ControlError, match=r"did you mean video\.room\.get"):
        mock.answer_next("video.room.get_all", code="503")


async def _outcome(awaitable: Awaitable[object]) -> str:
    try:
        return str(await awaitable)
    except Exception as error:
        return str(error)


async def test_connections_come_to_grief(mock: MockServer, connect: Connect) -> None:
    await connect(mock, reconnect_delay=0)
    first = await mock.wait_for("signalwire.connect")
    await mock.drop_connections()
    second = await mock.wait_for("signalwire.connect")
    assert "protocol" not in first.params
    assert "protocol" in second.params
    assert [session.name for session in mock.sessions] == ["s1"]
    await mock.disconnect()
    said = [entry["frame"].get("method") for entry in mock.trace]
    assert said.count("signalwire.disconnect") == 1


async def test_frames_of_the_testers_own(mock: MockServer, connect: Connect) -> None:
    await connect(mock)
    assert await mock.push({"jsonrpc": "2.0", "id": "x", "no": "frame"}, valid=False) == ["s1"]
    assert mock.trace[-1]["frame"]["no"] == "frame"
    with pytest.raises(ControlError, match="there is: s1"):
        await mock.push({}, session="s2", valid=False)


# Time


async def test_a_manual_clock_stands_still_and_moves_exactly(mock: MockServer) -> None:
    assert mock.now == 1_735_689_600.0
    assert await mock.advance(0.25) == 1_735_689_600.25
    assert mock.now == 1_735_689_600.25
    with pytest.raises(ControlError, match="does not run backwards"):
        await mock.advance(-1)
    with pytest.raises(ControlError, match="is manual"):
        mock.set_speed(2)


async def test_a_real_clock_runs_by_itself() -> None:
    async with MockServer() as mock:
        with pytest.raises(ControlError, match='clock "manual"'):
            await mock.advance(1)
        mock.set_speed(1_000_000)
        before = mock.now
        assert mock.now > before


async def test_when_time_has_moved_callbacks_have_run(mock: MockServer, connect: Connect) -> None:
    client = await connect(mock)
    heard: list[str] = []
    await client.video.listen(on_room_started=lambda room: heard.append(room.name))
    for number in range(20):
        await mock.start_room(f"room-{number}")
        await mock.advance(1)
        assert heard == [f"room-{each}" for each in range(number + 1)]


async def test_what_was_said_before_time_moves_is_dated_before(
    mock: MockServer, connect: Connect
) -> None:
    client = await connect(mock)
    await client.video.listen(on_room_started=lambda room: None)
    await mock.start_room("lobby")
    await mock.advance(60)
    assert {entry["time"] for entry in mock.trace} == {1_735_689_600.0}


async def test_a_client_that_does_not_acknowledge_is_named(
    mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mockserver.control.control.ACKNOWLEDGED_WITHIN_S", 0.01)
    client = await Client.open(mock.url)
    await client.connect(mock.project, mock.token)
    await client.subscribe("video.rooms", "video.room.started")
    await mock.start_room("lobby")
    with pytest.raises(TimeoutError, match="s1 did not acknowledge"):
        await mock.advance(1)
    await mock.advance(1, acknowledged=False)
    await client.socket.close()
    # Who is gone owes nothing.
    await mock.advance(1)


async def test_a_day_of_recording_with_a_hundred_pauses(mock: MockServer, connect: Connect) -> None:
    app = Recorder(await connect(mock))
    await app.listen()
    room = await mock.start_room("all-day")
    await mock.wait_for("video.recording.start")
    for _ in range(100):
        await mock.advance(432)
        await app.pause()
        await mock.advance(432)
        await app.resume()
    await app.stop()
    [recording] = room.recordings
    assert recording.state == "completed"
    assert recording.duration == 43_200.0
    assert recording.ended_at is not None
    assert recording.ended_at - recording.started_at == 86_400.0
    mock.expect("video.recording.pause", {"recording_id": recording.id}, times=100)
    mock.check_contract()


async def test_a_deed_returns_when_what_it_caused_has_been_sent(connect: Connect) -> None:
    """With a real clock too, latency included: what follows in a test sees it."""
    async with MockServer(latency="30ms") as mock:
        client = await connect(mock)
        await client.video.listen(on_room_started=lambda _: None, on_room_ended=lambda _: None)
        room = await mock.start_room("lobby")
        assert mock.expect("video.room.started")
        await room.end_room()
        assert mock.expect("video.room.ended")


async def test_a_deed_that_is_not_waited_for(connect: Connect) -> None:
    async with MockServer(latency="1h") as mock:
        client = await connect(mock)
        await client.video.listen(on_room_started=lambda _: None)
        await mock.start_room("lobby", wait=False)
        await mock.perform("join", wait=False, name="Ann")
        assert mock.events() == []
