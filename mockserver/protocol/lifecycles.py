"""What may happen to a recording, and to whatever else lives and ends, as tables.

A row says: in this state this verb leads to that state and causes that event. A pair without a row
is not allowed. Two laws hold for every table: each state can be reached from the initial one, and
nothing leads out of the final one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

__all__ = ["LIFECYCLES", "PLAYBACK", "RECORDING", "STREAM", "Lifecycle", "Transition"]


class Transition(NamedTuple):
    """What a verb does: the state that it leads to and the event that reports it."""

    state: str
    event: str
    """Last part of the event's type: `updated` for `video.recording.updated`."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The table of one kind of thing.

    Attributes:
        kind: What lives, as in the names of its calls and events: `recording`.
        initial: The state that the verb `start` makes it in, reported by the event `started`.
        final: The state that nothing leads out of.
        rows: `{(state, verb): Transition(state, event)}`; `start` has no row, since
            nothing is there before it.
        flag: The field of `room_session` that is true while one has not ended; None when the room
            does not show it.
    """

    kind: str
    initial: str
    final: str
    rows: Mapping[tuple[str, str], Transition]
    flag: str | None = None

    @property
    def states(self) -> tuple[str, ...]:
        """All states, the initial one first."""
        return tuple(
            dict.fromkeys([self.initial, *(transition.state for transition in self.rows.values())])
        )

    @property
    def verbs(self) -> tuple[str, ...]:
        """All verbs but `start`, in the order of the table."""
        return tuple(dict.fromkeys(verb for _, verb in self.rows))

    def transition(self, state: str, verb: str) -> Transition | None:
        """Where `verb` leads from `state`; None when the state does not allow it."""
        return self.rows.get((state, verb))

    def allowed(self, state: str) -> tuple[str, ...]:
        """The verbs that `state` allows, in the order of the table."""
        return tuple(verb for source, verb in self.rows if source == state)


# Source [D, T]. What an illegal transition is answered with is not public: see Refusal.
RECORDING: Final = Lifecycle(
    kind="recording",
    initial="recording",
    final="completed",
    rows=MappingProxyType(
        {
            ("recording", "pause"): Transition("paused", "updated"),
            ("paused", "resume"): Transition("recording", "updated"),
            ("recording", "stop"): Transition("completed", "ended"),
            ("paused", "stop"): Transition("completed", "ended"),
        }
    ),
    flag="recording",
)

# Source [T]. That volume and position may be set while paused is assumed [A].
PLAYBACK: Final = Lifecycle(
    kind="playback",
    initial="playing",
    final="completed",
    rows=MappingProxyType(
        {
            ("playing", "pause"): Transition("paused", "updated"),
            ("paused", "resume"): Transition("playing", "updated"),
            ("playing", "stop"): Transition("completed", "ended"),
            ("paused", "stop"): Transition("completed", "ended"),
            ("playing", "set_volume"): Transition("playing", "updated"),
            ("paused", "set_volume"): Transition("paused", "updated"),
            ("playing", "seek_absolute"): Transition("playing", "updated"),
            ("paused", "seek_absolute"): Transition("paused", "updated"),
            ("playing", "seek_relative"): Transition("playing", "updated"),
            ("paused", "seek_relative"): Transition("paused", "updated"),
        }
    ),
)

# Source [T].
STREAM: Final = Lifecycle(
    kind="stream",
    initial="streaming",
    final="completed",
    rows=MappingProxyType({("streaming", "stop"): Transition("completed", "ended")}),
    flag="streaming",
)

LIFECYCLES: Final[Mapping[str, Lifecycle]] = MappingProxyType(
    {table.kind: table for table in (RECORDING, PLAYBACK, STREAM)}
)
"""All tables by kind."""
