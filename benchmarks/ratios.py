"""How fast the mock is, beside a bare aiohttp WebSocket echo server measured in the same run.

    python benchmarks/ratios.py [--rounds 5] [--seconds 1] [--connections 50] [--sessions 1000]
    python benchmarks/ratios.py --growth
    python benchmarks/ratios.py --record quiet    # three runs and the growth, into results.json
    python benchmarks/ratios.py --page > docs/PERFORMANCE.md

In each round every server is started, measured and ended, one after the other, so that all see the
same weather of the machine. What is printed is the median of the rounds' ratios to the floor, with
their quartiles, and the load of the machine. A request is a call that is validated, answered and
journaled, and causes no event; the floor echoes as many bytes. CPU time is the server process's
own, and holds steadier than wall time; beside ratios of times, look at those of CPU.

Start and rest are measured with the server as it is without options; the rest with a scenario that
has one room. Modules are compiled beforehand, as an installation does it. Memory is the resident
set, which ``ps`` shows.

Echo servers of the libraries websockets (pip) and ws (npm install --prefix benchmarks/rivals ws)
are measured too where they are installed. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import compileall
import datetime
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import growth
import page
from page import Row, Run
from socket_client import SocketClient

import mockserver

HERE = Path(__file__).parent
RIVALS = HERE / "rivals"
FANOUTS = 20
"""Events that are sent to all sessions, in each round."""


class Process(NamedTuple):
    """A server that runs."""

    port: int
    pid: int
    is_mock: bool

    def cpu_s(self) -> float:
        """CPU seconds of all of its threads, to the nanosecond."""
        total = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            with suppress(FileNotFoundError):
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def memory_kib(self) -> float:
        """The memory that it has resident, in KiB."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith("Rss:"))


Start = Callable[..., AbstractContextManager[Process]]
"""Starts a server; with ``plain``, one as it is without options."""


# Servers


@contextmanager
def echo(*command: str) -> Iterator[Process]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=RIVALS) as process:
        assert process.stdout is not None
        yield Process(int(process.stdout.readline()), process.pid, False)
        process.terminate()


@contextmanager
def mock(*, plain: bool = False) -> Iterator[Process]:
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.json"
        command = [sys.executable, "-m", "mockserver", "--port", "0", "--ready-file", str(ready)]
        options = [] if plain else ["--latency", "0", "--scenario", str(HERE / "one-room.yaml")]
        with subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL) as process:
            while not ready.exists():
                time.sleep(0.005)
            port = int(json.loads(ready.read_text())["url"].rpartition(":")[2])
            yield Process(port, process.pid, True)
            process.terminate()


def servers() -> dict[str, Start]:
    """What can be measured here, the floor first."""
    found: dict[str, Start] = {
        "floor": lambda **_: echo(sys.executable, str(HERE / "echo_server.py")),
        "mock": mock,
    }
    if importlib.util.find_spec("websockets") is not None:
        program = str(RIVALS / "echo_websockets.py")
        found["websockets"] = lambda **_: echo(sys.executable, program)
    if (RIVALS / "node_modules" / "ws").is_dir():
        found["ws"] = lambda **_: echo("node", str(RIVALS / "echo_ws.mjs"))
    return found


# Clients


def call(method: str, frame_id: str, **params: object) -> bytes:
    frame = {"jsonrpc": "2.0", "id": frame_id, "method": method, "params": params}
    return json.dumps(frame, separators=(",", ":")).encode()


FRAME_ID = "8c15af71-2edd-47f1-9365-12777f9fd8cc"
REQUEST = call(
    "signalwire.subscribe",
    FRAME_ID,
    event_channel="video.rooms",
    events=["video.room.started"],
    get_initial_state=False,
)
CONNECT = call(
    "signalwire.connect",
    "connect",
    version={"major": 3, "minor": 0, "revision": 0},
    authentication={"project": "benchmark", "token": "any"},
)


