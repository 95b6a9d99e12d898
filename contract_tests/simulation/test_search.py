"""Every sequence of calls and faults, up to a depth, with two clients and two recordings."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from .planted import PLANTED
from .search import Broken, search

DEPTH = int(os.environ.get("SEARCH_DEPTH", "5"))


def test_everything_holds_in_every_state(record_property: Callable[[str, object], None]) -> None:
    found = search(DEPTH)
    assert len(found.states) == DEPTH + 1
    assert all(found.states)
    record_property("figure", f"exhaustive search, {found}")


@pytest.mark.parametrize(
    ("bug", "length"), [("wrong-transition", 3), ("lost-event", 4), ("double-delivery", 1)]
)
def test_a_planted_bug_is_found_by_a_shortest_sequence(bug: str, length: int) -> None:
    with PLANTED[bug](), pytest.raises(Broken) as broken:
        search(5)
    assert len(broken.value.path) == length
