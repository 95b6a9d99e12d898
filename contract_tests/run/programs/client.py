"""A client without a library, so that it can also do what it should not: ``client.py DEED …``.

Deeds: ``record`` (a room, from start to stop), ``acknowledge-twice``, ``stop-again``, ``connect``,
``speak-first``, ``space=NAME`` (connect to that space from now on), ``exit=CODE``.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import aiohttp

URL = os.environ["MOCK_SIGNALWIRE_URL"]
PATIENCE_S = 30
STATES = ("started", "ended")


class Client:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._calls = 0
        self._events: list[dict[str, Any]] = []
        self.acknowledgements = 1

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._calls += 1
        call = {"jsonrpc": "2.0", "id": f"c{self._calls}", "method": method, "params": params}
        await self._socket.send_json(call)
        while "method" in (frame := await self._next()) or frame["id"] != call["id"]:
            pass
        return frame

    async def connect(self) -> None:
        await self.call(
            "signalwire.connect",
            version={"major": 3, "minor": 0, "revision": 0},
            event_acks=True,
            authentication={
                "project": os.environ["SW_PROJECT"],
                "token": os.environ["SW_TOKEN"],
            },
        )

    async def subscribe(self, channel: str, *events: str) -> None:
        await self.call(
            "signalwire.subscribe", event_channel=channel, events=events, get_initial_state=False
        )

    async def event(self, event_type: str) -> dict[str, Any]:
        while not (told := [each for each in self._events if each["event_type"] == event_type]):
            await self._next()
        self._events.remove(told[0])
        params: dict[str, Any] = told[0]["params"]
        return params

    async def _next(self) -> dict[str, Any]:
        frame: dict[str, Any] = await self._socket.receive_json()
        if frame.get("method") == "signalwire.event":
            self._events.append(frame["params"])
            for _ in range(self.acknowledgements):
                await self._socket.send_json({"jsonrpc": "2.0", "id": frame["id"], "result": {}})
        return frame


async def record(client: Client, *, stops: int = 1) -> None:
    await client.connect()
    await client.subscribe("video.rooms", "video.room.started")
    room = (await client.event("video.room.started"))["room_session"]
    events = [f"video.recording.{state}" for state in STATES]
    await client.subscribe(room["event_channel"], *events)
    await client.call("video.recording.start", room_session_id=room["id"])
    recording = (await client.event("video.recording.started"))["recording"]
    ids = {"room_session_id": room["id"], "recording_id": recording["id"]}
    await client.call("video.recording.stop", **ids)
    await client.event("video.recording.ended")
    for _ in range(stops - 1):
        await client.call("video.recording.stop", **ids)


async def do(deed: str, url: str) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as socket:
        client = Client(socket)
        match deed:
            case "record":
                await record(client)
            case "acknowledge-twice":
                client.acknowledgements = 2
                await record(client)
                await client.call("signalwire.ping", timestamp=0)
            case "stop-again":
                await record(client, stops=2)
            case "connect":
                await client.connect()
            case "speak-first":
                await socket.send_str("hello?")
                await socket.receive()
            case _:
                raise ValueError(deed)


async def main() -> int:
    url = URL
    async with asyncio.timeout(PATIENCE_S):
        for word in sys.argv[1:]:
            name, _, value = word.partition("=")
            if name == "exit":
                return int(value)
            if name == "space":
                url = f"{URL}/space/{value}"
            else:
                await do(word, url)
    return 0


sys.exit(asyncio.run(main()))
