"""JSON objects with long lists, written a little at a time.

A list in an answer may have ten thousand items, of which each costs some microseconds to make, to
check and to write. Such a list is an `Each`: its items are made when their turn comes. Whoever
writes the object goes through its `fragments`, and may let others run between any two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from itertools import groupby
from typing import Any

import orjson

__all__ = ["TOGETHER", "Document", "Each", "enclosing", "encoding", "few_or_each", "fragments"]

TOGETHER = 50
"""Items of a list that are written together: one by one costs more."""

Check = Callable[[Any], object]
"""Is given a value before it is written; raises if that must not be."""


class Each:
    """A list whose items are made when they are written, once.

    Args:
        items: they must not change their number meanwhile: of what lives on, give a copy.
    """

    __slots__ = ("items",)

    def __init__(self, items: Iterable[Any]) -> None:
        self.items = items


class Document(dict[str, Any]):
    """A JSON object that has an `Each`, or a document, among its values."""


def few_or_each(things: Iterable[Any], show: Callable[[Any], Any]) -> list[Any] | Each:
    """A list of things as they are shown: made at once if they are few, else when it is written."""
    there = list(things)
    if len(there) > TOGETHER:
        return Each(map(show, there))
    shown = list(map(show, there))
    return Each(shown) if any(isinstance(each, Document) for each in shown) else shown


def enclosing(value: dict[str, Any]) -> dict[str, Any]:
    """An object as it is, or as a document if one of its values is an `Each` or a document."""
    return Document(value) if any(map(_is_long, value.items())) else value


def encoding(document: Document, check: Check) -> Generator[None, None, bytes]:
    """Write a document in steps; returns it as JSON, without blanks.

    Args:
        document: its lists are gone through once.
        check: as of `fragments`.
    """
    written = []
    for fragment in fragments(document, check):
        written.append(fragment)
        yield
    whole = b"".join(written)
    # To copy megabytes takes long enough for a step of its own.
    yield
    return whole


def fragments(value: Any, check: Check | None = None) -> Iterator[bytes]:
    """A value as JSON, in pieces.

    Args:
        value: a document, an `Each`, or anything plain.
        check: is given all of it, a part at a time, each before it is written: the whole value with
            a few items in one of its lists and none in the others. A schema that says nothing about
            a list but what its items are is met by the whole if it is met by these.
    """
    if isinstance(value, Document):
        yield from _of_document(value, check)
    elif isinstance(value, Each):
        yield b"["
        yield from _of_items(value.items, check)
        yield b"]"
    else:
        if check is not None:
            check(value)
        yield orjson.dumps(value)


def _of_document(document: Document, check: Check | None) -> Iterator[bytes]:
    outline: dict[str, Any] = {}
    if check is not None:
        outline = _outline(document)
        check(outline)
    begin = b"{"
    for is_long, items in groupby(document.items(), key=_is_long):
        if not is_long:
            yield begin + orjson.dumps(dict(items))[1:-1]
            begin = b","
            continue
        for key, inner in items:
            yield begin + orjson.dumps(key) + b":"
            within = None if check is None else partial(_check_with, check, outline, key)
            yield from fragments(inner, within)
            begin = b","
    yield b"}" if document else b"{}"


def _of_items(items: Iterable[Any], check: Check | None) -> Iterator[bytes]:
    begin = b""
    plain: list[Any] = []
    for item in items:
        if isinstance(item, Document):
            if plain:
                yield begin + _written(plain, check)
                begin = b","
                plain.clear()
            yield begin
            yield from fragments(item, None if check is None else partial(_check_alone, check))
            begin = b","
            continue
        plain.append(item)
        if len(plain) == TOGETHER:
            yield begin + _written(plain, check)
            begin = b","
            plain.clear()
    if plain:
        yield begin + _written(plain, check)


def _written(items: list[Any], check: Check | None) -> bytes:
    """Some items of a list, without its brackets."""
    if check is not None:
        check(items)
    return orjson.dumps(items)[1:-1]


def _outline(value: Any) -> Any:
    """The same without the items of its long lists."""
    if isinstance(value, Document):
        return {key: _outline(inner) for key, inner in value.items()}
    return [] if isinstance(value, Each) else value


def _check_with(check: Check, outline: dict[str, Any], key: str, inner: Any) -> None:
    check({**outline, key: inner})


def _check_alone(check: Check, item: Any) -> None:
    check([item])


def _is_long(item: tuple[str, Any]) -> bool:
    return isinstance(item[1], Document | Each)
