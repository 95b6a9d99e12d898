"""Memory that stays bounded however long a trace is.

What is alive in a trace (sessions, rooms, recordings, open calls) is known while it lives, up to
``MOST_ALIVE`` of a kind; what is forgotten is not judged. Of what is over, only the latest are
remembered: something that comes back after ``REMEMBERED`` others ended is taken for new.
"""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST_ALIVE = 4_000
"""How many things of a kind are known that have not ended."""

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
    """Things that are alive, and the latest of those that have ended.

    Some never end in a trace. When there are more than ``MOST_ALIVE``, the one is forgotten that
    was not looked up for longest.

    Attributes:
        forgot: whether any was forgotten that had not ended.
    """

    def __init__(self) -> None:
        self.forgot = False
        self._alive: dict[K, V] = {}
        self._ended: Recent[K, V] = Recent()

    def __setitem__(self, key: K, value: V) -> None:
        self._alive[key] = value
        if len(self._alive) > MOST_ALIVE:
            self.forgot = True
            del self._alive[next(iter(self._alive))]

    def get(self, key: K) -> V | None:
        """The thing of this key; None when it was never seen, or is forgotten."""
        value = self._alive.pop(key, None)
        if value is None:
            return self._ended.get(key)
        self._alive[key] = value
        return value

    def end(self, key: K) -> None:
        """It has ended: it is forgotten when enough others ended after it."""
        value = self._alive.pop(key, None)
        if value is not None:
            self._ended[key] = value
