"""Rules about frames, sessions, answers and subscriptions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.protocol.validation import problems

from .index import CONNECT, Event, Index
from .rule import Finding, rule
from .trace import Entry, space_name

_SHOWN_TYPES = 6


@rule(
    "frames-valid",
    "The client cannot read what the server says: a frame does not fit its schema.",
    party="server",
    source="WT",
)
def frames_valid(index: Index) -> Iterator[Finding]:
    """Everything the server sends fits its schema; a refusal fits the schema of refusals."""
    for entry in index.trace:
        if entry.to_client:
            yield from _invalid(index, entry)


@rule(
    "client-frames-valid",
    "The client says what no server can read: a frame does not fit its schema.",
    party="client",
    source="WT",
)
def client_frames_valid(index: Index) -> Iterator[Finding]:
    """Everything the client sends is a JSON object that fits its schema."""
    for entry in index.trace:
        if not entry.to_client:
            yield from _invalid(index, entry)


def _invalid(index: Index, entry: Entry) -> Iterator[Finding]:
    if entry.frame is None:
        text = f"{entry.text!r:.80}" if entry.text is not None else "nothing"
        yield Finding(f"expected a JSON object, found {text}", (entry,))
        return
    call = index.calls.get(entry.n)
    found = problems(dict(entry.frame), answers=call.method if call is not None else None)
    if found:
        asked = () if call is None else (call.entry,)
        yield Finding("; ".join(problem.message for problem in found), (*asked, entry))


@rule(
    "connect-first",
    "Someone who has not authenticated gets answers and events.",
    party="server",
    source="W",
)
def connect_first(index: Index) -> Iterator[Finding]:
    """No success but that of the connect itself, and no event, before it was accepted."""
    for session in index.sessions.values():
        if not session.whole:
            continue
        connected = session.connected.n if session.connected is not None else float("inf")
        for answer in session.answers:
            call = answer.call
            if answer.entry.n >= connected:
                break
            # A second answer to the same call is the business of answered-once.
            if call is None or call.answer is not answer.entry:
                continue
            if call.succeeded:
                message = f"{call.method} succeeded before {CONNECT} did"
                yield Finding(f"{message} on {session}", (call.entry, answer.entry))
        for event in session.events:
            if event.entry.n >= connected:
                break
            message = f"{event.type} came before {CONNECT} had succeeded on {session}"
            yield Finding(message, (event.entry,))


@rule(
    "answered-once",
    "A call's promise settles with another call's answer, or an answer meets nobody who waits.",
    party="server",
    source="W",
)
def answered_once(index: Index) -> Iterator[Finding]:
    """Every answer of the server belongs to one earlier call of that session, and is its only one.

    A call may stay unanswered. An error without an id answers one frame that had no readable id.
    """
    for session in index.sessions.values():
        unreadable = list(reversed(session.unreadable))
        for answer in session.answers:
            entry, call, earlier = answer
            if call is not None and earlier is not None:
                message = f"{call.method} was answered twice, expected one answer to each call"
                yield Finding(message, (call.entry, earlier, entry))
            elif call is None and not _excused(entry, unreadable) and session.whole:
                id_ = _id(entry)
                message = f"an answer with id {id_}, but {session} made no call of that id before"
                yield Finding(message, (entry,))


def _excused(answer: Entry, unreadable: list[Entry]) -> bool:
    """Whether an answer is the error for a frame that was no call, and perhaps had no id."""
    frame = answer.frame or {}
    id_ = frame.get("id")
    for place in range(len(unreadable) - 1, -1, -1):
        bad = unreadable[place]
        if "error" not in frame or bad.n > answer.n:
            return False
        # Of what was cut short, or was no JSON, the trace does not know the id.
        if id_ is None or bad.frame is None or bad.frame.get("id") == id_:
            del unreadable[place]
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
def event_once(index: Index) -> Iterator[Finding]:
    """A session gets an event id once, also across a resume, and an id belongs to one event."""
    sent: dict[tuple[str | None, str], Event] = {}
    for session in index.sessions.values():
        got: dict[str, Entry] = {}
        for event in session.events:
            if event.id in got:
                message = f"{event.type} with id {_id(event.entry)} came to {session} again"
                yield Finding(f"{message}, expected it once", (got[event.id], event.entry))
                continue
            got[event.id] = event.entry
            first = sent.setdefault((event.entry.space, event.id), event)
            if first is not event and first.params != event.params:
                message = f"{first.type} and another {event.type} share the id {_id(event.entry)}"
                yield Finding(f"{message}, expected ids of their own", (first.entry, event.entry))


@rule(
    "subscribed-only",
    "An application is told what it did not ask for; the vendor's clients log errors or stop.",
    party="server",
    source="WT",
)
def subscribed_only(index: Index) -> Iterator[Finding]:
    """Each event was subscribed when it was sent, by its channel and type.

    Some events may be subscribed on other channels than their own, as their namespace says; those
    that tell an initial state need ``get_initial_state`` only, and those about the client itself
    nothing.
    """
    for session in index.sessions.values():
        if not session.whole:
            continue
        for event in session.events:
            if index.subscribed(event):
                continue
            namespace = index.namespace_of(event.type)
            if namespace is not None and event.type in namespace.personal:
                continue
            message = f"{session} got {event.type} on {event.channel}"
            if namespace is not None and event.type in namespace.initial:
                expected = "that only for a subscription of that channel with get_initial_state"
            else:
                expected = _expected(index, event)
            yield Finding(f"{message}, expected {expected}", (event.entry,))


def _expected(index: Index, event: Event) -> str:
    namespace = index.namespace_of(event.type)
    channels = (event.channel,) if namespace is None else namespace.channels(event)
    initial = frozenset() if namespace is None else namespace.initial
    asked, types = event.channel, list[str]()
    for channel in channels:
        types = event.session.subscriptions.types(channel, event.entry)
        if types:
            asked = channel
            break
    types = [type_ for type_ in types if type_ not in initial]
    if not types:
        return "nothing: no subscription of that channel is in force"
    shown = ", ".join(types[:_SHOWN_TYPES])
    more = "" if len(types) <= _SHOWN_TYPES else f" and {len(types) - _SHOWN_TYPES} more"
    return f"only what it subscribed on {asked}: {shown}{more}"


@rule(
    "one-space",
    "A tenant, or a test beside this one, sees another's rooms and recordings.",
    party="server",
    source="A",
)
def one_space(index: Index) -> Iterator[Finding]:
    """A room session, and what runs in it, is told to sessions of one space only."""
    for (kind, id_), spaces in index.told.items():
        # A session whose space is unknown proves nothing.
        known = {
            (how, space_name(name)): entry
            for (how, name), entry in spaces.items()
            if name is not None
        }
        if len(known) > 1:
            names = " and ".join(f"{how} {name}" for how, name in known)
            message = f"{kind} {id_} was told in {names}, expected it in one only"
            yield Finding(message, tuple(known.values()))


@rule(
    "acknowledged-once",
    "The client acknowledges what it never got, or the same thing twice.",
    party="client",
    source="W",
)
def acknowledged_once(index: Index) -> Iterator[Finding]:
    """The client answers only what the server sent it, each once."""
    for session in index.sessions.values():
        for entry, call, earlier in session.replies:
            if call is None:
                if session.whole:
                    message = f"{session} answered id {_id(entry)}, but the server sent no such id"
                    yield Finding(message, (entry,))
            elif earlier is not None:
                what = call.type if isinstance(call, Event) else call.method
                message = f"{session} acknowledged {what} twice, expected once"
                yield Finding(message, (call.entry, earlier, entry))
