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
    wake = asyncio.Event()
    connection = Connection(wake.set, request.match_info.get("space"))
    server.connections.add(connection)
    writer = asyncio.create_task(_write(websocket, request, connection, wake))
    try:
        async for message in websocket:
            if message.type is WSMsgType.TEXT:
                server.receive(connection, message.data)
            elif message.type is WSMsgType.BINARY:
                server.refuse_binary(connection, len(message.data))
    finally:
        server.connections.discard(connection)
        server.detach(connection)
        connection.close(1000, "")
        writer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writer
    return websocket


async def _write(
    websocket: web.WebSocketResponse,
    request: web.Request,
    connection: Connection,
    wake: asyncio.Event,
) -> None:
    """Send what the engine queues, in order, until it wants the socket closed."""
    try:
        while True:
            await wake.wait()
            wake.clear()
            frames, connection.outbox = connection.outbox, []
            for data in frames:
                await websocket.send_frame(data, WSMsgType.TEXT)
            closing = connection.closing
            if closing is None or connection.outbox:
                continue
            if closing.abrupt:
                if request.transport is not None:
                    request.transport.close()
            else:
                await websocket.close(code=closing.code, message=closing.reason.encode()[:120])
            return
    except ConnectionError:
        # The client is gone; the reading side sees that too, and cleans up.
        return
