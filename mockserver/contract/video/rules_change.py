"""Rules about what calls set: that it is told, and that answers show what events told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from mockserver.contract.index import Answer, Call, Session
from mockserver.contract.memory import Remnant, lasting
from mockserver.contract.rule import Evidence, rule
from mockserver.contract.trace import Entry
from mockserver.contract.values import items, mapping, string

from .checker import CLOCK_SLACK
from .index import (
    EVERYBODY,
    LAYOUT_CHANGED,
    MEMBER_JOINED,
    MEMBER_LEFT,
    MEMBER_UPDATED,
    ROOM_UPDATED,
    SeenRoom,
    Told,
    VideoEvent,
    room_id,
    tellings,
)
from .rules_member import RoomChecker, saw_all

MOST_SHOWN = 100
"""Answers about one room that wait for an event that proves them right or wrong."""

MOST_CHANGES = 1_000
"""Changes of one room and its members that wait to be told."""


class Wanted(NamedTuple):
    """What an accepted call makes of a field.

    Attributes:
        is_met: whether a value is as the call wants it.
        text: the same in words.
    """

    is_met: Callable[[Any], bool]
    text: str


_MOVED = Wanted(lambda _told: True, "")
"""Of a change of who is there, which has no value."""

Setter = tuple[str, Callable[[Mapping[str, Any]], Wanted]]
"""A field, and what becomes of it by a call's params."""


def _equal(value: Any) -> Wanted:
    return Wanted(lambda told: bool(told == value), repr(value))


def _constant(value: Any) -> Callable[[Mapping[str, Any]], Wanted]:
    return lambda _params: _equal(value)


def _given(name: str, default: Any = None) -> Callable[[Mapping[str, Any]], Wanted]:
    return lambda params: _equal(params.get(name, default))


def _with_fields(params: Mapping[str, Any]) -> Wanted:
    """What ``update_meta`` adds; other fields may be there, and may change meanwhile."""
    given = mapping(params.get("meta"))

    def is_met(meta: Any) -> bool:
        # Of an object that was let go it is not known what it has.
        if isinstance(meta, Remnant) or isinstance(given, Remnant):
            return True
        return all(mapping(meta).get(name) == value for name, value in given.items())

    return Wanted(is_met, f"with {dict(given)!r}")


def _without_fields(params: Mapping[str, Any]) -> Wanted:
    """What ``delete_meta`` leaves."""
    gone = [name for name in items(params.get("keys")) if isinstance(name, str)]

    def is_met(meta: Any) -> bool:
        return isinstance(meta, Remnant) or mapping(meta).keys().isdisjoint(gone)

    return Wanted(is_met, f"without {', '.join(gone)}")


_ROOM_SETTERS: dict[str, Setter] = {
    "video.lock": ("locked", _constant(True)),
    "video.unlock": ("locked", _constant(False)),
    "video.hide_video_muted": ("hide_video_muted", _constant(True)),
    "video.show_video_muted": ("hide_video_muted", _constant(False)),
    "video.prioritize_handraise": ("prioritize_handraise", _given("enable", True)),
    "video.set_meta": ("meta", _given("meta")),
    "video.update_meta": ("meta", _with_fields),
    "video.delete_meta": ("meta", _without_fields),
}
"""Call -> the field of a room that it sets, and to what by the call's params [T].

Without ``enable`` it is true, or the opposite of what it was: the documentation says both [D]. Only
what was false is expected to change, so either is legal.
"""

_MEMBER_SETTERS: dict[str, Setter] = {
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
    "video.member.set_input_sensitivity": ("input_sensitivity", _given("value")),
    "video.member.set_meta": ("meta", _given("meta")),
    "video.member.update_meta": ("meta", _with_fields),
    "video.member.delete_meta": ("meta", _without_fields),
}
"""Call -> the field of a member that it sets, and to what by the call's params [T]."""

_LAYOUT_SETTERS: dict[str, Setter] = {"video.set_layout": ("layout_name", _given("name"))}
"""Call -> what it sets of what ``video.layout.changed`` reports, and to what [A]."""

_MOVERS: dict[str, str] = {
    "video.member.remove": MEMBER_LEFT,
    "video.member.demote": MEMBER_LEFT,
    "video.member.promote": MEMBER_JOINED,
}
"""Call -> the event that reports what it does to a member [E]."""

_SETTINGS = {
    ROOM_UPDATED: frozenset(field for field, _ in _ROOM_SETTERS.values()),
    MEMBER_UPDATED: frozenset(field for field, _ in _MEMBER_SETTERS.values()),
    LAYOUT_CHANGED: frozenset(field for field, _ in _LAYOUT_SETTERS.values()),
}
"""Event that reports changes -> the fields that calls set."""


class _Shown(NamedTuple):
    """An answer that shows a room session or members of it, at a time between two others.

    Attributes:
        told: event that reports changes, id, and the settings that are shown, of each of these.
    """

    call: Call
    entry: Entry
    told: list[tuple[str, str, Mapping[str, Any]]]
    since: float
    until: float


