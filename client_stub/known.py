"""The objects that a client knows: one Python object for each key."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")


class Known(Generic[T]):
    """Objects by key. Each stays as long as somebody holds it, or until it is released if kept.

    An object is kept while its events are awaited, even if its user holds only a callback.
    """

    def __init__(self) -> None:
        self._all: WeakValueDictionary[Hashable, T] = WeakValueDictionary()
        self._kept: set[T] = set()

    def get(self, key: Hashable) -> T | None:
        """Find the object of that key, if it is still there."""
        return self._all.get(key)

    def add(self, key: Hashable, known: T) -> None:
        """Take an object in; this alone does not hold it."""
        self._all[key] = known

    def keep(self, known: T) -> None:
        """Hold the object until it is released."""
        self._kept.add(known)

    def release(self, known: T) -> None:
        """Hold the object no more; harmless for one that was not kept."""
        self._kept.discard(known)

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._all.values()))

    def __len__(self) -> int:
        return len(self._all)
