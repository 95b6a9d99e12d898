"""The door of the REST API: who asks, and of which space; and how it is answered."""

from __future__ import annotations

import base64
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

import orjson
from aiohttp import web

from mockserver.protocol.errors import AuthenticationFailed, LimitReached
from mockserver.server.http import bodies
from mockserver.server.http.context import Host
from mockserver.server.http.problems import HttpProblem

from .ranges import file_response

if TYPE_CHECKING:
    from mockserver.engine import Space
    from mockserver.rest.errors import RestError
    from mockserver.rest.state import Request, RestSpace
    from mockserver.rest.table import Operation

logger = logging.getLogger(__name__)

API = "/api/{rest:(?s:.*)}"
SPACE = "/space/{space:[^/]+}"
MEDIA = "/media/{space:[^/]+}/{recording}.mp4"


Serve = Callable[[web.Request], Awaitable[web.Response]]


class Credentials(NamedTuple):
    """What ``Authorization: Basic`` says."""

    project: str
    token: str


def install(app: web.Application, context: Host) -> None:
    """Give an application the REST API, for the root and for ``/space/NAME``."""
    front = Front(context)
    for path in (API, SPACE + API):
        app.router.add_route("*", path, partial(answered, context, front.serve))
    app.router.add_get(MEDIA, partial(answered, context, front.media, by_link=True))


def operation(request: web.Request) -> tuple[Operation, dict[str, str]] | None:
    """The operation that a request asks for, and the variable parts of its path; None for none."""
    from mockserver.rest import serving

    method = "GET" if request.method == "HEAD" else request.method
    return serving.find(method, _parted(request)[1])


def _parted(request: web.Request) -> tuple[str, str]:
    """``/space/NAME`` where the path has it, else nothing; and the rest of the path."""
    path = request.rel_url.raw_path
    prefix = "/".join(path.split("/", 3)[:3]) if "space" in request.match_info else ""
    return prefix, path.removeprefix(prefix)


class Front:
    """Serves requests of one server. What is behind it is loaded at the first request."""

    def __init__(self, context: Host) -> None:
        self._context = context

    async def serve(self, request: web.Request) -> web.Response:
        """Serve one operation.

        Raises:
            RestError: no such operation, or the credentials are wrong.
        """
        from mockserver.rest.errors import RestError

        who = credentials(request.headers.get("Authorization", ""))
        if who is None:
            raise RestError(401)
        named = request.match_info.get("space")
        try:
            space = self._context.visit(who.project, who.token, named)
        except AuthenticationFailed:
            raise RestError(401) from None
        except LimitReached:
            raise RestError(503) from None
        body = await bodies.read(request)
        state = self._context.spaces.rest(space)
        space.tick()
        noted = _noted(request, body, space.now)
        state.requests.add(noted, len(request.raw_path) + len(body))
        try:
            response = self._answer(request, body, who.project, space, state)
        except RestError as error:
            noted.status = error.status
            raise
        noted.status = response.status
        return response

    def _answer(
        self, request: web.Request, body: bytes, project: str, space: Space, state: RestSpace
    ) -> web.Response:
        """Have a request answered.

        Raises:
            RestError: there is no such operation.
        """
        from mockserver.rest import serving
        from mockserver.rest.errors import RestError

        found = operation(request)
        if found is None:
            raise RestError(404)
        row, parts = found
        prefix, path = _parted(request)
        origin = f"{request.scheme}://{request.host}"
        try:
            answer = serving.serve(
                row,
                state,
                parts,
                project=project,
                address=serving.Address(origin, origin + prefix, path),
                query=_query(request),
                body=body,
            )
        except RestError as error:
            return error_response(error, older=row.older)
        finally:
            # What it caused goes to the clients now, and what follows later has its time.
            space.advance(space.now)
            self._context.spaces.rearm(space)
        if answer.body is None:
            return web.Response(status=answer.status)
        return json_response(answer.status, answer.body)

    async def media(self, request: web.Request) -> web.Response:
        """Serve the file that a recording's ``uri`` leads to; the link itself is the permission.

        Players ask for parts of it by ``Range``.

        Raises:
            RestError: 403 when the link has expired or is not ours, 404 when there is no file.
        """
        from mockserver.rest.errors import RestError

        space = self._context.spaces.get(request.match_info["space"])
        if space is None:
            raise RestError(404)
        space.tick()
        expires, signature = (request.query.get(each, "") for each in ("expires", "signature"))
        if not expires.isdecimal():
            raise RestError(403)
        data = self._context.spaces.rest(space).file(
            request.match_info["recording"], expires, signature
        )
        return file_response(request, data, "video/mp4")


async def answered(
    context: Host, serve: Serve, request: web.Request, *, by_link: bool = False
) -> web.StreamResponse:
    """What a handler answers, or the error that it raised.

    Args:
        context: the server.
        serve: the handler.
        request: the request.
        by_link: whether it follows a link that was handed out.
    """
    from mockserver.rest.errors import RestError

    try:
        context.guard.check_rest(request, by_link=by_link)
        return await serve(request)
    except RestError as error:
        return error_response(error)
    except HttpProblem as problem:
        # The errors of this API have no room for a reason.
        logger.warning("a REST request was refused with %d: %s", problem.status, problem.detail)
        return refusal(problem)
    except (web.HTTPRequestEntityTooLarge, web.RequestPayloadError):
        return error_response(RestError(400))
    except ConnectionError:
        # Whoever asked is gone.
        raise
    except Exception as bug:
        context.note_bug(bug)
        return error_response(RestError(500))


def refusal(problem: HttpProblem) -> web.Response:
    """What the door refuses, as this API answers it."""
    from mockserver.rest.errors import RestError

    response = error_response(RestError(problem.status))
    if problem.ends_connection:
        response.force_close()
    return response


def error_response(error: RestError, *, older: bool = False) -> web.Response:
    """An error as it is answered."""
    headers = {"WWW-Authenticate": 'Basic realm="SignalWire"'} if error.status == 401 else None
    return json_response(error.status, error.body(older=older), headers)


def json_response(
    status: int, body: object, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A value as JSON."""
    return web.Response(
        body=orjson.dumps(body), status=status, content_type="application/json", headers=headers
    )


def _noted(request: web.Request, body: bytes, now: int) -> Request:
    from mockserver.rest import state
    from mockserver.rest.kept import as_utf8, json_or_text

    found = operation(request)
    return state.Request(
        at=now,
        method=request.method,
        path=as_utf8(unquote(_parted(request)[1])),
        operation=None if found is None else found[0].id,
        query={
            as_utf8(name): [as_utf8(each) for each in values]
            for name, values in _query(request).items()
        },
        body=json_or_text(body),
    )


def _query(request: web.Request) -> dict[str, Sequence[str]]:
    return {name: request.query.getall(name) for name in dict.fromkeys(request.query)}


def credentials(authorization: str) -> Credentials | None:
    """Project and token of a header ``Authorization``; None when it says nothing of the kind."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(given.strip(), validate=True).decode()
    except ValueError:
        return None
    project, colon, token = text.partition(":")
    return Credentials(project, token) if project and colon else None