@rule(
    "settings-agree",
    "The application's list shows somebody as muted whom its listeners heard unmute.",
    party="server",
    source="A",
)
class SettingsAgree(RoomChecker):
    """Answers show rooms and members with the settings that events showed.

    That is what calls can set: whether a room is locked, its layout, the volumes of a member, their
    ``meta``, and so on. An answer may be ahead of the events: it is compared with what was true
    from a second before its call to a second after itself, and only when a later event proves that
    nothing was still on its way.
    """

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        call = answer.call
        if call is None:
            return iter(())
        since, until = call.entry.time - CLOCK_SLACK, answer.entry.time + CLOCK_SLACK
        for room_id_, told in _told_of_rooms(answer, self.video.told):
            room = self.video.known_room(answer.session, room_id_)
            # A clock that was set back leaves an answer before its call.
            if room is None or since > until:
                continue
            waiting = self._waiting(room)
            if len(waiting) < MOST_SHOWN:
                settings = [
                    (type_, id_, _settings(type_, each, answer)) for type_, id_, each in told
                ]
                waiting.append(_Shown(call, answer.entry, settings, since, until))
        return iter(())

    def on_room(self, event: VideoEvent, room: SeenRoom) -> Iterator[Evidence]:
        waiting = self._waiting(room)
        if not waiting or event.channel != room.channel or event.timestamp is None:
            return
        for shown in [each for each in waiting if each.until <= event.timestamp]:
            waiting.remove(shown)
            for type_, id_, told in shown.told:
                yield from self._compare(shown, room, type_, id_, told)

    def _compare(
        self, shown: _Shown, room: SeenRoom, type_: str, id_: str, told: Mapping[str, Any]
    ) -> Iterator[Evidence]:
        known = room.shown.get((type_, id_), {})
        for name in sorted(known.keys() & told.keys()):
            expected, before = known[name]
            if told[name] == expected or before.timestamp is None:
                continue
            if before.timestamp <= shown.since and saw_all(room, type_, before):
                message = f"{shown.call.method} says {name} {told[name]!r} of {id_} to {{session}}"
                proof = (before.entry, shown.call.entry, shown.entry)
                yield Evidence(f"{message}, expected {expected!r}", proof, room.session)

    def _waiting(self, room: SeenRoom) -> list[_Shown]:
        waiting: list[_Shown] = room.notes.setdefault(self, [])
        return waiting


def _told_of_rooms(
    answer: Answer, described: Told
) -> Iterator[tuple[str, list[tuple[str, str, Mapping[str, Any]]]]]:
    """The room sessions that an answer shows, and what it shows of each and of its members."""
    asked = None if answer.call is None else string(answer.call.params.get("room_session_id"))
    rooms = [(room_id(room), [room], room.get("members")) for room in described.rooms]
    for id_, shown, members in (*rooms, (asked, [], answer.result.get("members"))):
        if id_ is not None:
            told = [
                (type_, id_, each) for each in shown for type_ in (ROOM_UPDATED, LAYOUT_CHANGED)
            ]
            of_members = (mapping(each) for each in items(members))
            told += [(MEMBER_UPDATED, string(each.get("id")) or "", each) for each in of_members]
            if told:
                yield id_, told


def _settings(type_: str, told: Mapping[str, Any], answer: Answer) -> Mapping[str, Any]:
    """Of what an answer shows what calls can set: it is kept until an event proves it."""
    settings = {name: told[name] for name in _SETTINGS[type_] if name in told}
    return lasting(settings, answer.entry)


@dataclass(slots=True, eq=False)
class _Change:
    """A change that an accepted call makes, and that must be told.

    Attributes:
        call: the call.
        answer: what accepted it.
        type: the type of the event that reports it.
        id: of the room session or the member.
        field: what changes; None for whether a member is there.
        wanted: what becomes of the field.
        before: what showed that it was otherwise.
        is_over: whether it has been told, or need not be told any more.
        other: another value that was shown since the call, and the event that showed it first.
    """

    call: Call
    answer: Entry
    type: str
    id: str
    field: str | None
    wanted: Wanted
    before: VideoEvent
    is_over: bool = False
    other: tuple[Any, VideoEvent] | None = None


@dataclass(slots=True)
class _Due:
    """Changes of one room and its members that must be told.

    Attributes:
        in_order: all of them, as they were accepted; those that are over leave it late.
        of: event that reports changes, and id -> those that are not over.
    """

    in_order: deque[_Change] = field(default_factory=deque)
    of: dict[tuple[str, str], list[_Change]] = field(default_factory=dict)

    def add(self, change: _Change) -> None:
        if len(self.in_order) < MOST_CHANGES:
            self.in_order.append(change)
            self.of.setdefault((change.type, change.id), []).append(change)

    def end(self, changes: Iterable[_Change]) -> None:
        """These are over."""
        for change in changes:
            change.is_over = True
            key = change.type, change.id
            self.of[key].remove(change)
            if not self.of[key]:
                del self.of[key]

    def forget(self, type_: str, id_: str | None) -> None:
        """Nothing of this needs to be told any more."""
        if id_ is not None:
            self.end([*self.of.get((type_, id_), ())])

    def overdue(self, now: float) -> Iterator[_Change]:
        """Take those that were accepted so long ago that they should have been told."""
        changes = self.in_order
        while changes and (changes[0].is_over or now > changes[0].answer.time + CLOCK_SLACK):
            change = changes.popleft()
            if not change.is_over:
                self.end([change])
                yield change


