"""The engine under random clients and networks: whatever happens, all holds; and it bites."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from mockserver import contract
from mockserver.contract import memory

from .planted import PLANTED
from .simulation import play, run, shrink
from .steps import FAULT_NAMES, STEPS, Draw, drawn
from .world import World

STEPS_PER_SEED = 1_000
BLOCK = 30
FIRST_SEED = int(os.environ.get("SIMULATION_FIRST_SEED", "0"))
SEEDS = int(os.environ.get("SIMULATION_SEEDS", "210"))
"""With these, 210,000 steps in all."""
BLOCKS = [range(first, first + BLOCK) for first in range(FIRST_SEED, FIRST_SEED + SEEDS, BLOCK)]

Record = Callable[[str, object], None]


@pytest.mark.parametrize("seeds", BLOCKS, ids=lambda block: f"seeds {block[0]} to {block[-1]}")
def test_everything_holds_after_each_step(seeds: range, record_property: Record) -> None:
    steps = effective = frames = 0
    for seed in seeds:
        outcome = run(seed, STEPS_PER_SEED)
        steps += outcome.steps
        effective += outcome.effective
        frames += outcome.frames
        if outcome.failure is not None:
            pytest.fail(str(shrink(outcome.failure, partial(play, seed))))
    assert effective > 0.74 * steps
    record_property(
        "figure",
        f"simulation, seeds {seeds[0]} to {seeds[-1]}: {steps} steps, "
        f"{effective} of them did something, {frames} frames: all holds",
    )


@pytest.mark.parametrize("most", [4, 20])
def test_who_remembers_little_reports_nothing_else(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "REMEMBERED", most)
    monkeypatch.setattr(memory, "MOST_ALIVE", most)
    for seed in range(8):
        outcome = run(seed, 400)
        assert outcome.failure is None, str(outcome.failure)


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_found_and_its_run_made_short(bug: str, record_property: Record) -> None:
    with PLANTED[bug]():
        found = next((each for seed in range(20) if (each := run(seed, 1_000).failure)), None)
        assert found is not None, f"20 seeds did not find {bug}"
        short = shrink(found, partial(play, found.seed))
    assert not [each for each in short.problems if each.kind == "no-bug"], (
        "it does not bite, it raises"
    )
    assert len(short.steps) <= min(12, len(found.steps))
    assert play(short.seed, short.steps).failure is None, "it fails without the bug, too"
    record_property("figure", f"planted bug {bug}, found after {len(found.steps)} steps\n{short}")


def test_a_run_repeats_to_the_byte() -> None:
    assert run(7, 300) == run(7, 300)
    assert run(7, 300).digest != run(8, 300).digest


def test_what_is_judged_is_what_a_saved_trace_has() -> None:
    marks = set()
    for seed in (2, 3, 6):
        world = World(seed)
        for name, number in drawn(seed, 1_000):
            STEPS[name](world, Draw(number))
            world.tick()
        judged: dict[str | None, list[contract.Entry]] = {}
        for entry in world.entries:
            judged.setdefault(entry.space, []).append(replace(entry, n=0))
            if entry.fault is not None:
                marks.add((entry.lost, entry.extra, entry.meant is not None))
        for journal in (*(each.journal for each in world.gate.spaces.values()), world.gate.strays):
            saved = contract.read_entries(journal.entries())
            assert judged.get(journal.space, []) == [replace(each, n=0) for each in saved]
    assert len(marks) == 4, "lost, extra, changed, and only named"


def test_every_step_and_fault_is_drawn_and_does_something() -> None:
    did = set()
    injected = set()
    for seed in (0, 1, 2, 3):
        world = World(seed)
        for name, number in drawn(seed, 3_000):
            if STEPS[name](world, Draw(number)) is not None:
                did.add(name)
            world.tick()
        injected |= world.injected
    assert did == set(STEPS)
    assert injected == set(FAULT_NAMES)
