"""JSON that is read in steps is the same as JSON that is read at once."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract_tests.fuzz.mutations import frames
from mockserver.protocol.reading import AT_ONCE, reading

PLAIN = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
VALUES = st.recursive(
    PLAIN | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=60,
)


def read(data: bytes) -> tuple[Any, int]:
    """The value, and how many steps it took."""
    steps, count = reading(data), 0
    while True:
        try:
            next(steps)
            count += 1
        except StopIteration as end:
            return end.value, count


@settings(deadline=None, derandomize=True, max_examples=200)
@given(VALUES)
def test_any_value(value: Any) -> None:
    for option in (None, orjson.OPT_INDENT_2):
        data = orjson.dumps(value, option=option)
        assert read(data)[0] == orjson.loads(data)


@pytest.mark.parametrize("data", frames(), ids=range(len(frames())))
def test_frames(data: bytes) -> None:
    assert read(data)[0] == orjson.loads(data)


def test_long_lists_take_many_steps() -> None:
    rooms = [{"id": str(number), "members": [{"id": "m"}] * 3} for number in range(1_000)]
    data = orjson.dumps({"result": {"rooms": rooms}})
    value, steps = read(data)
    assert value == {"result": {"rooms": rooms}}
    assert steps >= 1_000 / AT_ONCE


def test_of_equal_keys_the_last_counts() -> None:
    assert read(b'{"a":1,"a":2}')[0] == {"a": 2}


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[1,]", b"[1 2]", b'{"a"}', b'{"a":}', b"{1:2}", b"{} {}", b"nul", b'"']
)
def test_what_is_no_json_is_told(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(data)
