"""Servers in process: their threads, their spaces, their ends, and the twin without coroutines."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
import threading
from typing import Any

import pytest

import mockserver
from client_stub import SignalWire
from contract_tests.shared.patience import PATIENCE_S
from mockserver import MockServer, SyncMockServer, harness
from mockserver.harness import ControlError, MockServerBug

from .app import BlockingRecorder, Recorder
from .conftest import Connect

# Spaces


async def test_spaces_see_nothing_of_each_other(mock: MockServer, connect: Connect) -> None:
    one, other = mock.space("one"), mock.space("other")
    app = Recorder(await connect(one))
    await app.listen()
    await other.start_room("elsewhere")
    await one.start_room("here")
    await one.wait_for("video.recording.start")
    assert app.rooms == ["here"]
    assert other.trace == []
    assert mock.trace == []


async def test_a_hard_wired_project_lands_in_the_space_of_its_url(
    mock: MockServer, connect: Connect
) -> None:
    one = mock.space("one/of them?")
    async with await _client(one.url, "hard-wired"):
        assert [session.project for session in one.sessions] == ["hard-wired"]


def _client(url: str, project: str) -> SignalWire:
    return SignalWire(host=url, project=project, token="any")


async def test_a_space_is_made_once(mock: MockServer) -> None:
    await mock.space("one", seed=1).start_room("lobby")
    assert [room.name for room in mock.space("one").rooms] == ["lobby"]
    with pytest.raises(ValueError, match='there is a space "one" already'):
        mock.space("one", seed=2)


async def test_the_seed_decides_ids_and_names() -> None:
    rooms = []
    for seed in (1, 1, 2):
        async with MockServer(seed=seed, clock="manual") as mock:
            rooms.append((await mock.start_room(members=2)).state)
    assert rooms[0] == rooms[1]
    assert rooms[0].id != rooms[2].id


async def test_a_space_that_ended_can_be_looked_back_at(mock: MockServer, connect: Connect) -> None:
    space = mock.space("short-lived")
    room = await space.start_room("lobby")
    await connect(space)
    space.end_space()
    assert room.name == "lobby"
    assert len(space.trace) == 2
    # Who comes now gets into a new space of that name.
    await connect(space)
    assert len(space.trace) == 2
    with pytest.raises(ControlError, match='no space "short-lived" any more'):
        await space.start_room("another")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"clock": "manul"}, 'clock: expected "real" or "manual"'),
        ({"speed": 0}, "speed: expected a number greater than 0"),
        ({"latency": "soon"}, "latency: expected a duration"),
    ],
)
def test_settings_that_cannot_be(wrong: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        MockServer(**wrong)


async def test_a_scenario_that_there_is_not() -> None:
    with pytest.raises(LookupError, match=r"did you mean .*pause-resume"):
        await MockServer(scenario="pause-resum").start()
    async with MockServer() as mock:
        with pytest.raises(LookupError, match=r"did you mean .*pause-resume"):
            mock.space("one", scenario="pause-resum")


# Threads


async def test_a_blocked_event_loop_holds_up_nobody(mock: MockServer) -> None:
    def use() -> None:
        with BlockingRecorder(mock.url, mock.project, mock.token):
            pass

    thread = threading.Thread(target=use)
    thread.start()
    # Meanwhile this loop does nothing at all.
    thread.join()
    assert [session.name for session in mock.sessions] == ["s1"]


def test_several_event_loops_share_a_server() -> None:
    with SyncMockServer(clock="manual") as mock:
        rooms: dict[str, list[str]] = {}

        def run(name: str) -> None:
            async def use() -> None:
                space = harness.SpaceHandle(mock._thread, mock.space(name).project)
                for number in range(10):
                    await space.start_room(f"{name}-{number}")
                    await space.advance(1)
                rooms[name] = [room.name for room in space.rooms]

            asyncio.run(use())

        threads = [threading.Thread(target=run, args=(name,)) for name in ("a", "b", "c")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert rooms == {name: [f"{name}-{number}" for number in range(10)] for name in "abc"}


# The end


async def test_after_the_end_one_can_look_back_and_no_more(connect: Connect) -> None:
    async with MockServer() as mock:
        await connect(mock)
    assert [entry["n"] for entry in mock.trace] == [1, 2]
    mock.expect("signalwire.connect", times=1)
    with pytest.raises(RuntimeError, match="has been stopped"):
        await mock.start_room()
    await mock.stop()
    with pytest.raises(RuntimeError, match="started before"):
        await mock.start()


def test_before_the_start_there_is_nothing() -> None:
    with pytest.raises(RuntimeError, match="not running yet"):
        _ = MockServer().url


async def test_a_port_that_is_taken_is_told(mock: MockServer) -> None:
    port = int(mock.url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        await MockServer(port=port).start()


async def test_threads_end_with_their_servers() -> None:
    async with MockServer():
        assert "mock SignalWire" in {thread.name for thread in threading.enumerate()}
    assert "mock SignalWire" not in {thread.name for thread in threading.enumerate()}


def test_a_bug_of_the_mock_is_not_hidden() -> None:
    bug = RuntimeError("a pipe burst")
    with pytest.raises(MockServerBug, match="a pipe burst") as told, SyncMockServer() as mock:
        mock._thread.look(lambda server: server.note_bug(bug))
    assert told.value.__cause__ is bug


def test_a_bug_of_the_mock_does_not_hide_the_failure_of_the_test() -> None:
    def fail(mock: SyncMockServer) -> None:
        mock._thread.look(lambda server: server.note_bug(RuntimeError("a pipe burst")))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), SyncMockServer() as mock:
        fail(mock)


# The twin


def test_a_blocking_application_and_a_test_without_coroutines() -> None:
    with (
        SyncMockServer(clock="manual") as mock,
        BlockingRecorder(mock.url, mock.project, mock.token) as app,
    ):
        room = mock.start_room("standup", members=["Ann", "Bob"])
        mock.wait_for("video.recording.start")
        mock.advance(60)
        app.pause()
        mock.advance(300)
        app.stop()
        [recording] = room.recordings
        assert (recording.state, recording.duration) == ("completed", 60.0)
        mock.expect("video.recording.pause", {"recording_id": recording.id}, times=1)
        room.join("Carl")
        room.leave("Carl")
        started = room.start_recording()
        room.pause_recording(started)
        room.resume_recording()
        room.stop_recording()
        room.end_room()
        mock.drop_connections()
        mock.set_latency("1s")
        mock.run_until_idle()
        mock.check_contract()


@pytest.mark.parametrize(
    ("of_coroutines", "twin"),
    [
        (harness.SpaceHandle, harness.SyncSpaceHandle),
        (harness.RoomHandle, harness.SyncRoomHandle),
        (harness.MockServer, harness.SyncMockServer),
    ],
)
def test_twins_have_the_same_methods(of_coroutines: type, twin: type) -> None:
    def methods(of: type) -> dict[str, list[str]]:
        return {
            name: [str(each) for each in inspect.signature(method).parameters.values()]
            for name, method in inspect.getmembers(of, inspect.isfunction)
            if not name.startswith("_")
        }

    assert methods(of_coroutines) == methods(twin)
    for name in methods(twin):
        assert not inspect.iscoroutinefunction(getattr(twin, name)), name


# The package


def test_importing_the_package_and_the_plugin_is_cheap() -> None:
    program = (
        "import sys, pytest\n"
        "before = set(sys.modules)\n"
        "import mockserver, mockserver.harness.pytest_plugin\n"
        "print(sorted(set(sys.modules) - before))\n"
        "from mockserver import MockServer\n"
        "print('aiohttp' in sys.modules)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    plugin = ["mockserver.harness", "mockserver.harness.pytest_plugin"]
    imported = ["mockserver", *plugin, "mockserver.realtime"]
    assert ran.stdout.splitlines() == [str(imported), "True"]


def test_a_name_that_the_package_has_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'MockSever'"):
        _ = mockserver.MockSever
