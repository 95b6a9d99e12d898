"""Rules about rooms: members, the recording flag, the end."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter

from mockserver.protocol.lifecycles import RECORDING

from .index import ROOM_ENDED, Event, Index, Session, items, mapping, room_id, string, told_rooms
from .rule import Finding, rule
from .rules_recording import CLOCK_SLACK, ENDED, STARTED

MEMBER_JOINED = "video.member.joined"
MEMBER_LEFT = "video.member.left"


def _rooms(index: Index) -> Iterator[tuple[Session, str, list[Event]]]:
    """Every room session as one session saw it."""
    for session in index.sessions.values():
        for room, events in session.rooms.items():
            yield session, room, events


def _is_running(event: Event) -> bool:
    return event.state is not None and event.state != RECORDING.final


@rule(
    "joined-once",
    "The application counts, or greets, one member twice.",
    party="server",
    source="W",
)
def joined_once(index: Index) -> Iterator[Finding]:
    """A member that has not left does not join a second time."""
    for session, _, events in _rooms(index):
        present: dict[str, Event] = {}
        for event in events:
            member = string(mapping(event.body.get("member")).get("id"))
            if member is None:
                continue
            if event.type == MEMBER_LEFT:
                present.pop(member, None)
            elif event.type == MEMBER_JOINED:
                before = present.get(member)
                if before is not None and session.subscriptions.covers(
                    event.channel, MEMBER_LEFT, before.entry, event.entry
                ):
                    message = f"{MEMBER_JOINED} of {member} came to {session} again"
                    expected = f"expected {MEMBER_LEFT} in between"
                    yield Finding(f"{message}, {expected}", (before.entry, event.entry))
                present[member] = event


@rule(
    "room-ended-last",
    "A room that is gone goes on, or a recording never ends because its room did.",
    party="server",
    source="A",
)
def room_ended_last(index: Index) -> Iterator[Finding]:
    """Nothing about a room session follows its end, and by then its recordings are completed."""
    for session, room, events in _rooms(index):
        ended: Event | None = None
        running: dict[str, Event] = {}
        for event in events:
            if ended is not None:
                message = f"{event.type} of room session {room} came to {session} after its"
                yield Finding(f"{message} {ROOM_ENDED}", (ended.entry, event.entry))
            elif event.type == ROOM_ENDED:
                ended = event
                for id_, last in running.items():
                    if session.subscriptions.covers(last.channel, ENDED, last.entry, event.entry):
                        message = f"{ROOM_ENDED} came to {session} while {id_} was {last.state},"
                        yield Finding(
                            f"{message} expected {ENDED} first", (last.entry, event.entry)
                        )
            elif (id_or_none := event.recording_id) is not None:
                if _is_running(event):
                    running[id_or_none] = event
                else:
                    running.pop(id_or_none, None)


@rule(
    "recording-flag",
    "The application's red light is on while nothing records, or off while something does.",
    party="server",
    source="TA",
)
def recording_flag(index: Index) -> Iterator[Finding]:
    """``recording`` of a room session is true exactly while one of its recordings is not completed.

    Events are compared by timestamp, in any order within one. An answer is compared with all that
    was true within a second of its call and itself, and only when later events prove that nothing
    was still on its way.
    """
    timelines: dict[tuple[Session, str], _Timeline] = {}
    for session, room, events in _rooms(index):
        timeline = timelines[session, room] = _Timeline(session)
        yield from timeline.follow(room, events)
    for session in index.sessions.values():
        for answer in session.answers:
            call = answer.call
            if call is None or answer.earlier is not None or answer.entry.frame is None:
                continue
            for told in told_rooms(mapping(answer.entry.frame.get("result"))):
                flag = told.get("recording")
                room_or_none = room_id(told)
                known = timelines.get((session, room_or_none or ""))
                if known is None or not isinstance(flag, bool):
                    continue
                proof = known.against(
                    flag, call.entry.time - CLOCK_SLACK, answer.entry.time + CLOCK_SLACK
                )
                if proof is not None:
                    message = f"{call.method} says recording: {_json(flag)} of {room_or_none} to"
                    expected = f"{session}, expected {_json(not flag)}"
                    entries = (proof.entry, call.entry, answer.entry)
                    yield Finding(f"{message} {expected}", entries)


def _json(flag: bool) -> str:
    return "true" if flag else "false"


@dataclass(slots=True)
class _Moment:
    """What a session knew after an event: whether something records, and what proves it."""

    timestamp: float
    recording: bool | None
    proof: Event


@dataclass(slots=True)
class _Timeline:
    """Whether something records in a room, by the server's clock, as far as one session can know.

    It knows while it is subscribed to the start and the end of recordings: from a recording that it
    was told of, that one records; from a flag that said no, that none did.

    Attributes:
        session: whose knowledge it is.
        channel: the room's channel; None when no event told it.
        moments: what was known after each event, by timestamp.
        reach: the timestamp up to which the session has got all events of the channel.
        running: recording id -> what told last that it is not completed.
        idle: what told that nothing recorded, and that since then everything is known.
    """

    session: Session
    channel: str | None = None
    moments: list[_Moment] = field(default_factory=list)
    reach: float = float("-inf")
    running: dict[str, Event] = field(default_factory=dict)
    idle: Event | None = None

    def follow(self, room: str, events: Sequence[Event]) -> Iterator[Finding]:
        """Take in the events about a room, and find the flags that cannot be."""
        self.channel = next(filter(None, map(_room_channel, events)), None)
        timed = [(event.timestamp, event) for event in events if event.timestamp is not None]
        # By timestamp: rooms are told on two channels, and each keeps its own order only.
        timed.sort(key=itemgetter(0))
        before: Event | None = None
        for place, (timestamp, event) in enumerate(timed):
            if not self._covered(before or event, event):
                self._forget()
            self._learn(event)
            flags = _flags(event)
            if flags and (knows := self._knows()) is not None:
                wrong = flags - self._possible(knows, timed, place)
                for flag in wrong:
                    proof = self._proof(event)
                    message = f"{event.type} says recording: {_json(flag)} of {room} to"
                    expected = f"{self.session}, expected {_json(not flag)}"
                    yield Finding(f"{message} {expected}", (proof.entry, event.entry))
            elif flags == {False}:
                self.idle = event
            self.moments.append(_Moment(timestamp, self._knows(), self._proof(event)))
            if event.channel == self.channel:
                self.reach = timestamp
            before = event

    def _covered(self, before: Event, event: Event) -> bool:
        if self.channel is None:
            return False
        covers = self.session.subscriptions.covers
        first, last = sorted((before.entry, event.entry), key=lambda entry: entry.n)
        return all(covers(self.channel, type_, first, last) for type_ in (STARTED, ENDED))

    def _forget(self) -> None:
        """What was known no longer holds after the last event: there is a gap behind it."""
        self.running.clear()
        self.idle = None
        if self.moments:
            self.moments[-1].recording = None

    def _learn(self, event: Event) -> None:
        told = items(mapping(event.body.get("room_session")).get("recordings"))
        for recording in (*told, event.recording):
            id_ = string(mapping(recording).get("id"))
            state = string(mapping(recording).get("state"))
            if id_ is None or state is None:
                continue
            if state != RECORDING.final:
                self.running[id_] = event
            elif self.running.pop(id_, None) and self.idle:
                self.idle = event

    def _knows(self) -> bool | None:
        if self.running:
            return True
        return None if self.idle is None else False

    def _proof(self, event: Event) -> Event:
        if self.running:
            return next(iter(self.running.values()))
        return self.idle or event

    def _possible(self, knows: bool, timed: Sequence[tuple[float, Event]], place: int) -> set[bool]:
        """The flags that an event may tell: the order within one timestamp is free."""
        possible = {knows}
        running = set(self.running)
        for timestamp, event in islice(timed, place + 1, None):
            if timestamp != timed[place][0]:
                break
            if event.recording_id is None:
                continue
            if _is_running(event):
                running.add(event.recording_id)
            else:
                running.discard(event.recording_id)
            possible.add(bool(running))
        return possible

    def against(self, flag: bool, since: float, until: float) -> Event | None:
        """What proves a flag wrong that was told at some time in a span; None if nothing does.

        Nothing does unless the session later got an event that was made after the span: what the
        server did may still have been under way.
        """
        known = self.moments and self.moments[0].timestamp <= since and until <= self.reach
        # A clock that was set back leaves an answer before its call.
        if not known or until < since:
            return None
        first = bisect_right(self.moments, since, key=lambda moment: moment.timestamp) - 1
        end = bisect_left(self.moments, until, key=lambda moment: moment.timestamp)
        span = self.moments[first:end]
        wrong = all(moment.recording is (not flag) for moment in span)
        return span[0].proof if wrong else None


def _flags(event: Event) -> set[bool]:
    """What an event says about its room, in its two spellings: records or not."""
    flags = (told.get("recording") for told in told_rooms(event.body))
    return {flag for flag in flags if isinstance(flag, bool)}


def _room_channel(event: Event) -> str | None:
    if event.recording_id is not None:
        return event.channel
    return string(mapping(event.body.get("room_session")).get("event_channel"))
