"""What was found about one trace or several, before it is written in some format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockserver.contract import Violation


@dataclass(frozen=True, slots=True)
class Judged:
    """One trace, judged.

    Attributes:
        source: what the trace is called: its file, or its space.
        frames: how many frames it has.
        violations: what it breaks.
        uncounted: how many more violations there are, which are not among ``violations``.
        warnings: what need not be a violation.
        file: the file in which the violations have their lines; None: there is none.
    """

    source: str
    frames: int
    violations: Sequence[Violation]
    uncounted: int = 0
    warnings: Sequence[str] = ()
    file: str | None = None

    def __len__(self) -> int:
        return self.frames

    def broken(self, rule: str) -> list[Violation]:
        """The violations of one rule."""
        return [each for each in self.violations if each.rule == rule]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found.

    Attributes:
        traces: the traces that were judged.
        problems: what else is wrong: a step of a script that failed, or that nobody connected.
    """

    traces: Sequence[Judged]
    problems: Sequence[str] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems and not any(each.violations for each in self.traces)

    @property
    def frames(self) -> int:
        """How many frames were judged."""
        return sum(map(len, self.traces))

    @property
    def violations(self) -> int:
        """How many violations there are, those not listed included."""
        return sum(len(each.violations) + each.uncounted for each in self.traces)

    def sentence(self) -> str:
        """The verdict in one sentence."""
        if self.holds:
            from mockserver.contract import RULES

            return f"{self.frames} frames, {len(RULES)} rules, all hold"
        parts = []
        if count := self.violations:
            parts.append(f"{count} violation{'s' * (count != 1)} in {self.frames} frames")
        if count := len(self.problems):
            parts.append(f"{count} other problem{'s' * (count != 1)}")
        return ", ".join(parts)


def line(violation: Violation) -> int | None:
    """The line of the trace file at which a rule broke; None where that is not known."""
    return violation.proof[-1].line
