"""What a fault of frames can do with a frame that is for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mockserver.engine.journal import TO_CLIENT, Mark
from mockserver.protocol import codec, frames

from .history import before

if TYPE_CHECKING:
    from mockserver.engine.space import Space

    from .injection import Injection
    from .outgoing import Outgoing
    from .traps import Trap


class Hand:
    """A frame that a fault has got hold of. Whatever it sends is marked with the fault's name.

    Attributes:
        frame: the frame.
        injection: the fault, with its parameters.
        is_new: whether the frame counts as one that the fault struck; False for one that only
            comes into what an earlier frame set up.
    """

    def __init__(self, space: Space, injection: Injection, frame: Outgoing) -> None:
        self.frame = frame
        self.injection = injection
        self.is_new = True
        self._space = space

    def get(self, parameter: str, otherwise: Any) -> Any:
        """A parameter of the fault; durations are in microseconds, under NAME_us."""
        return self.injection.arguments.get(parameter, otherwise)

    @property
    def now(self) -> int:
        """The space's time."""
        return self._space.now

    def later(self, delay_us: int, action: Callable[[], None]) -> None:
        """Do something later, on the space's clock."""
        self._space.later(delay_us, action)

    # The frame itself

    def send_out_of_turn(self) -> None:
        """Send the frame when, or to whom, nobody meant it to be sent."""
        self._transmit(self.frame.data, Mark(self.injection.fault.name, is_extra=True))

    def send_as_it_is(self) -> None:
        """Send the frame, unmarked: it is what it was to be."""
        self._transmit(self.frame.data, None)

    def send_changed(self, data: bytes) -> None:
        """Send this in the frame's place; the trace says also what was meant."""
        self._transmit(data, Mark(self.injection.fault.name, meant=self.frame.data))

    def _transmit(self, data: bytes, mark: Mark | None) -> None:
        frame = self.frame
        session = frame.session
        if frame.is_event:
            session.withheld.discard(frame.id)
            if not session.acknowledges:
                session.settle(frame.id)
                session.expect_reply(frame.id, frames.EVENT_METHOD)
        self._space.delivery.transmit(frame.connection, session.name, data, mark)

    def lose(self) -> None:
        """Have the frame not arrive; the trace has it, with the word that it was lost."""
        frame = self.frame
        mark = Mark(self.injection.fault.name, is_lost=True)
        self._space.journal.add(
            self._space.now, TO_CLIENT, frame.session.name, frame.data, mark=mark
        )
        if frame.is_event:
            frame.session.withhold(frame.id)

    # A frame that comes later

    def hold(self) -> None:
        """Keep the frame back until ``release``; the trace says that it did not arrive by now.

        An event is pending meanwhile.
        """
        frame = self.frame
        if frame.is_event:
            frame.session.keep(frame.id, frame.data)
        self.lose()

    def release(self) -> None:
        """Send a frame that was held, if its connection is still there.

        Otherwise an event comes with the resume, or has come.
        """
        frame = self.frame
        if frame.session.connection is frame.connection and frame.connection.is_open:
            self.send_out_of_turn()

    # Other frames

    def send_extra(self, frame: frames.Frame, after_us: int = 0) -> None:
        """Send a frame that nobody meant to be sent.

        Args:
            frame: the frame.
            after_us: how much later, in microseconds of space time.
        """
        connection, session, data = self.frame.connection, self.frame.session, codec.encode(frame)

        def send() -> None:
            if session.connection is connection and connection.is_open:
                mark = Mark(self.injection.fault.name, is_extra=True)
                self._space.delivery.transmit(connection, session.name, data, mark)

        if after_us:
            self.later(after_us, send)
        else:
            send()

    def new_id(self) -> str:
        """An id of the fault's own."""
        return self.injection.identities.uuid()

    def event_before(self) -> frames.Frame | None:
        """The event about the same thing that the session got last; None where there is none."""
        return before(self._space.journal, self.frame)

    # Frames that follow

    def set(self, trap: Trap) -> None:
        """Have a trap see the frames that follow on the connection, until it is ``unset``."""
        self.injection.traps.append(trap)

    def unset(self, trap: Trap) -> None:
        """The trap sees nothing any more."""
        self.injection.traps.remove(trap)
        self._space.faults.forget_those_over()
