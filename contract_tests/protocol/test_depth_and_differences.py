"""How deep a value is, and where it is not as expected: used by frames, bodies and oracles."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.protocol.depth import brackets, is_deeper
from mockserver.protocol.differences import MISSING, Difference, differences


@pytest.mark.parametrize(
    ("value", "depth"),
    [(5, 0), ("[[", 0), ([], 1), ({"a": 1}, 1), ([1, {"a": [2]}, 3], 3), ({"a": {}, "b": [[]]}, 3)],
)
def test_the_depth_of_a_value(value: Any, depth: int) -> None:
    assert not is_deeper(value, depth)
    assert depth == 0 or is_deeper(value, depth - 1)


def test_a_value_far_too_deep_is_no_harm() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    assert is_deeper(value, 99_999)
    while value:
        value = value.pop()


@pytest.mark.parametrize("text", ['{"a": [[1], {}]}', b'{"a": [[1], {}]}'])
def test_brackets_bound_the_depth_of_a_text(text: str | bytes) -> None:
    assert brackets(text) == 4


def test_what_differs_is_told_with_its_place() -> None:
    expected = {"room": {"name": "lobby", "locked": True}, "members": [{"name": "Ann"}]}
    came = {"room": {"name": "hall", "id": "r"}, "members": [{"name": "Ann", "id": "m"}]}
    assert differences(expected, came) == [
        Difference("room.name", "lobby", "hall"),
        Difference("room.locked", True, MISSING),
    ]
    assert [str(each) for each in differences(expected, came)] == [
        "room.name: expected lobby, came hall",
        "room.locked: expected true, is missing",
    ]
