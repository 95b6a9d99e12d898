"""What leaves a space: answers and calls at once, events one latency after their cause."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver.protocol import codec, documents, frames, validation
from mockserver.protocol.documents import Document

from .clock import seconds
from .container import Container
from .faults.outgoing import Outgoing
from .journal import TO_CLIENT, Mark
from .session import REFILL_BYTES, Connection, Session

if TYPE_CHECKING:
    from .space import Space

Recipients = Callable[[], Iterable[Session]]
"""Says, when an event is sent, which sessions get it."""


class Event(NamedTuple):
    """Something that is to be told.

    Attributes:
        type: ``video.recording.started``, ….
        params: the event's own parameters.
        channel: what ``event_channel`` says.
        about: the container that it is about.
        to: asked when the event leaves which sessions get it.
    """

    type: str
    params: dict[str, Any]
    channel: str
    about: Container
    to: Recipients


class Delivery:
    """Sends a space's frames, notes them, and keeps what cannot be sent yet.

    Args:
        space: whose frames they are.

    Attributes:
        last: when the last event that was made leaves, or has left (microseconds of space time).
    """

    __slots__ = ("_faults", "_journal", "_space", "last")

    def __init__(self, space: Space) -> None:
        self._space = space
        self._faults = space.faults
        self._journal = space.journal
        self.last = space.now

    def send(
        self, connection: Connection, data: bytes, method: str = "", mark: Mark | None = None
    ) -> None:
        """Send a frame that is no event.

        Args:
            connection: where to; one that is being closed gets nothing.
            data: the encoded frame.
            method: of the call that it answers, or that it is; "" for none.
            mark: what a fault has done to it already.
        """
        if connection.closing is not None:
            return
        session = connection.session
        if (
            self._faults.active
            and session is not None
            and mark is None
            and self._faults.take(Outgoing.of(session, connection, data, method))
        ):
            return
        self.transmit(connection, None if session is None else session.name, data, mark)

    def transmit(
        self, connection: Connection, name: str | None, data: bytes, mark: Mark | None = None
    ) -> None:
        """Send an encoded frame unless it is lost, and note it; the client waits for the first."""
        if mark is None or not mark.is_lost:
            connection.send(data, mark)
        self._journal.add(self._space.now, TO_CLIENT, name, data, mark=mark)

    def call_client(self, session: Session, method: str, params: dict[str, Any]) -> None:
        """Call a method of the client's, if it is there."""
        connection = session.connection
        if connection is not None:
            frame = frames.call(self._space.identities.uuid(), method, params)
            session.expect_reply(frame["id"], method)
            self.send(connection, codec.encode(frame), method)

    # Events

    def emit(self, event: Event) -> bytes:
        """Make an event now; it leaves one latency later. Returns its frame, encoded.

        It is one object with one id, validated and encoded once.
        """
        frame = self._framed(event)
        validation.check_outgoing(frame)
        data = codec.encode(frame)
        self._plan(frame["id"], data, event)
        return data

    def emitting(self, event: Event) -> Generator[None, None, bytes]:
        """The same in steps, for an event whose params may be a document."""
        if not isinstance(event.params, Document):
            return self.emit(event)
        frame = self._framed(event)
        document = Document(frame, params=Document(frame["params"]))
        data = yield from documents.encoding(document, validation.check_outgoing)
        self._plan(frame["id"], data, event)
        return data

    def _framed(self, event: Event) -> frames.Frame:
        space = self._space
        return frames.event(
            space.identities.uuid(), event.type, event.channel, seconds(space.now), event.params
        )

    def _plan(self, event_id: str, data: bytes, event: Event) -> None:
        space = self._space
        self.last = max(self.last, space.now + space.latency_us)
        space.agenda.add(self.last, partial(self._deliver, event_id, data, event.to))
        space.script.on_event(space, event.type, event.about)

    def push(self, frame: frames.Frame, sessions: Iterable[Session]) -> None:
        """Send a frame of somebody's own making to these sessions, at once and as it is.

        Only an event with a text as its id is one that clients acknowledge, and that a session
        gets after a resume if it has to.
        """
        data = codec.encode(frame)
        event_id = frame.get("id")
        for session in sessions:
            if frames.is_event(frame) and isinstance(event_id, str):
                self._send_event(session, event_id, data)
            elif session.connection is not None and session.connection.is_open:
                self.transmit(session.connection, session.name, data)

    def _deliver(self, event_id: str, data: bytes, to: Recipients) -> None:
        sessions = to()
        if self._faults.active:
            sessions = list(sessions)
            self._faults.invite(data, sessions)
        for session in sessions:
            self._send_event(session, event_id, data)

    def _send_event(self, session: Session, event_id: str, data: bytes) -> None:
        """Send an event to a session, or keep it for when the session comes back."""
        connection = session.connection
        if connection is None or connection.closing is not None:
            self._keep(session, event_id, data)
        elif session.backlog is not None:
            # What is sent again comes first.
            session.backlog.append(event_id)
            self._keep(session, event_id, data)
        else:
            if session.acknowledges:
                self._keep(session, event_id, data)
            if self._faults.active and self._faults.take(Outgoing.of(session, connection, data)):
                return
            self._note_sent(session, event_id, data)
            connection.send(data)

    def _note_sent(
        self, session: Session, event_id: str, data: bytes, mark: Mark | None = None
    ) -> None:
        if not session.acknowledges:
            session.expect_reply(event_id, "signalwire.event")
        self._journal.add(self._space.now, TO_CLIENT, session.name, data, mark=mark)

    def _keep(self, session: Session, event_id: str, data: bytes) -> None:
        """Keep a pending event; a session for which too much is kept is ended."""
        session.keep(event_id, data)
        if not session.has_too_much:
            return
        reason = (
            f"{len(session.pending)} events of {session.pending_bytes} bytes wait for session "
            f"{session.name}, and no more can be kept: the session was ended"
        )
        self._journal.note(self._space.now, session.name, reason)
        if session.connection is not None:
            session.connection.close(1013, "too many events wait for this session")
        self._space.forget(session)

    def send_pending(self, session: Session, connection: Connection) -> None:
        """Send what is pending, as fast as the client takes it, before anything new."""
        if not session.pending:
            return
        backlog = session.backlog = deque(session.pending)

        def refill() -> None:
            while backlog and connection.outbox_bytes < REFILL_BYTES:
                event_id = backlog.popleft()
                data = session.pending.get(event_id)
                if data is None:
                    # It was acknowledged meanwhile.
                    continue
                # What a fault made is the fault's still when it is sent again.
                mark = session.marks.get(event_id)
                if not session.acknowledges:
                    session.settle(event_id)
                self._note_sent(session, event_id, data, mark)
                connection.queue(data, mark)
            if not backlog and session.backlog is backlog:
                session.backlog = connection.refill = None

        connection.refill = refill
        refill()
        connection.wake()
