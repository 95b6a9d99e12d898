"""From a request to the row of a table that serves it, and back to an answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Generic

from aiohttp import web

from mockserver.control.arguments import ArgumentError
from mockserver.control.errors import ControlError
from mockserver.control.turns import others, pieces
from mockserver.protocol import catalogue
from mockserver.protocol.documents import Document
from mockserver.protocol.errors import LimitReached, Refusal

from . import shapes
from .answers import answer_in_pieces, json_answer
from .endpoint import CallTo, EndpointOf, S
from .paths import PREFIX
from .problems import HttpProblem, invalid
from .table import ENDPOINTS


class Dispatcher(Generic[S]):
    """Serves the rows of one table, below the prefix.

    Args:
        rows: the table.
        guide: where a list of all that there is can be had, for those who ask for something else.
    """

    def __init__(self, rows: Sequence[EndpointOf[S]], guide: str) -> None:
        self._rows = rows
        self._guide = guide
        self._router = web.UrlDispatcher()
        for row in rows:
            # By itself the router has no braces in what varies.
            path = PREFIX + row.path.replace("}", ":[^/]+}")
            self._router.add_route(row.method, path, partial(_serve, row=row))

    async def __call__(self, server: S, request: web.Request) -> web.StreamResponse:
        """Serve one request that the guard has let in.

        Raises:
            HttpProblem: it is answered with this.
        """
        match = await self._router.resolve(request)
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
            rows = {row.path for row in self._rows}
            near = [PREFIX + each for each in catalogue.nearest(path, rows)]
            hint = f"did you mean {' or '.join(near)}?" if near else f"see {self._guide}"
            raise HttpProblem(404, f'nothing is at "{request.path}"; {hint}')
        row: EndpointOf[S] = match.handler.keywords["row"]  # type: ignore[attr-defined]
        return await _serve(server, row, dict(match), request)


async def _serve(
    server: S, row: EndpointOf[S], path: dict[str, str], request: web.Request
) -> web.StreamResponse:
    query = await shapes.read_query(request.query, row.query)
    try:
        reads = row.method != "GET" and row.takes is None
        body = await shapes.read_body(request, row.body) if reads else {}
        if (request.content_length or 0) > shapes.LONG_BODY:
            await others()
        answer = await row.handler(CallTo(server, request, path, query, body))
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
    if isinstance(answer, Document):
        kind = "application/json"
        return await answer_in_pieces(request, pieces(answer), kind, status=row.status)
    if answer is None:
        return web.Response(status=row.status)
    return json_answer(answer, row.status)


dispatch = Dispatcher(ENDPOINTS, f"{PREFIX}/openapi.json")
"""Serves the control API."""
