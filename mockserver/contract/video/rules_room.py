"""Rules about rooms: the flags of what runs in them, the end."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, groupby
from operator import attrgetter

from mockserver.contract.index import Index, Session
from mockserver.contract.rule import Finding, rule
from mockserver.contract.values import mapping, string
from mockserver.protocol.lifecycles import LIFECYCLES, Lifecycle

from .index import ROOM_ENDED, VideoEvent, VideoIndex, room_channel, room_id, told_media, told_rooms
from .rules_media import CLOCK_SLACK, ENDED, STARTED, event_type


@rule(
    "room-ended-last",
    "A room that is gone goes on, or a recording never ends because its room did.",
    party="server",
    source="A",
)
def room_ended_last(index: Index) -> Iterator[Finding]:
    """Nothing about a room session follows its end, and by then all that ran in it has ended."""
    for session, room, events in VideoIndex.of(index).rooms():
        ended: VideoEvent | None = None
        running: dict[tuple[str, str], VideoEvent] = {}
        for event in events:
            if ended is not None:
                message = f"{event.type} of room session {room} came to {session} after its"
                yield Finding(f"{message} {ROOM_ENDED}", (ended.entry, event.entry))
            elif event.type == ROOM_ENDED:
                ended = event
                for (_, id_), last in running.items():
                    if _would_hear_the_end(session, last, event):
                        message = f"{ROOM_ENDED} came to {session} while {id_} was {last.state},"
                        yield Finding(
                            f"{message} expected its end first", (last.entry, event.entry)
                        )
            elif event.lifecycle is not None and event.media_id is not None:
                key = event.lifecycle.kind, event.media_id
                if event.state is not None and event.state != event.lifecycle.final:
                    running[key] = event
                else:
                    running.pop(key, None)


def _would_hear_the_end(session: Session, last: VideoEvent, until: VideoEvent) -> bool:
    if last.lifecycle is None:
        return False
    type_ = event_type(last.lifecycle, ENDED)
    return session.sure.covers(last.channel, type_, last.entry, until.entry)


@rule(
    "running-flag",
    "The application's red light is on while nothing records, or off while something does.",
    party="server",
    source="TA",
)
def running_flag(index: Index) -> Iterator[Finding]:
    """A room session's flag is true exactly while one of what it stands for has not ended.

    That is ``recording`` for recordings and ``streaming`` for streams. Events are compared by
    timestamp, in any order within one. An answer is compared with all that was true within a second
    of its call and itself, and only when later events prove that nothing was still on its way.
    """
    timelines: dict[tuple[Session, str], list[_Timeline]] = defaultdict(list)
    flagged = [(table, table.flag) for table in LIFECYCLES.values() if table.flag is not None]
    for session, room, events in VideoIndex.of(index).rooms():
        for lifecycle, flag_name in flagged:
            timeline = _Timeline(session, lifecycle, flag_name)
            timelines[session, room].append(timeline)
            yield from timeline.follow(room, events)
    for session in index.sessions.values():
        for answer in session.answers:
            call = answer.call
            if call is None or answer.earlier is not None or answer.entry.frame is None:
                continue
            for told in told_rooms(mapping(answer.entry.frame.get("result"))):
                room_or_none = room_id(told)
                for known in timelines.get((session, room_or_none or ""), ()):
                    flag = told.get(known.flag)
                    if not isinstance(flag, bool):
                        continue
                    proof = known.against(
                        flag, call.entry.time - CLOCK_SLACK, answer.entry.time + CLOCK_SLACK
                    )
                    if proof is not None:
                        said = f"{call.method} says {known.flag}: {_json(flag)} of {room_or_none}"
                        expected = f"to {session}, expected {_json(not flag)}"
                        entries = (proof.entry, call.entry, answer.entry)
                        yield Finding(f"{said} {expected}", entries)


def _json(flag: bool) -> str:
    return "true" if flag else "false"


@dataclass(slots=True)
class _Moment:
    """What a session knew after an event: whether something ran, and what proves it."""

    timestamp: float
    event: VideoEvent
    running: bool | None
    proof: VideoEvent


@dataclass(slots=True)
class _Timeline:
    """Whether something runs in a room, by the server's clock, as far as one session can know.

    It knows while it is subscribed to the start and the end of recordings, say: from a recording
    that it was told of, that one runs; from a flag that said no, that none did.

    Attributes:
        session: whose knowledge it is.
        lifecycle: what kind of thing it is about.
        flag: the field of the room session that tells it.
        channel: the room's channel; None when no event told it.
        moments: what was known after each event, by timestamp.
        counts: at how many of the first moments something surely ran (True) or did not (False).
        reach: the timestamp up to which the session has got all events of the channel.
        running: id of a recording, … -> what told last that it has not ended.
        idle: what told that nothing ran, and that since then everything is known.
    """

    session: Session
    lifecycle: Lifecycle
    flag: str
    channel: str | None = None
    moments: list[_Moment] = field(default_factory=list)
    counts: dict[bool, list[int]] = field(default_factory=dict)
    reach: float = float("-inf")
    running: dict[str, VideoEvent] = field(default_factory=dict)
    idle: VideoEvent | None = None

    def follow(self, room: str, events: Sequence[VideoEvent]) -> Iterator[Finding]:
        """Take in the events about a room, and find the flags that cannot be."""
        self.channel = room_channel(events)
        timed = [(event.timestamp, event) for event in events if event.timestamp is not None]
        # By timestamp: rooms are told on two channels, and each keeps its own order only.
        timed.sort(key=lambda at: at[0])
        before: VideoEvent | None = None
        for timestamp, event in timed:
            if not self._covered(before or event, event):
                self._forget()
            self._learn(event)
            if self._knows() is None and self._flags(event) == {False}:
                self.idle = event
            self.moments.append(_Moment(timestamp, event, self._knows(), self._proof(event)))
            if event.channel == self.channel:
                self.reach = timestamp
            before = event
        for flag in (True, False):
            knew = (moment.running is flag for moment in self.moments)
            self.counts[flag] = list(accumulate(knew, initial=0))
        yield from self._wrong(room)

    def _covered(self, before: VideoEvent, event: VideoEvent) -> bool:
        if self.channel is None:
            return False
        first, last = sorted((before.entry, event.entry), key=lambda entry: entry.n)
        return all(
            self.session.sure.covers(self.channel, event_type(self.lifecycle, suffix), first, last)
            for suffix in (STARTED, ENDED)
        )

    def _forget(self) -> None:
        """What was known no longer holds after the last event: there is a gap behind it."""
        self.running.clear()
        self.idle = None
        if self.moments:
            self.moments[-1].running = None

    def _learn(self, event: VideoEvent) -> None:
        for lifecycle, told in told_media(event.body):
            id_, state = string(told.get("id")), string(told.get("state"))
            if lifecycle is not self.lifecycle or id_ is None or state is None:
                continue
            if state != lifecycle.final:
                self.running[id_] = event
            elif self.running.pop(id_, None) and self.idle:
                self.idle = event

    def _knows(self) -> bool | None:
        if self.running:
            return True
        return None if self.idle is None else False

    def _proof(self, event: VideoEvent) -> VideoEvent:
        if self.running:
            return next(iter(self.running.values()))
        return self.idle or event

    def _flags(self, event: VideoEvent) -> set[bool]:
        """What an event says about its room, in its two spellings: does it run or not."""
        flags = (told.get(self.flag) for told in told_rooms(event.body))
        return {flag for flag in flags if isinstance(flag, bool)}

    def _wrong(self, room: str) -> Iterator[Finding]:
        """The flags that contradict what was known: the order within one timestamp is free."""
        for _, together in groupby(self.moments, key=attrgetter("timestamp")):
            possible: set[bool | None] = set()
            found = []
            for moment in reversed(list(together)):
                possible.add(moment.running)
                if None in possible:
                    continue
                for flag in self._flags(moment.event) - possible:
                    said = f"{moment.event.type} says {self.flag}: {_json(flag)} of {room}"
                    expected = f"to {self.session}, expected {_json(not flag)}"
                    entries = (moment.proof.entry, moment.event.entry)
                    found.append(Finding(f"{said} {expected}", entries))
            yield from reversed(found)

    def against(self, flag: bool, since: float, until: float) -> VideoEvent | None:
        """What proves a flag wrong that was told at some time in a span; None if nothing does.

        Nothing does unless the session later got an event that was made after the span: what the
        server did may still have been under way.
        """
        known = self.moments and self.moments[0].timestamp <= since and until <= self.reach
        # A clock that was set back leaves an answer before its call.
        if not known or until < since:
            return None
        first = bisect_right(self.moments, since, key=attrgetter("timestamp")) - 1
        end = bisect_left(self.moments, until, key=attrgetter("timestamp"))
        contradicting = self.counts[not flag]
        wrong = contradicting[end] - contradicting[first] == end - first
        return self.moments[first].proof if wrong else None
