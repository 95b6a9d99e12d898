"""Rules about connecting, resuming and ending a session, and about the clocks of a trace."""

from __future__ import annotations

from collections.abc import Iterator

from .index import CONNECT, DISCONNECT, Answer, Event, Index, Session, Step
from .memory import Recent
from .rule import Checker, Evidence, rule
from .trace import Entry
from .values import mapping, string

SET_BACK = 1.0
"""Seconds by which the time of a trace may run back: clocks are corrected. [A]"""

FARTHEST_CLOCKS = 86_400.0
"""Seconds by which the server's clock and that of the trace may differ. [A]"""


@rule(
    "connected-once",
    "Two clients share a session: each gets the answers and events of both.",
    party="server",
    source="W",
)
class ConnectedOnce(Checker):
    """A session that is connected accepts another connect only if that resumes it.

    That is a connect with its ``protocol``; any other begins a session of its own.
    """

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        call, session = answer.call, answer.session
        if call is None or not _accepted_connect(answer) or session.name is None:
            return
        first = session.connected
        if first is not None and first is not answer.entry and "protocol" not in call.params:
            message = f"a second {CONNECT} without a protocol was accepted in {{session}}"
            proof = (first, call.entry, answer.entry)
            yield Evidence(f"{message}, expected a session of its own", proof, session)


def _accepted_connect(answer: Answer) -> bool:
    call = answer.call
    return (
        call is not None
        and call.method == CONNECT
        and call.answer is answer.entry
        and (call.succeeded)
    )


@rule(
    "resume-keeps-protocol",
    "The client cannot resume its session a second time.",
    party="server",
    source="W",
)
class ResumeKeepsProtocol(Checker):
    """A session that is resumed keeps its ``protocol``, and is resumed by that alone."""

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._known: dict[Session, tuple[str, Entry]] = {}

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        call, session = answer.call, answer.session
        if call is None or not _accepted_connect(answer) or session.name is None:
            return
        protocol = string(answer.result.get("protocol"))
        asked = string(call.params.get("protocol"))
        if protocol is None:
            return
        before, first = self._known.setdefault(session, (protocol, answer.entry))
        if first is answer.entry:
            return
        proof = (first, call.entry, answer.entry)
        if protocol != before:
            message = f"{{session}} was resumed with the protocol {protocol}, expected {before}"
            yield Evidence(message, proof, session)
        elif asked is not None and asked != before:
            message = f"{{session}} was resumed by the protocol {asked}, expected {before} only"
            yield Evidence(message, proof, session)


@rule(
    "sessions-apart",
    "A client that resumes its session gets another's, with its events.",
    party="server",
    source="WA",
)
class SessionsApart(Checker):
    """No two sessions of a space have one ``protocol``, or one ``identity``."""

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._owners: Recent[tuple[object, str, str], tuple[Session, Entry]] = Recent()

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        session = answer.session
        if not _accepted_connect(answer) or session.name is None:
            return
        space = self.index.space_of(session, answer.entry)
        for field in ("protocol", "identity"):
            value = string(answer.result.get(field))
            if value is None:
                continue
            owner, entry = self._owners.get((space, field, value), (session, answer.entry))
            if owner is not session:
                message = f"{{session}} has the {field} {value} of another session"
                yield Evidence(f"{message}, expected its own", (entry, answer.entry), session)
            else:
                self._owners[space, field, value] = (session, answer.entry)


@rule(
    "own-project",
    "A client is let into another project than the one it asked for.",
    party="server",
    source="T",
)
class OwnProject(Checker):
    """The authorization is for the project that the client authenticated for."""

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        call, session = answer.call, answer.session
        if call is None or not _accepted_connect(answer):
            return
        asked = string(mapping(call.params.get("authentication")).get("project"))
        given = string(mapping(answer.result.get("authorization")).get("project"))
        if None not in (asked, given) and asked != given:
            message = f"{{session}} asked for project {asked}, and was authorized for {given}"
            yield Evidence(message, (call.entry, answer.entry), session)


