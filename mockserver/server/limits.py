"""Limits of a server, as text: read from the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver import schemas


class LimitError(ValueError):
    """A limit that there is not, or that cannot have this value; says what can be."""


def read(text: str) -> dict[str, float]:
    """Limits of a server from a text: ``max_connections=100,max_spaces=10``.

    Raises:
        LimitError: there is no such limit, or it cannot have this value.
    """
    known = schemas.load("server_limits")["properties"]
    chosen: dict[str, float] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, _, value = part.partition("=")
        if name not in known:
            raise LimitError(f'there is no limit "{name}"; there are: {", ".join(known)}')
        chosen[name] = _number(name, value, known[name])
    return chosen


def _number(name: str, text: str, schema: Mapping[str, Any]) -> float:
    is_whole = schema["type"] == "integer"
    expected = f"a {'whole ' if is_whole else ''}number"
    expected += f" from {schema['minimum']} to {schema['maximum']}"
    try:
        number = int(text) if is_whole else float(text)
    except ValueError:
        raise LimitError(f"{name}: expected {expected}, found {text!r}") from None
    if not schema["minimum"] <= number <= schema["maximum"]:
        raise LimitError(f"{name}: expected {expected}, found {text!r}")
    return number
