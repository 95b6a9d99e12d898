"""Rules about recordings: their order, their states, their times."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from itertools import pairwise

from mockserver.protocol.lifecycles import RECORDING

from .index import RECORDING_PREFIX, Call, Event, Index, Recording, Session, number, string
from .rule import Finding, rule
from .trace import Entry

CLOCK_SLACK = 1.0
"""Seconds by which a trace's clock may differ from the server's, where both are compared. [A]"""

LONGER_THAN_CLOCK = 0.05
"""Seconds by which a duration may exceed the time between the events that bound it. [A]"""

SHORTER_THAN_CLOCK = 1.0
"""Seconds of it that may be missing: the published sample lasts 6.04 s within 6.496 s. [T]"""

STARTED = f"{RECORDING_PREFIX}started"
UPDATED = f"{RECORDING_PREFIX}updated"
ENDED = f"{RECORDING_PREFIX}ended"

_START = "start"
_STEPS = {(before, after, suffix) for (before, _), (after, suffix) in RECORDING.rows.items()}
_OUTCOMES = {_START: (RECORDING.initial, "started")} | {
    verb: (state, suffix) for (_, verb), (state, suffix) in RECORDING.rows.items()
}


def _lives(index: Index) -> Iterator[tuple[Session, str, list[Event]]]:
    """Every recording as one session saw it."""
    for session in index.sessions.values():
        for id_, events in session.recordings.items():
            yield session, id_, events


def _known(index: Index, session: Session, event: Event, id_: str) -> Recording:
    return index.recordings[index.space_of(session, event.entry), id_]


@rule(
    "started-once",
    "The application handles one recording as two.",
    party="server",
    source="T",
)
def started_once(index: Index) -> Iterator[Finding]:
    """The start of a recording comes at most once to a session."""
    for session, id_, events in _lives(index):
        started = [event for event in events if event.type == STARTED]
        for again in started[1:]:
            message = f"{STARTED} of {id_} came to {session} again, expected it once"
            yield Finding(message, (started[0].entry, again.entry))


@rule(
    "started-first",
    "The vendor's client meets a recording that it does not know, and startRecording() hangs.",
    party="server",
    source="WT",
)
def started_first(index: Index) -> Iterator[Finding]:
    """The start of a recording comes before its updates and its end.

    It may be missing for a session that subscribed while the recording was already there: only when
    the start surely came after the subscription, something else must not be the first.
    """
    for session, id_, events in _lives(index):
        first = events[0]
        if first.type == STARTED:
            continue
        late = next((event for event in events if event.type == STARTED), None)
        if late is not None:
            message = f"{STARTED} of {id_} came to {session} after {first.type}"
            yield Finding(f"{message}, expected it before", (first.entry, late.entry))
        elif (asked := _subscribed_before_start(index, session, first, id_)) is not None:
            message = f"{session} had subscribed {STARTED} when {id_} started, but got"
            yield Finding(f"{message} {first.type} first", (asked, first.entry))


def _subscribed_before_start(
    index: Index, session: Session, first: Event, id_: str
) -> Entry | None:
    """The subscription to ``started`` that was surely in force when the recording started."""
    asked = session.subscriptions.since(first.channel, STARTED, first.entry)
    if asked is None:
        return None
    start = _known(index, session, first, id_).started_by
    if start is not None and start.entry.n > asked.n:
        return asked
    started_at = number(first.recording.get("started_at"))
    return asked if started_at is not None and started_at > asked.time + CLOCK_SLACK else None


@rule(
    "legal-transitions",
    "A recording is in a state that it cannot have come to, or an event tells another state.",
    party="server",
    source="DT",
)
def legal_transitions(index: Index) -> Iterator[Finding]:
    """Each event tells a state that its type and the table allow after the state before.

    Where the session was not subscribed to updates in between, all that the table can reach is
    legal.
    """
    for session, id_, events in _lives(index):
        before: Event | None = None
        for event in events:
            expected = _legal_states(session, before, event)
            if event.state not in expected:
                came = f" after {before.state!r}" if before is not None else ""
                legal = " or ".join(map(repr, sorted(expected))) or "no such event"
                message = f"{event.type} of {id_} says {event.state!r}{came}, expected {legal}"
                proof = (event.entry,) if before is None else (before.entry, event.entry)
                yield Finding(message, proof)
            if event.type == ENDED:
                break
            before = event


def _legal_states(session: Session, before: Event | None, event: Event) -> set[str]:
    """The states that an event may tell, after what the session was told before."""
    if event.type == STARTED:
        # Whether it may come now is the business of started-once and started-first.
        return {RECORDING.initial}
    if before is None or before.state not in RECORDING.states:
        states = {start for start, _, _ in _STEPS}
    elif session.subscriptions.covers(event.channel, UPDATED, before.entry, event.entry):
        states = {before.state}
    else:
        states = _reachable(before.state)
    return {after for start, after, suffix in _STEPS if start in states and suffix == event.suffix}


def _reachable(state: str) -> set[str]:
    """A state and all that can follow it, for when updates in between were not subscribed."""
    states = {state}
    while more := {after for before, after, _ in _STEPS if before in states} - states:
        states |= more
    return states


@rule(
    "nothing-after-ended",
    "A recording that the application has put away comes back.",
    party="server",
    source="D",
)
def nothing_after_ended(index: Index) -> Iterator[Finding]:
    """No event about a recording comes to a session after its end."""
    for session, id_, events in _lives(index):
        ended: Event | None = None
        for event in events:
            if ended is not None:
                message = f"{event.type} of {id_} came to {session} after its {ENDED}"
                yield Finding(f"{message}, expected nothing", (ended.entry, event.entry))
            elif event.type == ENDED:
                ended = event


@rule(
    "durations-add-up",
    "The application shows, or bills, a length that the recording does not have.",
    party="server",
    source="TA",
)
def durations_add_up(index: Index) -> Iterator[Finding]:
    """A duration is the time spent recording, by the timestamps of the events.

    It may be a second shorter, as real ones are, and 0.05 s longer. Only a session that was told of
    the whole life can know.
    """
    for session, id_, events in _lives(index):
        life = _whole_life(session, events)
        duration = number(life[-1].recording.get("duration")) if life else None
        recorded = _recorded_time(life)
        if duration is None or recorded is None:
            continue
        least = max(0.0, recorded - SHORTER_THAN_CLOCK)
        most = recorded + LONGER_THAN_CLOCK
        if not least <= duration <= most:
            message = f"{id_} has a duration of {duration:g} s, but its events are in the state"
            span = (
                f"{RECORDING.initial!r} for {recorded:.3f} s: expected {least:.3f} to {most:.3f} s"
            )
            yield Finding(f"{message} {span}", tuple(event.entry for event in life))


def _whole_life(session: Session, events: Sequence[Event]) -> Sequence[Event]:
    """The events from started to ended; empty if the session cannot have seen all of them."""
    if events[0].type != STARTED:
        return ()
    for count, event in enumerate(events, 1):
        if event.type == ENDED:
            covered = session.subscriptions.covers(
                event.channel, UPDATED, events[0].entry, event.entry
            )
            return events[:count] if covered else ()
    return ()


def _recorded_time(life: Sequence[Event]) -> float | None:
    """Seconds in the running state, by the timestamps of the events; None if one has none."""
    recorded = 0.0
    for event, following in pairwise(life):
        if event.timestamp is None or following.timestamp is None:
            return None
        if event.state == RECORDING.initial:
            recorded += following.timestamp - event.timestamp
    return recorded if life else None


@rule(
    "times-in-order",
    "Dates that the application shows contradict each other, or time runs backwards.",
    party="server",
    source="TA",
)
def times_in_order(index: Index) -> Iterator[Finding]:
    """``started_at`` never changes and is not after ``ended_at``, which completed ones have.

    The timestamps of the events of one channel never decrease for a session.
    """
    for recording in index.recordings.values():
        yield from _recording_times(recording)
    for session in index.sessions.values():
        latest: dict[str, Event] = {}
        for event in session.events:
            before = latest.get(event.channel)
            if event.timestamp is None:
                continue
            if before is not None and event.timestamp < (before.timestamp or 0.0):
                message = f"{event.type} has the timestamp {event.timestamp:.4f}, but came after"
                came = f"{before.type} of {before.timestamp:.4f} on {event.channel}"
                yield Finding(f"{message} {came}", (before.entry, event.entry))
            latest[event.channel] = event


def _recording_times(recording: Recording) -> Iterator[Finding]:
    started: tuple[Entry, float] | None = None
    id_ = recording.id
    for entry, told in recording.tellings:
        started_at = number(told.get("started_at"))
        ended_at = number(told.get("ended_at"))
        completed = string(told.get("state")) == RECORDING.final
        if started_at is not None:
            if started is None:
                started = entry, started_at
            elif started_at != started[1]:
                message = f"started_at of {id_} changed from {started[1]!r} to {started_at!r}"
                yield Finding(message, (started[0], entry))
        if completed and ended_at is None:
            yield Finding(f"{id_} is completed, expected an ended_at", (entry,))
        elif not completed and ended_at is not None:
            message = f"{id_} is {told.get('state')}, but has an ended_at of {ended_at!r}"
            yield Finding(f"{message}, expected none before it is {RECORDING.final}", (entry,))
        elif ended_at is not None and started_at is not None and ended_at < started_at:
            message = f"{id_} has ended_at {ended_at!r} before its started_at {started_at!r}"
            yield Finding(message, (entry,))


@rule(
    "no-action-after-ended",
    "The client acts on a recording of which it knows that it has ended.",
    party="client",
    source="DT",
)
def no_action_after_ended(index: Index) -> Iterator[Finding]:
    """The client asks nothing of a recording whose end it has acknowledged."""
    for session in index.sessions.values():
        for call in session.calls:
            verb = _verb(call)
            id_ = string(call.params.get("recording_id"))
            if verb is None or verb == _START or id_ is None:
                continue
            for event in session.recordings.get(id_, ()):
                known = event.answer if event.type == ENDED else None
                if known is not None and known.n < call.entry.n:
                    message = f"{session} called {call.method} for {id_} after acknowledging its"
                    proof = (event.entry, known, call.entry)
                    yield Finding(f"{message} {ENDED}", proof)
                    break


def _verb(call: Call) -> str | None:
    """The verb of the recording's lifecycle that a call asks for."""
    prefix, _, verb = call.method.rpartition(".")
    return verb if f"{prefix}." == RECORDING_PREFIX and verb in _OUTCOMES else None


