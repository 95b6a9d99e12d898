"""From a request to the row of the table that serves it, and back to an answer."""

from __future__ import annotations

from functools import cache, partial

from aiohttp import web

from mockserver.control.arguments import ArgumentError
from mockserver.control.errors import ControlError
from mockserver.protocol import catalogue
from mockserver.protocol.errors import LimitReached, Refusal

from . import shapes
from .answers import json_answer
from .context import Context
from .endpoint import Call, Endpoint
from .paths import PREFIX
from .problems import HttpProblem, invalid
from .table import ENDPOINTS


async def dispatch(context: Context, request: web.Request) -> web.StreamResponse:
    """Serve one request that the guard has let in.

    Raises:
        HttpProblem: it is answered with this.
    """
    match = await _router().resolve(request)
    if isinstance(match.http_exception, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(match.http_exception.allowed_methods))
        raise HttpProblem(
            405,
            f"{request.method} cannot be done to {request.path}: use {allowed}",
            headers={"Allow": allowed},
        )
    if match.http_exception is not None:
        # What all paths have in common would make any of them look alike.
        path = request.path.removeprefix(PREFIX)
        near = [PREFIX + each for each in catalogue.nearest(path, {row.path for row in ENDPOINTS})]
        hint = f"did you mean {' or '.join(near)}?" if near else f"see {PREFIX}/openapi.json"
        raise HttpProblem(404, f'nothing is at "{request.path}"; {hint}')
    row: Endpoint = match.handler.keywords["row"]  # type: ignore[attr-defined]
    return await _serve(context, row, dict(match), request)


@cache
def _router() -> web.UrlDispatcher:
    router = web.UrlDispatcher()
    for row in ENDPOINTS:
        # By itself the router has no braces in what varies.
        path = PREFIX + row.path.replace("}", ":[^/]+}")
        router.add_route(row.method, path, partial(_serve, row=row))
    return router


async def _serve(
    context: Context, row: Endpoint, path: dict[str, str], request: web.Request
) -> web.StreamResponse:
    query = await shapes.read_query(request.query, row.query)
    try:
        reads = row.method != "GET" and row.takes is None
        body = await shapes.read_body(request, row.body) if reads else {}
        answer = await row.handler(Call(context, request, path, query, body))
    except Refusal as refusal:
        raise HttpProblem(int(refusal.code), refusal.message) from None
    except ArgumentError as error:
        raise invalid(422, "body", error.problems) from None
    except LimitReached as error:
        raise HttpProblem(503, error.message) from None
    except ControlError as error:
        raise HttpProblem(409, str(error)) from None
    except TimeoutError as error:
        raise HttpProblem(408, str(error) or "it took too long") from None
    if isinstance(answer, web.StreamResponse):
        return answer
    if answer is None:
        return web.Response(status=row.status)
    return json_answer(answer, row.status)
