"""What is used of aiohttp and not public: whether it is still there, and what happens if not."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web

from contract_tests.shared.sockets import TEXT, Socket, frame, handshake, open_tcp
from mockserver.server.sockets import private

from .conftest import ServeHere

CALL = b'{"jsonrpc":"2.0","id":"early","method":"video.rooms.get","params":{}}'

LOUD = (
    f"aiohttp {aiohttp.__version__} has changed what mockserver/server/sockets/private.py uses of "
    "it: mend that module, or lower the upper bound of aiohttp in pyproject.toml"
)


async def test_aiohttp_hands_over_what_it_has_read() -> None:
    """Asked without a socket, so that nothing but aiohttp can be the reason."""

    async def nothing(request: web.BaseRequest) -> web.StreamResponse:
        raise NotImplementedError

    handler = web.Server(nothing)()
    assert isinstance(handler, web.RequestHandler), LOUD
    assert hasattr(handler, "_message_tail"), LOUD
    handler._message_tail = b"read already"
    assert private.read_already(handler) == b"read already", LOUD


async def test_without_it_sockets_work_and_the_log_says_what_may_be_lost(
    serve_here: ServeHere,
    open_socket: Callable[..., Awaitable[Socket]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.delattr(web.RequestHandler, "set_parser")
    private._warn.cache_clear()
    server = await serve_here()
    with caplog.at_level(logging.WARNING, private.__name__):
        for _ in range(2):
            socket = await open_socket(server)
            await socket.send(TEXT, CALL)
            answer = await socket.read()
            assert answer is not None
            assert b'"early"' in answer.payload
    [told] = [each for each in caplog.records if each.name == private.__name__]
    assert "set_parser" in told.getMessage()


async def test_what_came_with_the_handshake_is_lost_then_and_nothing_else(
    serve_here: ServeHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(web.RequestHandler, "set_parser")
    server = await serve_here()
    reader, writer = await open_tcp(server.url)
    writer.write(handshake(server.url) + frame(TEXT, CALL))
    await reader.readuntil(b"\r\n\r\n")
    socket = Socket(reader, writer)
    await socket.send(TEXT, CALL.replace(b"early", b"later"))
    answer = await socket.read()
    assert answer is not None
    assert b'"later"' in answer.payload
    socket.abort()