class Asker:
    """Sends one message after the other, each when the answer to the one before has come."""

    def __init__(self) -> None:
        self.answers = 0
        self.is_busy = False
        self.client: SocketClient

    def go(self) -> None:
        self.is_busy = True
        self.client.send(REQUEST)

    def on_message(self, client: SocketClient, message: bytes) -> None:
        if self.is_busy and (b'"method":"signalwire.' not in message or b"subscribe" in message):
            self.answers += 1
            client.send(REQUEST)


class Member:
    """One session: counts the events that come, and can wait for an answer."""

    def __init__(self) -> None:
        self.events = 0
        self.on_event: Callable[[], None] = lambda: None
        self.client: SocketClient
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}

    def on_message(self, client: SocketClient, message: bytes) -> None:
        if message.startswith(b"!") or b'"video.recording.updated"' in message:
            self.events += 1
            self.on_event()
            return
        frame = json.loads(message)
        answer = self._answers.pop(str(frame.get("id")), None)
        if answer is not None:
            answer.set_result(frame.get("result", frame))

    async def ask(self, method: str, **params: object) -> dict[str, Any]:
        future = asyncio.get_running_loop().create_future()
        self._answers[method] = future
        self.client.send(call(method, method, **params))
        answer: dict[str, Any] = await future
        return answer


async def connect(process: Process, count: int, make: Callable[[], Asker | Member]) -> list[Any]:
    """Connect clients, which have a session each at the mock."""
    made: list[Any] = []
    for _ in range(count):
        one = make()
        one.client = await SocketClient.connect(process.port, one.on_message)
        made.append(one)
        if process.is_mock:
            one.client.send(CONNECT)
    while process.is_mock and not all(each.client.received for each in made):
        await asyncio.sleep(0.005)
    return made


async def cut(clients: list[Any]) -> None:
    for each in clients:
        each.client.transport.abort()
    await asyncio.sleep(0.05)


# What is measured


async def throughput(process: Process, connections: int, seconds: float) -> tuple[float, float]:
    """Round trips a second, and CPU microseconds for each."""
    askers: list[Asker] = await connect(process, connections, Asker)
    for each in askers:
        each.go()
    await asyncio.sleep(seconds / 4)
    before, cpu, then = sum(each.answers for each in askers), process.cpu_s(), time.perf_counter()
    await asyncio.sleep(seconds)
    count = sum(each.answers for each in askers) - before
    cpu, elapsed = process.cpu_s() - cpu, time.perf_counter() - then
    await cut(askers)
    return count / elapsed, cpu / count * 1e6


async def fan_out(process: Process, members: list[Member]) -> tuple[float, float]:
    """Milliseconds from a cause until its event is with everybody, and CPU milliseconds."""
    leader = members[0]
    recording: dict[str, Any] = {}
    if process.is_mock:
        started = {"event_channel": "video.rooms", "events": ["video.room.started"]}
        await leader.ask("signalwire.subscribe", get_initial_state=False, **started)
        [room] = (await leader.ask("video.rooms.get"))["rooms"]
        answer = await leader.ask("video.recording.start", room_session_id=room["id"])
        recording = {"room_session_id": room["id"], "recording_id": answer["recording"]["id"]}
        for each in members:
            each.client.send(
                call(
                    "signalwire.subscribe",
                    "s",
                    event_channel=room["event_channel"],
                    events=["video.recording.updated"],
                    get_initial_state=False,
                )
            )
        await asyncio.gather(*(each.ask("signalwire.ping", timestamp=1) for each in members))
    times, cpu = [], process.cpu_s()
    for number in range(FANOUTS):
        done, missing = asyncio.get_running_loop().create_future(), len(members)

        def on_event() -> None:
            nonlocal missing
            missing -= 1
            if not missing:
                done.set_result(time.perf_counter())  # noqa: B023 - awaited in the same turn

        for each in members:
            each.on_event = on_event
        verb = "resume" if number % 2 else "pause"
        message = call(f"video.recording.{verb}", "x", **recording)
        then = time.perf_counter()
        leader.client.send(message if process.is_mock else b"!" + b"x" * 640)
        times.append(await done - then)
    return statistics.median(times) * 1e3, (process.cpu_s() - cpu) / FANOUTS * 1e3


