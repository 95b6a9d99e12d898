"""Where a space's time comes from.

All engine times are integers: microseconds of unix time on the space's own clock. Integers add up
exactly, so durations do too; seconds (floats) appear only on the wire.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

MICROSECONDS = 1_000_000
"""Microseconds in a second."""

MANUAL_START = 1_735_689_600 * MICROSECONDS
"""2025-01-01T00:00:00Z: where a manual clock begins unless told otherwise, so that runs repeat."""


def seconds(microseconds: int) -> float:
    """Seconds as they appear on the wire, from engine microseconds."""
    return microseconds / MICROSECONDS


class Clock(Protocol):
    """What a space needs to know of time."""

    def now(self) -> int:
        """The space's time in microseconds of unix time; never runs backwards."""
        ...

    def real_delay(self, until: int) -> float | None:
        """Real seconds until the space's time ``until``; None when this clock stands still."""
        ...


class RunningClock:
    """A clock that follows real time, ``speed`` times as fast.

    Args:
        source: real time, microseconds of unix time; must not run backwards.
        speed: 1.0 is real time, 60.0 makes a minute of one second. Greater than 0.

    Attributes:
        paused: whether it stands still; it can be moved then, as a manual clock can.
    """

    def __init__(self, source: Callable[[], int], speed: float = 1.0) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be greater than 0, got {speed!r}")
        self._source = source
        self._start = source()
        self._base = self._start
        self.speed = speed
        self.paused = False

    def now(self) -> int:
        """The start, plus the real time since then times the speed; pauses not counted."""
        if self.paused:
            return self._base
        source = self._source
        return self._base + int((source() - self._start) * self.speed)

    def set_speed(self, speed: float) -> None:
        """Run this many times as fast as real time from now on; greater than 0."""
        if not speed > 0:
            raise ValueError(f"speed must be greater than 0, got {speed!r}")
        self._base, self._start = self.now(), self._source()
        self.speed = speed

    def pause(self) -> None:
        """Stand still until ``resume``."""
        self._base = self.now()
        self.paused = True

    def resume(self) -> None:
        """Follow real time again, from where it stands."""
        if self.paused:
            self._start = self._source()
            self.paused = False

    def move(self, to: int) -> None:
        """Move a paused clock to ``to``. Raises ValueError while it runs, or for the past."""
        if not self.paused:
            raise ValueError("a running clock moves by itself: pause it first")
        _check_forwards(self._base, to)
        self._base = to

    def real_delay(self, until: int) -> float | None:
        """Real seconds until ``until``; 0 when it has passed, None while the clock is paused."""
        if self.paused:
            return None
        return max(0.0, (until - self.now()) / self.speed / MICROSECONDS)


class ManualClock:
    """A clock that stands still until someone moves it."""

    def __init__(self, start: int = MANUAL_START) -> None:
        self._now = start

    def now(self) -> int:
        """Where the clock was last moved to."""
        return self._now

    def real_delay(self, until: int) -> None:
        """None: no amount of real time moves this clock."""

    def move(self, to: int) -> None:
        """Move to ``to`` (microseconds of unix time). Raises ValueError for a time in the past."""
        _check_forwards(self._now, to)
        self._now = to


def _check_forwards(now: int, to: int) -> None:
    if to < now:
        raise ValueError(f"a clock does not run backwards: {to} is before {now}")
