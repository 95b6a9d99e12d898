"""What is used of aiohttp and not public: whether it is still there, and what happens if not."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import weakref
from collections.abc import Awaitable, Callable, Iterator

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.sockets import TEXT, Socket, frame, handshake, open_tcp
from mockserver.server.sockets import private, table
from mockserver.server.sockets.door import Door

from .conftest import ServeHere

CALL = b'{"jsonrpc":"2.0","id":"early","method":"video.rooms.get","params":{}}'

LOUD = (
    f"aiohttp {aiohttp.__version__} has changed what mockserver/server/sockets/private.py uses of "
    "it: mend that module, or lower the upper bound of aiohttp in pyproject.toml"
)


LOUD_PYTHON = (
    "this Python's transports refer to themselves by other attributes: name them in let_go, in "
    "mockserver/server/sockets/private.py"
)


@pytest.fixture
def no_search_for_garbage() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_search_for_garbage")
async def test_transport_that_was_let_go_is_no_garbage() -> None:
    """Asked without a server, so that nothing but Python can be the reason."""
    lost = asyncio.Event()

    class Waiting(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            lost.set()

    ours, theirs = socket.socketpair()
    with theirs:
        transport, _ = await asyncio.get_running_loop().create_connection(Waiting, sock=ours)
        gone = weakref.ref(transport)
        transport.abort()
        await lost.wait()
        private.let_go(transport)
        del transport
    assert gone() is None, LOUD_PYTHON


@pytest.mark.usefixtures("no_search_for_garbage")
async def test_connection_that_has_ended_is_no_garbage(
    serve_here: ServeHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: list[weakref.ref[asyncio.BaseTransport]] = []

    class Watched(Door):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            gone.append(weakref.ref(transport))
            super().connection_made(transport)

    monkeypatch.setattr(table, "Door", Watched)
    server = await serve_here()
    client = await Socket.open(server.url)
    client.abort()
    reader, writer = await open_tcp(server.url)
    writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
    writer.close()
    assert len(gone) == 2
    async with asyncio.timeout(PATIENCE_S):
        while any(each() for each in gone):
            await asyncio.sleep(0)


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


def test_aiohttp_masks() -> None:
    assert private.mask_in_place is not None, LOUD
    data = bytearray(b"12345")
    private.mask_in_place(b"\x01\x00\x00\x02", data)
    assert data == b"02364", LOUD


@given(st.binary(max_size=200), st.binary(min_size=4, max_size=4))
def test_masks_without_it_in_the_same_way(payload: bytes, key: bytes) -> None:
    expected = bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))
    assert private.mask(payload, key) == private.mask(bytearray(payload), key) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(private, "mask_in_place", None)
        assert private.mask(payload, key) == private.mask(bytearray(payload), key) == expected
