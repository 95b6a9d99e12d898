"""Messages that no client should send: each gets a clear answer, and nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any, NamedTuple

import pytest

from contract_tests.shared.client import Bystanders, Client
from contract_tests.shared.sockets import ABNORMAL, BINARY, CONTINUATION, TEXT, frame

from .conftest import Connect, Target

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
NOT_CONNECTED = -32002

MEGABYTES_10 = 10_000_000


def ping(**changes: Any) -> str:
    """A good call, with some of its keys changed; None for a key takes it away."""
    good = {"jsonrpc": "2.0", "id": "x", "method": "signalwire.ping", "params": {"timestamp": 1}}
    return json.dumps({key: value for key, value in {**good, **changes}.items() if value != "-"})


class Bad(NamedTuple):
    """A bad message, and the answer that it deserves: code, id, words in its message."""

    text: str
    code: int
    id: str | float | None
    words: tuple[str, ...]


BAD = {
    "empty": Bad("", PARSE_ERROR, None, ("empty",)),
    "blank": Bad(" \n ", PARSE_ERROR, None, ("empty",)),
    "not JSON": Bad("hello", PARSE_ERROR, None, ("not JSON", "line 1", "column 1", "'h'")),
    "cut short": Bad(ping()[:-5], PARSE_ERROR, None, ("not JSON", "end of the text")),
    "two in one": Bad(ping() + ping(), PARSE_ERROR, None, ("not JSON",)),
    "single quotes": Bad(ping().replace('"', "'"), PARSE_ERROR, None, ("not JSON",)),
    "NaN": Bad(ping().replace("1}", "NaN}"), PARSE_ERROR, None, ("not JSON", "'N'")),
    "number beyond all": Bad(ping().replace("1}", "1e999}"), PARSE_ERROR, None, ("infinity",)),
    "half a surrogate": Bad(ping(id="\ud800"), PARSE_ERROR, None, ("not JSON",)),
    "100 000 levels": Bad("[" * 100_000, PARSE_ERROR, None, ("depth",)),
    "a string": Bad('"hello"', INVALID_REQUEST, None, ("a string", "not an object")),
    "a number": Bad("5", INVALID_REQUEST, None, ("a number", "not an object")),
    "null": Bad("null", INVALID_REQUEST, None, ("null", "not an object")),
    "empty batch": Bad("[]", INVALID_REQUEST, None, ("batches",)),
    "batch": Bad(f"[{ping()}, {ping()}]", INVALID_REQUEST, None, ("batches", "of its own")),
    "no version": Bad(ping(jsonrpc="-"), INVALID_REQUEST, "x", ('"jsonrpc" is missing', '"2.0"')),
    "version 1": Bad(ping(jsonrpc="1.0"), INVALID_REQUEST, "x", ("1.0", '"2.0"')),
    "version is a number": Bad(ping(jsonrpc=2.0), INVALID_REQUEST, "x", ("number", '"2.0"')),
    "id is null": Bad(ping(id=None), INVALID_REQUEST, None, ("$.id", "null")),
    "id is true": Bad(ping(id=True), INVALID_REQUEST, None, ("$.id", "true")),
    "id is a fraction": Bad(ping(id=1.5), INVALID_REQUEST, 1.5, ("$.id", "1.5")),
    "id is an object": Bad(ping(id={"a": 1}), INVALID_REQUEST, None, ("$.id", "object")),
    "id too large": Bad(ping(id=2**60), INVALID_REQUEST, 2**60, ("$.id", str(2**60))),
    "no method": Bad(ping(method="-"), INVALID_REQUEST, "x", ("$.method", "nothing")),
    "method is a number": Bad(ping(method=5), INVALID_REQUEST, "x", ("$.method", "5")),
    "no params": Bad(ping(params="-"), INVALID_REQUEST, "x", ("$.params", "an object")),
    "params is a list": Bad(ping(params=[]), INVALID_REQUEST, "x", ("$.params", "list")),
    "1000 levels": Bad(
        ping(params={"timestamp": "?"}).replace('"?"', '{"a":' * 1000 + "1" + "}" * 1000),
        INVALID_REQUEST,
        "x",
        ("64",),
    ),
    "unknown method": Bad(
        ping(method="video.recording.strat"),
        METHOD_NOT_FOUND,
        "x",
        ("video.recording.strat", "video.recording.start"),
    ),
    "nobody's method": Bad(ping(method="\u0000"), METHOD_NOT_FOUND, "x", ("no method",)),
    "the server's own method": Bad(
        ping(method="signalwire.event"), METHOD_NOT_FOUND, "x", ("by the server",)
    ),
    "parameter missing": Bad(ping(params={}), INVALID_PARAMS, "x", ("timestamp", "a number")),
    "parameter of a wrong type": Bad(
        ping(method="video.recording.start", params={"room_session_id": 5}),
        INVALID_PARAMS,
        "x",
        ("$.params.room_session_id", "a string", "5"),
    ),
    "list of wrong types": Bad(
        ping(
            method="signalwire.subscribe",
            params={"event_channel": "video.rooms", "events": ["video.room.started", None]},
        ),
        INVALID_PARAMS,
        "x",
        ("$.params.events[1]", "null"),
    ),
    "megabyte of a parameter": Bad(
        ping(params={"timestamp": "y" * 1_000_000}), INVALID_PARAMS, "x", ("timestamp",)
    ),
}

REPLIES = {
    "acknowledgement of nothing": {"id": "never-sent", "result": {}},
    "acknowledgement of a number": {"id": 12345, "result": {}},
    "result is null": {"id": "never-sent", "result": None},
    "result and error": {"id": "never-sent", "result": {}, "error": {"code": 1, "message": ""}},
    "error": {"id": "never-sent", "error": {"code": -32601, "message": "no such method"}},
    "error without shape": {"id": "never-sent", "error": "no"},
    "no id": {"result": {}},
    "id is a list": {"id": [], "result": {}},
    "huge id": {"id": "z" * 500_000, "result": {}},
}


async def answer_to_anything(client: Client) -> dict[str, Any]:
    """The next frame, which must be an error."""
    answer = await client.receive()
    assert set(answer) == {"jsonrpc", "id", "error"}, answer
    return await client.answer(answer["id"])


@pytest.mark.parametrize("connected", [True, False], ids=["connected", "not connected"])
@pytest.mark.parametrize("bad", BAD.values(), ids=list(BAD))
async def test_bad_message_is_answered(
    bad: Bad, connected: bool, target: Target, connect: Connect, bystanders: Bystanders
) -> None:
    """With what was wrong with it, to the right id, and the socket stays good."""
    client = await connect(authenticated=connected)
    await client.socket.send_text(bad.text)
    answer = await answer_to_anything(client)
    assert (answer["error"]["code"], answer["id"]) == (bad.code, bad.id), answer
    message = answer["error"]["message"]
    assert len(message) < 1_000
    if target.is_mock:
        assert [word for word in bad.words if word not in message] == [], message
    if not connected:
        assert "result" in await client.connect(target.project, target.token)
    await client.sync()
    assert client.strays() == []
    await bystanders.go_on()


@pytest.mark.parametrize("connected", [True, False], ids=["connected", "not connected"])
@pytest.mark.parametrize("reply", REPLIES.values(), ids=list(REPLIES))
async def test_reply_to_nothing_is_passed_over(
    reply: dict[str, Any],
    connected: bool,
    target: Target,
    connect: Connect,
    bystanders: Bystanders,
) -> None:
    """An answer is never answered: two ends that did would never stop."""
    client = await connect(authenticated=connected)
    await client.send({"jsonrpc": "2.0", **reply})
    if not connected:
        await client.connect(target.project, target.token)
    await client.sync()
    assert client.strays() == []
    await bystanders.go_on()


NOTIFICATIONS = {
    "good but for its id": ping(id="-"),
    "unknown method": ping(id="-", method="no.such.method"),
    "bad parameters": ping(id="-", params={}),
    "no params": ping(id="-", params="-"),
}


@pytest.mark.parametrize("connected", [True, False], ids=["connected", "not connected"])
@pytest.mark.parametrize("text", NOTIFICATIONS.values(), ids=list(NOTIFICATIONS))
async def test_call_without_id_is_not_answered(
    text: str, connected: bool, target: Target, connect: Connect, bystanders: Bystanders
) -> None:
    """JSON-RPC calls it a notification. The journal says that it is not served."""
    client = await connect(authenticated=connected)
    await client.socket.send_text(text)
    if not connected:
        await client.connect(target.project, target.token)
    await client.sync()
    assert all(each.get("id") is not None for each in client.frames)
    if target.mock is not None and connected:
        [noted] = [each for each in target.mock.entries(target.project) if not each["valid"]]
        assert noted["direction"] == "to_server"
        assert "$.id" in noted["problem"]
    await bystanders.go_on()


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("video.rooms.get", {}),
        ("signalwire.ping", {"timestamp": 1.5}),
        ("signalwire.subscribe", {"event_channel": "video.rooms", "events": []}),
        ("video.recording.start", {"room_session_id": "r"}),
    ],
)
async def test_nothing_is_served_before_connect(
    method: str, params: dict[str, Any], target: Target, connect: Connect, bystanders: Bystanders
) -> None:
    client = await connect(authenticated=False)
    error = await client.error(method, **params)
    assert error["code"] == NOT_CONNECTED
    if target.is_mock:
        assert "signalwire.connect" in error["message"]
    assert "result" in await client.connect(target.project, target.token)
    await bystanders.go_on()


async def test_second_connect_is_refused(
    target: Target, connect: Connect, bystanders: Bystanders
) -> None:
    """One socket, one session: it stays who it was."""
    client = await connect()
    again = await client.connect(target.project, target.token)
    assert again["error"]["code"] == INVALID_REQUEST
    await client.sync()
    await bystanders.go_on()


@pytest.mark.parametrize("payload", [b"", ping().encode(), b"\x00\xff" * 1000], ids=len)
async def test_binary_message_is_answered(
    payload: bytes, target: Target, connect: Connect, bystanders: Bystanders
) -> None:
    client = await connect()
    await client.socket.send(BINARY, payload)
    answer = await answer_to_anything(client)
    assert (answer["error"]["code"], answer["id"]) == (INVALID_REQUEST, None)
    if target.is_mock:
        assert "binary" in answer["error"]["message"]
        assert str(len(payload)) in answer["error"]["message"]
    await client.sync()
    await bystanders.go_on()


async def test_id_is_repeated_as_it_came(connect: Connect) -> None:
    """However long, of whatever characters, and whether text or number."""
    client = await connect()
    for id in ("", " ", 'ä\u0000\n"\\🎥', "y" * 500_000, 0, -1, 2**53 - 1):
        await client.send(json.loads(ping(id=id)))
        answer = await client.answer(id)
        assert type(answer["id"]) is type(id)
        assert answer["result"] == {"timestamp": 1}


async def test_too_long_a_message_closes_with_1009(
    connect: Connect, bystanders: Bystanders
) -> None:
    """As soon as its length is known, which the frame says first: none of it is kept."""
    client = await connect()
    await client.socket.write(frame(TEXT, b"z" * MEGABYTES_10)[:1000])
    assert await client.socket.close_code() == 1009
    await bystanders.go_on()


@pytest.mark.parametrize("pieces", [1, 20])
async def test_whole_of_too_long_a_message_ends_its_own_connection_only(
    pieces: int, connect: Connect, bystanders: Bystanders
) -> None:
    """A client that goes on writing may find the connection reset before it can read why."""
    client = await connect()
    piece = b"z" * (MEGABYTES_10 // pieces)

    async def write() -> None:
        with contextlib.suppress(ConnectionError):
            for number in range(pieces):
                opcode = CONTINUATION if number else TEXT
                await client.socket.send(opcode, piece, final=number == pieces - 1)

    writing = asyncio.create_task(write())
    assert await client.socket.close_code() in (1009, ABNORMAL)
    await writing
    await bystanders.go_on()