@rule(
    "action-takes-effect",
    "The server says that it paused, resumed or stopped, and nothing comes of it.",
    party="server",
    source="DT",
)
def action_takes_effect(index: Index) -> Iterator[Finding]:
    """Each accepted start, pause, resume and stop has an event of its own, for who subscribed it.

    Its absence is proven by the end of the recording, or by an event of the same channel that was
    made more than a second after the answer.
    """
    by_channel: dict[tuple[Session, str], list[Event]] = defaultdict(list)
    for session in index.sessions.values():
        for event in session.events:
            by_channel[session, event.channel].append(event)
    sessions = defaultdict(list)
    for session, channel in by_channel:
        sessions[channel].append(session)
    for (space, id_), recording in index.recordings.items():
        actions = _accepted(recording)
        if not actions or recording.channel is None:
            continue
        for session in sessions[recording.channel]:
            heard = by_channel[session, recording.channel]
            if index.space_of(session, heard[0].entry) == space:
                yield from _without_effect(session, id_, actions, heard)


def _accepted(recording: Recording) -> list[tuple[Call, str]]:
    """The calls about a recording that were answered with success, in order, with their verbs."""
    started = [] if recording.started_by is None else [recording.started_by]
    calls = [call for call in (*started, *recording.actions) if call.succeeded]
    return [(call, verb) for call in calls if (verb := _verb(call)) is not None]


