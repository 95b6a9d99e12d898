"""One port, on every address that the host stands for."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
from pathlib import Path

import pytest

from contract_tests.shared import processes
from contract_tests.shared.client import Client
from contract_tests.shared.sockets import Socket
from mockserver import listening

from .conftest import ServeHere


def has_loopback_of_version_6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_loopback_of_version_6(), reason="no IPv6 here")


@needs_ipv6
@pytest.mark.parametrize(
    ("host", "addresses", "url"),
    [
        ("localhost", ["127.0.0.1:{}", "[::1]:{}"], "ws://127.0.0.1:{}"),
        ("LocalHost", ["127.0.0.1:{}", "[::1]:{}"], "ws://127.0.0.1:{}"),
        ("", ["0.0.0.0:{}", "[::]:{}"], "ws://127.0.0.1:{}"),
        ("::", ["[::]:{}", "0.0.0.0:{}"], "ws://[::1]:{}"),
        ("0.0.0.0", ["0.0.0.0:{}"], "ws://127.0.0.1:{}"),
        ("127.0.0.1", ["127.0.0.1:{}"], "ws://127.0.0.1:{}"),
        ("::1", ["[::1]:{}"], "ws://[::1]:{}"),
    ],
)
async def test_addresses(host: str, addresses: list[str], url: str, serve_here: ServeHere) -> None:
    server = await serve_here(host=host)
    port = server.url.rpartition(":")[2]
    assert server.url == url.format(port)
    assert server.addresses == [each.format(port) for each in addresses]
    for address in addresses:
        reached = address.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]").format(port)
        client = Client(await Socket.open(f"ws://{reached}"))
        assert "result" in await client.connect("p", "t")
        client.socket.abort()


@needs_ipv6
async def test_port_that_is_free_on_one_address_only_is_not_taken(
    serve_here: ServeHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, ports = listening._socket, []

    def first_is_taken(
        family: socket.AddressFamily, address: listening.SocketAddress
    ) -> socket.socket:
        ports.append(address[1])
        if len(ports) == 2:
            raise OSError(errno.EADDRINUSE, "in use")
        return original(family, address)

    monkeypatch.setattr(listening, "_socket", first_is_taken)
    server = await serve_here(host="localhost")
    assert len(server.addresses) == 2
    assert ports[0] == ports[2] == 0


async def test_version_that_the_machine_lacks_is_left_out(
    serve_here: ServeHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = listening._socket

    def lacks_version_6(
        family: socket.AddressFamily, address: listening.SocketAddress
    ) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EADDRNOTAVAIL, "no such address")
        return original(family, address)

    monkeypatch.setattr(listening, "_socket", lacks_version_6)
    server = await serve_here(host="localhost")
    assert [each.startswith("127.0.0.1:") for each in server.addresses] == [True]
    with pytest.raises(OSError, match="no such address"):
        await serve_here(host="::1")


@needs_ipv6
def test_ready_file_names_all(tmp_path: Path) -> None:
    with processes.server("--host", "localhost", folder=tmp_path) as server:
        told = json.loads((tmp_path / "ready.json").read_text())
        port = told["url"].rpartition(":")[2]
        assert told["addresses"] == [f"127.0.0.1:{port}", f"[::1]:{port}"]
        assert f"127.0.0.1:{port} and [::1]:{port}" in server.log.read_text()


async def test_system_without_a_free_descriptor_accepts_later(
    serve_here: ServeHere, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    refused: list[socket.socket] = []

    class Exhausted(socket.socket):
        def accept(self) -> tuple[socket.socket, object]:
            if not refused:
                refused.append(self)
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return super().accept()

    monkeypatch.setattr(socket, "socket", Exhausted)
    monkeypatch.setattr(listening, "TRY_AGAIN_S", 0.01)
    server = await serve_here()
    monkeypatch.undo()
    client = Client(await Socket.open(server.url))
    assert "result" in await client.connect("p", "t")
    client.socket.abort()
    assert refused
    assert "no connection can be accepted for now: Too many open files" in caplog.text


async def test_loop_that_cannot_wait_for_a_socket_accepts_by_itself(
    serve_here: ServeHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows."""

    def add_reader(*arguments: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(asyncio.get_running_loop(), "add_reader", add_reader)
    server = await serve_here()
    client = Client(await Socket.open(server.url))
    assert "result" in await client.connect("p", "t")
    client.socket.abort()
    await server.stop()
    with pytest.raises(ConnectionRefusedError):
        await Socket.open(server.url)
