"""A space: one project's whole world. Frames and time go in, frames come out; it does no I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from mockserver.protocol import catalogue, codec, documents, frames, validation
from mockserver.protocol.catalogue import SUBSCRIBED_AS
from mockserver.protocol.documents import Document
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
from .delivery import Delivery
from .faults import FAULTS, Faults, Strike
from .identity import Identities
from .journal import MOST_BYTES, TO_SERVER, Journal, Mark
from .limits import SpaceLimits
from .long_work import LongWork, Patience, without_end
from .namespace import Arguments, Namespace, Params, Result
from .planned import PlannedAnswers
from .script import AnswerPlan, Script
from .session import Connection, Session
from .subscriptions import Subscriptions
from .tables import Tables

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


def _check_permission(method: str, granted: frozenset[str]) -> None:
    """Make sure that a session's token allows a call, before anything else [E].

    Raises:
        Refusal: 403, naming the permission that is missing.
    """
    needed = catalogue.permission(method)
    if needed is not None and needed not in granted:
        allowed = listed(sorted(granted), "nothing")
        raise Refusal("403", f"{method} needs the permission {needed}; the token allows: {allowed}")


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
        delivery: what leaves the space, and when.
        faults: what the space does wrong on purpose, and where it is injected.
        namespaces: name -> the namespace's part of this space; ``Video.of(space)`` has the type.
        sessions: protocol -> the sessions that can be resumed, in the order of connecting.
        planned: answers to coming calls, whatever the script says.
        is_kept: whether somebody made the space on purpose, so that it never begins again by
            itself.
        long_work: what a call does to many, in parts where that takes long.
        patience: for how long others can be held up, where the space may finish something later;
            by default it never does.
        generation: how many spaces have had this name, this one included. Ids repeat from one to
            the next, because the seed is the same.
        on_empty: called when the last session has been forgotten.
    """

    # So many attributes are found slowly in an object's dictionary.
    __slots__ = (
        "_actions",
        "_asked_at_door",
        "_begun",
        "_calls",
        "_connected",
        "_is_catching_up",
        "_on_bug",
        "_session_count",
        "_waiting",
        "agenda",
        "clock",
        "delivery",
        "faults",
        "generation",
        "identities",
        "is_kept",
        "journal",
        "latency_us",
        "limits",
        "long_work",
        "name",
        "namespaces",
        "now",
        "on_empty",
        "patience",
        "permissions",
        "planned",
        "script",
        "sessions",
        "strike_door",
        "subscriptions",
    )

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
        self.delivery = Delivery(self)
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
        self._begun = False
        self._asked_at_door: set[str] = set()
        self.patience: Patience = without_end
        self.long_work = LongWork(self)
        # Frames that came while something had to be done first, each with its sender.
        self._waiting: deque[tuple[Connection, Session | None, dict[str, Any], bytes]] = deque()
        self._is_catching_up = False
        self.namespaces: dict[str, Namespace] = {
            each.name: each(self) for each in tables.namespaces
        }

    # Time

    def tick(self) -> None:
        """Catch up with the clock: do everything that has become due, each at its own time."""
        self._advance(self.clock.now(), without_end)

    def tick_some(self) -> bool:
        """The same, as far as patience goes; returns whether more has to be done at once.

        Whoever looks at the space before that is done, or does something in it by `tick` or
        `advance`, does it first. So it is seen only as it would be if all had been done together.
        """
        now = self.clock.now()
        if now < self.agenda.due and self._begun and not self._waiting:
            # So it is for most frames.
            if now > self.now:
                self.now = now
            return False
        return self._advance(now, self.patience)

    def advance(self, to: int) -> None:
        """Do all that is due up to ``to`` (microseconds of space time), each at its own time."""
        self._advance(to, without_end)

    def advance_some(self, to: int) -> bool:
        """The same, as far as patience goes; returns as `tick_some`."""
        return self._advance(to, self.patience)

    def finish(self) -> None:
        """Do what patience has left undone, for those who look or end it without doing more."""
        if self._waiting or self.agenda.is_due(self.now):
            self.advance(self.now)

    def _advance(self, to: int, patience: Patience) -> bool:
        if not self._begun:
            self._begun = True
            self.script.begin(self)
        is_outer, self._is_catching_up = not self._is_catching_up, True
        try:
            return self._catch_up(to, patience(), is_outer=is_outer)
        finally:
            self._is_catching_up = not is_outer

    def _catch_up(self, to: int, is_time_up: Callable[[], bool], *, is_outer: bool) -> bool:
        while True:
            if (due := self.agenda.pop_due(to)) is not None:
                when, action = due
                self.now = max(self.now, when)
                try:
                    action()
                except Exception as bug:
                    self._on_bug(bug)
            else:
                self.now = max(self.now, to)
                if not self._waiting or not is_outer:
                    return False
                connection, session, frame, data = self._waiting.popleft()
                # A client that has gone meanwhile might as well have gone before it sent that.
                if connection.session is session:
                    self.receive(connection, frame, data)
            if is_time_up() and (self.agenda.is_due(to) or (is_outer and self._waiting)):
                return True

    def next_deadline(self) -> int | None:
        """When there is next something to do (microseconds of space time); None when nothing is."""
        return self.now if self._waiting else self.agenda.next_time()

    def later(self, delay_us: int, action: Callable[[], None]) -> None:
        """Have ``action`` done ``delay_us`` from now."""
        self.agenda.add(self.now + delay_us, action)

    # Frames in

    def wait(self, connection: Connection, frame: dict[str, Any], data: bytes) -> None:
        """Take one valid frame of a client when what has to be done first is done."""
        self._waiting.append((connection, connection.session, frame, data))

    def receive(self, connection: Connection, frame: dict[str, Any], data: bytes) -> None:
        """Take one valid frame of a client.

        Args:
            connection: where it came from; without a session, only ``signalwire.connect`` may come.
            frame: the decoded frame; it has passed its schema.
            data: the same frame as it came.
        """
        if "method" not in frame:
            self._take_reply(connection, frame, data)
        elif not (self.faults.active and self.faults.take_call(connection, frame, data)):
            self.note_call(connection, frame, data)
            self.take_call(connection, frame)
        if self.agenda.due <= self.now:
            self.advance_some(self.now)

    def note_call(
        self, connection: Connection, frame: dict[str, Any], data: bytes, mark: Mark | None = None
    ) -> None:
        """Note a call in the journal.

        Args:
            connection: where it comes from.
            frame: the call.
            data: the same, as it crossed the wire.
            mark: what a fault did to it.
        """
        session = connection.session
        is_secret = frame["method"] == "signalwire.connect"
        if session is None or is_secret or mark is not None:
            name = None if session is None else session.name
            self.journal.add(self.now, TO_SERVER, name, data, secret=is_secret, mark=mark)
        else:
            self.journal.hear(self.now, session.name, data)

    def take_call(
        self, connection: Connection, frame: dict[str, Any], of_answer: Mark | None = None
    ) -> None:
        """Handle a call as a fault wants it, or else a tester, or else the script.

        Args:
            connection: where it comes from.
            frame: the call.
            of_answer: what a fault did to the call, so that its answer is the fault's, too.
        """
        method, session = frame["method"], connection.session
        fault = self.faults.plan(session, frame) if self.faults.active else None
        scripted = self.script.on_call(self, session, method, frame["params"])
        planned = self.planned.take(method) if self.planned.waiting else None
        plan = fault or planned or scripted
        if of_answer is not None:
            plan = replace(plan or AnswerPlan(), of_answer=of_answer)
        if plan is not None and plan.delay_us and not plan.after_events:
            self.later(plan.delay_us, partial(self._handle, connection, frame, plan))
        else:
            self._handle(connection, frame, plan)

    def refuse(
        self,
        connection: Connection,
        data: bytes,
        error: ProtocolError,
        *,
        answer: bool = True,
        mark: Mark | None = None,
        of_answer: Mark | None = None,
    ) -> None:
        """Note a frame that broke the protocol, and answer it with the JSON-RPC error.

        Args:
            connection: where it came from.
            data: as much of it as is to be kept.
            error: what is wrong with it.
            answer: False for what was itself an answer, which deserves none.
            mark: what a fault did to the frame.
            of_answer: what it did to the answer by that.
        """
        name = connection.session.name if connection.session else None
        self.journal.add(self.now, TO_SERVER, name, data, problem=error.message, mark=mark)
        if answer:
            self.delivery.send(connection, codec.encode(error.as_answer()), mark=of_answer)

    def _take_reply(self, connection: Connection, frame: dict[str, Any], data: bytes) -> None:
        session = connection.session
        self.journal.add(self.now, TO_SERVER, session.name if session else None, data)
        if session is None or session.settle(frame["id"]):
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
                # One plan may be for many calls: what is raised keeps no frames of the former ones.
                raise plan.instead.with_traceback(None)
            if method == "signalwire.connect":
                if connection.is_open:
                    self._connect(connection, frame)
                return
            session = connection.session
            if session is None:
                return
            self.long_work.may_pause = plan is None or not plan.after_events
            result = self._call(method, session, params)
            answer = frames.answer(frame["id"], result)
            if type(result) is Document:
                # It is the last thing that the call does, whenever it is to be sent.
                self.long_work.may_pause = True
                self.long_work.in_steps(self._answering(connection, method, answer, plan))
                return
        except Refusal as refusal:
            result = {"code": refusal.code, "message": refusal.message}
            answer = frames.answer(frame["id"], result)
        except ProtocolError as error:
            answer = error.as_answer(frame["id"])
        except Exception as bug:
            self._on_bug(bug)
            answer = InternalError("the mock server has a bug; see its log").as_answer(frame["id"])
        self.long_work.may_pause = False
        if plan is None:
            self._answer(connection, method, answer)
        else:
            self._say(plan, partial(self._answer, connection, method, answer, plan.of_answer))

    def _answering(
        self,
        connection: Connection,
        method: str,
        answer: dict[str, Any],
        plan: AnswerPlan | None,
    ) -> Iterator[None]:
        """Make an answer that has long lists in steps, check it, and send it."""
        try:
            check = partial(validation.check_outgoing, answers=method)
            data = yield from documents.encoding(Document(answer), check)
        except Exception as bug:
            data = self._instead_of(answer, bug)
        if plan is None:
            self.delivery.send(connection, data, method)
        else:
            self._say(plan, partial(self.delivery.send, connection, data, method, plan.of_answer))

    def _say(self, plan: AnswerPlan, say: Callable[[], None]) -> None:
        """Send an answer when it was planned to be sent."""
        if plan.after_events:
            self.agenda.add(max(self.delivery.last, self.now + plan.delay_us), say)
        else:
            say()

    def _call(self, method: str, session: Session, params: Params) -> Result:
        granted = self.permissions if session.permissions is None else session.permissions
        if granted is not None:
            _check_permission(method, granted)
        row = self._calls[method]
        owner = self if row.namespace is None else self.namespaces[row.namespace]
        if session.grant is not None and isinstance(owner, Namespace):
            owner.check_grant(session.grant, params)
        handle = row.handle
        return handle(owner, session, params)

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

    def do(
        self,
        verb: str,
        container: Container | None,
        arguments: Arguments,
        *,
        may_pause: bool = False,
    ) -> Any:
        """Have the service, or a person, do one of the actions.

        Args:
            verb: what: a row of the tables.
            container: where, for an action that happens in a container.
            arguments: those of its schema; durations in whole microseconds, under NAME_us.
            may_pause: whether what is done to many may be finished later; see `LongWork`.

        Returns:
            What it was done to, as far as that is one thing.

        Raises:
            Refusal: the state does not allow it.
        """
        row = self._actions[verb]
        owner = self if row.namespace is None else self.namespaces[row.namespace]
        with self.long_work.pausing(may_pause):
            if row.container is None:
                return row.do(owner, arguments)
            return row.do(owner, container, arguments)

    # Answers

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
            data = self._instead_of(answer, bug)
        self.delivery.send(connection, data, method, mark)

    def _instead_of(self, answer: dict[str, Any], bug: Exception) -> bytes:
        """What is sent instead of an answer that the mock was not able to make."""
        self._on_bug(bug)
        error = InternalError("the mock server made an invalid answer; see its log")
        return codec.encode(error.as_answer(answer["id"]))

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
            session.keep_unsent(former)
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
        self.delivery.send_pending(session, connection)

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
            if not FAULTS[fault].at_door:
                self.faults.inject(fault, tokens.scope_of(fault, session.name))
            elif fault not in self._asked_at_door:
                # Once in a space: these end all sessions, or meet who comes next. And when the
                # client has its answer.
                self._asked_at_door.add(fault)
                self.later(0, partial(self._inject, fault))
        return session

    def _inject(self, fault: str) -> None:
        self.faults.inject(fault)

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
            session.keep_unsent(self._release(session))
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
        self.delivery.call_client(session, "signalwire.ping", {"timestamp": seconds(self.now)})

    def disconnect(self, session: Session) -> None:
        """Send ``signalwire.disconnect`` and close the socket once the client has answered [W]."""
        connection = session.connection
        self.delivery.call_client(session, "signalwire.disconnect", {})

        def close() -> None:
            if connection is not None:
                connection.close(1000, "disconnected by the server")

        self.later(DISCONNECT_GRACE_US, close)

    def drop(self, session: Session) -> None:
        """Cut the session's socket without a word, as a broken network would."""
        if session.connection is not None:
            session.connection.close(1006, "dropped", abrupt=True)

    def subscribe(
        self, session: Session, channel: str, events: Sequence[str], *, initial_state: bool
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
        events = list(map(SUBSCRIBED_AS.get, events, events))
        first = channel not in session.subscriptions
        new = self.subscriptions.new(session, channel, events)
        if new:
            if (longest := max(map(len, new))) > LONGEST_EVENT_TYPE:
                raise Refusal(
                    "413",
                    f"an event type has at most {LONGEST_EVENT_TYPE} characters here, "
                    f"not {longest}",
                )
            if self.subscriptions.count + len(new) > self.limits.subscriptions:
                raise self.limits.refusal("subscriptions")
            self.subscriptions.add(session, channel, new)
        steps = namespace.subscribed(session, channel, events, first=first, state=initial_state)
        if steps is not None:
            self.long_work.in_steps(
                self._subscribing(steps, session, channel, namespace, first=first)
            )
        elif first:
            self.script.on_subscribed(self, session, channel, namespace.container_on(channel))

    def _subscribing(
        self,
        steps: Iterator[None],
        session: Session,
        channel: str,
        namespace: Namespace,
        *,
        first: bool,
    ) -> Iterator[None]:
        yield from steps
        if first:
            self.script.on_subscribed(self, session, channel, namespace.container_on(channel))

    def unsubscribe(self, session: Session, channel: str, events: Iterable[str]) -> None:
        """Take events from those that a session gets; others are passed over."""
        gone = {SUBSCRIBED_AS.get(event, event) for event in events}
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
