"""A scripted service, clients of it, and what its payloads look like."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
from aiohttp import web

from client_stub import SignalWire
from contract_tests.shared import serving as shared
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.stub.service import Frame, Heard, Service
from contract_tests.stub.video.made import Made

S = TypeVar("S", bound=Service)


@asynccontextmanager
async def serving(service: S) -> AsyncIterator[S]:
    """Let a service listen on a port of its own."""
    app = web.Application()
    app.router.add_get("/{path:.*}", service.handle)
    async with shared.serving(app) as address:
        service.url = f"ws://{address}"
        yield service
        for socket in service.sockets:
            await socket.close()


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with serving(Service()) as service:
        yield service


@pytest.fixture
async def connect(service: Service) -> AsyncIterator[Callable[..., Awaitable[SignalWire]]]:
    """Connects clients that reconnect at once, and closes them."""
    clients: list[SignalWire] = []

    async def connect(**options: Any) -> SignalWire:
        defaults: Frame = {
            "project": "p",
            "token": "secret",
            "host": service.url,
            "reconnect_delay": 0,
        }
        client = SignalWire(**{**defaults, **options})
        clients.append(client)
        return await client

    yield connect
    for client in clients:
        await client.close()


@pytest.fixture
def soon() -> Callable[[Awaitable[Any]], Awaitable[Any]]:
    """Awaits something that must not hang."""

    async def soon(awaitable: Awaitable[Any]) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            return await awaitable

    return soon


@pytest.fixture
def made() -> type[Made]:
    return Made


@pytest.fixture
def heard() -> type[Heard]:
    return Heard


@pytest.fixture
async def room(service: Service, connect: Any) -> Any:
    """A room session in the hands of a client."""
    service.on("video.room.get", {"code": "200", "room": Made.room()})
    client = await connect()
    return await client.video.get_room_session_by_id("room-1")
