"""Garbage is looked for without having others wait: young garbage always, old when it is time."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
import weakref
from collections.abc import Iterator

import pytest

from contract_tests.shared.patience import PATIENCE_S
from mockserver.server import garbage

pytestmark = pytest.mark.only_the_mock("looks into the process")


class Old:
    """Refers to itself, so that it is not freed before somebody looks."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def _thresholds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = gc.get_threshold()
    monkeypatch.setattr(garbage, "LOOK_S", 0.001)
    yield
    gc.set_threshold(*before)


def made_old() -> weakref.ref[Old]:
    """Garbage that has survived, and a count by which looking is worthwhile."""
    gc.collect()
    kept = Old()
    gone = weakref.ref(kept)
    # It grows old while it is still in use.
    for _ in range(garbage.WORTHWHILE + 1):
        gc.collect(1)
    return gone


def always_busy(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """A server that is never idle; returns how often somebody has asked for that."""
    looks: list[None] = []

    def busy() -> float:
        looks.append(None)
        return float(len(looks))

    monkeypatch.setattr(time, "process_time", busy)
    return looks


async def test_old_garbage_is_found_when_nothing_is_to_be_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "process_time", lambda: 0.0)
    gone = made_old()
    collecting = asyncio.create_task(garbage.collect())
    async with asyncio.timeout(PATIENCE_S):
        while gone() is not None:
            await asyncio.sleep(0.001)
    collecting.cancel()


async def test_nobody_waits_while_others_are_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = always_busy(monkeypatch)
    gone = made_old()
    collecting = asyncio.create_task(garbage.collect())
    async with asyncio.timeout(PATIENCE_S):
        while len(looks) < 5:
            await asyncio.sleep(0.001)
    collecting.cancel()
    assert gone() is not None


async def test_a_server_that_is_never_idle_looks_when_it_has_grown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = always_busy(monkeypatch)
    gone = made_old()
    used = 1_000_000
    monkeypatch.setattr(sys, "getallocatedblocks", lambda: used)
    collecting = asyncio.create_task(garbage.collect())
    async with asyncio.timeout(PATIENCE_S):
        while len(looks) < 5:
            await asyncio.sleep(0.001)
        assert gone() is not None
        # It has grown since the least of all.
        used = 500_000
        before = len(looks)
        while len(looks) < before + 5:
            await asyncio.sleep(0.001)
        assert gone() is not None
        used = int(used * garbage.GROWN) + garbage.LITTLE + 1
        while gone() is not None:
            await asyncio.sleep(0.001)
    collecting.cancel()


def test_python_does_not_look_through_all_by_itself() -> None:
    young, middle, _ = gc.get_threshold()
    try:
        garbage.settle()
        assert gc.get_threshold() == (young, middle, garbage.NEVER)
    finally:
        gc.unfreeze()
