"""The fault restart: the port is closed for a time of real seconds, and then open as before."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from client_stub import SignalWire
from contract_tests.shared.client import Client
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.sockets import Socket, handshake, open_tcp
from mockserver.listening import SocketAddress
from mockserver.server import Server
from mockserver.server.tls import Tls

from .conftest import Join, ServeHere
from .test_faults import space_of, until
from .test_listening import needs_ipv6

OpenSocket = Callable[..., Awaitable[Socket]]


@pytest.fixture(params=["plain", "tls"])
def tls(request: pytest.FixtureRequest) -> Tls | None:
    return Tls() if request.param == "tls" else None


@pytest.fixture
async def server(serve_here: ServeHere) -> Server:
    """A server on whose clocks nothing moves by itself: the time of a restart is real."""
    return await serve_here(clock="manual")


def at(server: Server) -> list[SocketAddress]:
    return [(each.host, each.port) for each in server.sockets.addresses]


def answers(address: SocketAddress) -> bool:
    """Whether somebody listens at an address; if not, the system refuses connections to it."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as probe:
        error = probe.connect_ex(address)
    assert error in (0, errno.ECONNREFUSED), errno.errorcode[error]
    return error == 0


async def until_open(server: Server) -> None:
    await until(lambda: all(map(answers, at(server))))


def notes(server: Server, name: str = "a-project") -> list[bytes]:
    journal = space_of(server, name).journal
    return [each.data for each in journal.raw() if each.direction == "note"]


async def test_the_port_is_closed_for_a_time(server: Server, join: Join) -> None:
    client, url = await join(server), server.url
    space = space_of(server)
    space.faults.inject("restart", closed_for="20ms")
    # Nothing is awaited until here, so the time cannot be over yet.
    assert not answers(*at(server))
    assert [each.fault.name for each in space.faults.active] == ["restart"]
    assert await client.socket.close_code() == 1012
    await until_open(server)
    assert server.url == url
    assert space.faults.active == []
    again = await join(server, protocol=client.connected["protocol"])
    assert again.connected["protocol"] != client.connected["protocol"]
    assert notes(server) == [
        b"fault 1, restart (closed_for: 20ms), begins",
        b"fault 1, restart (closed_for: 20ms), is over",
    ]


@needs_ipv6
async def test_every_address_is_closed_and_open_again(serve_here: ServeHere, join: Join) -> None:
    server = await serve_here(host="localhost")
    await join(server)
    before = server.addresses
    space_of(server).faults.inject("restart", closed_for="1m")
    assert [answers(each) for each in at(server)] == [False, False]
    space_of(server).faults.withdraw()
    assert [answers(each) for each in at(server)] == [True, True]
    assert server.addresses == before
    await join(server)


async def test_ended_early_it_opens_at_once(server: Server, join: Join) -> None:
    await join(server)
    space_of(server).faults.inject("restart", closed_for="1m")
    with pytest.raises(ConnectionRefusedError):
        await open_tcp(server.url)
    server.spaces.control("a-project").end_fault()
    assert answers(*at(server))
    await join(server)


async def test_the_end_of_its_space_ends_it(server: Server, join: Join) -> None:
    await join(server)
    space_of(server).faults.inject("restart", closed_for="1m")
    server.spaces.delete("a-project")
    await join(server)


async def test_connections_that_there_are_stay(server: Server, join: Join) -> None:
    """Those of other spaces, and those of the control API: by one of them it is injected."""
    await join(server)
    other = await join(server, "another-project")
    faults = f"{server.http_url}/__mock__/spaces/a-project/faults"
    one = aiohttp.TCPConnector(limit=1, ssl=ssl.create_default_context())
    async with aiohttp.ClientSession(connector=one) as http:
        given = {"name": "restart", "parameters": {"closed_for": "1m"}}
        async with http.post(faults, json=given) as response:
            assert response.status == 201
            number = (await response.json())["number"]
        assert not answers(*at(server))
        await other.sync()
        async with http.get(faults) as response:
            assert [each["struck"] for each in (await response.json())["faults"]] == [1]
        async with http.delete(f"{faults}/{number}") as response:
            assert response.status == 204
    assert answers(*at(server))
    await other.sync()


async def test_nobody_gets_in_by_an_earlier_connection(server: Server, join: Join) -> None:
    await join(server)
    reader, writer = await open_tcp(server.url)
    space_of(server).faults.inject("restart", closed_for="1m")
    writer.write(handshake(server.url))
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.transport.abort()


