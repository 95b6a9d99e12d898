"""The WebSocket underneath: fragments, control frames, broken frames, and those who hang up."""

from __future__ import annotations

import json
import struct

import pytest

from contract_tests.shared.client import Bystanders
from contract_tests.shared.sockets import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    WireFrame,
    frame,
    handshake,
)

from .conftest import Connect, DialTcp, Target

CALL = (
    b'{"jsonrpc":"2.0","id":"x","method":"signalwire.ping","params":{"timestamp":1,"t":"\xc3\xa4"}}'
)


def closing(code: int, reason: bytes = b"") -> bytes:
    return struct.pack("!H", code) + reason


@pytest.mark.parametrize(
    "cuts",
    [
        [10],
        [0, len(CALL)],
        [CALL.index(b"\xa4")],
        list(range(1, len(CALL))),
    ],
    ids=["in two", "empty ends", "within a character", "byte by byte"],
)
async def test_fragments_are_one_message(
    cuts: list[int], connect: Connect, bystanders: Bystanders
) -> None:
    """Pings may come between them, and are answered at once."""
    client = await connect()
    ends = [*cuts, len(CALL)]
    for number, (start, end) in enumerate(zip([0, *cuts], ends, strict=True)):
        opcode = CONTINUATION if number else TEXT
        await client.socket.send(opcode, CALL[start:end], final=number == len(cuts))
        if number == 0:
            await client.socket.send(PING, b"between")
            assert await client.socket.read() == WireFrame(PONG, b"between")
    answer = await client.answer("x")
    assert answer["result"]["timestamp"] == 1
    await bystanders.go_on()


@pytest.mark.parametrize("payload", [b"", b"hello", b"\xff" * 125], ids=len)
async def test_ping_is_answered_with_its_payload(payload: bytes, connect: Connect) -> None:
    client = await connect(authenticated=False)
    await client.socket.send(PING, payload)
    assert await client.socket.read() == WireFrame(PONG, payload)


async def test_pong_that_nobody_asked_for_is_passed_over(connect: Connect) -> None:
    client = await connect()
    await client.socket.send(PONG, b"unasked")
    await client.sync()


@pytest.mark.parametrize("payload", [b"", closing(1000, b"bye"), closing(1001), closing(4000)])
async def test_close_is_answered(payload: bytes, connect: Connect, bystanders: Bystanders) -> None:
    client = await connect()
    await client.socket.send(CLOSE, payload)
    assert await client.socket.close_code() == 1000
    assert await client.socket.read() is None, "the server ends the connection after that"
    await bystanders.go_on()


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        pytest.param([frame(CONTINUATION, CALL)], 1002, id="continuation of nothing"),
        pytest.param(
            [frame(TEXT, b"{", final=False), frame(TEXT, CALL)], 1002, id="message in a message"
        ),
        pytest.param(
            [frame(BINARY, b"{", final=False), frame(TEXT, CALL)], 1002, id="text in a binary"
        ),
        pytest.param([frame(PING, b"x" * 126)], 1002, id="ping too long"),
        pytest.param([frame(PING, b"x", final=False)], 1002, id="half a ping"),
        pytest.param([frame(0x3, CALL)], 1002, id="unknown kind of message"),
        pytest.param([frame(0xB, b"")], 1002, id="unknown kind of control frame"),
        pytest.param([frame(0x40 | TEXT, CALL)], 1002, id="compressed, which was not agreed"),
        pytest.param([frame(0x10 | TEXT, CALL)], 1002, id="reserved bit"),
        pytest.param(
            [b"\x81\xff" + len(CALL).to_bytes(8) + bytes(4) + CALL], 1002, id="length in 8 bytes"
        ),
        pytest.param([b"\x81\xff" + b"\xff" * 8 + bytes(4)], 1002, id="length of 64 bits"),
        pytest.param([frame(CLOSE, closing(1005))], 1002, id="close code that is never sent"),
        pytest.param([frame(CLOSE, b"\x03")], 1002, id="half a close code"),
        pytest.param([frame(CLOSE, closing(1000, b"\xff"))], 1007, id="close reason no UTF-8"),
        pytest.param([frame(TEXT, b'"\xff"')], 1007, id="text no UTF-8"),
        pytest.param(
            [frame(TEXT, CALL.replace(b"\xc3\xa4", b"\xed\xa0\x80"))], 1007, id="surrogate in UTF-8"
        ),
        pytest.param(
            [frame(TEXT, b'"\xc3', final=False), frame(CONTINUATION, b'"')],
            1007,
            id="character cut off by fragments",
        ),
    ],
)
async def test_broken_frame_closes_with_its_code(
    frames: list[bytes], code: int, connect: Connect, bystanders: Bystanders
) -> None:
    """The codes are those of RFC 6455."""
    client = await connect()
    await client.socket.write(b"".join(frames))
    closed = await client.socket.read()
    assert closed is not None
    assert (closed.opcode, closed.payload[:2]) == (CLOSE, closing(code))
    await bystanders.go_on()


@pytest.mark.parametrize("size", [0, 1, 40, -1], ids=["nothing", "a byte", "half", "nearly all"])
async def test_hanging_up_within_the_handshake(
    size: int, target: Target, dial_tcp: DialTcp, bystanders: Bystanders
) -> None:
    _, writer = await dial_tcp(target.url)
    writer.write(handshake(target.url)[:size])
    await writer.drain()
    writer.transport.abort()
    await bystanders.go_on()


@pytest.mark.parametrize("size", [1, 5, 20, -1], ids=["head", "mask", "payload", "nearly all"])
async def test_hanging_up_within_a_frame(
    size: int, connect: Connect, bystanders: Bystanders
) -> None:
    client = await connect()
    await client.socket.write(frame(TEXT, CALL)[:size])
    client.socket.abort()
    await bystanders.go_on()


async def test_hanging_up_without_waiting_for_answers(
    connect: Connect, bystanders: Bystanders
) -> None:
    client = await connect()
    await client.socket.write(frame(TEXT, CALL) * 100)
    client.socket.abort()
    await bystanders.go_on()


@pytest.mark.parametrize("missing", ["Sec-WebSocket-Key", "Sec-WebSocket-Version", "Connection"])
async def test_handshake_that_lacks_something_is_refused(
    missing: str, target: Target, dial_tcp: DialTcp, bystanders: Bystanders
) -> None:
    reader, writer = await dial_tcp(target.url)
    writer.write(handshake(target.url, without=[missing]))
    status = await reader.readuntil(b"\r\n")
    assert status.startswith(b"HTTP/1.1 4"), status
    await bystanders.go_on()


async def test_no_http_at_all_is_refused(
    target: Target, dial_tcp: DialTcp, bystanders: Bystanders
) -> None:
    reader, writer = await dial_tcp(target.url)
    writer.write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
    status = await reader.readuntil(b"\r\n")
    assert status.startswith(b"HTTP/1."), status
    assert b" 400 " in status, status
    await bystanders.go_on()


async def test_answers_are_text_messages_of_one_object(connect: Connect) -> None:
    client = await connect()
    await client.socket.send_text(CALL)
    answer = await client.socket.read()
    assert answer is not None
    assert answer.opcode == TEXT
    assert json.loads(answer.payload) == {"jsonrpc": "2.0", "id": "x", "result": {"timestamp": 1}}
