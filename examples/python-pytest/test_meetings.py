"""What the recorder does, in rooms that nobody has to sit in."""

import asyncio

import pytest
from client_stub import SignalWire

import meetings
from meetings import MeetingRecorder, Report


@pytest.fixture
async def recorder(signalwire_mock):
    """The application, connected to a space that only this test has."""
    mock = signalwire_mock
    async with await SignalWire(host=mock.url, project=mock.project, token=mock.token) as client:
        recorder = MeetingRecorder(client)
        await recorder.start()
        yield recorder


async def report_of(recorder):
    """The next report, which must come soon."""
    return await asyncio.wait_for(recorder.reports.get(), timeout=5)


@pytest.mark.signalwire(clock="manual")
async def test_a_meeting_is_recorded_from_its_start_to_its_end(recorder, signalwire_mock):
    room = await signalwire_mock.start_room("standup", members=["Ann", "Bob"])
    await signalwire_mock.wait_for("video.recording.started")
    await signalwire_mock.advance(15 * 60)
    await room.end_room()

    assert await report_of(recorder) == Report("standup", seconds=15 * 60)
    [recording] = room.recordings
    assert recording.state == "completed"
    signalwire_mock.expect("video.recording.start", times=1)
    signalwire_mock.expect("video.recording.pause", times=0)


@pytest.mark.signalwire(clock="manual")
async def test_who_waits_alone_is_not_recorded(recorder, signalwire_mock):
    room = await signalwire_mock.start_room("standup", members=["Ann", "Bob"])
    await signalwire_mock.wait_for("video.recording.started")
    await signalwire_mock.advance(60)
    await room.leave("Bob")
    await signalwire_mock.wait_for("video.recording.pause")
    await signalwire_mock.advance(300)
    await room.join("Carl")
    await signalwire_mock.wait_for("video.recording.resume")
    await signalwire_mock.advance(30)
    await room.end_room()

    assert await report_of(recorder) == Report("standup", seconds=90)


@pytest.mark.signalwire(clock="manual")
async def test_a_refused_pause_is_reported(recorder, signalwire_mock):
    signalwire_mock.answer_next("video.recording.pause", code="409", message="not now")
    room = await signalwire_mock.start_room("standup", members=["Ann", "Bob"])
    await signalwire_mock.wait_for("video.recording.started")
    await room.leave("Bob")
    await signalwire_mock.wait_for("video.recording.pause")
    await signalwire_mock.advance(60)
    await room.end_room()

    assert await report_of(recorder) == Report("standup", seconds=60, problems=["not now"])


@pytest.mark.signalwire(scenario="start-refused", clock="manual")
async def test_a_refused_start_is_reported(recorder, signalwire_mock):
    """The scenario starts a room for who listens, and refuses the first recording."""
    await signalwire_mock.run_until_idle()

    assert await report_of(recorder) == Report(
        "lobby", problems=["This room must not be recorded now."]
    )
    signalwire_mock.expect("video.recording.started", times=0)


@pytest.mark.signalwire(scenario="room-ends-while-recording", speed=20)
async def test_the_program_finds_its_project_in_the_environment(
    signalwire_env, signalwire_mock, monkeypatch
):
    """``signalwire_env`` sets SW_PROJECT and the like, for this test only."""
    printed = asyncio.get_running_loop().create_future()
    monkeypatch.setattr("builtins.print", lambda report, **_: printed.set_result(report))
    program = asyncio.create_task(meetings.main())

    assert await asyncio.wait_for(printed, timeout=5) == Report("lobby", seconds=4)
    program.cancel()
    with pytest.raises(asyncio.CancelledError):
        await program
