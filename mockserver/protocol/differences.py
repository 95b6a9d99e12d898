"""Where a value is not as it was expected to be; fields that nobody expects are free."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

__all__ = ["MEASURED", "MISSING", "Difference", "differences"]

MEASURED: Final = frozenset({"duration", "started_at", "ended_at"})
"""Fields that hold a time or a length of time, in seconds: compared with a tolerance."""


class _Missing:
    """Stands for a field that is not there, since null is a value."""


MISSING: Final = _Missing()


class Difference(NamedTuple):
    """One field that is not as expected: its dotted path, what was expected, what came."""

    path: str
    expected: Any
    came: Any

    def __str__(self) -> str:
        """Write the difference as `recording.state: expected paused, came recording`."""
        came = "is missing" if self.came is MISSING else f"came {text(self.came)}"
        return f"{self.path}: expected {text(self.expected)}, {came}"


def differences(
    expected: Mapping[str, Any], came: Mapping[str, Any], tolerance_s: float = 0.0
) -> list[Difference]:
    """List the fields that are not as expected.

    Objects are compared field by field, lists entry by entry and in length, true and false are no
    numbers.

    Args:
        expected: the fields that matter.
        came: what there is.
        tolerance_s: by how many seconds the fields of `MEASURED` may differ. At 0 they must be
            equal to the microsecond.
    """
    return list(_differences("", expected, came, tolerance_s))


def text(value: Any) -> str:
    """Write a value as a scenario file would."""
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)


def _differences(path: str, expected: Any, came: Any, tolerance_s: float) -> Iterator[Difference]:
    if isinstance(expected, Mapping) and isinstance(came, Mapping):
        for key, value in expected.items():
            place = f"{path}.{key}" if path else key
            yield from _differences(place, value, came.get(key, MISSING), tolerance_s)
    elif isinstance(expected, list) and isinstance(came, list) and len(expected) == len(came):
        for index, (one, other) in enumerate(zip(expected, came, strict=True)):
            yield from _differences(f"{path}[{index}]", one, other, tolerance_s)
    elif not _equal(path.rpartition(".")[2], expected, came, tolerance_s):
        yield Difference(path, expected, came)


def _equal(key: str, expected: Any, came: Any, tolerance_s: float) -> bool:
    if isinstance(expected, bool) or isinstance(came, bool):
        return expected is came
    if key in MEASURED and isinstance(expected, int | float) and isinstance(came, int | float):
        return abs(round(expected * 1e6) - round(came * 1e6)) <= round(tolerance_s * 1e6)
    return bool(expected == came)
