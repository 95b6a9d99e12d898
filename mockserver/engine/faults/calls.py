"""What each fault that acts on a client's call makes of its answer: one function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mockserver.engine.journal import TO_SERVER, Mark
from mockserver.engine.script import AnswerPlan

from .injection import Injection

Plan = Callable[[Injection], AnswerPlan]


def _drop(injection: Injection) -> AnswerPlan:
    return AnswerPlan(of_call=Mark(injection.fault.name, is_lost=True))


PLANS: Mapping[tuple[str, str], Plan] = {
    ("drop", TO_SERVER): _drop,
}
"""By name and direction: a fault may act on calls in one way, and on answers in another."""
