"""Worlds for tests of the engine; each is checked against the contract when its test is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .harness import MakeWorld, World
from .video.followed import FollowedRoom


@pytest.fixture
def make_world() -> Iterator[MakeWorld]:
    """Make worlds: ``make_world(latency_us=0)``. No server rule may be broken in any of them."""
    worlds: list[World] = []

    def make(**how: Any) -> World:
        world = World(**how)
        worlds.append(world)
        return world

    yield make
    for world in worlds:
        world.settle()
        assert world.violations() == []


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """A world with the default latency."""
    return make_world()


@pytest.fixture
def lobby(world: World) -> FollowedRoom:
    """A room with Ann, Bob and Carl, that a client follows."""
    return FollowedRoom(world)