@rule(
    "silent-after-disconnect",
    "Events go to a connection that is being closed, where nobody handles them.",
    party="server",
    source="WA",
)
class SilentAfterDisconnect(Checker):
    """No event comes after a disconnect was answered, until the session is resumed.

    Either side may ask for it by ``signalwire.disconnect``.
    """

    sees_repeats = True

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._over: dict[Session, Entry] = {}

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        call = answer.call
        if call is not None and call.method == DISCONNECT and call.succeeded:
            self._over.setdefault(answer.session, answer.entry)
        elif _accepted_connect(answer):
            self._over.pop(answer.session, None)
        return iter(())

    def on_reply(self, answer: Answer) -> Iterator[Evidence]:
        if answer.call is not None and answer.call.method == DISCONNECT:
            self._over.setdefault(answer.session, answer.entry)
        return iter(())

    def on_event(self, event: Event) -> Iterator[Evidence]:
        over = self._over.get(event.session)
        if over is not None:
            message = f"{event.type} came to {{session}} after {DISCONNECT} was answered"
            proof = (over, event.entry)
            yield Evidence(f"{message}, expected nothing until a resume", proof, event.session)


@rule(
    "nothing-lost",
    "After a reconnect the application has missed an event, or meets events in another order.",
    party="server",
    source="A",
)
class NothingLost(Checker):
    """What a session did not acknowledge before it was resumed is sent again.

    With the same ids, in the same order, before anything new. That holds for clients that
    acknowledge events: others are not known to have missed any.
    """

    sees_repeats = True

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._owed: dict[Session, list[Event]] = {}

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        session = answer.session
        if _accepted_connect(answer) and session.owes and session.owed:
            self._owed[session] = list(session.owed.values())
        return iter(())

    def on_reply(self, answer: Answer) -> Iterator[Evidence]:
        owed = self._owed.get(answer.session)
        if owed and answer.call in owed:
            # An acknowledgement that crossed with the loss of the connection.
            owed.remove(answer.call)
        return iter(())

    def on_event(self, event: Event) -> Iterator[Evidence]:
        owed = self._owed.get(event.session)
        if not owed:
            return
        if event.id == owed[0].id:
            del owed[0]
            return
        del self._owed[event.session]
        missing = owed[0]
        message = f"{event.type} came to {{session}} after its resume, but it had not acknowledged"
        expected = f"{missing.type}: expected that again before anything else"
        yield Evidence(f"{message} {expected}", (missing.entry, event.entry), event.session)


@rule(
    "trace-time-forward",
    "Times in this trace cannot be compared: the clock by which it was kept was set back.",
    party="either",
    source="A",
)
class TraceTimeForward(Checker):
    """From one entry of a space to the next the trace's time does not run back by over a second."""

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._last: dict[str | None, Entry] = {}

    def on_entry(self, entry: Entry, step: Step) -> Iterator[Evidence]:
        last = self._last.get(entry.space)
        if last is not None and entry.time < last.time - SET_BACK:
            message = f"this was kept {last.time - entry.time:.3f} s before what stands above it"
            yield Evidence(f"{message}, expected times that grow", (last, entry))
        self._last[entry.space] = entry


@rule(
    "clocks-agree",
    "The application shows dates of another day, or year.",
    party="server",
    source="A",
)
class ClocksAgree(Checker):
    """The timestamp of an event is at most a day from the time at which it was seen."""

    sees_repeats = True

    def on_event(self, event: Event) -> Iterator[Evidence]:
        if event.timestamp is None:
            return
        difference = event.timestamp - event.entry.time
        if abs(difference) > FARTHEST_CLOCKS:
            days = f"{difference / 86_400:+.1f} days"
            message = f"{event.type} has a timestamp that differs by {days} from when it was seen"
            yield Evidence(message, (event.entry,))


_MOST_IN_A_CHANNEL = 100
"""Events of a channel that are remembered."""


