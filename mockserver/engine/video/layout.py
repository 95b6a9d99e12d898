"""Layouts: who is shown where on the canvas."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

LAYOUTS: dict[str, int | None] = {
    "grid-responsive": None,
    "grid-responsive-mobile": None,
    "highlight-1-responsive": None,
    "1x1": 1,
    "2x1": 2,
    "2x2": 4,
    "5up": 5,
    "3x3": 9,
    "4x4": 16,
    "5x5": 25,
    "6x6": 36,
    "8x8": 64,
    "10x10": 100,
    "screen-share": None,
}
"""The vendor's layouts -> how many they show; None shows everybody [A]."""

OFF_CANVAS = "off-canvas"
AUTO = "auto"


class Placing:
    """Where each member is: a requested position, ``standard-N``, or ``off-canvas``.

    Which position the real service chooses for ``auto`` is not public: the first that is free [A].

    Args:
        requested: member id -> the position asked for, in the order of joining.
        layout: its name.

    Attributes:
        positions: member id -> position.
    """

    __slots__ = ("_free", "_room_for", "_shown", "positions")

    def __init__(self, requested: Mapping[str, str], layout: str) -> None:
        taken = set(requested.values())
        self._free = (name for number in count(1) if (name := f"standard-{number}") not in taken)
        self._room_for = LAYOUTS[layout]
        self._shown = sum(position not in (AUTO, OFF_CANVAS) for position in requested.values())
        self.positions: dict[str, str] = {}
        for member_id, position in requested.items():
            if position == AUTO:
                self.add(member_id)
            else:
                self.positions[member_id] = position

    def add(self, member_id: str) -> None:
        """Place one more member, who asks for no position and joined after all others."""
        if self._room_for is None or self._shown < self._room_for:
            self.positions[member_id] = next(self._free)
            self._shown += 1
        else:
            self.positions[member_id] = OFF_CANVAS


def layers(placed: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The layers of ``video.layout.changed``: a grid, in percent of the canvas [A].

    Args:
        placed: member id -> position; a member off the canvas has no layer. It must not change
            while the layers are made, one by one.
    """
    shown = [(member, position) for member, position in placed.items() if position != OFF_CANVAS]
    columns = max(1, math.ceil(math.sqrt(len(shown))))
    rows = max(1, math.ceil(len(shown) / columns))
    width, height = round(100 / columns, 2), round(100 / rows, 2)
    lefts = [round(column * width, 2) for column in range(columns)]
    tops = [round(row * height, 2) for row in range(rows)]
    yield from (
        {
            "layer_index": index,
            "z_index": 0,
            "x": lefts[index % columns],
            "y": tops[index // columns],
            "width": width,
            "height": height,
            "member_id": member,
            "position": position,
            "visible": True,
        }
        for index, (member, position) in enumerate(shown)
    )
