"""Faults by the Python handles, for coroutines and for others."""

from __future__ import annotations

import pytest

from mockserver import MockServer, SyncMockServer
from mockserver.engine import FaultError
from mockserver.harness import ControlError

from .conftest import Connect

STARTED = "video.recording.started"


async def test_a_fault_strikes_what_it_is_for(mock: MockServer, connect: Connect) -> None:
    client = await connect(mock)
    await client.video.listen(on_room_started=lambda room: room.start_recording())
    fault = await mock.fault("duplicate", events="video.recording.*", for_="1h", id="other")
    assert (fault.name, fault.struck, fault.active) == ("duplicate", 0, True)
    assert fault.parameters == {"events": "video.recording.*", "for": "1h", "id": "other"}
    await mock.start_room("lobby")
    await mock.wait_for(STARTED)
    await mock.wait_for(STARTED)
    (active,) = mock.faults
    assert active.struck == 1
    assert [each.get("fault") for each in mock.trace].count("duplicate") == 1
    mock.end_fault(fault)
    assert mock.faults == []
    with pytest.raises(ControlError, match="no fault 1 is active"):
        mock.end_fault(fault)


async def test_a_fault_that_cannot_be_is_refused(mock: MockServer) -> None:
    with pytest.raises(FaultError, match="did you mean drop"):
        await mock.fault("dorp")
    with pytest.raises(FaultError, match="code"):
        await mock.fault("refuse", code="200")


async def test_what_a_fault_lost_is_no_happening(mock: MockServer, connect: Connect) -> None:
    client = await connect(mock)
    await client.video.listen(on_room_started=lambda room: None)
    await mock.fault("drop", events="video.room.started")
    await mock.start_room("lobby")
    mock.expect("video.room.started", times=0)
    await mock.fault("corrupt", events="video.room.started", how="invalid_json")
    await mock.start_room("hall")
    mock.expect("video.room.started", times=0)
    await mock.start_room("attic")
    mock.expect("video.room.started", times=1)


def test_the_blocking_twin_does_the_same() -> None:
    with SyncMockServer(clock="manual") as mock:
        fault = mock.fault("delay", by="2s", times=3)
        assert [each.number for each in mock.faults] == [fault.number]
        mock.end_fault()
        assert mock.faults == []
