"""The machine's clocks, as they were before anybody froze them.

Tests freeze time with packages that replace the functions of ``time`` in every module that has
them. Here they are taken when ``mockserver`` is first imported, and kept where no such package
looks: as default arguments. So a server goes on while the time of the test beside it stands still.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_WALL_NS = time.time_ns()
_MONOTONIC_NS = time.monotonic_ns()


def monotonic(_clock: Callable[[], float] = time.monotonic) -> float:
    """Seconds of a clock that never stands still and never runs backwards."""
    return _clock()


def unix_time(_clock: Callable[[], int] = time.monotonic_ns) -> int:
    """Microseconds of unix time that never run backwards, whatever is done to the wall clock."""
    return (_WALL_NS + _clock() - _MONOTONIC_NS) // 1_000
