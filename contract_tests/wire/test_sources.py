"""Options from the environment and from a file, and completion by the shell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from contract_tests.shared import processes
from contract_tests.shared.patience import PATIENCE_S
from mockserver.cli.command_line import COMMANDS

pytestmark = pytest.mark.only_the_mock("has a command line")

VARIABLES = {
    "MOCKSERVER_HOST": "localhost",
    "MOCKSERVER_CREDENTIALS": '["a:b", "c:d"]',
    "MOCKSERVER_TLS": "false",
    "MOCKSERVER_SCENARIO": "",
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MOCKSERVER_")]:
        monkeypatch.delenv(name)


def failed(*arguments: str, folder: Path, **variables: str) -> str:
    """The end of a command that must be a usage error; gives what it said."""
    ended = subprocess.run(
        [*processes.MODULE, *arguments],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ended.returncode == 2, ended
    return ended.stderr


def test_variables_are_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with processes.server(folder=tmp_path) as server:
        # localhost is two addresses; an empty scenario is none.
        assert len(server.ready["addresses"]) == 2
        assert server.ready["ca"] is None
        assert "scenario demo" in server.log.read_text()


def test_the_ready_file_and_the_port_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said on the command line: what a container has."""
    monkeypatch.setenv("MOCKSERVER_PORT", "0")
    monkeypatch.setenv("MOCKSERVER_READY_FILE", str(tmp_path / "here.json"))
    monkeypatch.setenv("MOCKSERVER_CONTROL_TOKEN", "secret")
    with processes.server(folder=tmp_path) as server:
        assert server.ready["token"] == "secret"


def test_file_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "mockserver.toml").write_text(
        '[serve]\nhost = "localhost"\ncontrol-token = "secret"\njournal = 7\n'
        '[run]\nscenario = "two-recordings"\n'
    )
    with processes.server(folder=tmp_path) as server:
        assert len(server.ready["addresses"]) == 2
        assert server.ready["token"] == "secret"
        assert "scenario demo" in server.log.read_text()


def test_what_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line, then the environment, then --config, then the file in the folder."""
    names = ["pause-resume", "start-stop", "two-recordings", "many-pauses"]
    (tmp_path / "mockserver.toml").write_text(f'[serve]\nscenario = "{names[0]}"\n')
    (tmp_path / "other.toml").write_text(f'[serve]\nscenario = "{names[1]}"\n')
    given: list[str] = []
    for name, arguments in zip(
        names, [[], ["--config", "other.toml"], [], ["--scenario", names[3]]], strict=True
    ):
        given += arguments
        if name == names[2]:
            monkeypatch.setenv("MOCKSERVER_SCENARIO", name)
        with processes.server(*given, folder=tmp_path) as server:
            assert f"scenario {name};" in server.log.read_text()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[serve]\nprot = 0\n", ["unrecognized arguments: --prot=0", "mockserver.toml"]),
        ("[serve]\nport = 'x'\n", ["argument --port: expected a port", "mockserver.toml"]),
        ("port = 0\n", ["a table per command", "'port'"]),
        ("[server]\nport = 0\n", ["a table per command", "'server'", "serve, "]),
        ("[serve\n", ["mockserver.toml is not TOML", "line 1"]),
    ],
)
def test_faulty_file(content: str, words: list[str], tmp_path: Path) -> None:
    (tmp_path / "mockserver.toml").write_text(content)
    said = failed(folder=tmp_path)
    assert [word for word in words if word not in said] == []


def test_file_that_is_not_there(tmp_path: Path) -> None:
    assert "other.toml" in failed("--config", "other.toml", folder=tmp_path)


def test_an_error_names_the_variables(tmp_path: Path) -> None:
    said = failed(folder=tmp_path, MOCKSERVER_PORT="eighty", MOCKSERVER_SEED="1")
    assert "argument --port: expected a port, got 'eighty'" in said
    assert "options were also taken from MOCKSERVER_PORT, MOCKSERVER_SEED" in said


def test_a_variable_that_is_no_option_is_told_of(tmp_path: Path) -> None:
    """One of another command's is none of that kind."""
    ended = subprocess.run(
        [*processes.MODULE, "rules"],
        cwd=tmp_path,
        env={**os.environ, "MOCKSERVER_PROT": "0", "MOCKSERVER_PORT": "0"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ended.returncode == 0
    said = "mockserver: MOCKSERVER_PROT is set, and no command has such an option\n"
    assert ended.stderr == said


def test_help_names_variables_and_the_file(tmp_path: Path) -> None:
    text = " ".join(processes.run("serve", "--help", cwd=tmp_path).stdout.split())
    assert "[env var: MOCKSERVER_READY_FILE]" in text
    assert "mockserver.toml" in text
    assert "[serve]" in text


def test_run_takes_them_and_its_program_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mockserver.toml").write_text('[run]\ntrace = "kept.jsonl"\nno-check = true\n')
    program = [sys.executable, "-c", "import sys; print(sys.argv[1:])", "--trace", "x"]
    ended = processes.run("run", "--", *program, cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "['--trace', 'x']\n")
    assert (tmp_path / "kept.jsonl").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_an_example(command: str, tmp_path: Path) -> None:
    text = " ".join(processes.run(command, "--help", cwd=tmp_path).stdout.split())
    assert f"xample: python -m mockserver {command}" in text


def complete(line: str, folder: Path) -> list[str]:
    """What the shell is given when the Tab key is pressed at the end of a line."""
    answer = folder / "answer"
    ended = subprocess.run(
        processes.MODULE,
        cwd=folder,
        env={
            **os.environ,
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
            "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
            "_ARGCOMPLETE_IFS": "\n",
            "COMP_LINE": line,
            "COMP_POINT": str(len(line)),
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ended.returncode == 0, ended.stderr
    return answer.read_text().split("\n")


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("mockserver sche", {"schema"}),
        ("mockserver run --sp", {"--speed"}),
        ("mockserver serve --clock ", {"real", "manual"}),
        ("mockserver serve --scenario two", {"two-recordings"}),
        ("mockserver serve --scenario mi", {"mine.yaml"}),
        ("mockserver demo pause-", {"pause-refused", "pause-resume"}),
        ("mockserver schema events/video.recording.st", {"events/video.recording.started"}),
    ],
)
def test_completion(line: str, some: set[str], tmp_path: Path) -> None:
    pytest.importorskip("argcomplete", reason="the extra completion is not installed")
    (tmp_path / "mine.yaml").touch()
    assert set(complete(line, tmp_path)) == some


def test_completion_that_is_not_installed(tmp_path: Path) -> None:
    program = "import sys; sys.modules['argcomplete'] = None; from mockserver.cli import process; "
    ended = subprocess.run(
        [sys.executable, "-c", f"{program}process()"],
        env={**os.environ, "_ARGCOMPLETE": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ended.returncode == 2
    assert 'pip install "signalwire-mockserver[completion]"' in ended.stderr
