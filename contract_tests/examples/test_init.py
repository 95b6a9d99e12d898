"""What ``init`` writes runs as it says, and nothing of a user's is lost."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from .copies import run
from .test_github_actions import check

PYTHON = ["tests/first-recording.yaml", "tests/test_first_recording.py"]
NODE = ["test/first-recording.test.mjs", "test/first-recording.yaml"]
WORKFLOW = [".github/workflows/signalwire-contract.yml"]


def init(*arguments: str, cwd: Path, code: int = 0) -> str:
    ended = run(sys.executable, "-m", "mockserver", "init", *arguments, cwd=cwd)
    assert ended.returncode == code, ended
    return ended.stdout if code == 0 else ended.stderr


def files(folder: Path) -> list[str]:
    return sorted(
        str(each.relative_to(folder))
        for each in folder.rglob("*")
        if each.is_file() and each.name != "package.json"
    )


def commands(said: str) -> list[str]:
    """What it says is to be run."""
    return [line.strip() for line in said.partition("now:\n")[2].splitlines()]


@pytest.mark.parametrize(
    ("arguments", "package", "written"),
    [
        (["python"], None, PYTHON),
        (["node"], None, NODE),
        (["github"], None, WORKFLOW),
        ([], None, PYTHON),
        ([], "{}", NODE),
        (["python"], "{}", PYTHON),
    ],
)
def test_writes(
    arguments: list[str], package: str | None, written: list[str], tmp_path: Path
) -> None:
    if package is not None:
        (tmp_path / "package.json").write_text(package)
    said = init(*arguments, cwd=tmp_path)
    assert files(tmp_path) == written
    for name in written:
        assert f"written   {name}\n" in said


def test_the_python_test_runs(tmp_path: Path) -> None:
    said = init("python", cwd=tmp_path)
    install, test = commands(said)
    assert install == "python -m pip install pytest pytest-asyncio"
    words = test.split()
    assert words[0] == "python"
    ran = run(sys.executable, *words[1:], "-p", "no:cacheprovider", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout


def test_the_python_test_fails_when_the_application_does(tmp_path: Path) -> None:
    init("python", cwd=tmp_path)
    path = tmp_path / PYTHON[1]
    path.write_text(path.read_text().replace("        await recording.resume()\n", ""))
    ran = run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", PYTHON[1], cwd=tmp_path)
    assert ran.returncode == 1
    assert "video.recording.resume" in ran.stdout


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    mine = tmp_path / PYTHON[1]
    mine.write_text("mine")
    said = init("python", cwd=tmp_path)
    assert f"kept      {PYTHON[1]} (it is there already)" in said
    assert f"written   {PYTHON[0]}" in said
    assert mine.read_text() == "mine"
    init("python", cwd=tmp_path)
    assert mine.read_text() == "mine"


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "tests").write_text("mine")
    said = init("python", cwd=tmp_path, code=74)
    assert "cannot write tests/test_first_recording.py: tests is no folder" in said
    assert (tmp_path / "tests").read_text() == "mine"


@pytest.mark.parametrize("package", [None, "{}"])
def test_the_workflow_fits_githubs_schema(package: str | None, tmp_path: Path) -> None:
    if package is not None:
        (tmp_path / "package.json").write_text(package)
    init("github", cwd=tmp_path)
    workflow = tmp_path / WORKFLOW[0]
    assert check(workflow, tmp_path) == (0, "ok -- validation done\n")
    assert ("npm test" in workflow.read_text()) is (package is not None)


def test_the_node_client_is_not_installed_twice(tmp_path: Path) -> None:
    assert any("npm install" in each for each in commands(init("node", cwd=tmp_path)))
    wanted = {"devDependencies": {"@signalwire/realtime-api": "4"}}
    (tmp_path / "package.json").write_text(json.dumps(wanted))
    assert not any("npm install" in each for each in commands(init("node", cwd=tmp_path)))
    (tmp_path / "package.json").write_text("[")
    assert any("npm install" in each for each in commands(init("node", cwd=tmp_path)))


def test_the_scenario_of_both_is_one(tmp_path: Path) -> None:
    for kind in ("python", "node"):
        init(kind, cwd=tmp_path)
    assert (tmp_path / PYTHON[0]).read_text() == (tmp_path / NODE[1]).read_text()
    shutil.rmtree(tmp_path / "test")
