"""Scenarios: whole conversations in one file each, loaded, checked, played and judged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from .script import ScenarioScript

if TYPE_CHECKING:
    from .document import ScenarioError
    from .loader import loads
    from .oracle import complete, judge

_LATER = {"ScenarioError": "document", "complete": "oracle", "judge": "oracle", "loads": "loader"}
"""What a server needs for other people's files only, and where it is."""

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
        ScenarioError: the file is faulty; it reports every problem.
    """
    return _load(find(name_or_path))


def load_named(name: str) -> Scenario:
    """Load a scenario that ships, by its name. Paths are refused: clients may send the name.

    Raises:
        UnknownScenarioError: there is none of this name.
    """
    return _load(named(name))


def _load(path: Path) -> Scenario:
    from . import compact

    if (kept := compact.load(path)) is not None:
        return kept
    from . import loader

    return loader.load(path)


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_LATER[name]}", __name__), name)
