"""Rules about what lives in a room by a table, whichever: its order, its states, its times."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from mockserver.contract.index import Call, Event, Index, Session
from mockserver.contract.rule import Finding, rule
from mockserver.contract.trace import Entry
from mockserver.contract.values import number, string
from mockserver.protocol.lifecycles import Lifecycle

from .index import Media, VideoEvent, VideoIndex, lifecycle_of

CLOCK_SLACK = 1.0
"""Seconds by which a trace's clock may differ from the server's, where both are compared. [A]"""

LONGER_THAN_CLOCK = 0.05
"""Seconds by which a duration may exceed the time between the events that bound it. [A]"""

SHORTER_THAN_CLOCK = 1.0
"""Seconds of it that may be missing: the published sample lasts 6.04 s within 6.496 s. [T]"""

START = "start"
STARTED = "started"
UPDATED = "updated"
ENDED = "ended"

_SEEK = "seek"
"""How the verbs begin that move a position."""

Outcome = tuple[str | None, str]
"""What an event tells: the state, and the suffix of the event's type."""


def event_type(lifecycle: Lifecycle, suffix: str) -> str:
    """The type of an event: ``video.recording.started``."""
    return f"video.{lifecycle.kind}.{suffix}"


def _lives(index: Index) -> Iterator[tuple[Session, Lifecycle, str, list[VideoEvent]]]:
    """Everything that lives, as one session saw it."""
    for session, seen in VideoIndex.of(index).seen.items():
        for (_, id_), events in seen.media.items():
            lifecycle = events[0].lifecycle
            if lifecycle is not None:
                yield session, lifecycle, id_, events


def _outcomes(lifecycle: Lifecycle, verb: str) -> frozenset[Outcome]:
    """What the event tells that comes of a verb; empty for what is no verb of this table."""
    if verb == START:
        return frozenset({(lifecycle.initial, STARTED)})
    return frozenset(move for (_, known), move in lifecycle.rows.items() if known == verb)


def _sees_updates(
    session: Session, lifecycle: Lifecycle, before: VideoEvent, event: VideoEvent
) -> bool:
    """Whether the session was surely told of all that happened between two events."""
    told = {move.event for move in lifecycle.rows.values()} - {ENDED}
    return all(
        session.sure.covers(event.channel, event_type(lifecycle, suffix), before.entry, event.entry)
        for suffix in told
    )


@rule(
    "started-once",
    "The application handles one recording, playback or stream as two.",
    party="server",
    source="T",
)
def started_once(index: Index) -> Iterator[Finding]:
    """The start of a recording, playback or stream comes at most once to a session."""
    for session, _, id_, events in _lives(index):
        started = [event for event in events if event.suffix == STARTED]
        for again in started[1:]:
            message = f"{again.type} of {id_} came to {session} again, expected it once"
            yield Finding(message, (started[0].entry, again.entry))


@rule(
    "started-first",
    "The vendor's client meets a recording that it does not know, and startRecording() hangs.",
    party="server",
    source="WT",
)
def started_first(index: Index) -> Iterator[Finding]:
    """The start of a recording, playback or stream comes before its updates and its end.

    It may be missing for a session that subscribed while that was already there: only when the
    start surely came after the subscription, something else must not be the first.
    """
    for session, lifecycle, id_, events in _lives(index):
        first = events[0]
        if first.suffix == STARTED:
            continue
        late = next((event for event in events if event.suffix == STARTED), None)
        if late is not None:
            message = f"{late.type} of {id_} came to {session} after {first.type}"
            yield Finding(f"{message}, expected it before", (first.entry, late.entry))
            continue
        media = VideoIndex.of(index).media[
            index.space_of(session, first.entry), lifecycle.kind, id_
        ]
        asked = _subscribed_before_start(session, first, media)
        if asked is not None:
            started = event_type(lifecycle, STARTED)
            message = f"{session} had subscribed {started} when {id_} started, but got"
            yield Finding(f"{message} {first.type} first", (asked, first.entry))


