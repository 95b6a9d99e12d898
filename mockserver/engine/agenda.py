"""What a space will do, and when: a queue of actions ordered by time, then by who came first."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from math import inf

Action = Callable[[], None]


class Agenda:
    """Actions with due times in microseconds of space time; equal times keep their order.

    Attributes:
        due: when the first action is due; infinity when there is nothing to do. Whoever asks for
            each frame asks this.
    """

    def __init__(self) -> None:
        self.due: float = inf
        self._entries: list[tuple[int, int, Action]] = []
        self._count = 0
        self._preferred = 0

    @property
    def added(self) -> int:
        """How many actions there ever were. Whatever happens in a space adds some."""
        return self._count

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, when: int, action: Action) -> None:
        """Have ``action`` done at ``when``, after all that is already due at that time."""
        self._count += 1
        heapq.heappush(self._entries, (when, self._count, action))
        self.due = self._entries[0][0]

    def add_first(self, when: int, action: Action) -> None:
        """Have ``action`` done at ``when``, before all that is due at that time."""
        self._preferred -= 1
        heapq.heappush(self._entries, (when, self._preferred, action))
        self.due = self._entries[0][0]

    def next_time(self) -> int | None:
        """When the first action is due; None when there is nothing to do."""
        return self._entries[0][0] if self._entries else None

    def is_due(self, now: int) -> bool:
        """Whether there is an action for ``now`` or earlier."""
        return self.due <= now

    def pop_due(self, now: int) -> tuple[int, Action] | None:
        """Take the first action due at ``now`` or earlier, with its time; None when none is."""
        if self.due > now:
            return None
        when, _, action = heapq.heappop(self._entries)
        self.due = self._entries[0][0] if self._entries else inf
        return when, action
