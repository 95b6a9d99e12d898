"""What the README shows, and the pages that lead on from it, works as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from contract_tests.conftest import Serve
from contract_tests.shared.patience import PATIENCE_S
from mockserver import contract, scenarios
from mockserver.cli.exits import EXIT_CODES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
USING = (ROOT / "docs" / "USING.md").read_text()
COMMANDS = (ROOT / "docs" / "COMMANDS.md").read_text()
SCENARIOS = (ROOT / "docs" / "SCENARIOS.md").read_text()
MOST_WORDS = 700
"""Before "More", so that it is read."""

DEFAULT_URL = "ws://127.0.0.1:8787"


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page in that language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=PATIENCE_S, cwd=cwd
    )


def test_it_is_short() -> None:
    before, more, _ = README.partition("\n## More\n")
    assert more
    assert len(before.split()) <= MOST_WORDS


def test_its_test_passes(tmp_path: Path) -> None:
    [text] = blocks(README, "python")
    [command] = re.findall(r"^\$ .* && (python -m pytest .*)$", README, re.MULTILINE)
    name = text.partition("\n")[0].removeprefix("# ")
    assert command.endswith(f" {name}")
    (tmp_path / name).write_text(text)
    words = command.split()[1:]
    ran = run(*words, "-p", "no:cacheprovider", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout
    broken = text.replace("await room.pause_recording()", "pass")
    (tmp_path / name).write_text(broken)
    assert "360.0 == 60.0" in run(*words, "-p", "no:cacheprovider", cwd=tmp_path).stdout


def test_a_violation_looks_as_shown() -> None:
    [shown] = [each for each in blocks(README, "console") if "mockserver check" in each]
    command, _, expected = shown.partition("\n")
    words = command.removeprefix("$ python ").split()
    ran = run(*words, cwd=ROOT)
    assert ran.returncode == 1
    printed = ran.stdout.strip().splitlines()
    for line, wanted in zip(printed, expected.strip().splitlines(), strict=True):
        # A long line is shown up to its first dots at a word's end.
        beginning, cut, _ = wanted.partition(" …")
        assert line.startswith(beginning) if cut else line == wanted


def test_the_example_that_run_is_shown_with_is_there() -> None:
    """``contract_tests/examples`` runs it."""
    [line] = re.findall(r"^\$ \((cd .*mockserver run .*)\)$", README, re.MULTILINE)
    folder = line.split()[1]
    assert (ROOT / folder / "package.json").is_file()
    assert line.endswith("npm ci && python -m mockserver run -- npm test")


def test_it_leads_to_every_page() -> None:
    linked = set(re.findall(r"\]\(docs/([\w.]+)\)", README))
    assert {path.name for path in ROOT.glob("docs/*.md")} - linked == set()


@pytest.mark.parametrize("page", ["README.md", *sorted(p.name for p in ROOT.glob("docs/*.md"))])
def test_what_links_lead_to_is_there(page: str) -> None:
    path = ROOT / page if page == "README.md" else ROOT / "docs" / page
    for target in re.findall(r"\]\(([^)#\s]+)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{page}: {target}"


def test_the_two_commands_do_all_the_set_up() -> None:
    assert "python -m pip install . && python -m mockserver\n" in README
    assert "python -m pip install tox && python -m tox\n" in README


def test_the_example_of_the_stub_prints_a_completed_recording(serve: Serve, tmp_path: Path) -> None:
    [example] = [block for block in blocks(USING, "python") if "from client_stub" in block][:1]
    server = serve("--speed", "10")
    program = tmp_path / "example.py"
    program.write_text(example.replace(DEFAULT_URL, server.url))
    ran = subprocess.run(
        [sys.executable, str(program)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=tmp_path,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("completed ")
    assert contract.check(server.trace("any")) == []


def test_the_scenario_file_plays_and_holds(tmp_path: Path) -> None:
    [text] = [block for block in blocks(USING, "yaml") if block.startswith("scenario:")]
    path = tmp_path / "my-own.yaml"
    path.write_text(text)
    command = [sys.executable, "-m", "mockserver", "demo", "--scenario", str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "the contract holds" in ran.stdout


def test_the_table_of_scenarios_names_all_that_ship() -> None:
    table = SCENARIOS.partition("| name | about |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([a-z-]+)`", "".join(re.findall(r"^\|([^|]*)\|", table, re.M))))
    assert named == {each.name for each in scenarios.shipped()}


@pytest.mark.parametrize("command", ["serve", "demo", "scenarios", "schema", "rules", "check"])
def test_the_options_that_it_names_are_there(command: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "mockserver", command, "--help"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ran.returncode == 0
    if command == "serve":
        synopsis = COMMANDS.partition("python -m mockserver [serve]")[2].partition("```")[0]
        for option in re.findall(r"--[a-z-]+", synopsis):
            assert option in ran.stdout


def test_the_table_of_exit_codes_has_all() -> None:
    table = COMMANDS.partition("| code | when |")[2].partition("\n\n")[0]
    assert [int(code) for code in re.findall(r"^\| (\d+) ", table, re.M)] == list(EXIT_CODES)


def test_each_command_of_schema_prints_one() -> None:
    commands = re.findall(r"`python -m mockserver (schema \S+)`", USING)
    assert commands
    for command in commands:
        ran = subprocess.run(
            [sys.executable, "-m", "mockserver", *command.split()],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert (ran.returncode, ran.stderr) == (0, "")
