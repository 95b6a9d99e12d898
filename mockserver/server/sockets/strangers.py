"""Connections that never became a client's: said once, counted, and told to whoever asks.

A test whose application cannot connect fails somewhere else, and later. So each cause has a
sentence that says what happened, and how to mend it.
"""

from __future__ import annotations

import logging
from collections import Counter

logger = logging.getLogger(__name__)

KINDS_KEPT = 100
"""Different causes that are remembered; what a client makes up cannot fill the memory."""


class Strangers:
    """Counts failed connections by what was wrong with them."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def note(self, message: str) -> None:
        """A connection failed before ``signalwire.connect``: warn when this cause is a new one.

        Args:
            message: what happened and how to mend it; the same text for the same cause.
        """
        if message not in self._counts:
            if len(self._counts) >= KINDS_KEPT:
                message = "further connections failed, for reasons of their own"
            if message not in self._counts:
                logger.warning("%s", message)
        self._counts[message] += 1

    def __len__(self) -> int:
        return self._counts.total()

    def counts(self) -> list[dict[str, str | int]]:
        """``message`` and ``count`` of each cause, in the order in which they were first seen."""
        return [{"message": each, "count": count} for each, count in self._counts.items()]
