"""The Python example, as a user runs it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from .copies import commands, copy, run, spoil

PLUGIN = "mockserver.harness.pytest_plugin"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    return copy("python-pytest", tmp_path)


def run_tests(example: Path) -> subprocess.CompletedProcess[str]:
    is_installed = any(each.value == PLUGIN for each in entry_points(group="pytest11"))
    # Where the package is not installed, as in a checkout, nothing else makes the plugin known.
    plugin = [] if is_installed else ["-p", PLUGIN]
    return run(sys.executable, "-m", "pytest", *plugin, cwd=example)


def test_passes(example: Path) -> None:
    assert "python -m pytest" in commands(example)
    ended = run_tests(example)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "warning" not in ended.stdout
    assert "skipped" not in ended.stdout


def test_fails_when_the_application_is_broken(example: Path) -> None:
    spoil(example / "recorder.py", "Minutes(room.name, ended.duration)", "Minutes(room.name, 1.0)")
    ended = run_tests(example)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "signalwire timeline of " in ended.stdout
    assert "event video.recording.ended" in ended.stdout
