"""Faults of sockets: each does what the catalogue says, and is over when it is over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from contract_tests.shared.client import Client, SocketClosed
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.sockets import CLOSE, TEXT, Socket, handshake, open_tcp
from mockserver.engine import Space
from mockserver.server import Server
from mockserver.server.sockets import frames
from mockserver.server.sockets.wires import Fragmented, Slow

from .conftest import Join, ServeHere

OpenSocket = Callable[..., Awaitable[Socket]]


@pytest.fixture
async def server(serve_here: ServeHere) -> Server:
    """A server on whose clocks nothing moves by itself."""
    return await serve_here(clock="manual")


def space_of(server: Server, name: str = "a-project") -> Space:
    return server.gate.spaces[name]


def push(space: Space, text: str) -> None:
    """Send all clients an event with this text."""
    frame = {"jsonrpc": "2.0", "id": text, "method": "signalwire.event", "params": {"text": text}}
    space.delivery.push(frame, list(space.sessions.values()))


async def pass_time(server: Server, seconds: float, name: str = "a-project") -> None:
    await server.spaces.control(name).advance(seconds)


async def until(happened: Callable[[], Any]) -> None:
    """Let the loop go on until it has happened."""
    async with asyncio.timeout(PATIENCE_S):
        while not happened():
            await asyncio.sleep(0)


async def test_close(server: Server, join: Join) -> None:
    client = await join(server)
    space_of(server).faults.inject("close", code=4001, reason="on purpose")
    frame = await client.socket.read()
    assert frame is not None
    assert (frame.opcode, frame.close_code, frame.payload[2:]) == (CLOSE, 4001, b"on purpose")


async def test_reset(server: Server, join: Join) -> None:
    client, other = await join(server), await join(server)
    push(space_of(server), "before")
    space_of(server).faults.inject("reset", session="s1")
    assert await client.socket.is_reset()
    await other.sync()


async def test_disconnect(server: Server, join: Join) -> None:
    client = await join(server)
    space_of(server).faults.inject("disconnect")
    frame = await client.receive()
    assert frame["method"] == "signalwire.disconnect"
    await client.send({"jsonrpc": "2.0", "id": frame["id"], "result": {}})
    with pytest.raises(SocketClosed, match="closed with 1000"):
        await client.receive()


@pytest.mark.parametrize("name", ["half_open", "stall"])
async def test_a_still_connection(name: str, server: Server, join: Join) -> None:
    """Nothing is read or written until it is over; then all comes in its order."""
    client, other = await join(server), await join(server)
    space = space_of(server)
    injection = space.faults.inject(name, session="s1", **{"for": "5s"})
    before = space.journal.last
    call = await client.start_call("signalwire.ping", {"timestamp": 1.5})
    push(space, "first")
    push(space, "second")
    for _ in range(3):
        await other.sync()
    heard = [each.session for each in space.journal.raw(before) if each.direction == "to_server"]
    assert "s1" not in heard
    assert injection in space.faults.current()

    await pass_time(server, 5)
    assert space.faults.current() == []
    assert [(await client.receive())["id"] for _ in range(3)] == ["first", "second", call]


async def test_a_still_connection_that_is_closed_says_nothing(server: Server, join: Join) -> None:
    client = await join(server)
    space = space_of(server)
    space.faults.inject("half_open")
    session = next(iter(space.sessions.values()))
    assert session.connection is not None
    session.connection.close(1000, "over", abrupt=True)
    assert await client.socket.is_reset() or await client.socket.read() is None


async def test_nobody_waits_for_a_client_that_is_kept_still(
    server: Server, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither until it has been sent all, nor until it acknowledges: for ever, that would be."""
    monkeypatch.setattr("mockserver.server.sockets.table.DRAIN_TIMEOUT_S", None)
    client = await join(server)
    space = space_of(server)
    space.faults.inject("stall", **{"for": "5s"})
    push(space, "first")
    async with asyncio.timeout(PATIENCE_S):
        await pass_time(server, 4)
    assert space.faults.current() != []
    await pass_time(server, 1)
    assert (await client.receive())["id"] == "first"


async def test_a_space_that_ends_takes_its_faults_along(server: Server, join: Join) -> None:
    """Those that are kept still hear of it, and other clients find the door open."""
    client = await join(server)
    faults = space_of(server).faults
    faults.inject("stall")
    faults.inject("refuse_connections", **{"for": "1h"})
    assert await head_of(server) == b""
    server.spaces.delete("a-project")
    assert await client.socket.close_code() == 1000
    assert (await head_of(server)).startswith(b"HTTP/1.1 101 ")


