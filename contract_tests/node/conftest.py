"""Node with the runners, and the helper where they find it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contract_tests.shared.npm import install, program
from contract_tests.shared.patience import PATIENCE_S

HERE = Path(__file__).parent
HELPER = HERE.parents[1] / "node"
Ran = subprocess.CompletedProcess[str]
RunNode = Callable[..., Ran]


@pytest.fixture(scope="session")
def node() -> str:
    """Where Node is, once all is installed."""
    found = program("node", "the helper needs Node 20")
    helper = install(HERE, "the runners come from there") / "signalwire-mockserver"
    if not helper.is_symlink():
        helper.symlink_to(HELPER, target_is_directory=True)
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
