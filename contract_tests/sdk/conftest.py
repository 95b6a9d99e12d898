"""Node, the vendor's clients, and a server to point them at."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from contract_tests.shared import processes

from .cases import SERVICE, VERSIONS, AllPlayed, play
from .runs import SPEED, NodeRunner, Server

HERE = Path(__file__).parent
INSTALL_S = 300
"""Seconds that the installation of the clients may take."""


@pytest.fixture(scope="session")
def node() -> NodeRunner:
    """Node with the vendor's clients, installed when they are missing or others are locked now."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        reason = f"no {'node' if found is None else 'npm'} on the PATH: the clients need Node 20"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    install(npm)
    return NodeRunner(found)


def install(npm: str) -> None:
    """Install the vendor's clients, unless they are there as they are locked."""
    stamp = HERE / "node_modules" / ".installed-from"
    locked = b"".join((HERE / f"package{each}.json").read_bytes() for each in ("", "-lock"))
    wanted = hashlib.sha256(locked).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    installed = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=INSTALL_S,
    )
    assert installed.returncode == 0, f"npm ci failed:\n{installed.stdout}\n{installed.stderr}"
    stamp.write_text(wanted)


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    """A server of the test's own, so that what it logs and how it ends belong to this test."""
    return serve("--speed", str(SPEED))


@pytest.fixture(scope="session")
def played(node: NodeRunner, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, AllPlayed]:
    """All cases of ``cases.yaml``, played once by each version of the client."""
    folders = [tmp_path_factory.mktemp(name) for name in ("demo", "service")]
    with (
        processes.server(folder=folders[0]) as demo,
        processes.server("--scenario", str(SERVICE), folder=folders[1]) as service,
    ):
        return {version: play(node, version, demo, service) for version in VERSIONS}
