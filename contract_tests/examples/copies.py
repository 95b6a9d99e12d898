"""The examples, each copied to where nothing but what is installed can be found."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from contract_tests.shared.patience import PATIENCE_S

EXAMPLES = Path(__file__).parents[2] / "examples"
LEFT_BEHIND = ("node_modules", "__pycache__", ".*_cache")


def copy(name: str, folder: Path) -> Path:
    """Copy an example into a folder, without what a run of it may have left behind."""
    ignored = shutil.ignore_patterns(*LEFT_BEHIND)
    return Path(shutil.copytree(EXAMPLES / name, folder / name, ignore=ignored))


def spoil(path: Path, right: str, wrong: str) -> None:
    """Put something wrong in the one place in a file where it is right."""
    text = path.read_text()
    assert text.count(right) == 1
    path.write_text(text.replace(right, wrong))


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, as a user would in that folder."""
    # What belongs to the run of these tests is not the user's.
    ours = ("PYTEST_", "NODE_TEST_", "COV_")
    inherited = {key: text for key, text in os.environ.items() if not key.startswith(ours)}
    return subprocess.run(
        words,
        cwd=cwd,
        env=inherited,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def commands(example: Path) -> list[str]:
    """The command lines that the README of an example shows."""
    lines = (example / "README.md").read_text().splitlines()
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
