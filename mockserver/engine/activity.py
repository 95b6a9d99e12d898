"""An activity: something that runs in a container, from its start to its final state.

A recording, a playback and a stream run in a room session. All activities share this mechanism, and
each kind has its table in ``protocol/lifecycles.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from mockserver.protocol.errors import Refusal
from mockserver.protocol.lifecycles import Lifecycle

from .clock import seconds


class Activity:
    """One activity. Subclasses add what only their kind has.

    Attributes:
        state: its state by the table.
        started_at, ended_at: microseconds of space time; ended_at is None until it has ended.
        running_us: how long it has run, pauses not counted, up to its last change.
    """

    lifecycle: ClassVar[Lifecycle]
    has_length: ClassVar[bool] = False
    """Whether it ends by itself once ``length_us``, one of its params, has passed."""

    def __init__(self, activity_id: str, now: int, params: Mapping[str, Any]) -> None:
        self.id = activity_id
        self.state = self.lifecycle.initial
        self.started_at = now
        self.ended_at: int | None = None
        self.running_us = 0
        self._since = now

    @property
    def kind(self) -> str:
        """``recording``, ``playback``, ``stream``, …."""
        return self.lifecycle.kind

    @property
    def has_ended(self) -> bool:
        """True exactly in the final state [D, T]."""
        return self.state == self.lifecycle.final

    @property
    def changed_at(self) -> int:
        """When something was last done to it: microseconds of space time."""
        return self._since

    def apply(self, verb: str, now: int, params: Mapping[str, Any]) -> str:
        """Do what the table says; returns the suffix of its event (``updated``, ``ended``).

        Args:
            verb: what is done to it.
            now: microseconds of space time.
            params: what the verb takes, as the call of that name has it.

        Raises:
            Refusal: 409 when the state does not allow the verb [A]; nothing has changed then.
        """
        transition = self.lifecycle.transition(self.state, verb)
        if transition is None:
            allowed = self.lifecycle.allowed(self.state)
            then = f"allowed now: {', '.join(allowed)}" if allowed else "what has ended stays so"
            raise Refusal("409", f"cannot {verb} {self.kind} {self.id}: it is {self.state}; {then}")
        self._catch_up(now)
        self._do(verb, params)
        self.state = transition.state
        if self.has_ended:
            self.ended_at = now
        return transition.event

    def ends_by_itself_at(self) -> int | None:
        """When it will end if nothing is done to it; None when it will not."""
        return None

    def as_wire(self, now: int) -> dict[str, Any]:
        """The object of the protocol at this time: times in unix seconds."""
        shown: dict[str, Any] = {
            "id": self.id,
            "state": self.state,
            "started_at": seconds(self.started_at),
        }
        if self.ended_at is not None:
            shown["ended_at"] = seconds(self.ended_at)
        return shown

    def _catch_up(self, now: int) -> None:
        if self.state == self.lifecycle.initial:
            self.running_us += now - self._since
        self._since = now

    def _do(self, verb: str, params: Mapping[str, Any]) -> None:
        """What the verb changes besides the state."""
