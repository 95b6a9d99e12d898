"""A space: one project's whole world. Frames and time go in, frames come out; it does no I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from mockserver.protocol import catalogue, codec, frames, validation
from mockserver.protocol.errors import (
    InternalError,
    InvalidFrame,
    InvalidRequest,
    ProtocolError,
    Refusal,
)

from .agenda import Agenda
from .calls import CALLS
from .clock import Clock, seconds
from .identity import Identities
from .journal import TO_CLIENT, TO_SERVER, Journal
from .room import RoomSession, as_older_room
from .rooms import ALL_ROOMS, Rooms
from .script import AnswerPlan, Script
from .session import Connection, Session

STATE = "video.room.subscribed"
"""The event that tells a subscriber how a room stands [T]."""

DEFAULT_LATENCY_US = 30_000
"""Events follow their cause by 30 ms: clients may subscribe only after they acted [W]."""

DISCONNECT_GRACE_US = 1_000_000
"""How long a client may take to answer ``signalwire.disconnect`` before it is closed [A]."""


def _raise(bug: Exception) -> None:
    raise bug


class Space(Rooms):
    """Sessions, rooms and recordings of one project, with their clock, script and journal.

    Args:
        name: the project id, or the name in the client's URL.
        clock: the space's time; the space reads it, only the owner moves it.
        seed: with the name, decides every id and every invented name.
        latency_us: microseconds of space time between a cause and its events.
        script: what happens by itself; None for nothing.
        journal_limit: how many frames the journal keeps.
        on_bug: told of a fault of the mock itself (an invalid frame of its own, say, which is
            never sent); by default it is raised.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        seed: int = 0,
        latency_us: int = DEFAULT_LATENCY_US,
        script: Script | None = None,
        journal_limit: int = 10_000,
        on_bug: Callable[[Exception], None] = _raise,
    ) -> None:
        self.name = name
        self.clock = clock
        self.now = clock.now()
        self.latency_us = latency_us
        self.agenda = Agenda()
        self.journal = Journal(name, journal_limit)
        self.identities = Identities(seed, name)
        super().__init__()
        self.sessions: dict[str, Session] = {}
        self.script = script or Script()
        self.is_kept = False
        """Whether somebody made the space on purpose, so that it never begins anew by itself."""
        self.play = 1
        """The how-manieth space of its name it is; what is drawn by the seed repeats."""
        self._planned: dict[str, deque[AnswerPlan]] = {}
        self._on_bug = on_bug
        self._subscribers: dict[tuple[str, str], dict[Session, None]] = {}
        self._session_count = 0
        self._last_delivery = self.now
        self._begun = False

    # Time

    def tick(self) -> None:
        """Catch up with the clock: do everything that has become due, each at its own time."""
        self.advance(self.clock.now())

    def advance(self, to: int) -> None:
        """Do all that is due up to ``to`` (microseconds of space time), each at its own time."""
        if not self._begun:
            self._begun = True
            self.script.begin(self)
        while (due := self.agenda.pop_due(to)) is not None:
            when, action = due
            self.now = max(self.now, when)
            try:
                action()
            except Exception as bug:
                self._on_bug(bug)
        self.now = max(self.now, to)

    def next_deadline(self) -> int | None:
        """When there is next something to do (microseconds of space time); None when nothing is."""
        return self.agenda.next_time()

    def later(self, delay_us: int, action: Callable[[], None]) -> None:
        """Have ``action`` done ``delay_us`` from now."""
        self.agenda.add(self.now + delay_us, action)

    # Frames in

    def receive(self, connection: Connection, frame: dict[str, Any], data: bytes) -> None:
        """Take one valid frame of a client.

        Args:
            connection: where it came from; without a session, only ``signalwire.connect`` may come.
            frame: the decoded frame; it has passed its schema.
            data: the same frame as it came.
        """
        session = connection.session
        name = session.name if session else None
        method = frame.get("method")
        self.journal.add(self.now, TO_SERVER, name, data, secret=method == "signalwire.connect")
        if method is None:
            if session is not None:
                self._take_reply(session, frame)
        else:
            plan = self.script.on_request(self, session, method, frame["params"])
            if self._planned.get(method):
                plan = self._planned[method].popleft()
            if plan is not None and plan.delay_us and not plan.after_events:
                self.later(plan.delay_us, partial(self._handle, connection, frame, plan))
            else:
                self._handle(connection, frame, plan)
        self.advance(self.now)

    def plan_answer(self, method: str, plan: AnswerPlan) -> None:
        """Have the next unplanned call of ``method`` answered so, whatever the script says."""
        self._planned.setdefault(method, deque()).append(plan)

    def refuse(
        self, connection: Connection, data: bytes, error: ProtocolError, *, answer: bool = True
    ) -> None:
        """Note a frame that broke the protocol, and answer it with the JSON-RPC error.

        Args:
            connection: where it came from.
            data: as much of it as is to be kept.
            error: what is wrong with it.
            answer: False for what was itself an answer, which deserves none.
        """
        name = connection.session.name if connection.session else None
        self.journal.add(self.now, TO_SERVER, name, data, problem=error.message)
        if answer:
            self._send(connection, name, error.as_answer())

    def _take_reply(self, session: Session, frame: dict[str, Any]) -> None:
        method = session.awaiting.pop(frame["id"], None)
        if method == "signalwire.event":
            session.acknowledges = True
        if method == "signalwire.disconnect" and session.connection is not None:
            session.connection.close(1000, "disconnected by the server")

    def _handle(
        self, connection: Connection, frame: dict[str, Any], plan: AnswerPlan | None
    ) -> None:
        """Do what a call asks for and answer it."""
        method, params = frame["method"], frame["params"]
        try:
            if plan is not None and plan.instead is not None:
                raise plan.instead
            if method == "signalwire.connect":
                if connection.is_open:
                    self._connect(connection, frame)
                return
            session = connection.session
            if session is None:
                return
            answer = frames.answer(frame["id"], CALLS[method](self, session, params))
        except Refusal as refusal:
            result = {"code": refusal.code, "message": refusal.message}
            answer = frames.answer(frame["id"], result)
        except ProtocolError as error:
            answer = error.as_answer(frame["id"])
        except Exception as bug:
            self._on_bug(bug)
            answer = InternalError("the mock server has a bug; see its log").as_answer(frame["id"])
        if plan is not None and plan.after_events:
            when = max(self._last_delivery, self.now + plan.delay_us)
            self.agenda.add(when, partial(self._answer, connection, method, answer))
        else:
            self._answer(connection, method, answer)

    # Frames out

    def _answer(self, connection: Connection, method: str, answer: dict[str, Any]) -> None:
        try:
            validation.check_outgoing(answer, answers=method)
        except InvalidFrame as bug:
            self._on_bug(bug)
            error = InternalError("the mock server made an invalid answer; see its log")
            answer = error.as_answer(answer["id"])
        self._send(connection, connection.session.name if connection.session else None, answer)

    def _send(self, connection: Connection, name: str | None, frame: dict[str, Any]) -> None:
        if connection.is_open:
            data = codec.encode(frame)
            self.journal.add(self.now, TO_CLIENT, name, data)
            connection.send(data)

    def _call_client(self, session: Session, method: str, params: dict[str, Any]) -> None:
        connection = session.connection
        if connection is not None:
            frame = frames.call(self.identities.uuid(), method, params)
            session.expect_reply(frame["id"], method)
            self._send(connection, session.name, frame)

    def _send_event(self, session: Session, event_id: str, data: bytes) -> None:
        connection = session.connection
        if connection is None or not connection.is_open:
            session.keep_missed(event_id, data)
            return
        session.expect_reply(event_id, "signalwire.event")
        self.journal.add(self.now, TO_CLIENT, session.name, data)
        connection.send(data)

    def emit(
        self,
        event_type: str,
        room: RoomSession,
        params: dict[str, Any],
        *,
        channel: str | None = None,
        only: Session | None = None,
    ) -> None:
        """Make an event now; it is told one latency later to those subscribed by then.

        It is one object with one id, validated and encoded once.

        Args:
            event_type: ``video.recording.started``, ….
            room: the room session it is about.
            params: the event's own parameters.
            channel: what ``event_channel`` says; the room's own channel when None.
            only: the one session that is told, whether it subscribed or not.
        """
        frame = frames.event(
            self.identities.uuid(),
            event_type,
            channel or room.channel,
            seconds(self.now),
            params,
        )
        validation.check_outgoing(frame)
        self._last_delivery = max(self._last_delivery, self.now + self.latency_us)
        self.agenda.add(
            self._last_delivery, partial(self._deliver, frame, event_type, room, channel, only)
        )
        self.script.on_event(self, event_type, room)

    def push(self, frame: frames.Frame, sessions: Iterable[Session]) -> None:
        """Send a frame of somebody's own making to these sessions, at once and as it is."""
        data = codec.encode(frame)
        for session in sessions:
            self._send_event(session, str(frame.get("id")), data)

    def _deliver(
        self,
        frame: dict[str, Any],
        event_type: str,
        room: RoomSession,
        channel: str | None,
        only: Session | None,
    ) -> None:
        recipients: Iterable[Session]
        if only is not None:
            recipients = (only,) if room.channel in only.awaits_state else ()
        else:
            recipients = self._subscribers.get((room.channel, event_type), ())
            if channel is not None:
                everywhere = self._subscribers.get((ALL_ROOMS, event_type), {})
                recipients = {**everywhere, **dict.fromkeys(recipients)}
        data: bytes | None = None
        for session in recipients:
            if data is None:
                data = codec.encode(frame)
            self._send_event(session, frame["id"], data)

    # Sessions

    def _connect(self, connection: Connection, frame: dict[str, Any]) -> None:
        params = frame["params"]
        if connection.session is not None:
            # An error, not a refusal: clients do not look at the code of this result [W].
            raise InvalidRequest(f"already connected as {connection.session.identity}")
        session = self._resumable(params)
        if session is None:
            session = self._new_session(params["authentication"].get("project", self.name))
        elif session.connection is not None:
            session.connection.session = None
            session.connection.close(1000, "the session was resumed on another connection")
        session.connection = connection
        connection.session = session
        session.acknowledges = params.get("event_acks", False)
        result = {
            "identity": session.identity,
            "protocol": session.protocol,
            "authorization": {"signature": session.signature, "project": session.project},
        }
        self._answer(connection, "signalwire.connect", frames.answer(frame["id"], result))
        missed, session.missed = session.missed, type(session.missed)()
        for event_id, data in missed:
            self._send_event(session, event_id, data)

    def resumes(self, params: dict[str, Any]) -> bool:
        """Whether these parameters of ``signalwire.connect`` name a session that is still known."""
        return self._resumable(params) is not None

    def _resumable(self, params: dict[str, Any]) -> Session | None:
        protocol = params.get("protocol")
        return self.sessions.get(protocol) if protocol else None

    def _new_session(self, project: str) -> Session:
        self._session_count += 1
        identities = self.identities
        session = Session(
            self,
            f"s{self._session_count}",
            project,
            signature=identities.signature(self.play),
            unique=identities.uuid(),
            identity=f"{identities.uuid()}@mock",
        )
        self.sessions[session.protocol] = session
        return session

    @property
    def is_occupied(self) -> bool:
        """Whether any session has a connection."""
        return any(session.connection is not None for session in self.sessions.values())

    def owes_acknowledgements(self) -> bool:
        """Whether a client that acknowledges events still owes one."""
        return any(
            session.acknowledges and "signalwire.event" in session.awaiting.values()
            for session in self.sessions.values()
            if not session.is_away
        )

    def detach(self, connection: Connection) -> Session | None:
        """The socket is gone; its session stays, and keeps what it misses until it is forgotten."""
        session, connection.session = connection.session, None
        if session is not None:
            session.connection = None
            session.awaiting.clear()
        return session

    def forget(self, session: Session) -> None:
        """End a session for good: its ``protocol`` cannot be resumed any more."""
        if self.sessions.pop(session.protocol, None) is None:
            return
        for channel, events in session.subscriptions.items():
            for event in events:
                self._subscribers[channel, event].pop(session, None)
        if session.connection is not None:
            session.connection.session = None
            session.connection = None

    def say_goodbye(self, session: Session) -> None:
        """The client ends its session: it is answered, then its socket is closed [A]."""
        connection = session.connection

        def close() -> None:
            self.forget(session)
            if connection is not None:
                connection.close(1000, "goodbye")

        self.later(0, close)

    def ping(self, session: Session) -> None:
        """Send ``signalwire.ping``; clients expect one at least every 15 s after the first [T]."""
        self._call_client(session, "signalwire.ping", {"timestamp": seconds(self.now)})

    def disconnect(self, session: Session) -> None:
        """Send ``signalwire.disconnect`` and close the socket once the client has answered [W]."""
        connection = session.connection
        self._call_client(session, "signalwire.disconnect", {})

        def close() -> None:
            if connection is not None:
                connection.close(1000, "disconnected by the server")

        self.later(DISCONNECT_GRACE_US, close)

    def drop(self, session: Session) -> None:
        """Cut the session's socket without a word, as a broken network would."""
        if session.connection is not None:
            session.connection.close(1006, "dropped", abrupt=True)

    def subscribe(
        self, session: Session, channel: str, events: Iterable[str], *, initial_state: bool
    ) -> None:
        """Add to what a session is told. Repeats change nothing [W].

        With ``initial_state`` a room's channel sends ``video.room.subscribed`` to the session, upon
        its first subscription there and whenever ``events`` names that event: the 3.x client waits
        for it after each of its calls [T].

        Raises:
            Refusal: 404 for a channel that never was here [A].
        """
        room = None
        if channel != ALL_ROOMS:
            room = self._by_channel.get(channel)
            if room is None:
                there = ", ".join(each.channel for each in self.rooms.values())
                known = f"{ALL_ROOMS}, {there}" if there else ALL_ROOMS
                raise Refusal("404", f'no channel "{channel}" here; there is: {known}')
        events = [catalogue.SUBSCRIBED_AS.get(event, event) for event in events]
        is_first = channel not in session.subscriptions
        subscribed = session.subscriptions.setdefault(channel, set())
        for event in events:
            subscribed.add(event)
            self._subscribers.setdefault((channel, event), {})[session] = None
        wants_state = initial_state and (is_first or STATE in events)
        if room is not None and wants_state and not room.ended:
            session.awaits_state.add(channel)
            self._tell_state(session, room)
        if is_first:
            self.script.on_subscribed(self, session, room)

    def unsubscribe(self, session: Session, channel: str, events: Iterable[str]) -> None:
        """Take events from what a session is told; what was not subscribed is passed over."""
        subscribed = session.subscriptions.get(channel, set())
        gone = {catalogue.SUBSCRIBED_AS.get(event, event) for event in events}
        if STATE in gone or subscribed - {STATE} <= gone:
            session.awaits_state.discard(channel)
        for event in gone:
            subscribed.discard(event)
            self._subscribers.get((channel, event), {}).pop(session, None)
        if not subscribed:
            session.subscriptions.pop(channel, None)

    def forget_channel(self, channel: str) -> None:
        """A room's channel is no more: what was subscribed on it is forgotten."""
        for session in self.sessions.values():
            for event in session.subscriptions.pop(channel, ()):
                self._subscribers.pop((channel, event), None)
            session.awaits_state.discard(channel)

    def _tell_state(self, session: Session, room: RoomSession) -> None:
        room_session = room.as_wire(self.now, full=True)
        older = as_older_room(room_session)
        first_member = next(iter(room.members), "")
        self.emit(
            STATE,
            room,
            {
                "room_session": room_session,
                "room": older,
                "call_id": room.id,
                "member_id": first_member,
            },
            only=session,
        )
