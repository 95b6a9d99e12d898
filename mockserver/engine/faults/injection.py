"""A fault that was injected into a space: which frames it is for, and how many of them.

It is for frames of its ``direction`` that fit its ``method`` or ``events``, its ``session`` and its
``room``. One that has neither ``method`` nor ``events`` is for events and for what the calls of
namespaces bring: those of the session itself (``signalwire.connect``, …) have to be named. It
strikes once, unless it has ``times``, ``for`` or ``probability``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from mockserver.engine.journal import TO_CLIENT

from .catalogue import Fault

if TYPE_CHECKING:
    from mockserver.engine.identity import Identities

    from .calls import CallWindow
    from .outgoing import Outgoing
    from .traps import Trap

OF_THE_SESSION = "signalwire."
"""How the methods begin that belong to the session itself."""


@dataclass(slots=True, eq=False)
class Injection:
    """One fault that was injected.

    Attributes:
        number: counts those of the space, from 1.
        fault: its row in the catalogue.
        given: its parameters, as they were given.
        arguments: the same as the engine reads them: durations in whole microseconds, under
            NAME_us.
        identities: what it draws ids and chances from: the space's other ids stay what they are.
        until: when it is over, in microseconds of space time; None: at no certain time.
        struck: how many times it has struck.
        traps: what it has set up for the frames to clients that follow.
        windows: the same for calls.
        protocols: of the sessions whose credentials it has revoked.
    """

    number: int
    fault: Fault
    given: Mapping[str, Any]
    arguments: Mapping[str, Any]
    identities: Identities
    until: int | None
    struck: int = 0
    traps: list[Trap] = field(default_factory=list)
    windows: list[CallWindow] = field(default_factory=list)
    protocols: set[str] = field(default_factory=set)

    @property
    def direction(self) -> str:
        """Which way the frames go that it is for."""
        direction: str = self.arguments.get("direction", TO_CLIENT)
        return direction

    @property
    def has_frame_filter(self) -> bool:
        """Whether it says for which frames it is."""
        return "events" in self.arguments or "method" in self.arguments

    @property
    def times(self) -> int | None:
        """How many times it strikes; None: any number of times."""
        is_bounded = self.until is not None or "probability" in self.arguments
        times: int | None = self.arguments.get("times", None if is_bounded else 1)
        return times

    @property
    def can_strike(self) -> bool:
        """Whether it has not struck as many times as it may."""
        times = self.times
        return times is None or self.struck < times

    def is_over(self, now: int) -> bool:
        """Whether its time is over; or, of what does not last, whether it can strike no more.

        What it has set up is waited for.
        """
        if self.traps or self.windows:
            return False
        if self.until is not None and now >= self.until:
            return True
        return not self.can_strike and not self.fault.lasts

    def has_chance(self) -> bool:
        """Whether it strikes what it is for, this time."""
        probability: float = self.arguments.get("probability", 1)
        return probability >= 1 or self.identities.chance(probability)

    def count(self) -> None:
        """It has struck."""
        self.struck += 1

    def is_for_session(self, name: str | None) -> bool:
        """Whether it is for the session of this name."""
        return self.arguments.get("session") in (None, name)

    def is_for_frame(self, frame: Outgoing) -> bool:
        """Whether it is for a frame to a client, by the event or the method."""
        if not frame.is_event:
            return self.is_for_method(frame.method)
        events = self.arguments.get("events")
        if events is None:
            return "method" not in self.arguments
        return fnmatchcase(frame.event_type, events)

    def is_for_method(self, method: str) -> bool:
        """Whether it is for calls of this method, and their answers."""
        wanted = self.arguments.get("method")
        if wanted is not None:
            return fnmatchcase(method, wanted)
        return "events" not in self.arguments and not method.startswith(OF_THE_SESSION)
