"""Rules about members: who is in a room, and what of them, or of the room itself, has changed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mockserver.contract.index import Answer, Call, Index, Session
from mockserver.contract.rule import Finding, rule
from mockserver.contract.trace import Entry
from mockserver.contract.values import items, mapping, string

from .index import (
    MEMBER_PREFIX,
    ROOM_UPDATED,
    VideoEvent,
    VideoIndex,
    room_channel,
    room_id,
    told_rooms,
)
from .rules_media import CLOCK_SLACK

MEMBER_JOINED = f"{MEMBER_PREFIX}joined"
MEMBER_LEFT = f"{MEMBER_PREFIX}left"
MEMBER_UPDATED = f"{MEMBER_PREFIX}updated"
LAYOUT_CHANGED = "video.layout.changed"

_NOT_NAMED = {
    MEMBER_UPDATED: frozenset({"updated", "current_position", "talking"}),
    ROOM_UPDATED: frozenset(
        {"updated", "members", "recordings", "playbacks", "streams", "audience_count"}
    ),
}
"""VideoEvent that tells of changes -> the fields that may change without being named.

Layouts decide where members are, and talking has an event of its own, like what is listed [A].
"""


@dataclass(slots=True)
class _Roster:
    """Who is in a room, as far as one session was told on the room's channel, which keeps order.

    Attributes:
        session: whose knowledge it is.
        channel: the room's channel; None when no event told it.
        present: member id -> what told that they are in the room.
        gone: member id -> what told that they left.
        whole: what told last of all members at once.
    """

    session: Session
    channel: str | None
    present: dict[str, VideoEvent] = field(default_factory=dict)
    gone: dict[str, VideoEvent] = field(default_factory=dict)
    whole: VideoEvent | None = None

    def take(self, event: VideoEvent) -> None:
        """Learn from an event; those of other channels come in an order of their own."""
        if event.channel != self.channel:
            return
        id_ = event.member_id
        everybody = _everybody(event)
        if everybody is not None:
            self.present = dict.fromkeys(everybody, event)
            self.gone = {}
            self.whole = event
        elif id_ is None:
            return
        elif event.type == MEMBER_LEFT:
            self.present.pop(id_, None)
            self.gone[id_] = event
        elif event.type == MEMBER_JOINED:
            self.present[id_] = event
            self.gone.pop(id_, None)
        elif id_ not in self.gone:
            self.present.setdefault(id_, event)

    def proof_of_absence(self, member: str, until: Entry) -> VideoEvent | None:
        """What proves that a member is not in the room, and cannot have joined unnoticed since."""
        proof = self.gone.get(member)
        if proof is None and member not in self.present:
            proof = self.whole
        return proof if self._told_all(MEMBER_JOINED, proof, until) else None

    def proof_of_presence(self, member: str, until: Entry) -> VideoEvent | None:
        """What proves that a member is in the room, and cannot have left unnoticed since."""
        proof = self.present.get(member)
        return proof if self._told_all(MEMBER_LEFT, proof, until) else None

    def contradictions(
        self, members: Sequence[str], until: Entry
    ) -> Iterator[tuple[str, str, VideoEvent]]:
        """What a list of all members has wrong: how, whom, and what proves it."""
        listed = set(members)
        proofs = [("lists", each, self.proof_of_absence(each, until)) for each in members]
        proofs += [
            ("does not list", each, self.proof_of_presence(each, until))
            for each in self.present
            if each not in listed
        ]
        for how, member, proof in proofs:
            if proof is not None:
                yield how, member, proof

    def _told_all(self, type_: str, since: VideoEvent | None, until: Entry) -> bool:
        return (
            since is not None
            and self.channel is not None
            and self.session.sure.covers(self.channel, type_, since.entry, until)
        )


def _everybody(event: VideoEvent) -> list[str] | None:
    """The ids of all members of the room, if the event lists them."""
    members = mapping(event.body.get("room_session")).get("members")
    return _ids(members) if isinstance(members, list) else None


def _ids(members: list[Any]) -> list[str]:
    ids = (string(mapping(member).get("id")) for member in members)
    return [id_ for id_ in ids if id_ is not None]


def _followed(index: Index) -> Iterator[tuple[_Roster, str, VideoEvent]]:
    """Every event about a room session, with the session's roster as it was before the event."""
    for session, room, events in VideoIndex.of(index).rooms():
        roster = _Roster(session, room_channel(events))
        for event in events:
            yield roster, room, event
            roster.take(event)


