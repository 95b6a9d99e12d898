"""Many tests in several processes at once: none sees another's frames."""

from __future__ import annotations

from .conftest import Run

MANY = """
import pytest
from client_stub import SignalWire

@pytest.mark.parametrize("number", range(200))
@pytest.mark.signalwire(clock="manual")
async def test_alone(signalwire_mock, number):
    mock, heard = signalwire_mock, []
    async with await SignalWire(host=mock.url, project=mock.project, token=mock.token) as client:
        await client.video.listen(on_room_started=lambda room: heard.append(room.name))
        await mock.start_room(f"room-{number}")
        await mock.advance(1)
    assert heard == [f"room-{number}"]
    assert {entry["space"] for entry in mock.trace} == {mock.project}
    assert {entry["session"] for entry in mock.trace} <= {None, "s1"}
    [connect] = mock.calls("signalwire.connect")
    assert connect.params["authentication"]["project"] == mock.project
    assert len(mock.events()) == 1
"""


def test_two_hundred_tests_in_four_processes(run: Run) -> None:
    result = run(MANY, "-n", "4", "-q")
    result.assert_outcomes(passed=200)
