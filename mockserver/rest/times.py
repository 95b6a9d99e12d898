"""Times and durations as REST writes them; the engine's are whole microseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from mockserver.engine.clock import MICROSECONDS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = (each.replace(tzinfo=UTC) - _EPOCH for each in (datetime.min, datetime.max))
_LEAP_SECOND = re.compile(r"(T\d\d:\d\d):60")
_SECONDS = re.compile(r"\d+(\.\d+)?")


def iso(microseconds: int) -> str:
    """``2025-01-01T10:00:00Z``: UTC, without fractions [A]."""
    when = _EPOCH + timedelta(seconds=microseconds // MICROSECONDS)
    # Not by strftime: its years before 1000 have less than four digits.
    return f"{when.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def iso_or_none(microseconds: int | None) -> str | None:
    """As ``iso``; None stays None."""
    return None if microseconds is None else iso(microseconds)


def whole_seconds(microseconds: int) -> int:
    """A duration in whole seconds, rounded down [A]."""
    return microseconds // MICROSECONDS


def microseconds(text: str) -> int:
    """The time that a request names: RFC 3339, a date (its midnight, UTC) [R], or unix seconds.

    Raises:
        ValueError: there is no such time.
    """
    if _SECONDS.fullmatch(text):
        return round(float(text) * MICROSECONDS)
    upper = text.upper()
    leap = _LEAP_SECOND.search(upper) is not None
    when = datetime.fromisoformat(_LEAP_SECOND.sub(r"\1:59", upper))
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    since = when - _EPOCH + timedelta(seconds=1 if leap else 0)
    if not _FIRST <= since <= _LAST:
        # As it is written there is such a time; in UTC it is before or after all of them.
        raise ValueError(f"no time of the years 1 to 9999: {text}")
    return since // timedelta(microseconds=1)
