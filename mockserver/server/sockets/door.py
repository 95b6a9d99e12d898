"""What every connection is at first: HTTP, until it asks to be a WebSocket.

The door reads nothing but the first bytes, which say whether somebody speaks TLS to a plain port.
All of HTTP is aiohttp's, which gets the transport lent. When a request asks for a WebSocket, the
transport is taken back and becomes a `Socket`; to aiohttp it looks as if the client had gone.
So a WebSocket has neither task, request nor parser of aiohttp's behind it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

from .private import let_go, read_already
from .socket import Socket

if TYPE_CHECKING:
    from .table import Sockets

TLS_HANDSHAKE = 0x16
"""The first byte of what a TLS client sends: a record with its ClientHello."""

SPOKE_TLS = (
    "a client spoke TLS (wss:// or https://) to this port, which is plain: give it the whole URL, "
    "ws://… or http://…; the vendor's clients put wss:// before a host that names no scheme. Or "
    "start the server with --tls"
)

HALF_A_REQUEST = (
    "a connection was closed because {:g} s after it began only a part of the head of a request "
    "had come over it: a head ends with an empty line"
)

_KEY_BYTES = 16
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What the answer to a handshake is made with (RFC 6455, 1.3)."""


class Lent(asyncio.Transport):
    """A transport as aiohttp has it, until it is taken back; then it is as good as closed."""

    __slots__ = ("_transport", "door")

    def __init__(self, door: Door, transport: asyncio.Transport) -> None:
        self.door = door
        self._transport: asyncio.Transport | None = transport

    def take_back(self) -> asyncio.Transport | None:
        """The transport itself; None when it is closing, or has been taken already."""
        transport, self._transport = self._transport, None
        return None if transport is None or transport.is_closing() else transport

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What is known of the connection."""
        return default if self._transport is None else self._transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._transport is None or self._transport.is_closing()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send."""
        if self._transport is not None:
            self._transport.write(data)

    def pause_reading(self) -> None:
        """Read no more for now."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on reading."""
        if self._transport is not None:
            self._transport.resume_reading()

    def get_write_buffer_size(self) -> int:
        """Bytes that the network has not taken."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def can_write_eof(self) -> bool:
        """Whether one side can be ended alone: TCP's can, that of TLS cannot."""
        return self._transport is not None and self._transport.can_write_eof()

    def write_eof(self) -> None:
        """End the writing side."""
        if self._transport is not None:
            self._transport.write_eof()

    def close(self) -> None:
        """End the connection after what was written."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()


ServesHttp = Callable[[], web.RequestHandler]
"""Makes what serves HTTP on one connection."""


class Door(asyncio.Protocol):
    """A connection that is not a WebSocket, or not yet.

    Args:
        sockets: all connections of the server.
        http: makes what serves HTTP on one connection.
        if_silent: what it means when a client goes without a word; None: nothing.
    """

    __slots__ = ("_handler", "_http", "_if_silent", "_sockets", "_transport")

    def __init__(self, sockets: Sockets, http: ServesHttp, if_silent: str | None = None) -> None:
        self._sockets = sockets
        self._http = http
        self._if_silent = if_silent
        self._handler: web.RequestHandler | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected; who that is their first bytes will say."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._sockets.meet(self)

    def data_received(self, data: bytes) -> None:
        """Hand what was read to aiohttp."""
        if self._handler is None:
            self._handler = self._begin(data)
        self._handler.data_received(data)

    def _begin(self, data: bytes) -> web.RequestHandler:
        assert self._transport is not None
        if data[0] == TLS_HANDSHAKE and self._transport.get_extra_info("sslcontext") is None:
            # What aiohttp answers, 400, is as good as any: no TLS client can read it.
            self._sockets.strangers.note(SPOKE_TLS)
        handler = self._http()
        handler.connection_made(Lent(self, self._transport))
        return handler

    def pause_writing(self) -> None:
        """The client does not read as fast as it is sent to."""
        if self._handler is not None:
            self._handler.pause_writing()

    def resume_writing(self) -> None:
        """The client has read."""
        if self._handler is not None:
            self._handler.resume_writing()

    def eof_received(self) -> None:
        """The client has ended its side; the transport ends the other one by itself."""
        if self._handler is not None:
            self._handler.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is no more."""
        self._sockets.part(self)
        if self._handler is not None:
            self._handler.connection_lost(exc)
        elif self._if_silent is not None:
            self._sockets.strangers.note(self._if_silent)
        if self._transport is not None:
            let_go(self._transport)

    def abort(self) -> None:
        """End the connection at once."""
        self._if_silent = None
        if self._transport is not None:
            self._transport.abort()

    def note_request(self) -> None:
        """The head of a request has come."""
        self._sockets.no_longer_expect(self)

    def is_late(self) -> None:
        """Nothing has come for too long, or not the whole head of a request."""
        if self._handler is None or self._transport is None:
            self._sockets.note_silence()
            self.abort()
            return
        reason = HALF_A_REQUEST.format(self._sockets.settings.connect_timeout_s)
        self._sockets.strangers.note(reason)
        body = f"{reason}\n".encode()
        self._transport.write(
            b"HTTP/1.1 408 Request Timeout\r\nContent-Type: text/plain; charset=utf-8\r\n"
            + f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        self._transport.close()

    def leave(self) -> None:
        """Let aiohttp clean up, as if the client had gone: the connection is somebody else's."""
        self._sockets.part(self)
        if self._handler is not None:
            self._handler.connection_lost(None)


class Taken(web.StreamResponse):
    """What a handler answers when the connection is not HTTP any more: nothing is sent."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send no head."""
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Send no end."""


def refusal(sockets: Sockets, request: web.Request) -> web.Response | None:
    """The answer to a handshake that cannot be accepted; None when it can."""
    headers = request.headers
    version = headers.get("Sec-WebSocket-Version", "")
    status, more = 400, {"Sec-WebSocket-Version": "13"}
    tokens = [each.strip().lower() for each in headers.get("Connection", "").split(",")]
    if request.version < HttpVersion11:
        reason = "a WebSocket begins with HTTP/1.1 (RFC 6455, 4.1)"
    elif "upgrade" not in tokens:
        reason = "the header Connection: Upgrade is missing (RFC 6455, 4.1)"
    elif version != "13":
        told = f"version {version}" if version else "no Sec-WebSocket-Version"
        status, reason = 426, f"only version 13 is spoken here (RFC 6455, 4.4), not {told}"
    elif not _is_key(headers.get("Sec-WebSocket-Key", "")):
        reason = "Sec-WebSocket-Key is not 16 bytes in base64 (RFC 6455, 4.1)"
    elif sockets.is_stopping:
        status, more, reason = 503, {}, "the server is shutting down"
    elif len(sockets) >= sockets.settings.max_connections:
        status, more = 503, {"Retry-After": "1"}
        reason = f"{sockets.settings.max_connections} clients are connected, and no more may be"
    else:
        return None
    sockets.strangers.note(f"a WebSocket was refused with {status}: {reason}")
    return web.Response(status=status, text=f"{reason}\n", headers=more)


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False


def upgrade(sockets: Sockets, request: web.Request, space_name: str | None) -> web.StreamResponse:
    """Accept a handshake that `refusal` has nothing against, and make the connection a socket."""
    lent = request.transport
    early = read_already(request.protocol)
    transport = lent.take_back() if isinstance(lent, Lent) else None
    if not isinstance(lent, Lent) or transport is None:
        # Whoever asked is gone.
        return Taken()
    key = request.headers["Sec-WebSocket-Key"].encode()
    accept = base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest()).decode()
    transport.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
    )
    socket = Socket(sockets, transport, space_name)
    transport.set_protocol(socket)
    sockets.add(socket)
    lent.door.leave()
    transport.resume_reading()
    if early:
        socket.data_received(early)
    return Taken()
