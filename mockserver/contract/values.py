"""Reading frames that may hold anything: a value of the wrong type is treated as missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .trace import is_number, is_object

__all__ = ["frame_id", "is_object", "items", "mapping", "number", "string"]

_NOTHING: Mapping[str, Any] = {}


def frame_id(frame: Mapping[str, Any]) -> str:
    """A frame's id as text that tells ``1`` from ``"1"``; ``"null"`` when it has none."""
    id_ = frame.get("id")
    if isinstance(id_, str):
        return f'"{id_}"'
    return "null" if id_ is None else repr(id_)


def mapping(value: Any) -> Mapping[str, Any]:
    """The value, if it is an object; else an empty one."""
    return value if is_object(value) else _NOTHING


def items(value: Any) -> list[Any]:
    """The value, if it is an array; else an empty one."""
    return value if isinstance(value, list) else []


def string(value: Any) -> str | None:
    """The value, if it is a string."""
    return value if isinstance(value, str) else None


def number(value: Any) -> float | None:
    """The value, if it is a number that one can count with."""
    return float(value) if is_number(value) else None
