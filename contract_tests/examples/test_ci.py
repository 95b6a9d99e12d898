"""The files of docs/CI.md fit the schemas of those who read them, and the page names each."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from .copies import EXAMPLES, run

CI = EXAMPLES / "ci"
ROOT = EXAMPLES.parent
PAGE = (ROOT / "docs" / "CI.md").read_text("utf-8")
SCHEMAS = {
    "compose.yaml": "compose-spec",
    "gitlab-ci.yml": "gitlab-ci",
    "github-service.yml": "github-workflows",
}


def check(path: Path, schema: str, cwd: Path) -> tuple[int, str]:
    words = ["-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    if schema == "gitlab-ci":
        # Its files may have YAML tags of their own.
        words += ["--data-transform", "gitlab-ci"]
    done = run(sys.executable, *words, cwd=cwd)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", SCHEMAS)
def test_fits_its_schema(name: str, tmp_path: Path) -> None:
    assert check(CI / name, SCHEMAS[name], tmp_path) == (0, "ok -- validation done\n")


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("compose.yaml", "services:", "servces:"),
        ("gitlab-ci.yml", "script:", "scripts:"),
        ("github-service.yml", "runs-on:", "run-on:"),
    ],
)
def test_a_mistake_would_be_found(name: str, right: str, wrong: str, tmp_path: Path) -> None:
    faulty = tmp_path / name
    faulty.write_text((CI / name).read_text("utf-8").replace(right, wrong))
    assert check(faulty, SCHEMAS[name], tmp_path)[0] == 1


def test_the_dev_container_opens_the_application_of_compose() -> None:
    container = json.loads((CI / "devcontainer.json").read_text("utf-8"))
    compose = (CI / container["dockerComposeFile"]).read_text("utf-8")
    assert f"\n  {container['service']}:\n" in compose


def test_the_tests_with_containers_can_be_read(tmp_path: Path) -> None:
    compile((CI / "test_containers.py").read_text("utf-8"), "test_containers.py", "exec")
    if node := shutil.which("node"):
        done = run(node, "--check", str(CI / "containers.test.mjs"), cwd=tmp_path)
        assert done.returncode == 0, done.stderr


def test_the_image_is_clean() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = run(str(hadolint), str(ROOT / "Containerfile"), cwd=ROOT)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_page_names_every_file_and_each_is_there() -> None:
    named = {(ROOT / "docs" / path).resolve() for path in re.findall(r"\]\((\.\./[^)]+)\)", PAGE)}
    assert all(path.exists() for path in named)
    assert set(CI.iterdir()) - {CI / "__pycache__"} <= named


def test_gitlabs_command_is_one_of_run() -> None:
    """The options that the file gives are options that there are."""
    done = run(sys.executable, "-m", "mockserver", "run", "--help", cwd=ROOT)
    text = (CI / "gitlab-ci.yml").read_text("utf-8")
    [line] = [each for each in text.splitlines() if "mockserver run" in each]
    assert set(re.findall(r"--[a-z]+", line)) <= set(re.findall(r"--[a-z]+", done.stdout))
