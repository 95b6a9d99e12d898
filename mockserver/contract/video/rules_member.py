"""Rules about members: who is in a room, and what of them, or of the room itself, has changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mockserver.contract.index import Answer, Call
from mockserver.contract.memory import lasting
from mockserver.contract.rule import Evidence, Found, rule
from mockserver.contract.trace import Entry
from mockserver.contract.values import items, mapping, string

from .checker import CLOCK_SLACK, VideoChecker
from .index import (
    LAYOUT_CHANGED,
    MEMBER_JOINED,
    MEMBER_LEFT,
    MEMBER_UPDATED,
    ROOM_UPDATED,
    SeenRoom,
    Told,
    VideoEvent,
    ids_of,
    room_id,
)

MOST_LISTINGS = 100
"""Answers that list members of a room, and wait for an event that proves them right or wrong."""

_NOT_NAMED = {
    MEMBER_UPDATED: frozenset({"updated", "current_position", "talking"}),
    ROOM_UPDATED: frozenset(
        {"updated", "members", "recordings", "playbacks", "streams", "audience_count"}
    ),
}
"""Event that reports changes -> the fields that may change without being named.

Layouts decide where members are, and talking has an event of its own, like what is listed [A].
"""


class RoomChecker(VideoChecker):
    """A rule about events that report a room session."""

    def on_video_event(self, event: VideoEvent) -> Found:
        """An event of video; those about a room session are handed on."""
        room = self.video.seen_room(event)
        return () if room is None else self.on_room(event, room)

    def on_room(self, event: VideoEvent, room: SeenRoom) -> Iterator[Evidence]:
        """An event about a room session, and what the session knew of that before."""
        raise NotImplementedError


@rule(
    "joined-once",
    "The application counts, or greets, one member twice.",
    party="server",
    source="W",
)
class JoinedOnce(RoomChecker):
    """A member that is in the room, and has not left, does not join a second time."""

    def on_room(self, event: VideoEvent, room: SeenRoom) -> Iterator[Evidence]:
        member = event.member_id
        if member is None or event.type != MEMBER_JOINED:
            return
        before = room.proof_of_presence(member)
        if before is not None:
            message = f"{MEMBER_JOINED} of {member} came to {{session}} after {before.type}"
            expected = f"expected {MEMBER_LEFT} in between"
            yield Evidence(f"{message}, {expected}", (before.entry, event.entry), event.session)


@rule(
    "member-present",
    "The application shows, or hears, somebody who is not in the room.",
    party="server",
    source="TA",
)
class MemberPresent(RoomChecker):
    """A member who has left, or never was there, is not updated, does not talk and cannot leave.

    Until they join again. A session knows who is there by ``video.room.subscribed``, and who left
    by ``video.member.left``; it has to be subscribed to ``video.member.joined`` since.
    """

    def on_room(self, event: VideoEvent, room: SeenRoom) -> Iterator[Evidence]:
        member = event.member_id
        if member is None or event.type == MEMBER_JOINED:
            return
        proof = room.proof_of_absence(member)
        if proof is not None:
            message = f"{event.type} of {member} came to {{session}} after {proof.type}"
            expected = f"expected {MEMBER_JOINED} in between"
            yield Evidence(f"{message}, {expected}", (proof.entry, event.entry), event.session)


@rule(
    "layers-present",
    "The application draws a name over the picture of nobody.",
    party="server",
    source="TA",
)
class LayersPresent(RoomChecker):
    """The layers of a changed layout show members who are in the room.

    A session knows who is not as for ``member-present``.
    """

    def on_room(self, event: VideoEvent, room: SeenRoom) -> Iterator[Evidence]:
        if event.type != LAYOUT_CHANGED:
            return
        for layer in items(mapping(event.body.get("layout")).get("layers")):
            member = string(mapping(layer).get("member_id"))
            # A free layer may have an empty id.
            proof = room.proof_of_absence(member) if member else None
            if proof is not None:
                message = f"{LAYOUT_CHANGED} shows {member} to {{session}} after {proof.type}"
                expected = "expected only members who are in the room"
                entries = (proof.entry, event.entry)
                yield Evidence(f"{message}, {expected}", entries, event.session)


class _Listing(NamedTuple):
    """An answer that lists the members of a room, and what it may be compared with.

    It reports a time between ``since`` and ``until``, unix seconds.
    """

    call: Call
    entry: Entry
    members: list[str]
    since: float
    until: float


@rule(
    "members-listed",
    "The application's list of members has somebody who left, or lacks somebody who is there.",
    party="server",
    source="TA",
)
class MembersListed(RoomChecker):
    """Lists of members agree with who joined and left, as the same session was told.

    ``video.room.subscribed`` comes in order with these. An answer may be ahead of the events: it is
    compared with what was true from a second before its call to a second after itself, and only
    when a later event proves that nothing was still on its way.
    """

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        call = answer.call
        for room_id_, members in _lists(answer, self.video.told):
            room = self.video.known_room(answer.session, room_id_)
            if room is None or call is None:
                continue
            since = call.entry.time - CLOCK_SLACK
            until = answer.entry.time + CLOCK_SLACK
            waiting = self._waiting(room)
            # A clock that was set back leaves an answer before its call.
            if since <= until and len(waiting) < MOST_LISTINGS:
                waiting.append(_Listing(call, answer.entry, members, since, until))
        return iter(())

    def on_room(self, event: VideoEvent, room: SeenRoom) -> Iterator[Evidence]:
        if event.channel != room.channel:
            return
        if event.everybody is not None:
            for how, member, proof in room.contradictions(event.everybody):
                message = f"{event.type} of {room.id} to {{session}} {how} {member}"
                entries = (proof.entry, event.entry)
                yield Evidence(f"{message} after {proof.type}", entries, event.session)
        waiting = self._waiting(room)
        if waiting and event.timestamp is not None:
            for listing in [each for each in waiting if each.until <= event.timestamp]:
                waiting.remove(listing)
                yield from _wrong(listing, room)

    def _waiting(self, room: SeenRoom) -> list[_Listing]:
        waiting: list[_Listing] = room.notes.setdefault(self, [])
        return waiting


def _wrong(listing: _Listing, room: SeenRoom) -> Iterator[Evidence]:
    """What a list contradicts: something that was true all the time that it may stand for."""
    for how, member, proof in room.contradictions(listing.members):
        if proof.timestamp is not None and proof.timestamp <= listing.since:
            message = f"{listing.call.method} of {room.id} to {{session}} {how} {member}"
            entries = (proof.entry, listing.call.entry, listing.entry)
            yield Evidence(f"{message} after {proof.type}", entries, room.session)


def _lists(answer: Answer, described: Told) -> Iterator[tuple[str, list[str]]]:
    """The room sessions of which an answer lists the members, with their members."""
    call, result = answer.call, answer.result
    if call is None or not result:
        return
    asked = string(call.params.get("room_session_id"))
    told = [(room_id(room), room.get("members")) for room in described.rooms]
    for room, members in (*told, (asked, result.get("members"))):
        if room is not None and isinstance(members, list):
            yield room, ids_of(members)


_Known = dict[tuple[str, str], tuple[Mapping[str, Any], VideoEvent]]
"""Event that reports changes, and the id of what changes -> what is known of it, and since when."""


@rule(
    "updated-names-changes",
    "A listener for one property is not called, or is called for nothing.",
    party="server",
    source="TA",
)
class UpdatedNamesChanges(RoomChecker):
    """``updated`` names exactly the fields that are other than they were told before.

    Of a member, or of a room session, to a session that was subscribed to its updates in between,
    and for a member to joining or leaving: somebody who was away may come back as another. Where a
    member is and whether they talk also changes without being named. An event that comes twice is
    the business of event-once.
    """

    def on_room(self, event: VideoEvent, room: SeenRoom) -> Iterator[Evidence]:
        if event.channel != room.channel or event.repeats is not None:
            return
        known: _Known = room.notes.setdefault(self, {})
        for type_, id_, told in _whole_tellings(event, room.id):
            values, before = known.get((type_, id_), ({}, None))
            seen = before is not None and saw_all(room, type_, before)
            if before is not None and seen and event.type == type_:
                problem = _misnamed(values, told, _NOT_NAMED[type_])
                if problem is not None:
                    message = f"{type_} of {id_} to {{session}} {problem}"
                    yield Evidence(message, (before.entry, event.entry), event.session)
            # A member may be sent in part; what is left out is as it was [W].
            values = {**values, **told} if seen else told
            known[type_, id_] = lasting(values, event.entry), event
        if event.type == MEMBER_LEFT:
            known.pop((MEMBER_UPDATED, event.member_id or ""), None)


def saw_all(room: SeenRoom, type_: str, before: VideoEvent) -> bool:
    """Whether a session was surely sent all changes of an event type since another event."""
    return room.surely_told(type_, before) and (
        type_ != MEMBER_UPDATED
        or room.surely_told(MEMBER_JOINED, before)
        or room.surely_told(MEMBER_LEFT, before)
    )


def _whole_tellings(event: VideoEvent, room: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """What an event has of members and the room: the type of their changes, id, object."""
    room_session = event.body.get("room_session")
    if isinstance(room_session, Mapping):
        yield ROOM_UPDATED, room, room_session
        for member in items(room_session.get("members")):
            id_ = string(mapping(member).get("id"))
            if id_ is not None:
                yield MEMBER_UPDATED, id_, member
    if event.type in (MEMBER_JOINED, MEMBER_UPDATED) and event.member_id is not None:
        yield MEMBER_UPDATED, event.member_id, mapping(event.body.get("member"))


def _misnamed(
    before: Mapping[str, Any], now: Mapping[str, Any], not_named: frozenset[str]
) -> str | None:
    """What is wrong with ``updated``; None when nothing is, or when it is not there."""
    updated = now.get("updated")
    if not isinstance(updated, list):
        return None
    comparable = (before.keys() & now.keys()) - not_named
    named = {name for name in updated if isinstance(name, str)} & comparable
    changed = {name for name in comparable if before[name] != now[name]}
    if named == changed:
        return None
    says, expected = (", ".join(sorted(names)) or "nothing" for names in (named, changed))
    return f"names as updated: {says}; expected what changed: {expected}"
