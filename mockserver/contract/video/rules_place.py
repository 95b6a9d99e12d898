"""Rules about where things belong: rooms, their channels and ids, and what runs in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.contract.index import SUBSCRIBE, Answer, Call, Index, Session
from mockserver.contract.memory import Recent
from mockserver.contract.rule import Evidence, rule
from mockserver.contract.trace import Entry
from mockserver.contract.values import items, mapping, string
from mockserver.protocol.lifecycles import LIFECYCLES, Lifecycle

from .checker import CLOCK_SLACK, VideoChecker
from .index import (
    ALL_ROOMS,
    MEMBER_JOINED,
    ROOM_ENDED,
    ROOM_STARTED,
    ROOM_SUBSCRIBED,
    ROOM_UPDATED,
    START,
    SeenRoom,
    Told,
    VideoEvent,
    lifecycle_of,
    room_id,
    verb_of,
)
from .rules_member import RoomChecker


@rule(
    "room-started-once",
    "The application handles one room session as two.",
    party="server",
    source="T",
)
class RoomStartedOnce(RoomChecker):
    """The start of a room session comes at most once to a session."""

    def on_room(self, event: VideoEvent, room: SeenRoom) -> Iterator[Evidence]:
        if event.type != ROOM_STARTED or event.repeats is not None:
            return
        if room.started is not None:
            message = f"{ROOM_STARTED} of {room.id} came to {{session}} again, expected it once"
            yield Evidence(message, (room.started.entry, event.entry), event.session)


@rule(
    "own-channel",
    "A listener of one room hears of another, or the room's own listeners hear nothing.",
    party="server",
    source="T",
)
class OwnChannel(RoomChecker):
    """An event about a room session comes on the channel that the room names, or on all rooms'."""

    def on_room(self, event: VideoEvent, room: SeenRoom) -> Iterator[Evidence]:
        if event.channel.startswith(f"{ALL_ROOMS}."):
            return
        first: VideoEvent = room.notes.setdefault(self, event)
        if room.channel is not None and event.channel != room.channel:
            message = f"{event.type} of {room.id} came to {{session}} on {event.channel}"
            proof = (first.entry, event.entry)
            yield Evidence(f"{message}, expected {room.channel}", proof, event.session)


@rule(
    "room-id-stays",
    "The application takes two sessions of one room for sessions of two rooms.",
    party="server",
    source="T",
)
class RoomIdStays(VideoChecker):
    """A room session belongs to one room: its ``room_id`` never changes."""

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._known: Recent[tuple[object, str], tuple[str, Entry]] = Recent()

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        return self._compare(answer.session, answer.entry, [*self.video.told.rooms])

    def on_video_event(self, event: VideoEvent) -> Iterator[Evidence]:
        told = [event.body, mapping(event.body.get("member")), *event.told.rooms]
        return self._compare(event.session, event.entry, told)

    def _compare(
        self, session: Session, entry: Entry, told: list[Mapping[str, Any]]
    ) -> Iterator[Evidence]:
        space = self.index.space_of(session, entry)
        for each in told:
            id_ = room_id(each) if "event_channel" in each else string(each.get("room_session_id"))
            room = string(each.get("room_id"))
            if id_ is None or room is None:
                continue
            before, first = self._known.get((space, id_), (room, entry))
            if before != room:
                message = f"room session {id_} has the room_id {room}, expected {before} as before"
                yield Evidence(message, (first, entry))
                return
            self._known[space, id_] = (before, first)


_STAYING: dict[str, tuple[str, ...]] = {"playback": ("url",), "stream": ("url",)}
"""Kind -> the fields of it that never change."""


