"""Where a server listens: one port, on every address that its host stands for."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable
from typing import Any, NamedTuple

BACKLOG = 1_024
"""Connections that may wait to be accepted, as when a thousand clients begin at once."""

SocketAddress = tuple[Any, ...]
"""What the system calls an address: ``(host, port)``, with two numbers more for IPv6."""

PORTS_TRIED = 20
"""Free ports that are tried until one is free on every address."""

BOTH_FAMILIES = {"localhost": ("127.0.0.1", "::1"), "": ("0.0.0.0", "::"), "::": ("::", "0.0.0.0")}
"""Hosts that mean both versions of IP, and their addresses; the first one is in the URL."""

REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses that only mean something to a listener -> where a client on this machine connects."""


class Address(NamedTuple):
    """An IP address and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def reached(self) -> str:
        """Where clients on this machine connect: ``127.0.0.1:8787``."""
        return str(self._replace(host=REACHED_AT.get(self.host, self.host)))


async def listen(
    accept: Callable[[], asyncio.BaseProtocol], host: str, port: int
) -> tuple[list[asyncio.Server], list[Address]]:
    """Listen on all addresses of ``host``, each with the same port.

    Args:
        accept: makes the protocol of a new connection.
        host: a name or an address. ``""`` and ``::`` are all addresses of the machine, of IPv4 and
            IPv6; ``localhost`` is 127.0.0.1 and ::1. One version may be missing on the machine.
        port: 0 takes one that is free on all of them.

    Raises:
        OSError: an address cannot be had, or there is none.
    """
    loop = asyncio.get_running_loop()
    for attempt in range(1, PORTS_TRIED + 1):
        bound = await _bind(loop, host, port, is_last_try=attempt == PORTS_TRIED)
        if bound:
            break
    servers = [await loop.create_server(accept, sock=each, backlog=BACKLOG) for each in bound]
    return servers, [Address(*each.getsockname()[:2]) for each in bound]


def stop_listening(server: asyncio.Server) -> None:
    """Accept no more, not even by a file descriptor that another process has inherited."""
    for each in server.sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
    server.close()


async def _bind(
    loop: asyncio.AbstractEventLoop, host: str, port: int, *, is_last_try: bool
) -> list[socket.socket]:
    """A socket for each address; none when a free port was not free on all of them."""
    bound: list[socket.socket] = []
    missing: OSError | None = None
    chosen = port
    try:
        for family, address in await _resolve(loop, host, port):
            try:
                bound.append(_socket(family, (address[0], chosen, *address[2:])))
                chosen = bound[0].getsockname()[1]
            except OSError as error:
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
                missing = error
    except OSError as error:
        for each in bound:
            each.close()
        if error.errno == errno.EADDRINUSE and port == 0 and not is_last_try:
            return []
        raise
    if not bound and missing is not None:
        raise missing
    return bound


async def _resolve(
    loop: asyncio.AbstractEventLoop, host: str, port: int
) -> list[tuple[socket.AddressFamily, SocketAddress]]:
    found: list[tuple[socket.AddressFamily, SocketAddress]] = []
    for each in BOTH_FAMILIES.get(host.lower(), (host,)):
        for family, _, _, _, address in await loop.getaddrinfo(
            each, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            if (family, address) not in found:
                found.append((family, address))
    return found


def _socket(family: socket.AddressFamily, address: SocketAddress) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # The IPv4 addresses have a socket of their own.
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
        bound.setblocking(False)
    except BaseException:
        bound.close()
        raise
    return bound
