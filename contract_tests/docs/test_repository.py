"""What GitHub reads of the repository fits GitHub's schemas, of which the tool has copies."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from contract_tests.shared.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
SCHEMAS = {
    "workflows/checks.yml": "github-workflows",
    "workflows/release.yml": "github-workflows",
    "dependabot.yml": "dependabot",
    "ISSUE_TEMPLATE/bug.yml": "github-issue-forms",
    "ISSUE_TEMPLATE/fidelity.yml": "github-issue-forms",
    "ISSUE_TEMPLATE/config.yml": "github-issue-config",
}


def check(path: Path, schema: str) -> subprocess.CompletedProcess[str]:
    words = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", path)
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE_S)


def test_every_file_is_checked() -> None:
    assert {path.relative_to(GITHUB).as_posix() for path in GITHUB.rglob("*.yml")} == set(SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_fits_its_schema(name: str) -> None:
    done = check(GITHUB / name, SCHEMAS[name])
    assert done.returncode == 0, done.stdout


def test_a_mistake_would_be_found(tmp_path: Path) -> None:
    faulty = tmp_path / "bug.yml"
    faulty.write_text((GITHUB / "ISSUE_TEMPLATE" / "bug.yml").read_text().replace("type:", "tipe:"))
    assert check(faulty, "github-issue-forms").returncode == 1


def test_all_environments_of_tox_are_run() -> None:
    """A new environment must be added to the workflow, or it runs on no machine but ours."""
    text = (ROOT / "tox.ini").read_text("utf-8")
    declared = next(line for line in text.splitlines() if line.startswith("env_list"))
    named = declared.partition("=")[2].replace("py3{11,12,13}", "py311, py312, py313")
    jobs = yaml.safe_load((GITHUB / "workflows" / "checks.yml").read_text("utf-8"))["jobs"]
    rows = jobs["tests"]["strategy"]["matrix"]["include"]
    ran = {each for row in rows for each in row["env"].split(",")} | {"sdk", "page"}
    assert {each.strip() for each in named.split(",")} <= ran


def test_every_python_that_is_named_is_run() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = {each.rpartition(" ")[2] for each in project["classifiers"] if ":: 3." in each}
    jobs = yaml.safe_load((GITHUB / "workflows" / "checks.yml").read_text("utf-8"))["jobs"]
    ran = {row["python"] for row in jobs["tests"]["strategy"]["matrix"]["include"]}
    assert named <= ran
