"""What a fault of frames can do with a frame that is for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockserver.engine.journal import TO_CLIENT, Mark

if TYPE_CHECKING:
    from mockserver.engine.space import Space

    from .injection import Injection
    from .outgoing import Outgoing


class Hand:
    """A frame that a fault has got hold of. Whatever it sends is marked with the fault's name.

    Attributes:
        frame: the frame.
        injection: the fault, with its parameters.
    """

    def __init__(self, space: Space, injection: Injection, frame: Outgoing) -> None:
        self.frame = frame
        self.injection = injection
        self._space = space

    def get(self, parameter: str, otherwise: Any) -> Any:
        """A parameter of the fault; durations are in microseconds, under NAME_us."""
        return self.injection.arguments.get(parameter, otherwise)

    def lose(self) -> None:
        """Have the frame never arrive; the trace has it, with the word that it was lost."""
        frame = self.frame
        mark = Mark(self.injection.fault.name, is_lost=True)
        self._space.journal.add(
            self._space.now, TO_CLIENT, frame.session.name, frame.data, mark=mark
        )
        if frame.is_event:
            frame.session.withhold(frame.frame["id"])
