"""A stand-in for ``mock_signalwire``, against which the REST tests of the vendor's SDKs run.

The REST API is this project's own, in spaces that answer unknown ids with examples. Around it is
what those tests need beside it: a journal of requests, answers that are planned for a route, and
two operations of other APIs.

The vendor's tests tell clients apart by their header ``Authorization`` [T]. So each header has a
space of its own here, and is the ``session_id`` of the control API.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NamedTuple

from aiohttp import web

from mockserver import scenarios
from mockserver.control.keeper import Spaces
from mockserver.engine import Gate, RunningClock, Space, Strike
from mockserver.protocol import catalogue
from mockserver.protocol.errors import AuthenticationFailed
from mockserver.realtime import unix_time
from mockserver.rest import serving
from mockserver.rest.errors import RestError
from mockserver.rest.kept import Kept, as_utf8, json_or_text
from mockserver.rest.table import OPERATIONS, Operation
from mockserver.server.http import Guard, application, bodies
from mockserver.server.http.dispatch import Dispatcher
from mockserver.server.http.endpoint import CallTo, EndpointOf
from mockserver.server.http.paths import PREFIX
from mockserver.server.http.problems import HttpProblem, field_problem
from mockserver.server.rest import (
    answered,
    credentials,
    error_response,
    install,
    json_response,
    operation,
    refusal,
)
from mockserver.server.settings import Settings

from .scenarios import Scenarios
from .wire import Violation, violations

logger = logging.getLogger(__name__)

Entry = dict[str, Any]
"""A request as the journal has it."""

SPACES = """\
scenario: stand-in
about: Nothing happens by itself, and an id that was never made is answered with an example.
rest: synthesise
"""
"""The scenario of all its spaces."""

SPECIFICATIONS = {
    "/api/video/": "video",
    "/api/chat/": "chat",
    "/api/pubsub/": "pubsub",
    "/api/fabric/": "fabric",
    "/api/relay/rest/": "relay-rest",
}
"""How paths begin -> the vendor's specification that they are in; its name begins a route [T]."""

GUIDE = "docs/COMMANDS.md of signalwire-mockserver"

FRAMING = ("connection", "content-length", "transfer-encoding", "upgrade")
"""Headers that say where an answer ends; HTTP would break if a scenario chose them."""

UNFIT = 422
"""The status of what does not fit."""

BODILESS = (204, 304)
"""Statuses whose answer has no body."""


class Planned(NamedTuple):
    """How a request is answered in place of what the server would."""

    status: int
    body: Any
    headers: dict[str, str]
    delay_s: float

    def response(self) -> web.Response:
        """The answer."""
        if self.body is None or self.status in BODILESS:
            return web.Response(status=self.status, headers=self.headers)
        response = json_response(self.status, self.body)
        response.headers.update(self.headers)
        return response


