"""A port that speaks TLS: whom it lets in, what it tells others, and what it leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
import trustme

from client_stub import SignalWire
from contract_tests.conftest import Serve
from contract_tests.run import runs
from contract_tests.shared import processes
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.sockets import TEXT, Socket, frame, handshake, open_tcp
from mockserver import MockServer, SyncMockServer
from mockserver.server import Server
from mockserver.server.environment import changes, environment
from mockserver.server.tls import TRUST, Tls, TlsError

from .conftest import Join, ServeHere

BEGINNING = b"\x16\x03\x01\x02\x00\x01"
"""Of the first message of a handshake, which says how long it is."""


@pytest.fixture
def tls() -> Tls | None:
    return Tls()


def told(server: Server) -> list[str]:
    return [message for message, _ in server.strangers]


async def until(happened: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not happened():
            await asyncio.sleep(0)


async def test_sockets_and_http_are_on_the_same_port(serve_here: ServeHere, join: Join) -> None:
    server = await serve_here()
    assert server.url.startswith("wss://127.0.0.1:")
    assert server.http_url == server.url.replace("wss://", "https://")
    client = await join(server)
    await client.sync()
    reader, writer = await open_tcp(server.url)
    writer.write(b"GET /__mock__/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.transport.abort()
    assert b" 200 " in head.splitlines()[0]
    assert json.loads(body)["status"] == "ok"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_the_made_certificate_is_valid_for_this_machine(
    host: str, serve_here: ServeHere
) -> None:
    server = await serve_here(host="0.0.0.0")
    opened = await Socket.open(server.url.replace("127.0.0.1", host))
    opened.abort()


async def test_what_comes_in_one_piece_with_the_handshake_is_not_lost(
    serve_here: ServeHere,
) -> None:
    server = await serve_here()
    reader, writer = await open_tcp(server.url)
    call = b'{"jsonrpc":"2.0","id":"early","method":"video.rooms.get","params":{}}'
    writer.write(handshake(server.url) + frame(TEXT, call))
    async with asyncio.timeout(PATIENCE_S):
        await reader.readuntil(b"\r\n\r\n")
        answer = await Socket(reader, writer).read()
    writer.transport.abort()
    assert answer is not None
    assert json.loads(answer.payload)["id"] == "early"


@pytest.mark.parametrize("body", [b"", b"x" * 1_000_000], ids=["short", "long"])
async def test_plain_http_gets_a_sentence(body: bytes, serve_here: ServeHere) -> None:
    server = await serve_here()
    reader, writer = await open_tcp(server.url.replace("wss://", "ws://"))
    head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    async with asyncio.timeout(PATIENCE_S):
        answer = (await reader.read()).decode()
    writer.transport.abort()
    assert answer.startswith("HTTP/1.1 400 ")
    [message] = told(server)
    assert answer.endswith(f"\r\n\r\n{message}\n")
    assert "wss://" in message


async def go_silently(host: str, port: int) -> None:
    """As asyncio does, and so aiohttp."""
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.open_connection(host, port, ssl=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


async def go_with_an_alert(host: str, port: int) -> None:
    """As curl, requests and most others do."""

    def connect() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with (
            socket.create_connection((host, port), timeout=PATIENCE_S) as plain,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            context.wrap_socket(plain, server_hostname=host)

    await asyncio.to_thread(connect)


@pytest.mark.parametrize("go", [go_silently, go_with_an_alert])
async def test_client_that_does_not_trust_is_told_of_with_the_remedy(
    go: Callable[[str, int], Awaitable[None]], serve_here: ServeHere
) -> None:
    server = await serve_here()
    host, port = server.url.removeprefix("wss://").split(":")
    await go(host, int(port))
    await until(lambda: told(server))
    [message] = told(server)
    assert f"NODE_EXTRA_CA_CERTS={server.ca_file} (Node)" in message


async def test_client_that_goes_after_the_handshake_is_told_of_too(serve_here: ServeHere) -> None:
    """Node checks a certificate after the handshake, so no alert says why it goes."""
    server = await serve_here()
    _, writer = await open_tcp(server.url)
    writer.close()
    await until(lambda: told(server))
    assert "seems not to trust" in told(server)[0]


async def test_broken_handshake_is_told_of(serve_here: ServeHere) -> None:
    server = await serve_here()
    _, writer = await open_tcp(server.url.replace("wss://", "ws://"))
    writer.write(b"\x16\x03\x01\x00\x05hello")
    await until(lambda: told(server))
    writer.transport.abort()
    assert told(server)[0].startswith("a TLS handshake failed: ")


@pytest.mark.parametrize("said", [b"", BEGINNING], ids=["nothing", "the beginning"])
async def test_handshake_that_does_not_come_to_its_end(said: bytes, serve_here: ServeHere) -> None:
    server = await serve_here(connect_timeout_s=0.05)
    reader, writer = await open_tcp(server.url.replace("wss://", "ws://"))
    writer.write(said)
    async with asyncio.timeout(PATIENCE_S):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.transport.abort()
    assert "0.05 s" in told(server)[0]


async def test_server_that_stops_cuts_a_handshake(serve_here: ServeHere) -> None:
    server = await serve_here()
    reader, writer = await open_tcp(server.url.replace("wss://", "ws://"))
    writer.write(BEGINNING)
    await until(lambda: server.sockets._arrivals)
    async with asyncio.timeout(PATIENCE_S):
        await server.stop()
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.transport.abort()


async def test_the_files_are_gone_with_the_server(serve_here: ServeHere) -> None:
    server = await serve_here()
    made, bundle = server.ca_file, server.trusted()
    assert made is not None
    assert bundle is not None
    assert bundle.parent == made.parent
    await server.stop()
    assert not made.parent.exists()


async def test_the_bundle_has_whom_programs_trust_already(
    serve_here: ServeHere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "theirs.pem"
    trustme.CA().cert_pem.write_to_path(str(theirs))
    server = await serve_here()
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(theirs))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "is not there"))
    bundle = server.trusted()
    assert bundle is not None
    assert server.ca_file is not None
    trusted = bundle.read_text()
    assert trusted.startswith(server.ca_file.read_text())
    assert theirs.read_text() in trusted
    wanted = environment(server.url, server.http_url, "p", "t", trusted=bundle)
    found = changes(dict.fromkeys(TRUST, "/before"), wanted)
    assert {found.set[name] for name in TRUST} == {str(bundle)}


# Certificates of files


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A certificate, its key and its authority; and ``other.pem``, the key of another one."""
    authority = trustme.CA()
    issued, other = authority.issue_cert("127.0.0.1"), authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    other.private_key_pem.write_to_path(str(tmp_path / "other.pem"))
    return tmp_path


