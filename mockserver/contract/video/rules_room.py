"""Rules about rooms: the flags of what runs in them, the end, the list of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter

from mockserver.contract.index import Answer, Call, Index, Session
from mockserver.contract.memory import Recent
from mockserver.contract.rule import Evidence, rule
from mockserver.contract.trace import Entry
from mockserver.contract.values import string
from mockserver.protocol.lifecycles import LIFECYCLES, Lifecycle

from .checker import CLOCK_SLACK
from .index import (
    ENDED,
    ROOM_ENDED,
    STARTED,
    SeenRoom,
    VideoEvent,
    event_type,
    room_id,
)
from .rules_member import RoomChecker

LONGEST_TIMELINE = 64
"""Moments of a room that are remembered: an event may come later than those made after it."""

MOST_CLAIMS = 100
"""Answers about a room that wait for an event that proves them right or wrong."""

_timestamp = attrgetter("timestamp")


@rule(
    "room-ended-last",
    "A room that is gone goes on, or a recording never ends because its room did.",
    party="server",
    source="A",
)
class RoomEndedLast(RoomChecker):
    """Nothing about a room session follows its end, and by then all that ran in it has ended."""

    def on_room(self, event: VideoEvent, room: SeenRoom) -> Iterator[Evidence]:
        if room.ended is not None:
            message = f"{event.type} of room session {room.id} came to {{session}} after its"
            proof = (room.ended.entry, event.entry)
            yield Evidence(f"{message} {ROOM_ENDED}", proof, event.session)
        elif event.type == ROOM_ENDED:
            for (_, id_), last in room.running.items():
                if _would_hear_the_end(room, last):
                    message = f"{ROOM_ENDED} came to {{session}} while {id_} was {last.state},"
                    proof = (last.entry, event.entry)
                    yield Evidence(f"{message} expected its end first", proof, event.session)


def _would_hear_the_end(room: SeenRoom, last: VideoEvent) -> bool:
    if last.lifecycle is None:
        return False
    type_ = event_type(last.lifecycle, ENDED)
    return room.session.subscriptions.covers(last.channel, type_, last.entry)


@dataclass(slots=True, eq=False)
class _Moment:
    """An event about a room, and what its session knew after it.

    Attributes:
        timestamp: when it was made, by the server's clock.
        event: the event.
        since: number of the entry since which all starts and ends surely came; None if they do not.
        flags: what it says about its room, in two spellings: does something run or not.
        told: the id of each recording, … that it tells, and whether that has ended.
        running: whether something ran, as far as the session can know.
        proof: what proves that.
    """

    timestamp: float
    event: VideoEvent
    since: int | None
    flags: set[bool]
    told: list[tuple[str, bool]]
    running: bool | None
    proof: VideoEvent


@dataclass(slots=True)
class _Knowledge:
    """Whether something runs in a room, as far as one session can know.

    It knows while it is subscribed to the start and the end of recordings, say: a recording event
    proves that one runs; a false flag proves that none does.

    Attributes:
        running: id of a recording, … -> what showed last that it has not ended.
        idle: what showed that nothing ran, and that since then everything is known.
        last: the moment before.
    """

    running: dict[str, VideoEvent] = field(default_factory=dict)
    idle: VideoEvent | None = None
    last: _Moment | None = None

    def copy(self) -> _Knowledge:
        """The same, to go on from."""
        return _Knowledge(dict(self.running), self.idle, self.last)

    def covered(self, moment: _Moment) -> bool:
        """Whether no start and no end can have been missed between the last moment and this."""
        entry = moment.event.entry
        if self.last is None:
            return moment.since is not None and moment.since <= entry.n
        earlier, later = sorted((self.last, moment), key=lambda each: each.event.entry.n)
        return later.since is not None and later.since <= earlier.event.entry.n

    def take(self, moment: _Moment) -> None:
        """Learn from the next moment, and write down what is known after it."""
        if not self.covered(moment):
            # What was known no longer holds after the last event: there is a gap behind it.
            self.running.clear()
            self.idle = None
            if self.last is not None:
                self.last.running = None
        for id_, has_ended in moment.told:
            if not has_ended:
                self.running[id_] = moment.event
            elif self.running.pop(id_, None) and self.idle:
                self.idle = moment.event
        if not self.running and self.idle is None and moment.flags == {False}:
            self.idle = moment.event
        if self.running:
            moment.running, moment.proof = True, next(iter(self.running.values()))
        elif self.idle is not None:
            moment.running, moment.proof = False, self.idle
        else:
            moment.running, moment.proof = None, moment.event
        self.last = moment


@dataclass(slots=True)
class _Claim:
    """An answer that says whether something runs in a room, at a time between two others."""

    call: Call
    entry: Entry
    flag: bool
    since: float
    until: float


class _Timeline:
    """Whether something runs in a room, by the server's clock, as one session can know.

    Args:
        room: the room session as the session knows it.
        lifecycle: what kind of thing it is about.
        flag: the field of the room session that reports it.
    """

    def __init__(self, room: SeenRoom, lifecycle: Lifecycle, flag: str) -> None:
        self.room = room
        self.flag = flag
        self.claims: list[_Claim] = []
        self._lifecycle = lifecycle
        self._types = [event_type(lifecycle, suffix) for suffix in (STARTED, ENDED)]
        self._moments: list[_Moment] = []
        self._before = _Knowledge()
        self._now = _Knowledge()
        self._reach = float("-inf")

    def take(self, event: VideoEvent, checker: RunningFlag) -> Iterator[Evidence]:
        """Learn from an event about the room, and find the flags that cannot be."""
        if event.timestamp is None:
            return
        if event.channel == self.room.channel:
            self._reach = max(self._reach, event.timestamp)
        moment = self._moment(event, event.timestamp)
        if moment.flags or moment.told or not self._now.covered(moment):
            place = bisect_right(self._moments, moment.timestamp, key=_timestamp)
            self._moments.insert(place, moment)
            if place == len(self._moments) - 1:
                self._now.take(moment)
                self._judge(checker, self._beginning_of_group(self._beginning_of_group(place) - 1))
            else:
                # Rooms have events on two channels, and each keeps its own order only.
                self._now = self._before.copy()
                for each in self._moments:
                    self._now.take(each)
                self._judge(checker, 0)
            if len(self._moments) > LONGEST_TIMELINE:
                oldest = self._moments.pop(0)
                running = oldest.running
                self._before.take(oldest)
                oldest.running = running
                yield from checker.settle(oldest)
        for claim in [each for each in self.claims if each.until <= self._reach]:
            self.claims.remove(claim)
            yield from self._against(claim)

    def _moment(self, event: VideoEvent, timestamp: float) -> _Moment:
        flags = (told.get(self.flag) for told in event.told.rooms)
        told = [
            (string(each.get("id")), string(each.get("state")))
            for lifecycle, each in event.told.media
            if lifecycle is self._lifecycle
        ]
        return _Moment(
            timestamp,
            event,
            self._since(),
            {flag for flag in flags if isinstance(flag, bool)},
            [
                (id_, state == self._lifecycle.final)
                for id_, state in told
                if id_ is not None and state is not None
            ],
            None,
            event,
        )

    def _since(self) -> int | None:
        channel = self.room.channel
        if channel is None:
            return None
        begins = [self.room.session.subscriptions.since(channel, type_) for type_ in self._types]
        numbers = [begin.n for begin in begins if begin is not None]
        return max(numbers) if len(numbers) == len(begins) else None

    def _beginning_of_group(self, place: int) -> int:
        """Where the moments begin that have the same timestamp as the one at a place."""
        if place < 0:
            return 0
        return bisect_left(self._moments, self._moments[place].timestamp, key=_timestamp)

    def _judge(self, checker: RunningFlag, first: int) -> None:
        """Compare flags with what was known, from a place on: order within a timestamp is free."""
        possible: set[bool | None] = set()
        after: float | None = None
        for moment in reversed(self._moments[first:]):
            if moment.timestamp != after:
                after, possible = moment.timestamp, set()
            possible.add(moment.running)
            wrong = moment.flags - possible if None not in possible else ()
            checker.suspect(moment, [self._wrong_flag(moment, flag) for flag in wrong])

    def _wrong_flag(self, moment: _Moment, flag: bool) -> Evidence:
        event = moment.event
        said = f"{event.type} says {self.flag}: {_json(flag)} of {self.room.id}"
        expected = f"to {{session}}, expected {_json(not flag)}"
        entries = (moment.proof.entry, event.entry)
        return Evidence(f"{said} {expected}", entries, self.room.session)

    def _against(self, claim: _Claim) -> Iterator[Evidence]:
        """Find out that a claim is wrong for all the time that it may stand for.

        It is judged only once the session got an event that was made after that time: what the
        server did may still have been under way.
        """
        moments = self._moments
        if not moments or moments[0].timestamp > claim.since:
            return
        first = bisect_right(moments, claim.since, key=_timestamp) - 1
        end = bisect_left(moments, claim.until, key=_timestamp)
        if all(moment.running is (not claim.flag) for moment in moments[first:end]):
            said = f"{claim.call.method} says {self.flag}: {_json(claim.flag)} of {self.room.id}"
            expected = f"to {{session}}, expected {_json(not claim.flag)}"
            entries = (moments[first].proof.entry, claim.call.entry, claim.entry)
            yield Evidence(f"{said} {expected}", entries, self.room.session)


@rule(
    "running-flag",
    "The application's red light is on while nothing records, or off while something does.",
    party="server",
    source="TA",
)
class RunningFlag(RoomChecker):
    """A room session's flag is true exactly while one of what it stands for has not ended.

    That is ``recording`` for recordings and ``streaming`` for streams. Events are compared by
    timestamp, in any order within one. An answer is compared with all that was true within a second
    of its call and itself, and only when later events prove that nothing was still on its way.
    """

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._flagged = [
            (table, table.flag) for table in LIFECYCLES.values() if table.flag is not None
        ]

    def on_room(self, event: VideoEvent, room: SeenRoom) -> Iterator[Evidence]:
        timelines = room.notes.get(self)
        if timelines is None:
            timelines = room.notes[self] = [
                _Timeline(room, table, flag) for table, flag in self._flagged
            ]
        for timeline in timelines:
            yield from timeline.take(event, self)

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        call = answer.call
        for told in self.video.told.rooms:
            room = self.video.known_room(answer.session, room_id(told) or "")
            if room is None or call is None:
                continue
            since = call.entry.time - CLOCK_SLACK
            until = answer.entry.time + CLOCK_SLACK
            for timeline in room.notes.get(self, ()):
                flag = told.get(timeline.flag)
                if not isinstance(flag, bool) or len(timeline.claims) >= MOST_CLAIMS:
                    continue
                # A clock that was set back leaves an answer before its call.
                if since <= until:
                    timeline.claims.append(_Claim(call, answer.entry, flag, since, until))
        return iter(())


ROOMS_GET = "video.rooms.get"

MOST_ROOMS = 1_000
"""Room sessions that a session was told of, and that are known to have been there."""


@dataclass(slots=True)
class _Missing:
    """A list in which a room session is missing.

    Attributes:
        call: what asked for the list.
        entry: the list.
        first: what showed first that the room session is there.
        until: the time up to which the list may stand for.
    """

    call: Call
    entry: Entry
    first: VideoEvent
    until: float


@rule(
    "rooms-listed",
    "The application's list of rooms has one that is over, or lacks one that is there.",
    party="server",
    source="A",
)
class RoomsListed(RoomChecker):
    """The list of rooms has a room session from its first event on, and not after its end.

    That is as the same session was told. An answer may be ahead of the events: it is compared with
    what was true from a second before its call to a second after itself. Only a later event about a
    room session proves that it was there all that time.
    """

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._there: Recent[Session, Recent[str, VideoEvent]] = Recent()

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        call, session = answer.call, answer.session
        if call is None or call.method != ROOMS_GET or "rooms" not in answer.result:
            return
        since = call.entry.time - CLOCK_SLACK
        until = answer.entry.time + CLOCK_SLACK
        listed = {room_id(room) for room in self.video.told.rooms}
        for id_ in listed:
            room = self.video.known_room(session, id_ or "")
            ended = room.ended if room is not None else None
            if ended is not None and (ended.timestamp or until) <= since:
                message = f"{ROOMS_GET} lists room session {id_} to {{session}} after its"
                proof = (ended.entry, call.entry, answer.entry)
                yield Evidence(f"{message} {ROOM_ENDED}", proof, session)
        for id_, first in self._there.get(session, {}).items():
            room = self.video.known_room(session, id_)
            if id_ in listed or room is None or not (first.timestamp or until) <= since <= until:
                continue
            missing: list[_Missing] = room.notes.setdefault(self, [])
            if len(missing) < MOST_CLAIMS:
                missing.append(_Missing(call, answer.entry, first, until))

    def on_room(self, event: VideoEvent, room: SeenRoom) -> Iterator[Evidence]:
        there = self._there.get(event.session)
        if there is None:
            there = self._there[event.session] = Recent(MOST_ROOMS)
        if event.type == ROOM_ENDED:
            there.pop(room.id, None)
        elif room.id not in there and room.ended is None:
            there[room.id] = event
        missing: list[_Missing] = room.notes.get(self, [])
        for each in [each for each in missing if each.until <= (event.timestamp or each.until - 1)]:
            missing.remove(each)
            message = f"{ROOMS_GET} does not list room session {room.id} to {{session}},"
            proof = (each.first.entry, each.call.entry, each.entry, event.entry)
            yield Evidence(
                f"{message} expected it: it was there before and after", proof, event.session
            )


def _json(flag: bool) -> str:
    return "true" if flag else "false"
