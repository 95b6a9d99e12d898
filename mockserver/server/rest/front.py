"""The door of the REST API: who asks, and of which space; and how it is answered."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import orjson
from aiohttp import web

from mockserver.protocol.errors import AuthenticationFailed, LimitReached
from mockserver.server.http.context import Context
from mockserver.server.http.problems import HttpProblem

from .ranges import file_response

if TYPE_CHECKING:
    from mockserver.rest.errors import RestError

API = "/api/{rest:(?s:.*)}"
SPACE = "/space/{space:[^/]+}"
MEDIA = "/media/{space:[^/]+}/{recording}.mp4"


Serve = Callable[[web.Request], Awaitable[web.Response]]


class Credentials(NamedTuple):
    """What ``Authorization: Basic`` says."""

    project: str
    token: str


def install(app: web.Application, context: Context) -> None:
    """Give an application the REST API, for the root and for ``/space/NAME``."""
    front = Front(context)
    for path in (API, SPACE + API):
        app.router.add_route("*", path, partial(_answered, context, front.serve))
    app.router.add_get(MEDIA, partial(_answered, context, front.media))


class Front:
    """Serves requests of one server. What is behind it is loaded at the first request."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def serve(self, request: web.Request) -> web.Response:
        """Serve one operation.

        Raises:
            RestError: no such operation, or the credentials are wrong.
        """
        from mockserver.rest import serving
        from mockserver.rest.errors import RestError

        who = _credentials(request)
        if who is None:
            raise RestError(401)
        named = request.match_info.get("space")
        try:
            space = self._context.visit(who.project, who.token, named)
        except AuthenticationFailed:
            raise RestError(401) from None
        except LimitReached:
            raise RestError(503) from None
        path = request.rel_url.raw_path
        prefix = "" if named is None else "/".join(path.split("/", 3)[:3])
        path = path.removeprefix(prefix)
        method = "GET" if request.method == "HEAD" else request.method
        found = serving.find(method, path)
        if found is None:
            raise RestError(404)
        row, parts = found
        origin = f"{request.scheme}://{request.host}"
        body = await request.read()
        state = self._context.spaces.rest(space)
        space.tick()
        try:
            answer = serving.serve(
                row,
                state,
                parts,
                project=who.project,
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
        return _json(answer.status, answer.body)

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


async def _answered(context: Context, serve: Serve, request: web.Request) -> web.StreamResponse:
    """What a handler answers, or the error that it raised."""
    from mockserver.rest.errors import RestError

    try:
        context.guard.check_websocket(request)
        return await serve(request)
    except RestError as error:
        return error_response(error)
    except HttpProblem as problem:
        return error_response(RestError(problem.status))
    except (web.HTTPRequestEntityTooLarge, web.RequestPayloadError):
        return error_response(RestError(400))
    except ConnectionError:
        # Whoever asked is gone.
        raise
    except Exception as bug:
        context.note_bug(bug)
        return error_response(RestError(500))


def error_response(error: RestError, *, older: bool = False) -> web.Response:
    """An error as it is answered."""
    headers = {"WWW-Authenticate": 'Basic realm="SignalWire"'} if error.status == 401 else None
    return _json(error.status, error.body(older=older), headers)


def _json(status: int, body: object, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        body=orjson.dumps(body), status=status, content_type="application/json", headers=headers
    )


def _query(request: web.Request) -> dict[str, Sequence[str]]:
    return {name: request.query.getall(name) for name in dict.fromkeys(request.query)}


def _credentials(request: web.Request) -> Credentials | None:
    """Project and token; None when the header is missing, or says nothing of the kind."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(given.strip(), validate=True).decode()
    except ValueError:
        return None
    project, colon, token = text.partition(":")
    return Credentials(project, token) if project and colon else None