async def test_of_two_the_last_that_is_over_opens_the_port(server: Server, join: Join) -> None:
    await join(server)
    await join(server, "another-project")
    one, another = space_of(server), space_of(server, "another-project")
    one.faults.inject("restart", closed_for="1m")
    one.faults.inject("restart", closed_for="1m")
    another.faults.inject("restart", closed_for="1m")
    another.faults.withdraw()
    one.faults.withdraw(1)
    assert not answers(*at(server))
    one.faults.withdraw(2)
    assert answers(*at(server))
    # And once more, before the first connection has been accepted.
    one.faults.inject("restart", closed_for="1m")
    assert not answers(*at(server))
    one.faults.withdraw()
    await join(server)


def take(address: SocketAddress) -> socket.socket:
    """Listen where the server did, as another program."""
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind(address)
    taken.listen()
    return taken


async def test_a_port_that_another_program_took_is_tried_again(
    server: Server, join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    await join(server)
    space_of(server).faults.inject("restart", closed_for="1m")
    with take(*at(server)):
        space_of(server).faults.withdraw()
        (told,) = [each for each in caplog.records if each.levelno == logging.ERROR]
        assert told.getMessage() == (
            f"cannot listen on {server.addresses[0]} again: Address already in use. Another "
            "program has taken the port while a fault kept it closed; it is tried again until it "
            "is free"
        )
    async with asyncio.timeout(PATIENCE_S):
        while server.sockets.has_fault_at_door:
            await asyncio.sleep(0.01)
    await join(server)
    assert server.bugs == []


async def test_a_restart_while_the_port_cannot_be_had(server: Server, join: Join) -> None:
    await join(server)
    faults = space_of(server).faults
    faults.inject("restart", closed_for="1m")
    with take(*at(server)):
        faults.withdraw()
        faults.inject("restart", closed_for="1m")
    faults.withdraw()
    await join(server)


@pytest.mark.parametrize("taken", [False, True], ids=["closed", "taken"])
async def test_a_server_stops_while_its_port_is_closed(
    taken: bool, server: Server, join: Join
) -> None:
    await join(server)
    (address,) = at(server)
    space_of(server).faults.inject("restart", closed_for="1m")
    if taken:
        with take(address):
            space_of(server).faults.withdraw()
            await server.stop()
    else:
        await server.stop()
    assert not answers(address)
    take(address).close()


@pytest.mark.parametrize("fault", ["restart", "redeploy"])
async def test_by_a_token_once_in_a_space(
    fault: str, server: Server, open_socket: OpenSocket
) -> None:
    """A client that has got its session loses it once, and comes back with the same token."""
    first = Client(await open_socket(server))
    answer = await first.connect("a-project", f"fault:{fault}")
    assert "result" in answer
    assert space_of(server).sessions == {}
    assert await first.socket.close_code() == 1012
    space_of(server).faults.withdraw()
    second = Client(await open_socket(server))
    assert "result" in await second.connect("a-project", f"fault:{fault}")
    await second.sync()


async def test_by_a_scenario(serve_here: ServeHere, join: Join, tmp_path: Path) -> None:
    path = tmp_path / "restarted.yaml"
    path.write_text(
        "scenario: restarted\nabout: The service is restarted.\nrooms:\n  lobby: {}\nscript:\n"
        "  - when: {subscribed: video.rooms}\n    do: {fault: {restart: {closed_for: 1m}}}\n"
    )
    server = await serve_here(clock="manual", scenario=path)
    client = await join(server)
    await client.call(
        "signalwire.subscribe", event_channel="video.rooms", events=["video.room.started"]
    )
    assert await client.socket.close_code() == 1012
    assert not answers(*at(server))
    space_of(server).faults.withdraw()


async def test_the_stub_comes_back(server: Server) -> None:
    """It tries again until the port is open, and listens again."""
    started = asyncio.Event()
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context())
    async with (
        aiohttp.ClientSession(connector=connector) as http,
        await SignalWire(
            project="a-project",
            token="any",
            host=server.url,
            reconnect_delay=0.01,
            http_session=http,
        ) as client,
    ):
        await client.video.listen(on_room_started=lambda room: started.set())
        space = space_of(server)
        (first,) = space.sessions
        space.faults.inject("restart", closed_for="30ms")
        await until(lambda: space.subscriptions.count > 0)
        assert first not in space.sessions
        control = server.spaces.control("a-project")
        await control.video.start_room("lobby", wait=False)
        await control.advance(1)
        async with asyncio.timeout(PATIENCE_S):
            await started.wait()
