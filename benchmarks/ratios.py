"""How fast the mock is, beside a bare aiohttp WebSocket echo server measured in the same run.

    python benchmarks/ratios.py [--rounds 5] [--seconds 2] [--connections 50]

Server and floor take turns, so that both see the same weather of the machine; the median of the
rounds is printed, and their ratio. Frames are counted in both directions. CPU time is the server
process's own, and holds steadier than wall time. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from socket_client import SocketClient

HERE = Path(__file__).parent
TICK = os.sysconf("SC_CLK_TCK")

Start = Callable[[int, int], Awaitable[list[SocketClient]]]
Server = Callable[[], AbstractContextManager[tuple[int, int]]]


@dataclass
class Round:
    frames_per_s: float
    cpu_us_per_frame: float


# Processes


@contextmanager
def echo_server() -> Iterator[tuple[int, int]]:
    command = [sys.executable, str(HERE / "echo_server.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline()), process.pid
        process.terminate()


@contextmanager
def mock_server() -> Iterator[tuple[int, int]]:
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.json"
        command = [sys.executable, "-m", "mockserver", "--port", "0", "--ready-file", str(ready)]
        options = ["--latency", "0", "--scenario", str(HERE / "one-room.yaml")]
        with subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL) as process:
            while not ready.exists():
                time.sleep(0.005)
            yield int(json.loads(ready.read_text())["url"].rpartition(":")[2]), process.pid
            process.terminate()


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


# Clients of the echo server: as many and as large frames as a client of the mock sends.

CALL = (
    b'{"jsonrpc":"2.0","id":"%s","method":"video.recording.%s","params":'
    b'{"room_session_id":"%s","recording_id":"%s"}}'
)
SAMPLE_ID = b"8c15af71-2edd-47f1-9365-12777f9fd8cc"
ACKNOWLEDGEMENT = b'{"jsonrpc":"2.0","id":"%s","result":{}}'


async def start_echo(port: int, connections: int) -> list[SocketClient]:
    call = CALL % (SAMPLE_ID, b"pause", SAMPLE_ID, SAMPLE_ID)
    acknowledgement = ACKNOWLEDGEMENT % SAMPLE_ID

    def on_message(client: SocketClient, message: bytes) -> None:
        if client.received % 2 == 0:
            client.send(acknowledgement, call)

    clients = [await SocketClient.connect(port, on_message) for _ in range(connections)]
    for client in clients:
        client.send(acknowledgement, call)
    return clients


# Clients of the mock: each has a recording of its own that it pauses and resumes.


def call(method: str, params: dict[str, object], frame_id: str = "setup") -> bytes:
    frame = {"jsonrpc": "2.0", "id": frame_id, "method": method, "params": params}
    return json.dumps(frame, separators=(",", ":")).encode()


class Recorder:
    """Pauses and resumes a recording without end: call, answer, event, acknowledgement."""

    def __init__(self, client: SocketClient) -> None:
        self.client = client
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._room = b""
        self._recording = b""
        self._verb = b"pause"

    def on_message(self, message: bytes) -> None:
        if self._recording and b'"video.recording.updated"' in message:
            start = message.index(b'"id":"') + 6
            event_id = message[start : message.index(b'"', start)]
            self._verb = b"pause" if self._verb == b"resume" else b"resume"
            self.client.send(ACKNOWLEDGEMENT % event_id, self._call())
            return
        frame = json.loads(message)
        if "method" not in frame:
            assert "error" not in frame, frame
            assert frame["result"].get("code", "200") == "200", frame
            return
        if frame["method"] == "signalwire.ping":
            self.client.send(ACKNOWLEDGEMENT % frame["id"].encode())
            return
        self.client.send(ACKNOWLEDGEMENT % frame["id"].encode())
        event = frame["params"]
        if event["event_type"] == "video.room.started":
            room = event["params"]["room_session"]
            self._room = room["id"].encode()
            events = ["video.recording.started", "video.recording.updated"]
            subscription = {"event_channel": room["event_channel"], "events": events}
            self.client.send(
                call("signalwire.subscribe", {"get_initial_state": False, **subscription}),
                call("video.recording.start", {"room_session_id": room["id"]}),
            )
        elif event["event_type"] == "video.recording.started":
            self._recording = event["params"]["recording"]["id"].encode()
            self.ready.set_result(None)

    def connect(self, project: str) -> None:
        authentication = {"project": project, "token": "any"}
        version = {"major": 3, "minor": 0, "revision": 0}
        params = {"version": version, "event_acks": True, "authentication": authentication}
        rooms = {"event_channel": "video.rooms", "events": ["video.room.started"]}
        self.client.send(
            call("signalwire.connect", params),
            call("signalwire.subscribe", {"get_initial_state": True, **rooms}),
        )

    def go(self) -> None:
        self.client.send(self._call())

    def _call(self) -> bytes:
        return CALL % (SAMPLE_ID, self._verb, self._room, self._recording)


async def start_mock(port: int, connections: int) -> list[SocketClient]:
    recorders: dict[SocketClient, Recorder] = {}

    def on_message(client: SocketClient, message: bytes) -> None:
        recorders[client].on_message(message)

    for number in range(connections):
        client = await SocketClient.connect(port, on_message)
        recorders[client] = Recorder(client)
        recorders[client].connect(f"project-{number}-{time.monotonic_ns()}")
    async with asyncio.timeout(60):
        await asyncio.gather(*(recorder.ready for recorder in recorders.values()))
    for recorder in recorders.values():
        recorder.go()
    return list(recorders)


# Measuring


async def throughput(start: Start, port: int, pid: int, connections: int, seconds: float) -> Round:
    clients = await start(port, connections)
    await asyncio.sleep(seconds / 4)

    def frames() -> int:
        return sum(client.sent + client.received for client in clients)

    before, cpu_before, then = frames(), cpu_seconds(pid), time.perf_counter()
    await asyncio.sleep(seconds)
    count, cpu = frames() - before, cpu_seconds(pid) - cpu_before
    elapsed = time.perf_counter() - then
    for client in clients:
        client.transport.abort()
    await asyncio.sleep(0.05)
    return Round(count / elapsed, cpu / count * 1e6)


async def cold_start(server: Server, first: bytes) -> float:
    """Seconds from spawning a server to its first answer."""
    then = time.perf_counter()
    with server() as (port, _):
        answered = asyncio.get_running_loop().create_future()

        def on_message(client: SocketClient, message: bytes) -> None:
            if not answered.done():
                answered.set_result(time.perf_counter() - then)

        client = await SocketClient.connect(port, on_message)
        client.send(first)
        elapsed: float = await answered
        client.transport.abort()
        return elapsed


def told(name: str, floor: list[float], mock: list[float], unit: str) -> None:
    low, high = statistics.median(floor), statistics.median(mock)
    print(f"{name:<22} floor {low:>10,.1f} {unit:<8}", end=" ")
    print(f"mock {high:>10,.1f} {unit:<8} ratio {high / low:.2f}")


async def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--connections", type=int, default=50)
    options = parser.parse_args()

    connect = call(
        "signalwire.connect",
        {
            "version": {"major": 3, "minor": 0, "revision": 0},
            "authentication": {"project": "p", "token": "t"},
        },
    )
    starts: dict[str, list[float]] = {"floor": [], "mock": []}
    for _ in range(options.rounds + 1):
        starts["floor"].append(await cold_start(echo_server, connect) * 1e3)
        starts["mock"].append(await cold_start(mock_server, connect) * 1e3)
    # The first of each warmed the disk's cache.
    told("cold start", starts["floor"][1:], starts["mock"][1:], "ms")

    rounds: dict[str, list[Round]] = {"floor": [], "mock": []}
    with echo_server() as (echo_port, echo_pid), mock_server() as (mock_port, mock_pid):
        for _ in range(options.rounds):
            size = (options.connections, options.seconds)
            rounds["floor"].append(await throughput(start_echo, echo_port, echo_pid, *size))
            rounds["mock"].append(await throughput(start_mock, mock_port, mock_pid, *size))
    for name, field, unit in (
        ("throughput", "frames_per_s", "frames/s"),
        ("CPU time per frame", "cpu_us_per_frame", "µs"),
    ):
        floor, mock = ([getattr(each, field) for each in rounds[who]] for who in ("floor", "mock"))
        told(name, floor, mock, unit)


if __name__ == "__main__":
    asyncio.run(main())
