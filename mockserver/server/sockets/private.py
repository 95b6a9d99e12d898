"""All that is used of aiohttp and asyncio and is not public.

Of aiohttp, one method of what serves HTTP on a connection, and the compiled function that masks
bytes. A test says when a release of aiohttp has changed them. Even then sockets work, but for what
a client has sent before it got the answer to its handshake, and somewhat slower.

Of asyncio, two attributes by which a transport refers to itself. A test says when a release of
Python has others; then memory of connections that have ended is given back later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import cache
from typing import Any

mask_in_place: Callable[[bytes, bytearray], None] | None
"""Masks an array with a key; None when aiohttp has no such function."""
try:
    from aiohttp._websocket.helpers import websocket_mask as mask_in_place
except ImportError:
    mask_in_place = None

logger = logging.getLogger(__name__)


class Early:
    """Keeps what a client sent behind its handshake without waiting for the answer.

    To aiohttp it is a parser, which gets what has been read already.
    """

    def __init__(self) -> None:
        self.data = b""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Keep it."""
        self.data += data
        return False, b""

    def feed_eof(self) -> None:
        """There is no more."""


def read_already(handler: Any) -> bytes:
    """What aiohttp has read on a connection behind the request that asks for a WebSocket.

    Args:
        handler: the ``RequestHandler`` of the connection; it reads nothing more after this.
    """
    early = Early()
    try:
        handler.set_parser(early)
    except (AttributeError, TypeError) as error:
        _warn(f"{type(error).__name__}: {error}")
    return early.data


def let_go(transport: asyncio.BaseTransport) -> None:
    """Have a transport whose connection is lost refer to itself no more, so that it is no garbage.

    To look for garbage among all that a server holds may take a quarter of a second, in which
    everybody waits.
    """
    own: dict[str, Any] = getattr(transport, "__dict__", {})
    for name in ("_read_ready_cb", "_write_ready"):
        own.pop(name, None)


def mask(payload: bytes | bytearray, key: bytes | bytearray) -> bytes:
    """A payload masked, or unmasked, with a key of four bytes (RFC 6455, 5.3)."""
    if mask_in_place is None:
        return _mask_in_python(payload, key)
    masked = bytearray(payload)
    mask_in_place(key if type(key) is bytes else bytes(key), masked)
    return bytes(masked)


def _mask_in_python(payload: bytes | bytearray, key: bytes | bytearray) -> bytes:
    # As two long numbers, which needs no loop.
    size = len(payload)
    keys = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(keys)).to_bytes(size)


@cache
def _warn(problem: str) -> None:
    logger.warning(
        "this release of aiohttp is not one that the mock knows (%s): what a client sends before "
        "its handshake has been answered may be lost; aiohttp 3.14 is known to work",
        problem,
    )
