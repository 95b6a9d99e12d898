"""What several kinds of contract tests share: servers in processes of their own."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from contract_tests.shared import processes
from contract_tests.shared.processes import ServerProcess

for _number in (signal.SIGINT, signal.SIGHUP):
    # Under nohup the tests are told to ignore these, and so would be the servers and programs that
    # they start and end by them. A signal that is caught is back at its default in a new program.
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)


# The same inputs each time; and how long they take says more about the machine than about them.
settings.register_profile(
    "same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the wire tests be pointed at any server."""
    group = parser.getgroup("target", "the server that the wire tests are pointed at")
    group.addoption("--target", help="URL of a server (ws://… or wss://…); default: a fresh mock")
    group.addoption("--project", help="the project id to use with --target")
    group.addoption("--token", help="the token to use with --target")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests recorded as their property ``figure``, such as seeds."""
    figures = [
        value
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == "figure"
    ]
    if figures:
        terminalreporter.section("figures")
        for figure in figures:
            terminalreporter.write_line(str(figure))


Serve = Callable[..., ServerProcess]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start servers: ``serve("--speed", "20")``. Each must end without a bug of its own."""
    folders = (tmp_path / f"server-{number}" for number in range(1, 100))
    with ExitStack() as servers:

        def start(*arguments: str) -> ServerProcess:
            folder = next(folders)
            folder.mkdir()
            return servers.enter_context(processes.server(*arguments, folder=folder))

        yield start
