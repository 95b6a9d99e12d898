"""What a space can be made with: each option is stated once, here and in its schema.

``SpaceOptions`` has the types; ``schemas/space_options.json`` has the descriptions, the
bounds and the defaults. This module imports nothing heavy, because the pytest plugin declares its
options by it in every run of pytest.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast

if TYPE_CHECKING:
    from mockserver.scenarios import Scenario

_SCHEMA = Path(__file__).parent.parent / "schemas" / "space_options.json"

ClockKind = Literal["real", "manual"]


class SpaceOptions(TypedDict, total=False):
    """What a space is made with; what is left out, or None, is as the server was started.

    ``scenario`` is a name, a path or a scenario that has been read; ``"none"`` for a space in which
    nothing happens by itself. ``latency`` is a duration: ``"250ms"``, or a number of seconds. The
    schema describes each.
    """

    scenario: str | Path | Scenario | None
    seed: int | None
    clock: ClockKind | None
    speed: float | None
    latency: float | str | None
    permissions: Sequence[str] | None
    limits: Mapping[str, int] | None
    chaos: int | None
    chaos_level: int | None


class OptionError(ValueError):
    """An option has a value that it cannot have.

    Attributes:
        name: the option.
        expected: what it takes, in words.
    """

    def __init__(self, name: str, expected: str, found: object) -> None:
        super().__init__(f"{name}: expected {expected}, found {found!r}")
        self.name = name
        self.expected = expected


@cache
def described() -> dict[str, dict[str, Any]]:
    """The options, each with its schema, in the order in which people read them."""
    properties: dict[str, dict[str, Any]] = json.loads(_SCHEMA.read_bytes())["properties"]
    return properties


def defaults() -> SpaceOptions:
    """The defaults of a server. An option without one follows from the others."""
    found = {name: each["default"] for name, each in described().items() if "default" in each}
    return cast(SpaceOptions, found)


def given(options: Mapping[str, Any]) -> SpaceOptions:
    """The options that are given, checked: those that are not None.

    Raises:
        TypeError: there is no such option.
        OptionError: an option cannot have this value.
    """
    known = described()
    for name in options:
        if name not in known:
            raise TypeError(f'a space has no option "{name}"; it has: {", ".join(known)}')
    found = {name: value for name, value in options.items() if value is not None}
    for name, value in found.items():
        check(name, value)
    return cast(SpaceOptions, found)


def check(name: str, value: object) -> None:
    """Make sure that an option can have this value.

    Raises:
        OptionError: it cannot.
    """
    schema = described()[name]
    if schema.get("x-kind") == "duration":
        _check_duration(name, value, schema)
    elif not _fits(value, schema):
        expected = schema["x-expected"]
        is_beyond = isinstance(value, int | float) and value > 0 and _is_of_type(value, schema)
        if is_beyond and "minimum" in schema:
            expected += f" from {schema['minimum']} to {schema['maximum']}"
        raise OptionError(name, expected, value)


def read(name: str, text: str) -> Any:
    """The value that a text stands for, on a command line or in a configuration file.

    Raises:
        OptionError: it stands for none that the option can have.
    """
    schema = described()[name]
    value: Any = text
    try:
        if schema.get("x-kind") == "duration":
            value = _number_or_text(text)
        elif _wants(schema, "array"):
            value = [part.strip() for part in text.split(",") if part.strip()]
        elif _wants(schema, "object"):
            pairs = (part.partition("=") for part in text.split(",") if part.strip())
            value = {each.strip(): int(number) for each, _, number in pairs}
        elif _wants(schema, "integer"):
            value = int(text)
        elif _wants(schema, "number"):
            value = float(text)
    except ValueError:
        raise OptionError(name, schema["x-expected"], text) from None
    check(name, value)
    return value


def _number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _wants(schema: Mapping[str, Any], kind: str) -> bool:
    wanted = schema.get("type", ())
    return kind == wanted or (isinstance(wanted, list) and kind in wanted)


def _check_duration(name: str, value: object, schema: Mapping[str, Any]) -> None:
    from mockserver.protocol import durations

    longest = schema["anyOf"][0]["maximum"]
    try:
        duration_us = durations.rounded(value)
    except ValueError as error:
        is_text = isinstance(value, str)
        expected = str(error).removeprefix("expected ") if is_text else schema["x-expected"]
        raise OptionError(name, expected, value) from None
    if duration_us > longest * durations.MICROSECONDS["s"]:
        raise OptionError(name, f"at most {longest} seconds", value)


_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str, Path),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (Mapping,),
    "null": (type(None),),
}


def _fits(value: object, schema: Mapping[str, Any]) -> bool:
    """Whether a value fits the few keywords by which options are described."""
    if not _is_of_type(value, schema):
        return False
    if "enum" in schema:
        return value in schema["enum"]
    if isinstance(value, int | float):
        least, most = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
        return bool(least <= value <= most)
    if isinstance(value, list | tuple):
        items = schema.get("items", {})
        if "$ref" in items:
            items = _lying_beside(items["$ref"])
        return all(_fits(each, items) for each in value)
    if isinstance(value, Mapping):
        known = _lying_beside(schema["$ref"])["properties"]
        return all(name in known and _fits(each, known[name]) for name, each in value.items())
    return not isinstance(value, str) or len(value) >= schema.get("minLength", 0)


@cache
def _lying_beside(reference: str) -> dict[str, Any]:
    """The schema that one of ours refers to."""
    found: dict[str, Any] = json.loads((_SCHEMA.parent / reference).read_bytes())
    return found


def _is_of_type(value: object, schema: Mapping[str, Any]) -> bool:
    return any(_is(value, kind) for kind in _KINDS if _wants(schema, kind))


def _is(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    # A scenario that has been read stands for its name.
    is_scenario = kind == "string" and type(value).__name__ == "Scenario"
    return is_scenario or isinstance(value, _KINDS[kind])
