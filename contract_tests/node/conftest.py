"""Node with the runners, and the helper where they find it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
HELPER = HERE.parents[1] / "node"
INSTALL_S = 300
PATIENCE_S = 120

Ran = subprocess.CompletedProcess[str]
RunNode = Callable[..., Ran]


@pytest.fixture(scope="session")
def node() -> str:
    """Where Node is, once all is installed."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        reason = "no Node or npm on the PATH: the helper needs Node 20"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    modules = HERE / "node_modules"
    stamp = modules / ".installed-from"
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        installed = subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=HERE,
            capture_output=True,
            text=True,
            timeout=INSTALL_S,
        )
        assert installed.returncode == 0, f"npm ci failed:\n{installed.stdout}\n{installed.stderr}"
        (modules / "signalwire-mockserver").symlink_to(HELPER, target_is_directory=True)
        stamp.write_text(wanted)
    return found


@pytest.fixture
def run_node(node: str) -> RunNode:
    """Run Node in a project: ``run_node("vitest", "…/vitest.mjs", "run", BREAK="1")``."""

    def run(project: str, *words: str, **variables: str) -> Ran:
        ours = ("PYTEST_", "NODE_TEST_", "MOCK_", "SIGNALWIRE_", "SW_")
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
        return subprocess.run(
            [node, *words],
            cwd=HERE / "projects" / project,
            env={
                **inherited,
                "NO_COLOR": "1",
                "SIGNALWIRE_MOCK_PYTHON": sys.executable,
                **variables,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    return run
