"""What several kinds of contract tests share: servers in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mockserver import contract

for _number in (signal.SIGINT, signal.SIGHUP):
    # Under nohup the tests are told to ignore these, and so would be the servers and programs that
    # they start and end by them. A signal that is caught is back at its default in a new program.
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)

STARTUP_S = 30.0
"""How long a server may take to write its ready file; a machine may be very busy."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the wire tests be pointed at any server."""
    group = parser.getgroup("target", "the server that the wire tests are pointed at")
    group.addoption("--target", help="URL of a server (ws://… or wss://…); default: a fresh mock")
    group.addoption("--project", help="the project id to use with --target")
    group.addoption("--token", help="the token to use with --target")


@dataclass
class ServerProcess:
    """A mock server in a process of its own."""

    process: subprocess.Popen[str]
    url: str
    http: str
    log: Path

    def get(self, path: str, **query: str) -> Any:
        """GET a JSON document of the server's."""
        url = f"{self.http}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as response:
            return json.load(response)

    def entries(self, project: str) -> list[dict[str, Any]]:
        """The trace of a project's space."""
        journal = self.get("/__mock__/journal", project=project)
        assert journal["dropped"] == 0
        entries: list[dict[str, Any]] = journal["entries"]
        return entries

    def trace(self, project: str) -> contract.Trace:
        """The trace of a project's space, ready to be judged."""
        return contract.Trace.from_entries(self.entries(project))

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End the server by a signal; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=10)


Serve = Callable[..., ServerProcess]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start servers: ``serve("--speed", "20")``. Each must end without a bug of its own."""
    servers: list[ServerProcess] = []

    def start(*arguments: str) -> ServerProcess:
        number = len(servers)
        ready, log = tmp_path / f"ready-{number}.json", tmp_path / f"server-{number}.log"
        command = [sys.executable, "-m", "mockserver", "serve", "--port", "0"]
        with log.open("w") as output:
            process = subprocess.Popen(
                [*command, "--ready-file", str(ready), *arguments],
                # Elsewhere than the checkout, so that what is installed is what is tested.
                cwd=tmp_path,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        deadline = time.monotonic() + STARTUP_S
        while not ready.exists():
            assert process.poll() is None, f"the server ended:\n{log.read_text()}"
            assert time.monotonic() < deadline, f"the server did not start:\n{log.read_text()}"
            time.sleep(0.01)
        told = json.loads(ready.read_text())
        assert told["pid"] == process.pid
        server = ServerProcess(process, told["url"], told["http"], log)
        servers.append(server)
        return server

    yield start
    for server in servers:
        code = server.stop()
        assert code == 0, f"the server ended with exit code {code}:\n{server.log.read_text()}"
