"""What each fault of frames does with a frame that is for it: one function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .hand import Hand

Effect = Callable[[Hand], bool]
"""Returns whether it has taken the frame. One that has not lets it pass, and has not struck."""


def _drop(hand: Hand) -> bool:
    hand.lose()
    return True


EFFECTS: Mapping[str, Effect] = {
    "drop": _drop,
}
