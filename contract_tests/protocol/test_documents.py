"""Objects with long lists are written, and checked, a part at a time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockserver.protocol.documents import (
    TOGETHER,
    Document,
    Each,
    enclosing,
    encoding,
    few_or_each,
    fragments,
)


def written(document: Document, check: Any = None) -> bytes:
    return b"".join(fragments(document, check))


class Seen:
    """A check that keeps what it was given."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def __call__(self, value: Any) -> None:
        self.values.append(json.loads(json.dumps(value)))


def test_what_is_few_is_made_at_once_and_what_is_many_later() -> None:
    made: list[int] = []

    def show(number: int) -> int:
        made.append(number)
        return -number

    assert few_or_each(range(TOGETHER), show) == [-each for each in range(TOGETHER)]
    made.clear()
    many = few_or_each(iter(range(TOGETHER + 1)), show)
    assert isinstance(many, Each)
    assert made == []
    assert json.loads(written(Document(a=many))) == {"a": [-each for each in range(TOGETHER + 1)]}


def test_a_list_with_a_document_in_it_is_long_however_few_they_are() -> None:
    lists = ([1], Each([2]))
    shown = few_or_each(lists, lambda each: enclosing({"list": each}))
    assert isinstance(shown, Each)
    document = enclosing({"of": shown})
    assert isinstance(document, Document)
    assert json.loads(written(document)) == {"of": [{"list": [1]}, {"list": [2]}]}


def test_an_object_without_long_lists_stays_what_it_is() -> None:
    plain = {"a": [1, 2], "b": {"c": 3}}
    assert enclosing(plain) is plain


def test_each_part_is_checked_in_its_place_before_it_is_written() -> None:
    seen = Seen()
    rooms = [
        Document(id="r1", members=Each(range(TOGETHER + 1))),
        {"id": "r2", "members": [7]},
    ]
    document = Document(id="x", result=Document(code="200", rooms=Each(rooms)))
    steps = fragments(document, seen)
    assert seen.values == []
    data = b"".join(steps)
    assert json.loads(data) == {
        "id": "x",
        "result": {
            "code": "200",
            "rooms": [
                {"id": "r1", "members": list(range(TOGETHER + 1))},
                {"id": "r2", "members": [7]},
            ],
        },
    }

    def whole(*rooms: Any) -> dict[str, Any]:
        return {"id": "x", "result": {"code": "200", "rooms": list(rooms)}}

    assert all(each["id"] == "x" for each in seen.values)
    for part in (
        whole(),
        whole({"id": "r1", "members": []}),
        whole({"id": "r1", "members": list(range(TOGETHER))}),
        whole({"id": "r1", "members": [TOGETHER]}),
        whole({"id": "r2", "members": [7]}),
    ):
        assert part in seen.values
    # Nothing but a few items stands in a long list that is checked.
    longest = max(len(room["members"]) for each in seen.values for room in each["result"]["rooms"])
    assert longest == TOGETHER


@pytest.mark.parametrize("wrong", [0, TOGETHER, 3 * TOGETHER])
def test_one_wrong_item_among_many_is_found(wrong: int) -> None:
    def check(value: dict[str, Any]) -> None:
        if None in value["items"]:
            raise ValueError("wrong item")

    items = [None if each == wrong else each for each in range(3 * TOGETHER + 1)]
    with pytest.raises(ValueError, match="wrong item"):
        written(Document(items=Each(items)), check)


def test_it_is_encoded_in_steps_of_a_few_items() -> None:
    made: list[int] = []

    def show(number: int) -> int:
        made.append(number)
        return number

    steps = encoding(Document(items=Each(map(show, range(4 * TOGETHER)))), Seen())
    at_a_time = []
    result = b""
    while not result:
        before = len(made)
        try:
            next(steps)
        except StopIteration as end:
            result = end.value
        at_a_time.append(len(made) - before)
    assert result == json.dumps({"items": made}, separators=(",", ":")).encode()
    assert len(made) == 4 * TOGETHER
    assert max(at_a_time) == TOGETHER
