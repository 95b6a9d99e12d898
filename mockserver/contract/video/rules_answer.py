"""Rules about what must be reported: changes of state, dates, answers that agree with events."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mockserver.contract.index import Answer, Call, Index, Session
from mockserver.contract.rule import Evidence, rule
from mockserver.contract.trace import Entry
from mockserver.contract.values import items, mapping, number, string
from mockserver.protocol.lifecycles import LIFECYCLES

from .checker import CLOCK_SLACK, VideoChecker
from .index import (
    ENDED,
    ROOM_ENDED,
    ROOM_UPDATED,
    STARTED,
    SeenMedia,
    SeenRoom,
    VideoEvent,
    event_type,
    ids_of,
    lifecycle_of,
)
from .rules_media import LONGER_THAN_CLOCK, MediaChecker
from .rules_member import RoomChecker

LATEST_TELLING = 60.0
"""Seconds after something happened within which the event is made that reports it. [A]"""

MOST_CLAIMS = 100
"""Answers about one channel that wait for an event that proves them right or wrong."""


@rule(
    "dates-match-clock",
    "The application shows that a recording ended at another time, or lasted longer, than it did.",
    party="server",
    source="TA",
)
class DatesMatchClock(MediaChecker):
    """``started_at`` and ``ended_at`` are when the events were made that report start and end.

    They may be up to a minute before, and a second after. A duration is not longer than from the
    one to the other, by more than 0.05 s.
    """

    def on_media(self, event: VideoEvent, seen: SeenMedia) -> Iterator[Evidence]:
        if event.suffix == STARTED:
            yield from _date(event, seen.id, "started_at")
        elif event.suffix == ENDED:
            yield from _date(event, seen.id, "ended_at")
            begin, end = (number(event.media.get(name)) for name in ("started_at", "ended_at"))
            duration = number(event.media.get("duration"))
            if begin is None or end is None or duration is None or end < begin:
                return
            if duration > end - begin + LONGER_THAN_CLOCK:
                message = f"{seen.id} has a duration of {duration:g} s, expected at most"
                yield Evidence(f"{message} {end - begin:.3f} s from start to end", (event.entry,))


def _date(event: VideoEvent, id_: str, name: str) -> Iterator[Evidence]:
    told, made = number(event.media.get(name)), event.timestamp
    if told is None or made is None or made - LATEST_TELLING <= told <= made + CLOCK_SLACK:
        return
    message = f"{name} of {id_} is {told - made:+.3f} s from the timestamp of {event.type}"
    yield Evidence(f"{message}, expected up to a minute before it", (event.entry,))


@dataclass(slots=True)
class _Flag:
    """What one session knows of a flag of a room, and of what it stands for.

    Attributes:
        told: what the flag was told to be, last of all.
        known: what showed that nothing ran: since then everything that runs is known.
        running: the ids of what runs, since then.
        due: the event because of which the flag must change.
    """

    told: bool | None = None
    known: VideoEvent | None = None
    running: set[str] | None = None
    due: VideoEvent | None = None


@rule(
    "flag-change-told",
    "The application's red light does not go on, or off, because it is never told.",
    party="server",
    source="EA",
)
class FlagChangeTold(RoomChecker):
    """When the first recording of a room starts, and the last one ends, the room says so.

    By ``video.room.updated`` with its flag ``recording``; streams have the flag ``streaming``. Its
    absence is proven by an event of the same channel, or the end of the room, that was made over a
    second later.
    """

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._flagged = [
            (table, table.flag) for table in LIFECYCLES.values() if table.flag is not None
        ]

    def on_room(self, event: VideoEvent, room: SeenRoom) -> Iterator[Evidence]:
        is_end = event.type == ROOM_ENDED
        if event.channel != room.channel and not is_end:
            return
        flags: dict[str, _Flag] = room.notes.setdefault(
            self, {table.kind: _Flag() for table, _ in self._flagged}
        )
        for table, name in self._flagged:
            flag = flags[table.kind]
            # What the end says comes too late to be the change.
            told = None if is_end else mapping(event.body.get("room_session")).get(name)
            if isinstance(told, bool):
                flag.told, flag.due = told, None
                if not told:
                    flag.known, flag.running = event, set()
            elif flag.due is not None and _later(event, flag.due):
                due, flag.due = flag.due, None
                if room.surely_told(ROOM_UPDATED, due):
                    message = f"{due.type} came to {{session}}, but no {ROOM_UPDATED} that says"
                    says = f"{name}: {'false' if flag.told else 'true'} of {room.id}"
                    proof = (due.entry, event.entry)
                    yield Evidence(f"{message} {says}", proof, room.session)
                else:
                    # It may have come while nobody listened for it: what it says is not known.
                    flag.running = None
            if event.lifecycle is table and event.media_id is not None:
                self._move(event, room, flag, event.media_id)

    def _move(self, event: VideoEvent, room: SeenRoom, flag: _Flag, id_: str) -> None:
        """Something has started, or ended: the flag may have to change."""
        lifecycle = event.lifecycle
        if lifecycle is None or flag.running is None:
            return
        types = (event_type(lifecycle, STARTED), event_type(lifecycle, ENDED))
        if not all(room.surely_told(type_, flag.known) for type_ in types):
            flag.running, flag.due = None, None
            return
        if event.suffix == ENDED:
            flag.running.discard(id_)
        else:
            flag.running.add(id_)
        if flag.told is bool(flag.running):
            flag.due = None
        elif flag.due is None:
            flag.due = event


def _later(event: VideoEvent, before: VideoEvent) -> bool:
    """Whether an event was made so long after another that clocks cannot explain it."""
    if event.timestamp is None or before.timestamp is None:
        return False
    return event.timestamp > before.timestamp + CLOCK_SLACK


@dataclass(slots=True)
class _Claim:
    """An answer that reports the state of something, at a time between two others.

    Attributes:
        told: what it reports; None: it is a list in which the thing is missing.
    """

    call: Call
    entry: Entry
    seen: SeenMedia
    told: Mapping[str, Any] | None
    since: float
    until: float


@rule(
    "answers-agree",
    "The application's list shows a recording as running that its listeners saw pause, or end.",
    party="server",
    source="A",
)
class AnswersAgree(VideoChecker):
    """Answers and events show recordings, playbacks and streams in the same states.

    Playbacks with the same ``volume``, too. A list has all of its room that have not ended, each
    once. An answer may be ahead of the events: it is compared with what was true from a second
    before its call to a second after itself, and only when a later event proves that nothing was
    still on its way.
    """

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._claims: dict[tuple[Session, str], list[_Claim]] = defaultdict(list)

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        call = answer.call
        if call is None or answer.earlier is not None or not call.succeeded:
            return
        shown: set[tuple[str, str | None]] = set()
        for lifecycle, told in self.video.told.media:
            id_ = string(told.get("id"))
            shown.add((lifecycle.kind, id_))
            self._claim(call, answer, lifecycle.kind, id_ or "", told)
        listed = lifecycle_of(call.method)
        if listed is not None and call.method == event_type(listed, "list"):
            room = self.video.known_room(
                answer.session, string(call.params.get("room_session_id")) or ""
            )
            for kind, id_ in room.running if room is not None else ():
                if kind == listed.kind and (kind, id_) not in shown:
                    self._claim(call, answer, kind, id_, None)
            for id_ in _twice(items(answer.result.get(f"{listed.kind}s"))):
                message = f"{call.method} lists {listed.kind} {id_} twice, expected it once"
                yield Evidence(message, (call.entry, answer.entry))

    def _claim(
        self, call: Call, answer: Answer, kind: str, id_: str, told: Mapping[str, Any] | None
    ) -> None:
        """Have an answer compared once it is known what is so by then."""
        since = call.entry.time - CLOCK_SLACK
        until = answer.entry.time + CLOCK_SLACK
        seen = self.video.known_media(answer.session, kind, id_)
        # A clock that was set back leaves an answer before its call.
        if seen is None or seen.last is None or since > until:
            return
        claims = self._claims[answer.session, seen.last.channel]
        if len(claims) < MOST_CLAIMS:
            claims.append(_Claim(call, answer.entry, seen, told, since, until))

    def on_video_event(self, event: VideoEvent) -> Iterator[Evidence]:
        key = (event.session, event.channel)
        claims = self._claims.get(key)
        if not claims or event.timestamp is None:
            return
        ripe = [claim for claim in claims if claim.until <= event.timestamp]
        for claim in ripe:
            claims.remove(claim)
            yield from self._compare(claim, event)
        if not claims:
            del self._claims[key]

    def _compare(self, claim: _Claim, event: VideoEvent) -> Iterator[Evidence]:
        last, seen = claim.seen.last, claim.seen
        if last is None or last.timestamp is None or last.timestamp > claim.since:
            return
        kind = seen.lifecycle.kind
        if self.video.known_media(event.session, kind, seen.id) is not seen:
            # It was forgotten: what was told of it since is not known.
            return
        suffixes = {transition.event for transition in seen.lifecycle.rows.values()}
        types = [event_type(seen.lifecycle, suffix) for suffix in suffixes]
        told_all = seen.ended is not None or self.surely_told(event, types, last)
        if not told_all or (claim.told is None and last.state == seen.lifecycle.final):
            return
        proof = (last.entry, claim.call.entry, claim.entry)
        if claim.told is None:
            message = f"{claim.call.method} does not list {kind} {seen.id} to {{session}}"
            yield Evidence(f"{message}, expected {last.state!r}", proof, event.session)
            return
        for name in ("state", "volume"):
            expected, found = last.media.get(name), claim.told.get(name)
            if found is not None and expected is not None and found != expected:
                message = f"{claim.call.method} says {name} {found!r} of {kind} {seen.id}"
                message += f" to {{session}}, expected {expected!r}"
                yield Evidence(message, proof, event.session)


def _twice(listed: list[Any]) -> list[str]:
    """The ids that a list has more than once."""
    counted = Counter(ids_of(listed))
    return [id_ for id_, times in counted.items() if times > 1]