@rule(
    "address-stays",
    "A listener waits on a channel that its room has left, or an application shows another stream.",
    party="server",
    source="A",
)
class AddressStays(VideoChecker):
    """Where something is found never changes, in whatever event or answer it is shown.

    That is the ``name`` and the ``event_channel`` of a room session, and the ``url`` of a playback
    or stream.
    """

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._known: Recent[tuple[object, str, str, str], tuple[str, Entry]] = Recent()

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        return self._compare(answer.session, answer.entry, self.video.told)

    def on_video_event(self, event: VideoEvent) -> Iterator[Evidence]:
        return self._compare(event.session, event.entry, event.told)

    def _compare(self, session: Session, entry: Entry, told: Told) -> Iterator[Evidence]:
        space = self.index.space_of(session, entry)
        shown: list[tuple[str, str | None, Mapping[str, Any], tuple[str, ...]]] = [
            ("room session", room_id(each), each, ("name", "event_channel")) for each in told.rooms
        ]
        shown += [
            (table.kind, string(each.get("id")), each, _STAYING.get(table.kind, ()))
            for table, each in told.media
        ]
        for kind, id_, each, names in shown:
            for name in names:
                value = string(each.get(name))
                if id_ is None or value is None:
                    continue
                key = (space, kind, id_, name)
                before, first = self._known.get(key, (value, entry))
                if before != value:
                    message = f"{kind} {id_} has the {name} {value}"
                    yield Evidence(f"{message}, expected {before} as before", (first, entry))
                    return
                self._known[key] = (before, first)


@rule(
    "in-one-room",
    "The application finds the recording of one room in another.",
    party="server",
    source="T",
)
class InOneRoom(VideoChecker):
    """A recording, playback or stream belongs to one room session, and is reached only there.

    An answer about a room session is about the one that was asked for, and an event names one room
    session only.
    """

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        call = answer.call
        if call is None or answer.earlier is not None:
            return
        asked = string(call.params.get("room_session_id"))
        if asked is not None:
            for lifecycle, told in _in_body(answer.result):
                yield from self._compare(answer.session, answer.entry, lifecycle, told, asked)
            shown = room_id(mapping(answer.result.get("room")))
            if shown is not None and shown != asked:
                message = f"{call.method} of room session {asked} was answered with {shown}"
                yield Evidence(f"{message}, expected the one asked for", (call.entry, answer.entry))
        yield from self._in_rooms(answer.session, answer.entry, self.video.told.rooms)
        about = lifecycle_of(call.method)
        if about is None or asked is None or not call.succeeded:
            return
        if verb_of(about, call) not in (None, START):
            yield from self._reached(call, answer, about, asked)

    def on_video_event(self, event: VideoEvent) -> Iterator[Evidence]:
        body = event.body
        named = [string(body.get("room_session_id")), *map(room_id, event.told.rooms)]
        named += [
            string(mapping(each).get("room_session_id"))
            for each in (body.get("member"), event.media)
        ]
        if others := {each for each in named if each is not None} - {event.room}:
            message = f"{event.type} names the room session {min(others)}"
            yield Evidence(f"{message}, expected {event.room} as elsewhere in it", (event.entry,))
        if event.lifecycle is not None and event.room is not None:
            yield from self._compare(
                event.session, event.entry, event.lifecycle, event.media, event.room
            )
        yield from self._in_rooms(event.session, event.entry, event.told.rooms)

    def _in_rooms(
        self, session: Session, entry: Entry, rooms: tuple[Mapping[str, Any], ...]
    ) -> Iterator[Evidence]:
        for room in rooms:
            id_ = room_id(room)
            for lifecycle, told in _in_body(room) if id_ is not None else ():
                yield from self._compare(session, entry, lifecycle, told, id_ or "")

    def _compare(
        self,
        session: Session,
        entry: Entry,
        lifecycle: Lifecycle,
        told: Mapping[str, Any],
        room: str,
    ) -> Iterator[Evidence]:
        id_ = string(told.get("id"))
        if id_ is None:
            return
        media = self.video.media_of(session, entry, lifecycle, id_)
        if media.room is None:
            media.room = room, entry
        elif media.room[0] != room:
            message = f"{lifecycle.kind} {id_} was seen in room session {room}"
            before, first = media.room
            yield Evidence(f"{message}, and before in {before}", (first, entry))

    def _reached(
        self, call: Call, answer: Answer, lifecycle: Lifecycle, asked: str
    ) -> Iterator[Evidence]:
        id_ = string(call.params.get(f"{lifecycle.kind}_id"))
        if id_ is None:
            return
        media = self.video.media_of(answer.session, answer.entry, lifecycle, id_)
        if media.room is not None and media.room[0] != asked:
            before, first = media.room
            message = f"{call.method} of {id_} was accepted in room session {asked}"
            proof = (first, call.entry, answer.entry)
            yield Evidence(f"{message}, expected that only in its own, {before}", proof)


