"""Rules about what must be reported: changes of state, dates, answers that agree with events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
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
    MEMBER_JOINED,
    MEMBER_LEFT,
    MEMBER_UPDATED,
    ROOM_UPDATED,
    STARTED,
    SeenMedia,
    SeenRoom,
    VideoEvent,
    event_type,
    room_id,
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
    absence is proven by an event of the same channel that was made over a second later.
    """

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._flagged = [
            (table, table.flag) for table in LIFECYCLES.values() if table.flag is not None
        ]

    def on_room(self, event: VideoEvent, room: SeenRoom) -> Iterator[Evidence]:
        if event.channel != room.channel:
            return
        flags: dict[str, _Flag] = room.notes.setdefault(
            self, {table.kind: _Flag() for table, _ in self._flagged}
        )
        for table, name in self._flagged:
            flag = flags[table.kind]
            told = mapping(event.body.get("room_session")).get(name)
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
    """An answer that reports the state of something, at a time between two others."""

    call: Call
    entry: Entry
    seen: SeenMedia
    state: str
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

    An answer may be ahead of the events: it is compared with what was true from a second before its
    call to a second after itself, and only when a later event proves that nothing was still on its
    way.
    """

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._claims: dict[tuple[Session, str], list[_Claim]] = defaultdict(list)

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        call = answer.call
        if call is None:
            return iter(())
        since = call.entry.time - CLOCK_SLACK
        until = answer.entry.time + CLOCK_SLACK
        for lifecycle, told in self.video.told.media:
            id_, state = string(told.get("id")), string(told.get("state"))
            seen = self.video.known_media(answer.session, lifecycle.kind, id_ or "")
            if seen is None or seen.last is None or state is None or since > until:
                continue
            claims = self._claims[answer.session, seen.last.channel]
            if len(claims) < MOST_CLAIMS:
                claims.append(_Claim(call, answer.entry, seen, state, since, until))
        return iter(())

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
        suffixes = {transition.event for transition in seen.lifecycle.rows.values()}
        types = [event_type(seen.lifecycle, suffix) for suffix in suffixes]
        told_all = seen.ended is not None or self.surely_told(event, types, last)
        if told_all and claim.state != last.state:
            message = f"{claim.call.method} says {claim.state!r} of {kind} {seen.id} to {{session}}"
            proof = (last.entry, claim.call.entry, claim.entry)
            yield Evidence(f"{message}, expected {last.state!r}", proof, event.session)


def _constant(value: Any) -> Callable[[Mapping[str, Any]], Any]:
    return lambda _params: value


def _given(name: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda params: params.get(name)


_ROOM_SETTERS: dict[str, tuple[str, Callable[[Mapping[str, Any]], Any]]] = {
    "video.lock": ("locked", _constant(True)),
    "video.unlock": ("locked", _constant(False)),
    "video.hide_video_muted": ("hide_video_muted", _constant(True)),
    "video.show_video_muted": ("hide_video_muted", _constant(False)),
    "video.prioritize_handraise": ("prioritize_handraise", _given("enable")),
}
"""Call -> the field of a room that it sets, and to what by the call's params [T]."""

_MEMBER_SETTERS: dict[str, tuple[str, Callable[[Mapping[str, Any]], Any]]] = {
    "video.member.audio_mute": ("audio_muted", _constant(True)),
    "video.member.audio_unmute": ("audio_muted", _constant(False)),
    "video.member.video_mute": ("video_muted", _constant(True)),
    "video.member.video_unmute": ("video_muted", _constant(False)),
    "video.member.deaf": ("deaf", _constant(True)),
    "video.member.undeaf": ("deaf", _constant(False)),
    "video.member.raisehand": ("handraised", _constant(True)),
    "video.member.lowerhand": ("handraised", _constant(False)),
    "video.member.set_input_volume": ("input_volume", _given("volume")),
    "video.member.set_output_volume": ("output_volume", _given("volume")),
}
"""Call -> the field of a member that it sets, and to what by the call's params [T]."""


