"""Fuzz without a server: `decode`, and the gate with the whole engine behind it."""

from __future__ import annotations

import sys
from collections.abc import Callable

import orjson
import pytest

from contract_tests.simulation.clients import ALL_ROOMS
from contract_tests.simulation.world import S, World
from mockserver import schemas
from mockserver.protocol import catalogue, codec
from mockserver.protocol.errors import ProtocolError
from mockserver.protocol.frames import Frame

from .mutations import Mutator, frames, resident_bytes, scaled

MEGABYTE = 2**20

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")

Record = Callable[[str, object], None]


@needs_proc
def test_decode_gives_a_frame_or_says_what_is_wrong(record_property: Record) -> None:
    count = scaled(1_000_000)
    accepted = 0
    mutator = Mutator(1, frames())

    def decode(number: int) -> None:
        nonlocal accepted
        for text in mutator.take(number):
            frame, problem = read(text)
            if frame is not None:
                accepted += 1
                assert codec.decode(codec.encode(frame)) == frame
            else:
                assert problem is not None
                assert problem.message
                assert orjson.dumps(problem.as_answer())

    decode(count // 10)
    before = resident_bytes()
    decode(count - count // 10)
    grown = resident_bytes() - before
    assert 0.1 * count < accepted < 0.9 * count, "the inputs are nearly all good, or nearly all bad"
    assert grown < 8 * MEGABYTE
    record_property(
        "figure",
        f"fuzz, decode: {count} inputs, {accepted} of them frames, "
        f"memory {grown / MEGABYTE:+.1f} MiB after the first tenth",
    )


def read(text: bytes) -> tuple[Frame | None, ProtocolError | None]:
    """The frame, or what is wrong with it."""
    try:
        return codec.decode(text), None
    except ProtocolError as problem:
        return None, problem


CONNECT = {
    "jsonrpc": "2.0",
    "id": "connect",
    "method": "signalwire.connect",
    "params": {
        "version": {"major": 3, "minor": 0, "revision": 0},
        "authentication": {"project": "north", "token": "t"},
    },
}


@needs_proc
def test_whatever_a_client_sends_its_valid_calls_are_answered(record_property: Record) -> None:
    count = scaled(200_000)
    world = World(1, projects=("north",), cast=())
    world.start_room("north", members=3)
    mutator = Mutator(2, own_frames(world))
    reconnects = -1
    socket = None
    before = resident_bytes()
    for number, text in enumerate(mutator.take(count)):
        if number == count // 10:
            before = resident_bytes()
        if number % 20 == 0:
            if not world.video("north").rooms:
                world.start_room("north", members=3)
            world.wait(S)
            world.entries.clear()
            world.space("north").journal.clear()
        if socket is None or not socket.is_usable or socket.connection.session is None:
            reconnects += 1
            socket = world.open()
            socket.send(orjson.dumps(CONNECT))
            assert any(orjson.loads(each).get("result") for each in socket.read())
        socket.send(text)
        socket.read()
        if socket.is_usable and socket.connection.session is not None:
            call = {"jsonrpc": "2.0", "id": f"call {number}", "method": "video.rooms.get"}
            socket.send(orjson.dumps({**call, "params": {}}))
            answers = [orjson.loads(each) for each in socket.read()]
            assert [each["result"]["code"] for each in answers if each.get("id") == call["id"]] == [
                "200"
            ], text
    assert world.found == []
    grown = resident_bytes() - before
    assert grown < 16 * MEGABYTE
    record_property(
        "figure",
        f"fuzz, gate and engine: {count} frames, each followed by a valid call that was answered, "
        f"{reconnects} goodbyes, memory {grown / MEGABYTE:+.1f} MiB after the first tenth",
    )


def own_frames(world: World) -> list[bytes]:
    """The clients' frames of the shipped traces, but about the room that there is here."""
    [room] = world.video("north").rooms.values()
    recording = world.video("north").start_media(room, "recording")
    found = []
    for text in frames("to_server"):
        frame = orjson.loads(text)
        params = frame.get("params", {})
        if "room_session_id" in params:
            params["room_session_id"] = room.id
        if "recording_id" in params:
            params["recording_id"] = recording.id
        if "event_channel" in params and params["event_channel"] != ALL_ROOMS:
            params["event_channel"] = room.channel
        found.append(orjson.dumps(frame))
    for method in sorted(catalogue.CLIENT_CALLS):
        examples = schemas.load(f"calls/{method}").get("examples", [{}])
        params = {**examples[0]}
        if "room_session_id" in params:
            params["room_session_id"] = room.id
        if "member_id" in params:
            params["member_id"] = next(iter(room.members))
        found.append(
            orjson.dumps({"jsonrpc": "2.0", "id": "x", "method": method, "params": params})
        )
    return found
