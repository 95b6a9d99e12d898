"""The Node example, as a user runs it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .copies import EXAMPLES, commands, copy, run, spoil

NO_FAILURE = re.compile(r"^\W fail 0$", re.MULTILINE)
"""How Node's test runner ends its report; the sign before it depends on its version."""


@pytest.fixture(scope="module")
def npm() -> str:
    """Where npm is."""
    found = shutil.which("npm")
    if found is None:
        reason = "no npm on the PATH: the example needs Node 20"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def dependencies(npm: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the example depends on, installed once."""
    example = copy("node-test", tmp_path_factory.mktemp("installed"))
    done = run(npm, "ci", "--no-audit", "--no-fund", cwd=example)
    assert done.returncode == 0, f"npm ci failed:\n{done.stdout}\n{done.stderr}"
    return example / "node_modules"


@pytest.fixture
def example(dependencies: Path, tmp_path: Path) -> Path:
    example = copy("node-test", tmp_path)
    (example / "node_modules").symlink_to(dependencies, target_is_directory=True)
    return example


def run_tests(example: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return run(
        sys.executable, "-m", "mockserver", "run", *options, "--", "npm", "test", cwd=example
    )


def test_passes(example: Path) -> None:
    assert {"npm ci", "python -m mockserver run -- npm test"} <= set(commands(example))
    ended = run_tests(example, "--trace", "trace.jsonl")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert NO_FAILURE.search(ended.stdout)
    frames = [json.loads(line) for line in (example / "trace.jsonl").read_text().splitlines()]
    assert len({each["space"] for each in frames}) > 1, "each test has a space of its own"


def test_fails_with_the_exit_code_of_npm_when_the_application_is_broken(example: Path) -> None:
    spoil(example / "src" / "recorder.js", "seconds: duration", "seconds: duration + 1")
    ended = run_tests(example)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert not NO_FAILURE.search(ended.stdout)
    assert "contract is broken" not in ended.stderr


def test_says_what_to_do_without_a_mock(example: Path, npm: str) -> None:
    ended = run(npm, "test", cwd=example)
    assert ended.returncode == 1
    assert "python -m mockserver run -- npm test" in ended.stdout + ended.stderr


def test_the_lock_file_names_no_registry() -> None:
    locked = json.loads((EXAMPLES / "node-test" / "package-lock.json").read_text())
    assert [name for name, each in locked["packages"].items() if "resolved" in each] == []


def test_what_init_writes_for_node_runs(dependencies: Path, tmp_path: Path) -> None:
    """In a folder that has the vendor's client, as ``npm install`` would put it there."""
    (tmp_path / "node_modules").symlink_to(dependencies, target_is_directory=True)
    said = run(sys.executable, "-m", "mockserver", "init", "node", cwd=tmp_path).stdout
    test = said.rstrip().splitlines()[-1].split()
    assert test[0] == "python"
    ended = run(sys.executable, *test[1:], cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert NO_FAILURE.search(ended.stdout)
