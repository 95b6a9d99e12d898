"""A frame on its way to a client, as a fault sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mockserver.protocol import codec, frames
from mockserver.protocol.things import thing

if TYPE_CHECKING:
    from mockserver.engine.session import Connection, Session


@dataclass(slots=True, eq=False)
class Outgoing:
    """One frame for one session.

    Attributes:
        session: who gets it.
        connection: on which connection.
        data: the frame as it is to cross the wire.
        frame: the same, decoded.
        method: of the call that it answers, or that it is.
    """

    session: Session
    connection: Connection
    data: bytes
    frame: dict[str, Any]
    method: str

    @classmethod
    def of(
        cls,
        session: Session,
        connection: Connection,
        data: bytes,
        method: str = frames.EVENT_METHOD,
    ) -> Outgoing:
        """A frame that has been encoded."""
        return cls(session, connection, data, codec.read(data) or {}, method)

    @property
    def is_event(self) -> bool:
        """Whether it is an event."""
        return frames.is_event(self.frame)

    @property
    def is_answer(self) -> bool:
        """Whether it answers a call of the client's."""
        return frames.is_answer(self.frame)

    @property
    def id(self) -> str:
        """The id of an event."""
        return str(self.frame["id"])

    @property
    def is_about_a_thing(self) -> bool:
        """Whether it is an event about something that has an id."""
        return thing(self.event_type, self.params) is not None

    @property
    def event_type(self) -> str:
        """The type of an event; "" for others."""
        return self._said("event_type")

    @property
    def channel(self) -> str:
        """The channel of an event; "" for others."""
        return self._said("event_channel")

    def _said(self, key: str) -> str:
        # What a tester pushes may be anything.
        outer = self.frame.get("params") if self.is_event else None
        found = outer.get(key) if isinstance(outer, dict) else None
        return found if isinstance(found, str) else ""

    @property
    def params(self) -> dict[str, Any]:
        """The params of an event, or of a call; the result of an answer."""
        inner = self.frame.get("params") or self.frame.get("result")
        if self.is_event and isinstance(inner, dict):
            inner = inner.get("params")
        return inner if isinstance(inner, dict) else {}
