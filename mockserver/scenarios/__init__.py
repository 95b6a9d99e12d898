"""Scenarios: whole conversations in one file each, loaded, checked, played and judged."""

from __future__ import annotations

from pathlib import Path

from . import loader
from .format import (
    Action,
    AnswerRule,
    AnyOrder,
    ClientStep,
    Command,
    Expected,
    Scenario,
    Step,
    Trigger,
    client_part_as_json,
    expected_counts,
)
from .library import Summary, UnknownScenarioError, find, named, shipped
from .loader import ScenarioError, loads
from .oracle import complete, judge
from .script import ScenarioScript

__all__ = [
    "Action",
    "AnswerRule",
    "AnyOrder",
    "ClientStep",
    "Command",
    "Expected",
    "Scenario",
    "ScenarioError",
    "ScenarioScript",
    "Step",
    "Summary",
    "Trigger",
    "UnknownScenarioError",
    "client_part_as_json",
    "complete",
    "expected_counts",
    "judge",
    "load",
    "load_named",
    "loads",
    "shipped",
]


def load(name_or_path: str | Path) -> Scenario:
    """Load a scenario that ships, by its name, or anybody's own, by its path.

    Raises:
        UnknownScenarioError: there is none of this name, or no file at this path.
        ScenarioError: the file is faulty; it tells every mistake.
    """
    return loader.load(find(name_or_path))


def load_named(name: str) -> Scenario:
    """Load a scenario that ships; a path is no name here, so this is safe with what clients send.

    Raises:
        UnknownScenarioError: there is none of this name.
    """
    return loader.load(named(name))
