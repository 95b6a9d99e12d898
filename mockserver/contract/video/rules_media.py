"""Rules about what lives in a room by a table, whichever: its order, its states, its times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mockserver.contract.index import Answer, Event, Index, Session
from mockserver.contract.memory import Recent
from mockserver.contract.rule import Evidence, Found, rule
from mockserver.contract.trace import Entry
from mockserver.contract.values import mapping, number, string
from mockserver.protocol.lifecycles import LIFECYCLES, Lifecycle

from .checker import CLOCK_SLACK, VideoChecker
from .index import (
    ENDED,
    START,
    STARTED,
    Media,
    SeenMedia,
    Told,
    VideoEvent,
    event_type,
    verb_of,
)

LONGER_THAN_CLOCK = 0.05
"""Seconds by which a duration may exceed the time between the events that bound it. [A]"""

SHORTER_THAN_CLOCK = 1.0
"""Seconds of it that may be missing: the published sample lasts 6.04 s within 6.496 s. [T]"""

_SEEK = "seek"
"""How the verbs begin that move a position."""

_SET_VOLUME = "set_volume"

_UPDATES = {
    kind: tuple(
        event_type(table, suffix)
        for suffix in {transition.event for transition in table.rows.values()} - {ENDED}
    )
    for kind, table in LIFECYCLES.items()
}
"""Kind -> the event types that report all that happens between the start and the end."""


class MediaChecker(VideoChecker):
    """A rule about events that report a recording, playback or stream."""

    def on_video_event(self, event: VideoEvent) -> Found:
        """An event of video; those about media are handed on."""
        seen = self.video.seen_media(event)
        return () if seen is None else self.on_media(event, seen)

    def on_media(self, event: VideoEvent, seen: SeenMedia) -> Iterator[Evidence]:
        """An event about something, and what the session knew of that before."""
        raise NotImplementedError

    def media(self, event: VideoEvent, seen: SeenMedia) -> Media:
        """What any session was sent about it."""
        return self.video.media_of(event.session, event.entry, seen.lifecycle, seen.id)

    def sees_updates(self, event: VideoEvent, seen: SeenMedia, since: VideoEvent) -> bool:
        """Whether the session was surely sent all that happened since an earlier event."""
        return self.surely_told(event, _UPDATES[seen.lifecycle.kind], since)


@rule(
    "started-once",
    "The application handles one recording, playback or stream as two.",
    party="server",
    source="T",
)
class StartedOnce(MediaChecker):
    """The start of a recording, playback or stream comes at most once to a session."""

    def on_media(self, event: VideoEvent, seen: SeenMedia) -> Iterator[Evidence]:
        if event.suffix == STARTED and seen.started is not None:
            message = f"{event.type} of {seen.id} came to {{session}} again, expected it once"
            yield Evidence(message, (seen.started.entry, event.entry), event.session)


@dataclass(frozen=True, slots=True)
class _Unstarted:
    """Something of which a session did not get the start first.

    Attributes:
        first: the event that it got first.
        asked: what had subscribed it to starts by then.
    """

    seen: SeenMedia
    first: VideoEvent
    asked: Entry


@rule(
    "started-first",
    "The vendor's client meets a recording that it does not know, and startRecording() hangs.",
    party="server",
    source="WT",
)
class StartedFirst(MediaChecker):
    """The start of a recording, playback or stream comes before its updates and its end.

    It may be missing for a session that subscribed while that was already there: only when the
    start surely came after the subscription, something else must not be the first.
    """

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._unstarted: Recent[Media, list[_Unstarted]] = Recent()

    def on_media(self, event: VideoEvent, seen: SeenMedia) -> Iterator[Evidence]:
        first = seen.first
        if first is None:
            if event.suffix != STARTED:
                self._note(event, seen)
        elif event.suffix == STARTED and seen.started is None:
            self.suspect(seen)
            message = f"{event.type} of {seen.id} came to {{session}} after {first.type}"
            proof = (first.entry, event.entry)
            yield Evidence(f"{message}, expected it before", proof, event.session)
        elif event.suffix == ENDED:
            yield from self.settle(seen)

    def _note(self, event: VideoEvent, seen: SeenMedia) -> None:
        type_ = event_type(seen.lifecycle, STARTED)
        asked = event.session.subscriptions.since(event.channel, type_)
        if asked is None or self.video.forgot_media:
            return
        media = self.media(event, seen)
        unstarted = _Unstarted(seen, event, asked)
        started_at = number(event.media.get("started_at"))
        if started_at is not None and started_at > asked.time + CLOCK_SLACK:
            self._suspect(unstarted)
        elif media.started_by is None:
            if media not in self._unstarted:
                self._unstarted[media] = []
            self._unstarted[media].append(unstarted)
        elif media.started_by.entry.n > asked.n:
            self._suspect(unstarted)

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        for media, call in self.video.started:
            for unstarted in self._unstarted.pop(media, ()):
                if call.entry.n > unstarted.asked.n and unstarted.seen.started is None:
                    self._suspect(unstarted)
        return iter(())

    def _suspect(self, unstarted: _Unstarted) -> None:
        """Its start may still come, too late."""
        seen, first = unstarted.seen, unstarted.first
        message = f"{{session}} had subscribed {event_type(seen.lifecycle, STARTED)} when {seen.id}"
        proof = (unstarted.asked, first.entry)
        evidence = Evidence(f"{message} started, but got {first.type} first", proof, first.session)
        self.suspect(seen, [evidence])


@rule(
    "legal-transitions",
    "A recording is in a state that it cannot have come to, or an event reports another state.",
    party="server",
    source="DT",
)
class LegalTransitions(MediaChecker):
    """Each event reports a state that its type and the table allow after the state before.

    Where the session was not subscribed to updates in between, all that the table can reach is
    legal. The answer to a start reports the first state of the table, unless events came before it.
    """

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        for media, call in self.video.started:
            if media.told or verb_of(media.lifecycle, call) != START:
                continue
            initial = media.lifecycle.initial
            state = string(mapping(answer.result.get(media.lifecycle.kind)).get("state"))
            if state not in (None, initial):
                message = f"{call.method} was answered with {media.id} in the state {state!r}"
                yield Evidence(f"{message}, expected {initial!r}", (call.entry, answer.entry))

    def on_media(self, event: VideoEvent, seen: SeenMedia) -> Iterator[Evidence]:
        if seen.ended is not None:
            return
        before = seen.last
        expected = self._legal_states(event, seen, before)
        if event.state not in expected:
            came = f" after {before.state!r}" if before is not None else ""
            legal = " or ".join(map(repr, sorted(expected))) or "no such event"
            message = f"{event.type} of {seen.id} says {event.state!r}{came}, expected {legal}"
            yield Evidence(message, (*_entries(before), event.entry))

    def _legal_states(
        self, event: VideoEvent, seen: SeenMedia, before: VideoEvent | None
    ) -> set[str]:
        """The states that an event may report, after what the session was sent before."""
        lifecycle = seen.lifecycle
        if event.suffix == STARTED:
            # Whether it may come now is the business of started-once and started-first.
            return {lifecycle.initial}
        if before is None or before.state not in lifecycle.states:
            states = set(lifecycle.states)
        elif self.sees_updates(event, seen, before):
            states = {before.state}
        else:
            states = _reachable(lifecycle, before.state)
        return {
            transition.state
            for (state, _), transition in lifecycle.rows.items()
            if state in states and transition.event == event.suffix
        }


def _entries(event: Event | None) -> tuple[Entry, ...]:
    return () if event is None else (event.entry,)


def _reachable(lifecycle: Lifecycle, state: str) -> set[str]:
    """A state and all that can follow it, for when updates in between were not subscribed."""
    states = {state}
    rows = lifecycle.rows.items()
    while (
        more := {transition.state for (before, _), transition in rows if before in states} - states
    ):
        states |= more
    return states


@rule(
    "nothing-after-ended",
    "A recording, playback or stream that the application has put away comes back.",
    party="server",
    source="D",
)
class NothingAfterEnded(MediaChecker):
    """No event about a recording, playback or stream comes to a session after its end."""

    def on_media(self, event: VideoEvent, seen: SeenMedia) -> Iterator[Evidence]:
        if seen.ended is not None:
            message = f"{event.type} of {seen.id} came to {{session}} after its {seen.ended.type}"
            proof = (seen.ended.entry, event.entry)
            yield Evidence(f"{message}, expected nothing", proof, event.session)


@rule(
    "durations-add-up",
    "The application shows, or bills, a length that the recording or stream does not have.",
    party="server",
    source="DTA",
)
class DurationsAddUp(MediaChecker):
    """A duration is the time spent running, by the timestamps of the events.

    That is from start to end, less what was paused. It may be a second shorter, as real ones are,
    and 0.05 s longer. Only a session that was sent all of its events can know.
    """

    def on_media(self, event: VideoEvent, seen: SeenMedia) -> Iterator[Evidence]:
        first = seen.first
        if event.suffix != ENDED or seen.ended is not None or first is None:
            return
        if first.suffix != STARTED or not self.sees_updates(event, seen, first):
            return
        duration, spent = number(event.media.get("duration")), seen.running_until(event)
        if duration is None or spent is None:
            return
        least = max(0.0, spent - SHORTER_THAN_CLOCK)
        most = spent + LONGER_THAN_CLOCK
        if not least <= duration <= most:
            message = f"{seen.id} has a duration of {duration:g} s, but its events are in the state"
            span = f"{seen.lifecycle.initial!r} for {spent:.3f} s"
            expected = f"expected {least:.3f} to {most:.3f} s"
            yield Evidence(f"{message} {span}: {expected}", (*seen.life, event.entry))


@rule(
    "position-follows-clock",
    "The progress bar of a playback jumps, or stands before its beginning.",
    party="server",
    source="DTA",
)
class PositionFollowsClock(MediaChecker):
    """A position moves on by the clock, and otherwise only by a seek.

    It is never negative. From one event to the next it does not fall, and grows by no more than the
    time between their timestamps, or not at all while paused, each within 0.05 s: what plays may
    stall. Judged is only what surely was no seek: what changed the state or the volume, which no
    seek does, and all that happens to what is not seekable.
    """

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        return _before_beginning(answer.entry, self.video.told)

    def on_video_event(self, event: VideoEvent) -> Iterator[Evidence]:
        yield from _before_beginning(event.entry, event.told)
        yield from super().on_video_event(event)

    def on_media(self, event: VideoEvent, seen: SeenMedia) -> Iterator[Evidence]:
        before = seen.last
        if before is None or seen.ended is not None:
            return
        grown = _growth(before, event)
        if grown is None or not self._surely_no_seek(event, seen, before):
            return
        moved, elapsed = grown
        most = elapsed if before.state == seen.lifecycle.initial else 0.0
        if not -LONGER_THAN_CLOCK <= moved <= most + LONGER_THAN_CLOCK:
            message = f"{seen.id}, {before.state}, moved by {moved * 1000:g} ms to its {event.type}"
            expected = f"expected at most {most * 1000:.0f} ms, and none backwards"
            yield Evidence(f"{message}, {expected}", (before.entry, event.entry))

    def _surely_no_seek(self, event: VideoEvent, seen: SeenMedia, before: VideoEvent) -> bool:
        """Whether the position was not set between two events, nor by the second one."""
        if not self.sees_updates(event, seen, before):
            return False
        if before.media.get("seekable") is False and event.media.get("seekable") is False:
            return True
        volumes = number(before.media.get("volume")), number(event.media.get("volume"))
        if None not in volumes and volumes[0] != volumes[1]:
            return True
        return not any(
            verb.startswith(_SEEK)
            and state == before.state
            and transition == (event.state, event.suffix)
            for (state, verb), transition in seen.lifecycle.rows.items()
        )


def _before_beginning(entry: Entry, told: Told) -> Iterator[Evidence]:
    for _, media in told.media:
        id_, position = string(media.get("id")), number(media.get("position"))
        if id_ is not None and position is not None and position < 0:
            message = f"{id_} is at {position:g} ms, expected a position of 0 ms or more"
            yield Evidence(message, (entry,))


def _growth(before: VideoEvent, event: VideoEvent) -> tuple[float, float] | None:
    """Seconds by which the position and the clock moved on; None when either is not told."""
    start, end = number(before.media.get("position")), number(event.media.get("position"))
    if start is None or end is None or before.timestamp is None or event.timestamp is None:
        return None
    return (end - start) / 1000, event.timestamp - before.timestamp


@rule(
    "volume-stays",
    "The volume that the application shows jumps, though nobody turned anything up or down.",
    party="server",
    source="TEA",
)
class VolumeStays(MediaChecker):
    """The volume of a playback changes by ``set_volume`` alone, which has an event of its own.

    So what pauses, resumes or ends it shows the volume of the event before.
    """

    def on_media(self, event: VideoEvent, seen: SeenMedia) -> Iterator[Evidence]:
        before = seen.last
        if before is None or seen.ended is not None or not self.sees_updates(event, seen, before):
            return
        was, now = number(before.media.get("volume")), number(event.media.get("volume"))
        if None in (was, now) or was == now:
            return
        changed = seen.lifecycle.transition(before.state or "", _SET_VOLUME)
        if changed != (event.state, event.suffix):
            message = f"{event.type} of {seen.id} says volume {now:g} and {event.state!r}"
            after = f"after volume {was:g} and {before.state!r}"
            expected = "expected one change in one event"
            yield Evidence(f"{message} {after}, {expected}", (before.entry, event.entry))


@rule(
    "times-in-order",
    "Dates that the application shows contradict each other, or time runs backwards.",
    party="server",
    source="TA",
)
class TimesInOrder(VideoChecker):
    """``started_at`` never changes and is not after ``ended_at``, which completed ones have.

    The timestamps of the events of one channel never decrease for a session.
    """

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._latest: Recent[tuple[Session, str], Event] = Recent()

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        return self._times(answer.session, answer.entry, self.video.told)

    def on_event(self, event: Event) -> Iterator[Evidence]:
        if isinstance(event, VideoEvent):
            yield from self._times(event.session, event.entry, event.told)
        if event.timestamp is None:
            return
        key = (event.session, event.channel)
        before = self._latest.get(key)
        if before is not None and event.timestamp < (before.timestamp or 0.0):
            message = f"{event.type} has the timestamp {event.timestamp:.4f}, but came after"
            came = f"{before.type} of {before.timestamp:.4f} on {event.channel}"
            yield Evidence(f"{message} {came}", (before.entry, event.entry))
        self._latest[key] = event

    def _times(self, session: Session, entry: Entry, told: Told) -> Iterator[Evidence]:
        for lifecycle, media in told.media:
            id_ = string(media.get("id"))
            if id_ is not None:
                known = self.video.media_of(session, entry, lifecycle, id_)
                yield from _told_times(known, entry, media)


def _told_times(media: Media, entry: Entry, told: Mapping[str, Any]) -> Iterator[Evidence]:
    id_, final = media.id, media.lifecycle.final
    started_at = number(told.get("started_at"))
    ended_at = number(told.get("ended_at"))
    completed = string(told.get("state")) == final
    if started_at is not None:
        if media.started_at is None:
            media.started_at = entry, started_at
        elif started_at != media.started_at[1]:
            first, before = media.started_at
            message = f"started_at of {id_} changed from {before!r} to {started_at!r}"
            yield Evidence(message, (first, entry))
    if completed and ended_at is None:
        yield Evidence(f"{id_} is {final}, expected an ended_at", (entry,))
    elif not completed and ended_at is not None:
        message = f"{id_} is {told.get('state')}, but has an ended_at of {ended_at!r}"
        yield Evidence(f"{message}, expected none before it is {final}", (entry,))
    elif ended_at is not None and started_at is not None and ended_at < started_at:
        message = f"{id_} has ended_at {ended_at!r} before its started_at {started_at!r}"
        yield Evidence(message, (entry,))
