"""Load and soak on loopback: nothing is lost, memory comes back; speed is reported only."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable

import pytest

from contract_tests.conftest import Serve
from contract_tests.shared.client import RECORDING_EVENTS, Room

from .service import (
    PROJECT,
    Latencies,
    Listener,
    connected,
    goodbye,
    record,
    resident_bytes,
    room_for_sockets,
    start_room,
)

SESSIONS = int(os.environ.get("LOAD_SESSIONS", "300"))
RECORDINGS = int(os.environ.get("LOAD_RECORDINGS", "50"))
CHURN_S = float(os.environ.get("LOAD_CHURN_S", "6"))
LISTENERS = 20
ROUNDS = 4

MEGABYTE = 2**20

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")

Record = Callable[[str, object], None]


async def test_all_sessions_hear_and_leave_nothing_behind(
    serve: Serve, record_property: Record
) -> None:
    count = min(SESSIONS, room_for_sockets())
    mock = serve("--scenario", "none", "--journal", "1000", "--log-level", "error")
    sizes = []
    latencies = Latencies()
    for number in range(ROUNDS):
        clients = await connected(mock, count)
        full = resident_bytes(mock.process.pid)
        room = start_room(mock, f"room {number}")
        for client in clients:
            event = await client.event("video.room.started")
            assert event["params"]["room_session"]["id"] == room["id"]
            await latencies.call(client, "signalwire.ping", timestamp=1.5)
        assert mock.get("/__mock__/spaces/" + PROJECT)["sessions"] == count
        for client in clients:
            assert client.types() == ["video.room.started"]
            await goodbye(client)
        assert mock.get("/__mock__/spaces/" + PROJECT)["sessions"] == 0
        sizes.append(resident_bytes(mock.process.pid))
    # Two rounds grow what is kept for later: sockets of the second one lie between what has stayed
    # of the first. From then on nothing more stays.
    assert sizes[-1] < 1.1 * sizes[1]
    less = "" if count == SESSIONS else f" (of {SESSIONS}: the limit of open files)"
    record_property(
        "figure",
        f"load: {count} sessions at a time{less}, {ROUNDS} times, each heard of its room; "
        f"{latencies}; memory of the server {full / MEGABYTE:.0f} MiB with all of them, "
        f"after each time {', '.join(f'{each / MEGABYTE:.0f}' for each in sizes)} MiB",
    )


async def test_recordings_are_fanned_out_to_all_listeners(
    serve: Serve, record_property: Record
) -> None:
    mock = serve("--scenario", "none", "--journal", "1000", "--log-level", "error")
    [driver, *listeners] = await connected(mock, 1 + LISTENERS)
    facts = start_room(mock, "lobby")
    for client in (driver, *listeners):
        await client.event("video.room.started")
        await client.subscribe(facts["event_channel"], *RECORDING_EVENTS)
    room, latencies = Room(driver, facts), Latencies()
    told = []
    for _ in range(RECORDINGS):
        told += await record(driver, room, latencies)
    assert len(told) == len(set(told)) == 4 * RECORDINGS
    for client in listeners:
        await client.sync()
        assert [each["id"] for each in client.event_frames()[1:]] == told
    for client in (driver, *listeners):
        await goodbye(client)
    record_property(
        "figure",
        f"load: {RECORDINGS} recordings, each with four events to {len(listeners)} listeners: each "
        f"came once, in order; {latencies}",
    )


async def test_churn_with_resets_loses_nothing(serve: Serve, record_property: Record) -> None:
    mock = serve("--scenario", "none", "--journal", "1000", "--log-level", "error")
    [driver] = await connected(mock, 1)
    facts = start_room(mock, "lobby")
    await driver.event("video.room.started")
    await driver.subscribe(facts["event_channel"], *RECORDING_EVENTS)
    room, latencies = Room(driver, facts), Latencies()
    over = asyncio.Event()
    listeners = [Listener(mock, facts, seed) for seed in range(LISTENERS)]
    beginnings = [await each.begin() for each in listeners]
    told: list[str] = []
    sizes: list[int] = []
    begin = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for listener, client in zip(listeners, beginnings, strict=True):
            group.create_task(listener.live(client, over))
        while (passed := time.monotonic() - begin) < CHURN_S:
            told += await record(driver, room, latencies, pauses=3)
            if not sizes and passed > CHURN_S / 3:
                sizes.append(resident_bytes(mock.process.pid))
        over.set()
    sizes.append(resident_bytes(mock.process.pid))
    for listener in listeners:
        assert listener.heard == told
    await goodbye(driver)
    resets = sum(each.resets for each in listeners)
    assert resets > LISTENERS
    assert abs(sizes[-1] - sizes[0]) < 0.1 * sizes[0]
    record_property(
        "figure",
        f"soak: {CHURN_S:g} s, {len(told)} events to {LISTENERS} sessions whose connections were "
        f"reset {resets} times: each came once, in order; {latencies}; memory of the server "
        f"{sizes[0] / MEGABYTE:.1f} MiB after a third, {sizes[-1] / MEGABYTE:.1f} MiB at the end",
    )
