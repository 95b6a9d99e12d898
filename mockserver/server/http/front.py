"""The door: all requests for the control API come in here, and all its answers go out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from .guard import HEADERS
from .problems import HttpProblem

if TYPE_CHECKING:
    from mockserver.server.server import Server

PREFIX = "/__mock__"
"""What all paths of the control API begin with, so that none is in the way of the service's own."""

LARGEST_BODY = 1_048_576
"""Bytes of a body; a longer one is answered with 413."""

HELLO = """\
This is a mock of SignalWire's Realtime server; it speaks WebSocket on this address.

    const client = await SignalWire({{ project: "any", token: "any", host: "{url}" }})

GET /__mock__/health                 is it well, and which spaces are there
GET /__mock__/journal?project=NAME   every frame of a space; &format=jsonl for a trace file
GET /__mock__/openapi.json           all that can be asked of it over HTTP
GET /api/video/rooms                 the REST API, with any PROJECT:TOKEN
"""


def hello(server: Server) -> web.Response:
    """A page for those who come by browser."""
    return web.Response(text=HELLO.format(url=server.url))


def application(server: Server) -> web.Application:
    """An application that has the control API, and nothing else yet."""
    app = web.Application(client_max_size=LARGEST_BODY)
    app.on_response_prepare.append(_protect)
    for path in (PREFIX, PREFIX + "/{rest:.*}"):
        app.router.add_route("*", path, partial(_control, server))
    return app


async def _control(server: Server, request: web.Request) -> web.StreamResponse:
    try:
        server.guard.check_control(request)
        # Imported here because a server that nobody controls should not wait for it.
        from .dispatch import dispatch

        return await dispatch(server, request)
    except HttpProblem as problem:
        return problem.response()
    except ConnectionError:
        # Whoever asked is gone.
        raise
    except Exception as bug:
        server.note_bug(bug)
        return HttpProblem(500, "the mock server has a bug; see its log").response()


async def _protect(request: web.Request, response: web.StreamResponse) -> None:
    if request.path == PREFIX or request.path.startswith(f"{PREFIX}/"):
        response.headers.update(HEADERS)
