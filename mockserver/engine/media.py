"""What lives in a room and has a lifecycle: recordings today, by the table of their kind."""

from __future__ import annotations

from typing import Any

from mockserver.protocol.errors import Refusal
from mockserver.protocol.lifecycles import Lifecycle

from .clock import seconds


class Media:
    """One recording (or another kind with a lifecycle table).

    Attributes:
        state: its state by the table.
        started_at, ended_at: microseconds of space time; ended_at is None until it is completed.
        running_us: how long it has run, pauses not counted, up to its last change.
    """

    __slots__ = ("_since", "ended_at", "id", "lifecycle", "running_us", "started_at", "state")

    def __init__(self, lifecycle: Lifecycle, media_id: str, now: int) -> None:
        self.lifecycle = lifecycle
        self.id = media_id
        self.state = lifecycle.initial
        self.started_at = now
        self.ended_at: int | None = None
        self.running_us = 0
        self._since = now

    @property
    def has_ended(self) -> bool:
        """True exactly in the final state [D]."""
        return self.state == self.lifecycle.final

    def act(self, verb: str, now: int) -> str:
        """Move by the table; returns the suffix of the event to tell (``updated``, ``ended``).

        Raises:
            Refusal: 409 when the state does not allow the verb [A]; nothing has changed then.
        """
        move = self.lifecycle.move(self.state, verb)
        if move is None:
            kind = self.lifecycle.kind
            allowed = self.lifecycle.allowed(self.state)
            then = f"allowed now: {', '.join(allowed)}" if allowed else "what has ended stays so"
            raise Refusal("409", f"cannot {verb} {kind} {self.id}: it is {self.state}; {then}")
        if self.state == self.lifecycle.initial:
            self.running_us += now - self._since
        self.state = move.state
        self._since = now
        if self.has_ended:
            self.ended_at = now
        return move.event

    def as_wire(self) -> dict[str, Any]:
        """The object of the protocol: times in unix seconds, duration in seconds.

        ``duration`` and ``ended_at`` appear once it has ended ("if available" [D]); pauses do not
        count [A].
        """
        shown: dict[str, Any] = {
            "id": self.id,
            "state": self.state,
            "started_at": seconds(self.started_at),
        }
        if self.ended_at is not None:
            shown["ended_at"] = seconds(self.ended_at)
            shown["duration"] = seconds(self.running_us)
        return shown