class MockSignalWire:
    """The stand-in on one address; it is its own context for the REST API and the control API.

    Args:
        host: what it listens on.
        strict: whether a request that its specification does not know whole is refused with 400.

    Attributes:
        spaces: one per header ``Authorization``.
        guard: decides who may use it: no page of another origin.
        bugs: faults of the mock itself.
    """

    def __init__(self, host: str, *, strict: bool = False) -> None:
        settings = Settings(host=host)
        self._strict = strict
        self.spaces = Spaces(
            settings.space,
            journal_limit=settings.journal_limit,
            journal_bytes=settings.journal_bytes,
            most=settings.max_spaces,
            drained=_at_once,
            on_bug=self.note_bug,
            strike_door=_nobody_is_at_the_door,
        )
        self.spaces.scenario = scenarios.loads(SPACES)
        self.guard = Guard(host, None)
        self.bugs: list[Exception] = []
        self._gate = Gate(
            self.spaces,
            RunningClock(unix_time),
            credentials=None,
            read_token=_no_token,
            max_depth=settings.max_depth,
        )
        self._body_timeout_s = settings.body_timeout_s
        self._journal: Kept[Entry] = Kept(settings.journal_limit, settings.journal_bytes)
        self._scenarios: Scenarios[Planned] = Scenarios()
        self._stubs = {
            ("GET", "/api/fabric/addresses"): self.list_fabric_addresses,
            ("POST", "/api/relay/rest/addresses"): self.create_address,
        }
        self._routes = {
            *(_route(row.path, row.id) for row in OPERATIONS),
            *(_route(path, stub.__name__) for (_, path), stub in self._stubs.items()),
        }

    # For those who run it

    def application(self) -> web.Application:
        """What it serves: the control API of ``mock_signalwire``, the REST API, the stubs."""
        app = application(
            self, Dispatcher(self._endpoints(), GUIDE), body_timeout_s=self._body_timeout_s
        )
        app.middlewares.append(self._note)
        for (method, path), stub in self._stubs.items():
            app.router.add_route(method, path, partial(answered, self, stub))
        install(app, self)
        return app

    def stop(self) -> None:
        """Stop all timers."""
        self.spaces.stop()

    # As the context of the REST API and of the control API

    def note_bug(self, bug: Exception) -> None:
        """Remember a bug of the mock itself, and log it."""
        self.bugs.append(bug)
        logger.error("a bug in the mock server: %s", bug, exc_info=bug)

    def visit(self, project: str, token: str, space_name: str | None) -> Space:
        """The space of a client, by all of its credentials unless its URL names another one.

        Raises:
            AuthenticationFailed: the token is empty; any other will do [T].
        """
        if not token:
            raise AuthenticationFailed()
        return self._gate.visit(project, token, space_name or _space_name(project, token))

    # Requests of the REST API

    @web.middleware
    async def _note(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Write a request of the REST API into the journal, and answer it."""
        if request.path == PREFIX or request.path.startswith(f"{PREFIX}/"):
            return await handler(request)
        try:
            body = await bodies.read(request)
        except bodies.LateBody as late:
            return refusal(late)
        except (web.HTTPRequestEntityTooLarge, web.RequestPayloadError):
            return error_response(RestError(400))
        entry = self._entry(request, body)
        size = len(request.raw_path) + len(body) + sum(map(len, entry["headers"].values()))
        self._journal.add(entry, size)
        route, client = entry["matched_route"], entry["headers"].get("authorization", "")
        planned = None if route is None else self._scenarios.take(route, client)
        response: web.StreamResponse
        try:
            if planned is not None:
                await asyncio.sleep(planned.delay_s)
                response = planned.response()
            elif self._strict and entry["wire_violations"] and credentials(client) is not None:
                response = _violated(entry["wire_violations"])
            else:
                response = await handler(request)
                if response.status == UNFIT:
                    response = _example(request)
        except web.HTTPException as error:
            response = error_response(RestError(404)) if error.status == 404 else error
        entry["response_status"] = response.status
        return response

    def _entry(self, request: web.Request, body: bytes) -> Entry:
        headers: dict[str, str] = {}
        for name, value in request.headers.items():
            name = name.lower()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        found: tuple[Operation, dict[str, str]] | None = operation(request)
        told = json_or_text(body)
        query = {
            as_utf8(name): [as_utf8(each) for each in request.query.getall(name)]
            for name in dict.fromkeys(request.query)
        }
        return {
            "timestamp": unix_time() / 1_000_000,
            "method": request.method,
            "path": as_utf8(request.path),
            "query_params": query,
            "headers": {name: as_utf8(value) for name, value in headers.items()},
            "body": told,
            "matched_route": self._route_of(request),
            "response_status": None,
            "wire_violations": [] if found is None else violations(found[0], query, told),
        }

    def _route_of(self, request: web.Request) -> str | None:
        stub = self._stubs.get((request.method, request.path))
        if stub is not None:
            return _route(request.path, stub.__name__)
        found: tuple[Operation, dict[str, str]] | None = operation(request)
        return None if found is None else _route(found[0].path, found[0].id)

    async def list_fabric_addresses(self, request: web.Request) -> web.Response:
        """No addresses, as a list with links."""
        self._visited(request)
        here = f"{request.scheme}://{request.host}{request.path}"
        return json_response(200, {"links": {"self": here, "first": here}, "data": []})

    async def create_address(self, request: web.Request) -> web.Response:
        """What the body says, with an id. It is not kept."""
        space = self._visited(request)
        told = json_or_text(await request.read())
        if not isinstance(told, dict):
            raise RestError(400)
        return json_response(200, {**told, "id": self.spaces.rest(space).identities.uuid()})

    def _visited(self, request: web.Request) -> Space:
        """The space of the client that asks for an operation of another API.

        Raises:
            RestError: 401.
        """
        who = credentials(request.headers.get("Authorization", ""))
        try:
            if who is not None:
                return self.visit(who.project, who.token, None)
        except AuthenticationFailed:
            pass
        raise RestError(401)

    # The control API

    def _endpoints(self) -> tuple[EndpointOf[MockSignalWire], ...]:
        return (
            EndpointOf("GET", "/health", self.get_health, answer="standins/rest_health"),
            # What it answers is a bare array, each entry with the shape ``standins/rest_request``.
            EndpointOf("GET", "/journal", self.get_journal, query="standins/session_query"),
            EndpointOf(
                "POST",
                "/journal/reset",
                self.reset_journal,
                query="standins/session_query",
                answer="standins/cleared",
            ),
            # And here it is a number for each route.
            EndpointOf("GET", "/scenarios", self.get_scenarios, query="standins/session_query"),
            EndpointOf(
                "POST",
                "/scenarios/reset",
                self.reset_scenarios,
                query="standins/session_query",
                answer="standins/cleared",
            ),
            EndpointOf(
                "POST",
                "/scenarios/{route}",
                self.add_scenario,
                body="standins/scenario",
                query="standins/session_query",
                answer="standins/armed",
                problems=(503,),
            ),
        )

    async def get_health(self, call: CallTo[MockSignalWire]) -> Any:
        """Whether it is well."""
        return {
            "status": "faulty" if self.bugs else "ok",
            "specs_loaded": len({route.partition(".")[0] for route in self._routes}),
            "total_routes": len(self._routes),
            "spec_load_errors": [],
        }

    async def get_journal(self, call: CallTo[MockSignalWire]) -> Any:
        """The requests of the REST API, in the order of their coming.

        It shows the credentials that they had.
        """
        is_meant = _of(call)
        return [entry for entry in self._journal if is_meant(entry)]

    async def reset_journal(self, call: CallTo[MockSignalWire]) -> Any:
        """Forget the requests, and what they made: rooms, conferences, streams."""
        session_id = call.query.get("session_id")
        for name in [*self.spaces] if session_id is None else _spaces_of(session_id):
            if name in self.spaces:
                self.spaces.delete(name)
        return {"forgotten": self._journal.forget(_of(call))}

    async def get_scenarios(self, call: CallTo[MockSignalWire]) -> Any:
        """The scenarios that wait: how many for each route that has any."""
        return self._scenarios.waiting(call.query.get("session_id"))

    async def reset_scenarios(self, call: CallTo[MockSignalWire]) -> Any:
        """Forget the scenarios that wait."""
        return {"forgotten": self._scenarios.forget(call.query.get("session_id"))}

    async def add_scenario(self, call: CallTo[MockSignalWire]) -> Any:
        """Have the next request of a route answered so.

        Scenarios are used once each, in the order of their coming. One with a ``session_id`` is for
        that client alone; a client's own come before those for all.
        """
        route, body = call.path["route"], call.body
        if route not in self._routes:
            near = catalogue.nearest(route, self._routes)
            hint = f"did you mean {' or '.join(near)}?" if near else "docs/REST.md lists them"
            raise HttpProblem(404, f'no route "{route}"; {hint}')
        for name in body["headers"]:
            if name.lower() in FRAMING:
                raise field_problem("headers", f"none of {', '.join(FRAMING)}", f'"{name}"')
        planned = Planned(
            body["status"], body["response"], body["headers"], body["delay_ms"] / 1_000
        )
        waiting = self._scenarios.add(route, planned, call.query.get("session_id"))
        return {"route": route, "waiting": waiting}


def _of(call: CallTo[MockSignalWire]) -> Callable[[Entry], bool]:
    """Whether an entry is of the client that the query names; if it names none, all are."""
    session_id = call.query.get("session_id")
    return lambda entry: session_id in (None, entry["headers"].get("authorization"))


def _example(request: web.Request) -> web.Response:
    """What is answered where the REST API would complain about fields.

    The vendor's tests send bodies that do not fit, none where a field is required or "x" for a URL,
    and expect to be answered [T].
    """
    found = operation(request)
    assert found is not None
    row, parts = found
    logger.info("%s was answered with an example: its fields do not fit", row.id)
    if row.answer is None:
        return web.Response(status=row.status)
    return json_response(row.status, serving.example(row, parts))


def _violated(found: list[Violation]) -> web.Response:
    """How strict mode refuses a request: the error of REST, and what is wrong beside it."""
    return json_response(400, {**RestError(400).body(), "wire_violations": found})


def _route(path: str, name: str) -> str:
    """``video.list_rooms``: the specification that a path is in, and the operation's id [T]."""
    specification = next(SPECIFICATIONS[each] for each in SPECIFICATIONS if path.startswith(each))
    return f"{specification}.{name}"


def _space_name(project: str, token: str) -> str:
    """A name for a client's space that does not give its token away."""
    return f"{project[:60]} {hashlib.sha256(f'{project}:{token}'.encode()).hexdigest()[:16]}"


def _spaces_of(session_id: str) -> list[str]:
    who = credentials(session_id)
    return [] if who is None else [_space_name(*who)]


def _no_token(token: str, spaces: Any, space_name: str | None) -> None:
    """Nobody connects with a token."""


async def _at_once(space: Space) -> None:
    """Nobody is connected, so everything has been sent."""


def _nobody_is_at_the_door(space: Space, strike: Strike) -> None:
    """Nobody connects."""
