"""What a request says that its specification does not know: undeclared keys, and other types.

The kinds of undeclared keys are those of ``mock_signalwire`` [T]; the rest is assumed [A82].
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mockserver.rest import checking
from mockserver.rest.table import Operation

UNKNOWN_QUERY = "unknown_query_param"
UNKNOWN_BODY = "unknown_body_key"
WRONG_TYPE = "wrong_type"

Violation = dict[str, str]

_TYPES: dict[str, type[Any] | tuple[type[Any], ...]] = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "string": str,
}
"""What JSON Schema calls a type -> how Python has it. Only `true` and `false` are bool."""


def violations(row: Operation, query: Iterable[str], body: Any) -> list[Violation]:
    """``[{"kind", "name"}]``: each key that should not be there, or is of another type.

    Args:
        row: the operation.
        query: the names in the query.
        body: the body; only an object has keys.
    """
    found = [
        {"kind": UNKNOWN_QUERY, "name": name} for name in query if name not in _fields(row.query)
    ]
    return found + ([*_in_body(_fields(row.body), body)] if isinstance(body, dict) else [])


def _in_body(fields: dict[str, Any], body: dict[str, Any]) -> Iterator[Violation]:
    for name, value in body.items():
        if name not in fields:
            yield {"kind": UNKNOWN_BODY, "name": name}
        elif not _fits(value, fields[name]):
            yield {"kind": WRONG_TYPE, "name": name}


def _fields(name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    fields: dict[str, Any] = checking.shape(name)["properties"]
    return fields


def _fits(value: Any, field: dict[str, Any]) -> bool:
    """Whether a value has the type of a field; what has only an enumeration is a string."""
    kind: str = field.get("type", "string")
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[kind])