def _subscribed_before_start(session: Session, first: VideoEvent, media: Media) -> Entry | None:
    """The subscription to ``started`` that was surely in force when something started."""
    type_ = event_type(media.lifecycle, STARTED)
    asked = session.sure.since(first.channel, type_, first.entry)
    if asked is None:
        return None
    start = media.started_by
    if start is not None and start.entry.n > asked.n:
        return asked
    started_at = number(first.media.get("started_at"))
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
    for session, lifecycle, id_, events in _lives(index):
        before: VideoEvent | None = None
        for event in events:
            expected = _legal_states(session, lifecycle, before, event)
            if event.state not in expected:
                came = f" after {before.state!r}" if before is not None else ""
                legal = " or ".join(map(repr, sorted(expected))) or "no such event"
                message = f"{event.type} of {id_} says {event.state!r}{came}, expected {legal}"
                proof = (event.entry,) if before is None else (before.entry, event.entry)
                yield Finding(message, proof)
            if event.suffix == ENDED:
                break
            before = event


def _legal_states(
    session: Session, lifecycle: Lifecycle, before: VideoEvent | None, event: VideoEvent
) -> set[str]:
    """The states that an event may tell, after what the session was told before."""
    if event.suffix == STARTED:
        # Whether it may come now is the business of started-once and started-first.
        return {lifecycle.initial}
    if before is None or before.state not in lifecycle.states:
        states = set(lifecycle.states)
    elif _sees_updates(session, lifecycle, before, event):
        states = {before.state}
    else:
        states = _reachable(lifecycle, before.state)
    return {
        move.state
        for (state, _), move in lifecycle.rows.items()
        if state in states and move.event == event.suffix
    }


def _reachable(lifecycle: Lifecycle, state: str) -> set[str]:
    """A state and all that can follow it, for when updates in between were not subscribed."""
    states = {state}
    rows = lifecycle.rows.items()
    while more := {move.state for (before, _), move in rows if before in states} - states:
        states |= more
    return states


@rule(
    "nothing-after-ended",
    "A recording, playback or stream that the application has put away comes back.",
    party="server",
    source="D",
)
def nothing_after_ended(index: Index) -> Iterator[Finding]:
    """No event about a recording, playback or stream comes to a session after its end."""
    for session, _, id_, events in _lives(index):
        ended: VideoEvent | None = None
        for event in events:
            if ended is not None:
                message = f"{event.type} of {id_} came to {session} after its {ended.type}"
                yield Finding(f"{message}, expected nothing", (ended.entry, event.entry))
            elif event.suffix == ENDED:
                ended = event


@rule(
    "durations-add-up",
    "The application shows, or bills, a length that the recording or stream does not have.",
    party="server",
    source="DTA",
)
def durations_add_up(index: Index) -> Iterator[Finding]:
    """A duration is the time spent running, by the timestamps of the events.

    That is from start to end, less what was paused. It may be a second shorter, as real ones are,
    and 0.05 s longer. Only a session that was told of the whole life can know.
    """
    for session, lifecycle, id_, events in _lives(index):
        life = _whole_life(session, lifecycle, events)
        duration = number(life[-1].media.get("duration")) if life else None
        spent = _time_running(lifecycle, life)
        if duration is None or spent is None:
            continue
        least = max(0.0, spent - SHORTER_THAN_CLOCK)
        most = spent + LONGER_THAN_CLOCK
        if not least <= duration <= most:
            message = f"{id_} has a duration of {duration:g} s, but its events are in the state"
            span = f"{lifecycle.initial!r} for {spent:.3f} s: expected {least:.3f} to {most:.3f} s"
            yield Finding(f"{message} {span}", tuple(event.entry for event in life))


def _whole_life(
    session: Session, lifecycle: Lifecycle, events: Sequence[VideoEvent]
) -> Sequence[VideoEvent]:
    """The events from started to ended; empty if the session cannot have seen all of them."""
    if events[0].suffix != STARTED:
        return ()
    for count, event in enumerate(events, 1):
        if event.suffix == ENDED:
            return events[:count] if _sees_updates(session, lifecycle, events[0], event) else ()
    return ()


def _time_running(lifecycle: Lifecycle, life: Sequence[VideoEvent]) -> float | None:
    """Seconds in the running state, by the timestamps of the events; None if one has none."""
    spent = 0.0
    for event, following in pairwise(life):
        if event.timestamp is None or following.timestamp is None:
            return None
        if event.state == lifecycle.initial:
            spent += following.timestamp - event.timestamp
    return spent if life else None


