"""``python -m mockserver`` in processes of its own: servers that stay, commands that end."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from contract_tests.conftest import STARTUP_S, ServerProcess

Run = Callable[..., "subprocess.CompletedProcess[str]"]

MODULE = [sys.executable, "-m", "mockserver"]


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [*MODULE, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=STARTUP_S,
        check=False,
    )


def start(*arguments: str, folder: Path) -> ServerProcess:
    """Start a server that somebody else stops; it is ready when this returns."""
    ready, log = folder / "ready.json", folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*MODULE, "--port", "0", "--ready-file", str(ready), *arguments],
            cwd=folder,
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
    return ServerProcess(process, told["url"], told["http"], log)


@contextlib.contextmanager
def server(*arguments: str, folder: Path) -> Iterator[ServerProcess]:
    """A server that must end without a bug of its own."""
    running = start(*arguments, folder=folder)
    try:
        yield running
    finally:
        code = running.stop()
    assert code == 0, f"the server ended with exit code {code}:\n{running.log.read_text()}"