async def first_answer(process: Process) -> SocketClient:
    """Connect a first client; return when it has been answered."""
    answered = asyncio.get_running_loop().create_future()
    first = await SocketClient.connect(
        process.port,
        lambda *_: None if answered.done() else answered.set_result(None),
    )
    first.send(CONNECT)
    await answered
    return first


async def measure(start: Start, options: argparse.Namespace) -> Row:
    with start(plain=True) as process:
        first = await first_answer(process)
        row = {"cold start, CPU ms": process.cpu_s() * 1e3}
        await asyncio.sleep(0.3)
        row["memory at rest, KiB"] = process.memory_kib()
        first.transport.abort()
    with start() as process:
        first = await first_answer(process)
        size = options.connections
        many, cpu = await throughput(process, size, options.seconds)
        row[f"round trips/s, {size} connections"], row["CPU µs per request"] = many, cpu
        row["round trips/s, 1 connection"], _ = await throughput(process, 1, options.seconds)
        members: list[Member] = await connect(process, options.sessions, Member)
        row[f"memory, {options.sessions} sessions, KiB"] = process.memory_kib()
        took, cpu = await fan_out(process, members)
        row[f"event to {options.sessions} sessions, ms"] = took
        row[f"event to {options.sessions} sessions, CPU ms"] = cpu
        await cut(members)
        first.transport.abort()
        return row


def show(run: Run) -> None:
    print(f"load of the machine: {page.load(run)}; medians (quartiles)")
    for row, floor in run["floor"].items():
        print(f"{row:<34} floor {floor:>11,.1f}", end="")
        for name, ratios in run["ratios"].items():
            low, middle, high = ratios[row]
            print(f"   {name} {middle:5.2f} ({low:.2f} to {high:.2f})", end="")
        print()


def load_now() -> float:
    """How many wanted to run, on average of the last minute, for each processor."""
    return round(os.getloadavg()[0] / (os.cpu_count() or 1), 2)


async def one_run(options: argparse.Namespace) -> Run:
    """Some rounds of all servers."""
    compileall.compile_dir(Path(mockserver.__file__).parent, quiet=1)
    loads = [load_now()]
    rounds: dict[str, list[Row]] = {name: [] for name in servers()}
    for _ in range(options.rounds):
        for name, start in servers().items():
            rounds[name].append(await measure(start, options))
    loads.append(load_now())
    floors = rounds.pop("floor")
    return {
        "load": loads,
        "floor": {row: statistics.median(each[row] for each in floors) for row in floors[0]},
        "ratios": {
            name: {
                row: statistics.quantiles(
                    [each[row] / floor[row] for each, floor in zip(measured, floors, strict=True)],
                    n=4,
                    method="inclusive",
                )
                for row in floors[0]
            }
            for name, measured in rounds.items()
        },
    }


async def record(kind: str, options: argparse.Namespace) -> None:
    """Measure, and keep what was measured in `page.RESULTS`, in place of what is there."""
    runs = []
    for number in range(page.RUNS):
        print(f"run {number + 1} of {page.RUNS}", file=sys.stderr)
        runs.append(await one_run(options))
    kept = page.results()
    kept[kind] = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": page.machine(),
        "rounds": options.rounds,
        "runs": runs,
        "growth": growth.measure(),
    }
    page.RESULTS.write_text(json.dumps(kept, indent=1) + "\n")


async def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="at least 2")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--sessions", type=int, default=1_000)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--growth", action="store_true", help="how cost grows, and nothing else")
    what.add_argument(
        "--record", choices=page.KINDS, help="measure all, and keep it as of a machine like that"
    )
    what.add_argument("--page", action="store_true", help="print a page of what was kept")
    options = parser.parse_args()
    if options.growth:
        growth.show()
    elif options.record:
        await record(options.record, options)
    elif options.page:
        print(page.rendered(page.results()), end="")
    else:
        show(await one_run(options))


if __name__ == "__main__":
    asyncio.run(main())
