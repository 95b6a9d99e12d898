"""How sockets end: the client has all that was sent, and then the reason (RFC 6455, section 7)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from contract_tests.conftest import Serve
from contract_tests.shared.client import Client
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.sockets import CLOSE, TEXT, Socket
from mockserver.server import Server
from mockserver.server.tls import Tls

from .conftest import Join, ServeHere

EVENTS = 200
EVENT_BYTES = 20_000
"""All events together are more than the system's buffers hold for a client that reads slowly."""

RECEIVE_BUFFER = 65_536


@pytest.fixture(params=[None, Tls()], ids=["plain", "tls"])
def tls(request: pytest.FixtureRequest) -> Tls | None:
    """Sockets end in the same way over TLS."""
    how: Tls | None = request.param
    return how


async def until(happened: Callable[[], Any]) -> None:
    """Let the loop go on until it has happened."""
    async with asyncio.timeout(PATIENCE_S):
        while not happened():
            await asyncio.sleep(0)


def push(server: Server, number: int, size: int = EVENT_BYTES) -> None:
    """Send an event of this size to the first client in the space."""
    space = server.gate.spaces["a-project"]
    first = next(iter(space.sessions.values()))
    params = {"number": number, "text": "x" * size}
    frame = {"jsonrpc": "2.0", "id": f"event-{number}", "method": "signalwire.event"}
    space.delivery.push({**frame, "params": params}, [first])


async def read_and_acknowledge(socket: Socket) -> tuple[list[int], int | None]:
    """The numbers of all events, each acknowledged at once, and the close code at the end."""
    numbers: list[int] = []
    while (message := await socket.read()) is not None:
        if message.opcode == CLOSE:
            await socket.send(CLOSE, message.payload[:2])
            assert await socket.read() is None, "TCP ends in order, without a reset"
            return numbers, message.close_code
        frame = json.loads(message.payload)
        if frame.get("method") == "signalwire.event":
            numbers.append(frame["params"]["number"])
            answer = {"jsonrpc": "2.0", "id": frame["id"], "result": {}}
            # The raw socket fails here when the server has reset the connection.
            await socket.send(TEXT, json.dumps(answer).encode())
    return numbers, None


async def delete(server: Server, client: Client) -> None:
    server.spaces.delete("a-project")


async def break_the_protocol(server: Server, client: Client) -> None:
    await client.socket.send(TEXT, b"\xff")


async def take_over(server: Server, client: Client) -> None:
    other = Client(await Socket.open(server.url))
    await other.connect("a-project", "a-token", protocol=client.connected["protocol"])
    other.socket.abort()


async def stop(server: Server, client: Client) -> None:
    stopping = asyncio.create_task(server.stop())
    stopping.add_done_callback(lambda done: done.result())


async def send_too_much(server: Server, client: Client) -> None:
    await client.socket.write(struct.pack("!BBQ", 0x81, 0xFF, 10_000_000) + bytes(100))


End = Callable[[Server, Client], Awaitable[None]]


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (delete, 1000),
        (take_over, 1000),
        (stop, 1001),
        (break_the_protocol, 1007),
        (send_too_much, 1009),
    ],
)
async def test_client_that_acknowledges_meanwhile_loses_nothing(
    end: End, code: int, serve_here: ServeHere, join: Join
) -> None:
    server = await serve_here()
    client = await join(server, receive_buffer=RECEIVE_BUFFER)
    for number in range(EVENTS):
        push(server, number)
    await end(server, client)
    numbers, closed = await read_and_acknowledge(client.socket)
    assert numbers == list(range(EVENTS))
    assert closed == code


async def test_all_busy_clients_see_the_end_of_the_server(serve: Serve) -> None:
    """SIGTERM while fifty clients call without end."""
    server = serve()
    clients = [Client(await Socket.open(server.url)) for _ in range(50)]
    call = {"jsonrpc": "2.0", "method": "signalwire.ping", "params": {"timestamp": 1}, "id": "x"}

    async def be_busy(client: Client) -> int:
        await client.connect("a-project", "a-token")
        while (message := await client.socket.read()) is not None:
            if message.opcode == CLOSE:
                return message.close_code
            await client.send(call)
            await client.send(call)
        return 0

    busy = [asyncio.create_task(be_busy(client)) for client in clients]
    for client in clients:
        while not client.connected:
            await asyncio.sleep(0)
        await client.send(call)
    server.process.send_signal(signal.SIGTERM)
    assert await asyncio.gather(*busy) == [1001] * 50
    assert await asyncio.to_thread(server.process.wait, 10) == 0
    for client in clients:
        client.socket.abort()


