"""How deeply JSON is nested: what is nested too deeply can be read, but not walked through."""

from __future__ import annotations

from typing import Any

__all__ = ["brackets", "is_deeper"]


def brackets(text: str | bytes) -> int:
    """An upper bound of the depth of a JSON text; it costs no walk through the value."""
    if isinstance(text, bytes):
        return text.count(b"{") + text.count(b"[")
    return text.count("{") + text.count("[")


def is_deeper(value: Any, limit: int) -> bool:
    """Whether more than ``limit`` objects and lists contain each other. Does not recurse."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(limit):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return bool(level)
