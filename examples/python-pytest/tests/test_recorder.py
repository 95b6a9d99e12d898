import asyncio

import pytest
from client_stub import SignalWire

import recorder
from recorder import Minutes, Recorder


@pytest.fixture
async def attending(signalwire_mock):
    """The recorder, connected to a project that only this test has."""
    mock = signalwire_mock
    async with await SignalWire(host=mock.url, project=mock.project, token=mock.token) as client:
        attending = Recorder(client)
        await attending.start()
        yield attending


async def minutes_of(attending):
    return await asyncio.wait_for(attending.minutes.get(), timeout=5)


@pytest.mark.signalwire(clock="manual")
async def test_the_time_somebody_waits_alone_is_not_recorded(signalwire_mock, attending):
    room = await signalwire_mock.start_room("standup", members=["Ann", "Bob"])
    await signalwire_mock.wait_for("video.members.get")
    await signalwire_mock.advance(60)
    await room.leave("Bob")
    await signalwire_mock.wait_for("video.recording.pause")
    await signalwire_mock.advance(300)
    await room.join("Carl")
    await signalwire_mock.wait_for("video.recording.resume")
    await signalwire_mock.advance(30)
    await room.end_room()

    assert await minutes_of(attending) == Minutes("standup", 90.0)
    signalwire_mock.expect("video.recording.start", times=1)


@pytest.mark.signalwire(clock="manual")
async def test_a_meeting_that_cannot_be_recorded_does_not_spoil_the_next(
    signalwire_mock, attending
):
    signalwire_mock.answer_next("video.recording.start", code="409", message="no space left")
    await signalwire_mock.start_room("standup", members=["Ann", "Bob"])
    assert await minutes_of(attending) == Minutes("standup", None)

    retro = await signalwire_mock.start_room("retro", members=["Ann", "Bob"])
    await signalwire_mock.wait_for("video.members.get")
    await signalwire_mock.advance(10)
    await retro.end_room()
    assert await minutes_of(attending) == Minutes("retro", 10.0)


@pytest.mark.signalwire(scenario="room-ends-while-recording", speed=20)
async def test_a_scenario_of_the_library_is_recorded(attending):
    assert await minutes_of(attending) == Minutes("lobby", 4.0)


@pytest.mark.signalwire(scenario="room-ends-while-recording", speed=20)
async def test_the_program_finds_its_project_in_the_environment(signalwire_env, capsys):
    async def printed():
        while not (text := capsys.readouterr().out):
            await asyncio.sleep(0.01)
        return text

    program = asyncio.create_task(recorder.main())
    assert await asyncio.wait_for(printed(), timeout=5) == "lobby: 4.0 seconds\n"
    program.cancel()
    with pytest.raises(asyncio.CancelledError):
        await program
