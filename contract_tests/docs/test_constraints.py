"""What tox installs is pinned; the oldest versions tested are the oldest that are allowed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS: dict[str, list[Any]] = PROJECT["dependency-groups"]
RUNTIME: list[str] = PROJECT["project"]["dependencies"]
PIN = re.compile(r"(?P<name>[a-z0-9.-]+)==(?P<version>[0-9][0-9a-z.]*)( ; [^:/@]+)?")


def pins(file: str) -> dict[str, str]:
    """The versions that a file of constraints pins, by name."""
    lines = (ROOT / "constraints" / file).read_text().splitlines()
    found = [PIN.fullmatch(line) for line in lines if not line.startswith("#")]
    assert found
    assert None not in found, "a line is more than a name, a version and a marker"
    return {one["name"]: one["version"] for one in found if one is not None}


def name(requirement: str) -> str:
    """The normalized name of what is required."""
    return re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]+", requirement)[0]).lower()  # type: ignore[index]


def required(group: str) -> Iterable[str]:
    """What a group requires, the groups that it includes too."""
    for entry in GROUPS[group]:
        if isinstance(entry, dict):
            yield from required(entry["include-group"])
        else:
            yield entry


@pytest.mark.parametrize("group", ["test", "lint", "types", "arrows", "docs", "tools"])
def test_all_that_is_installed_is_pinned(group: str) -> None:
    assert {name(each) for each in (*RUNTIME, *required(group))} <= pins("current.txt").keys()


def test_what_builds_the_wheel_is_pinned() -> None:
    built_by = PROJECT["build-system"]["requires"]
    assert built_by
    assert {name(each) for each in built_by} <= pins("current.txt").keys()


@pytest.mark.parametrize("requirement", [*RUNTIME, *required("test-base")], ids=name)
def test_the_oldest_that_is_tested_is_the_oldest_that_is_allowed(requirement: str) -> None:
    bound = requirement.partition(">=")[2].partition(",")[0].split(".")
    tested = pins("oldest.txt")[name(requirement)].split(".")
    assert tested[: len(bound)] == bound
    assert set(tested[len(bound) :]) <= {"0"}
