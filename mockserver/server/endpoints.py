"""What the server tells over HTTP: that it is well, and what crossed the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

import mockserver

if TYPE_CHECKING:
    from .server import Server

HELLO = """\
This is a mock of SignalWire's Realtime server; it speaks WebSocket on this address.

    const client = await SignalWire({{ project: "any", token: "any", host: "{url}" }})

GET /__mock__/health                 is it well, and which spaces are there
GET /__mock__/journal?project=NAME   every frame of a space; &format=jsonl for a trace file
"""


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(
        body=orjson.dumps(body) + b"\n", status=status, content_type="application/json"
    )


def _problem(status: int, title: str, detail: str) -> web.Response:
    """An error as a problem document (RFC 9457)."""
    response = _json({"title": title, "status": status, "detail": detail}, status)
    response.content_type = "application/problem+json"
    return response


async def hello(server: Server, request: web.Request) -> web.Response:
    """A page for those who come by browser."""
    return web.Response(text=HELLO.format(url=server.url))


async def health(server: Server, request: web.Request) -> web.Response:
    """``{status, version, spaces: [{name, scenario, sessions, rooms, frames}], bugs}``.

    ``bugs`` counts faults of the mock itself; with any, ``status`` is ``faulty``.
    """
    spaces = [
        {
            "name": space.name,
            "scenario": space.script.name,
            "sessions": len(space.sessions),
            "rooms": len(space.rooms),
            "frames": len(space.journal),
        }
        for space in server.gate
    ]
    status = "faulty" if server.bugs else "ok"
    return _json(
        {
            "status": status,
            "version": mockserver.__version__,
            "spaces": spaces,
            "bugs": len(server.bugs),
        }
    )


async def journal(server: Server, request: web.Request) -> web.Response:
    """``?project=NAME`` (or ``space=NAME``): ``{space, dropped, entries}``, entries oldest first.

    ``format=jsonl`` gives the entries alone, one per line: a trace. Without a name: the journal of
    connections that are in no space.
    """
    name = request.query.get("project", request.query.get("space"))
    if name is None:
        chosen = server.gate.strays
    else:
        space = server.gate.spaces.get(name)
        if space is None:
            there = ", ".join(sorted(server.gate.spaces)) or "none yet"
            return _problem(404, "No such space", f'no space "{name}"; there is: {there}')
        chosen = space.journal
    wanted = request.query.get("format", "json")
    if wanted == "jsonl":
        lines = b"".join(orjson.dumps(entry) + b"\n" for entry in chosen.entries())
        return web.Response(body=lines, content_type="application/jsonl")
    if wanted != "json":
        return _problem(400, "Unknown format", f'format is "json" or "jsonl", not "{wanted}"')
    return _json(
        {"space": chosen.space, "dropped": chosen.dropped, "entries": list(chosen.entries())}
    )