@dataclass(slots=True)
class _Change:
    """A change that an accepted call makes, and that must be told.

    Attributes:
        call: the call.
        answer: what accepted it.
        type: the type of the event that reports it.
        id: of the room session or the member.
        field: what changes.
        value: what it becomes.
        before: what showed that it was otherwise.
    """

    call: Call
    answer: Entry
    type: str
    id: str
    field: str
    value: Any
    before: VideoEvent


class _Values:
    """What one session knows of the fields of a room and its members, and the changes due."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], dict[str, tuple[Any, VideoEvent]]] = {}
        self.due: list[_Change] = []


@rule(
    "change-is-told",
    "The server says that it locked the room, or muted somebody, and no listener hears of it.",
    party="server",
    source="EA",
)
class ChangeIsTold(RoomChecker):
    """An accepted call that changes a room or a member is told to those who listen.

    By ``video.room.updated`` or ``video.member.updated``, unless it was so already. Its absence is
    proven by an event of the same channel that was made over a second after the answer.
    """

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        call = answer.call
        if call is None or answer.earlier is not None or not call.succeeded:
            return iter(())
        room = self.video.known_room(
            answer.session, string(call.params.get("room_session_id")) or ""
        )
        if room is None:
            return iter(())
        if call.method in _ROOM_SETTERS:
            field, value = _ROOM_SETTERS[call.method]
            self._expect(call, answer, room, ROOM_UPDATED, room.id, field, value(call.params))
        elif call.method in _MEMBER_SETTERS:
            field, value = _MEMBER_SETTERS[call.method]
            member = string(call.params.get("member_id")) or ""
            self._expect(call, answer, room, MEMBER_UPDATED, member, field, value(call.params))
        return iter(())

    def _expect(
        self,
        call: Call,
        answer: Answer,
        room: SeenRoom,
        type_: str,
        id_: str,
        field: str,
        value: Any,
    ) -> None:
        values = self._values(room)
        was, before = values.known.get((type_, id_), {}).get(field, (value, None))
        if before is not None and was != value and before.entry.n < call.entry.n:
            change = _Change(call, answer.entry, type_, id_, field, value, before)
            values.due.append(change)

    def on_room(self, event: VideoEvent, room: SeenRoom) -> Iterator[Evidence]:
        if event.channel != room.channel:
            return
        values = self._values(room)
        for type_, id_, told in _tellings(event, room.id):
            known = values.known.setdefault((type_, id_), {})
            known.update({name: (value, event) for name, value in told.items()})
            # Whatever was sent about the field since the call, its change is not missing.
            values.due = [
                each
                for each in values.due
                if (each.type, each.id) != (type_, id_) or each.field not in told
            ]
        if event.type == MEMBER_LEFT and event.member_id is not None:
            values.known.pop((MEMBER_UPDATED, event.member_id), None)
            values.due = [each for each in values.due if each.id != event.member_id]
        for change in values.due[:]:
            if (event.timestamp or 0.0) <= change.answer.time + CLOCK_SLACK:
                continue
            values.due.remove(change)
            if room.surely_told(change.type, change.before):
                message = (
                    f"{change.call.method} was accepted, expected {change.type} of {change.id}"
                )
                says = f"to {{session}} with {change.field}: {change.value!r}"
                proof = (change.before.entry, change.call.entry, change.answer, event.entry)
                yield Evidence(f"{message} {says} before {event.type}", proof, room.session)

    def _values(self, room: SeenRoom) -> _Values:
        values: _Values | None = room.notes.get(self)
        if values is None:
            values = room.notes[self] = _Values()
        return values


def _tellings(event: VideoEvent, room: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """What an event has of the room and its members: the type of their changes, id, object."""
    room_session = mapping(event.body.get("room_session"))
    if room_session:
        yield ROOM_UPDATED, room_id(room_session) or room, room_session
    for member in items(room_session.get("members")):
        yield MEMBER_UPDATED, string(mapping(member).get("id")) or "", mapping(member)
    if event.member_id is not None and event.type in (MEMBER_JOINED, MEMBER_UPDATED):
        yield MEMBER_UPDATED, event.member_id, mapping(event.body.get("member"))
