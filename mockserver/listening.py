"""Where something listens: one port, on every address that its host stands for."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from asyncio.trsock import TransportSocket
from collections.abc import Callable
from typing import Any, NamedTuple

BACKLOG = 1_024
"""Connections that may wait to be accepted, as when a thousand clients begin at once."""

ACCEPTED_AT_ONCE = 128
"""Connections accepted in one turn of the loop, so that who is there already need not wait."""

TRY_AGAIN_S = 1.0
"""Real seconds until it is tried again to accept, when the system had nothing left for that."""

EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""What the system says then."""

logger = logging.getLogger(__name__)

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


class Port:
    """One port on every address that a host stands for.

    It can be closed for a while, and opened again at the same addresses. asyncio's own servers lose
    a connection that they are accepting when they are closed, and leave its socket open; so they
    are used only where the loop cannot wait for a socket by itself, on Windows.

    Args:
        protocol: makes the protocol of a new connection.
    """

    def __init__(self, protocol: Callable[[], asyncio.BaseProtocol]) -> None:
        self._protocol = protocol
        self._at: list[tuple[socket.AddressFamily, SocketAddress]] = []
        # Sockets that accept nobody yet: they are bound, and may listen already.
        self._bound: list[socket.socket] = []
        self._accepting: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []
        self._arriving: set[asyncio.Task[None]] = set()

    @property
    def addresses(self) -> list[Address]:
        """Where it is, open or closed."""
        return [Address(*address[:2]) for _, address in self._at]

    async def open(self, host: str, port: int) -> None:
        """Listen on all addresses of ``host``, each with the same port.

        Args:
            host: a name or an address. ``""`` and ``::`` are all addresses of the machine, of IPv4
                and IPv6; ``localhost`` is 127.0.0.1 and ::1. One version may be missing on the
                machine.
            port: 0 takes one that is free on all of them.

        Raises:
            OSError: an address cannot be had, or there is none.
        """
        loop = asyncio.get_running_loop()
        for attempt in range(1, PORTS_TRIED + 1):
            self._bound = await _bind(loop, host, port, is_last_try=attempt == PORTS_TRIED)
            if self._bound:
                break
        self._at = [(each.family, each.getsockname()) for each in self._bound]
        self._listen()
        await self.accept()

    def close(self) -> None:
        """Accept no more, not even by a file descriptor that another process has inherited."""
        for accepting in self._accepting:
            asyncio.get_running_loop().remove_reader(accepting)
            _end(accepting)
        for server in self._servers:
            for each in server.sockets:
                _end(each)
            server.close()
        for bound in self._bound:
            bound.close()
        self._accepting, self._servers, self._bound = [], [], []

    def close_for_a_while(self) -> None:
        """Close it, but keep its number from programs that want any free port."""
        self.close()
        with contextlib.suppress(OSError):
            # Where a socket is bound and does not listen, the system refuses connections.
            self._bind_again()

    def listen_again(self) -> None:
        """Listen where it did before it was closed; connections wait until `accept`.

        Raises:
            OSError: another program listens there now. It can be tried again.
        """
        if not self._bound:
            self._bind_again()
        self._listen()

    async def accept(self) -> None:
        """Accept connections."""
        loop = asyncio.get_running_loop()
        while self._bound:
            bound = self._bound.pop(0)
            try:
                loop.add_reader(bound, self._accept, bound)
                self._accepting.append(bound)
            except NotImplementedError:
                server = await loop.create_server(self._protocol, sock=bound, backlog=BACKLOG)
                self._servers.append(server)

    async def arrived(self) -> None:
        """Return once everybody who was accepted has a protocol that knows it."""
        if self._arriving:
            await asyncio.wait(self._arriving)

    def _accept(self, accepting: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                accepted, _ = accepting.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in EXHAUSTED:
                    raise
                logger.error("no connection can be accepted for now: %s", error.strerror)
                loop.remove_reader(accepting)
                loop.call_later(TRY_AGAIN_S, self._accept_again, accepting)
                return
            accepted.setblocking(False)
            arriving = loop.create_task(self._arrive(accepted))
            self._arriving.add(arriving)
            arriving.add_done_callback(self._arriving.discard)

    def _accept_again(self, accepting: socket.socket) -> None:
        if accepting in self._accepting:
            asyncio.get_running_loop().add_reader(accepting, self._accept, accepting)

    async def _arrive(self, accepted: socket.socket) -> None:
        await asyncio.get_running_loop().connect_accepted_socket(self._protocol, accepted)

    def _bind_again(self) -> None:
        try:
            for family, address in self._at:
                self._bound.append(_socket(family, address))
        except OSError:
            self.close()
            raise

    def _listen(self) -> None:
        try:
            for each in self._bound:
                each.listen(BACKLOG)
        except OSError:
            self.close()
            raise


def _end(listening: socket.socket | TransportSocket) -> None:
    with contextlib.suppress(OSError):
        listening.shutdown(socket.SHUT_RDWR)
    if isinstance(listening, socket.socket):
        listening.close()


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
