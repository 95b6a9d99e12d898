"""Recording: everything passes byte for byte, all but tokens is kept, and it ends cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from contract_tests.shared import processes
from contract_tests.shared.client import Client
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.serving import serving
from contract_tests.shared.settings import settings
from contract_tests.shared.sockets import CLOSE, Socket
from mockserver import contract
from mockserver.protocol.secrets import mask_value
from mockserver.server import Server
from mockserver.server.tls import Tls
from mockserver.traces.record import Keeper, Proxy

Answer = Callable[[web.Request, web.WebSocketResponse], Awaitable[None]]

SECRET = "PT-very-secret"


@asynccontextmanager
async def application(
    url: str, **options: Any
) -> AsyncIterator[aiohttp.ClientWebSocketResponse[bool]]:
    """A client that is connected."""
    async with aiohttp.ClientSession() as http, http.ws_connect(url, **options) as ws:
        yield ws


class Recorder:
    """A proxy in the tests' own loop, what it has kept, and what it has said."""

    def __init__(self, to: str) -> None:
        self.file = io.BytesIO()
        self.said: list[str] = []
        self.lost: list[OSError] = []
        keeper = Keeper(self.file)
        self.proxy = Proxy(to, keeper, tell=self.said.append, lost=self.lost.append)

    def application(
        self, **options: Any
    ) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse[bool]]:
        """An application that connects to it."""
        return application(self.proxy.url, **options)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.getvalue().splitlines()]

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if "note" not in line]

    @property
    def notes(self) -> list[str]:
        return [line["note"] for line in self.lines if "note" in line]

    @property
    def trace(self) -> contract.Trace:
        return contract.Trace.from_entries(self.lines)


@asynccontextmanager
async def recording(to: str) -> AsyncIterator[Recorder]:
    recorder = Recorder(to)
    await recorder.proxy.start()
    try:
        yield recorder
    finally:
        await recorder.proxy.stop()


