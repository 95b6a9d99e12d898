"""The mock goes on while a test freezes the time beside it."""

from __future__ import annotations

import asyncio
import datetime
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import time_machine
from freezegun import freeze_time

from client_stub import RoomSession, RoomSessionRecording
from contract_tests.shared.patience import PATIENCE_S
from mockserver import MockServer, SyncMockServer, realtime

from .conftest import Connect

LONG_AGO = datetime.datetime(2001, 2, 3, tzinfo=datetime.UTC)
Freeze = Callable[[], AbstractContextManager[object]]

FREEZERS: dict[str, Freeze] = {
    "freezegun": lambda: freeze_time(LONG_AGO),
    "time-machine": lambda: time_machine.travel(LONG_AGO, tick=False),
}
freezers = pytest.mark.parametrize("freeze", FREEZERS.values(), ids=FREEZERS)


async def record(mock: MockServer, connect: Connect) -> RoomSessionRecording:
    """A recording from start to end, whose events each come one latency after their cause."""
    client = await connect(mock)
    started: asyncio.Future[RoomSession] = asyncio.get_running_loop().create_future()
    await client.video.listen(on_room_started=started.set_result)
    await mock.start_room("lobby")
    recording = await (await started).start_recording()
    await recording.stop()
    return await recording.ended()


@freezers
async def test_a_server_that_runs_already_goes_on(freeze: Freeze, connect: Connect) -> None:
    async with MockServer() as mock:
        before = realtime.unix_time() / 1e6
        with freeze():
            assert time.time() == LONG_AGO.timestamp()
            recording = await record(mock, connect)
            assert mock.trace[-1]["time"] >= before
        assert recording.started_at is not None
        assert recording.started_at.timestamp() >= before
        assert recording.ended_at is not None
        assert recording.ended_at > recording.started_at


@freezers
async def test_a_server_starts_and_stops_while_time_stands_still(
    freeze: Freeze, connect: Connect
) -> None:
    before = realtime.unix_time() / 1e6
    with freeze():
        async with MockServer() as mock:
            recording = await record(mock, connect)
    assert recording.started_at is not None
    assert recording.started_at.timestamp() >= before


@freezers
async def test_a_wait_for_what_does_not_come_ends(freeze: Freeze) -> None:
    async with MockServer() as mock:
        with freeze(), pytest.raises(TimeoutError, match=r"did not come within 0\.02 s"):
            await mock.wait_for("video.rooms.get", timeout=0.02)


@freezers
def test_the_blocking_mock_ends_a_wait_too(freeze: Freeze) -> None:
    with (
        SyncMockServer() as mock,
        freeze(),
        pytest.raises(TimeoutError, match=r"did not come within 0\.02 s"),
    ):
        mock.wait_for("video.rooms.get", timeout=0.02)


PROGRAM = """
import mockserver, {module}
with {module}.{freeze}:
    with mockserver.SyncMockServer() as mock:
        room = mock.start_room("lobby")
        try:
            mock.wait_for("video.rooms.get", timeout=0.02)
        except TimeoutError:
            print(room.start_recording().started_at)
"""


@pytest.mark.parametrize(
    ("module", "freeze"),
    [
        ("freezegun", 'freeze_time("2001-02-03")'),
        ("time_machine", 'travel("2001-02-03T00:00Z", tick=False)'),
    ],
)
def test_the_server_may_be_imported_while_time_stands_still(
    module: str, freeze: str, tmp_path: Path
) -> None:
    """As in a frozen test that is the first to ask for the mock; only ``mockserver`` is there."""
    program = tmp_path / "frozen.py"
    program.write_text(PROGRAM.format(module=module, freeze=freeze))
    ran = subprocess.run(
        [sys.executable, str(program)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert abs(float(ran.stdout) - time.time()) < 60
