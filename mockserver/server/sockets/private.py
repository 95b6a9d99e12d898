"""All that is used of aiohttp and is not public: one method of what serves HTTP on a connection.

A test says when a release of aiohttp has changed it. Even then sockets work, but for what a client
has sent before it got the answer to its handshake.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

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


@cache
def _warn(problem: str) -> None:
    logger.warning(
        "this release of aiohttp is not one that the mock knows (%s): what a client sends before "
        "its handshake has been answered may be lost; aiohttp 3.14 is known to work",
        problem,
    )
