"""The bodies of requests, which have to come in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from .problems import HttpProblem

TIMEOUT_S = web.AppKey("body_timeout_s", float)
"""Where an application has its server limit ``body_timeout_s``."""


class LateBody(HttpProblem):
    """A body did not come in time: 408, and the connection ends, since the rest may still come."""

    def __init__(self, request: web.Request) -> None:
        length = request.content_length
        missing = "its chunks" if length is None else f"the {length} bytes of its Content-Length"
        detail = f"the body did not come within {request.app[TIMEOUT_S]:g} s: {missing}"
        super().__init__(408, detail, ends_connection=True)


async def read(request: web.Request) -> bytes:
    """All of a body.

    Raises:
        LateBody: it did not come within the time of ``body_timeout_s``.
        web.HTTPRequestEntityTooLarge: it is too long.
        web.RequestPayloadError: it is not encoded as its headers say.
    """
    try:
        async with asyncio.timeout(request.app[TIMEOUT_S]):
            return await request.read()
    except TimeoutError:
        raise LateBody(request) from None


async def pieces(request: web.Request) -> AsyncIterator[bytes]:
    """A body of any length, as it comes.

    Raises:
        LateBody: nothing more of it came within the time of ``body_timeout_s``.
    """
    while not request.content.at_eof():
        try:
            async with asyncio.timeout(request.app[TIMEOUT_S]):
                piece = await request.content.readany()
        except TimeoutError:
            raise LateBody(request) from None
        yield piece
