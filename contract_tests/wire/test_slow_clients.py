"""A client that does not read must stop nobody, lose nothing, and not fill the server's memory."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

import pytest

from contract_tests.shared.client import Bystanders, Client
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.processes import ServerProcess
from contract_tests.shared.sockets import CLOSE, TEXT, frame

from .conftest import Connect, Target

pytestmark = pytest.mark.only_the_mock("rooms start by themselves, and its limits are known")

RECEIVE_BUFFER = 65_536
"""Bytes that the system holds for a slow client, so that the server's own queue fills early."""

STALLING_CALLS = 12_000
"""With ids of a kilobyte, their answers are more than socket buffers hold by default."""

OVERFLOWING_CALLS = 30_000
"""Less what socket buffers hold, still more than the 20 000 frames that may wait for one client."""


def flood(calls: int, id_size: int) -> bytes:
    """Many calls whose answers are as long as their ids."""
    call = {"jsonrpc": "2.0", "method": "signalwire.ping", "params": {"timestamp": 1.5}}
    return b"".join(
        frame(TEXT, json.dumps({**call, "id": f"{number:0{id_size}}"}).encode())
        for number in range(calls)
    )


async def read_to_the_end(client: Client) -> tuple[list[dict[str, Any]], int | None]:
    """All frames up to the answer to the last call, or to where the server closes, and its code."""
    frames: list[dict[str, Any]] = []
    while (message := await client.socket.read()) is not None:
        if message.opcode == CLOSE:
            return frames, message.close_code
        frames.append(json.loads(message.payload))
        if frames[-1].get("id") == "last":
            break
    return frames, None


async def until_cut_off(mock: ServerProcess, space: str) -> None:
    """Wait until the server has given one of the clients up; all of its calls are read by turns."""
    sessions: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE_S):
        while all(each["connected"] for each in sessions):
            view = await asyncio.to_thread(mock.get, f"/__mock__/spaces/{space}/sessions")
            sessions = view["sessions"]


async def test_others_go_on_and_nothing_is_lost(connect: Connect, bystanders: Bystanders) -> None:
    slow = await connect(receive_buffer=RECEIVE_BUFFER)
    busy = await connect()
    room = await busy.enter_room()
    await slow.subscribe(room.facts["event_channel"], "video.recording.updated")
    await slow.socket.write(flood(STALLING_CALLS, id_size=1_000))
    await bystanders.go_on()
    recording = await room.start_recording()
    for _ in range(10):
        for verb in ("pause", "resume"):
            await room.control(verb, recording)
            await busy.event("video.recording.updated")
    await bystanders.go_on()
    await slow.send({"jsonrpc": "2.0", "id": "last", "method": "video.rooms.get", "params": {}})
    frames, closed = await read_to_the_end(slow)
    assert closed is None
    answers = [int(each["id"]) for each in frames[:-1] if "result" in each]
    assert answers == list(range(STALLING_CALLS))
    states = [each["params"]["params"]["recording"]["state"] for each in frames if "params" in each]
    assert states == ["paused", "recording"] * 10


async def test_who_never_reads_is_cut_off(
    target: Target, mock: ServerProcess, connect: Connect, bystanders: Bystanders
) -> None:
    """The code says so, once it reads. Its session is not lost by that."""
    slow = await connect(receive_buffer=RECEIVE_BUFFER)
    await slow.socket.write(flood(OVERFLOWING_CALLS, id_size=600))
    await bystanders.go_on()
    await until_cut_off(mock, target.project)
    frames, closed = await read_to_the_end(slow)
    assert closed == 1013
    assert [int(each["id"]) for each in frames] == list(range(len(frames)))
    assert len(frames) < OVERFLOWING_CALLS
    back = await connect(protocol=slow.connected["protocol"])
    assert back.connected == slow.connected
    await back.sync()


async def test_who_never_acknowledges_is_told_all_the_same(connect: Connect) -> None:
    """Clients of generation 3 never do."""
    busy = await connect()
    room = await busy.enter_room()
    silent = await connect()
    await silent.subscribe(room.facts["event_channel"], "video.recording.updated")
    recording = await room.start_recording()
    for _ in range(50):
        for verb in ("pause", "resume"):
            await room.control(verb, recording)
            await busy.event("video.recording.updated")
    for _ in range(100):
        message = await silent.socket.read()
        assert message is not None
        assert json.loads(message.payload)["method"] == "signalwire.event"


async def test_server_ends_even_if_somebody_never_reads(serve: Any, dial: Connect) -> None:
    server = serve()
    slow = await dial(server.url, receive_buffer=RECEIVE_BUFFER)
    good = await dial(server.url)
    await slow.socket.write(flood(STALLING_CALLS, id_size=1_000))
    await good.sync()
    server.process.send_signal(signal.SIGTERM)
    assert await good.socket.close_code() == 1001
    assert await asyncio.to_thread(server.process.wait, 10) == 0