@pytest.mark.parametrize("names", [("cert.pem", "key.pem"), ("both.pem", None)])
async def test_certificate_of_files(
    names: tuple[str, str | None], files: Path, serve_here: ServeHere, join: Join
) -> None:
    certificate, key = names
    tls = Tls(files / certificate, files / key if key else None, files / "ca.pem")
    server = await serve_here(tls=tls)
    assert server.ca_file == files / "ca.pem"
    await (await join(server)).sync()


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("cert.pem", "missing.pem"), ["missing.pem", "No such file"]),
        (("cert.pem", "other.pem"), ["cert.pem and ", "other.pem", "do not belong together"]),
        (("ca.pem", None), ["ca.pem", "private key"]),
    ],
)
async def test_files_that_are_of_no_use(
    names: tuple[str, str | None], words: list[str], files: Path, serve_here: ServeHere
) -> None:
    certificate, key = names
    with pytest.raises(TlsError) as caught:
        await serve_here(tls=Tls(files / certificate, files / key if key else None))
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_key_without_its_certificate(files: Path) -> None:
    ran = processes.run("--tls-key", str(files / "key.pem"), cwd=files)
    assert ran.returncode == 2
    assert ran.stderr == "mockserver: --tls-key belongs to --tls-cert, which was not given\n"


def test_the_extra_that_is_not_installed(tmp_path: Path) -> None:
    program = "import sys; sys.modules['trustme'] = None; from mockserver.cli import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", f"{program}", "--tls", "--port", "0"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert 'pip install "signalwire-mockserver[tls]"' in ran.stderr


# Where the authority is said


def test_ready_file_says_where_the_authority_is(serve: Serve) -> None:
    server = serve("--tls")
    assert server.ready["ca"] in server.log.read_text()
    context = ssl.create_default_context(cafile=server.ready["ca"])
    assert context.cert_store_stats()["x509_ca"] >= 1


def test_plain_server_has_none(serve: Serve) -> None:
    assert serve().ready["ca"] is None


STUB = """
import asyncio, os
from client_stub import SignalWire


async def main():
    host = os.environ["SIGNALWIRE_SPACE"]
    assert host.startswith("127.0.0.1:")
    async with await SignalWire(host=host) as client:
        await client.video.get_room_sessions()
        print(os.environ["MOCK_SIGNALWIRE_URL"])


asyncio.run(main())
"""


def test_a_program_of_run_trusts_it_by_its_environment(tmp_path: Path) -> None:
    """The stub is given a host without a scheme, as the documentation has it."""
    ran = runs.run("--tls", then=[sys.executable, "-c", STUB], cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("wss://127.0.0.1:")


async def test_handle_says_where_the_authority_is(monkeypatch: pytest.MonkeyPatch) -> None:
    async with MockServer(tls=True) as mock:
        assert mock.ca_file is not None
        assert mock.space("another").ca_file == mock.ca_file
        context = ssl.create_default_context(cafile=mock.ca_file)
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as http,
            await SignalWire(host=mock.url, project="p", token="t", http_session=http) as client,
        ):
            await client.video.get_room_sessions()
    async with MockServer() as mock:
        assert mock.ca_file is None


def test_blocking_handle_too() -> None:
    with SyncMockServer(tls=True) as mock:
        context = ssl.create_default_context(cafile=mock.ca_file)
        with urllib.request.urlopen(mock.http_url, timeout=PATIENCE_S, context=context) as response:
            assert response.status == 200
    with pytest.raises(TlsError), SyncMockServer(tls=Tls(Path("/not/there"))):
        pass


PLUGIN_TEST = """
import os, ssl, urllib.request


def test_it(signalwire_mock, signalwire_env):
    assert signalwire_mock.url.startswith("wss://")
    url = f"https://{os.environ['SIGNALWIRE_SPACE']}/__mock__/health"
    with urllib.request.urlopen(url, timeout=300) as response:
        assert response.status == 200
    own = open(signalwire_mock.ca_file).read()
    for name in ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        assert own in open(signalwire_env[name]).read()
"""


@pytest.mark.parametrize("place", ["option", "ini"])
def test_plugin(place: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PLUGIN_TEST)
    options = ["--signalwire-tls"]
    if place == "ini":
        pytester.makeini("[pytest]\nsignalwire_tls = true")
        options = []
    ran = pytester.runpytest_subprocess("-p", "no:cacheprovider", *options)
    ran.assert_outcomes(passed=1)
