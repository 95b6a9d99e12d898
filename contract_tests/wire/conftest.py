"""Wire tests: black box, through sockets, against a mock of their own or against ``--target``."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from contract_tests.conftest import ServerProcess

from . import processes
from .client import Client
from .sockets import Socket

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
async def connect(target: Target) -> AsyncIterator[Connect]:
    """Connects clients: ``await connect(project=…, token=…, url=…, path=…)``, all optional."""
    sockets: list[Socket] = []

    async def connect(
        *,
        project: str | None = None,
        token: str | None = None,
        url: str | None = None,
        path: str = "",
        authenticated: bool = True,
        receive_buffer: int | None = None,
        protocol: str | None = None,
    ) -> Client:
        socket = await Socket.open((url or target.url) + path, receive_buffer=receive_buffer)
        sockets.append(socket)
        client = Client(socket)
        if authenticated:
            more = {} if protocol is None else {"protocol": protocol}
            answer = await client.connect(
                project or target.project, token or target.token, **more
            )
            assert "result" in answer, answer
        return client

    yield connect
    for socket in sockets:
        socket.abort()


def pytest_runtest_setup(item: pytest.Item) -> None:
    mark = item.get_closest_marker(ONLY_MOCK)
    url = item.config.getoption("--target")
    if mark is not None and url is not None:
        (reason,) = mark.args
        pytest.skip(f"only for the mock: {reason}; --target is {url}")