@rule(
    "position-follows-clock",
    "The progress bar of a playback jumps, or stands before its beginning.",
    party="server",
    source="DTA",
)
def position_follows_clock(index: Index) -> Iterator[Finding]:
    """A position moves on by the clock, and otherwise only by a seek.

    It is never negative. From one event to the next it does not fall, and grows by no more than the
    time between their timestamps, or not at all while paused, each within 0.05 s: what plays may
    stall. Judged is only what surely was no seek: what changed the state or the volume, which no
    seek does, and all that happens to what is not seekable.
    """
    for media in VideoIndex.of(index).media.values():
        for entry, told in media.tellings:
            position = number(told.get("position"))
            if position is not None and position < 0:
                message = f"{media.id} is at {position:g} ms, expected a position of 0 ms or more"
                yield Finding(message, (entry,))
    for session, lifecycle, id_, events in _lives(index):
        for before, event in pairwise(events):
            if before.suffix == ENDED:
                break
            grown = _growth(before, event)
            if grown is None or not _surely_no_seek(session, lifecycle, before, event):
                continue
            moved, elapsed = grown
            most = elapsed if before.state == lifecycle.initial else 0.0
            if not -LONGER_THAN_CLOCK <= moved <= most + LONGER_THAN_CLOCK:
                message = f"{id_}, {before.state}, moved by {moved * 1000:g} ms to its {event.type}"
                expected = f"expected at most {most * 1000:.0f} ms, and none backwards"
                yield Finding(f"{message}, {expected}", (before.entry, event.entry))


def _growth(before: VideoEvent, event: VideoEvent) -> tuple[float, float] | None:
    """Seconds by which the position and the clock moved on; None when either is not told."""
    start, end = number(before.media.get("position")), number(event.media.get("position"))
    if None in (start, end, before.timestamp, event.timestamp):
        return None
    return ((end or 0.0) - (start or 0.0)) / 1000, (event.timestamp or 0.0) - (
        before.timestamp or 0.0
    )


def _surely_no_seek(
    session: Session, lifecycle: Lifecycle, before: VideoEvent, event: VideoEvent
) -> bool:
    """Whether the position was not set between two events, nor by what the second one tells."""
    if not _sees_updates(session, lifecycle, before, event):
        return False
    if before.media.get("seekable") is False and event.media.get("seekable") is False:
        return True
    volumes = number(before.media.get("volume")), number(event.media.get("volume"))
    if None not in volumes and volumes[0] != volumes[1]:
        return True
    return not any(
        verb.startswith(_SEEK) and state == before.state and move == (event.state, event.suffix)
        for (state, verb), move in lifecycle.rows.items()
    )


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
    for media in VideoIndex.of(index).media.values():
        yield from _times(media)
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


def _times(media: Media) -> Iterator[Finding]:
    started: tuple[Entry, float] | None = None
    id_, final = media.id, media.lifecycle.final
    for entry, told in media.tellings:
        started_at = number(told.get("started_at"))
        ended_at = number(told.get("ended_at"))
        completed = string(told.get("state")) == final
        if started_at is not None:
            if started is None:
                started = entry, started_at
            elif started_at != started[1]:
                message = f"started_at of {id_} changed from {started[1]!r} to {started_at!r}"
                yield Finding(message, (started[0], entry))
        if completed and ended_at is None:
            yield Finding(f"{id_} is {final}, expected an ended_at", (entry,))
        elif not completed and ended_at is not None:
            message = f"{id_} is {told.get('state')}, but has an ended_at of {ended_at!r}"
            yield Finding(f"{message}, expected none before it is {final}", (entry,))
        elif ended_at is not None and started_at is not None and ended_at < started_at:
            message = f"{id_} has ended_at {ended_at!r} before its started_at {started_at!r}"
            yield Finding(message, (entry,))


@rule(
    "no-action-after-ended",
    "The client acts on a recording, playback or stream of which it knows that it has ended.",
    party="client",
    source="DT",
)
def no_action_after_ended(index: Index) -> Iterator[Finding]:
    """The client asks nothing of a recording, playback or stream whose end it has acknowledged."""
    for session in index.sessions.values():
        known: dict[tuple[str, str], VideoEvent] = {}
        for (kind, id_), events in VideoIndex.of(index).seen[session].media.items():
            acknowledged = (each for each in events if each.suffix == ENDED and each.answer)
            ended = next(acknowledged, None)
            if ended is not None:
                known[kind, id_] = ended
        for call in session.calls:
            lifecycle = lifecycle_of(call.method)
            if lifecycle is None or _verb(lifecycle, call) in (None, START):
                continue
            id_or_none = string(call.params.get(f"{lifecycle.kind}_id"))
            ended = known.get((lifecycle.kind, id_or_none or ""))
            if ended is None or ended.answer is None or ended.answer.n > call.entry.n:
                continue
            message = f"{session} called {call.method} for {id_or_none} after acknowledging its"
            proof = (ended.entry, ended.answer, call.entry)
            yield Finding(f"{message} {ended.type}", proof)


