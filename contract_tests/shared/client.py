"""JSON-RPC over a `Socket`: calls, answers and events, one at a time, and nothing done unasked."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import deque
from dataclasses import dataclass
from typing import Any

from .sockets import CLOSE, CONTINUATION, TEXT, Socket, WireFrame

Frame = dict[str, Any]

RECORDING_EVENTS = [f"video.recording.{event}" for event in ("started", "updated", "ended")]

EVENTS_OF_A_ROOM = [*RECORDING_EVENTS, "video.room.updated", "video.room.ended"]


class SocketClosed(Exception):
    """The server closed while an answer or an event was awaited."""


class Client:
    """One connection to a server, and what has come over it.

    Attributes:
        socket: the WebSocket itself, for whatever is not a call.
        frames: every frame that came, in order.
        connected: the result of ``signalwire.connect``; empty before.
        acknowledgements: how often each event is acknowledged.
        takes_fragments: whether messages may come in fragments.
    """

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.frames: list[Frame] = []
        self.connected: Frame = {}
        self.acknowledgements = 1
        self.takes_fragments = False
        self._events: deque[Frame] = deque()
        self._answers: dict[Any, Frame] = {}
        self._ids = itertools.count(1)

    @classmethod
    async def open(cls, url: str, *, receive_buffer: int | None = None) -> Client:
        """Open a WebSocket to a server, and say nothing yet."""
        return cls(await Socket.open(url, receive_buffer=receive_buffer))

    async def send(self, frame: Frame) -> None:
        await self.socket.send_text(json.dumps(frame))

    async def start_call(self, method: str, params: Frame | None = None) -> str:
        """Send a call without waiting for its answer; gives its id."""
        id = f"call-{next(self._ids)}"
        await self.send({"jsonrpc": "2.0", "id": id, "method": method, "params": params or {}})
        return id

    async def answer(self, id: Any) -> Frame:
        """The answer to the call of this id: the whole frame."""
        while id not in self._answers:
            await self.receive()
        return self._answers.pop(id)

    async def call(self, method: str, **params: Any) -> Frame:
        """Call, and give the answer: the whole frame."""
        return await self.answer(await self.start_call(method, params))

    async def result(self, method: str, **params: Any) -> Frame:
        """Call, and give the result, which must be no error and no refusal."""
        answer = await self.call(method, **params)
        assert "error" not in answer, answer
        result: Frame = answer["result"]
        assert str(result.get("code", "200")).startswith("2"), answer
        return result

    async def error(self, method: str, **params: Any) -> Frame:
        """Call, and give the JSON-RPC error that it must fail with."""
        answer = await self.call(method, **params)
        assert "error" in answer, answer
        error: Frame = answer["error"]
        return error

    async def event(self, event_type: str) -> Frame:
        """The next event, which must be of this type among those not taken yet; others are kept."""
        while True:
            for event in self._events:
                if event["event_type"] == event_type:
                    self._events.remove(event)
                    return event
            await self.receive()

    async def _read(self) -> WireFrame | None:
        if not self.takes_fragments:
            return await self.socket.read()
        opcode, payload, is_final = CONTINUATION, b"", False
        while not is_final:
            try:
                is_final, frame = await self.socket.read_fragment()
            except (asyncio.IncompleteReadError, ConnectionError):
                return None
            opcode, payload = opcode or frame.opcode, payload + frame.payload
        return WireFrame(opcode, payload)

    async def receive(self) -> Frame:
        """Take the next frame off the socket, and give the server the answer that it deserves."""
        while True:
            message = await self._read()
            if message is None or message.opcode == CLOSE:
                code = message.close_code if message is not None else None
                raise SocketClosed(f"closed with {code} after {len(self.frames)} frames")
            if message.opcode == TEXT:
                break
        frame: Frame = json.loads(message.payload)
        self.frames.append(frame)
        if frame.get("method") == "signalwire.event":
            self._events.append(frame["params"])
            for _ in range(self.acknowledgements):
                await self.send({"jsonrpc": "2.0", "id": frame["id"], "result": {}})
        elif frame.get("method") == "signalwire.ping":
            await self.send({"jsonrpc": "2.0", "id": frame["id"], "result": frame["params"]})
        elif "method" not in frame:
            self._answers[frame.get("id")] = frame
        return frame

    async def sync(self) -> None:
        """Read all that the server sent up to now: it answers in order."""
        await self.result("signalwire.ping", timestamp=1.5)

    async def connect(self, project: str, token: str, **more: Any) -> Frame:
        """Authenticate, as the vendor's client does; gives the whole answer."""
        params = {
            "version": {"major": 3, "minor": 0, "revision": 0},
            "event_acks": True,
            "authentication": {"project": project, "token": token},
        }
        answer = await self.call("signalwire.connect", **{**params, **more})
        self.connected = answer.get("result", {})
        return answer

    async def subscribe(self, channel: str, *events: str, initial_state: bool = False) -> None:
        await self.result(
            "signalwire.subscribe",
            event_channel=channel,
            events=list(events),
            get_initial_state=initial_state,
        )

    async def enter_room(self, *events: str) -> Room:
        """Wait for a room to start, and subscribe to its channel."""
        await self.subscribe("video.rooms", "video.room.started", "video.room.ended")
        event = await self.event("video.room.started")
        room = event["params"]["room_session"]
        await self.subscribe(room["event_channel"], *(events or EVENTS_OF_A_ROOM))
        return Room(self, room)

    def strays(self) -> list[Frame]:
        """Answers that came and that nobody here has asked for."""
        return list(self._answers.values())

    def types(self) -> list[str]:
        """The types of all events that came, in order."""
        return [frame["params"]["event_type"] for frame in self.event_frames()]

    def event_frames(self) -> list[Frame]:
        return [frame for frame in self.frames if frame.get("method") == "signalwire.event"]


@dataclass
class Room:
    """A room session as one client sees it."""

    client: Client
    facts: Frame

    @property
    def id(self) -> str:
        id: str = self.facts["id"]
        return id

    async def start_recording(self) -> str:
        """Start a recording, and wait until it is told; gives its id."""
        result = await self.client.result("video.recording.start", room_session_id=self.id)
        event = await self.client.event("video.recording.started")
        id: str = event["params"]["recording"]["id"]
        assert result["recording"]["id"] == id
        return id

    async def control(self, verb: str, recording: str) -> None:
        """Pause, resume or stop a recording; does not wait for the event."""
        await self.client.result(
            f"video.recording.{verb}", room_session_id=self.id, recording_id=recording
        )


class Bystanders:
    """Clients that are busy while another misbehaves, and must not notice.

    At the mock, each records in a room of its own. Other servers have no rooms to offer: there a
    bystander only calls.
    """

    def __init__(self) -> None:
        self._clients: list[Client] = []
        self._recordings: dict[Client, tuple[Room, str]] = {}

    async def add(self, client: Client, *, in_room: bool) -> None:
        self._clients.append(client)
        if in_room:
            room = await client.enter_room()
            self._recordings[client] = (room, await room.start_recording())

    async def go_on(self) -> None:
        """A call and an event make the round, and nothing came that is none of their business."""
        for client in self._clients:
            await client.result("video.rooms.get")
            if client in self._recordings:
                room, recording = self._recordings[client]
                for verb, state in (("pause", "paused"), ("resume", "recording")):
                    await room.control(verb, recording)
                    event = await client.event("video.recording.updated")
                    told = event["params"]["recording"]
                    assert (told["id"], told["state"]) == (recording, state)
            assert client.strays() == []
