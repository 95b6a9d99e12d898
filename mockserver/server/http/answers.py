"""Answers that went well."""

from __future__ import annotations

from collections.abc import Mapping
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
