"""A server in the test's own event loop, and those who talk to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from contract_tests.shared import replies
from contract_tests.shared.client import Client
from contract_tests.shared.settings import settings as make_settings
from mockserver.server import Server

BASE = "/__mock__"
Json = Any


class Reply(replies.Reply):
    """An answer of the control API."""

    KINDS = ("application/json", "application/problem+json", "application/schema+json")

    def problem(self, status: int) -> Json:
        """The problem document that it has to be."""
        assert (self.status, self.kind) == (status, "application/problem+json"), self.data
        told = self.json
        assert told["status"] == status
        assert told["title"]
        assert told["detail"]
        return told

    def paths(self, status: int = 422) -> list[str]:
        """The places of the fields that it complains about."""
        return [error["path"] for error in self.problem(status)["errors"]]


class Api:
    """Asks the control API of one server."""

    def __init__(self, server: Server, http: aiohttp.ClientSession) -> None:
        self.server = server
        self.http = http

    async def ask(self, method: str, path: str, body: Json = None, **more: Any) -> Reply:
        """Any request; with a body, it is sent as JSON."""
        if body is not None:
            more["json"] = body
        url = self.server.http_url + BASE + path
        async with self.http.request(method, url, **more) as response:
            return Reply(response, await response.read())

    async def get(self, path: str, **query: Any) -> Reply:
        return await self.ask("GET", path, params=query)

    async def post(self, path: str, body: Json = None) -> Reply:
        return await self.ask("POST", path, body)

    async def ok(self, method: str, path: str, body: Json = None, status: int = 200) -> Json:
        """What is answered, which has to go well."""
        reply = await self.ask(method, path, body)
        assert reply.status == status, reply.data
        return reply.json if reply.data else None


Start = Callable[..., Awaitable[Api]]
Connect = Callable[..., Awaitable[Client]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts servers: ``await start(host=…)``. None may have a bug of its own."""
    started: list[tuple[Server, aiohttp.ClientSession]] = []

    async def start(**settings: Any) -> Api:
        server = Server(make_settings(**settings))
        await server.start()
        http = aiohttp.ClientSession()
        started.append((server, http))
        return Api(server, http)

    yield start
    for server, http in started:
        await http.close()
        await server.stop()
        assert server.bugs == []


@pytest.fixture
async def api(start: Start) -> Api:
    """A server in which there is nothing yet."""
    return await start()


@pytest.fixture
async def space(api: Api) -> str:
    """The path of a space with a manual clock, in which nothing happens by itself."""
    await api.ok("POST", "/spaces", {"name": "here", "clock": "manual"}, 201)
    return "/spaces/here"


@pytest.fixture
async def connect(api: Api) -> AsyncIterator[Connect]:
    """Connects clients: ``await connect("here")``."""
    clients: list[Client] = []

    async def connect(project: str = "here") -> Client:
        client = await connected(api, project)
        clients.append(client)
        return client

    yield connect
    for client in clients:
        await client.socket.close()


async def connected(api: Api, project: str) -> Client:
    """A client of a server, in the space of that name."""
    client = await Client.open(api.server.url)
    answer = await client.connect(project, "very-secret")
    assert "result" in answer
    return client