@rule(
    "change-is-told",
    "The server says that it locked the room, or muted somebody, and no listener hears of it.",
    party="server",
    source="EA",
)
class ChangeIsTold(RoomChecker):
    """An accepted call that changes a room, its layout or a member is told to those who listen.

    By ``video.room.updated``, ``video.layout.changed`` or ``video.member.updated`` with the value
    that was asked for, such as a volume or the layout's name, unless it was so already. A call for
    all members is told for each who was surely there. Who is removed or demoted leaves, who is
    promoted joins. Its absence is proven by an event of the same channel that was made over a
    second after the answer.
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
            self._expect(answer, room, ROOM_UPDATED, [room.id], _ROOM_SETTERS[call.method])
        elif call.method in _LAYOUT_SETTERS:
            self._expect(answer, room, LAYOUT_CHANGED, [room.id], _LAYOUT_SETTERS[call.method])
        elif call.method in _MEMBER_SETTERS:
            member = string(call.params.get("member_id")) or ""
            members = _everybody(room) if member == EVERYBODY else [member]
            self._expect(answer, room, MEMBER_UPDATED, members, _MEMBER_SETTERS[call.method])
        elif call.method in _MOVERS and call.is_sound:
            self._expect_move(answer.entry, call, room, _MOVERS[call.method])
        return iter(())

    def _expect(
        self, answer: Answer, room: SeenRoom, type_: str, ids: Iterable[str], setter: Setter
    ) -> None:
        call = answer.call
        assert call is not None
        name, wanted_by = setter
        wanted = wanted_by(call.params)
        for id_ in ids:
            was, before = room.shown.get((type_, id_), {}).get(name, (None, None))
            if before is None or wanted.is_met(was) or before.entry.n > call.entry.n:
                continue
            if call.is_sound:
                change = _Change(call, answer.entry, type_, id_, name, wanted, before)
                self._due(room).add(change)

    def _expect_move(self, answer: Entry, call: Call, room: SeenRoom, type_: str) -> None:
        member = string(call.params.get("member_id")) or ""
        is_absent = type_ == MEMBER_JOINED
        everybody = islice(room.roster.present, MOST_CHANGES)
        for id_ in everybody if member == EVERYBODY else [member]:
            before = room.proof_of_absence(id_) if is_absent else room.proof_of_presence(id_)
            if before is not None and before.entry.n < call.entry.n:
                self._due(room).add(_Change(call, answer, type_, id_, None, _MOVED, before))

    def on_room(self, event: VideoEvent, room: SeenRoom) -> Iterator[Evidence]:
        if event.channel != room.channel:
            return
        due = self._due(room)
        for type_, id_, told in tellings(event, room.id) if due.of else ():
            changes = due.of.get((type_, id_), ())
            # Whoever caused it, the listeners know the value. One that others set before or
            # afterwards does not replace it: each change has an event of its own.
            due.end([each for each in changes if _is_told(each, told)])
            for change in changes:
                if change.field is not None and change.field in told and change.other is None:
                    change.other = told[change.field], event
        if event.type in (MEMBER_JOINED, MEMBER_LEFT):
            due.forget(event.type, event.member_id)
        if event.type == MEMBER_LEFT:
            due.forget(MEMBER_UPDATED, event.member_id)
        for change in due.overdue(event.timestamp or 0.0):
            if room.surely_told(change.type, change.before):
                yield _untold(change, room.session, event)

    def _due(self, room: SeenRoom) -> _Due:
        due: _Due = room.notes.setdefault(self, _Due())
        return due


def _everybody(room: SeenRoom) -> Iterator[str]:
    """Who is meant by a call for all: people, since what it does to a screen is not known [A]."""
    for id_ in islice(room.roster.present, MOST_CHANGES):
        kind, _ = room.shown.get((MEMBER_UPDATED, id_), {}).get("type", (None, None))
        if kind in (None, "member"):
            yield id_


def _is_told(change: _Change, told: Mapping[str, Any]) -> bool:
    name = change.field
    return name is not None and name in told and change.wanted.is_met(told[name])


def _untold(change: _Change, session: Session, later: VideoEvent) -> Evidence:
    message = f"{change.call.method} was accepted, expected {change.type} of {change.id}"
    with_value = "" if change.field is None else f" with {change.field}: {change.wanted.text}"
    message += f" to {{session}}{with_value} before {later.type}"
    proof = [change.before.entry, change.call.entry, change.answer, later.entry]
    if change.other is not None:
        told, event = change.other
        message += f", found {told!r}"
        proof.append(event.entry)
    return Evidence(message, tuple(proof), session)
