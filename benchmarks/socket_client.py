"""A WebSocket client that costs next to nothing, so that what is measured is the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

OnMessage = Callable[["SocketClient", bytes], None]

HANDSHAKE = (
    "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class SocketClient(asyncio.Protocol):
    """Sends text messages, masked with zeros, and hands over those that come."""

    def __init__(self, port: int, on_message: OnMessage) -> None:
        self.on_message = on_message
        self.received = 0
        self.sent = 0
        self.state: dict[str, object] = {}
        self._port = port
        self._buffer = b""
        self._open = asyncio.get_running_loop().create_future()
        self._upgraded = False

    @classmethod
    async def connect(cls, port: int, on_message: OnMessage) -> SocketClient:
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(lambda: cls(port, on_message), "127.0.0.1", port)
        await client._open
        return client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(HANDSHAKE.format(port=self._port).encode())

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data
        if not self._upgraded:
            head, blank, buffer = buffer.partition(b"\r\n\r\n")
            if not blank:
                self._buffer = head
                return
            assert b" 101 " in head, head
            self._upgraded = True
            self._open.set_result(None)
        start, end = 0, len(buffer)
        while end - start >= 2:
            size, header = buffer[start + 1], 2
            if size == 126:
                size, header = int.from_bytes(buffer[start + 2 : start + 4]), 4
            elif size == 127:
                size, header = int.from_bytes(buffer[start + 2 : start + 10]), 10
            if end - start < header + size:
                break
            body = start + header
            if buffer[start] == 0x81:
                self.received += 1
                self.on_message(self, buffer[body : body + size])
            start = body + size
        self._buffer = buffer[start:]

    def send(self, *messages: bytes) -> None:
        """Send text messages in one go."""
        self.sent += len(messages)
        self.transport.write(b"".join(map(_frame, messages)))


def _frame(message: bytes) -> bytes:
    size = len(message)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
    return b"\x81" + length + b"\0\0\0\0" + message
