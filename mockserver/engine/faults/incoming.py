"""A client's call on its way to the server, as a fault has got hold of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mockserver.engine.journal import Mark
from mockserver.protocol import codec, frames, validation
from mockserver.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from mockserver.engine.session import Connection
    from mockserver.engine.space import Space

    from .injection import Injection


class Incoming:
    """A call. What becomes of it is marked with the fault's name.

    Attributes:
        connection: where it comes from.
        frame: the call.
        data: the same as it crossed the wire.
        injection: the fault, with its parameters.
    """

    def __init__(
        self,
        space: Space,
        injection: Injection,
        connection: Connection,
        frame: frames.Frame,
        data: bytes,
    ) -> None:
        self.connection = connection
        self.frame = frame
        self.data = data
        self.injection = injection
        self._space = space

    def get(self, parameter: str, otherwise: Any) -> Any:
        """A parameter of the fault; durations are in microseconds, under NAME_us."""
        return self.injection.arguments.get(parameter, otherwise)

    def later(self, delay_us: int, action: Callable[[], None]) -> None:
        """Do something later, on the space's clock."""
        self._space.later(delay_us, action)

    def forget_those_over(self) -> None:
        """End faults that were only waited for."""
        self._space.faults.forget_those_over()

    def note(self, *, is_lost: bool = False) -> None:
        """Have the trace say that the call was sent now, and that the fault has it."""
        mark = Mark(self.injection.fault.name, is_lost=is_lost)
        self._space.note_call(self.connection, self.frame, self.data, mark)

    def handle(self) -> None:
        """Have the server handle the call, which has been noted."""
        self._space.take_call(self.connection, self.frame)

    def arrive(self) -> None:
        """Have the call arrive as it is."""
        self._space.note_call(self.connection, self.frame, self.data)
        self.handle()

    def arrive_again(self, frame: frames.Frame) -> None:
        """Have a call arrive that the client did not make: so its answer is one too many."""
        if not self.connection.is_open:
            return
        mark = Mark(self.injection.fault.name, is_extra=True)
        self._space.note_call(self.connection, frame, codec.encode(frame), mark)
        self._space.take_call(self.connection, frame, of_answer=mark)

    def arrive_changed(self, data: bytes) -> None:
        """Have this arrive in the call's place; the trace says also what was meant."""
        name = self.injection.fault.name
        mark, of_answer = Mark(name, meant=self.data), Mark(name)
        try:
            frame = codec.decode(data)
            validation.check_call(frame)
        except ProtocolError as error:
            self._space.refuse(self.connection, data, error, mark=mark, of_answer=of_answer)
            return
        self._space.note_call(self.connection, frame, data, mark)
        self._space.take_call(self.connection, frame, of_answer=of_answer)
