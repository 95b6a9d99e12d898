"""One pass over a trace that puts together what belongs together, for all rules to use.

Traces may hold anything, also what no server and no client should send: here nothing is judged and
nothing raises. A value of the wrong type is treated as missing.

The core knows frames, sessions, calls, events and subscriptions. What an event is about is known to
its namespace, which adds a part of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver.protocol.catalogue import SUBSCRIBED_AS
from mockserver.protocol.frames import EVENT_METHOD, is_answer, is_call
from mockserver.protocol.validation import is_refusal

from .trace import Entry, Trace
from .values import frame_id, items, mapping, number, string

if TYPE_CHECKING:
    from .namespace import Namespace, Part

CONNECT = "signalwire.connect"
SUBSCRIBE = "signalwire.subscribe"
UNSUBSCRIBE = "signalwire.unsubscribe"

SpaceKey = tuple[str, str | None]
"""What tells spaces apart: ``("space", name)``, or ``("project", id)`` where names are unknown."""


@dataclass(slots=True, eq=False)
class Call:
    """A call of either side, with its answer once that was seen."""

    entry: Entry
    method: str
    params: Mapping[str, Any]
    session: Session
    answer: Entry | None = None

    @property
    def failed(self) -> bool:
        """Whether it was answered, and not with success."""
        return self.answer is not None and not self.succeeded

    @property
    def succeeded(self) -> bool:
        """Whether it was answered with a result that is no refusal [W]."""
        if self.answer is None or self.answer.frame is None:
            return False
        result = self.answer.frame.get("result")
        # signalwire.connect knows no refusal: any result of it is success [W].
        return isinstance(result, Mapping) and (self.method == CONNECT or not is_refusal(result))


@dataclass(slots=True, eq=False)
class Event(Call):
    """An event as it was sent to one session. Its answer is the client's acknowledgement.

    Attributes:
        type: such as ``video.recording.started``.
        channel: its ``event_channel``.
        timestamp: unix seconds on the server's clock; None when it has none.
        body: the event's own ``params``.
    """

    id: str = ""
    type: str = ""
    channel: str = ""
    timestamp: float | None = None
    body: Mapping[str, Any] = field(default_factory=dict)


class Answer(NamedTuple):
    """An answer of either side.

    Attributes:
        entry: where it stands.
        call: the call that it answers; None when there is none before it.
        earlier: the answer that the same call had already.
    """

    entry: Entry
    call: Call | None
    earlier: Entry | None


class Subscriptions:
    """Which events a session had subscribed on which channel, and from when to when.

    When the server begins or ceases to tell, between a call and its answer, a trace does not say.

    Args:
        calls: the calls of the session.
        surely: whether only the time counts in which the events must have come: from the answer to
            what asks for them until the call that ends it. Otherwise it is the time in which they
            may come: from the call that asks, unless it is refused, until the answer that ends it.
            What asks and what ends at the same time may be done in either order.
        initial: the event types that tell an initial state.
    """

    def __init__(
        self,
        calls: Iterable[Call],
        *,
        surely: bool = False,
        initial: frozenset[str] = frozenset(),
    ) -> None:
        self._initial = initial
        self._periods: dict[tuple[str, str], list[tuple[Entry, Entry | None]]] = defaultdict(list)
        self._open: dict[str, set[str]] = defaultdict(set)
        self._asked: dict[tuple[str, str], float] = {}
        self._lost: set[tuple[str, str]] = set()
        changes: list[tuple[Entry, Call]] = []
        for call in calls:
            if call.method == SUBSCRIBE and not call.failed:
                begin = call.answer if surely else call.entry
                changes += () if begin is None else ((begin, call),)
            elif call.method == UNSUBSCRIBE and not call.failed:
                ends = (call.entry, call.answer) if surely else (call.answer,)
                changes += ((end, call) for end in ends if end is not None)
        for at, call in sorted(changes, key=lambda change: change[0].n):
            channel = string(call.params.get("event_channel")) or ""
            types = {
                SUBSCRIBED_AS.get(type_, type_)
                for type_ in items(call.params.get("events"))
                if isinstance(type_, str)
            }
            if call.method == SUBSCRIBE:
                wants_state = call.params.get("get_initial_state") is True
                self._begin(channel, types, at, call.answer, wants_state=wants_state)
            else:
                self._end(channel, types, at, call, surely=surely)

    def _begin(
        self, channel: str, types: set[str], at: Entry, answer: Entry | None, *, wants_state: bool
    ) -> None:
        # The initial state comes to who asked for it, whether or not `events` names it [T].
        types -= self._initial
        if wants_state:
            types |= self._initial
        for type_ in types:
            key = channel, type_
            done = answer.n if answer is not None else float("inf")
            self._asked[key] = max(self._asked.get(key, done), done)
            if type_ not in self._open[channel] and key not in self._lost:
                self._periods[key].append((at, None))
                self._open[channel].add(type_)

    def _end(self, channel: str, types: set[str], at: Entry, call: Call, *, surely: bool) -> None:
        still_open = self._open[channel]
        if surely:
            if call.answer is None:
                # It may still be done at any time.
                self._lost |= {(channel, type_) for type_ in types}
        else:
            types = {each for each in types if self._asked.get((channel, each), 0) < call.entry.n}
        if still_open <= types | self._initial:
            types |= self._initial
        for type_ in types & still_open:
            periods = self._periods[channel, type_]
            periods[-1] = (periods[-1][0], at)
        still_open -= types

    def since(
        self, channel: str, type_: str, at: Entry, until: Entry | None = None
    ) -> Entry | None:
        """Where the subscription began that is in force at ``at``, without a gap to ``until``."""
        periods = self._periods.get((channel, type_))
        if not periods:
            return None
        place = bisect_right(periods, at.n, key=lambda period: period[0].n) - 1
        if place < 0:
            return None
        begin, end = periods[place]
        last = at if until is None else until
        return begin if end is None or end.n > max(last.n, at.n) else None

    def covers(self, channel: str, type_: str, at: Entry, until: Entry | None = None) -> bool:
        """Whether the events were subscribed at ``at``, and without a gap to ``until``."""
        return self.since(channel, type_, at, until) is not None

    def types(self, channel: str, at: Entry) -> list[str]:
        """The event types subscribed on a channel at ``at``, sorted."""
        there = [type_ for known, type_ in self._periods if known == channel]
        return sorted(type_ for type_ in there if self.covers(channel, type_, at))


@dataclass(slots=True, eq=False)
class Session:
    """What the trace tells about one session, over all its connections.

    Attributes:
        name: as in the trace; None for what came before a session had a name.
        label: the name, with the space's before it where the trace has several spaces.
        whole: whether its beginning is in the trace.
        project: the project of its connect.
        calls: the client's calls, in order.
        connected: the first answer that accepted a connect.
        events: what it was sent, in order.
        answers: the server's answers.
        replies: the client's answers: acknowledgements, and answers to pings and the like.
        said: the entries that the server sent it, in order.
        unreadable: the client's frames that need no answer with an id of their own.
        subscriptions: what it may be told, and when.
        sure: what it must be told, and when.
    """

    name: str | None
    whole: bool
    label: str | None = None
    project: str | None = None
    calls: list[Call] = field(default_factory=list)
    connected: Entry | None = None
    events: list[Event] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    replies: list[Answer] = field(default_factory=list)
    said: list[Entry] = field(default_factory=list)
    unreadable: list[Entry] = field(default_factory=list)
    subscriptions: Subscriptions = field(default_factory=lambda: Subscriptions(()))
    sure: Subscriptions = field(default_factory=lambda: Subscriptions(()))

    def __str__(self) -> str:
        return f"session {self.label}" if self.name is not None else "a nameless connection"


class Index:
    """A trace, put together.

    Attributes:
        trace: the trace itself.
        start: the time of its first entry.
        sessions: (space, session name) -> session; also nameless ones.
        calls: entry number of an answer -> the call that it answers.
        told: kind and id of a thing -> space -> where the server told of it there first.
        parts: name of a namespace -> its part.
        namespaces: name of a namespace -> the namespace.
    """

    def __init__(self, trace: Trace, namespaces: Iterable[Namespace]) -> None:
        self.trace = trace
        self.namespaces = {namespace.name: namespace for namespace in namespaces}
        self.start = trace.entries[0].time if len(trace) else 0.0
        self.sessions: dict[tuple[str | None, str | None], Session] = {}
        self.calls: dict[int, Call] = {}
        self.told: dict[tuple[str, str], dict[SpaceKey, Entry]] = defaultdict(dict)
        self._awaiting: dict[tuple[Session, bool, str], deque[Call]] = defaultdict(deque)
        self._answered: dict[tuple[Session, bool, str], Call] = {}
        self.parts: dict[str, Part] = {
            name: namespace.part(self) for name, namespace in self.namespaces.items()
        }
        for entry in trace:
            self._read(entry)
        initial = frozenset[str]().union(*(each.initial for each in self.namespaces.values()))
        several = len({space for space, _ in self.sessions}) > 1
        for (space, name), session in self.sessions.items():
            session.subscriptions = Subscriptions(session.calls, initial=initial)
            session.sure = Subscriptions(session.calls, surely=True, initial=initial)
            session.label = f"{space}/{name}" if several and space is not None else name
        for part in self.parts.values():
            part.finish()

    def namespace_of(self, name: str) -> Namespace | None:
        """The namespace of a call or an event, by the first word of its name."""
        return self.namespaces.get(name.partition(".")[0])

    def subscribed(self, event: Event) -> bool:
        """Whether the session had asked for this event when it was sent."""
        covers = event.session.subscriptions.covers
        namespace = self.namespace_of(event.type)
        channels = (event.channel,) if namespace is None else namespace.channels(event)
        return any(covers(channel, event.type, event.entry) for channel in channels)

    def note_told(self, kind: str, id_: str, space: SpaceKey, entry: Entry) -> None:
        """Note that the server told a session of this space about a thing."""
        self.told[kind, id_].setdefault(space, entry)

    def space_of(self, session: Session, entry: Entry) -> SpaceKey:
        """The space that an entry belongs to."""
        if entry.space is not None:
            return ("space", entry.space)
        return ("project", session.project)

    def _session(self, space: str | None, name: str | None) -> Session:
        session = self.sessions.get((space, name))
        if session is None:
            session = self.sessions[space, name] = Session(name, whole=not self.trace.cut)
        return session

    def _read(self, entry: Entry) -> None:
        session = self._session(entry.space, entry.session)
        if entry.to_client:
            session.said.append(entry)
        frame = entry.frame
        if frame is None:
            if not entry.to_client:
                session.unreadable.append(entry)
            return
        if not entry.to_client and (entry.problem is not None or frame.get("jsonrpc") != "2.0"):
            session.unreadable.append(entry)
        method = frame.get("method")
        if is_call(frame) and isinstance(method, str) and frame.get("id") is not None:
            self._read_call(entry, frame, session, method)
        elif is_answer(frame):
            self._read_answer(entry, frame, session)
        elif not entry.to_client:
            session.unreadable.append(entry)

    def _read_call(
        self, entry: Entry, frame: Mapping[str, Any], session: Session, method: str
    ) -> None:
        params = mapping(frame.get("params"))
        call: Call
        if not entry.to_client:
            call = Call(entry, method, params, session)
            session.calls.append(call)
            if method == CONNECT:
                self._note_project(call)
            for part in self.parts.values():
                part.on_call(call)
        elif method == EVENT_METHOD:
            call = self._event(entry, frame, params, session)
        else:
            call = Call(entry, method, params, session)
        self._awaiting[session, entry.to_client, frame_id(frame)].append(call)

    def _event(
        self, entry: Entry, frame: Mapping[str, Any], params: Mapping[str, Any], session: Session
    ) -> Event:
        type_ = string(params.get("event_type")) or ""
        namespace = self.namespace_of(type_)
        make = Event if namespace is None else namespace.event
        event = make(
            entry,
            EVENT_METHOD,
            params,
            session,
            id=frame_id(frame),
            type=type_,
            channel=string(params.get("event_channel")) or "",
            timestamp=number(params.get("timestamp")),
            body=mapping(params.get("params")),
        )
        session.events.append(event)
        for part in self.parts.values():
            part.on_event(event)
        return event

    def _read_answer(self, entry: Entry, frame: Mapping[str, Any], session: Session) -> None:
        of_server = entry.to_client
        call, earlier = self._answered_call(frame, session, of_server, entry)
        answer = Answer(entry, call, earlier)
        (session.answers if of_server else session.replies).append(answer)
        if call is None:
            return
        self.calls[entry.n] = call
        if earlier is not None or not of_server:
            return
        if call.session is not session:
            # The connection had no session yet when it called.
            call.session.calls.remove(call)
            call.session = session
            session.calls.append(call)
        if call.method == CONNECT:
            self._note_project(call)
            if call.succeeded and session.connected is None:
                session.connected = entry
        for part in self.parts.values():
            part.on_answer(session, answer)

    def _answered_call(
        self, frame: Mapping[str, Any], session: Session, of_server: bool, entry: Entry
    ) -> tuple[Call | None, Entry | None]:
        """The call that an answer answers, and the answer that this call had already."""
        id_ = frame_id(frame)
        key = (session, not of_server, id_)
        nameless = (self._session(entry.space, None), not of_server, id_)
        waiting = self._awaiting.get(key)
        if waiting:
            # A client that counts its ids from 1 again after a reconnect means the newest.
            call = waiting.pop()
        else:
            early = self._awaiting.get(nameless)
            if not early:
                answered = self._answered.get(key)
                return answered, answered.answer if answered is not None else None
            call = early.popleft()
        call.answer = entry
        self._answered[key] = call
        return call, None

    def _note_project(self, call: Call) -> None:
        project = string(mapping(call.params.get("authentication")).get("project"))
        session = call.session
        if project is not None and (session.project is None or call.succeeded):
            session.project = project
        if session.name is not None and "protocol" not in call.params and len(session.calls) == 1:
            session.whole = True
