"""The machine's clocks, as they were before anybody froze them.

Tests freeze time with packages that replace the functions of ``time`` in every module that has
them. Here they are taken when ``mockserver`` is first imported, and kept where no such package
looks: as default arguments. So a server goes on while the time of the test beside it stands still.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_AHEAD_NS = time.time_ns() - time.monotonic_ns()
"""By how much unix time is ahead of the clock that never runs backwards."""


def monotonic(_clock: Callable[[], float] = time.monotonic) -> float:
    """Seconds of a clock that never stands still and never runs backwards."""
    return _clock()


def unix_time(_clock: Callable[[], int] = time.monotonic_ns) -> int:
    """Microseconds of unix time that never run backwards, whatever is done to the wall clock."""
    return (_clock() + _AHEAD_NS) // 1_000
