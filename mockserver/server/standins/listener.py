"""Runs a stand-in in the foreground, until a signal ends it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Protocol

from aiohttp import web

from mockserver.server.http import Plain
from mockserver.server.http.guard import is_loopback
from mockserver.server.run import CannotListenError, log_to_stderr, until_signal
from mockserver.server.sockets import CLOSE_TIMEOUT_S, Address, Port


class NotLoopbackError(Exception):
    """The host is not this machine alone; says why that matters."""


class StandIn(Protocol):
    """What a stand-in is to the one who runs it."""

    @property
    def bugs(self) -> list[Exception]:
        """Faults of the mock itself."""

    def application(self) -> web.Application:
        """What it serves over HTTP."""

    def stop(self) -> None:
        """It will not be asked any more."""


class Listener:
    """A stand-in on an address. ``await start()``, then ``await stop()``.

    Args:
        stand_in: what is served.
        host: has to be loopback: a stand-in shows what it was sent to everybody who asks.
        port: 0 takes a free one.

    Raises:
        NotLoopbackError: the host is another one.
    """

    def __init__(self, stand_in: StandIn, host: str, port: int) -> None:
        if not is_loopback(host):
            raise NotLoopbackError(
                f"a stand-in shows the credentials that it was sent to everybody who asks, so it "
                f'listens on loopback alone: 127.0.0.1, ::1 or localhost, and not "{host}"'
            )
        self._stand_in = stand_in
        self._host = host
        self._port = port
        self._runner = web.AppRunner(stand_in.application(), shutdown_timeout=CLOSE_TIMEOUT_S)
        self._listens: Port | None = None

    @property
    def addresses(self) -> list[Address]:
        """Where it listens, once it does."""
        return [] if self._listens is None else self._listens.addresses

    @property
    def url(self) -> str:
        """Where it is: ``http://127.0.0.1:8765``."""
        return f"http://{self.addresses[0]}"

    async def start(self) -> None:
        """Listen.

        Raises:
            CannotListenError: the address cannot be had.
        """
        await self._runner.setup()
        http = self._runner.server
        assert http is not None
        accept = partial(Plain, http, asyncio.get_running_loop())
        try:
            self._listens = Port(accept)
            await self._listens.open(self._host, self._port)
        except (OSError, UnicodeError) as error:
            await self._runner.cleanup()
            reason = getattr(error, "strerror", None) or str(error)
            raise CannotListenError(
                f"cannot listen on {self._host} port {self._port}: {reason}"
            ) from error

    async def stop(self) -> None:
        """Close the port, and all connections."""
        if self._listens is not None:
            self._listens.close()
            await self._listens.arrived()
        self._stand_in.stop()
        await self._runner.cleanup()


def run(name: str, stand_in: StandIn, *, host: str, port: int, log_level: str) -> int:
    """Serve until SIGINT or SIGTERM; returns how many bugs of its own the stand-in met.

    Args:
        name: of what it stands for.
        stand_in: what is served.
        host: see `Listener`.
        port: 0 takes a free one.
        log_level: ``debug``, ``info``, ``warning`` or ``error``.

    Raises:
        NotLoopbackError: the host is not this machine alone.
        CannotListenError: the port cannot be had.
    """
    log_to_stderr(log_level, "%(levelname)s %(message)s")
    asyncio.run(_serve(name, stand_in, host, port))
    return len(stand_in.bugs)


async def _serve(name: str, stand_in: StandIn, host: str, port: int) -> None:
    listener = Listener(stand_in, host, port)
    await listener.start()
    try:
        stopped = until_signal()
        print(f"stand-in for {name}: {listener.url}   (Ctrl-C ends it)", flush=True)
        await stopped.wait()
    finally:
        await listener.stop()