def _verb(lifecycle: Lifecycle, call: Call) -> str | None:
    """The verb of a lifecycle that a call asks for."""
    prefix, _, verb = call.method.rpartition(".")
    return verb if prefix == f"video.{lifecycle.kind}" and _outcomes(lifecycle, verb) else None


@rule(
    "action-takes-effect",
    "The server says that it paused, resumed or stopped, and nothing comes of it.",
    party="server",
    source="DT",
)
def action_takes_effect(index: Index) -> Iterator[Finding]:
    """Each accepted start, pause, stop, … has an event of its own, for who subscribed it.

    Its absence is proven by the end of what it acts on, or by an event of the same channel that was
    made more than a second after the answer.
    """
    video = VideoIndex.of(index)
    heard: dict[str, dict[Session, _Heard]] = defaultdict(dict)
    for session in index.sessions.values():
        for event in session.events:
            heard[event.channel].setdefault(session, _Heard([], [])).add(event)
    for (space, _, _), media in video.media.items():
        actions = _accepted(media)
        if not actions or media.channel is None:
            continue
        for session, of_channel in heard[media.channel].items():
            if index.space_of(session, of_channel.events[0].entry) == space:
                events = video.seen[session].media.get((media.lifecycle.kind, media.id), [])
                yield from _without_effect(session, media, events, actions, of_channel)


class _Heard(NamedTuple):
    """The events that a session got on one channel, and the latest timestamp up to each."""

    events: list[Event]
    latest: list[float]

    def add(self, event: Event) -> None:
        before = self.latest[-1] if self.latest else float("-inf")
        self.events.append(event)
        self.latest.append(max(before, event.timestamp or before))

    def too_late_for(self, answer: Entry) -> Event | None:
        """An event that should have come after all that the answered call did.

        Channels keep their order, and this was made so long after the answer that clocks cannot
        explain it.
        """
        place = max(
            bisect_right(self.events, answer.n, key=lambda event: event.entry.n),
            bisect_right(self.latest, answer.time + CLOCK_SLACK),
        )
        return self.events[place] if place < len(self.events) else None


def _accepted(media: Media) -> list[tuple[Call, frozenset[Outcome]]]:
    """The calls about something that were answered with success, and what may come of each.

    First those of which only one thing can come, so that others take what is left; else in order.
    """
    started = [] if media.started_by is None else [media.started_by]
    calls = [call for call in (*started, *media.actions) if call.succeeded]
    verbs = [(call, _verb(media.lifecycle, call)) for call in calls]
    accepted = [
        (call, _outcomes(media.lifecycle, verb)) for call, verb in verbs if verb is not None
    ]
    return sorted(accepted, key=lambda action: len(action[1]))


def _without_effect(
    session: Session,
    media: Media,
    events: Sequence[VideoEvent],
    actions: Sequence[tuple[Call, frozenset[Outcome]]],
    heard: _Heard,
) -> Iterator[Finding]:
    """Accepted actions for which a session was sent no event of their own."""
    effects: dict[frozenset[Outcome], deque[VideoEvent]] = {}
    taken: set[VideoEvent] = set()
    ended = next((event for event in events if event.suffix == ENDED), None)
    for call, outcomes in actions:
        proof: Event | None = ended
        if proof is None and call.answer is not None:
            proof = heard.too_late_for(call.answer)
        type_ = event_type(media.lifecycle, next(iter(outcomes))[1])
        # What need not have come, or not yet, must not take the event of what must.
        if proof is None or not session.sure.covers(proof.channel, type_, call.entry, proof.entry):
            continue
        candidates = effects.get(outcomes)
        if candidates is None:
            fitting = (event for event in events if (event.state, event.suffix) in outcomes)
            candidates = effects[outcomes] = deque(fitting)
        while candidates and (candidates[0].entry.n < call.entry.n or candidates[0] in taken):
            candidates.popleft()
        if candidates:
            taken.add(candidates.popleft())
            continue
        states = " or ".join(sorted(repr(state) for state, _ in outcomes))
        message = f"{call.method} of {media.id} was accepted, expected {type_} with {states}"
        entries = [call.entry, proof.entry]
        if call.answer is not None:
            entries.append(call.answer)
        yield Finding(f"{message} to {session} before {proof.type}", tuple(entries))
