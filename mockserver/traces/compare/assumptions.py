"""Which assumptions of ``docs/FIDELITY.md`` a difference touches."""

from __future__ import annotations

import re
from functools import cache

from mockserver import fidelity


def touched(label: str) -> tuple[int, ...]:
    """The numbers of the assumptions that a difference touches.

    Args:
        label: the difference, as ``Difference.label`` has it.
    """
    return tuple(
        fact.assumption
        for fact in fidelity.assumptions()
        if fact.assumption is not None
        and any(_pattern(each).fullmatch(label) for each in fact.shows_in)
    )


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """A pattern of ``facts.toml``: ``*`` stands for any text, ``A|B`` for either word."""
    return re.compile(" ".join(f"(?:{'|'.join(_words(word))})" for word in text.split(" ")))


def _words(word: str) -> list[str]:
    return [".*".join(map(re.escape, each.split("*"))) for each in word.split("|")]
