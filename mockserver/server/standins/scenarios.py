"""Scenarios of a stand-in: how coming requests are answered, for one client or for all.

They have nothing to do with the scenarios of the mock; the name is the vendor's.
"""

from __future__ import annotations

from collections import Counter
from typing import Generic, TypeVar

from mockserver.engine import PlannedAnswers
from mockserver.protocol.errors import LimitReached

T = TypeVar("T")

MOST = 1_000
"""Scenarios that may wait at a time."""


class Scenarios(Generic[T]):
    """What waits, each for one use: first in, first out, by what it is for.

    A client's own come before those for everybody [A].
    """

    def __init__(self) -> None:
        self._waiting: dict[str | None, PlannedAnswers[T]] = {}

    def __len__(self) -> int:
        return sum(len(list(each)) for each in self._waiting.values())

    def add(self, name: str, answer: T, session_id: str | None) -> int:
        """Have the next of this name answered so.

        Args:
            name: what it is for.
            answer: how it is answered.
            session_id: for whom; None: for everybody.

        Returns:
            How many wait for this name and the same client, this one included.

        Raises:
            LimitReached: too many wait.
        """
        if len(self) >= MOST:
            raise LimitReached(f"{MOST} scenarios wait, and no more can: reset them")
        planned = self._waiting.setdefault(session_id, PlannedAnswers())
        planned.plan(name, answer)
        return sum(each.name == name for each in planned)

    def take(self, name: str, session_id: str) -> T | None:
        """What this client's request is answered with; None when nothing waits for it."""
        for whose in (session_id, None):
            planned = self._waiting.get(whose)
            if planned is not None and (answer := planned.take(name)) is not None:
                if not list(planned):
                    del self._waiting[whose]
                return answer
        return None

    def waiting(self, session_id: str | None) -> dict[str, int]:
        """How many wait for each name, sorted: a client's own, or all."""
        meant = [each for each in self._waiting if session_id in (None, each)]
        return dict(sorted(Counter(x.name for each in meant for x in self._waiting[each]).items()))

    def forget(self, session_id: str | None) -> int:
        """Forget a client's own, or all; returns how many."""
        before = len(self)
        if session_id is None:
            self._waiting.clear()
        else:
            self._waiting.pop(session_id, None)
        return before - len(self)
