"""What a tester may give to the service: the schemas of ``schemas/control/``, made ready.

Names of things that other tables know are not written out there: ``"x-names": "calls"`` becomes an
``enum`` of those that there are. The body of an action is put together from ``schemas/actions/``.

The control API checks bodies and queries by them, and the Python handles their arguments.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeGuard

import orjson

from mockserver import contract, scenarios, schemas
from mockserver.engine import ACTIONS, FAULTS, Script
from mockserver.protocol import catalogue, durations
from mockserver.protocol.explanation import Problem, explain
from mockserver.rest.table import OPERATIONS

Schema = dict[str, Any]

ACTION = "action"
"""The name of the one body that is a choice among many: ``do`` says which action it is."""

NOTHING: Schema = {"type": "object", "additionalProperties": False, "properties": {}}
"""The shape of what has no fields."""

NAMES: dict[str, Callable[[], list[str]]] = {
    "faults": lambda: list(FAULTS),
    "calls": lambda: sorted(catalogue.CLIENT_CALLS),
    "happenings": lambda: sorted(catalogue.CLIENT_CALLS | catalogue.EVENTS),
    "scenarios": lambda: [Script.name, *(each.name for each in scenarios.shipped())],
    "rest_operations": lambda: sorted(row.id for row in OPERATIONS),
    "rules": lambda: [rule.name for rule in contract.RULES],
}
"""What ``x-names`` may ask for."""


def actions() -> list[str]:
    """The verbs that can be done to a running space, sorted."""
    return sorted(ACTIONS)


@cache
def shape(name: str) -> Schema:
    """The schema of a body, query or answer: ``create_space``, ``room_view``.

    One that is not the control API's own is named with its folder: ``standins/scenario``.
    """
    schema = with_names(_composed(schemas.load(name if "/" in name else f"control/{name}")))
    assert isinstance(schema, dict)
    return schema


def _composed(schema: Schema) -> Schema:
    """With the fields of the schema that it extends by ``$ref``, but for their defaults.

    A field of the schema's own adds to the other schema's field of its name.
    """
    if "$ref" not in schema:
        return schema
    fields = {
        name: _from_the_root({key: value for key, value in each.items() if key != "default"})
        for name, each in schemas.resolve(schema["$ref"])["properties"].items()
    }
    own = {name: {**fields.get(name, {}), **each} for name, each in schema["properties"].items()}
    kept = {k: v for k, v in schema.items() if k not in ("$ref", "unevaluatedProperties")}
    return {**kept, "additionalProperties": False, "properties": {**own, **fields, **own}}


def _from_the_root(part: Any) -> Any:
    """A part of a schema in the root, with its references as a schema in a folder writes them."""
    if isinstance(part, list):
        return [_from_the_root(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        key: f"../{value}" if key == "$ref" else _from_the_root(value)
        for key, value in part.items()
    }


WAIT: Schema = {
    "description": "Whether to answer when its events have been sent, latency included.",
    "type": "boolean",
    "default": True,
}
"""Of what causes events."""


@cache
def action_shape(verb: str, *, done: bool = True) -> Schema:
    """The schema of the body that does this action: its arguments, and ``do``.

    Args:
        verb: the action.
        done: whether ``do`` is a field of it; False for the arguments alone.
    """
    schema = schemas.load(f"actions/{verb}")
    if not done:
        return {**schema, "properties": {**schema["properties"], "wait": WAIT}}
    do = {"description": "What is to be done.", "const": verb}
    return {
        **schema,
        "properties": {"do": do, **schema["properties"], "wait": WAIT},
        "required": ["do", *schema.get("required", ())],
        "examples": [{"do": verb, **example} for example in schema["examples"]],
    }


def problems(value: Any, schema: Schema) -> list[Problem]:
    """What is wrong with a value that came from a tester; empty when it fits."""
    return bad_durations(value, schema) if fits(value, schema) else explain(value, schema)


def complete(value: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """A value that fits, with defaults put in and whole numbers whole."""
    found = {
        key: field["default"]
        for key, field in schema.get("properties", {}).items()
        if "default" in field
    }
    for key, given in value.items():
        field = schema.get("properties", {}).get(key, {})
        # JSON has no whole numbers of its own: 2.0 is one.
        found[key] = int(given) if _is_whole(given) and _wants_whole(field) else given
    return found


def fits(value: Any, schema: Schema) -> bool:
    """Whether a value fits, but for what no schema can know of durations."""
    return bool(_validator(orjson.dumps(schema)).is_valid(value))


@cache
def _validator(schema: bytes) -> Any:
    return schemas.validator(orjson.loads(schema))


def with_names(part: Any) -> Any:
    """A schema in which ``x-names`` has become an ``enum`` of the names that there are."""
    if isinstance(part, list):
        return [with_names(each) for each in part]
    if not isinstance(part, dict):
        return part
    written = {key: with_names(value) for key, value in part.items() if key != "x-names"}
    if "x-names" in part:
        written["enum"] = NAMES[part["x-names"]]()
    return written


def bad_durations(value: Mapping[str, Any], schema: Schema) -> list[Problem]:
    """What a schema cannot know of durations: how long one is that is written with its unit."""
    found: list[Problem] = []
    for name, field in schema.get("properties", {}).items():
        if field.get("x-kind") != "duration" or name not in value:
            continue
        longest = field["anyOf"][0].get("maximum")
        try:
            seconds = durations.rounded(value[name]) / durations.MICROSECONDS["s"]
        except ValueError as error:
            expected = str(error).removeprefix("expected ")
            found.append(Problem(f"$.{name}", expected, json.dumps(value[name])))
        else:
            if longest is not None and seconds > longest:
                expected = f"at most {longest} seconds"
                found.append(Problem(f"$.{name}", expected, json.dumps(value[name])))
    return found


def _is_whole(value: Any) -> TypeGuard[float]:
    return isinstance(value, float) and value.is_integer()


def _wants_whole(field: Mapping[str, Any]) -> bool:
    choices = [field, *field.get("anyOf", ())]
    kinds = [kind for each in choices for kind in _listed(each.get("type", []))]
    return "integer" in kinds and "number" not in kinds


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