async def test_reader_that_never_reads_is_gone_after_a_while(
    serve_here: ServeHere, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its memory is bounded, nobody waits for it, and its session is forgotten in time."""
    monkeypatch.setattr("mockserver.server.sockets.socket.STUCK_TIMEOUT_S", 0.05)
    server = await serve_here(max_outbox_bytes=1_000_000, resume_window_s=0.05)
    stuck = await join(server, receive_buffer=RECEIVE_BUFFER)
    good = await join(server)
    space = server.gate.spaces["a-project"]
    session = next(iter(space.sessions.values()))
    connection = session.connection
    assert connection is not None
    for number in range(1_000):
        push(server, number, 100_000)
        assert connection.outbox_bytes < 1_200_000
        if connection.closing is not None:
            break
    await good.sync()
    assert connection.closing is not None
    assert connection.closing.code == 1013
    assert session.is_away
    await until(lambda: len(server.sockets) == 1)
    await until(lambda: session.protocol not in space.sessions)
    await server.spaces.drained(space)
    stuck.socket.abort()


async def test_drained_waits_for_a_slow_reader(serve_here: ServeHere, join: Join) -> None:
    server = await serve_here()
    slow = await join(server, receive_buffer=RECEIVE_BUFFER)
    space = server.gate.spaces["a-project"]
    [session] = space.sessions.values()
    number = 0
    while session.connection is not None and not session.connection.outbox:
        push(server, number)
        number += 1
    draining = asyncio.create_task(server.spaces.drained(space))
    await asyncio.sleep(0)
    assert not draining.done()
    for _ in range(number):
        await slow.socket.read()
    await draining
    assert session.connection is not None
    assert session.connection.outbox == []


async def test_client_that_answers_no_close_frame_gets_the_end_of_tcp(
    serve_here: ServeHere, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First the server ends its own side, so that the client can read; later the whole."""
    monkeypatch.setattr("mockserver.server.sockets.socket.CLOSE_TIMEOUT_S", 0.01)
    monkeypatch.setattr("mockserver.server.sockets.socket.STUCK_TIMEOUT_S", 0.01)
    server = await serve_here()
    client = await join(server)
    server.spaces.delete("a-project")
    assert await client.socket.close_code() == 1000
    assert await client.socket.read() is None
    await until(lambda: len(server.sockets) == 0)


@pytest.mark.parametrize("tls", [None], ids=["plain"])
async def test_half_closed_connection_ends(serve_here: ServeHere, join: Join) -> None:
    server = await serve_here()
    client = await join(server)
    await client.socket.half_close()
    await until(lambda: len(server.sockets) == 0)
    [session] = server.gate.spaces["a-project"].sessions.values()
    assert session.is_away


async def test_bug_while_a_message_is_handled_costs_its_answer_only(
    serve_here: ServeHere, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await serve_here()
    unlucky, other = await join(server), await join(server)

    def fail(*_: Any) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(server.gate, "receive", fail)
        await unlucky.socket.send_text("{}")
        answer = await unlucky.receive()
    assert answer["error"]["code"] == -32603
    await unlucky.sync()
    await other.sync()
    assert [str(bug) for bug in server.bugs] == ["a bug"]
    server.bugs.clear()


@pytest.mark.parametrize("turns", range(6))
async def test_server_that_has_stopped_leaves_no_connection_open(
    turns: int, serve_here: ServeHere
) -> None:
    """Not even one that was being accepted: asyncio needs some turns of the loop for that."""
    server = await serve_here()
    host, port = server.url.removeprefix("ws://").removeprefix("wss://").split(":")
    with socket.create_connection((host, int(port)), PATIENCE_S) as arriving:
        for _ in range(turns):
            await asyncio.sleep(0)
        await server.stop()
        with contextlib.suppress(ConnectionResetError):
            assert arriving.recv(1) == b""
