from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.protocol import durations


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("250ms", 250_000),
        ("5s", 5_000_000),
        ("1.5s", 1_500_000),
        ("2m", 120_000_000),
        ("1h", 3_600_000_000),
        (5, 5_000_000),
        (0, 0),
        (0.1, 100_000),
        (4.03, 4_030_000),
        (0.000001, 1),
        ("0.001ms", 1),
    ],
)
def test_a_duration_is_read_to_the_microsecond(written: object, expected: int) -> None:
    assert durations.microseconds(written) == expected


@pytest.mark.parametrize(
    "written",
    [-1, "-1s", "5", "5 s", "5S", "5us", "s", "", "1m30s", None, True, [], 1e-7, float("inf")],
)
def test_what_is_no_duration_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="expected a duration such as 250ms"):
        durations.microseconds(written)


@pytest.mark.parametrize(
    ("duration_us", "text"),
    [
        (0, "0s"),
        (1, "0.001ms"),
        (1_500_000, "1500ms"),
        (5_000_000, "5s"),
        (120_000_000, "2m"),
        (7_200_000_000, "2h"),
    ],
)
def test_a_duration_is_written_in_the_largest_unit(duration_us: int, text: str) -> None:
    assert durations.text(duration_us) == text


@given(st.integers(min_value=0, max_value=10**13))
def test_what_is_written_reads_the_same(duration_us: int) -> None:
    assert durations.microseconds(durations.text(duration_us)) == duration_us
