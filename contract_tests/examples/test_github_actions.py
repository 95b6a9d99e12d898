"""The workflow is one that GitHub takes, and runs what the examples' READMEs say."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from .copies import EXAMPLES, commands, run

WORKFLOW = EXAMPLES / "github-actions" / "contract-tests.yml"


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    told: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text())
    return told


def check(path: Path, cwd: Path) -> tuple[int, str]:
    """Check a file against GitHub's schema of workflows, of which the tool has a copy."""
    words = ("-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path))
    checked = run(sys.executable, *words, cwd=cwd)
    return checked.returncode, checked.stdout + checked.stderr


def test_fits_githubs_schema(tmp_path: Path) -> None:
    assert check(WORKFLOW, tmp_path) == (0, "ok -- validation done\n")


def test_a_mistake_would_be_found(tmp_path: Path) -> None:
    faulty = tmp_path / "faulty.yml"
    faulty.write_text(WORKFLOW.read_text().replace("runs-on:", "run-on:", 1))
    code, told = check(faulty, tmp_path)
    assert code == 1
    assert "run-on" in told


@pytest.mark.parametrize(("job", "example"), [("python", "python-pytest"), ("node", "node-test")])
def test_runs_what_the_example_shows(job: str, example: str, workflow: dict[Any, Any]) -> None:
    shown = commands(EXAMPLES / example)
    ran = [step["run"] for step in workflow["jobs"][job]["steps"] if "run" in step]
    installing, testing = ran[0], ran[1:]
    assert installing.startswith("python -m pip install ")
    # Keeping the trace changes nothing of what is tested.
    assert [words.replace(" --trace trace.jsonl", "") for words in testing] == [
        words for words in shown if words in ("npm ci", "python -m pytest") or "npm test" in words
    ]
