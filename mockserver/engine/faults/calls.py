"""What each fault that acts on a client's call makes of it and of its answer: one function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mockserver.engine.clock import MICROSECONDS
from mockserver.engine.journal import TO_CLIENT, TO_SERVER, Mark
from mockserver.engine.script import AnswerPlan
from mockserver.protocol.errors import AuthenticationFailed, ProtocolError, Refusal

from .injection import Injection

Plan = Callable[[Injection, str], AnswerPlan]
"""Takes the injection, and the method that is called."""


def _drop(injection: Injection, method: str) -> AnswerPlan:
    return AnswerPlan(of_call=Mark(injection.fault.name, is_lost=True))


def _delay(injection: Injection, method: str) -> AnswerPlan:
    delay_us = injection.arguments.get("by_us", MICROSECONDS)
    return AnswerPlan(delay_us=delay_us, of_call=Mark(injection.fault.name))


def _refuse(injection: Injection, method: str) -> AnswerPlan:
    given = injection.arguments
    message = given.get("message", "refused on purpose")
    instead: ProtocolError | Refusal
    if "error" in given:
        instead = ProtocolError(message)
        instead.code = given["error"]
    elif method == "signalwire.connect":
        # Clients do not look at the code of this answer [W].
        instead = AuthenticationFailed()
    else:
        instead = Refusal(given.get("code", "500"), message)
    return AnswerPlan(instead, of_answer=Mark(injection.fault.name))


PLANS: Mapping[tuple[str, str], Plan] = {
    ("drop", TO_SERVER): _drop,
    ("delay", TO_SERVER): _delay,
    ("refuse", TO_CLIENT): _refuse,
}
"""By name and direction: what is to come back to the client, or what goes to the server."""
