"""Rules about frames, sessions, answers and subscriptions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from mockserver.protocol.validation import problems

from .index import CONNECT, SUBSCRIBE, Answer, Call, Event, Index, Session, Step
from .memory import Recent
from .rule import Checker, Evidence, rule
from .trace import Entry, space_name

_SHOWN_TYPES = 6
_MOST_WAITING = 100
"""Events that are kept to be judged once the call that asks for them is answered."""


class _Schemas(Checker):
    """The frames of one side fit their schemas."""

    to_client: bool

    def on_entry(self, entry: Entry, step: Step) -> Iterator[Evidence]:
        if entry.to_client is not self.to_client:
            return
        if entry.frame is None:
            text = f"{entry.text!r:.80}" if entry.text is not None else "nothing"
            yield Evidence(f"expected a JSON object, found {text}", (entry,))
            return
        call = step.call if isinstance(step, Answer) else None
        frame = entry.frame if isinstance(entry.frame, dict) else dict(entry.frame)
        found = problems(frame, answers=call.method if call is not None else None)
        if found:
            asked = () if call is None else (call.entry,)
            yield Evidence("; ".join(problem.message for problem in found), (*asked, entry))


@rule(
    "frames-valid",
    "The client cannot read what the server says: a frame does not fit its schema.",
    party="server",
    source="WT",
)
class FramesValid(_Schemas):
    """Everything the server sends fits its schema; a refusal fits the schema of refusals."""

    to_client = True


@rule(
    "client-frames-valid",
    "The client says what no server can read: a frame does not fit its schema.",
    party="client",
    source="WT",
)
class ClientFramesValid(_Schemas):
    """Everything the client sends is a JSON object that fits its schema."""

    to_client = False


@rule(
    "connect-first",
    "Someone who has not authenticated gets answers and events.",
    party="server",
    source="W",
)
class ConnectFirst(Checker):
    """No success but that of the connect itself, and no event, before it was accepted."""

    sees_repeats = True

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        call, session = answer.call, answer.session
        # A second answer to the same call is the business of answered-once.
        if call is None or answer.earlier is not None or not _unconnected(session):
            return
        if call.succeeded:
            message = f"{call.method} succeeded before {CONNECT} did on {{session}}"
            yield Evidence(message, (call.entry, answer.entry), session)

    def on_event(self, event: Event) -> Iterator[Evidence]:
        if _unconnected(event.session):
            message = f"{event.type} came before {CONNECT} had succeeded on {{session}}"
            yield Evidence(message, (event.entry,), event.session)


def _unconnected(session: Session) -> bool:
    return session.whole and session.connected is None


@rule(
    "answered-once",
    "A call's promise settles with another call's answer, or an answer meets nobody who waits.",
    party="server",
    source="W",
)
class AnsweredOnce(Checker):
    """Every answer of the server belongs to one earlier call of that session, and is its only one.

    A call may stay unanswered. An error without an id answers one frame that had no readable id.
    """

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        entry, call, session = answer.entry, answer.call, answer.session
        if call is not None and answer.earlier is not None:
            message = f"{call.method} was answered twice, expected one answer to each call"
            yield Evidence(message, (call.entry, answer.earlier, entry))
        elif call is None and not _excused(entry, session) and session.whole:
            message = f"an answer with id {_id(entry)}, but {{session}} made no call of that id"
            yield Evidence(f"{message} before", (entry,), session)


def _excused(answer: Entry, session: Session) -> bool:
    """Whether an answer is the error for a frame that was no call, and perhaps had no id."""
    frame = answer.frame or {}
    id_ = frame.get("id")
    # An answer that a fault sent leaves the excuse to the real one.
    if "error" not in frame or answer.fault is not None:
        return False
    for place, bad in enumerate(session.unreadable):
        # Of what was cut short, or was no JSON, the trace does not know the id.
        if id_ is None or bad.frame is None or bad.frame.get("id") == id_:
            del session.unreadable[place]
            return True
    return False


def _id(entry: Entry) -> Any:
    return (entry.frame or {}).get("id")


@rule(
    "event-once",
    "A listener runs twice for one event.",
    party="server",
    source="W",
)
class EventOnce(Checker):
    """A session gets an event id once, and an id belongs to one event.

    After a resume it gets again what it had not acknowledged, with the same ids.
    """

    sees_repeats = True

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._sent: Recent[tuple[str | None, str], Event] = Recent()

    def on_event(self, event: Event) -> Iterator[Evidence]:
        id_ = _id(event.entry)
        if event.owed:
            return
        if event.repeats is not None:
            message = f"{event.type} with id {id_} came to {{session}} again, expected it once"
            yield Evidence(message, (event.repeats, event.entry), event.session)
            return
        key = (event.entry.space, event.id)
        first = self._sent.get(key)
        if first is None:
            self._sent[key] = event
        elif first.params != event.params:
            message = f"{first.type} and another {event.type} share the id {id_}"
            yield Evidence(f"{message}, expected ids of their own", (first.entry, event.entry))


@rule(
    "subscribed-only",
    "An application gets events that it did not ask for; the vendor's clients log errors or stop.",
    party="server",
    source="WT",
)
class SubscribedOnly(Checker):
    """Each event was subscribed when it was sent, by its channel and type.

    Some events may be subscribed on other channels than their own, as their namespace says; those
    that report an initial state need ``get_initial_state`` only, and those about the client itself
    nothing.
    """

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._waiting: dict[Call, list[Event]] = defaultdict(list)

    def on_event(self, event: Event) -> Iterator[Evidence]:
        namespace = self.index.namespace_of(event.type)
        personal = namespace is not None and event.type in namespace.personal
        if personal or not event.session.whole:
            return
        subscriptions = event.session.subscriptions
        channels = tuple(self.index.channels_of(event))
        if any(subscriptions.confirmed(channel, event.type) for channel in channels):
            return
        asking = self._asking(event, channels)
        if asking is None:
            yield self._finding(event)
        elif len(self._waiting[asking]) < _MOST_WAITING:
            self._wait(event, asking)

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        call = answer.call
        if call is None or call.method != SUBSCRIBE or answer.earlier is not None:
            return
        for event in self._waiting.pop(call, ()):
            self.suspect(event)
            if call.succeeded and call.session is event.session:
                continue
            asking = self._asking(event, tuple(self.index.channels_of(event)))
            if asking is not None and asking.entry.n < event.entry.n:
                self._wait(event, asking)
            else:
                yield self._finding(event)

    def _wait(self, event: Event, asking: Call) -> None:
        self._waiting[asking].append(event)
        if asking.session is not event.session:
            # Only the answer can show that the call was made in this session.
            self.suspect(event, [self._finding(event)])

    def _asking(self, event: Event, channels: tuple[str, ...]) -> Call | None:
        """A call that asks for an event and is not answered yet; the session may have no name."""
        for session in (event.session, self.index.nameless(event.entry.space)):
            for channel in channels:
                call = session.subscriptions.asking(channel, event.type)
                if call is not None:
                    return call
        return None

    def _finding(self, event: Event) -> Evidence:
        message = f"{{session}} got {event.type} on {event.channel}"
        namespace = self.index.namespace_of(event.type)
        if namespace is not None and event.type in namespace.initial:
            expected = "that only for a subscription of that channel with get_initial_state"
        else:
            expected = self._expected(event)
        return Evidence(f"{message}, expected {expected}", (event.entry,), event.session)

    def _expected(self, event: Event) -> str:
        namespace = self.index.namespace_of(event.type)
        initial = frozenset() if namespace is None else namespace.initial
        for channel in self.index.channels_of(event):
            types = event.session.subscriptions.types(channel)
            types = [type_ for type_ in types if type_ not in initial]
            if types:
                shown = ", ".join(types[:_SHOWN_TYPES])
                more = f" and {len(types) - _SHOWN_TYPES} more" if types[_SHOWN_TYPES:] else ""
                return f"only what it subscribed on {channel}: {shown}{more}"
        return "nothing: no subscription of that channel is in force"


@rule(
    "one-space",
    "A tenant, or a test beside this one, sees another's rooms and recordings.",
    party="server",
    source="A",
)
class OneSpace(Checker):
    """A room session, and what runs in it, is told to sessions of one space only."""

    def on_told(self, kind: str, id_: str) -> tuple[Evidence, ...]:
        # One frame may tell of more things than are remembered.
        told = self.index.told.get((kind, id_), {})
        # A session whose space is unknown proves nothing.
        known = {
            (how, space_name(name)): entry
            for (how, name), entry in told.items()
            if name is not None
        }
        if len(known) > 1:
            names = " and ".join(f"{how} {name}" for how, name in known)
            message = f"{kind} {id_} was seen in {names}, expected it in one only"
            # A third space would say more.
            self.suspect((kind, id_), [Evidence(message, tuple(known.values()))])
        return ()


@rule(
    "acknowledged-once",
    "The client acknowledges what it never got, or the same thing twice.",
    party="client",
    source="W",
)
class AcknowledgedOnce(Checker):
    """The client answers only what the server sent it, each once."""

    def on_reply(self, answer: Answer) -> Iterator[Evidence]:
        entry, call, session = answer.entry, answer.call, answer.session
        if call is None:
            if session.whole and not session.sent.forgot:
                message = f"{{session}} answered id {_id(entry)}, but the server sent no such id"
                yield Evidence(message, (entry,), session)
        elif answer.earlier is not None:
            what = call.type if isinstance(call, Event) else call.method
            message = f"{{session}} acknowledged {what} twice, expected once"
            yield Evidence(message, (call.entry, answer.earlier, entry), session)


class _Ids(Checker):
    """The calls of one side that are not answered have ids of their own."""

    def _compare(self, call: Call) -> Iterator[Evidence]:
        rival = call.session.rival(call)
        if rival is not None:
            id_ = _id(call.entry)
            message = f"{_name(call)} has the id {id_} of a {_name(rival)} that is not answered yet"
            yield Evidence(
                f"{message}, expected an id of its own", (rival.entry, call.entry), call.session
            )


def _name(call: Call) -> str:
    return call.type if isinstance(call, Event) else call.method


@rule(
    "ids-apart",
    "The server takes the answer to one of its calls for the answer to another.",
    party="server",
    source="WA",
)
class IdsApart(_Ids):
    """A ping has the id of no ping and no event that the client has not answered yet.

    Nor has an event the id of such a ping; two events are the business of event-once. Answers are
    told apart by their ids alone. The id of what was answered may be used again, and so may any
    after a reconnect.
    """

    def on_server_call(self, call: Call) -> Iterator[Evidence]:
        return self._compare(call)

    def on_event(self, event: Event) -> Iterator[Evidence]:
        rival = event.session.rival(event)
        return iter(()) if isinstance(rival, Event) else self._compare(event)


@rule(
    "client-ids-apart",
    "The client takes the answer to one of its calls for the answer to another.",
    party="client",
    source="WA",
)
class ClientIdsApart(_Ids):
    """A call of the client has the id of no earlier one that is not answered yet.

    Answers are told apart by their ids alone: the vendor's clients give each call a new UUID. The
    id of what was answered may be used again, and so may any after a reconnect.
    """

    def on_call(self, call: Call) -> Iterator[Evidence]:
        return self._compare(call)
