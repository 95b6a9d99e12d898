"""A mock server in process, and clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from client_stub import SignalWire
from mockserver import MockServer
from mockserver.harness import SpaceHandle

Connect = Callable[..., Awaitable[SignalWire]]


@pytest.fixture
async def mock() -> AsyncIterator[MockServer]:
    """A server on whose clock nothing moves by itself."""
    async with MockServer(clock="manual") as mock:
        yield mock


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Connects clients to spaces: ``await connect(mock)``."""
    clients: list[SignalWire] = []

    async def connect(space: SpaceHandle, **options: Any) -> SignalWire:
        client = await SignalWire(
            host=space.url, project=space.project, token=space.token, **options
        )
        clients.append(client)
        return client

    yield connect
    for client in clients:
        await client.close()
