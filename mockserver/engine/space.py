"""A space: one project's whole world. Frames and time go in, frames come out; it does no I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from mockserver.protocol import catalogue, codec, frames, validation
from mockserver.protocol.errors import (
    InternalError,
    InvalidFrame,
    InvalidRequest,
    LimitReached,
    ProtocolError,
    Refusal,
)

from . import tokens
from .agenda import Agenda
from .clock import Clock, seconds
from .container import Container, listed
from .faults import Faults, Strike
from .faults.outgoing import Outgoing
from .identity import Identities
from .journal import MOST_BYTES, TO_CLIENT, TO_SERVER, Journal, Mark
from .limits import SpaceLimits
from .namespace import Arguments, Namespace, Params, Result
from .planned import PlannedAnswers
from .script import AnswerPlan, Script
from .session import REFILL_BYTES, Connection, Session
from .subscriptions import Subscriptions
from .tables import Tables

Recipients = Callable[[], Iterable[Session]]
"""Says, when an event is sent, which sessions get it."""

DEFAULT_LATENCY_US = 30_000
"""Events follow their cause by 30 ms: clients may subscribe only after they acted [W]."""

LONGEST_EVENT_TYPE = 200
"""Characters of an event type that is subscribed; real ones have some thirty. [A]"""

DISCONNECT_GRACE_US = 1_000_000
"""How long a client may take to answer ``signalwire.disconnect`` before it is closed [A]."""


def _raise(bug: Exception) -> None:
    raise bug


def _nothing() -> None:
    pass


def _no_door(space: Space, strike: Strike) -> None:
    """Does nothing: where there is no server, no connection has a door to come in by."""


class Space:
    """Sessions of one project and what its namespaces keep, with their clock, script and journal.

    Args:
        name: the project id, or the name in the client's URL.
        tables: which namespaces the space has.
        clock: the space's time; the space reads it, only the owner moves it.
        seed: with the name, decides every id and every invented name.
        latency_us: microseconds of space time between a cause and its events.
        script: what happens by itself; None for nothing.
        journal_limit: how many frames the journal keeps.
        journal_bytes: how much memory they may take, about.
        permissions: what the token of the project allows; None allows everything.
        limits: what the space holds at most.
        strike_door: has the shell do what a fault does to the door, by which connections come in.
        on_bug: called with a fault of the mock itself (an invalid frame of its own, say, which is
            never sent); by default it is raised.

    Attributes:
        faults: what the space does wrong on purpose, and where it is injected.
        namespaces: name -> the namespace's part of this space; ``Video.of(space)`` has the type.
        sessions: protocol -> the sessions that can be resumed, in the order of connecting.
        planned: answers to coming calls, whatever the script says.
        is_kept: whether somebody made the space on purpose, so that it never begins again by
            itself.
        generation: how many spaces have had this name, this one included. Ids repeat from one to
            the next, because the seed is the same.
        on_empty: called when the last session has been forgotten.
    """

    def __init__(
        self,
        name: str,
        tables: Tables,
        *,
        clock: Clock,
        seed: int = 0,
        latency_us: int = DEFAULT_LATENCY_US,
        script: Script | None = None,
        journal_limit: int = 10_000,
        journal_bytes: int = MOST_BYTES,
        permissions: Iterable[str] | None = None,
        limits: SpaceLimits | None = None,
        on_bug: Callable[[Exception], None] = _raise,
        strike_door: Callable[[Space, Strike], None] = _no_door,
    ) -> None:
        self.name = name
        self.clock = clock
        self.now = clock.now()
        self.latency_us = latency_us
        self.agenda = Agenda()
        self.journal = Journal(name, journal_limit, journal_bytes)
        self.identities = Identities(seed, name)
        self.subscriptions = Subscriptions()
        self.sessions: dict[str, Session] = {}
        self.limits = limits or SpaceLimits.of()
        self.faults = Faults(self)
        self.strike_door = partial(strike_door, self)
        self.permissions = None if permissions is None else frozenset(permissions)
        self.script = script or Script()
        self.is_kept = False
        self.generation = 1
        self.on_empty: Callable[[], None] = _nothing
        self._calls = tables.calls
        self._actions = tables.actions
        self.planned: PlannedAnswers[AnswerPlan] = PlannedAnswers()
        self._on_bug = on_bug
        self._session_count = 0
        self._connected = 0
        self._last_delivery = self.now
        self._begun = False
        self.namespaces: dict[str, Namespace] = {
            each.name: each(self) for each in tables.namespaces
        }

    # Time

    def tick(self) -> None:
        """Catch up with the clock: do everything that has become due, each at its own time."""
        self.advance(self.clock.now())

    def advance(self, to: int) -> None:
        """Do all that is due up to ``to`` (microseconds of space time), each at its own time."""
        if not self._begun:
            self._begun = True
            self.script.begin(self)
        if self.agenda.is_due(to):
            while (due := self.agenda.pop_due(to)) is not None:
                when, action = due
                self.now = max(self.now, when)
                try:
                    action()
                except Exception as bug:
                    self._on_bug(bug)
        if to > self.now:
            self.now = to

    def next_deadline(self) -> int | None:
        """When there is next something to do (microseconds of space time); None when nothing is."""
        return self.agenda.next_time()

    @property
    def last_delivery(self) -> int:
        """When the last event that was made leaves, or has left (microseconds of space time)."""
        return self._last_delivery

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
        plan = self.faults.plan(session, frame) if self.faults.active else None
        self.journal.add(
            self.now,
            TO_SERVER,
            name,
            data,
            secret=method == "signalwire.connect",
            mark=plan.of_call if plan is not None else None,
        )
        if method is None:
            if session is not None:
                self._take_reply(session, frame)
        elif plan is None or plan.of_call is None or not plan.of_call.is_lost:
            self._take_call(connection, frame, plan)
        if self.agenda.is_due(self.now):
            self.advance(self.now)

    def _take_call(
        self, connection: Connection, frame: dict[str, Any], plan: AnswerPlan | None
    ) -> None:
        """Handle a call as a fault wants it, or else a tester, or else the script."""
        method = frame["method"]
        scripted = self.script.on_call(self, connection.session, method, frame["params"])
        planned = self.planned.take(method)
        plan = plan or planned or scripted
        if plan is not None and plan.delay_us and not plan.after_events:
            self.later(plan.delay_us, partial(self._handle, connection, frame, plan))
        else:
            self._handle(connection, frame, plan)

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
            self._send(connection, codec.encode(error.as_answer()))

    def _take_reply(self, session: Session, frame: dict[str, Any]) -> None:
        if session.settle(frame["id"]):
            return
        method = session.awaiting.pop(frame["id"], None)
        if method == "signalwire.event":
            # A client that did not say so, and does it.
            session.acknowledges = True
        elif method == "signalwire.ping":
            session.unanswered_pings = 0
        elif method == "signalwire.disconnect" and session.connection is not None:
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
            answer = frames.answer(frame["id"], self._call(method, session, params))
        except Refusal as refusal:
            result = {"code": refusal.code, "message": refusal.message}
            answer = frames.answer(frame["id"], result)
        except ProtocolError as error:
            answer = error.as_answer(frame["id"])
        except Exception as bug:
            self._on_bug(bug)
            answer = InternalError("the mock server has a bug; see its log").as_answer(frame["id"])
        mark = plan.of_answer if plan is not None else None
        if plan is not None and plan.after_events:
            when = max(self._last_delivery, self.now + plan.delay_us)
            self.agenda.add(when, partial(self._answer, connection, method, answer, mark))
        else:
            self._answer(connection, method, answer, mark)

    def _call(self, method: str, session: Session, params: Params) -> Result:
        self._check_permission(method, session)
        row = self._calls[method]
        owner = self if row.namespace is None else self.namespaces[row.namespace]
        return row.handle(owner, session, params)

    def _check_permission(self, method: str, session: Session) -> None:
        """Make sure that the session's token allows a call, before anything else [E].

        Raises:
            Refusal: 403, naming the permission that is missing.
        """
        granted = self.permissions if session.permissions is None else session.permissions
        if granted is None:
            return
        needed = catalogue.permission(method)
        if needed is not None and needed not in granted:
            allowed = listed(sorted(granted), "nothing")
            raise Refusal(
                "403", f"{method} needs the permission {needed}; the token allows: {allowed}"
            )

    def session_named(self, name: str) -> Session:
        """The session that the trace calls so (``s1``, ``s2``, …).

        Raises:
            Refusal: 404, naming those that there are.
        """
        found = next((each for each in self.sessions.values() if each.name == name), None)
        if found is None:
            there = listed(each.name for each in self.sessions.values())
            raise Refusal("404", f'no session "{name}" here; there is: {there}')
        return found

    def do(self, verb: str, container: Container | None, arguments: Arguments) -> Any:
        """Have the service, or a person, do one of the actions.

        Args:
            verb: what: a row of the tables.
            container: where, for an action that happens in a container.
            arguments: those of its schema; durations in whole microseconds, under NAME_us.

        Returns:
            What it was done to, as far as that is one thing.

        Raises:
            Refusal: the state does not allow it.
        """
        row = self._actions[verb]
        owner = self if row.namespace is None else self.namespaces[row.namespace]
        if row.container is None:
            return row.do(owner, arguments)
        return row.do(owner, container, arguments)

    # Frames out

    def _answer(
        self,
        connection: Connection,
        method: str,
        answer: dict[str, Any],
        mark: Mark | None = None,
    ) -> None:
        try:
            validation.check_outgoing(answer, answers=method)
            data = codec.encode(answer)
        except (InvalidFrame, TypeError) as bug:
            self._on_bug(bug)
            error = InternalError("the mock server made an invalid answer; see its log")
            data = codec.encode(error.as_answer(answer["id"]))
        self._send(connection, data, method, mark)

    def _send(
        self, connection: Connection, data: bytes, method: str = "", mark: Mark | None = None
    ) -> None:
        """Send a frame that is no event.

        Args:
            connection: where to; one that is being closed gets nothing.
            data: the encoded frame.
            method: of the call that it answers, or that it is; "" for none.
            mark: what a fault has done to it already.
        """
        if not connection.is_open:
            return
        session = connection.session
        if (
            self.faults.active
            and session is not None
            and mark is None
            and self.faults.take(Outgoing.of(session, connection, data, method))
        ):
            return
        self.transmit(connection, session.name if session else None, data, mark)

    def transmit(
        self, connection: Connection, name: str | None, data: bytes, mark: Mark | None = None
    ) -> None:
        """Note an encoded frame, and send it unless it is lost."""
        self.journal.add(self.now, TO_CLIENT, name, data, mark=mark)
        if mark is None or not mark.is_lost:
            connection.send(data)

    def _call_client(self, session: Session, method: str, params: dict[str, Any]) -> None:
        connection = session.connection
        if connection is not None:
            frame = frames.call(self.identities.uuid(), method, params)
            session.expect_reply(frame["id"], method)
            self._send(connection, codec.encode(frame), method)

    def send_event(self, session: Session, event_id: str, data: bytes) -> None:
        """Send an event to a session, or keep it for when the session comes back."""
        connection = session.connection
        if connection is None or not connection.is_open:
            self._keep(session, event_id, data)
        elif session.backlog is not None:
            # What is sent again comes first.
            session.backlog.append(event_id)
            self._keep(session, event_id, data)
        else:
            if session.acknowledges:
                self._keep(session, event_id, data)
            if self.faults.active and self.faults.take(Outgoing.of(session, connection, data)):
                return
            self._note_sent(session, event_id, data)
            connection.send(data)

    def _note_sent(self, session: Session, event_id: str, data: bytes) -> None:
        if not session.acknowledges:
            session.expect_reply(event_id, "signalwire.event")
        self.journal.add(self.now, TO_CLIENT, session.name, data)

    def _keep(self, session: Session, event_id: str, data: bytes) -> None:
        """Keep a pending event; a session for which too much is kept is ended."""
        session.keep(event_id, data)
        if not session.has_too_much:
            return
        reason = (
            f"{len(session.pending)} events of {session.pending_bytes} bytes wait for session "
            f"{session.name}, and no more can be kept: the session was ended"
        )
        self.journal.note(self.now, session.name, reason)
        if session.connection is not None:
            session.connection.close(1013, "too many events wait for this session")
        self.forget(session)

    def _send_pending(self, session: Session, connection: Connection) -> None:
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
                if not session.acknowledges:
                    session.settle(event_id)
                self._note_sent(session, event_id, data)
                connection.queue(data)
            if not backlog and session.backlog is backlog:
                session.backlog = connection.refill = None

        connection.refill = refill
        refill()
        connection.wake()

    def emit(
        self,
        event_type: str,
        params: dict[str, Any],
        *,
        channel: str,
        about: Container,
        to: Recipients,
    ) -> bytes:
        """Make an event now; it leaves one latency later. Returns its frame, encoded.

        It is one object with one id, validated and encoded once.

        Args:
            event_type: ``video.recording.started``, ….
            params: the event's own parameters.
            channel: what ``event_channel`` says.
            about: the container that it is about.
            to: asked when the event leaves which sessions get it.
        """
        frame = frames.event(self.identities.uuid(), event_type, channel, seconds(self.now), params)
        validation.check_outgoing(frame)
        data = codec.encode(frame)
        self._last_delivery = max(self._last_delivery, self.now + self.latency_us)
        self.agenda.add(self._last_delivery, partial(self._deliver, frame, data, to))
        self.script.on_event(self, event_type, about)
        return data

    def push(self, frame: frames.Frame, sessions: Iterable[Session]) -> None:
        """Send a frame of somebody's own making to these sessions, at once and as it is.

        Only an event with a text as its id is one that clients acknowledge, and that a session
        gets after a resume if it has to.
        """
        data = codec.encode(frame)
        event_id = frame.get("id")
        for session in sessions:
            if frames.is_event(frame) and isinstance(event_id, str):
                self.send_event(session, event_id, data)
            elif session.connection is not None and session.connection.is_open:
                self.transmit(session.connection, session.name, data)

    def _deliver(self, frame: dict[str, Any], data: bytes, to: Recipients) -> None:
        sessions = to()
        if self.faults.active:
            sessions = list(sessions)
            self.faults.invite(frame, sessions)
        for session in sessions:
            self.send_event(session, frame["id"], data)

    # Sessions

    def _connect(self, connection: Connection, frame: dict[str, Any]) -> None:
        params = frame["params"]
        if connection.session is not None:
            # An error, not a refusal: clients do not look at the code of this result [W].
            raise InvalidRequest(f"already connected as {connection.session.identity}")
        session, mark = self._resumable(params), None
        if session is not None and self.faults.active:
            mark = self.faults.refusal_of_resume(session)
        if session is not None and mark is not None:
            if session.connection is not None:
                session.connection.close(1000, "the session was ended")
            self.forget(session)
            session = None
        if session is None:
            session = self._new_session(connection, params["authentication"])
        elif session.connection is not None:
            former = self._release(session)
            self._keep_unsent(session, former)
            former.close(1000, "the session was resumed on another connection")
        session.connection = connection
        connection.session = session
        self._connected += 1
        session.acknowledges = params.get("event_acks", False)
        granted = {} if session.grant is None else session.grant.authorization
        result = {
            "identity": session.identity,
            "protocol": session.protocol,
            "authorization": {
                **granted,
                "signature": session.signature,
                "project": session.project,
            },
        }
        self._answer(connection, "signalwire.connect", frames.answer(frame["id"], result), mark)
        if self.faults.active:
            self.faults.note_connected(session)
        self._send_pending(session, connection)

    def resumes(self, params: dict[str, Any]) -> bool:
        """Whether these parameters of ``signalwire.connect`` name a session that is still known."""
        return self._resumable(params) is not None

    def _resumable(self, params: dict[str, Any]) -> Session | None:
        session = self.sessions.get(params.get("protocol") or "")
        project = params["authentication"].get("project")
        # The session of another project is as good as none [A].
        return session if session and project in (None, session.project) else None

    def _new_session(self, connection: Connection, authentication: dict[str, Any]) -> Session:
        if len(self.sessions) >= self.limits.sessions:
            raise LimitReached(self.limits.refusal("sessions").message)
        self._session_count += 1
        identities, grant = self.identities, connection.grant
        project = authentication.get("project", self.name) if grant is None else grant.project
        session = Session(
            self,
            f"s{self._session_count}",
            project,
            signature=identities.signature(self.generation),
            unique=identities.uuid(),
            identity=f"{identities.uuid()}@mock",
        )
        if grant is not None:
            session.grant, session.permissions = grant, grant.permissions
        self.sessions[session.protocol] = session
        for fault in tokens.read(authentication.get("token", "")).faults:
            self.faults.inject(fault, tokens.scope_of(fault, session.name))
        return session

    @property
    def has_been_used(self) -> bool:
        """Whether any client has ever connected."""
        return self._session_count > 0

    @property
    def is_occupied(self) -> bool:
        """Whether any session has a connection."""
        return self._connected > 0

    def owes_acknowledgements(self) -> bool:
        """Whether a client that acknowledges events still owes one."""
        return any(session.owes_acknowledgements for session in self.sessions.values())

    def detach(self, connection: Connection) -> Session | None:
        """The socket is gone; its session stays, and keeps what it misses until it is forgotten."""
        session = connection.session
        if session is not None:
            self._keep_unsent(session, self._release(session))
            session.awaiting.clear()
            session.unanswered_pings = 0
        return session

    def _release(self, session: Session) -> Connection:
        """Part a session from its connection; returns that."""
        connection = session.connection
        assert connection is not None
        session.connection = connection.session = None
        session.backlog = connection.refill = None
        # What is pending comes with the resume, whatever a fault did to it.
        session.withheld.clear()
        self._connected -= 1
        return connection

    def _keep_unsent(self, session: Session, connection: Connection) -> None:
        """Make pending what the client of a connection that is lost was not handed.

        The events of a client that acknowledges are pending already.
        """
        if session.acknowledges:
            return
        unsent: dict[str, bytes] = {}
        rest = []
        for data in connection.take():
            # A fault may have made no JSON of it.
            frame = codec.read(data)
            if frame is not None and frames.is_event(frame):
                unsent[frame["id"]] = data
            else:
                rest.append(data)
        connection.put_back(rest)
        later, session.pending, session.pending_bytes = session.pending, {}, 0
        for event_id, data in (unsent | later).items():
            session.keep(event_id, data)

    def forget(self, session: Session) -> None:
        """End a session for good: its ``protocol`` cannot be resumed any more."""
        if self.sessions.pop(session.protocol, None) is None:
            return
        self.subscriptions.forget_session(session)
        for namespace in self.namespaces.values():
            namespace.forgotten(session)
        if session.connection is not None:
            self._release(session)
        if not self.sessions:
            self.on_empty()

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
        session.unanswered_pings += 1
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
        """Add to the events that a session gets. Repeats change nothing [W].

        Args:
            session: the session.
            channel: a channel of one of the namespaces.
            events: event types.
            initial_state: whether the session asks how things stand there.

        Raises:
            Refusal: 404 for a channel that never was here [A], 429 when it is too many, 413 for an
                event type that is too long.
        """
        namespace = self._namespace_of(channel)
        if namespace is None:
            known = (each for there in self.namespaces.values() for each in there.channels())
            raise Refusal("404", f'no channel "{channel}" here; there is: {listed(known)}')
        events = [catalogue.SUBSCRIBED_AS.get(event, event) for event in events]
        if (longest := max(map(len, events), default=0)) > LONGEST_EVENT_TYPE:
            raise Refusal(
                "413",
                f"an event type has at most {LONGEST_EVENT_TYPE} characters here, not {longest}",
            )
        if self.subscriptions.more(session, channel, events) > self.limits.subscriptions:
            raise self.limits.refusal("subscriptions")
        first = channel not in session.subscriptions
        self.subscriptions.add(session, channel, events)
        namespace.subscribed(session, channel, events, first=first, state=initial_state)
        if first:
            self.script.on_subscribed(self, session, channel, namespace.container_on(channel))

    def unsubscribe(self, session: Session, channel: str, events: Iterable[str]) -> None:
        """Take events from those that a session gets; others are passed over."""
        gone = {catalogue.SUBSCRIBED_AS.get(event, event) for event in events}
        namespace = self._namespace_of(channel)
        if namespace is not None:
            namespace.unsubscribed(session, channel, gone)
        self.subscriptions.remove(session, channel, gone)

    def concerned(self, params: Mapping[str, Any]) -> Container | None:
        """The running container that a call with these params is about, if it is about one."""
        for namespace in self.namespaces.values():
            container = namespace.concerned(params)
            if container is not None:
                return container
        return None

    def container_of(self, params: Mapping[str, Any], channel: str) -> Container | None:
        """The container that a frame is about, by its params or the channel of an event.

        It may have ended.
        """
        for namespace in self.namespaces.values():
            found = namespace.container_of(params) or namespace.container_on(channel)
            if found is not None:
                return found
        return None

    def _namespace_of(self, channel: str) -> Namespace | None:
        for each in self.namespaces.values():
            if each.has_channel(channel):
                return each
        return None
