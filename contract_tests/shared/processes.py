"""``python -m mockserver`` in processes of its own: servers that stay, commands that end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract_tests.shared.patience import PATIENCE_S
from mockserver import contract

MODULE = [sys.executable, "-m", "mockserver"]

BUFFERED = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
"""What commands are run with: how Python writes to a pipe unless somebody told it otherwise."""


@dataclass
class ServerProcess:
    """A mock server in a process of its own; ``ready`` is what its ready file says."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    log: Path

    @property
    def url(self) -> str:
        """Where clients connect."""
        return str(self.ready["url"])

    @property
    def http(self) -> str:
        """Where the control API is."""
        return str(self.ready["http"])

    def get(self, path: str, **query: str) -> Any:
        """GET a JSON document of the server's."""
        url = f"{self.http}{path}?{urllib.parse.urlencode(query)}"
        ca_file = self.ready["ca"]
        context = ssl.create_default_context(cafile=ca_file) if ca_file else None
        with urllib.request.urlopen(url, timeout=PATIENCE_S, context=context) as response:
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
        return self.process.wait(timeout=PATIENCE_S)


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [*MODULE, *arguments],
        cwd=cwd,
        env=BUFFERED,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def spawn(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    """Start a server; what it prints goes to ``server.log`` in the folder."""
    with (folder / "server.log").open("w") as output:
        return subprocess.Popen(
            [*MODULE, *arguments],
            # Elsewhere than the checkout, so that what is installed is what is tested.
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )


@contextlib.contextmanager
def server(*arguments: str, folder: Path) -> Iterator[ServerProcess]:
    """A server that must end without a bug of its own; it is ready when this is entered.

    It may be stopped before this is left, with exit code 0 all the same.
    """
    ready, log = folder / "ready.json", folder / "server.log"
    process = spawn("--port", "0", "--ready-file", str(ready), *arguments, folder=folder)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not ready.exists():
            assert process.poll() is None, f"the server ended:\n{log.read_text()}"
            assert time.monotonic() < deadline, f"the server did not start:\n{log.read_text()}"
            time.sleep(0.01)
        told = json.loads(ready.read_text())
        assert told["pid"] == process.pid
        yield ServerProcess(process, told, log)
    finally:
        if process.poll() is None:
            process.terminate()
        code = process.wait(timeout=PATIENCE_S)
    assert code == 0, f"the server ended with exit code {code}:\n{log.read_text()}"