def _in_body(body: Mapping[str, Any]) -> Iterator[tuple[Lifecycle, Mapping[str, Any]]]:
    """The recordings, playbacks and streams that a room session or a result has itself."""
    for kind, lifecycle in LIFECYCLES.items():
        for told in (body.get(kind), *items(body.get(f"{kind}s"))):
            if isinstance(told, Mapping):
                yield lifecycle, told


@rule(
    "refused-after-room-ended",
    "The application believes that it did something in a room that is gone.",
    party="server",
    source="A",
)
class RefusedAfterRoomEnded(VideoChecker):
    """What a client asks for in a room session of which it got the end is refused."""

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        call = answer.call
        if call is None or answer.earlier is not None or not call.succeeded:
            return
        id_ = string(call.params.get("room_session_id"))
        room = self.video.known_room(answer.session, id_ or "")
        if room is None or room.ended is None or room.ended.entry.n > call.entry.n:
            return
        message = f"{call.method} was accepted by {{session}} in room session {id_} after its"
        proof = (room.ended.entry, call.entry, answer.entry)
        yield Evidence(f"{message} {ROOM_ENDED}, expected a refusal", proof, answer.session)


@rule(
    "initial-state-comes",
    "The application waits for ever to learn who is in the room: subscribe() hangs.",
    party="server",
    source="T",
)
class InitialStateComes(VideoChecker):
    """``video.room.subscribed`` comes to a session that asks for it on a room's channel first.

    Its absence is proven by an event of that channel that was made over a second after the answer.
    """

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._asked: Recent[tuple[Session, str], Answer | None] = Recent()

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        call = answer.call
        if call is None or call.method != SUBSCRIBE or not call.succeeded:
            return iter(())
        channel = string(call.params.get("event_channel")) or ""
        wanted = call.params.get("get_initial_state") is True and answer.session.whole
        known = channel in self.video.room_channels
        key = (answer.session, channel)
        if key not in self._asked:
            # What was forgotten may have been asked before.
            is_first = wanted and known and not self._asked.forgot
            self._asked[key] = answer if is_first else None
        return iter(())

    def on_video_event(self, event: VideoEvent) -> Iterator[Evidence]:
        key = (event.session, event.channel)
        answer = self._asked.get(key)
        if answer is None or answer.call is None:
            return
        if event.type == ROOM_SUBSCRIBED:
            self._asked[key] = None
        elif (event.timestamp or 0.0) > answer.entry.time + CLOCK_SLACK:
            self._asked[key] = None
            since = event.session.subscriptions.since(event.channel, ROOM_SUBSCRIBED)
            if since is not answer.entry or event.type == ROOM_ENDED:
                return
            message = f"{{session}} subscribed {event.channel} with get_initial_state, but got"
            expected = f"{event.type} and no {ROOM_SUBSCRIBED}"
            proof = (answer.call.entry, answer.entry, event.entry)
            yield Evidence(f"{message} {expected}", proof, event.session)


@rule(
    "locked-room-closed",
    "Somebody is in a room that the application has locked.",
    party="server",
    source="DA",
)
class LockedRoomClosed(RoomChecker):
    """Nobody joins a room while it is locked, as far as the session was told."""

    def on_room(self, event: VideoEvent, room: SeenRoom) -> Iterator[Evidence]:
        if event.channel != room.channel:
            return
        locked: VideoEvent | None = room.notes.get(self)
        if event.type == MEMBER_JOINED and locked is not None:
            later = (event.timestamp or 0.0) > (locked.timestamp or 0.0)
            if later and room.surely_told(ROOM_UPDATED, locked):
                message = f"{MEMBER_JOINED} of {event.member_id} came to {{session}} while the room"
                proof = (locked.entry, event.entry)
                yield Evidence(
                    f"{message} was locked, expected nobody to join", proof, room.session
                )
        told = mapping(event.body.get("room_session")).get("locked")
        if isinstance(told, bool):
            room.notes[self] = event if told else None
