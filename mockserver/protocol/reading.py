"""JSON that is read, and its values freed, a little at a time.

A frame may have ten thousand items in a list. To read it at once takes tens of milliseconds, in
which nobody else is answered.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from json import JSONDecoder
from typing import Any

DEEP = 5
"""How deep values are read one by one; frames have no long lists deeper in them."""

AT_ONCE = 20
"""Values that are read in one step."""

MANY = 200
"""Items from which on a list is long."""

Reading = Generator[None, None, tuple[Any, int]]
"""Steps that read a value; they return it, and where it ends."""

_scanned = JSONDecoder().raw_decode
_blank = re.compile(r"[ \t\n\r]*").match


def reading(data: bytes) -> Generator[None, None, Any]:
    """Read a JSON text in steps.

    Of equal keys in an object the last one counts. ``NaN`` and ``Infinity``, which are no JSON, are
    read as well.

    Raises:
        ValueError: the text is not JSON.
    """
    text = data.decode()
    value, end = yield from _value(text, _skip(text, 0), DEEP)
    if end != len(text):
        raise ValueError(f"more than one value: at {end}")
    return value


def long_lists(value: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where the long lists in an object are, but for those inside of lists."""
    for key, each in value.items():
        if isinstance(each, list):
            if len(each) > MANY:
                yield (*path, key)
        elif isinstance(each, dict) and len(path) < DEEP:
            yield from long_lists(each, (*path, key))


def list_at(value: Any, path: tuple[str, ...]) -> list[Any]:
    """The list in a place of an object."""
    for key in path:
        value = value[key]
    found: list[Any] = value
    return found


def dropping(value: Any) -> Generator[None, None, None]:
    """Empty the long lists of what nobody needs any more, in steps.

    To free a hundred thousand values at once takes tens of milliseconds.
    """
    for path in list(long_lists(value)) if isinstance(value, dict) else ():
        items = list_at(value, path)
        while items:
            del items[-MANY:]
            yield


def _skip(text: str, at: int) -> int:
    found = _blank(text, at)
    return at if found is None else found.end()


def _value(text: str, at: int, depth: int) -> Reading:
    """Read the value that begins somewhere; returns where the next thing begins."""
    first = text[at : at + 1]
    if depth and first == "{":
        value, end = yield from _object(text, at, depth - 1)
    elif depth and first == "[":
        value, end = yield from _list(text, at, depth - 1)
    else:
        value, end = _scanned(text, at)
    return value, _skip(text, end)


def _object(text: str, at: int, depth: int) -> Reading:
    found: dict[str, Any] = {}
    at = _skip(text, at + 1)
    while text[at : at + 1] != "}":
        if found:
            at = _skip(text, _expect(text, at, ","))
        _expect(text, at, '"')
        key, at = _scanned(text, at)
        at = _skip(text, _expect(text, _skip(text, at), ":"))
        found[key], at = yield from _value(text, at, depth)
        if len(found) % AT_ONCE == 0:
            yield
    return found, at + 1


def _list(text: str, at: int, depth: int) -> Reading:
    found: list[Any] = []
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        if found:
            at = _skip(text, _expect(text, at, ","))
        value, at = yield from _value(text, at, depth)
        found.append(value)
        if len(found) % AT_ONCE == 0:
            yield
    return found, at + 1


def _expect(text: str, at: int, what: str) -> int:
    if text[at : at + 1] != what:
        raise ValueError(f"expected {what} at {at}")
    return at + 1
