"""Connections that never become a client's: refused with a reason, warned of once, counted."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import stat
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from contract_tests.shared import processes
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.sockets import TEXT, Socket, frame, handshake, open_tcp
from mockserver.server import Server
from mockserver.server.sockets.strangers import KINDS_KEPT, Strangers

from .conftest import Join, ServeHere

OpenSocket = Callable[..., Awaitable[Socket]]


async def ask(server: Server, request: bytes) -> tuple[str, str]:
    """Send bytes, and give the status line and the rest of what comes until the end."""
    reader, writer = await open_tcp(server.url)
    try:
        writer.write(request)
        async with asyncio.timeout(PATIENCE_S):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            size = int(head.lower().partition("content-length:")[2].split()[0])
            body = (await reader.readexactly(size)).decode()
    finally:
        writer.transport.abort()
    return head.partition("\r\n")[0], f"{head}{body}"


def told(server: Server) -> list[tuple[str, int]]:
    return list(server.strangers)


async def test_tls_on_the_plain_port(
    serve_here: ServeHere, caplog: pytest.LogCaptureFixture
) -> None:
    server = await serve_here()
    caplog.set_level(logging.WARNING)
    for _ in range(3):
        status, _rest = await ask(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
        assert " 400 " in status
    [(message, count)] = told(server)
    assert count == 3
    assert "TLS" in message
    assert "ws://" in message
    assert [record.getMessage() for record in caplog.records] == [message]


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ((b"Version: 13", b"Version: 8"), "426", ["Sec-WebSocket-Version: 13", "version 8"]),
        ((b"Version: 13", b"Version: x"), "426", ["Sec-WebSocket-Version: 13", "version x"]),
        ((b"HTTP/1.1", b"HTTP/1.0"), "400", ["HTTP/1.1"]),
        ((b"Connection: Upgrade", b"Connection: close"), "400", ["Connection: Upgrade"]),
        ((b"Sec-WebSocket-Key: ", b"Sec-WebSocket-Key: x"), "400", ["Sec-WebSocket-Key"]),
        ((b"GET / ", b"GET /relay "), "404", ["/space/NAME", "/relay"]),
        ((b"GET / ", b"GET /space/ "), "404", ["/space/NAME"]),
        ((b"Host: ", b"Origin: http://evil.example\r\nHost: "), "403", ["evil.example"]),
        ((b"Host: ", b"Origin: http://[\r\nHost: "), "403", ["http://["]),
    ],
)
async def test_handshake_that_is_refused(
    change: tuple[bytes, bytes], status: str, words: list[str], serve_here: ServeHere
) -> None:
    server = await serve_here()
    line, answer = await ask(server, handshake(f"{server.url}/").replace(*change))
    assert f" {status} " in line
    assert [word for word in words if word not in answer] == []
    [(message, count)] = told(server)
    assert count == 1
    assert words[-1] in message


async def test_plain_request_for_what_is_not_there_is_no_failed_connection(
    serve_here: ServeHere,
) -> None:
    server = await serve_here()
    status, _ = await ask(server, b"GET /favicon.ico HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert " 404 " in status
    assert told(server) == []


async def test_further_connections_are_refused(
    serve_here: ServeHere, join: Join, open_socket: OpenSocket
) -> None:
    server = await serve_here(max_connections=1)
    first = await join(server)
    line, answer = await ask(server, handshake(server.url))
    assert " 503 " in line
    assert "Retry-After" in answer
    await first.sync()
    await first.socket.close()
    await (await join(server)).sync()


async def test_silent_connections_end(serve_here: ServeHere, open_socket: OpenSocket) -> None:
    """One that says nothing at all, and a WebSocket without ``signalwire.connect``."""
    server = await serve_here(connect_timeout_s=0.05)
    reader, writer = await open_tcp(server.url)
    socket = await open_socket(server)
    await socket.send_text('{"jsonrpc": "2.0", "id": "x", "method": "video.rooms.get"}')
    assert await socket.close_code() == 1008
    async with asyncio.timeout(PATIENCE_S):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.transport.abort()
    assert [count for _, count in told(server)] == [1, 1]
    for message, _ in told(server):
        assert "0.05 s" in message


async def test_client_with_a_session_stays(serve_here: ServeHere, join: Join) -> None:
    server = await serve_here(connect_timeout_s=0.05)
    client = await join(server)
    late = await open_tcp(server.url)
    async with asyncio.timeout(PATIENCE_S):
        while not told(server):
            await asyncio.sleep(0)
    late[1].transport.abort()
    await client.sync()


async def test_client_that_answers_no_ping_is_closed(serve_here: ServeHere, join: Join) -> None:
    server = await serve_here(ping_interval_s=0.01, max_missed_pings=3)
    deaf, good = await join(server), await join(server)
    closed = asyncio.create_task(deaf.socket.close_code())
    while not closed.done():
        await good.receive()
    assert await closed == 1008
    for _ in range(6):
        await good.receive()
    await good.sync()


async def test_what_comes_with_the_handshake_is_not_lost(serve_here: ServeHere) -> None:
    """aiohttp has read it before the socket exists; this fails if aiohttp gives it out no more."""
    server = await serve_here()
    reader, writer = await open_tcp(server.url)
    call = b'{"jsonrpc":"2.0","id":"early","method":"video.rooms.get","params":{}}'
    writer.write(handshake(server.url) + frame(TEXT, call))
    async with asyncio.timeout(PATIENCE_S):
        await reader.readuntil(b"\r\n\r\n")
        answer = await Socket(reader, writer).read()
    writer.transport.abort()
    assert answer is not None
    assert json.loads(answer.payload)["id"] == "early"


async def test_space_with_a_slash_is_the_same(
    serve_here: ServeHere, open_socket: OpenSocket, join: Join
) -> None:
    server = await serve_here()
    client = await join(server, path="/space/mine/")
    await client.sync()
    assert list(server.gate.spaces) == ["mine"]


@pytest.mark.parametrize("name", ["a\r\nb", "a\x1bb", "\x7f", "x" * 201, ".", ".."])
async def test_no_space_has_a_name_that_leads_astray(
    name: str, serve_here: ServeHere, open_socket: OpenSocket
) -> None:
    server = await serve_here()
    socket = await open_socket(server)
    params = {"authentication": {"project": name, "token": "t"}, "version": {}}
    version = {"major": 3, "minor": 0, "revision": 0}
    call = {"jsonrpc": "2.0", "id": "x", "method": "signalwire.connect"}
    await socket.send_text(json.dumps({**call, "params": {**params, "version": version}}))
    answer = await socket.read()
    assert answer is not None
    assert json.loads(answer.payload)["error"]["code"] == -32002
    assert server.gate.spaces == {}


@pytest.mark.parametrize(
    ("host", "origin", "is_let_in"),
    [
        ("192.0.2.7:8787", "http://192.0.2.7:3000", True),
        ("localhost:8787", "http://localhost:3000", True),
        ("192.0.2.7:8787", "http://127.0.0.1", True),
        ("192.0.2.7:8787", "http://192.0.2.8", False),
        ("evil.example:8787", "http://evil.example:8787", False),
        ("192.0.2.7:8787", "https://evil.example", False),
        ("192.0.2.7:8787", "null", False),
    ],
)
async def test_pages_when_bound_to_every_address(
    host: str, origin: str, is_let_in: bool, serve_here: ServeHere
) -> None:
    server = await serve_here(host="0.0.0.0")
    headers = f"Host: {host}\r\nOrigin: {origin}\r\nX-Host: ".encode()
    reader, writer = await open_tcp(server.url)
    writer.write(handshake(server.url).replace(b"Host: ", headers))
    async with asyncio.timeout(PATIENCE_S):
        status = await reader.readuntil(b"\r\n")
    writer.transport.abort()
    assert status.split()[1] == (b"101" if is_let_in else b"403")


def test_causes_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    strangers = Strangers()
    for number in range(3 * KINDS_KEPT):
        strangers.note(f"cause {number}")
    assert len(list(strangers)) == KINDS_KEPT + 1
    assert sum(count for _, count in strangers) == 3 * KINDS_KEPT
    assert len(caplog.records) == KINDS_KEPT + 1


def test_what_a_client_made_up_cannot_write_to_a_terminal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    strangers = Strangers()
    strangers.note("not to /\x1b[2J\r\n\udcff" + "x" * 10_000)
    [(message, _)] = strangers
    assert message.startswith(r"not to /\x1b[2J\r\n\udcff")
    assert len(message) < 1_000
    assert [record.getMessage() for record in caplog.records] == [message]


def test_health_tells_them(tmp_path: Path) -> None:
    with processes.server(folder=tmp_path) as server:
        assert server.get("/__mock__/health")["failed_connections"] == []
        request = urllib.request.Request(f"{server.http}/wrong", headers={"Upgrade": "websocket"})
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(request, timeout=PATIENCE_S)
        [failed] = server.get("/__mock__/health")["failed_connections"]
        assert failed["count"] == 1
        assert "/wrong" in failed["message"]
        assert failed["message"] in server.log.read_text()


def test_ready_file_with_a_token_is_its_owners_alone(tmp_path: Path) -> None:
    with processes.server("--control-token", "secret", folder=tmp_path):
        ready = tmp_path / "ready.json"
        assert json.loads(ready.read_text())["token"] == "secret"
        assert stat.S_IMODE(ready.stat().st_mode) == 0o600
