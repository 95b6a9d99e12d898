"""A stand-in for ``mock_signalwire`` on a port of its own, and clients that talk to it."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from contract_tests.shared import replies
from mockserver.control import shapes
from mockserver.server.standins.listener import Listener
from mockserver.server.standins.signalwire import MockSignalWire

Json = Any


def authorization(project: str, token: str) -> str:
    """The header of a client's requests."""
    return f"Basic {base64.b64encode(f'{project}:{token}'.encode()).decode()}"


class Reply(replies.Reply):
    """An answer."""

    def problem(self, status: int) -> str:
        """The detail of the problem document that it has to be."""
        assert (self.status, self.kind) == (status, "application/problem+json"), self.data
        return str(json.loads(self.data)["detail"])


class Client:
    """A client by its credentials, as a test of an SDK is one.

    Attributes:
        session_id: its header ``Authorization``.
    """

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str) -> None:
        self.http = http
        self.url = url
        self.session_id = authorization("test_proj", token)

    async def ask(self, method: str, path: str, body: Json = None, **more: Any) -> Reply:
        """A request of the REST API, below ``/api/video`` unless the path begins with ``/``."""
        path = path if path.startswith("/") else f"/api/video/{path}"
        more.setdefault("headers", {"Authorization": self.session_id})
        async with self.http.request(method, self.url + path, json=body, **more) as response:
            return Reply(response, await response.read())

    async def control(
        self, method: str, path: str, body: Json = None, *, own: bool = False, **more: Any
    ) -> Reply:
        """A request of the control API, for this client alone if it is to be its own."""
        params = {"session_id": self.session_id} if own else {}
        url = f"{self.url}/__mock__/{path}"
        async with self.http.request(method, url, json=body, params=params, **more) as response:
            return Reply(response, await response.read())

    async def told(
        self, method: str, path: str, shape: str, body: Json = None, **more: Any
    ) -> Json:
        """What the control API answers, which has to go well and to fit."""
        reply = await self.control(method, path, body, **more)
        assert reply.status == 200, reply.data
        assert shapes.problems(reply.json, shapes.shape(f"standins/{shape}")) == []
        return reply.json

    async def journal(self, *, own: bool = False) -> list[Json]:
        """The requests, or its own."""
        reply = await self.control("GET", "journal", own=own)
        assert isinstance(reply.json, list)
        for entry in reply.json:
            assert shapes.problems(entry, shapes.shape("standins/rest_request")) == []
        return reply.json

    async def arm(self, route: str, status: int, response: Json = None, **more: Any) -> Json:
        """Add a scenario; ``own`` for this client alone."""
        own = more.pop("own", False)
        body = {"status": status, "response": response, **more}
        return await self.told("POST", f"scenarios/{route}", "armed", body, own=own)


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    """A stand-in, which may have no bug of its own."""
    stand_in = MockSignalWire("127.0.0.1")
    listener = Listener(stand_in, "127.0.0.1", 0)
    await listener.start()
    yield listener
    await listener.stop()
    assert stand_in.bugs == []


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Connections."""
    async with aiohttp.ClientSession() as http:
        yield http


@pytest.fixture
def ann(http: aiohttp.ClientSession, listener: Listener) -> Client:
    """A client."""
    return Client(http, listener.url, "ann")


@pytest.fixture
def bob(http: aiohttp.ClientSession, listener: Listener) -> Client:
    """Another client of the same project."""
    return Client(http, listener.url, "bob")
