"""A server under load, and the clients that load it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import time
import urllib.request
from pathlib import Path
from random import Random
from typing import Any

from contract_tests.shared.client import RECORDING_EVENTS, Client, Room, SocketClosed
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.processes import ServerProcess

PROJECT = "load"
AT_ONCE = 100
"""Connections that are opened at the same time."""

FILES_BESIDE = 200
"""Open files that a process needs besides its sockets."""


def room_for_sockets() -> int:
    """Raise the limit of open files as far as it goes; returns how many sockets that allows.

    Servers that are started from now on have the same limit.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most - FILES_BESIDE


def resident_bytes(pid: int) -> int:
    """The memory that a process has in use, as the system counts it."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def start_room(mock: ServerProcess, name: str) -> dict[str, Any]:
    """Have a room started; returns what the control API says about it."""
    request = urllib.request.Request(
        f"{mock.http}/__mock__/spaces/{PROJECT}/rooms",
        json.dumps({"name": name, "members": ["Ann"]}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        started: dict[str, Any] = json.load(answer)
    return started


async def connected(mock: ServerProcess, count: int) -> list[Client]:
    """So many clients, each with a session of its own that listens to all rooms."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def one() -> Client:
        async with limit:
            client = await Client.open(mock.url)
            await client.connect(PROJECT, "t")
            await client.subscribe("video.rooms", "video.room.started", "video.room.ended")
            return client

    return list(await asyncio.gather(*(one() for _ in range(count))))


async def goodbye(client: Client) -> None:
    """End the session, so that nothing of it is kept."""
    await client.call("signalwire.disconnect")
    await client.socket.close_code()
    client.socket.abort()


class Latencies:
    """How long answers took."""

    def __init__(self) -> None:
        self._seconds: list[float] = []

    async def call(self, client: Client, method: str, **params: Any) -> dict[str, Any]:
        """Make a call, and measure it; returns the result, which is no refusal."""
        begin = time.perf_counter()
        result = await client.result(method, **params)
        self._seconds.append(time.perf_counter() - begin)
        return result

    def __str__(self) -> str:
        ordered = sorted(self._seconds)

        def percentile(share: float) -> str:
            return f"{1_000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]:.1f} ms"

        return f"answers: half within {percentile(0.5)}, p99 {percentile(0.99)}"


class Listener:
    """A session that hears of the recordings of a room over many connections, each of them reset.

    Attributes:
        heard: ids of the events that it got, in order, each once.
        resets: how often its connection was reset.
    """

    def __init__(self, mock: ServerProcess, room: dict[str, Any], seed: int) -> None:
        self._mock = mock
        self._channel = room["event_channel"]
        self._random = Random(seed)
        self._protocol: str | None = None
        self._known: set[str] = set()
        self.heard: list[str] = []
        self.resets = 0

    async def begin(self) -> Client:
        """Connect for the first time, and subscribe."""
        client = await Client.open(self._mock.url)
        await client.connect(PROJECT, "t")
        await client.subscribe(self._channel, *RECORDING_EVENTS)
        self._protocol = client.connected["protocol"]
        return client

    async def live(self, client: Client, until: asyncio.Event) -> None:
        """Hear, be reset, and come back, until it is over; then hear what is still to come."""
        while not until.is_set():
            lifetime = self._random.uniform(0.05, 1.0)
            with contextlib.suppress(TimeoutError, SocketClosed, ConnectionError):
                async with asyncio.timeout(lifetime):
                    while True:
                        await client.receive()
            self._note(client)
            client.socket.reset()
            self.resets += 1
            client = await self._back()
        await client.sync()
        self._note(client)
        await goodbye(client)

    async def _back(self) -> Client:
        client = await Client.open(self._mock.url)
        await client.connect(PROJECT, "t", protocol=self._protocol)
        assert client.connected["protocol"] == self._protocol, "the session was not resumed"
        return client

    def _note(self, client: Client) -> None:
        for frame in client.event_frames():
            if frame["id"] not in self._known:
                self._known.add(frame["id"])
                self.heard.append(frame["id"])


async def record(driver: Client, room: Room, latencies: Latencies, *, pauses: int = 1) -> list[str]:
    """Start a recording, pause and resume it, and stop it; returns the ids of its events."""
    before = len(driver.event_frames())
    started = await latencies.call(driver, "video.recording.start", room_session_id=room.id)
    recording = started["recording"]["id"]
    for verb in (*("pause", "resume") * pauses, "stop"):
        await latencies.call(
            driver, f"video.recording.{verb}", room_session_id=room.id, recording_id=recording
        )
    for event in ("started", *("updated", "updated") * pauses, "ended"):
        await driver.event(f"video.recording.{event}")
    return [frame["id"] for frame in driver.event_frames()[before:]]
