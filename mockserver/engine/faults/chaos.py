"""Chaos: faults that a correct client survives, drawn from a seed.

None of them takes anything from a client for good: events are late or come twice with the same id,
sockets are lost and can be resumed, and what is sent is slow. So a test that passes without chaos
has to pass with it; one that does not has found a client that loses its session, or counts an event
twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from mockserver.engine.identity import Identities

if TYPE_CHECKING:
    from .injection import Injection

Level = Literal[1, 2, 3]

_QUIET = "video.*.updated"
"""Events after which sockets are lost: clients seldom answer these by a call at once.

A call that is on its way at that moment is lost. The vendor's client 4.2.1 even rejects one that is
made between its answer to ``signalwire.disconnect`` and the end of the socket, and then makes it.
"""

_EVERYTHING = 1_000_000
"""Times that are more than anybody counts."""


class Chaos:
    """What was drawn from a seed.

    Args:
        seed: decides all: the same frames meet the same faults.
        level: 1: frames are late, or come twice. 2: also, the service disconnects its clients. 3:
            more of it, sockets end without a word, too, and what is sent is slow and in fragments.
        is_still: whether the space's time stands still unless somebody moves it: nothing is late
            then, because nothing would ever come.

    Attributes:
        injections: what was injected, once it was.
    """

    def __init__(self, seed: int, level: Level, *, is_still: bool) -> None:
        self.seed = seed
        self.level = level
        self.injections: list[Injection] = []
        self._is_still = is_still
        self._drawn = Identities(seed, f"chaos/{level}")

    def identities(self, name: str) -> Identities:
        """What a fault draws its chances from: the same in every space."""
        return self._drawn.branch(name)

    def faults(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The faults to inject, each with its parameters."""
        draw = self._drawn
        # Sockets first: of two faults for one frame the first has it.
        if self.level >= 2:
            # Calls are answered until the client agrees.
            yield "disconnect", {"events": _QUIET, "probability": 0.3, "times": self.level}
        if self.level == 3:
            code = draw.one_of([1001, 1011, 1012])
            yield "close", {"events": _QUIET, "probability": 0.3, "times": 1, "code": code}
            yield "reset", {"events": _QUIET, "probability": 0.3, "times": 1}
            size, rate = draw.one_of([7, 64, 500]), draw.one_of([20_000, 50_000, 100_000])
            yield "fragment", {"bytes": size, "times": _EVERYTHING}
            yield "slow", {"bytes_per_s": rate, "times": _EVERYTHING}
        often = 0.15 * self.level
        yield "duplicate", {"events": "*", "probability": often}
        if not self._is_still:
            by = draw.one_of(["20ms", "100ms", "300ms"])
            yield "delay", {"probability": often, "by": by}

    def __str__(self) -> str:
        """What was injected, what of it struck, and how to have the same again."""
        lines = [f"chaos by seed {self.seed}, level {self.level}; what was injected:"]
        for each in self.injections:
            given = ", ".join(f"{key}: {value}" for key, value in each.given.items())
            times = "once" if each.struck == 1 else f"{each.struck} times"
            lines.append(
                f"  {each.fault.name} ({given}) struck {times if each.struck else 'never'}"
            )
        return "\n".join(lines)
