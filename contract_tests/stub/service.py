"""A scripted service: a socket that answers as a test told it to, and remembers its calls."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from contract_tests.shared.patience import PATIENCE_S

Frame = dict[str, Any]


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
        self.transports: list[asyncio.Transport] = []
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
        async with asyncio.timeout(PATIENCE_S), self._came:
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

    async def cut(self) -> None:
        """End the connection without a closing handshake, and wait until the client is back."""
        greetings = len(self.calls("signalwire.connect"))
        self.transports[-1].abort()
        await self.connected(greetings + 1)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.paths.append(request.path)
        assert isinstance(request.transport, asyncio.Transport)
        self.transports.append(request.transport)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            frame = json.loads(message.data)
            self.received.append(frame)
            await self._take(socket, frame)
            async with self._came:
                self._came.notify_all()
        return socket

    async def _take(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        if "method" in frame:
            await self._answer(socket, frame)

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


class Heard:
    """A callback that remembers, and can be waited for."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self.all: list[Any] = []

    def __call__(self, subject: Any) -> None:
        self.all.append(subject)
        self._queue.put_nowait(subject)

    async def next(self) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            return await self._queue.get()
