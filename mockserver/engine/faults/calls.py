"""What each fault that acts on a client's call does: one function each.

Those of `ON_CALL` have the call while it is on its way to the server. Those of `PLANS` let it come,
and say how it is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mockserver.engine.clock import MICROSECONDS
from mockserver.engine.journal import Mark
from mockserver.engine.script import AnswerPlan
from mockserver.protocol.errors import AuthenticationFailed, ProtocolError, Refusal

from .corruption import corrupted
from .incoming import Incoming
from .injection import Injection

# On its way


def _drop(call: Incoming) -> bool:
    call.note(is_lost=True)
    return True


def _delay(call: Incoming) -> bool:
    call.note()
    call.later(call.get("by_us", MICROSECONDS), call.handle)
    return True


def _duplicate(call: Incoming) -> bool:
    call.arrive()
    again = dict(call.frame)
    if call.get("id", "same") == "other":
        again["id"] = call.injection.identities.uuid()
    after_us = call.get("after_us", 0)
    if after_us:
        call.later(after_us, lambda: call.arrive_again(again))
    else:
        call.arrive_again(again)
    return True


def _reorder(call: Incoming) -> bool:
    CallWindow(call, call.get("window", 2), call.get("within_us", MICROSECONDS))
    return True


def _corrupt(call: Incoming) -> bool:
    if call.get("how", "wrong_type") in _OF_FRAMES_TO_CLIENTS:
        return False
    data = corrupted(call.injection, call.frame, call.data)
    if data is None:
        return False
    call.arrive_changed(data)
    return True


_OF_FRAMES_TO_CLIENTS = ("unknown_event_type", "oversized")
"""Calls are no events, and what is too long for the server ends its socket with 1009 anyway."""

OnCall = Callable[[Incoming], bool]
"""Returns whether it has taken the call. One that has not lets it pass, and has not struck."""

ON_CALL: Mapping[str, OnCall] = {
    "drop": _drop,
    "delay": _delay,
    "duplicate": _duplicate,
    "reorder": _reorder,
    "corrupt": _corrupt,
}


class CallWindow:
    """Calls of one connection that are collected, and then handled in another order."""

    def __init__(self, first: Incoming, size: int, within_us: int) -> None:
        self.connection = first.connection
        self._windows = first.injection.windows
        self._size = size
        self._collected: list[Incoming] = []
        self._windows.append(self)
        self.add(first)
        first.later(within_us, self._release)

    def add(self, call: Incoming) -> None:
        """Collect a call."""
        call.note()
        self._collected.append(call)
        if len(self._collected) == self._size:
            self._release()

    def _release(self) -> None:
        collected, self._collected = self._collected, []
        if not collected:
            # It was full before its time was over.
            return
        self._windows.remove(self)
        for call in collected[0].injection.identities.in_another_order(collected):
            call.handle()
        collected[0].forget_those_over()


# Its answer


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


Plan = Callable[[Injection, str], AnswerPlan]
"""Takes the injection, and the method that is called."""

PLANS: Mapping[str, Plan] = {"refuse": _refuse}
