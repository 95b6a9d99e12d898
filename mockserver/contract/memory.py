"""Memory that stays bounded however long a trace is.

What is alive in a trace (sessions, rooms, recordings, open calls) is known for as long as it lives.
Of what is over, only the latest are remembered: something that comes back after ``REMEMBERED``
others of its kind ended is taken for new.
"""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

REMEMBERED = 4_000
"""How many are remembered of each kind of thing that is over."""


class Recent(dict[K, V]):
    """A mapping that keeps the keys that were added last.

    Args:
        limit: how many it keeps; None for ``REMEMBERED``.

    Attributes:
        forgot: whether it has dropped any.
    """

    def __init__(self, limit: int | None = None) -> None:
        super().__init__()
        self.forgot = False
        self._limit = REMEMBERED if limit is None else limit

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        if len(self) > self._limit:
            self.forgot = True
            del self[next(iter(self))]


class Lives(Generic[K, V]):
    """Things that are alive, and the latest of those that have ended."""

    def __init__(self) -> None:
        self._alive: dict[K, V] = {}
        self._ended: Recent[K, V] = Recent()

    def __setitem__(self, key: K, value: V) -> None:
        self._alive[key] = value

    def get(self, key: K) -> V | None:
        """The thing of this key; None when it was never seen, or is forgotten."""
        value = self._alive.get(key)
        return value if value is not None else self._ended.get(key)

    def end(self, key: K) -> None:
        """It has ended: it is forgotten when enough others ended after it."""
        value = self._alive.pop(key, None)
        if value is not None:
            self._ended[key] = value
