"""``python -m mockserver`` in processes of its own: servers that stay, commands that end."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from contract_tests.conftest import STARTUP_S, ServerProcess

MODULE = [sys.executable, "-m", "mockserver"]

BUFFERED = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
"""What commands are run with: how Python writes to a pipe unless somebody told it otherwise."""


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [*MODULE, *arguments],
        cwd=cwd,
        env=BUFFERED,
        capture_output=True,
        text=True,
        timeout=STARTUP_S,
        check=False,
    )


def spawn(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    """Start a server; what it prints goes to ``server.log`` in the folder."""
    with (folder / "server.log").open("w") as output:
        return subprocess.Popen(
            [*MODULE, *arguments],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )


@contextlib.contextmanager
def server(*arguments: str, folder: Path) -> Iterator[ServerProcess]:
    """A server that must end without a bug of its own; it is ready when this is entered."""
    ready, log = folder / "ready.json", folder / "server.log"
    process = spawn("--port", "0", "--ready-file", str(ready), *arguments, folder=folder)
    try:
        deadline = time.monotonic() + STARTUP_S
        while not ready.exists():
            assert process.poll() is None, f"the server ended:\n{log.read_text()}"
            assert time.monotonic() < deadline, f"the server did not start:\n{log.read_text()}"
            time.sleep(0.01)
        told = json.loads(ready.read_text())
        running = ServerProcess(process, told["url"], told["http"], log)
        yield running
    finally:
        process.terminate()
        code = process.wait(timeout=10)
    assert code == 0, f"the server ended with exit code {code}:\n{log.read_text()}"