class _Said:
    """An event that the server sent on a channel, and the sessions that got it."""

    __slots__ = ("event", "sessions")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.sessions = {event.session}

    def is_in(self, event: Event) -> bool:
        """Whether an event, of whichever session, is this one."""
        said = self.event
        return (said.type, said.timestamp, said.params) == (
            event.type,
            event.timestamp,
            event.params,
        )


class _Channel:
    """What was said on a channel, in order; the oldest are forgotten.

    Attributes:
        first: the number of the oldest that is remembered, counted from the beginning.
        said: what is remembered.
        read: session -> the number up to which it was compared.
        known: session -> from when on all is known that it was sent, by the times of the events.
    """

    __slots__ = ("first", "known", "read", "said")

    def __init__(self) -> None:
        self.first = 0
        self.said: list[_Said] = []
        self.read: dict[Session, int] = {}
        self.known: dict[Session, float] = {}


@rule(
    "told-to-all",
    "One of two applications that listen to the same things misses some of them.",
    party="server",
    source="A",
)
class ToldToAll(Checker):
    """An event that one session gets on a channel goes to all sessions that have subscribed to it.

    Channels keep their order: an event that was made later proves that an earlier one does not
    come any more. Judged are sessions that subscribed more than a second before it was made. Events
    that a fault has changed or moved are not compared where the trace does not say what was meant.
    """

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._channels: Recent[tuple[object, str], _Channel] = Recent()

    def on_event(self, event: Event) -> Iterator[Evidence]:
        if event.timestamp is None or not event.channel or self._is_private(event):
            return
        session = event.session
        place = (self.index.space_of(session, event.entry), event.channel)
        # The one is forgotten first that was silent for longest.
        channel = self._channels.pop(place) if place in self._channels else _Channel()
        self._channels[place] = channel
        if event.entry.is_unexplained:
            # Its time, its place or its contents may be wrong: it proves nothing about others.
            for said in channel.said:
                if said.is_in(event):
                    said.sessions.add(session)
            return
        number = self._number(channel, event)
        # Of a channel that was forgotten it is not known what a session got before.
        begin = event.timestamp if self._channels.forgot else float("-inf")
        known = channel.known.setdefault(session, begin)
        start = max(channel.read.get(session, channel.first), channel.first)
        channel.read[session] = max(number + 1, start)
        for said in channel.said[start - channel.first : number - channel.first]:
            if session in said.sessions or (said.event.timestamp or 0.0) <= known:
                continue
            if self._should_have_got(session, said.event, event):
                message = f"{said.event.type} on {event.channel} went to another session, but not"
                expected = f"to {{session}}, which got a later {event.type}"
                yield Evidence(f"{message} {expected}", (said.event.entry, event.entry), session)

    def _is_private(self, event: Event) -> bool:
        namespace = self.index.namespace_of(event.type)
        return namespace is None or event.type in namespace.initial | namespace.personal

    def _number(self, channel: _Channel, event: Event) -> int:
        """Which event of the channel this is, to whichever session it was sent first."""
        for place in range(len(channel.said) - 1, -1, -1):
            said = channel.said[place]
            if event.session not in said.sessions and said.is_in(event):
                said.sessions.add(event.session)
                return channel.first + place
            if (said.event.timestamp or 0.0) < (event.timestamp or 0.0):
                break
        channel.said.append(_Said(event))
        if len(channel.said) > _MOST_IN_A_CHANNEL:
            del channel.said[0]
            channel.first += 1
        return channel.first + len(channel.said) - 1

    def _should_have_got(self, session: Session, missed: Event, later: Event) -> bool:
        if missed.timestamp is None or missed.timestamp >= (later.timestamp or 0.0):
            return False
        sinces = (
            session.subscriptions.since(channel, missed.type)
            for channel in self.index.channels_of(missed)
        )
        return any(
            since is not None and since.n < missed.entry.n and since.time < missed.timestamp - 1.0
            for since in sinces
        )
