"""Answers that went well."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
from aiohttp import web


def json_answer(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A value as JSON; objects of ``views`` are as good as dicts."""
    return web.Response(
        body=orjson.dumps(value) + b"\n",
        status=status,
        content_type="application/json",
        headers=headers,
    )


SHORT = 262_144
"""Bytes up to which a body that is made in pieces is sent in one."""


async def answer_in_pieces(
    request: web.Request,
    pieces: AsyncIterator[bytes],
    content_type: str,
    headers: Mapping[str, str] | None = None,
    *,
    status: int = 200,
) -> web.StreamResponse:
    """A body that is made in pieces; a long one is sent while it is made, as the client reads it.

    So it is never in memory as a whole, and nobody waits while it is copied.
    """
    charset = "utf-8" if content_type.startswith("text/") else None
    begun = bytearray()
    async for piece in pieces:
        begun += piece
        if len(begun) > SHORT:
            break
    else:
        return web.Response(
            body=bytes(begun),
            status=status,
            content_type=content_type,
            charset=charset,
            headers=headers,
        )
    response = web.StreamResponse(status=status, headers=headers)
    response.content_type, response.charset = content_type, charset
    await response.prepare(request)
    await response.write(bytes(begun))
    async for piece in pieces:
        await response.write(piece)
    await response.write_eof()
    return response
