"""How long one client waits while somebody else asks the server for much.

    python benchmarks/stalls.py [--repeats 3] [--scale 1] [--only WORD]
    python benchmarks/stalls.py --growth
    python benchmarks/stalls.py --record quiet    # into results.json, for docs/PERFORMANCE.md
    python benchmarks/ratios.py --page > docs/PERFORMANCE.md

A server in a process of its own has a space with 10,000 rooms, one of them with 10,000 members and
1,000 recordings, 1,000 sessions, 5,000 more names of rooms, and a journal of 100,000 entries. A
client of another space, in another process, makes calls back to back. Meanwhile every endpoint of
the control API, every operation of the REST API and the larger calls are asked, one by one. What
is printed is the client's longest wait for an answer during each: the least of the repeats, since
what else the machine does only adds to it.

*CPU* is how much CPU time the server took during the wait, so it says the same on a busy machine;
*wall* is what the client's clock says. Linux only: it reads another process's CPU clock.
"""

from __future__ import annotations

import argparse
import base64
import datetime
import http.client
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import page
from crowded_server import HALL, LOUNGE

from mockserver.rest.table import OPERATIONS
from mockserver.server.http.table import ENDPOINTS

HERE = Path(__file__).parent
BIG = "big"
SIZES = (0.1, 1.0)
FOLLOWED_S = 1.0
"""Seconds for which a stream is read."""

CONTROL = "/__mock__"
TRACE_LINES = 5_000


# The client that waits


