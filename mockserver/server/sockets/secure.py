"""The port of a server that speaks TLS: whoever comes has to begin with a handshake of that."""

from __future__ import annotations

import asyncio
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable
from typing import TYPE_CHECKING

from .door import TLS_HANDSHAKE, Door
from .socket import STUCK_TIMEOUT_S

if TYPE_CHECKING:
    from mockserver.server.tls import Identity

    from .table import Sockets

SPOKE_PLAIN = (
    "a client spoke without TLS (ws:// or http://) to this port, which speaks TLS only: begin the "
    "URL with wss:// or https://; the vendor's clients do so by themselves when `host` names no "
    "scheme"
)

NO_TRUST = (
    "a client ended its connection when it had seen the certificate: it seems not to trust it. {}"
)

_HELP = (
    "Start it with NODE_EXTRA_CA_CERTS={0} (Node) or SSL_CERT_FILE={0} (Python); "
    "python -m mockserver run sets these"
)
_OWN_FILES = "Tell it whom to trust: the authority that signed the certificate of --tls-cert"

_REFUSALS = ("UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN")
"""How a client says by an alert that it does not trust us (RFC 8446, 6.2)."""


def no_trust(identity: Identity) -> str:
    """What happened when a client does not trust the certificate, and how to mend it."""
    ca_file = identity.ca_file
    return NO_TRUST.format(_OWN_FILES if ca_file is None else _HELP.format(ca_file))


class SecurePort(asyncio.Protocol):
    """A new connection, until its TLS handshake is done; then it is a `Door` like any other.

    asyncio's own class does the handshake, the one that is behind ``create_server(ssl=…)``. It is
    used by itself because it must get what has been read, which said that this is TLS at all, and
    because it then tells why a handshake failed.

    Args:
        sockets: all connections of the server.
        identity: what the client is shown.
        door: makes what is behind the handshake.
    """

    __slots__ = ("_door", "_identity", "_is_refused", "_sockets", "_transport")

    def __init__(self, sockets: Sockets, identity: Identity, door: Callable[[], Door]) -> None:
        self._sockets = sockets
        self._identity = identity
        self._door = door
        self._is_refused = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected; the first byte says whether by TLS."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._sockets.meet(self)

    def data_received(self, data: bytes) -> None:
        """Begin the handshake, or refuse."""
        if self._is_refused:
            return
        if data[0] == TLS_HANDSHAKE:
            self._shake_hands(data)
        else:
            self._refuse()

    def _shake_hands(self, data: bytes) -> None:
        transport, loop = self._transport, self._sockets.loop
        assert transport is not None
        ended: asyncio.Future[None] = loop.create_future()
        ended.add_done_callback(self._note_end)
        tls = SSLProtocol(
            loop,
            self._door(),
            self._identity.context,
            ended,
            server_side=True,
            ssl_shutdown_timeout=STUCK_TIMEOUT_S,
        )
        # What waits for a client that does not read waits in its outbox, not here.
        transport.set_write_buffer_limits(high=0)
        transport.set_protocol(tls)
        tls.connection_made(transport)
        tls.get_buffer(len(data))[: len(data)] = data
        tls.buffer_updated(len(data))

    def _note_end(self, ended: asyncio.Future[None]) -> None:
        self._sockets.part(self)
        error = ended.exception()
        reason = (error.reason or str(error)) if isinstance(error, ssl.SSLError) else ""
        # Clients on asyncio send no alert: they just go.
        if isinstance(error, ConnectionResetError) or any(each in reason for each in _REFUSALS):
            self._sockets.strangers.note(no_trust(self._identity))
        elif reason:
            self._sockets.strangers.note(f"a TLS handshake failed: {reason}")

    def _refuse(self) -> None:
        """Say in plain HTTP what is wrong; other clients see at least that it is no TLS."""
        assert self._transport is not None
        self._is_refused = True
        self._sockets.strangers.note(SPOKE_PLAIN)
        body = f"{SPOKE_PLAIN}\n".encode()
        self._transport.write(
            b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
            + f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        # The rest of the request is still read: with bytes unread the answer could be lost.
        self._transport.write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is no more, and there was no handshake."""
        self._sockets.part(self)

    def abort(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def is_late(self) -> None:
        """The handshake takes too long, or somebody who was refused does not go."""
        if not self._is_refused:
            self._sockets.note_silence()
        self.abort()
