"""The options of a space on the command line: they come from their schema."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from contract_tests.shared import processes
from mockserver.cli import arguments
from mockserver.control import options

pytestmark = pytest.mark.only_the_mock("has a command line")

NEW: dict[str, dict[str, Any]] = {
    "may_do": {
        "description": "What clients may do, 100% of it.",
        "type": "array",
        "items": {"type": "string", "minLength": 1},
        "x-expected": "a list of permissions",
        "default": ["all"],
    },
    "patience": {
        "description": "How long it waits.",
        "x-kind": "duration",
        "x-expected": "a number of seconds, or a text such as 250ms",
        "anyOf": [{"type": "number", "minimum": 0, "maximum": 60}, {"type": "string"}],
    },
}


@pytest.mark.parametrize("command", ["serve", "run", "demo"])
def test_every_command_that_plays_has_all(command: str, tmp_path: Path) -> None:
    text = processes.run(command, "--help", cwd=tmp_path).stdout
    named = {name for name in options.described() if f"--{name.replace('_', '-')} " in text}
    # Nobody would advance the clock of a demo.
    assert named == set(options.described()) - ({"clock"} if command == "demo" else set())


class TestNewOption:
    """Adding it to the schema is enough."""

    @pytest.fixture
    def parser(self, monkeypatch: pytest.MonkeyPatch) -> argparse.ArgumentParser:
        known = {**options.described(), **NEW}
        monkeypatch.setattr(options, "described", lambda: known)
        parser = argparse.ArgumentParser()
        arguments.add_space_options(parser, scenario="start-stop")
        return parser

    def test_is_read(self, parser: argparse.ArgumentParser) -> None:
        read = parser.parse_args(["--may-do", "a,b", "--patience", "1.5s", "--speed", "2"])
        assert arguments.space_options(read) == {
            "scenario": "start-stop",
            "seed": 0,
            "clock": "real",
            "speed": 2.0,
            "may_do": ["a", "b"],
            "patience": "1.5s",
            "chaos_level": 1,
        }

    def test_has_its_default(self, parser: argparse.ArgumentParser) -> None:
        read = parser.parse_args([])
        assert read.may_do == ["all"]
        assert read.patience is None
        assert read.scenario == "start-stop"

    def test_has_help(self, parser: argparse.ArgumentParser) -> None:
        text = " ".join(parser.format_help().split())
        assert "what clients may do, 100% of it: a list of permissions (all)" in text
        assert "--patience DURATION how long it waits" in text

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--patience", "2"], "2 of what? Say 2ms or 2s"),
            (["--patience", "soon"], "expected a duration such as 250ms"),
            (["--patience", "2m"], "at most 60 seconds"),
        ],
        ids=lambda value: value[1] if isinstance(value, list) else "",
    )
    def test_is_checked(
        self,
        words: list[str],
        said: str,
        parser: argparse.ArgumentParser,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        with pytest.raises(SystemExit):
            parser.parse_args(words)
        assert said in capsys.readouterr().err
