"""Chaos: what is drawn from a seed, and that it is the same for the same seed."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from mockserver.engine.faults.catalogue import read
from mockserver.engine.faults.chaos import Chaos, Level

from ..harness import MakeWorld
from ..video.followed import FollowedRoom

LEVELS: tuple[Level, ...] = get_args(Level)


def drawn(seed: int, level: Level, *, is_still: bool = False) -> list[tuple[str, Any]]:
    return list(Chaos(seed, level, is_still=is_still).faults())


@pytest.mark.parametrize("level", LEVELS)
def test_a_seed_draws_the_same(level: Level) -> None:
    assert drawn(7, level) == drawn(7, level)
    assert any(drawn(7, level) != drawn(seed, level) for seed in range(20))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("is_still", [False, True])
def test_what_is_drawn_can_be_injected(level: Level, is_still: bool) -> None:
    for seed in range(20):
        for name, given in drawn(seed, level, is_still=is_still):
            read(name, given)


def test_a_level_has_the_faults_of_those_below() -> None:
    names = [{name for name, _ in drawn(1, level)} for level in LEVELS]
    assert names[0] == {"duplicate", "delay"}
    assert names[0] < names[1] < names[2]


@pytest.mark.parametrize("level", LEVELS)
def test_where_time_stands_still_nothing_is_late(level: Level) -> None:
    names = [{name for name, _ in drawn(1, level, is_still=still)} for still in (False, True)]
    assert names[0] - names[1] == {"delay"}


def test_the_same_frames_meet_the_same_faults_whatever_the_space_and_its_seed(
    make_world: MakeWorld,
) -> None:
    def struck(seed: int, chaos: int) -> list[str]:
        world = make_world(seed=seed)
        lobby = FollowedRoom(world)
        world.space.faults.unleash(Chaos(chaos, 1, is_still=True))
        for number in range(40):
            lobby.perform("join", name=str(number))
        lobby.told()
        entries = [each for each in world.entries(world.space) if each.get("fault")]
        members = [each["frame"]["params"]["params"].get("member", {}) for each in entries]
        return [each.get("name", "") for each in members]

    once = struck(1, chaos=7)
    assert once
    assert once == struck(2, chaos=7)
    assert once != struck(1, chaos=8)


def test_it_says_what_was_injected_and_what_struck(make_world: MakeWorld) -> None:
    world = make_world()
    lobby = FollowedRoom(world)
    chaos = Chaos(7, 1, is_still=True)
    world.space.faults.unleash(chaos)
    assert str(chaos) == (
        "chaos by seed 7, level 1; what was injected:\n"
        "  duplicate (events: *, probability: 0.15) struck never"
    )
    while chaos.injections[0].struck < 2:
        lobby.perform("join", name="Ann")
        lobby.told()
    assert str(chaos).endswith("struck 2 times")
