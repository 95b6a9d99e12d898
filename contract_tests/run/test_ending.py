"""Signals are the program's, and nobody is left behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from .runs import IMPATIENT, RUN, is_gone, program, running

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.mark.parametrize("number", ENDING, ids=lambda number: number.name)
class TestSignals:
    def test_are_passed_on(self, number: signal.Signals, tmp_path: Path) -> None:
        with running([*RUN, "--", *program("patient")], cwd=tmp_path) as run:
            pid = run.pid()
            run.process.send_signal(number)
            assert run.line() == number.name
            assert run.end() == 3
            assert is_gone(pid)

    def test_to_our_whole_group_reach_the_program_once(
        self, number: signal.Signals, tmp_path: Path
    ) -> None:
        """So a terminal sends Ctrl-C when our streams are not with it."""
        words = [*IMPATIENT, "--", *program("patient", "stubborn")]
        with running(words, cwd=tmp_path) as run:
            pid = run.pid()
            os.killpg(run.process.pid, number)
            assert run.rest() == f"{number.name}\n"
            assert run.end() == 128 + signal.SIGKILL
            assert is_gone(pid)

    def test_reach_the_programs_children(self, number: signal.Signals, tmp_path: Path) -> None:
        with running([*RUN, "--", *program("patient", "with-child")], cwd=tmp_path) as run:
            pids = [run.pid(), run.pid()]
            run.process.send_signal(number)
            assert [run.line(), run.line()] == [number.name] * 2
            assert run.end() == 3
            assert [is_gone(pid) for pid in pids] == [True, True]

    def test_that_are_not_heeded_end_in_a_kill(
        self, number: signal.Signals, tmp_path: Path
    ) -> None:
        words = [*IMPATIENT, "--", *program("patient", "stubborn", "with-child")]
        with running(words, cwd=tmp_path) as run:
            pids = [run.pid(), run.pid()]
            run.process.send_signal(number)
            assert [run.line(), run.line()] == [number.name] * 2
            assert run.end() == 128 + signal.SIGKILL
            assert [is_gone(pid) for pid in pids] == [True, True]


def test_a_second_signal_is_passed_on_too(tmp_path: Path) -> None:
    words = [*IMPATIENT, "--", *program("patient", "stubborn")]
    with running(words, cwd=tmp_path) as run:
        run.pid()
        run.process.send_signal(signal.SIGINT)
        assert run.line() == "SIGINT"
        run.process.send_signal(signal.SIGTERM)
        assert run.line() == "SIGTERM"
        assert run.end() == 128 + signal.SIGKILL


def test_a_program_that_does_not_catch_it_ends_by_it(tmp_path: Path) -> None:
    with running([*RUN, "--", "sh", "-c", "echo $$; exec sleep 60"], cwd=tmp_path) as run:
        pid = run.pid()
        run.process.send_signal(signal.SIGTERM)
        assert run.end() == 128 + signal.SIGTERM
        assert is_gone(pid)


def test_what_we_ignore_the_program_ignores(tmp_path: Path) -> None:
    """nohup python -m mockserver run …: the terminal may go away."""
    words = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *RUN, "--"]
    with running([*words, *program("patient")], cwd=tmp_path) as run:
        run.pid()
        run.process.send_signal(signal.SIGHUP)
        run.process.send_signal(signal.SIGTERM)
        assert run.line() == "SIGTERM"
        assert run.end() == 3


@pytest.mark.parametrize("words", [[], ["stubborn"]], ids=["heeds", "is killed"])
def test_what_a_program_leaves_behind_ends_with_it(words: list[str], tmp_path: Path) -> None:
    with running([*IMPATIENT, "--no-check", "--", *program("leaves", *words)], cwd=tmp_path) as run:
        pid = run.pid()
        assert run.end() == 0
        assert is_gone(pid)
