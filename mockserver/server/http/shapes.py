"""Bodies and queries: read, and checked by the shapes that testers' values have to have."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any

import orjson
from aiohttp import web
from multidict import MultiMapping

from mockserver.control.shapes import (
    ACTION,
    NOTHING,
    Schema,
    action_shape,
    actions,
    bad_durations,
    complete,
    fits,
    shape,
    with_names,
)
from mockserver.control.turns import others
from mockserver.protocol.codec import MAX_DEPTH
from mockserver.protocol.depth import brackets, is_deeper
from mockserver.protocol.explanation import Problem, explain

from . import bodies
from .paths import LARGEST_BODY
from .problems import HttpProblem, invalid

LONG_BODY = 65_536
"""Bytes of a body from which on others run between its being read, checked and used."""

logger = logging.getLogger(__name__)

__all__ = [
    "ACTION",
    "Schema",
    "action_shape",
    "actions",
    "checked",
    "read_body",
    "read_query",
    "shape",
    "with_names",
]


async def read_body(request: web.Request, name: str | None) -> dict[str, Any]:
    """The body of a request, checked, with what it leaves out put in.

    Args:
        request: the request.
        name: the shape that it must have; None when there must be none.

    Raises:
        HttpProblem: 408, 413, 415, 400 for what is not JSON, 422 for what does not fit.
    """
    data = await _read(request)
    # A page can send other types elsewhere without being asked first; JSON it cannot.
    if data and request.content_type != "application/json":
        given = request.headers.get("Content-Type", "no type at all")
        raise HttpProblem(415, f"bodies are JSON: send Content-Type: application/json, not {given}")
    body = _decoded(data) if data else {}
    if len(data) > LONG_BODY:
        await others()
    if not data and name is None:
        return {}
    if name != ACTION:
        wanted = NOTHING if name is None else shape(name)
        return await checked(*_renamed(body, wanted), what="body", status=422)
    verb = body.get("do") if isinstance(body, dict) else None
    if isinstance(verb, str) and verb in actions():
        return await checked(body, action_shape(verb), what="body", status=422)
    choice = {"description": "What is to be done.", "enum": actions()}
    wanted = {"type": "object", "required": ["do"], "properties": {"do": choice}}
    raise invalid(422, "body", await asyncio.to_thread(explain, body, wanted))


async def _read(request: web.Request) -> bytes:
    """All of a body. A length is believed before the bytes come, and not for ever.

    Raises:
        HttpProblem: 413 for one that is too long, 408 for one that does not come.
    """
    too_large = HttpProblem(413, f"a body has at most {LARGEST_BODY} bytes")
    length = request.content_length
    if length is not None and length > LARGEST_BODY:
        raise too_large
    try:
        return await bodies.read(request)
    except web.HTTPRequestEntityTooLarge:
        raise too_large from None


async def read_query(query: MultiMapping[str], name: str | None) -> dict[str, Any]:
    """The query of a request, checked, with numbers as numbers and defaults put in.

    Raises:
        HttpProblem: 400 for what does not fit; None as ``name`` allows nothing.
    """
    if name is None and not query:
        return {}
    schema = NOTHING if name is None else shape(name)
    values: dict[str, Any] = {}
    for key in dict.fromkeys(query):
        given = query.getall(key)
        kind = schema["properties"].get(key, {}).get("type")
        if kind == "array":
            values[key] = [part for text in given for part in text.split(",") if part]
        elif len(given) > 1:
            values[key] = given
        elif kind == "integer" and re.fullmatch(r"-?[0-9]{1,18}", given[0]):
            values[key] = int(given[0])
        else:
            values[key] = given[0]
    return await checked(values, schema, what="query", status=400)


def _renamed(body: Any, schema: Schema) -> tuple[Any, Schema, Mapping[str, str]]:
    """A body in which fields have their new names, its schema, and new -> old for those renamed.

    Old fields (``x-formerly``) are numbers of seconds; they are logged, each once.

    Raises:
        HttpProblem: 422 for an old field that is not a number, or that stands beside the new one.
    """
    if not isinstance(body, dict):
        return body, schema, {}
    body, old_names = dict(body), {}
    for new, field in schema["properties"].items():
        old = field.get("x-formerly")
        if old is None or old not in body:
            continue
        value = body.pop(old)
        if new in body:
            problem = Problem(f"$.{old}", f"either {old} or {new}", "both", f"leave {old} out")
            raise invalid(422, "body", [problem])
        if isinstance(value, bool) or not isinstance(value, int | float):
            found = json.dumps(value)
            hint = f'write "{new}": {found}' if isinstance(value, str) else f"use {new}"
            raise invalid(422, "body", [Problem(f"$.{old}", "a number of seconds", found, hint)])
        _warn_of_old_name(old, new)
        body[new], old_names[new] = value, old
    return body, schema, old_names


@cache
def _warn_of_old_name(old: str, new: str) -> None:
    logger.warning(
        'control API: the field "%s" is deprecated: write "%s", which takes "250ms" as well as '
        "a number of seconds",
        old,
        new,
    )


async def checked(
    value: Any,
    schema: Schema,
    old_names: Mapping[str, str] = MappingProxyType({}),
    *,
    what: str,
    status: int,
) -> dict[str, Any]:
    """The value, if it fits, with defaults put in and whole numbers whole.

    Args:
        value: what came.
        schema: what it must fit.
        old_names: new name -> the old one by which a field came; problems say the old one.
        what: ``body``, ``query``.
        status: of the problem.

    Raises:
        HttpProblem: it does not fit; names the fields.
    """
    # A thread explains what does not fit: that takes long, and what it needs is slow to import.
    if fits(value, schema):
        found = bad_durations(value, schema)
    else:
        found = await asyncio.to_thread(explain, value, schema)
    if found:
        for new, old in old_names.items():
            found = [replace(x, path=f"$.{old}") if x.path == f"$.{new}" else x for x in found]
        raise invalid(status, what, found)
    return complete(value, schema)


def _decoded(data: bytes) -> Any:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        reason = error.msg.partition(": line ")[0]
        raise HttpProblem(
            400,
            f"the body is not JSON: {reason} at line {error.lineno}, column {error.colno}",
            kind="no-json",
            title="The body is not JSON",
        ) from None
    if brackets(data) > MAX_DEPTH and is_deeper(value, MAX_DEPTH):
        raise HttpProblem(
            422,
            f"the body is nested deeper than {MAX_DEPTH} levels: flatten it",
            kind="invalid-body",
            title="The body does not fit",
        )
    return value
