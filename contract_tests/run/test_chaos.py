"""``run --chaos``: a failure says the seed, and what was injected."""

from __future__ import annotations

from pathlib import Path

from .runs import SPEED, program, run

CHAOS = ("--chaos", "3", "--chaos-level", "1", "--speed", SPEED)


def test_a_failure_says_the_seed_and_what_was_injected(tmp_path: Path) -> None:
    ended = run(*CHAOS, then=program("client", "record", "exit=7"), cwd=tmp_path)
    assert ended.returncode == 7
    assert 'in space "mock-project": chaos by seed 3, level 1; what was injected:' in ended.stderr
    assert "  duplicate (events: *, probability: 0.15) struck " in ended.stderr


def test_a_success_says_nothing(tmp_path: Path) -> None:
    ended = run(*CHAOS, then=program("client", "record"), cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_level_that_there_is_not_is_refused(tmp_path: Path) -> None:
    ended = run("--chaos", "3", "--chaos-level", "4", then=["true"], cwd=tmp_path)
    assert ended.returncode == 2
    assert "--chaos-level: expected a whole number from 1 to 3, found '4'" in ended.stderr
