"""The door: all requests for the control API come in here, and all its answers go out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from importlib import import_module
from typing import TypeVar

from aiohttp import HttpVersion11, web

from . import bodies
from .context import Context, Host
from .guard import HEADERS
from .paths import LARGEST_BODY, PREFIX
from .problems import HttpProblem

HELLO = """\
This is a mock of SignalWire's Realtime server; it speaks WebSocket on this address.

    const client = await SignalWire({{ project: "any", token: "any", host: "{url}" }})

GET /__mock__/health                 is it well, and which spaces are there
GET /__mock__/journal?project=NAME   every frame of a space; &format=jsonl for a trace file
GET /__mock__/openapi.json           all that can be asked of it over HTTP
GET /api/video/rooms                 the REST API, with any PROJECT:TOKEN
"""


def hello(url: str) -> web.Response:
    """A page for those who come by browser."""
    return web.Response(text=HELLO.format(url=url))


S = TypeVar("S", bound=Host)
Dispatch = Callable[[S, web.Request], Awaitable[web.StreamResponse]]
"""Serves one request that the guard has let in, or raises an ``HttpProblem``."""


def application(server: S, dispatch: Dispatch[S], *, body_timeout_s: float) -> web.Application:
    """An application that has a control API, and nothing else yet.

    Args:
        server: the server.
        dispatch: serves what is below the prefix.
        body_timeout_s: real seconds in which the body of a request has to come.
    """
    app = web.Application(client_max_size=LARGEST_BODY)
    app[bodies.TIMEOUT_S] = body_timeout_s
    app.on_response_prepare.append(_protect)
    # A path may hold anything once it is decoded, a line break too.
    for path in (PREFIX, PREFIX + "/{rest:(?s:.*)}"):
        handler = partial(_control, server, dispatch)
        app.router.add_route("*", path, handler, expect_handler=_meet_expectation)
    return app


_dispatch: Dispatch[Context] | None = None
"""What serves the control API, once it has been imported."""


async def control_api(context: Context, request: web.Request) -> web.StreamResponse:
    """Serve the control API of the mock."""
    global _dispatch
    if _dispatch is None:
        # A server that nobody controls should not wait for it. And nobody should wait while it
        # is imported, so a thread does it.
        module = await asyncio.to_thread(import_module, f"{__package__}.dispatch")
        _dispatch = module.dispatch
    return await _dispatch(context, request)


async def _control(server: S, dispatch: Dispatch[S], request: web.Request) -> web.StreamResponse:
    try:
        server.guard.check_control(request)
        return await dispatch(server, request)
    except HttpProblem as problem:
        return problem.response()
    except ConnectionError:
        # Whoever asked is gone.
        raise
    except web.RequestPayloadError as error:
        told = " ".join(str(error).removeprefix("400, message:").split())
        return HttpProblem(400, f"the body cannot be read: {told}").response()
    except Exception as bug:
        server.note_bug(bug)
        return HttpProblem(500, "the mock server has a bug; see its log").response()


async def _meet_expectation(request: web.Request) -> web.StreamResponse | None:
    """Have a client send its body, if it waits for that, and nothing else."""
    expected = request.headers["Expect"]
    if expected.lower() != "100-continue":
        detail = f'a request can expect "100-continue", and nothing else: not "{expected}"'
        return HttpProblem(417, detail).response()
    if request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # That was not the answer yet.
        request.writer.output_size = 0
    return None


async def _protect(request: web.Request, response: web.StreamResponse) -> None:
    if request.path == PREFIX or request.path.startswith(f"{PREFIX}/"):
        response.headers.update(HEADERS)