@asynccontextmanager
async def upstream(answer: Answer, **options: Any) -> AsyncIterator[str]:
    """A server that lets a test do with each connection what it likes."""

    async def accept(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(max_msg_size=0, **options)
        await ws.prepare(request)
        await answer(request, ws)
        return ws

    app = web.Application()
    app.router.add_get("/{path:.*}", accept)
    async with serving(app) as address:
        yield f"ws://{address}"


@asynccontextmanager
async def through(answer: Answer, **options: Any) -> AsyncIterator[Recorder]:
    """A recorder with such a server behind it."""
    async with upstream(answer, **options) as to, recording(to) as recorder:
        yield recorder


async def echo(_request: web.Request, ws: web.WebSocketResponse) -> None:
    async for message in ws:
        if message.type is WSMsgType.TEXT:
            await ws.send_str(message.data)
        else:
            await ws.send_bytes(message.data)


class TestMessages:
    @pytest.mark.parametrize(
        "text",
        [
            ' {"jsonrpc" :\t"2.0",\n"b":1, "b":2, "x":1.0e3, "u":"\\u00e9é"} ',
            "no JSON",
            "[1, 2]",
            "",
            '{"big": "' + "x" * 3_000_000 + '"}',
        ],
        ids=["odd spelling", "no JSON", "no object", "empty", "three megabytes"],
    )
    async def test_texts_pass_as_they_are(self, text: str) -> None:
        async with through(echo) as recorder, recorder.application(max_msg_size=0) as ws:
            await ws.send_str(text)
            assert await ws.receive_str() == text
        there, back = recorder.entries
        assert (there["direction"], back["direction"]) == ("to_server", "to_client")
        if there["frame"] is None:
            assert there["text"] == back["text"] == text
        else:
            assert there["frame"] == back["frame"] == json.loads(text)

    async def test_binary_and_pings_pass(self) -> None:
        pinged: asyncio.Queue[bytes] = asyncio.Queue()

        async def answer(_request: web.Request, ws: web.WebSocketResponse) -> None:
            while (message := await ws.receive()).type is not WSMsgType.CLOSE:
                if message.type is WSMsgType.PING:
                    pinged.put_nowait(message.data)
                    await ws.pong(message.data)
                else:
                    await ws.send_bytes(message.data)
            await ws.close()

        by_hand = {"autoping": False, "autoclose": False}
        async with (
            through(answer, **by_hand) as recorder,
            recorder.application(autoping=False) as ws,
        ):
            await ws.send_bytes(b"\x00\xff")
            assert await ws.receive_bytes() == b"\x00\xff"
            await ws.ping(b"marco")
            assert await pinged.get() == b"marco"
            message = await ws.receive()
            assert (message.type, message.data) == (WSMsgType.PONG, b"marco")
        assert [entry["text"] for entry in recorder.entries] == ["(binary, 2 bytes)"] * 2

    async def test_the_handshake_passes(self) -> None:
        seen: asyncio.Queue[web.Request] = asyncio.Queue()

        async def answer(request: web.Request, ws: web.WebSocketResponse) -> None:
            seen.put_nowait(request)
            await echo(request, ws)

        async with upstream(answer, protocols=("b",)) as to, recording(f"{to}/base/") as recorder:
            url = f"{recorder.proxy.url}/a%20b?c=d%2Fe"
            headers = {"Origin": "http://app.example", "User-Agent": "mine/1"}
            async with application(url, headers=headers, protocols=("a", "b")) as ws:
                assert ws.protocol == "b"
                request = await seen.get()
        assert request.raw_path in ("/base/a%20b?c=d%2Fe", "/base/a%20b?c=d/e")
        assert request.headers["Origin"] == "http://app.example"
        assert request.headers["User-Agent"] == "mine/1"
        assert request.headers["Host"] == to.removeprefix("ws://")


class TestClosing:
    async def test_codes_of_the_server_pass(self) -> None:
        async def answer(_request: web.Request, ws: web.WebSocketResponse) -> None:
            await ws.close(code=4321, message=b"enough")

        async with through(answer) as recorder:
            client = await Socket.open(recorder.proxy.url)
            message = await client.read()
            assert message is not None
            assert (message.opcode, message.close_code) == (CLOSE, 4321)
            assert message.payload[2:] == b"enough"
            client.abort()
        assert recorder.notes == ["connection of no session closed by the server with code 4321"]

    async def test_codes_of_the_application_pass(self) -> None:
        closed: asyncio.Future[tuple[int | None, Any]] = asyncio.get_running_loop().create_future()

        async def answer(_request: web.Request, ws: web.WebSocketResponse) -> None:
            message = await ws.receive()
            closed.set_result((message.data, message.extra))
            await ws.close(code=message.data)

        async with through(answer, autoclose=False) as recorder, recorder.application() as ws:
            await ws.close(code=4000, message=b"bye")
            assert await closed == (4000, "bye")
            assert ws.close_code == 4000
        assert recorder.notes == [
            "connection of no session closed by the application with code 4000"
        ]

    async def test_a_server_that_goes_without_a_word(self) -> None:
        async def answer(request: web.Request, ws: web.WebSocketResponse) -> None:
            await ws.receive()
            assert request.transport is not None
            request.transport.abort()

        async with through(answer) as recorder, recorder.application() as ws:
            await ws.send_str("go")
            message = await ws.receive(timeout=PATIENCE_S)
            assert message.type is not WSMsgType.CLOSE
            assert ws.close_code in (1006, 1000)
        assert recorder.notes == [
            "connection of no session closed by the server without a closing frame"
        ]

    async def test_an_application_that_goes_without_a_word(self) -> None:
        gone: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        async def answer(_request: web.Request, ws: web.WebSocketResponse) -> None:
            gone.set_result((await ws.receive()).type)

        async with through(answer) as recorder:
            client = await Socket.open(recorder.proxy.url)
            client.abort()
            assert await asyncio.wait_for(gone, PATIENCE_S) is not WSMsgType.CLOSE


class TestUpstream:
    async def test_that_cannot_be_reached_is_told(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            to = f"ws://127.0.0.1:{taken.getsockname()[1]}"
            async with recording(to) as recorder, aiohttp.ClientSession() as http:
                with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                    await http.ws_connect(recorder.proxy.url)
        assert refused.value.status == 502
        [said] = recorder.said
        assert said.startswith(f"cannot reach {to}")
        assert recorder.notes == [said]

    async def test_that_refuses_is_told_with_its_status(self) -> None:
        async def refuse(_request: web.Request, ws: web.WebSocketResponse) -> None:
            raise AssertionError("not reached: the recorder asks for a protocol")

        async with through(refuse) as recorder, aiohttp.ClientSession() as http:
            reply = await http.get(recorder.proxy.url.replace("ws:", "http:"))
            assert (reply.status, recorder.said) == (426, [])

    async def test_a_status_passes(self) -> None:
        async with serving(web.Application()) as address:
            to = f"ws://{address}"
            async with recording(to) as recorder, aiohttp.ClientSession() as http:
                with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                    await http.ws_connect(recorder.proxy.url)
        assert refused.value.status == 404
        assert recorder.said[0].startswith(f"{to} refuses: ")


@pytest.mark.parametrize("turns", range(6))
async def test_a_recorder_that_has_stopped_leaves_no_connection_open(turns: int) -> None:
    """Not even one that was being accepted: asyncio needs some turns of the loop for that."""
    async with recording("ws://127.0.0.1:9") as recorder:
        number = int(recorder.proxy.url.rpartition(":")[2])
        arriving = socket.create_connection(("127.0.0.1", number), PATIENCE_S)
        for _ in range(turns):
            await asyncio.sleep(0)
    with arriving, contextlib.suppress(ConnectionResetError):
        arriving.settimeout(0)
        assert arriving.recv(1) == b""


class TestConversation:
    """Two applications and the mock, with a recorder between."""

    async def test_is_kept_as_the_mock_saw_it_without_tokens(self) -> None:
        server = Server(settings(clock="manual", credentials={"shop": SECRET}))
        await server.start()
        try:
            async with recording(server.url) as recorder:
                clients = [await Client.open(recorder.proxy.url) for _ in range(2)]
                for client in clients:
                    await client.connect("shop", SECRET)
                    await client.subscribe("video.rooms", "video.room.started")
                await clients[0].call("video.rooms.get", token=SECRET, note=f"token: {SECRET}")
                await clients[1].call("video.rooms.get")
                for client in clients:
                    await client.sync()
                    client.socket.abort()
            seen = list(server.spaces["shop"].journal.entries())
        finally:
            await server.stop()
        assert SECRET.encode() not in recorder.file.getvalue()
        assert len(recorder.entries) >= 12
        assert contract.check(recorder.trace) == []
        kept = [
            [entry["frame"] for entry in recorder.entries if entry["session"] == name]
            for name in ("s1", "s2")
        ]
        known = [
            [mask_value(entry["frame"]) for entry in seen if entry["session"] == name]
            for name in ("s1", "s2")
        ]
        assert kept == known

    async def test_a_resumed_session_keeps_its_name(self) -> None:
        server = Server(settings())
        await server.start()
        try:
            async with recording(server.url) as recorder:
                first = await Client.open(recorder.proxy.url)
                protocol = (await first.connect("shop", "t"))["result"]["protocol"]
                first.socket.abort()
                second = await Client.open(recorder.proxy.url)
                await second.connect("shop", "t", protocol=protocol)
                third = await Client.open(recorder.proxy.url)
                await third.connect("shop", "t")
                for client in (second, third):
                    client.socket.abort()
        finally:
            await server.stop()
        names = [entry["session"] for entry in recorder.entries if entry["session"]]
        assert names == ["s1", "s1", "s2"]

    async def test_a_disk_that_is_full_is_told(self) -> None:
        class Full(io.BytesIO):
            def write(self, _data: Any) -> int:
                raise OSError(28, "No space left on device")

        lost: list[OSError] = []
        async with upstream(echo) as to:
            proxy = Proxy(to, Keeper(Full()), tell=print, lost=lost.append)
            await proxy.start()
            async with application(proxy.url) as ws:
                await ws.send_str("{}")
                assert await ws.receive_str() == "{}"
            await proxy.stop()
        assert {error.errno for error in lost} == {28}


@contextmanager
def command(
    *words: str, cwd: Path, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``record``, once it listens; gives its process and its address."""
    process = subprocess.Popen(
        [*processes.MODULE, "record", "--port", "0", *words],
        cwd=cwd,
        env={**processes.BUFFERED, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        assert first.startswith("recording: "), process.communicate()[1]
        yield process, first.split()[1]
    finally:
        process.kill()
        process.communicate()


class TestCommand:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    async def test_ends_cleanly_while_somebody_speaks(self, number: int, tmp_path: Path) -> None:
        async with upstream(echo) as to:
            with command("--to", to, "--out", "kept.jsonl", cwd=tmp_path) as (process, url):
                client = await Socket.open(url)
                await client.send_text('{"token": "PT1"}')
                assert await client.read() is not None
                process.send_signal(number)
                message = await client.read()
                assert message is not None
                assert message.close_code == 1001
                client.abort()
                out, err = await asyncio.to_thread(process.communicate)
        assert (process.returncode, err) == (0, "")
        assert out == "kept.jsonl: 2 frames of 0 sessions, 1 connection\n"
        trace = contract.load_trace(tmp_path / "kept.jsonl")
        assert [entry.frame for entry in trace] == [{"token": "***"}] * 2

    async def test_a_server_that_speaks_tls(self, tmp_path: Path) -> None:
        server = Server(settings(tls=Tls()))
        await server.start()
        trusted = server.trusted()
        assert trusted is not None
        try:
            assert server.url.startswith("wss://")
            words = ("--to", server.url, "--out", "kept.jsonl")
            with command(*words, cwd=tmp_path, SSL_CERT_FILE=str(trusted)) as (_, url):
                client = await Client.open(url)
                assert "result" in await client.connect("shop", SECRET)
                client.socket.abort()
            words = ("--to", server.url, "--out", "other.jsonl")
            with command(*words, cwd=tmp_path) as (process, url):
                async with aiohttp.ClientSession() as http:
                    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                        await http.ws_connect(url)
                process.terminate()
                _, err = await asyncio.to_thread(process.communicate)
        finally:
            await server.stop()
        assert len(contract.load_trace(tmp_path / "kept.jsonl")) == 2
        assert refused.value.status == 502
        assert f"mockserver: cannot reach {server.url}: " in err
        assert "certificate verify failed" in err

    async def test_never_replaces_a_file_unless_asked(self, tmp_path: Path) -> None:
        (tmp_path / "kept.jsonl").write_text("precious")
        words = ("--to", "ws://127.0.0.1:1", "--out", "kept.jsonl")
        ended = processes.run("record", *words, "--port", "0", cwd=tmp_path)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "kept.jsonl exists already: --overwrite replaces it" in ended.stderr
        assert (tmp_path / "kept.jsonl").read_text() == "precious"
        with command(*words, "--overwrite", cwd=tmp_path):
            assert (tmp_path / "kept.jsonl").read_text() == ""

    @pytest.mark.parametrize("to", ["host", "https://host", "wss://", "ws://host:x"])
    def test_an_address_that_is_none_is_told(self, to: str, tmp_path: Path) -> None:
        ended = processes.run("record", "--to", to, "--out", "t.jsonl", cwd=tmp_path)
        assert ended.returncode == 2
        assert f"expected wss://HOST or ws://HOST, found '{to}'" in ended.stderr

    def test_a_port_that_is_taken_is_told(self, tmp_path: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            words = ("--to", "ws://127.0.0.1:1", "--out", "t.jsonl", "--port", port)
            ended = processes.run("record", *words, cwd=tmp_path)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert f"cannot listen on 127.0.0.1 port {port}: " in ended.stderr
