"""A scripted service: a socket that answers as a test told it to, and remembers its calls."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from client_stub import SignalWire

Frame = dict[str, Any]
PATIENCE = 5.0
"""Seconds until a wait for something that does not come fails the test."""


class Service:
    """Answers each call with the next of what `on` was given; the last one is repeated.

    An answer is a result, `{"error": {...}}`, `HOLD` for none, or `DROP` to close the socket.
    """

    HOLD = object()
    DROP = object()

    def __init__(self) -> None:
        self.url = ""
        self.paths: list[str] = []
        self.received: list[Frame] = []
        self.sockets: list[web.WebSocketResponse] = []
        self._answers: dict[str, list[Any]] = {}
        self._came = asyncio.Condition()
        self._ids = itertools.count(1)
        self._unanswered: dict[str, list[Frame]] = defaultdict(list)
        self.on("signalwire.connect", connected("p1"))

    def on(self, method: str, *answers: Any) -> None:
        self._answers[method] = list(answers)

    def calls(self, method: str) -> list[Frame]:
        """The parameters of every call of that method so far."""
        return [frame["params"] for frame in self.received if frame.get("method") == method]

    def methods(self) -> list[str]:
        """The methods of all calls so far, in order, without the handshake."""
        named = [frame["method"] for frame in self.received if "method" in frame]
        return [method for method in named if method != "signalwire.connect"]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until what has been received fulfils a condition."""
        async with asyncio.timeout(PATIENCE), self._came:
            await self._came.wait_for(condition)

    async def called(self, method: str, times: int = 1) -> Frame:
        """Wait for the call number `times` of a method; gives its parameters."""
        await self.until(lambda: len(self.calls(method)) >= times)
        return self.calls(method)[times - 1]

    async def connected(self, times: int) -> None:
        """Wait until that many sockets have been greeted."""
        await self.called("signalwire.connect", times)

    async def release(self, method: str, result: Frame) -> None:
        """Answer the oldest call that was put on `HOLD`."""
        frame = self._unanswered[method].pop(0)
        await self._send({"jsonrpc": "2.0", "id": frame["id"], "result": result})

    async def request(self, method: str, params: Any) -> str:
        """Call the client; gives the id."""
        id = f"from-server-{next(self._ids)}"
        await self._send({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        return id

    async def event(self, event_type: str, **params: Any) -> str:
        """Send an event; gives the id."""
        envelope = {"event_type": event_type, "event_channel": "c", "timestamp": 1.5}
        return await self.request("signalwire.event", {**envelope, "params": params})

    async def reply(self, id: str) -> Frame:
        """Wait for the client's answer to a call of ours."""
        await self.until(lambda: bool(self._replies(id)))
        return self._replies(id)[0]

    async def say(self, text: str) -> None:
        await self.sockets[-1].send_str(text)

    async def drop(self) -> None:
        """Close the socket, and wait until the client has noticed and greets again."""
        greetings = len(self.calls("signalwire.connect"))
        await self.sockets[-1].close()
        await self.connected(greetings + 1)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.paths.append(request.path)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            frame = json.loads(message.data)
            self.received.append(frame)
            if "method" in frame:
                await self._answer(socket, frame)
            async with self._came:
                self._came.notify_all()
        return socket

    async def _answer(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        answers = self._answers.get(frame["method"], [{"code": "200", "message": "OK"}])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer is self.HOLD:
            self._unanswered[frame["method"]].append(frame)
        elif answer is self.DROP:
            await socket.close()
        else:
            body = answer if "error" in answer else {"result": answer}
            await socket.send_json({"jsonrpc": "2.0", "id": frame["id"], **body})

    async def _send(self, frame: Frame) -> None:
        await self.sockets[-1].send_json(frame)

    def _replies(self, id: str) -> list[Frame]:
        return [f for f in self.received if f.get("id") == id and "method" not in f]


def connected(protocol: str, signature: str = "sig") -> Frame:
    """A result of signalwire.connect whose protocol can be resumed."""
    return {
        "identity": "i",
        "protocol": f"signalwire_sig_{protocol}",
        "authorization": {"signature": signature},
    }


class Made:
    """Payloads as the service words them."""

    connected = staticmethod(connected)

    @staticmethod
    def room(id: str = "room-1", **more: Any) -> Frame:
        payload = {
            "id": id,
            "room_id": "r",
            "name": "lobby",
            "display_name": "Lobby",
            "event_channel": f"channel-{id}",
            "recording": False,
        }
        return {**payload, **more}

    @staticmethod
    def room_params(id: str = "room-1", **more: Any) -> Frame:
        return {"room_id": "r", "room_session_id": id, "room_session": Made.room(id, **more)}

    @staticmethod
    def recording(id: str = "rec-1", state: str = "recording", **more: Any) -> Frame:
        return {"id": id, "state": state, **more}

    @staticmethod
    def recording_params(id: str = "rec-1", state: str = "recording", **more: Any) -> Frame:
        recording = Made.recording(id, state, **more)
        return {"room_id": "r", "room_session_id": "room-1", "recording": recording}

    @staticmethod
    def member_params(id: str, **more: Any) -> Frame:
        return {"room_id": "r", "room_session_id": "room-1", "member": {"id": id, **more}}


class Heard:
    """A callback that remembers, and can be waited for."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self.all: list[Any] = []

    def __call__(self, subject: Any) -> None:
        self.all.append(subject)
        self._queue.put_nowait(subject)

    async def next(self) -> Any:
        async with asyncio.timeout(PATIENCE):
            return await self._queue.get()


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    service = Service()
    app = web.Application()
    app.router.add_get("/{path:.*}", service.handle)
    server = TestServer(app)
    await server.start_server()
    service.url = f"ws://{server.host}:{server.port}"
    yield service
    for socket in service.sockets:
        await socket.close()
    await server.close()


@pytest.fixture
async def connect(service: Service) -> AsyncIterator[Callable[..., Awaitable[SignalWire]]]:
    """Connects clients that reconnect at once, and closes them."""
    clients: list[SignalWire] = []

    async def connect(**options: Any) -> SignalWire:
        defaults: Frame = {
            "project": "p",
            "token": "secret",
            "host": service.url,
            "reconnect_delay": 0,
        }
        client = SignalWire(**{**defaults, **options})
        clients.append(client)
        return await client

    yield connect
    for client in clients:
        await client.close()


@pytest.fixture
def soon() -> Callable[[Awaitable[Any]], Awaitable[Any]]:
    """Awaits something that must not hang."""

    async def soon(awaitable: Awaitable[Any]) -> Any:
        async with asyncio.timeout(PATIENCE):
            return await awaitable

    return soon


@pytest.fixture
def made() -> type[Made]:
    return Made


@pytest.fixture
def heard() -> type[Heard]:
    return Heard


@pytest.fixture
async def room(service: Service, connect: Any) -> Any:
    """A room session in the hands of a client."""
    service.on("video.room.get", {"code": "200", "room": Made.room()})
    client = await connect()
    return await client.video.get_room_session_by_id("room-1")
