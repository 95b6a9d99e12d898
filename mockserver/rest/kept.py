"""What was asked by REST, for those who look on: the newest requests, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import orjson

from mockserver.protocol.codec import MAX_DEPTH
from mockserver.protocol.depth import is_deeper

E = TypeVar("E")


class Kept(Generic[E]):
    """Entries in the order of their coming. When there are too many, the oldest go.

    Args:
        most: entries.
        most_bytes: what they may take together, about.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._entries: deque[tuple[E, int]] = deque()
        self._bytes = 0

    def __iter__(self) -> Iterator[E]:
        return (entry for entry, _ in self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: E, size: int) -> None:
        """Remember an entry. It may still change; its size is its own, in bytes."""
        self._entries.append((entry, size))
        self._bytes += size
        while len(self._entries) > self._most or self._bytes > self._most_bytes:
            self._bytes -= self._entries.popleft()[1]

    def forget(self, is_meant: Callable[[E], bool]) -> int:
        """Forget those that are meant; returns how many."""
        before = len(self._entries)
        self._entries = deque(each for each in self._entries if not is_meant(each[0]))
        self._bytes = sum(size for _, size in self._entries)
        return before - len(self._entries)


def json_or_text(body: bytes) -> Any:
    """The JSON of a body; None when it is empty, text when it is no JSON."""
    if not body:
        return None
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")
    # What is nested too deeply could not be written again.
    return body.decode(errors="replace") if is_deeper(value, MAX_DEPTH) else value


def as_utf8(text: str) -> str:
    """A text in which what was no UTF-8 is replaced."""
    return text.encode(errors="surrogateescape").decode(errors="replace")
