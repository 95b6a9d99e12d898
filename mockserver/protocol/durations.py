"""Durations as people write them, held as whole microseconds.

A duration is a number of seconds (`5`, `0.25`) or a text with a unit (`250ms`, `5s`, `2m`, `1h`).
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

MICROSECONDS = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
EXPECTED = "a duration such as 250ms, 5s, 2m or 1h, or a number of seconds, to the microsecond"

LONGEST_DAYS = 366
"""What is longer is a slip, and dates beyond it could not be told."""

_TEXT = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def microseconds(value: object, longest_s: float | None = None) -> int:
    """Read a duration as whole microseconds.

    Args:
        value: a text with a unit, or a number of seconds.
        longest_s: how long it may be, in seconds; None: a year.

    Raises:
        ValueError: it is not a duration, is negative, finer than a microsecond, or too long.
    """
    if isinstance(value, str) and (match := _TEXT.fullmatch(value)):
        exact = Decimal(match[1]) * MICROSECONDS[match[2]]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        exact = Decimal(repr(value)) * MICROSECONDS["s"]
    else:
        raise ValueError(f"expected {EXPECTED}")
    if not exact.is_finite() or exact < 0 or exact != exact.to_integral_value():
        raise ValueError(f"expected {EXPECTED}")
    if exact > LONGEST_DAYS * 24 * MICROSECONDS["h"]:
        raise ValueError(f"expected at most {LONGEST_DAYS} days")
    if longest_s is not None and exact > longest_s * MICROSECONDS["s"]:
        raise ValueError(f"expected at most {longest_s:g} seconds")
    return int(exact)


def rounded(value: object, longest_s: float | None = None) -> int:
    """Read a duration as ``microseconds`` does, but round a number to the next microsecond.

    For durations that a program has computed: ``0.1 + 0.2`` is one.

    Raises:
        ValueError: it is not a duration, is negative, or too long.
    """
    if isinstance(value, float) and math.isfinite(value):
        value = round(value, 6)
    return microseconds(value, longest_s)


def text(duration_us: int) -> str:
    """Write microseconds as a scenario would: in the largest unit that needs no fraction."""
    for unit in ("h", "m", "s", "ms"):
        if duration_us and duration_us % MICROSECONDS[unit] == 0:
            return f"{duration_us // MICROSECONDS[unit]}{unit}"
    return f"{Decimal(duration_us).scaleb(-3).normalize():f}ms" if duration_us else "0s"
