"""Servers in this process, whose limits are small enough to be reached."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from contract_tests.shared.client import Client
from contract_tests.shared.settings import settings as make_settings
from contract_tests.shared.sockets import Socket
from mockserver.server import Server
from mockserver.server.tls import Tls

ServeHere = Callable[..., Awaitable[Server]]
Join = Callable[..., Awaitable[Client]]


@pytest.fixture
def tls() -> Tls | None:
    """How the servers here speak TLS; modules say otherwise by a fixture of the same name."""
    return None


@pytest.fixture
async def serve_here(tls: Tls | None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServeHere]:
    """Start servers on this loop: ``await serve_here(max_connections=1)``."""
    servers: list[Server] = []

    async def start(**settings: Any) -> Server:
        server = Server(make_settings(**{"tls": tls, **settings}))
        await server.start()
        servers.append(server)
        if server.ca_file is not None:
            monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_file))
        return server

    yield start
    for server in servers:
        await server.stop()
        assert server.bugs == []


@pytest.fixture
async def open_socket() -> AsyncIterator[Callable[..., Awaitable[Socket]]]:
    """Open WebSockets, and cut them in the end."""
    sockets: list[Socket] = []

    async def open_socket(server: Server, path: str = "", **more: Any) -> Socket:
        socket = await Socket.open(server.url + path, **more)
        sockets.append(socket)
        return socket

    yield open_socket
    for socket in sockets:
        socket.abort()


@pytest.fixture
async def join(open_socket: Callable[..., Awaitable[Socket]]) -> Join:
    """Connect clients that have a session: ``await join(server)``."""

    async def join(
        server: Server,
        project: str = "a-project",
        path: str = "",
        receive_buffer: int | None = None,
        takes_fragments: bool = False,
        **params: Any,
    ) -> Client:
        client = Client(await open_socket(server, path, receive_buffer=receive_buffer))
        client.takes_fragments = takes_fragments
        answer = await client.connect(project, "a-token", **params)
        assert "result" in answer, answer
        return client

    return join
