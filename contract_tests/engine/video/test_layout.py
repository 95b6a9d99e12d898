"""Where members are on the canvas."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine.video.layout import AUTO, LAYOUTS, OFF_CANVAS, Placing

POSITIONS = st.sampled_from([AUTO, OFF_CANVAS, "standard-1", "standard-3", "reserved-1"])


def asked(positions: list[str]) -> dict[str, str]:
    return {f"member-{number}": position for number, position in enumerate(positions)}


def test_there_is_a_position_for_each_of_very_many() -> None:
    placed = Placing(asked([AUTO] * 12_000), "grid-responsive").positions
    assert placed["member-11999"] == "standard-12000"


@given(layout=st.sampled_from(sorted(LAYOUTS)), first=st.lists(POSITIONS), more=st.integers(0, 20))
def test_who_joins_later_is_placed_as_if_all_were_placed_again(
    layout: str, first: list[str], more: int
) -> None:
    placing = Placing(asked(first), layout)
    everybody = asked(first + [AUTO] * more)
    for member in list(everybody)[len(first) :]:
        placing.add(member)
    assert placing.positions == Placing(everybody, layout).positions
