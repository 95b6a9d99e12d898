"""A verdict as plain text, with the frames that prove each violation."""

from __future__ import annotations

from mockserver import contract

from .verdict import Judged, Verdict


def render(verdict: Verdict) -> str:
    """The text."""
    return "\n".join([*(_trace(each) for each in verdict.traces), *verdict.problems])


def _trace(judged: Judged) -> str:
    if not judged.violations:
        return f"{judged.source}: {judged.frames} frames, {len(contract.RULES)} rules, all hold"
    text = contract.render(judged.violations, judged)
    if judged.uncounted:
        text += f"\n{judged.uncounted} more violations of these rules are not shown"
    return text