class WebSocket:
    """A client that sends one message and reads until the answer is there."""

    def __init__(self, port: int, space: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(
            f"GET /space/{quote(space)} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self._buffer = bytearray()
        while b"\r\n\r\n" not in self._buffer:
            self._receive()
        del self._buffer[: self._buffer.index(b"\r\n\r\n") + 4]
        version = {"major": 3, "minor": 0, "revision": 0}
        authentication = {"project": "any", "token": "any"}
        self.call("signalwire.connect", version=version, authentication=authentication)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to a call; what comes besides is passed over."""
        frame = {"jsonrpc": "2.0", "id": "asked", "method": method, "params": params}
        self.send(json.dumps(frame).encode())
        while True:
            message = self.message()
            if b'"id":"asked"' in message[-100:] or b'"id":"asked"' in message[:100]:
                answer: dict[str, Any] = json.loads(message)
                return answer

    def close(self) -> None:
        self._socket.close()

    def send(self, message: bytes) -> None:
        size = len(message)
        if size < 126:
            length = bytes([0x80 | size])
        elif size < 65_536:
            length = b"\xfe" + size.to_bytes(2)
        else:
            length = b"\xff" + size.to_bytes(8)
        self._socket.sendall(b"\x81" + length + b"\0\0\0\0" + message)

    def message(self) -> bytes:
        self._need(2)
        size, header = self._buffer[1] & 0x7F, 2
        if size > 125:
            header = 4 if size == 126 else 10
            self._need(header)
            size = int.from_bytes(self._buffer[2:header])
        self._need(header + size)
        message = bytes(self._buffer[header : header + size])
        del self._buffer[: header + size]
        return message

    def _need(self, size: int) -> None:
        while len(self._buffer) < size:
            self._receive()

    def _receive(self) -> None:
        data = self._socket.recv(1_048_576)
        if not data:
            raise ConnectionError("the server has closed the socket")
        self._buffer += data


def wait_for_it(port: int, pid: int) -> None:
    """Make calls back to back; for each line on the standard input print the longest waits."""
    client = WebSocket(port, "elsewhere")
    # Linux makes the id of another process's CPU clock so (clock_getcpuclockid(3)).
    clock = (~pid << 3) | 2
    wall_s = cpu_s = 0.0
    while True:
        before, begin = time.clock_gettime(clock), time.perf_counter()
        client.call("signalwire.ping", timestamp=1.5)
        wall_s = max(wall_s, time.perf_counter() - begin)
        cpu_s = max(cpu_s, time.clock_gettime(clock) - before)
        if select.select([sys.stdin], [], [], 0)[0]:
            if not sys.stdin.readline():
                return
            print(json.dumps([cpu_s * 1e3, wall_s * 1e3]), flush=True)
            wall_s = cpu_s = 0.0


class Wait(NamedTuple):
    """The longest wait of the client, in milliseconds."""

    cpu_ms: float
    wall_ms: float


class Waiting:
    """The client that waits, in a process of its own."""

    def __init__(self, port: int, pid: int) -> None:
        self._process = _python(str(HERE / "stalls.py"), "--wait", str(port), str(pid))
        self.read()

    def read(self) -> Wait:
        """Its longest wait since it was read last."""
        _say(self._process, "read")
        return Wait(*_hear(self._process))

    def end(self) -> None:
        _end(self._process)


# The server


class CrowdedServer:
    """A server with much of everything, in a process of its own."""

    def __init__(self, scale: float) -> None:
        self._process = _python(str(HERE / "crowded_server.py"), str(scale))
        self.pid = self._process.pid
        self.port: int = _hear(self._process)["port"]

    def crowd(self, space: str) -> None:
        """Fill a space, in place of one that has the name."""
        _say(self._process, f"crowd {space}")
        _hear(self._process)

    def end(self) -> None:
        _end(self._process)


def _python(*arguments: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, *arguments], stdin=pipe, stdout=pipe, text=True)


def _say(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def _hear(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def _end(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.wait()


# Who asks for much

Params = dict[str, Any]


class Asker:
    """Asks the server by HTTP and by WebSocket, and reads all of each answer."""

    def __init__(self, server: CrowdedServer) -> None:
        self._server = server
        self._credentials = base64.b64encode(b"any:any").decode()

    def call(self, method: str, params: Params) -> object:
        """A call, by a client that comes for it: one that reads nothing else would be cut off."""
        client = WebSocket(self._server.port, BIG)
        answer = client.call(method, **params)
        client.close()
        return answer

    def http(
        self, method: str, path: str, body: Any = None, kind: str = "application/json"
    ) -> bytes:
        """The body of an answer; of one that has no end, what comes within a second."""
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port)
        headers = {"Authorization": f"Basic {self._credentials}"} if "/api/" in path else {}
        if body is not None:
            headers["Content-Type"] = kind
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        try:
            if answer.headers.get_content_type() == "text/event-stream":
                connection.sock.settimeout(FOLLOWED_S)
                return _read_for_a_while(answer)
            return answer.read()
        finally:
            connection.close()
            # What an answer with such a status costs says nothing.
            if answer.status >= 400 and not path.endswith(_MAY_FAIL):
                print(f"{method} {path}: {answer.status} {answer.reason}", file=sys.stderr)

    def json(self, path: str) -> Any:
        return json.loads(self.http("GET", path))


_MAY_FAIL = ("/expectations", "/expectations/order", "/expectations/count")
"""That something did not come is one of the answers that matter there."""


def _read_for_a_while(answer: http.client.HTTPResponse) -> bytes:
    end = time.monotonic() + FOLLOWED_S
    read = bytearray()
    with suppress(TimeoutError):
        while time.monotonic() < end:
            read += answer.read1(1_048_576)
    return bytes(read)


class Case(NamedTuple):
    """Something that is asked.

    Attributes:
        name: of the row.
        ask: does it once.
        is_final: whether the space has to be filled again before it is asked once more.
        prepare: is done before, and not measured.
    """

    name: str
    ask: Callable[[], object]
    is_final: bool = False
    prepare: Callable[[], object] | None = None


_NOT_THERE = ("conference", "streams/", "domain_applications")
"""Of which none is made."""


class Cases:
    """All that is asked: a case at least for each row of the tables."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        space = f"{CONTROL}/spaces/{BIG}"
        self._space = space
        hall = asker.json(f"{space}/rooms/{HALL}")
        self._hall = hall
        self._count = 0
        self._parts = {
            "space": BIG,
            "room": HALL,
            "recording": hall["recordings"][-1]["id"],
            "playback": "none",
            "stream": "none",
            "answer": "1",
            "fault": "1",
            "kind": "events",
            "name": "video.room.started",
            "version": "0",
            "file": "video.room.started.json",
        }

    def all(self) -> Iterator[Case]:
        # The calls come last: their answers are large, and lie in the journal from then on.
        yield from self._reads()
        yield from self._rest()
        yield from self._writes()
        yield from self._calls()
        yield from self._ends()

    def _calls(self) -> Iterator[Case]:
        ids = {"room_session_id": self._hall["id"]}
        everybody = {**ids, "member_id": "all"}
        state = {
            "event_channel": self._hall["event_channel"],
            "events": ["video.room.subscribed"],
            "get_initial_state": True,
        }
        calls: tuple[tuple[str, tuple[str, ...], Params], ...] = (
            ("video.rooms.get", ("video.rooms.get",), {}),
            ("video.room.get", ("video.room.get",), ids),
            ("video.members.get", ("video.members.get",), ids),
            ("video.list_available_layouts", ("video.list_available_layouts",), ids),
            ("video.recording.list", ("video.recording.list",), ids),
            ("signalwire.subscribe, with the state", ("signalwire.subscribe",), state),
            (
                "video.member.audio_mute and unmute, all",
                ("video.member.audio_mute", "video.member.audio_unmute"),
                everybody,
            ),
            (
                "video.member.raisehand and lowerhand, all",
                ("video.member.raisehand", "video.member.lowerhand"),
                everybody,
            ),
        )
        for name, methods, params in calls:
            yield Case(name, self._call(cycle(methods), params))
        layouts = cycle(("10x10", "grid-responsive"))
        yield Case(
            "video.set_layout",
            lambda: self._asker.call("video.set_layout", {**ids, "name": next(layouts)}),
        )
        # What is long is judged when somebody asks for the verdict.
        for name, method, params in (
            ("all rooms", "video.rooms.get", {}),
            ("all members", "video.members.get", ids),
            ("the state", "signalwire.subscribe", state),
        ):
            yield Case(
                f"GET /spaces/{{space}}/violations, after {name}",
                lambda: self._asker.http("GET", f"{self._space}/violations"),
                prepare=self._call(cycle((method,)), params),
            )

    def _call(self, methods: Iterator[str], params: Params) -> Callable[[], object]:
        return lambda: self._asker.call(next(methods), params)

    def _reads(self) -> Iterator[Case]:
        queries = {
            "trace": ("", "?format=jsonl", "?name=video.room.ended", "?limit=1"),
            "journal": (f"?project={BIG}", f"?project={BIG}&format=jsonl"),
            "happenings": ("", "?name=video.recording.updated"),
            "follow": ("", "?name=video.room.ended"),
        }
        for row in ENDPOINTS:
            if row.method != "GET":
                continue
            for query in queries.get(row.path.rpartition("/")[2], ("",)):
                path = CONTROL + row.path.format_map(self._parts) + query
                if "{version}" in row.path or path.endswith("/none"):
                    continue
                yield self._http(f"GET {row.path}{query}", "GET", path)

    def _rest(self) -> Iterator[Case]:
        # The room of the hall has been forgotten, for as many others as are remembered.
        room = self._asker.json(f"{self._space}/rooms/{LOUNGE}")
        parts = {"id": "", "name": room["name"]}
        for row in OPERATIONS:
            if row.method != "GET":
                continue
            if "rooms/{id}" in row.path:
                parts["id"] = room["room_id"]
            elif "room_recordings" in row.path:
                parts["id"] = self._hall["recordings"][0]["id"]
            else:
                parts["id"] = room["id"] if "logs" in row.path else self._hall["id"]
            if "{id}" in row.path and any(each in row.path for each in _NOT_THERE):
                continue
            path = f"/space/{BIG}" + row.path.format_map(parts)
            yield self._http(f"GET {row.path} {row.id}", "GET", path)

    def _writes(self) -> Iterator[Case]:
        space = self._space
        post = self._post
        text = "x" * 900_000
        yield post("start_room, 1,000 members", f"{space}/rooms", {"members": 1_000})
        everybody = {"name": "all"}
        for name, bodies in (
            ("audio_mute and unmute, all", ({"do": "audio_mute"}, {"do": "audio_unmute"})),
            (
                "set_member_meta, all",
                (
                    {"do": "set_member_meta", "meta": {"a": "b"}},
                    {"do": "set_member_meta", "meta": {"a": "c"}},
                ),
            ),
            (
                "set_position, all",
                (
                    {"do": "set_position", "position": "standard-1"},
                    {"do": "set_position", "position": "auto"},
                ),
            ),
            ("start_talking and stop, all", ({"do": "start_talking"}, {"do": "stop_talking"})),
        ):
            told = tuple({"room": HALL, **everybody, **body} for body in bodies)
            yield post(f"perform {name}", f"{space}/actions", cycle(told).__next__)
        for name, one, other in (
            ("lock and unlock", {"do": "lock"}, {"do": "unlock"}),
            ("join and leave", {"do": "join", "name": "Ann"}, {"do": "leave", "name": "Ann"}),
            ("start_recording and stop", {"do": "start_recording"}, {"do": "stop_recording"}),
            (
                "set_layout",
                {"do": "set_layout", "layout": "5x5"},
                {"do": "set_layout", "layout": "grid-responsive"},
            ),
            ("demote and promote", {"do": "demote"}, {"do": "promote"}),
        ):
            turns = cycle(({"room": HALL, **one}, {"room": HALL, **other}))
            yield post(f"perform {name}", f"{space}/actions", turns.__next__)
        event = {"event_type": "video.room.started", "channel": "c", "params": {"text": text}}
        yield post("push_event, 900 KB, to all", f"{space}/events", {**event, "valid": False})
        yield post("push_event, 900 KB, wrong", f"{space}/events", event, may_fail=True)
        frame = {"jsonrpc": "2.0", "id": "x", "method": "signalwire.ping", "params": {}}
        many = {f"key-{each}": each for each in range(50_000)}
        yield post(
            "push_frame, 50,000 fields",
            f"{space}/frames",
            {"frame": {**frame, "params": many}, "valid": False},
        )
        wrong = {**frame, "params": many}
        yield post("push_frame, 50,000 wrong", f"{space}/frames", {"frame": wrong}, may_fail=True)
        yield post("put_space, unknown fields", f"{CONTROL}/spaces", many, may_fail=True)
        yield post(
            "expect, seen",
            f"{space}/expectations",
            {"name": "video.recording.updated", "timeout": 0.5},
        )
        yield post(
            "expect, not seen",
            f"{space}/expectations",
            {"name": "video.room.ended", "timeout": 0.01, "params": {"a": 1}},
        )
        yield post(
            "expect, other params",
            f"{space}/expectations",
            {"name": "video.recording.updated", "timeout": 0.2, "params": {"a": 1}},
        )
        counted = {"name": "video.recording.updated"}
        yield post("expect_count", f"{space}/expectations/count", counted)
        yield post("expect_count, 7", f"{space}/expectations/count", {**counted, "times": 7})
        wanted = ["video.room.started", *["video.recording.updated"] * 100, "video.room.ended"]
        yield post("expect_order", f"{space}/expectations/order", {"wanted": wanted})
        yield post("answer_next", f"{space}/answers", {"method": "video.rooms.get", "code": "500"})
        yield self._http("withdraw_answers", "DELETE", f"{space}/answers")
        rest = {"operation": "list_rooms", "status": 500, "body": {"text": text}}
        yield post("answer_rest_next", f"{space}/rest_answers", rest)
        yield self._http("withdraw_rest_answers", "DELETE", f"{space}/rest_answers")
        fault = {"name": "drop", "parameters": {"events": "video.room.ended"}}
        yield post("inject_fault", f"{space}/faults", fault)
        yield self._http("end_faults", "DELETE", f"{space}/faults")
        yield self._http("clock/pause", "POST", f"{space}/clock/pause")
        yield post("clock/advance", f"{space}/clock/advance", {"by": "1h"})
        yield post("clock/run_until_idle", f"{space}/clock/run_until_idle", {})
        yield self._http("clock/resume", "POST", f"{space}/clock/resume")
        yield self._http("clock/speed", "PUT", f"{space}/clock/speed", {"speed": 1.0})
        for size in (50, 230):
            yield post(
                f"create_space, scenario of {size} KB",
                f"{CONTROL}/spaces",
                _scenario(size),
                name=True,
            )
        yield post(
            "create_space, scenario with problems",
            f"{CONTROL}/spaces",
            _scenario(230, wrong=True),
            name=True,
            may_fail=True,
        )
        lines = self._trace()
        yield self._http(
            f"judge_trace, {TRACE_LINES:,} lines",
            "POST",
            f"{CONTROL}/violations",
            lines,
            "application/jsonl",
        )
        rooms = f"/space/{BIG}/api/video/rooms"
        yield post("create_room (REST)", rooms, lambda: {"name": f"made-{self._number()}"})

    def _ends(self) -> Iterator[Case]:
        space = self._space
        yield Case(
            "perform end_room",
            lambda: self._asker.http("POST", f"{space}/actions", {"do": "end_room", "room": HALL}),
            is_final=True,
        )
        yield Case("reset_space", lambda: self._asker.http("POST", f"{space}/reset"), is_final=True)
        yield Case("delete_space", lambda: self._asker.http("DELETE", space), is_final=True)

    def _trace(self) -> bytes:
        return self._asker.http("GET", f"{self._space}/trace?format=jsonl&limit={TRACE_LINES}")

    def _number(self) -> int:
        self._count += 1
        return self._count

    def _http(
        self, name: str, method: str, path: str, body: Any = None, kind: str = "application/json"
    ) -> Case:
        return Case(name, lambda: self._asker.http(method, path, body, kind))

    def _post(
        self, name_of_row: str, path: str, body: Any, *, name: bool = False, may_fail: bool = False
    ) -> Case:
        def ask() -> None:
            told = body() if callable(body) else body
            if name:
                told = {**told, "name": f"made-{self._number()}"}
            self._asker.http("POST", path, told)

        return Case(name_of_row, ask)


def _scenario(size_kb: int, *, wrong: bool = False) -> dict[str, str]:
    """A scenario of about so many kilobytes."""
    head = "scenario: long\nabout: Many steps.\nrooms: {lobby: {members: 1}}\n"
    step = "  - video.room.%s: {room_session: {name: lobby, recording: false, locked: false}}\n"
    count = size_kb * 1024 // len(step)
    word = "startet" if wrong else "started"
    return {"scenario_yaml": f"{head}expect:\n{step % word * count}"}


# What is measured

Waits = dict[str, Wait]


@contextmanager
def crowded(scale: float) -> Iterator[CrowdedServer]:
    server = CrowdedServer(scale)
    try:
        server.crowd(BIG)
        yield server
    finally:
        server.end()


def measure(scale: float, repeats: int, only: str = "") -> tuple[Wait, Waits]:
    """The client's longest wait when nothing is asked, and during each case."""
    waits: Waits = {}
    with crowded(scale) as server:
        waiting = Waiting(server.port, server.pid)
        baseline = _least(_idle(waiting) for _ in range(repeats))
        asker = Asker(server)
        for case in Cases(asker).all():
            if only not in case.name:
                continue
            found = []
            for _ in range(repeats):
                if case.prepare is not None:
                    case.prepare()
                    # A wait that it caused is over before the next one is measured.
                    time.sleep(0.2)
                # Twice, because some take turns: with what they undo, or with what they find.
                waiting.read()
                case.ask()
                if not case.is_final:
                    case.ask()
                found.append(waiting.read())
                if case.is_final:
                    server.crowd(BIG)
            waits[case.name] = _least(found)
            print(f"{case.name:<70}{waits[case.name].cpu_ms:>8.1f}", file=sys.stderr)
        waiting.end()
    return baseline, waits


def _idle(waiting: Waiting) -> Wait:
    waiting.read()
    time.sleep(1)
    return waiting.read()


def _least(waits: Any) -> Wait:
    found = list(waits)
    return Wait(min(each.cpu_ms for each in found), min(each.wall_ms for each in found))


def show(baseline: Wait, waits: Waits) -> None:
    """Print the waits, the longest first."""
    print(f"{'the longest wait of another client, ms':<70}{'CPU':>8}{'wall':>8}")
    print(f"{'(nothing is asked)':<70}{baseline.cpu_ms:>8.1f}{baseline.wall_ms:>8.1f}")
    for name, wait in sorted(waits.items(), key=lambda each: each[1], reverse=True):
        mark = "   over" if wait.cpu_ms > page.MOST_MS else ""
        print(f"{name:<70}{wait.cpu_ms:>8.1f}{wait.wall_ms:>8.1f}{mark}")


def record(kind: str, repeats: int) -> None:
    """Measure at two sizes, and keep what was measured in `page.RESULTS`."""
    sizes = {}
    for scale in SIZES:
        loads = [load_now()]
        baseline, waits = measure(scale, repeats)
        loads.append(load_now())
        sizes[str(scale)] = {"load": loads, "baseline": baseline, "waits": waits}
    kept = page.results()
    kept.setdefault("stalls", {})[kind] = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": page.machine(),
        "sizes": sizes,
    }
    page.RESULTS.write_text(json.dumps(kept, indent=1) + "\n")


def show_growth(repeats: int) -> None:
    """Print each case's wait at both sizes, the longest first."""
    found = [measure(scale, repeats)[1] for scale in SIZES]
    print(f"{'the longest wait of another client, CPU ms; sizes':<70}", end="")
    print("".join(f"{scale:>8g}" for scale in SIZES))
    for name in sorted(found[-1], key=lambda name: found[-1][name], reverse=True):
        cells = "".join(f"{waits[name].cpu_ms:>8.1f}" for waits in found)
        print(f"{name:<70}{cells}")


def load_now() -> float:
    """How many wanted to run, on average of the last minute, for each processor."""
    return round(os.getloadavg()[0] / (os.cpu_count() or 1), 2)


def main() -> None:
    if sys.argv[1:2] == ["--wait"]:
        wait_for_it(int(sys.argv[2]), int(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="of all sizes")
    parser.add_argument("--only", default="", help="cases with this word in their names")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--growth", action="store_true", help="a tenth of all sizes, and all of them")
    what.add_argument(
        "--record", choices=page.KINDS, help="measure both, and keep it as of a machine like that"
    )
    options = parser.parse_args()
    if options.growth:
        show_growth(options.repeats)
        return
    if options.record:
        record(options.record, options.repeats)
        return
    show(*measure(options.scale, options.repeats, options.only))


if __name__ == "__main__":
    main()
