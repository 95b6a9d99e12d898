"""The schema of the scenario format: what is written, and all that is put into it.

`schemas/scenario.json` says what belongs to the format alone. What an action takes stands in
`schemas/actions/`, and what a command takes in the table `COMMANDS`: it is put in from there, so
that it is said once. The result refers to no other file, so an editor can use it as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from mockserver import schemas
from mockserver.engine.faults import FAULTS, parameters
from mockserver.scenarios.commands import COMMANDS, LISTENS, Argument, Form
from mockserver.scenarios.format import ACTIONS

Schema = dict[str, Any]

_NAME: Schema = {"$ref": "#/$defs/name"}
_TEXT: Schema = {"type": "string", "minLength": 1}
# What describes a schema file, and not what fits.
_OF_THE_FILE = ("$schema", "$id", "title", "examples", "x-concerns", "x-causes")
_KINDS: Mapping[str, Schema] = {
    "channel": {"enum": list(LISTENS)},
    "label": _NAME,
    "media": _NAME,
    "member": _TEXT,
    "text": _TEXT,
    "mapping": {"type": "object"},
}


def written() -> Schema:
    """Give the part that is the format's own: it takes anything for an action or a command."""
    return schemas.load("scenario")


@cache
def whole() -> Schema:
    """Give the whole schema, which refers to no other file; it is shared: do not change it."""
    schema = written()
    inner = schema["$defs"]
    put_in = {
        "action": {**inner["action"], "anyOf": _actions()},
        "command": {**inner["command"], "anyOf": _commands()},
        "fault": {**inner["fault"], "anyOf": _faults()},
    }
    definitions: Schema = {}
    top = {key: value for key, value in schema.items() if key not in ("$comment", "$defs")}
    top = _standing_alone(top, definitions)
    definitions |= _standing_alone({**inner, **put_in}, definitions)
    return {**top, "$defs": definitions}


def _standing_alone(part: Any, definitions: Schema) -> Any:
    """Copy a part with the files that it refers to among the definitions."""
    if isinstance(part, list):
        return [_standing_alone(one, definitions) for one in part]
    if not isinstance(part, dict):
        return part
    copied = {key: _standing_alone(value, definitions) for key, value in part.items()}
    reference = part.get("$ref")
    if isinstance(reference, str) and not reference.startswith("#"):
        name = reference.removesuffix(".json").rpartition("/")[2]
        if name not in definitions:
            content = _described(schemas.resolve(reference))
            definitions[name] = _standing_alone(content, definitions)
        copied["$ref"] = f"#/$defs/{name}"
    return copied


def _one_of(bare: list[str], taking: Mapping[str, Schema]) -> list[Schema]:
    """A verb by itself, or with what it takes."""
    mapping = {"type": "object", "minProperties": 1, "maxProperties": 1}
    return [
        {"enum": bare},
        {**mapping, "additionalProperties": False, "properties": dict(taking)},
    ]


def _actions() -> list[Schema]:
    described = {verb: _action(verb) for verb in ACTIONS}
    return _one_of(
        [verb for verb, schema in described.items() if not schema.get("required")],
        {
            verb: _argument_of(verb, schema)
            for verb, schema in described.items()
            if schema["properties"]
        },
    )


def _action(verb: str) -> Schema:
    if verb == "start_room":
        # The rest of what a room is stands under `rooms`.
        about = "Start the room with its members."
        room = {"description": "The room's key.", **_NAME}
        return {
            "description": about,
            "x-concerns": "room",
            "type": "object",
            "additionalProperties": False,
            "properties": {"room": room},
        }
    return schemas.load(f"actions/{verb}")


def _argument_of(verb: str, schema: Schema) -> Schema:
    """What stands behind the verb of an action: its room, its mapping, or its only value."""
    if verb == "fault":
        return {"description": schema["description"], "$ref": "#/$defs/fault"}
    mapping = _described(schema)
    short: list[Schema] = [] if schema.get("required") else [_NAME]
    if schema["x-concerns"] == "space":
        short = list(schema["properties"].values())
        short = short if len(short) == 1 else []
    return {"description": mapping.pop("description"), "anyOf": [*short, mapping]}


def _faults() -> list[Schema]:
    return _one_of(list(FAULTS), {name: _described(parameters(name)) for name in FAULTS})


def _described(schema: Schema) -> Schema:
    """A schema file without what is of the file."""
    return {key: value for key, value in schema.items() if key not in _OF_THE_FILE}


def _commands() -> list[Schema]:
    return _one_of(
        [
            verb
            for verb, form in COMMANDS.items()
            if not any(one.required for one in form.arguments)
        ],
        {verb: _command(form) for verb, form in COMMANDS.items() if form.arguments},
    )


def _command(form: Form) -> Schema:
    """What stands behind the verb of a command: one value, or a mapping of its arguments."""
    about = form.sentence()
    if form.starts:
        about += " The client waits neither for the answer nor for the started event."
    short = form.short
    if short is not None and short.is_whole:
        return {**_argument(short), "description": about}
    mapping: Schema = {
        "type": "object",
        "additionalProperties": False,
        "required": [one.name for one in form.arguments if one.required],
        "properties": {one.name: _argument(one) for one in form.arguments},
    }
    return {
        "description": about,
        "anyOf": [mapping] if short is None else [_argument(short), mapping],
    }


def _argument(one: Argument) -> Schema:
    about: Schema = {"description": one.about}
    if one.kind == "number":
        bounds = {"minimum": one.least, "maximum": one.most}
        finite = {key: value for key, value in bounds.items() if abs(value) != float("inf")}
        return {**about, "type": "number", **finite}
    return {**about, **_KINDS[one.kind]}
