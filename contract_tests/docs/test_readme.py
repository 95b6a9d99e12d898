"""What the README shows works as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from contract_tests.conftest import Serve
from mockserver import contract, scenarios
from mockserver.cli.exits import EXIT_CODES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
DEFAULT_URL = "ws://127.0.0.1:8787"


def blocks(language: str) -> list[str]:
    """The code blocks in that language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_two_commands_do_all_the_set_up() -> None:
    assert "python -m pip install . && python -m mockserver\n" in README
    assert "python -m pip install tox && python -m tox\n" in README


def test_the_example_of_the_stub_prints_a_completed_recording(serve: Serve, tmp_path: Path) -> None:
    [example] = [block for block in blocks("python") if "from client_stub" in block][:1]
    server = serve("--speed", "10")
    program = tmp_path / "example.py"
    program.write_text(example.replace(DEFAULT_URL, server.url))
    ran = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("completed ")
    assert contract.check(server.trace("any")) == []


def test_the_scenario_file_plays_and_holds(tmp_path: Path) -> None:
    [text] = [block for block in blocks("yaml") if block.startswith("scenario:")]
    path = tmp_path / "my-own.yaml"
    path.write_text(text)
    command = [sys.executable, "-m", "mockserver", "demo", "--scenario", str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "the contract holds" in ran.stdout


def test_the_table_of_scenarios_names_all_that_ship() -> None:
    table = README.partition("| name | what happens |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([a-z-]+)`", "".join(re.findall(r"^\|([^|]*)\|", table, re.M))))
    assert named == {each.name for each in scenarios.shipped()}


@pytest.mark.parametrize("command", ["serve", "demo", "scenarios", "schema", "rules", "check"])
def test_the_options_that_it_names_are_there(command: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "mockserver", command, "--help"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0
    if command == "serve":
        synopsis = README.partition("python -m mockserver [serve]")[2].partition("```")[0]
        for option in re.findall(r"--[a-z-]+", synopsis):
            assert option in ran.stdout


def test_the_table_of_exit_codes_has_all() -> None:
    table = README.partition("| code | when |")[2].partition("\n\n")[0]
    assert [int(code) for code in re.findall(r"^\| (\d+) ", table, re.M)] == list(EXIT_CODES)


def test_each_command_of_schema_prints_one() -> None:
    commands = re.findall(r"`python -m mockserver (schema \S+)`", README)
    assert commands
    for command in commands:
        ran = subprocess.run(
            [sys.executable, "-m", "mockserver", *command.split()],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (ran.returncode, ran.stderr) == (0, "")
