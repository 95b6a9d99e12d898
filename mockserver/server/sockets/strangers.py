"""Connections that never became a client's: warned about once, counted, and listed in health.

A test whose application cannot connect fails somewhere else, and later. So each cause has a
sentence that says what happened, and how to mend it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator

logger = logging.getLogger(__name__)

KINDS_KEPT = 100
"""Different causes that are remembered; what a client makes up cannot fill the memory."""


LONGEST_MESSAGE = 500
"""Characters of a message; a client can make a header as long as it likes."""


class Strangers:
    """Counts failed connections by what was wrong with them."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def note(self, message: str) -> None:
        """A connection failed before ``signalwire.connect``: warn when this cause is a new one.

        Args:
            message: what happened and how to mend it; the same text for the same cause.
        """
        # Paths and headers are the client's own words, and this goes to terminals.
        message = "".join(each if each.isprintable() else repr(each)[1:-1] for each in message)
        message = message[:LONGEST_MESSAGE]
        if message not in self._counts:
            if len(self._counts) >= KINDS_KEPT:
                message = "further connections failed, for reasons of their own"
            if message not in self._counts:
                logger.warning("%s", message)
        self._counts[message] += 1

    def __iter__(self) -> Iterator[tuple[str, int]]:
        """The message of each cause, and how many connections failed for it; first seen first."""
        return iter(list(self._counts.items()))
