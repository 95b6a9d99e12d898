"""A tester looks at what happened, expects it, and is told well when it did not come."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from contract_tests.shared.client import Client
from mockserver import MockServer
from mockserver.harness import ContractBroken, Refusal, UnknownName

from .app import Recorder
from .conftest import Connect


@pytest.fixture
async def recorded(mock: MockServer, connect: Connect) -> MockServer:
    """A minute was recorded, paused, and stopped after five more."""
    app = Recorder(await connect(mock))
    await app.listen()
    await mock.start_room("standup", members=["Ann", "Bob"])
    await mock.wait_for("video.recording.start")
    await mock.advance(60)
    await app.pause()
    await mock.advance(300)
    await app.stop()
    await mock.advance(0)
    return mock


def told(error: pytest.ExceptionInfo[BaseException]) -> list[str]:
    """The message without the timeline, which must be there."""
    message, mark, timeline = str(error.value).partition("\ntimeline:\n")
    assert mark
    assert timeline
    return message.splitlines()


async def test_what_was_asked_and_what_was_told(recorded: MockServer) -> None:
    [room] = recorded.rooms
    [recording] = room.recordings
    [pause] = recorded.calls("video.recording.pause")
    assert pause.params == {"room_session_id": room.id, "recording_id": recording.id}
    assert pause.time == recording.started_at + 60
    [updated] = recorded.events("video.recording.updated")
    assert updated.params["recording"]["state"] == "paused"
    assert updated.n > pause.n
    assert {each.kind for each in recorded.calls()} == {"call"}
    assert {each.kind for each in recorded.events()} == {"event"}


async def test_the_trace_has_every_frame_and_no_token(recorded: MockServer) -> None:
    trace = recorded.trace
    assert [entry["n"] for entry in trace] == list(range(1, len(trace) + 1))
    assert trace[0]["frame"]["params"]["authentication"]["token"] == "***"
    assert {entry["space"] for entry in trace} == {recorded.project}


async def test_expectations_that_hold(recorded: MockServer) -> None:
    [ended] = recorded.expect("video.recording.ended", {"recording": {"duration": 60.0}}, times=1)
    assert ended.params["recording"]["state"] == "completed"
    recorded.expect("video.recording.resume", times=0)
    recorded.expect("video.recording.pause")
    in_order = recorded.expect_in_order(
        "video.room.started",
        ("video.recording.updated", {"recording": {"state": "paused"}}),
        "video.recording.stop",
    )
    assert [each.n for each in in_order] == sorted(each.n for each in in_order)
    recorded.check_contract()


async def test_too_few_shows_the_nearest_and_how_they_differ(recorded: MockServer) -> None:
    [pause] = recorded.calls("video.recording.pause")
    with pytest.raises(AssertionError) as failed:
        recorded.expect("video.recording.pause", {"recording_id": "another"})
    assert told(failed) == [
        "expected video.recording.pause with {'recording_id': 'another'} at least once, but it "
        "came not at all",
        "the nearest that came:",
        f"  #{pause.n} video.recording.pause: recording_id is "
        f"'{pause.params['recording_id']}', not 'another'",
    ]


async def test_the_nearest_comes_first(recorded: MockServer) -> None:
    wanted = {"recording": {"state": "paused", "duration": 1}}
    with pytest.raises(AssertionError) as failed:
        recorded.expect("video.recording.updated", wanted)
    assert told(failed)[-1].endswith(": recording.duration is missing")


async def test_too_many_shows_which(recorded: MockServer) -> None:
    [pause] = recorded.calls("video.recording.pause")
    with pytest.raises(AssertionError) as failed:
        recorded.expect("video.recording.pause", times=0)
    assert told(failed) == [
        f"expected video.recording.pause not at all, but it came once (#{pause.n})"
    ]


async def test_what_did_not_come_shows_what_did(recorded: MockServer) -> None:
    with pytest.raises(AssertionError) as failed:
        recorded.expect("video.recording.resume")
    assert told(failed)[1].startswith("what came: signalwire.connect, signalwire.subscribe, ")


async def test_the_timeline_tells_the_whole_conversation(recorded: MockServer) -> None:
    with pytest.raises(AssertionError) as failed:
        recorded.expect("video.recording.resume")
    timeline = str(failed.value).partition("\ntimeline:\n")[2].splitlines()
    assert len(timeline) == len(recorded.trace)
    assert "+60.000 s  s1 -> video.recording.pause" in "\n".join(timeline)
    assert recorded.timeline(2).splitlines()[0].endswith("frames before")


async def test_the_wrong_order_shows_how_far_it_went(recorded: MockServer) -> None:
    [stop] = recorded.calls("video.recording.stop")
    [pause] = recorded.calls("video.recording.pause")
    with pytest.raises(AssertionError) as failed:
        recorded.expect_in_order(
            "video.recording.stop", "video.recording.pause", ("video.room.ended", {"room_id": "x"})
        )
    assert told(failed) == [
        "expected in this order:",
        f"  #{stop.n}   video.recording.stop",
        f"  ----> video.recording.pause did not come after #{stop.n}, but before it: #{pause.n}",
        "        video.room.ended with {'room_id': 'x'}",
    ]


async def test_an_invalid_request_is_told_to_those_who_look_for_it(mock: MockServer) -> None:
    client = await Client.open(mock.url)
    await client.connect(mock.project, mock.token)
    await client.error("video.recording.pause", recording="wrong")
    await client.socket.close()
    with pytest.raises(AssertionError) as failed:
        mock.expect("video.recording.pause")
    assert any("#3 video.recording.pause does not count, being invalid" in x for x in told(failed))
    with pytest.raises(ContractBroken, match="client-frames-valid"):
        mock.check_contract()
    mock.check_contract(ignore=["client-frames-valid"])


async def test_a_name_that_there_is_not(mock: MockServer) -> None:
    with pytest.raises(UnknownName, match=r"did you mean .*video\.recording\.pause"):
        mock.expect("video.recording.puase", times=0)
    with pytest.raises(UnknownName):
        mock.expect_in_order("video.recording.puase")
    with pytest.raises(UnknownName):
        await mock.wait_for("video.recording.puase")


# Waiting


async def test_waits_take_one_after_another(mock: MockServer, connect: Connect) -> None:
    client = await connect(mock)
    for _ in range(2):
        await client.video.get_room_sessions()
    first = await mock.wait_for("video.rooms.get")
    second = await mock.wait_for("video.rooms.get")
    assert first.n < second.n
    with pytest.raises(TimeoutError) as late:
        await mock.wait_for("video.rooms.get", timeout=0.01)
    assert told(late) == [
        "video.rooms.get did not come within 0.01 s; "
        f"#{first.n}, #{second.n} is what earlier waits had, or went past"
    ]


async def test_a_wait_is_woken_by_what_it_waits_for(mock: MockServer, connect: Connect) -> None:
    client = await connect(mock)
    wait = asyncio.create_task(mock.wait_for("video.rooms.get"))
    while not (await asyncio.wait([wait], timeout=0))[0]:
        await client.video.get_room_sessions()
    assert (await wait).name == "video.rooms.get"


async def test_a_wait_that_is_given_up_leaves_nothing_behind(
    mock: MockServer, connect: Connect
) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await mock.wait_for("video.rooms.get", timeout=60)
    client = await connect(mock)
    await client.video.get_room_sessions()
    assert (await mock.wait_for("video.rooms.get")).name == "video.rooms.get"


async def test_failures_point_at_the_line_of_the_test(mock: MockServer) -> None:
    """No frame of the mock is between the test and the message."""
    for expect in (mock.expect, mock.expect_in_order):
        with pytest.raises(AssertionError) as failed:
            expect("video.rooms.get")
        assert Path(failed.traceback.filter(failed)[-1].path) == Path(__file__)
    with pytest.raises(Refusal) as refused:
        await mock.perform("end_room")
    assert Path(refused.traceback.filter(refused)[-1].path) == Path(__file__)
