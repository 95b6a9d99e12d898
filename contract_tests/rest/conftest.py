"""A mock with a manual clock, and those who talk to it: by REST and by the client stub."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from functools import cache
from itertools import count
from typing import Any

import aiohttp
import jsonschema_rs
import pytest

from client_stub import SignalWire
from contract_tests.shared import replies
from mockserver import MockServer, schemas
from mockserver.harness.handles import SpaceHandle

Json = Any
NUMBERS = count(1)
"""Makes the names of spaces."""

UNKNOWN = "00000000-0000-4000-8000-000000000000"
"""A UUID that nothing has."""


def fits(value: Json, name: str) -> None:
    """Make sure that a value has the shape of this name, formats included."""
    errors = _validator(name).iter_errors(value)
    assert [f"{error.instance_path}: {error.message}" for error in errors] == []


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    registry = jsonschema_rs.Registry(list(schemas.registry_documents()))
    schema = {"$ref": schemas.uri(f"rest/{name}")}
    return jsonschema_rs.Draft202012Validator(schema, registry=registry, validate_formats=True)


class Reply(replies.Reply):
    """An answer of the REST API."""

    def refused(self, status: int) -> Json:
        """The body of the error that it has to be."""
        assert self.status == status, self.data
        fits(self.json, "rest_errors" if status == 422 else "rest_error")
        return self.json

    def attributes(self) -> list[str | None]:
        """The fields that it complains about."""
        return [each["attribute"] for each in self.refused(422)["errors"]]


class Rest:
    """Asks the REST API of one server.

    Attributes:
        mock: the space that it asks for.
    """

    def __init__(self, mock: Any, http: aiohttp.ClientSession) -> None:
        self.mock = mock
        self.http = http
        self.host = mock.http_url

    async def ask(
        self,
        method: str,
        path: str,
        body: Json = None,
        *,
        who: tuple[str, str] | None = None,
        data: bytes | None = None,
        **query: Any,
    ) -> Reply:
        """Any request, below ``/api/video`` unless the path begins with ``/``."""
        project, token = who or (self.mock.project, "any")
        basic = base64.b64encode(f"{project}:{token}".encode()).decode()
        url = self.host + (path if path.startswith("/") else f"/api/video/{path}")
        async with self.http.request(
            method,
            url,
            headers={"Authorization": f"Basic {basic}"},
            json=body,
            data=data,
            params={name: str(value) for name, value in query.items()},
        ) as response:
            return Reply(response, await response.read())

    async def ok(self, method: str, path: str, body: Json = None, **query: Any) -> Json:
        """What is answered, which has to go well."""
        reply = await self.ask(method, path, body, **query)
        assert 200 <= reply.status < 300, reply.data
        return reply.json if reply.data else None

    async def get(self, path: str, **query: Any) -> Json:
        return await self.ok("GET", path, **query)

    async def post(self, path: str, body: Json) -> Json:
        return await self.ok("POST", path, body)

    async def all(self, path: str, **query: Any) -> list[Json]:
        """The data of a list."""
        data: list[Json] = (await self.get(path, **query))["data"]
        return data

    async def fetch(self, url: str, method: str = "GET", **headers: str) -> Reply:
        """Any address, without credentials; ``if_range`` is the header ``If-Range``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.request(method, url, headers=named) as response:
            return Reply(response, await response.read())


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    """A server in a thread of its own, which may have no bug of its own."""
    server = MockServer(clock="manual", scenario="none")
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())
    server._thread.check_bugs()


@pytest.fixture
def mock(server: MockServer) -> Iterator[SpaceHandle]:
    """A space of the test's own, in which nothing happens by itself; the contract has to hold."""
    mock = server.space(f"space-{next(NUMBERS)}")
    yield mock
    mock.check_contract()
    mock.end_space()


@pytest.fixture
async def rest(mock: SpaceHandle) -> AsyncIterator[Rest]:
    """Who asks by REST for the mock's space."""
    async with aiohttp.ClientSession() as http:
        yield Rest(mock, http)


@pytest.fixture
async def client(mock: SpaceHandle) -> AsyncIterator[SignalWire]:
    """A client in the mock's space."""
    async with await SignalWire(host=mock.url, project=mock.project, token=mock.token) as client:
        yield client
