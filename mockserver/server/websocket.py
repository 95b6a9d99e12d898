"""One WebSocket: carries frames between a client and the gate, and decides nothing."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from mockserver.engine import Connection

if TYPE_CHECKING:
    from .server import Server

CLOSE_TIMEOUT_S = 0.5
"""How long a client may take to answer a close frame before its socket is cut."""


async def serve_websocket(server: Server, request: web.Request) -> web.WebSocketResponse:
    """Serve one client until its socket closes."""
    # Compression would cost more time than it saves on loopback; text stays bytes for the decoder.
    websocket = web.WebSocketResponse(
        max_msg_size=server.settings.max_message_bytes,
        compress=False,
        timeout=CLOSE_TIMEOUT_S,
        decode_text=False,
    )
    await websocket.prepare(request)
    socket = Socket(websocket, request.transport)
    connection = Connection(socket.wake, request.match_info.get("space"))
    server.sockets[connection] = socket
    writer = asyncio.create_task(socket.write(connection))
    try:
        async for message in websocket:
            if message.type is WSMsgType.TEXT and _is_utf8(message.data):
                server.receive(connection, message.data)
            elif message.type is WSMsgType.TEXT:
                connection.close(1007, "text messages are UTF-8 (RFC 6455)")
            elif message.type is WSMsgType.BINARY:
                server.refuse_binary(connection, len(message.data))
    finally:
        del server.sockets[connection]
        server.detach(connection)
        connection.close(1000, "")
        writer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writer
    return websocket


def _is_utf8(data: bytes) -> bool:
    # Nearly all messages are ASCII, which is seen at once.
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


class Socket:
    """The writing side of a WebSocket."""

    def __init__(
        self, websocket: web.WebSocketResponse, transport: asyncio.Transport | None
    ) -> None:
        self._websocket = websocket
        self._transport = transport
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def wake(self) -> None:
        """There is something to send, or the socket is to be closed."""
        self._news.set()
        self._idle.clear()

    async def drained(self) -> None:
        """Return once everything queued so far has been handed to the network."""
        await self._idle.wait()

    async def write(self, connection: Connection) -> None:
        """Send what the engine queues, in order, until it wants the socket closed."""
        try:
            while await self._news.wait():
                self._news.clear()
                frames, connection.outbox = connection.outbox, []
                for data in frames:
                    await self._websocket.send_frame(data, WSMsgType.TEXT)
                if not self._news.is_set():
                    self._idle.set()
                if connection.closing is not None and not connection.outbox:
                    await self._close(connection)
                    return
        except ConnectionError:
            # The client is gone; the reading side sees that too, and cleans up.
            return
        finally:
            self._idle.set()

    async def _close(self, connection: Connection) -> None:
        closing = connection.closing
        if closing is None:
            return
        if not closing.abrupt:
            reason = closing.reason.encode()[:120]
            await self._websocket.close(code=closing.code, message=reason)
        elif self._transport is not None:
            self._transport.close()
