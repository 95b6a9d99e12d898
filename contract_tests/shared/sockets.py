"""A WebSocket that can also be rude: it sends any bytes in any frames, or stops reading for good.

Well-behaved libraries refuse to send most of what a server must survive, so this one is our own.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import socket
import struct
import urllib.parse
from collections.abc import Sequence
from typing import NamedTuple

from contract_tests.shared.patience import PATIENCE_S

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

ABNORMAL = 1006
"""The close code that stands for a connection that ended without a closing frame."""


class WireFrame(NamedTuple):
    """One WebSocket frame of the server's, whose messages are never fragmented."""

    opcode: int
    payload: bytes

    @property
    def close_code(self) -> int:
        return int(struct.unpack_from("!H", self.payload)[0]) if self.payload else 1005


class Socket:
    """A client's end of one WebSocket, one frame at a time. Nothing is read until asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, url: str, *, receive_buffer: int | None = None) -> Socket:
        """Connect and shake hands.

        Args:
            url: ``ws://…`` or ``wss://…``.
            receive_buffer: bytes that the system may hold for this end before it has been read.
        """
        reader, writer = await open_tcp(url, receive_buffer=receive_buffer)
        opened = cls(reader, writer)
        try:
            writer.write(handshake(url))
            async with asyncio.timeout(PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 "), head
        except BaseException:
            opened.abort()
            raise
        return opened

    async def send(self, opcode: int, payload: bytes, *, final: bool = True) -> None:
        """Send one frame, whatever it is."""
        await self.write(frame(opcode, payload, final=final))

    async def send_text(self, text: str | bytes) -> None:
        """Send one text message in one frame."""
        await self.send(TEXT, text.encode() if isinstance(text, str) else text)

    async def write(self, data: bytes) -> None:
        """Send bytes as they are, and wait until the system has taken nearly all of them."""
        self._writer.write(data)
        await self._writer.drain()

    async def read(self) -> WireFrame | None:
        """The next frame, which must be a whole message; None when the connection has ended."""
        try:
            is_final, frame = await self.read_fragment()
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        assert is_final, "the server sent a fragment"
        return frame

    async def read_fragment(self) -> tuple[bool, WireFrame]:
        """The next frame, and whether it is the last one of its message.

        Raises:
            IncompleteReadError, ConnectionError: the connection has ended.
        """
        async with asyncio.timeout(PATIENCE_S):
            first, second = await self._reader.readexactly(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", await self._reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", await self._reader.readexactly(8))
            payload = await self._reader.readexactly(size)
        return bool(first & 0x80), WireFrame(first & 0x0F, payload)

    async def is_reset(self) -> bool:
        """Whether the connection ends by a reset; reads on until it ends."""
        try:
            while True:
                await self.read_fragment()
        except ConnectionResetError:
            return True
        except asyncio.IncompleteReadError:
            return False

    async def close_code(self) -> int:
        """Read on until the server closes; gives its close code."""
        while (frame := await self.read()) is not None:
            if frame.opcode == CLOSE:
                return frame.close_code
        return ABNORMAL

    async def close(self) -> int:
        """Close in good order; gives the code that the server answers with."""
        with contextlib.suppress(ConnectionError):
            await self.send(CLOSE, struct.pack("!H", 1000))
        code = await self.close_code()
        self.abort()
        return code

    async def half_close(self) -> None:
        """End our side of the TCP connection, and wait until the server has ended its own."""
        self._writer.write_eof()
        while await self.read() is not None:
            pass

    def abort(self) -> None:
        """Cut the connection without a word."""
        self._writer.transport.abort()

    def reset(self) -> None:
        """Reset the connection: what is under way on it is lost in both directions."""
        plain: socket.socket = self._writer.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.abort()


async def open_tcp(
    url: str, *, receive_buffer: int | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to where a URL points, and say nothing yet. ``SSL_CERT_FILE`` says whom to trust."""
    parts = urllib.parse.urlsplit(url)
    secure = parts.scheme == "wss"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    if receive_buffer is None:
        return await asyncio.open_connection(host, port, ssl=secure or None)
    plain = socket.socket()
    # Only before it connects can a socket's buffer be made small.
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(plain, (host, port))
    except BaseException:
        plain.close()
        raise
    name = host if secure else None
    return await asyncio.open_connection(
        sock=plain, limit=receive_buffer, ssl=secure or None, server_hostname=name
    )


def handshake(url: str, *, without: Sequence[str] = ()) -> bytes:
    """The HTTP request that opens a WebSocket, if wanted without some of its headers."""
    parts = urllib.parse.urlsplit(url)
    headers = {
        "Host": parts.netloc,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
    }
    lines = [f"GET {parts.path or '/'} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items() if name not in without]
    return "\r\n".join([*lines, "", ""]).encode()


def frame(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """One frame as clients must send it: masked. The mask is zero, so the payload stays legible."""
    size = len(payload)
    head = bytes([opcode | (0x80 if final else 0)])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 1 << 16:
        head += struct.pack("!BH", 0x80 | 126, size)
    else:
        head += struct.pack("!BQ", 0x80 | 127, size)
    return head + bytes(4) + payload
