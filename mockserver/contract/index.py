"""What is known of a trace while it is read entry by entry, for all rules to use.

Traces may hold anything, also what no server and no client should send: here nothing is judged and
nothing raises. A value of the wrong type is treated as missing.

The core knows frames, sessions, calls, events and subscriptions. What an event is about is known to
its namespace, which adds a part of its own. Only what is alive is kept, see ``memory``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mockserver.protocol.frames import EVENT_METHOD, is_answer, is_call
from mockserver.protocol.validation import is_refusal, problems

from .memory import Recent, Remnant, shortened
from .subscriptions import Subscriptions
from .trace import Entry
from .values import frame_id, is_object, mapping, number, string

if TYPE_CHECKING:
    from .namespace import Namespace, Part

CONNECT = "signalwire.connect"
DISCONNECT = "signalwire.disconnect"
SUBSCRIBE = "signalwire.subscribe"
UNSUBSCRIBE = "signalwire.unsubscribe"

MOST_UNREADABLE = 1_000
"""Unreadable frames of a session that may still be answered with an error."""

MOST_UNANSWERED = 200
"""Server calls and events of a session that wait for an answer: some clients never answer."""

SpaceKey = tuple[str, str | None]
"""What tells spaces apart: ``("space", name)``, or ``("project", id)`` where names are unknown."""


@dataclass(slots=True, eq=False)
class Session:
    """What the trace shows of one session, over all its connections.

    Attributes:
        space: the space's name in the trace; None in a trace that does not know it.
        name: as in the trace; None for what came before a session had a name.
        whole: whether its beginning is in the trace.
        subscriptions: which events it has subscribed.
        project: the project of its connect.
        connected: the first answer that accepted a connect.
        calls: how many calls the client has made.
        unreadable: the client's frames that need no answer with an id of their own.
        asked: id -> the client's calls that are not answered yet.
        sent: id -> the server's calls and events that are not answered yet; the latest ones.
        acknowledges: whether the client said that it acknowledges events.
        unacknowledged: id -> the events that the client has not acknowledged yet, the latest ones.
        began: the number of the last entry that began a connection: a call of connect, or the
            answer to one that was made before the connection had a session.
        resumed: the number of the last entry that accepted a connect.
        owed: id -> the events that may be sent again, since the session was resumed.
        owes: whether these must be sent again.
    """

    space: str | None
    name: str | None
    whole: bool
    subscriptions: Subscriptions
    project: str | None = None
    connected: Entry | None = None
    calls: int = 0
    unreadable: deque[Entry] = field(default_factory=lambda: deque(maxlen=MOST_UNREADABLE))
    asked: dict[str, deque[Call]] = field(default_factory=dict)
    sent: Recent[str, deque[Call]] = field(default_factory=lambda: Recent(MOST_UNANSWERED))
    acknowledges: bool = False
    unacknowledged: Recent[str, Event] = field(default_factory=lambda: Recent(MOST_UNANSWERED))
    began: int = 0
    resumed: int = 0
    owed: dict[str, Event] = field(default_factory=dict)
    owes: bool = False

    def waiting(self, to_client: bool) -> dict[str, deque[Call]]:
        """The calls that an answer in a direction may answer."""
        return self.asked if to_client else self.sent

    def rival(self, call: Call) -> Call | None:
        """An earlier call or event of the same id whose answer may still come on this connection.

        Both would get answers that nobody can tell apart. Connections that have no session yet may
        have equal ids, and so may a connection and the one before it.
        """
        if self.name is None:
            return None
        frame = call.entry.frame or {}
        calls = self.waiting(not call.entry.to_client).get(frame_id(frame), ())
        return next((each for each in calls if self.began <= each.entry.n < call.entry.n), None)


@dataclass(slots=True, eq=False)
class Call:
    """A call of either side, with its answer once that was seen."""

    entry: Entry
    method: str
    params: Mapping[str, Any]
    session: Session
    answer: Entry | None = None
    _sound: bool | None = field(default=None, init=False)

    @property
    def is_sound(self) -> bool:
        """Whether it is as its schema says; of what a client says wrongly anything may come."""
        if self._sound is None:
            self._sound = not problems(self.entry.frame or {})
        return self._sound

    @property
    def failed(self) -> bool:
        """Whether it was answered, and not with success."""
        return self.answer is not None and not self.succeeded

    @property
    def succeeded(self) -> bool:
        """Whether it was answered with a result that is not a refusal [W]."""
        if self.answer is None or self.answer.frame is None:
            return False
        result = self.answer.frame.get("result")
        # signalwire.connect knows no refusal: any result of it is success [W].
        return is_object(result) and (self.method == CONNECT or not is_refusal(result))

    def let_go(self) -> None:
        """Keep of its params only what is short, and what objects in them can be compared with."""
        # Of what is left of the frame it could not be said.
        self._sound = self.is_sound
        self.params = shortened(self.params, Remnant)


@dataclass(slots=True, eq=False)
class Event(Call):
    """An event as it was sent to one session. Its answer is the client's acknowledgement.

    Attributes:
        type: such as ``video.recording.started``.
        channel: its ``event_channel``.
        timestamp: unix seconds on the server's clock; None when it has none.
        body: the event's own ``params``.
        repeats: where the session got an event with this id before.
        owed: whether it had to be sent again: it was not acknowledged before a resume.
    """

    id: str = ""
    type: str = ""
    channel: str = ""
    timestamp: float | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    repeats: Entry | None = None
    owed: bool = False

    def let_go(self) -> None:
        """Keep of its params and its body only what is short, and what can be compared with it."""
        self.params = Remnant(self.params)
        self.body = shortened(self.body, shortened)


@dataclass(slots=True, eq=False)
class Answer:
    """An answer of either side.

    Attributes:
        entry: where it stands.
        session: the session in which it came.
        call: the call that it answers; None when there is none before it.
        earlier: the answer that the same call had already.
    """

    entry: Entry
    session: Session
    call: Call | None
    earlier: Entry | None

    @property
    def result(self) -> Mapping[str, Any]:
        """The result, if the call was answered with one for the first time; else empty."""
        if self.call is None or self.earlier is not None:
            return {}
        return mapping((self.entry.frame or {}).get("result"))


Step = Call | Answer | None
"""What an entry is: a call, an event, an answer; None for a frame that is none of these."""


class Index:
    """What is known of a trace, up to the entry that was read last.

    Attributes:
        start: the time of its first entry.
        cut: whether its beginning is missing.
        sessions: (space, session name) -> session; also nameless ones.
        answered: number of an answer -> the call that it answers, of the latest ones.
        told: kind and id of a thing -> space -> where the server told of it there first.
        spread: kind and id of the things that the last entry showed in one more space.
        parts: name of a namespace -> its part.
        namespaces: name of a namespace -> the namespace.
    """

    def __init__(self, namespaces: Iterable[Namespace]) -> None:
        self.namespaces = {namespace.name: namespace for namespace in namespaces}
        self.start = 0.0
        self.cut = False
        self.sessions: dict[tuple[str | None, str | None], Session] = {}
        self.answered: Recent[int, Call] = Recent()
        self.told: Recent[tuple[str, str], dict[SpaceKey, Entry]] = Recent()
        self.spread: list[tuple[str, str]] = []
        self._initial = frozenset[str]().union(*(each.initial for each in self.namespaces.values()))
        self._spaces: set[str | None] = set()
        self._latest: Recent[tuple[Session, bool, str], Call] = Recent()
        self._event_ids: Recent[tuple[Session, str], Entry] = Recent()
        self._begun = False
        self.parts: dict[str, Part] = {
            name: namespace.part(self) for name, namespace in self.namespaces.items()
        }

    # Names

    def label(self, session: Session) -> str | None:
        """A session's name, with the space's before it where the trace has several spaces."""
        if len(self._spaces) > 1 and session.space is not None:
            return f"{session.space}/{session.name}"
        return session.name

    def describe(self, session: Session) -> str:
        """A session in words."""
        if session.name is None:
            return "a nameless connection"
        return f"session {self.label(session)}"

    def space_of(self, session: Session, entry: Entry) -> SpaceKey:
        """The space that an entry belongs to."""
        if entry.space is not None:
            return ("space", entry.space)
        return ("project", session.project)

    def namespace_of(self, name: str) -> Namespace | None:
        """The namespace of a call or an event, by the first word of its name."""
        return self.namespaces.get(name.partition(".")[0])

    def channels_of(self, event: Event) -> Iterable[str]:
        """The channels on which an event may have been subscribed, its own first."""
        namespace = self.namespace_of(event.type)
        return (event.channel,) if namespace is None else namespace.channels(event)

    def nameless(self, space: str | None) -> Session:
        """What was said in a space before the connection had a session."""
        return self._session(space, None)

    # Reading

    def read(self, entry: Entry) -> Step:
        """Read the next entry: find its session, and the call that it answers."""
        if not self._begun:
            self._begun, self.start, self.cut = True, entry.time, entry.n > 1
        self.spread.clear()
        session = self._session(entry.space, entry.session)
        frame = entry.frame
        if frame is None:
            if not entry.to_client:
                session.unreadable.append(entry)
            return None
        if not entry.to_client and (entry.problem is not None or frame.get("jsonrpc") != "2.0"):
            session.unreadable.append(entry)
        method = frame.get("method")
        if is_call(frame) and isinstance(method, str) and frame.get("id") is not None:
            return self._call(entry, frame, session, method)
        if is_answer(frame):
            return self._answer(entry, frame, session)
        if not entry.to_client:
            session.unreadable.append(entry)
        return None

    def _session(self, space: str | None, name: str | None) -> Session:
        session = self.sessions.get((space, name))
        if session is None:
            session = Session(space, name, not self.cut, Subscriptions(self._initial))
            self.sessions[space, name] = session
            self._spaces.add(space)
        return session

    def _call(self, entry: Entry, frame: Mapping[str, Any], session: Session, method: str) -> Call:
        params = mapping(frame.get("params"))
        id_ = frame_id(frame)
        if not entry.to_client:
            call = Call(entry, method, params, session)
            session.calls += 1
            if method == CONNECT:
                session.began = entry.n
                self._note_project(call)
            elif method == SUBSCRIBE:
                session.subscriptions.ask(call)
            elif method == UNSUBSCRIBE:
                session.subscriptions.ask_to_end(call)
            session.asked.setdefault(id_, deque()).append(call)
            return call
        if method == EVENT_METHOD:
            call = self._event(entry, params, session, id_)
        else:
            call = Call(entry, method, params, session)
        if id_ not in session.sent:
            session.sent[id_] = deque()
        session.sent[id_].append(call)
        return call

    def _event(self, entry: Entry, params: Mapping[str, Any], session: Session, id_: str) -> Event:
        type_ = string(params.get("event_type")) or ""
        namespace = self.namespace_of(type_)
        make = Event if namespace is None else namespace.event
        owed = session.owed.get(id_)
        repeats = self._event_ids.get((session, id_))
        # Of very many that were not acknowledged the oldest are forgotten.
        forgotten = (
            repeats is not None and session.unacknowledged.forgot and repeats.n < session.resumed
        )
        return make(
            entry,
            EVENT_METHOD,
            params,
            session,
            id=id_,
            type=type_,
            channel=string(params.get("event_channel")) or "",
            timestamp=number(params.get("timestamp")),
            body=mapping(params.get("params")),
            repeats=repeats,
            owed=owed.params == params if owed is not None else forgotten,
        )

    def _answer(self, entry: Entry, frame: Mapping[str, Any], session: Session) -> Answer:
        call, earlier = self._answered_call(frame, session, entry)
        answer = Answer(entry, session, call, earlier)
        if call is None:
            return answer
        self.answered[entry.n] = call
        if isinstance(call, Event):
            session.unacknowledged.pop(call.id, None)
        if earlier is not None or not entry.to_client:
            return answer
        if call.session is not session:
            # The connection had no session yet when it called.
            self._move(call, session)
        if call.method == CONNECT:
            self._note_project(call)
            if call.succeeded:
                self._connect(session, call, entry)
        elif call.method == SUBSCRIBE and call.succeeded:
            session.subscriptions.confirm(call, entry)
        elif call.method == UNSUBSCRIBE and call.succeeded:
            session.subscriptions.end(call)
        elif call.method in (SUBSCRIBE, UNSUBSCRIBE):
            session.subscriptions.refuse(call)
        return answer

    def _connect(self, session: Session, call: Call, answer: Entry) -> None:
        """A session was connected, or resumed."""
        if session.connected is None:
            session.connected = answer
        session.resumed = answer.n
        # What was not acknowledged may not have come, also to clients that acknowledge nothing.
        session.owed = dict(session.unacknowledged)
        session.owes = session.acknowledges and not session.unacknowledged.forgot
        session.acknowledges = call.params.get("event_acks") is True

    def _move(self, call: Call, session: Session) -> None:
        before, call.session = call.session, session
        if call.method == CONNECT and call.answer is not None:
            session.began = call.answer.n
        before.calls -= 1
        session.calls += 1
        if call.method == SUBSCRIBE:
            before.subscriptions.refuse(call)
            session.subscriptions.ask(call)
        elif call.method == UNSUBSCRIBE:
            before.subscriptions.refuse(call)
            session.subscriptions.ask_to_end(call)

    def _answered_call(
        self, frame: Mapping[str, Any], session: Session, entry: Entry
    ) -> tuple[Call | None, Entry | None]:
        """The call that an answer answers, and the answer that this call had already."""
        id_ = frame_id(frame)
        latest = (session, entry.to_client, id_)
        calls = session.waiting(entry.to_client)
        if id_ in calls:
            call = _meant(calls[id_], session.began)
            calls[id_].remove(call)
        else:
            calls = self.nameless(entry.space).waiting(entry.to_client)
            if id_ not in calls:
                answered = self._latest.get(latest)
                return answered, answered.answer if answered is not None else None
            call = calls[id_].popleft()
        if not calls[id_]:
            del calls[id_]
        call.answer = entry
        self._latest[latest] = call
        return call, None

    def _note_project(self, call: Call) -> None:
        project = string(mapping(call.params.get("authentication")).get("project"))
        session = call.session
        if project is not None and (session.project is None or call.succeeded):
            session.project = project
        if session.name is not None and "protocol" not in call.params and session.calls == 1:
            session.whole = True

    # Learning

    def learn(self, step: Step) -> None:
        """Take in what was read last, once the rules have compared it with what was known."""
        if not isinstance(step, Event):
            return
        session = step.session
        session.owed.pop(step.id, None)
        if step.repeats is None:
            self._event_ids[session, step.id] = step.entry
            session.unacknowledged[step.id] = step

    def note_told(self, kind: str, id_: str, space: SpaceKey, entry: Entry) -> None:
        """Note that a session of this space got an event or answer about a thing."""
        spaces = self.told.get((kind, id_))
        if spaces is None:
            spaces = self.told[kind, id_] = {}
        if space not in spaces:
            spaces[space] = entry
            if len(spaces) > 1:
                self.spread.append((kind, id_))


def _meant(calls: deque[Call], began: int) -> Call:
    """Which of the calls of one id an answer means: the first of this connection.

    A client that counts its ids from 1 again after a reconnect does not mean those before.
    """
    return next((call for call in calls if call.entry.n >= began), calls[-1])
