"""The fast library and the explaining one agree on every schema, and no failure goes unexplained.

Fitting examples are changed here and there, and both libraries are asked. The choice of changes is
fixed, so that a run finds what the run before found. CI asks about more changes of each schema than
a run on a developer's machine, where this would take a quarter of the time of all tests.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver import schemas
from mockserver.protocol import explanation
from mockserver.protocol.validation import composed

from .samples import WIRE, fitting_frames

ODD = [
    None, True, False, 0, 1, -1, 7.0, 1.5, 200, 404, 1e300, -(2**53), 2**53 - 1, 2**53, 2**64 - 1,
    "", "x", "7", "200", "200\n", "2000", "404", "\uff12\uff10\uff10", "auto", "auto\n",
    "standard-", "standard-12", "recording", "paused", "completed", "processing", "member", "2.0",
    "é😀", "\x00", [], [1], [None], ["x"], [["x"]],
    {}, {"id": "x"}, {"code": "404"}, {"token": "x"}, {"jwt_token": "x"},
]  # fmt: skip
EXAMPLES = 60 if os.environ.get("CI") == "true" else 10
KEYS = ["id", "code", "state", "error", "result", "updated", "members", "jwt_token", "stranger", ""]


@cache
def registry() -> jsonschema_rs.Registry:
    return jsonschema_rs.Registry(list(schemas.registry_documents()))


def cases() -> Iterator[Any]:
    for name in WIRE:
        schema = schemas.load(name)
        yield pytest.param(schema, schema["examples"], id=name)
    whole: dict[tuple[str, str], list[Any]] = {}
    for kind, name, frame in fitting_frames():
        whole.setdefault((kind, name), []).append(frame)
    for (kind, name), examples in whole.items():
        yield pytest.param(composed(kind, name), examples, id=f"frame:{kind}/{name}")


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """All containers within a value, each with one of its keys or indexes."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


def changed(draw: Callable[[st.SearchStrategy[Any]], Any], example: Any) -> Any:
    """The example with one to three things replaced, removed or added."""
    root = [copy.deepcopy(example)]
    for _ in range(draw(st.integers(1, 3))):
        spots = list(places(root))
        holder, key = spots[draw(st.integers(0, len(spots) - 1))]
        deed = draw(st.sampled_from(["replace", "remove", "add"]))
        odd = copy.deepcopy(draw(st.sampled_from(ODD)))
        if deed == "remove" and holder is not root:
            del holder[key]
        elif deed == "add" and isinstance(holder[key], dict):
            holder[key][draw(st.sampled_from(KEYS))] = odd
        elif deed == "add" and isinstance(holder[key], list):
            holder[key].append(odd)
        else:
            holder[key] = odd
    return root[0]


@pytest.mark.parametrize(("schema", "examples"), list(cases()))
def test_both_libraries_say_the_same_and_the_reason_is_told(
    schema: Mapping[str, Any], examples: list[Any]
) -> None:
    fast = jsonschema_rs.Draft202012Validator(dict(schema), registry=registry())
    slow = explanation._validator_class()(schema, registry=explanation._registry())
    verdicts = set()

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        value = changed(data.draw, data.draw(st.sampled_from(examples)))
        fits = fast.is_valid(value)
        verdicts.add(fits)
        assert slow.is_valid(value) is fits, value
        if not fits:
            problems = explanation.explain(value, schema)
            assert problems
            for problem in problems:
                assert problem.path.startswith("$")
                assert problem.expected not in ("", "another value", "a value")
                assert problem.expected != "a value that fits its schema"
                assert problem.found
                assert len(problem.message) < 500
                orjson.dumps(problem.as_dict())

    check()
    # A test whose values all fit, or all fail, would compare nothing.
    assert False in verdicts
