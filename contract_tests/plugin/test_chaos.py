"""``@pytest.mark.signalwire(chaos=SEED)``: tests that hold on a bad day, and how they fail."""

from __future__ import annotations

import re

import pytest

from .conftest import Run

TESTS = """
import asyncio

import pytest
from client_stub import SignalWire

pytestmark = pytest.mark.signalwire(clock="manual", chaos={seed}, chaos_level={level})

ALL = [f"member-{{number}}" for number in range(20)]


async def joined(mock, is_complete):
    names = []
    enough = asyncio.Event()

    def on_member_joined(member):
        names.append(member.name)
        if is_complete(names):
            enough.set()

    async def on_room_started(room):
        await room.listen(on_member_joined=on_member_joined)

    async with await SignalWire(
        host=mock.url, project=mock.project, token=mock.token, reconnect_delay=0.01
    ) as client:
        await client.video.listen(on_room_started=on_room_started)
        room = await mock.start_room("lobby", members=["first"])
        for _ in range(2):
            await mock.wait_for("signalwire.subscribe")
        for name in ALL:
            await room.join(name=name)
        async with asyncio.timeout(300):
            await enough.wait()
    return names


async def test_each_is_heard_once(signalwire_mock):
    names = await joined(signalwire_mock, lambda names: ALL[-1] in names)
    assert [name for name in names if name in ALL] == ALL


async def test_that_is_wrong(signalwire_mock):
    names = await joined(signalwire_mock, lambda names: ALL[-1] in names)
    assert len(names) == 0
"""


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_good_application_passes(level: int, run: Run) -> None:
    result = run(TESTS.format(seed=5, level=level), "-k", "once")
    result.assert_outcomes(passed=1)
    assert "chaos by seed" not in result.stdout.str()


def test_a_failure_says_the_seed_and_what_was_injected(run: Run) -> None:
    said = []
    for _ in range(2):
        result = run(TESTS.format(seed=5, level=1), "-k", "wrong")
        result.assert_outcomes(failed=1)
        section = result.stdout.str().partition("signalwire chaos")[2]
        said.append(re.findall(r"chaos by seed 5, level 1|duplicate .* struck .*", section))
    assert len(said[0]) == 2
    assert said[0] == said[1]
