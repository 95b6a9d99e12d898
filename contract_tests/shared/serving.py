"""Servers of the tests' own, which leave no connection behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from mockserver.listening import Port


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """Serve an application on a port of its own; yields ``127.0.0.1:PORT``.

    asyncio's own server, when it is closed, leaves a connection open that it is accepting.
    """
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    assert runner.server is not None
    port = Port(runner.server)
    await port.open("127.0.0.1", 0)
    try:
        yield str(port.addresses[0])
    finally:
        port.close()
        await port.arrived()
        await runner.cleanup()