@rule(
    "joined-once",
    "The application counts, or greets, one member twice.",
    party="server",
    source="W",
)
def joined_once(index: Index) -> Iterator[Finding]:
    """A member that is in the room, and has not left, does not join a second time."""
    for roster, _, event in _followed(index):
        member = event.member_id
        if member is None or event.type != MEMBER_JOINED:
            continue
        before = roster.proof_of_presence(member, event.entry)
        if before is not None:
            message = f"{MEMBER_JOINED} of {member} came to {roster.session} after {before.type}"
            expected = f"expected {MEMBER_LEFT} in between"
            yield Finding(f"{message}, {expected}", (before.entry, event.entry))


@rule(
    "member-present",
    "The application shows, or hears, somebody who is not in the room.",
    party="server",
    source="TA",
)
def member_present(index: Index) -> Iterator[Finding]:
    """Who has left, or never was there, is not updated, does not talk and cannot leave.

    Until they join again. A session knows who is there by ``video.room.subscribed``, and who left
    by ``video.member.left``; it has to be subscribed to ``video.member.joined`` since.
    """
    for roster, _, event in _followed(index):
        member = event.member_id
        if member is None or event.type == MEMBER_JOINED:
            continue
        proof = roster.proof_of_absence(member, event.entry)
        if proof is not None:
            message = f"{event.type} of {member} came to {roster.session} after {proof.type}"
            expected = f"expected {MEMBER_JOINED} in between"
            yield Finding(f"{message}, {expected}", (proof.entry, event.entry))


@rule(
    "layers-present",
    "The application draws a name over the picture of nobody.",
    party="server",
    source="TA",
)
def layers_present(index: Index) -> Iterator[Finding]:
    """The layers of a changed layout show members who are in the room.

    A session knows who is not as for ``member-present``.
    """
    for roster, _, event in _followed(index):
        if event.type != LAYOUT_CHANGED:
            continue
        for layer in items(mapping(event.body.get("layout")).get("layers")):
            member = string(mapping(layer).get("member_id"))
            # A free layer may have an empty id.
            proof = roster.proof_of_absence(member, event.entry) if member else None
            if proof is not None:
                message = f"{LAYOUT_CHANGED} shows {member} to {roster.session} after {proof.type}"
                expected = "expected only members who are in the room"
                yield Finding(f"{message}, {expected}", (proof.entry, event.entry))


