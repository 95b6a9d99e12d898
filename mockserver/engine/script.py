"""What a space lets a script do: hear of what happens, and stand in for answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver.protocol.errors import ProtocolError, Refusal

if TYPE_CHECKING:
    from .container import Container
    from .journal import Mark
    from .session import Session
    from .space import Space


@dataclass(frozen=True, slots=True)
class AnswerPlan:
    """How one call is answered other than by its effect, at once.

    Attributes:
        instead: raised in place of doing what was called for, which then has no effect.
        delay_us: microseconds of space time by which the call is handled late, so that its answer
            and its events are late; with ``after_events`` only the answer is.
        after_events: whether the answer follows the events that the call causes.
        of_answer: what a fault did to the answer; one that is lost is not sent.
    """

    instead: ProtocolError | Refusal | None = None
    delay_us: int = 0
    after_events: bool = False
    of_answer: Mark | None = None


class Coming(NamedTuple):
    """Something that a script will do.

    Attributes:
        what: a sentence for people.
        when: microseconds of space time; None while it waits for something to happen.
    """

    what: str
    when: int | None


@dataclass(frozen=True, slots=True)
class RestBehaviour:
    """How the space's REST API behaves, as far as a script says.

    Attributes:
        synthesises: whether unknown ids are answered with an example instead of 404.
        processing_us: for how long a recording that has ended is ``processing``, in microseconds
            of space time.
        dollars: what a recording, a room session, a member and a log entry cost each, once they
            have ended.
    """

    synthesises: bool = False
    processing_us: int = 0
    dollars: float = 0.0


class Script:
    """The script of a space; this one does nothing. Scripts act by the space's own methods."""

    name = "none"
    rest = RestBehaviour()

    failures: Sequence[str] = ()
    """What it was to do and could not, a sentence each; whoever judges the space reports them."""

    def outlook(self) -> list[Coming]:
        """What it will do: the soonest first, then what waits for something to happen."""
        return []

    @property
    def is_spent(self) -> bool:
        """Whether something of it has been played that would not be played again."""
        return False

    def begin(self, space: Space) -> None:
        """The space has begun."""

    def on_call(
        self, space: Space, session: Session | None, method: str, params: dict[str, Any]
    ) -> AnswerPlan | None:
        """A valid call came and has not been handled yet; None answers it as usual.

        ``session`` is None for ``signalwire.connect``.
        """
        return None

    def on_subscribed(
        self, space: Space, session: Session, channel: str, container: Container | None
    ) -> None:
        """A session subscribed to a channel for the first time.

        ``container`` is the one whose channel it is; None for a channel of several.
        """

    def on_event(self, space: Space, event_type: str, about: Container) -> None:
        """An event about this container was made; it leaves one latency later."""
