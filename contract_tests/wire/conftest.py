"""Wire tests: black box, through sockets, against a mock of their own or against ``--target``."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from contract_tests.shared import processes
from contract_tests.shared.client import Bystanders, Client
from contract_tests.shared.processes import ServerProcess
from contract_tests.shared.sockets import open_tcp

SPEED = 20.0
"""How fast the clock of the modules' servers runs."""

ONLY_MOCK = "only_the_mock"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{ONLY_MOCK}(reason): needs what no other server has; skipped with --target",
    )


@dataclass(frozen=True)
class Target:
    """The server under test, and who to be there.

    Attributes:
        url: where clients connect.
        project: a project of this test's own at the mock; the one that was given at ``--target``.
        token: the token that goes with it.
        mock: the process, when it is a mock of our own.
    """

    url: str
    project: str
    token: str
    mock: ServerProcess | None = None

    @property
    def is_mock(self) -> bool:
        return self.mock is not None


Connect = Callable[..., Awaitable[Client]]
DialTcp = Callable[[str], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


@pytest.fixture(scope="module")
def module_target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    url = request.config.getoption("--target")
    if url is not None:
        project, token = (request.config.getoption(name) for name in ("--project", "--token"))
        if not (project and token):
            pytest.fail("--target needs --project and --token", pytrace=False)
        yield Target(url, project, token)
        return
    folder = tmp_path_factory.mktemp("server")
    with processes.server("--speed", f"{SPEED:g}", folder=folder) as mock:
        yield Target(mock.url, "a-project", "a-token", mock)


@pytest.fixture
def target(request: pytest.FixtureRequest, module_target: Target) -> Target:
    """The server under test. At the mock, every test has a project of its own."""
    if not module_target.is_mock:
        return module_target
    return replace(module_target, project=re.sub(r"[^\w-]+", "-", request.node.name).lower())


@pytest.fixture
def mock(target: Target) -> ServerProcess:
    """The mock's process, for tests that are marked as only for the mock."""
    assert target.mock is not None
    return target.mock


@pytest.fixture
async def dial() -> AsyncIterator[Connect]:
    """Connects clients to any server: ``await dial(url, project, token)``."""
    clients: list[Client] = []

    async def dial(
        url: str,
        project: str = "a-project",
        token: str = "a-token",
        *,
        authenticated: bool = True,
        receive_buffer: int | None = None,
        **more: Any,
    ) -> Client:
        client = await Client.open(url, receive_buffer=receive_buffer)
        clients.append(client)
        if authenticated:
            answer = await client.connect(project, token, **more)
            assert "result" in answer, answer
        return client

    yield dial
    for client in clients:
        client.socket.abort()


@pytest.fixture
async def dial_tcp() -> AsyncIterator[DialTcp]:
    """Opens TCP connections on which nothing has been said: ``await dial_tcp(url)``."""
    writers: list[asyncio.StreamWriter] = []

    async def dial_tcp(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await open_tcp(url)
        writers.append(writer)
        return reader, writer

    yield dial_tcp
    for writer in writers:
        writer.transport.abort()


@pytest.fixture
def connect(target: Target, dial: Connect) -> Connect:
    """Connects clients to the target: ``await connect(project=…, token=…, path=…)``."""

    async def connect(
        *, project: str | None = None, token: str | None = None, path: str = "", **more: Any
    ) -> Client:
        url = target.url + path
        return await dial(url, project or target.project, token or target.token, **more)

    return connect


def pytest_runtest_setup(item: pytest.Item) -> None:
    mark = item.get_closest_marker(ONLY_MOCK)
    url = item.config.getoption("--target")
    if mark is not None and url is not None:
        (reason,) = mark.args
        pytest.skip(f"only for the mock: {reason}; --target is {url}")


@pytest.fixture
async def bystanders(target: Target, connect: Connect) -> Bystanders:
    """Somebody else in the same space and, at the mock, somebody in another."""
    others = Bystanders()
    await others.add(await connect(), in_room=target.is_mock)
    if target.is_mock:
        await others.add(await connect(project=f"{target.project}-elsewhere"), in_room=True)
    return others