class _Listing(NamedTuple):
    """An answer that lists the members of a room, and what it may be compared with.

    It tells of a time between ``since`` and ``until``, unix seconds.
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
def members_listed(index: Index) -> Iterator[Finding]:
    """Lists of members agree with who joined and left, as the same session was told.

    ``video.room.subscribed`` comes in order with these. An answer may be ahead of the events: it is
    compared with what was true from a second before its call to a second after itself, and only
    when a later event proves that nothing was still on its way.
    """
    for roster, room, event in _followed(index):
        members = _everybody(event)
        if members is None or event.channel != roster.channel:
            continue
        for how, member, proof in roster.contradictions(members, event.entry):
            message = f"{event.type} of {room} to {roster.session} {how} {member}"
            yield Finding(f"{message} after {proof.type}", (proof.entry, event.entry))
    for session in index.sessions.values():
        rooms = VideoIndex.of(index).seen[session].rooms
        listings: dict[str, list[_Listing]] = defaultdict(list)
        for answer in session.answers:
            for room_or_none, members in _lists(answer):
                if room_or_none in rooms and answer.call is not None:
                    since = answer.call.entry.time - CLOCK_SLACK
                    until = answer.entry.time + CLOCK_SLACK
                    listing = _Listing(answer.call, answer.entry, members, since, until)
                    listings[room_or_none].append(listing)
        for room, of_room in listings.items():
            yield from _wrong_listings(session, room, rooms[room], of_room)


def _lists(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """The room sessions of which an answer lists the members, with their members."""
    call = answer.call
    if call is None or answer.earlier is not None or answer.entry.frame is None:
        return
    result = mapping(answer.entry.frame.get("result"))
    asked = string(call.params.get("room_session_id"))
    told = [(room_id(room), room.get("members")) for room in told_rooms(result)]
    for room, members in (*told, (asked, result.get("members"))):
        if room is not None and isinstance(members, list):
            yield room, _ids(members)


def _wrong_listings(
    session: Session, room: str, told: Sequence[VideoEvent], listings: list[_Listing]
) -> Iterator[Finding]:
    """The answers that contradict who was in a room, by the timestamps of the events."""
    channel = room_channel(told)
    events = [
        (event.timestamp, event)
        for event in told
        if event.channel == channel and event.timestamp is not None
    ]
    times = [timestamp for timestamp, _ in events]
    changes: dict[str, list[float]] = defaultdict(list)
    for timestamp, event in events:
        if event.member_id is not None and event.type in (MEMBER_JOINED, MEMBER_LEFT):
            changes[event.member_id].append(timestamp)
    roster = _Roster(session, channel)
    taken = 0
    for listing in sorted(listings, key=lambda listing: listing.since):
        while taken < len(events) and times[taken] <= listing.since:
            roster.take(events[taken][1])
            taken += 1
        later = bisect_left(times, listing.until)
        # A clock that was set back leaves an answer before its call.
        if later == len(times) or listing.until < listing.since:
            continue
        until = events[later][1].entry
        for how, member, proof in roster.contradictions(listing.members, until):
            if not _changed_within(changes.get(member, ()), listing):
                message = f"{listing.call.method} of {room} to {session} {how} {member}"
                entries = (proof.entry, listing.call.entry, listing.entry)
                yield Finding(f"{message} after {proof.type}", entries)


def _changed_within(times: Sequence[float], listing: _Listing) -> bool:
    return bisect_right(times, listing.since) < bisect_right(times, listing.until)


@rule(
    "updated-names-changes",
    "A listener for one property is not called, or is called for nothing.",
    party="server",
    source="TA",
)
def updated_names_changes(index: Index) -> Iterator[Finding]:
    """``updated`` names exactly the fields that are other than they were told before.

    Of a member, or of a room session, to a session that was subscribed to its updates in between,
    and for a member to joining or leaving: who was away may come back as another. Where a member is
    and whether they talk also changes without being named. An event that comes twice is the
    business of event-once.
    """
    for session, room, events in VideoIndex.of(index).rooms():
        channel = room_channel(events)
        known: dict[tuple[str, str], tuple[Mapping[str, Any], VideoEvent]] = {}
        ids: set[str] = set()
        for event in events:
            if event.channel != channel or event.id in ids:
                continue
            ids.add(event.id)
            for type_, id_, told in _whole_tellings(event, room):
                values, before = known.get((type_, id_), ({}, None))
                seen = before is not None and _saw_all(session, type_, before, event)
                if before is not None and seen and event.type == type_:
                    problem = _misnamed(values, told, _NOT_NAMED[type_])
                    if problem is not None:
                        message = f"{type_} of {id_} to {session} {problem}"
                        yield Finding(message, (before.entry, event.entry))
                # A member may be told in part; what is left out is as it was [W].
                known[type_, id_] = ({**values, **told} if seen else told), event
            if event.type == MEMBER_LEFT:
                known.pop((MEMBER_UPDATED, event.member_id or ""), None)


def _saw_all(session: Session, type_: str, before: VideoEvent, event: VideoEvent) -> bool:
    """Whether a session was surely told all that an event of this type tells, between two."""

    def covers(each: str) -> bool:
        return session.sure.covers(event.channel, each, before.entry, event.entry)

    return covers(type_) and (
        type_ != MEMBER_UPDATED or covers(MEMBER_JOINED) or covers(MEMBER_LEFT)
    )


def _whole_tellings(event: VideoEvent, room: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """What an event tells of members and the room: the type that tells its changes, id, object."""
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
    """What is wrong with ``updated``; None when nothing is, or when it is not told at all."""
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
