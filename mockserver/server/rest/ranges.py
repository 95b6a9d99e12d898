"""A file, or the part of it that is asked for: so players seek in a video (RFC 9110, 14)."""

from __future__ import annotations

import hashlib
import re

from aiohttp import web

_ONE_RANGE = re.compile(r"bytes=(?:(?P<first>[0-9]+)-(?P<last>[0-9]*)|-(?P<suffix>[0-9]+))")
"""A single range. Others, and other units, may be ignored: the whole file is answered then."""


def file_response(request: web.Request, data: bytes, content_type: str) -> web.Response:
    """The answer to a GET or HEAD of a file.

    206 with the part that ``Range`` asks for, 416 when the file has no such part, else 200 with all
    of it; ``If-Range`` with another tag asks for all, ``If-None-Match`` with the same one for 304.

    Args:
        request: what was asked.
        data: the whole file.
        content_type: its media type.
    """
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {"Accept-Ranges": "bytes", "ETag": tag}
    if tag in _listed(request.headers.get("If-None-Match", "")):
        return web.Response(status=304, headers=headers)
    asked = _ONE_RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if asked is None or request.headers.get("If-Range", tag) != tag:
        return web.Response(body=data, content_type=content_type, headers=headers)
    first, last = _bounds(asked, len(data))
    if first > last:
        headers["Content-Range"] = f"bytes */{len(data)}"
        return web.Response(status=416, headers=headers)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
    part = data[first : last + 1]
    return web.Response(status=206, body=part, content_type=content_type, headers=headers)


def _bounds(asked: re.Match[str], length: int) -> tuple[int, int]:
    """The first and the last byte; the first is behind the last when there is no such part."""
    if asked["suffix"]:
        wanted = int(asked["suffix"])
        return (length, 0) if wanted == 0 else (max(0, length - wanted), length - 1)
    first, last = int(asked["first"]), length - 1
    if asked["last"]:
        if int(asked["last"]) < first:
            return length, 0
        last = min(last, int(asked["last"]))
    return first, last


def _listed(header: str) -> list[str]:
    return [each.strip().removeprefix("W/") for each in header.split(",")]