def _without_effect(
    session: Session, id_: str, actions: Sequence[tuple[Call, str]], heard: Sequence[Event]
) -> Iterator[Finding]:
    """Accepted actions for which a session was sent no event of their own."""
    events = session.recordings.get(id_, [])
    effects: dict[tuple[str | None, str], deque[Event]] = defaultdict(deque)
    for event in events:
        effects[event.state, event.suffix].append(event)
    for call, verb in actions:
        state, suffix = _OUTCOMES[verb]
        candidates = effects[state, suffix]
        while candidates and candidates[0].entry.n < call.entry.n:
            candidates.popleft()
        if candidates:
            candidates.popleft()
            continue
        proof = _too_late(call, events, heard)
        type_ = RECORDING_PREFIX + suffix
        if proof is None or not session.subscriptions.covers(
            proof.channel, type_, call.entry, proof.entry
        ):
            continue
        message = f"{call.method} of {id_} was accepted, expected {type_} with {state!r}"
        entries = [call.entry, proof.entry]
        if call.answer is not None:
            entries.append(call.answer)
        yield Finding(f"{message} to {session} before {proof.type}", tuple(entries))


def _too_late(call: Call, events: Sequence[Event], heard: Sequence[Event]) -> Event | None:
    """An event before which the effect of an accepted call should have come.

    That is the recording's end, or any later one on the same channel, which keeps its order,
    if it was made so long after the answer that clocks cannot explain it.
    """
    for event in events:
        if event.type == ENDED:
            return event
    if call.answer is None:
        return None
    answered = call.answer
    after = bisect_right(heard, answered.n, key=lambda event: event.entry.n)
    for event in heard[after:]:
        if event.timestamp is not None and event.timestamp > answered.time + CLOCK_SLACK:
            return event
    return None