class Transport(asyncio.Transport):
    """Remembers what was written, a piece at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.has_ended = False

    def write(self, data: Any) -> None:
        self.pieces.append(bytes(data))

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def write_eof(self) -> None:
        self.has_ended = True


class Waiting:
    """A socket that remembers whether it may write."""

    is_paused = False

    def pause_writing(self) -> None:
        self.is_paused = True

    def resume_writing(self) -> None:
        self.is_paused = False


async def test_a_slow_wire_drips() -> None:
    transport, socket = Transport(), Waiting()
    slow = Slow(socket, transport, 1, bytes_per_s=1000)  # type: ignore[arg-type]
    slow.write(b"x" * 45)
    slow.write_eof()
    assert transport.pieces == [b"x" * 20]
    assert socket.is_paused
    assert slow.get_write_buffer_size() == 25
    await until(lambda: transport.has_ended)
    assert [len(piece) for piece in transport.pieces] == [20, 20, 5]
    assert not socket.is_paused


async def test_a_slow_wire_of_a_byte_at_a_time_that_is_over() -> None:
    transport, socket = Transport(), Waiting()
    slow = Slow(socket, transport, 1, bytes_per_s=1)  # type: ignore[arg-type]
    slow.write(b"abc")
    assert transport.pieces == [b"a"]
    slow.end()
    assert transport.pieces == [b"a", b"bc"]
    assert not socket.is_paused


async def test_slow(server: Server, join: Join) -> None:
    """A message that is under way comes whole, and others in their order."""
    client = await join(server)
    space = space_of(server)
    space.faults.inject("slow", bytes_per_s=1)
    for text in ("first", "second"):
        push(space, text)
    space.faults.withdraw()
    assert [(await client.receive())["id"] for _ in range(2)] == ["first", "second"]


@pytest.mark.parametrize("size", [1, 3, 50, 300, 70_000])
@pytest.mark.parametrize("text", ["", "é", "x" * 100, "é" * 200, "y" * 70_000])
def test_messages_in_fragments(size: int, text: str) -> None:
    payload = text.encode()
    data = frames.text_frame(payload) + frames.control_frame(frames.PONG, b"p")
    found = list(taken_apart(b"".join(frames.fragments(data, size))))
    assert found.pop() == (True, frames.PONG, b"p")
    assert b"".join(part for _, _, part in found) == payload
    assert [is_last for is_last, _, _ in found] == [False] * (len(found) - 1) + [True]
    assert [kind for _, kind, _ in found] == [TEXT] + [frames.CONTINUATION] * (len(found) - 1)
    assert all(len(part) <= size for _, _, part in found)


def taken_apart(data: bytes) -> Iterator[tuple[bool, int, bytes]]:
    at = 0
    while at < len(data):
        length, head = data[at + 1], 2
        if length > 125:
            size = 2 if length == 126 else 8
            length, head = int.from_bytes(data[at + 2 : at + 2 + size]), 2 + size
        yield bool(data[at] & 0x80), data[at] & 0x0F, data[at + head : at + head + length]
        at += head + length


async def test_a_wire_in_fragments_writes_them_one_by_one() -> None:
    transport = Transport()
    wire = Fragmented(Waiting(), transport, 1, size=2)  # type: ignore[arg-type]
    wire.write(frames.text_frame(b"12345"))
    assert transport.pieces == [b"\x01\x0212", b"\x00\x0234", b"\x80\x015"]


@pytest.mark.parametrize("size", [0, 100, 300, 70_000])
def test_whole_frames_are_told_from_the_beginning_of_one(size: int) -> None:
    pong, text = frames.control_frame(frames.PONG, b"p"), frames.text_frame(b"x" * size)
    for cut in range(len(pong), len(pong + text), max(1, size // 50)):
        assert frames.whole((pong + text)[:cut]) == len(pong)
    assert frames.whole(pong + text) == len(pong + text)


@pytest.mark.parametrize("first", ["slow", "fragment"])
async def test_slow_and_in_fragments(first: str, server: Server, join: Join) -> None:
    """Whichever wire is on top of the other one."""
    client = await join(server)
    space = space_of(server)
    given = {"slow": {"bytes_per_s": 50_000}, "fragment": {"bytes": 50}}
    second = next(name for name in given if name != first)
    space.faults.inject(first, given[first])
    space.faults.inject(second, given[second])
    push(space, "x" * 2_000)
    parts = []
    is_last = False
    while not is_last:
        is_last, frame = await client.socket.read_fragment()
        parts.append(frame.payload)
    assert {len(part) for part in parts[:-1]} == {50}
    assert json.loads(b"".join(parts))["id"] == "x" * 2_000


async def test_fragment(server: Server, join: Join) -> None:
    client = await join(server)
    space = space_of(server)
    space.faults.inject("fragment", bytes=2)
    push(space, "é")
    parts = []
    while True:
        is_last, frame = await client.socket.read_fragment()
        parts.append(frame.payload)
        if is_last:
            break
    assert len(parts) > 10
    assert json.loads(b"".join(parts))["id"] == "é"
    space.faults.withdraw()
    push(space, "whole")
    assert (await client.receive())["id"] == "whole"


async def head_of(server: Server, path: str = "") -> bytes:
    """What a handshake is answered with; nothing when the connection ends without an answer."""
    reader, writer = await open_tcp(server.url + path)
    try:
        writer.write(handshake(server.url + path))
        async with asyncio.timeout(PATIENCE_S):
            return await reader.readuntil(b"\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
    finally:
        writer.transport.abort()


async def test_refuse(server: Server, join: Join) -> None:
    client = await join(server)
    space_of(server).faults.inject("refuse_connections", times=3)
    with pytest.raises(ConnectionResetError):
        await Socket.open(server.url)
    assert [await head_of(server) for _ in range(2)] == [b"", b""]
    assert space_of(server).faults.current() == []
    assert (await head_of(server)).startswith(b"HTTP/1.1 101 ")
    await client.sync()


async def test_reject_handshake(server: Server, join: Join) -> None:
    await join(server)
    space_of(server).faults.inject("reject_handshake", status=502)
    assert (await head_of(server)).startswith(b"HTTP/1.1 502 ")
    assert (await head_of(server)).startswith(b"HTTP/1.1 101 ")


async def test_who_is_meant_at_the_door(server: Server, open_socket: OpenSocket) -> None:
    """A URL that names another space leads there all the same; one that names none may not."""
    client = Client(await open_socket(server, "/space/here"))
    await client.connect("any", "any")
    space_of(server, "here").faults.inject("refuse_connections", **{"for": "1m"})
    assert await head_of(server, "/space/here") == b""
    assert await head_of(server) == b""
    assert (await head_of(server, "/space/there")).startswith(b"HTTP/1.1 101 ")
    notes = [
        each.data for each in space_of(server, "here").journal.raw() if each.direction == "note"
    ]
    assert sum(b"refuse_connections, strikes somebody who connects" in each for each in notes) == 2
    await pass_time(server, 60, "here")
    assert (await head_of(server, "/space/here")).startswith(b"HTTP/1.1 101 ")


async def test_no_handshake(server: Server, join: Join) -> None:
    other = await join(server)
    space = space_of(server)
    space.faults.inject("no_handshake", **{"for": "10s"})
    waiting = asyncio.ensure_future(head_of(server))
    await until(lambda: any(b"strikes somebody" in each.data for each in space.journal.raw()))
    for _ in range(3):
        await other.sync()
    assert not waiting.done()
    await pass_time(server, 10)
    assert await waiting == b""
    assert (await head_of(server)).startswith(b"HTTP/1.1 101 ")


async def test_redeploy(server: Server, join: Join, open_socket: OpenSocket) -> None:
    client = await join(server)
    space_of(server).faults.inject("redeploy")
    assert await client.socket.close_code() == 1012
    again = Client(await open_socket(server))
    protocol = client.connected["protocol"]
    answer = await again.connect("a-project", "a-token", protocol=protocol)
    assert answer["result"]["protocol"] != protocol


@pytest.mark.parametrize(
    ("name", "given"), [("no_pings", {}), ("late_pings", {"by": "1h"})], ids=["none", "late"]
)
async def test_pings_that_do_not_come(
    name: str, given: dict[str, str], serve_here: ServeHere, join: Join
) -> None:
    server = await serve_here(clock="manual", ping_interval_s=0.01)
    client, other = await join(server), await join(server)
    await client.receive()
    space = space_of(server)
    space.faults.inject(name, session="s1", **given)
    before = space.journal.last
    sent: list[str | None] = []
    while sent.count("s2") < 3:
        assert (await other.receive())["method"] == "signalwire.ping"
        sent = [each.session for each in space.journal.raw(before) if each.direction == "to_client"]
    assert "s1" not in sent
    space.faults.withdraw()
    await until(lambda: any(each.session == "s1" for each in space.journal.raw(before)))


async def test_pings_that_are_late(serve_here: ServeHere, join: Join) -> None:
    server = await serve_here(clock="manual", ping_interval_s=0.01)
    client = await join(server)
    space_of(server).faults.inject("late_pings", by="1ms")
    for _ in range(3):
        assert (await client.receive())["method"] == "signalwire.ping"


async def test_a_frame_can_be_the_trigger(server: Server, join: Join) -> None:
    """After the event that is named, and once."""
    client = await join(server)
    space = space_of(server)
    await client.result(
        "signalwire.subscribe", event_channel="video.rooms", events=["video.room.started"]
    )
    space.faults.inject("close", events="video.room.started", code=1012)
    await server.spaces.control("a-project").video.start_room("lobby", wait=False)
    await pass_time(server, 1)
    assert (await client.event("video.room.started"))["event_type"] == "video.room.started"
    assert await client.socket.close_code() == 1012
