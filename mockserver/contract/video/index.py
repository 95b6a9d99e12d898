"""What is known of rooms, and of the recordings, playbacks and streams in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mockserver.contract.index import Answer, Call, Event, Index, Session, SpaceKey
from mockserver.contract.memory import Lives, Recent, lasting, shortened
from mockserver.contract.trace import Entry
from mockserver.contract.values import is_object, items, mapping, string
from mockserver.protocol.lifecycles import LIFECYCLES, Lifecycle

NAME = "video"
ROOM_STARTED = "video.room.started"
ROOM_ENDED = "video.room.ended"
ROOM_UPDATED = "video.room.updated"
ROOM_SUBSCRIBED = "video.room.subscribed"
ALL_ROOMS = "video.rooms"
MEMBER_PREFIX = "video.member."
MEMBER_JOINED = f"{MEMBER_PREFIX}joined"
MEMBER_LEFT = f"{MEMBER_PREFIX}left"
MEMBER_UPDATED = f"{MEMBER_PREFIX}updated"
LAYOUT_CHANGED = "video.layout.changed"

EVERYBODY = "all"
"""The ``member_id`` that means all members [A]."""

START = "start"
STARTED = "started"
UPDATED = "updated"
ENDED = "ended"

LONGEST_LIFE = 64
"""Entries of a life that are kept as a proof of its length."""

MediaKey = tuple[SpaceKey, str, str]
"""The space, the kind and the id of a recording, playback or stream."""

Outcome = tuple[str | None, str]
"""What an event reports: the state, and the suffix of the event's type."""


class Told(NamedTuple):
    """What an event or a result describes.

    Attributes:
        rooms: the room sessions.
        media: the recordings, playbacks and streams. Also those inside a room session; the older
            ``room`` beside one has the same once more.
    """

    rooms: tuple[Mapping[str, Any], ...]
    media: tuple[tuple[Lifecycle, Mapping[str, Any]], ...]

    @classmethod
    def by(cls, body: Mapping[str, Any]) -> Told:
        """Read the params of an event, or a result."""
        listed = [each for each in items(body.get("rooms")) if is_object(each)]
        room_session, room = body.get("room_session"), body.get("room")
        rooms = [each for each in (room_session, room) if is_object(each)]
        places = [body, mapping(room if room_session is None else room_session), *listed]
        media: list[tuple[Lifecycle, Mapping[str, Any]]] = []
        for kind, plural, lifecycle in _KINDS:
            if is_object(single := body.get(kind)):
                media.append((lifecycle, single))
            for place in places:
                if plural in place:
                    each_of = items(place[plural])
                    media += [(lifecycle, each) for each in each_of if is_object(each)]
        return cls((*rooms, *listed), tuple(media))


_KINDS = [(kind, f"{kind}s", lifecycle) for kind, lifecycle in LIFECYCLES.items()]


@dataclass(slots=True, eq=False)
class VideoEvent(Event):
    """An event about a room session, a member, or what runs in the room.

    Attributes:
        room: the id of the room session that it is about.
        lifecycle: the table of the recording, playback or stream it is about; None for others.
        media: the recording, playback or stream that it is about; empty when there is none.
        told: all that it describes.
        seen_room: what the session knows of the room session; None until that was looked up.
        seen_media: what the session knows of the recording, …; None until that was looked up.
    """

    room: str | None = None
    lifecycle: Lifecycle | None = None
    media: Mapping[str, Any] = field(default_factory=dict)
    told: Told = field(default_factory=lambda: Told((), ()))
    seen_room: SeenRoom | None = None
    seen_media: SeenMedia | None = None

    def __post_init__(self) -> None:
        body = self.body
        self.told = Told.by(body)
        self.lifecycle = lifecycle_of(self.type)
        if self.lifecycle is not None:
            self.media = mapping(body.get(self.lifecycle.kind))
        self.room = (
            string(body.get("room_session_id"))
            or room_id(mapping(body.get("room_session")))
            or room_id(mapping(body.get("room")))
            or string(self.media.get("room_session_id"))
        )

    def let_go(self) -> None:
        """Keep only what is short, also of what it is about."""
        # Not super(): of a class with slots the decorator makes another one, which that misses.
        Event.let_go(self)
        self.told = Told((), ())
        self.media = shortened(self.media)

    @property
    def suffix(self) -> str:
        """The last word of the type: ``started``, ``updated`` or ``ended``."""
        return self.type.rpartition(".")[2]

    @property
    def media_id(self) -> str | None:
        """The id of the recording, playback or stream it is about, if there is one."""
        return string(self.media.get("id"))

    @property
    def state(self) -> str | None:
        """The state of the recording, playback or stream."""
        return string(self.media.get("state"))

    @property
    def member_id(self) -> str | None:
        """The id of the member it is about, if there is one."""
        if not self.type.startswith(MEMBER_PREFIX):
            return None
        return string(mapping(self.body.get("member")).get("id"))

    @property
    def everybody(self) -> list[str] | None:
        """The ids of all members of the room, if the event lists them."""
        members = mapping(self.body.get("room_session")).get("members")
        return ids_of(members) if isinstance(members, list) else None


@dataclass(slots=True, eq=False)
class Media:
    """What the trace shows of one recording, playback or stream, to whichever session.

    It equals another of the same key: when it was forgotten and is seen again, it is another one.

    Attributes:
        key: its space, kind and id.
        lifecycle: the table by which it lives.
        id: its id.
        started_by: the first call whose answer named it without having named it.
        channel: the channel its events come on, or its room session's; None if neither was seen.
        started_at: the first ``started_at`` that was seen, and where.
        room: the room session in which it was seen first, and where.
        told: whether any event was about it.
    """

    key: MediaKey
    lifecycle: Lifecycle
    id: str
    started_by: Call | None = None
    channel: str | None = None
    started_at: tuple[Entry, float] | None = None
    room: tuple[str, Entry] | None = None
    told: bool = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Media) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@dataclass(slots=True, eq=False)
class SeenMedia:
    """What one session was sent about a recording, playback or stream.

    Attributes:
        lifecycle: the table by which it lives.
        id: its id.
        first: the first event about it.
        started: the event that reported its start.
        last: the latest event about it, up to its end.
        ended: the event that reported its end.
        life: the entries from its start to its end; not all where there are many.
        running: seconds in the running state by the timestamps of the events; None when one of
            them has no timestamp.
    """

    lifecycle: Lifecycle
    id: str
    first: VideoEvent | None = None
    started: VideoEvent | None = None
    last: VideoEvent | None = None
    ended: VideoEvent | None = None
    life: list[Entry] = field(default_factory=list)
    running: float | None = 0.0

    def take(self, event: VideoEvent) -> None:
        """Learn from an event about it."""
        self.first = self.first or event
        if event.suffix == STARTED and self.started is None:
            self.started = event
        if self.ended is not None:
            return
        self.running = self.running_until(event)
        if len(self.life) < LONGEST_LIFE:
            self.life.append(event.entry)
        self.last = event
        if event.suffix == ENDED:
            self.ended = event

    def running_until(self, event: VideoEvent) -> float | None:
        """Seconds in the running state, up to an event that comes after the last one."""
        last = self.last
        if last is None or self.running is None:
            return self.running
        if last.timestamp is None or event.timestamp is None:
            return None
        if last.state == self.lifecycle.initial:
            return self.running + event.timestamp - last.timestamp
        return self.running


@dataclass(slots=True)
class Roster:
    """Who is in a room, as one session saw it on the room's channel, which keeps order.

    Attributes:
        present: member id -> what showed that they are in the room.
        gone: member id -> what showed that they left.
        whole: the last list of all members.
    """

    present: dict[str, VideoEvent] = field(default_factory=dict)
    gone: Recent[str, VideoEvent] = field(default_factory=Recent)
    whole: VideoEvent | None = None

    def take(self, event: VideoEvent) -> None:
        """Learn from an event on the room's channel."""
        id_ = event.member_id
        everybody = event.everybody
        if everybody is not None:
            self.present = dict.fromkeys(everybody, event)
            self.gone.clear()
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


@dataclass(slots=True, eq=False)
class SeenRoom:
    """What one session was sent about a room session.

    Attributes:
        session: the session.
        id: the id of the room session.
        channel: the room's channel; None while no event has named it.
        started: the event that reported its start.
        ended: the event that reported its end.
        running: kind and id of a recording, … that has not ended -> the latest event about it.
        roster: who is in the room.
        shown: event that reports changes, and the id of what changes -> field -> the value that was
            shown last on the room's channel, and the event that did so.
        notes: what rules keep about it, by the rule; it is forgotten when the room ends.
    """

    session: Session
    id: str
    channel: str | None = None
    started: VideoEvent | None = None
    ended: VideoEvent | None = None
    running: dict[tuple[str, str], VideoEvent] = field(default_factory=dict)
    roster: Roster = field(default_factory=Roster)
    shown: dict[tuple[str, str], dict[str, tuple[Any, VideoEvent]]] = field(default_factory=dict)
    notes: dict[object, Any] = field(default_factory=dict)

    def learn_channel(self, event: VideoEvent) -> None:
        """Take the channel from the first event that names it."""
        if self.channel is not None:
            return
        # Whatever happens within a room comes on its channel; its start and end need not.
        if event.lifecycle is not None or event.member_id is not None:
            self.channel = event.channel
        else:
            self.channel = string(mapping(event.body.get("room_session")).get("event_channel"))

    def take(self, event: VideoEvent) -> None:
        """Learn from an event about it."""
        if event.channel == self.channel:
            self.roster.take(event)
            if self.ended is None:
                self._take_values(event)
        if event.type == ROOM_STARTED and self.started is None:
            self.started = event
        if self.ended is not None:
            return
        if event.type == ROOM_ENDED:
            self.ended = event
        elif event.lifecycle is not None and event.media_id is not None:
            key = event.lifecycle.kind, event.media_id
            if event.state is not None and event.state != event.lifecycle.final:
                self.running[key] = event
            else:
                self.running.pop(key, None)

    def _take_values(self, event: VideoEvent) -> None:
        for type_, id_, told in tellings(event, self.id):
            known = self.shown.setdefault((type_, id_), {})
            kept = lasting(told, event.entry)
            known.update({name: (value, event) for name, value in kept.items()})
        if event.type == MEMBER_LEFT and event.member_id is not None:
            self.shown.pop((MEMBER_UPDATED, event.member_id), None)

    def surely_told(self, type_: str, since: VideoEvent | None) -> bool:
        """Whether all events of a type have surely come on the room's channel since an event."""
        return (
            since is not None
            and self.channel is not None
            and self.session.subscriptions.covers(self.channel, type_, since.entry)
        )

    def proof_of_absence(self, member: str) -> VideoEvent | None:
        """What proves that a member is not in the room, and cannot have joined unnoticed since."""
        proof = self.roster.gone.get(member)
        if proof is None and member not in self.roster.present:
            proof = self.roster.whole
        return proof if self.surely_told(MEMBER_JOINED, proof) else None

    def proof_of_presence(self, member: str) -> VideoEvent | None:
        """What proves that a member is in the room, and cannot have left unnoticed since."""
        proof = self.roster.present.get(member)
        return proof if self.surely_told(MEMBER_LEFT, proof) else None

    def contradictions(self, members: list[str]) -> Iterator[tuple[str, str, VideoEvent]]:
        """What a list of all members has wrong: how, whom, and what proves it."""
        listed = set(members)
        proofs = [("lists", each, self.proof_of_absence(each)) for each in members]
        proofs += [
            ("does not list", each, self.proof_of_presence(each))
            for each in self.roster.present
            if each not in listed
        ]
        for how, member, proof in proofs:
            if proof is not None:
                yield how, member, proof


class Started(NamedTuple):
    """A recording, playback or stream that an answered call is known to have started."""

    media: Media
    call: Call


class VideoIndex:
    """What is known of rooms.

    Attributes:
        index: the whole index.
        media: (space, kind, id) -> recording, playback or stream.
        channels: (space, room session id) -> the room's channel.
        room_channels: the channels of rooms, by themselves.
        started: what the last answer says was started by the call that it answers.
        told: all that the last answer describes.
    """

    def __init__(self, index: Index) -> None:
        self.index = index
        self.media: Lives[MediaKey, Media] = Lives()
        self.channels: Recent[tuple[SpaceKey, str], str] = Recent()
        self.room_channels: Recent[str, None] = Recent()
        self.started: list[Started] = []
        self.told = Told((), ())
        self._seen_media: Lives[tuple[Session, str, str], SeenMedia] = Lives()
        self._seen_rooms: Lives[tuple[Session, str], SeenRoom] = Lives()
        self._viewers: dict[tuple[SpaceKey, str], set[Session]] = defaultdict(set)

    @classmethod
    def of(cls, index: Index) -> VideoIndex:
        """The video part of an index."""
        part = index.parts[NAME]
        assert isinstance(part, cls)
        return part

    def seen_media(self, event: VideoEvent) -> SeenMedia | None:
        """What the session knows of what an event is about; None if that is not media."""
        if event.seen_media is not None:
            return event.seen_media
        if event.lifecycle is None or event.media_id is None:
            return None
        key = (event.session, event.lifecycle.kind, event.media_id)
        seen = self._seen_media.get(key)
        if seen is None:
            seen = self._seen_media[key] = SeenMedia(event.lifecycle, event.media_id)
        event.seen_media = seen
        return seen

    @property
    def forgot_media(self) -> bool:
        """Whether a first event may not be the first: what lived too long was forgotten."""
        return self._seen_media.forgot

    def known_media(self, session: Session, kind: str, id_: str) -> SeenMedia | None:
        """What a session knows of a recording, playback or stream; None if it knows nothing."""
        return self._seen_media.get((session, kind, id_))

    def seen_room(self, event: VideoEvent) -> SeenRoom | None:
        """What the session knows of the room session of an event; None if it names none."""
        if event.seen_room is not None:
            return event.seen_room
        if event.room is None:
            return None
        key = (event.session, event.room)
        seen = self._seen_rooms.get(key)
        if seen is None:
            seen = self._seen_rooms[key] = SeenRoom(event.session, event.room)
            self._viewers[self._space(event), event.room].add(event.session)
        seen.learn_channel(event)
        event.seen_room = seen
        return seen

    def known_room(self, session: Session, room: str) -> SeenRoom | None:
        """What a session knows of a room session; None if it knows nothing."""
        return self._seen_rooms.get((session, room))

    def media_of(self, session: Session, entry: Entry, lifecycle: Lifecycle, id_: str) -> Media:
        """The recording, playback or stream of an id, in the space of an entry."""
        key = (self.index.space_of(session, entry), lifecycle.kind, id_)
        media = self.media.get(key)
        if media is None:
            media = self.media[key] = Media(key, lifecycle, id_)
        return media

    def on_call(self, call: Call) -> None:
        """Nothing is learned from what a client asks."""

    def let_go(self) -> None:
        """Let go what the last answer described."""
        self.told = Told((), ())

    def on_answer(self, answer: Answer) -> None:
        """Note what an answer contains, and what the answered call started."""
        self.started.clear()
        self.told = Told.by(answer.result)
        call = answer.call
        if call is None or answer.earlier is not None:
            return
        body = answer.result
        self._note_told(answer.session, answer.entry, self.told)
        for lifecycle in LIFECYCLES.values():
            media_id = string(mapping(body.get(lifecycle.kind)).get("id"))
            if media_id is None or media_id == call.params.get(f"{lifecycle.kind}_id"):
                continue
            known = self.media_of(answer.session, answer.entry, lifecycle, media_id)
            if known.started_by is None:
                known.started_by = call
                room = string(call.params.get("room_session_id")) or ""
                space = self.index.space_of(answer.session, answer.entry)
                known.channel = known.channel or self.channels.get((space, room))
                self.started.append(Started(known, call))

    def on_event(self, event: Event) -> None:
        """Learn from an event."""
        if not isinstance(event, VideoEvent):
            return
        self._note_told(event.session, event.entry, event.told)
        seen = self.seen_media(event)
        if seen is not None:
            seen.take(event)
            media = self.media_of(event.session, event.entry, seen.lifecycle, seen.id)
            media.channel = media.channel or event.channel
            media.told = True
            if event.suffix == ENDED:
                self._seen_media.end((event.session, seen.lifecycle.kind, seen.id))
                self.media.end((self._space(event), seen.lifecycle.kind, seen.id))
        room = self.seen_room(event)
        if room is not None:
            room.take(event)
            if event.type == ROOM_ENDED:
                room.notes.clear()
                room.shown.clear()
                self._end_room(event, room.id)

    def _end_room(self, event: VideoEvent, room: str) -> None:
        """What ran in a room ends with it, also for sessions that do not hear of that.

        For those that do it ends when they hear of it: until then they get what came before.
        """
        place = self._space(event), room
        viewers = self._viewers.pop(place, set())
        waiting = {
            each
            for each in viewers
            if each is not event.session
            and any(each.subscriptions.since(channel, ROOM_ENDED) for channel in channels(event))
        }
        if waiting:
            self._viewers[place] = waiting
        for session in viewers - waiting:
            seen = self._seen_rooms.get((session, room))
            for kind, id_ in seen.running if seen is not None else ():
                self._seen_media.end((session, kind, id_))
                self.media.end((self._space(event), kind, id_))
            self._seen_rooms.end((session, room))
            if seen is not None and seen.channel is not None:
                session.subscriptions.forget(seen.channel)

    def _space(self, event: VideoEvent) -> SpaceKey:
        return self.index.space_of(event.session, event.entry)

    def _note_told(self, session: Session, entry: Entry, told: Told) -> None:
        space = self.index.space_of(session, entry)
        for room in told.rooms:
            id_ = room_id(room)
            if id_ is not None:
                self.index.note_told("room session", id_, space, entry)
                channel = string(room.get("event_channel"))
                if channel is not None:
                    self.channels[space, id_] = channel
                    self.room_channels[channel] = None
        for lifecycle, media in told.media:
            id_ = string(media.get("id"))
            if id_ is not None:
                self.index.note_told(lifecycle.kind, id_, space, entry)


def channels(event: Event) -> Iterator[str]:
    """The channels on which a session may have subscribed an event, its own first.

    Events of all rooms come on channels below ``video.rooms``; the start and end of a room may also
    be subscribed on the room's own channel.
    """
    yield event.channel
    if not event.channel.startswith(f"{ALL_ROOMS}."):
        return
    yield ALL_ROOMS
    room_channel = string(mapping(event.body.get("room_session")).get("event_channel"))
    if event.type in (ROOM_STARTED, ROOM_ENDED) and room_channel is not None:
        yield room_channel


def tellings(event: VideoEvent, room: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """What an event shows of the room and its members: the type of their changes, id, object."""
    room_session = mapping(event.body.get("room_session"))
    if room_session:
        id_ = room_id(room_session) or room
        yield ROOM_UPDATED, id_, room_session
        if "layout_name" in room_session:
            yield LAYOUT_CHANGED, id_, {"layout_name": room_session["layout_name"]}
    for member in items(room_session.get("members")):
        yield MEMBER_UPDATED, string(mapping(member).get("id")) or "", mapping(member)
    if event.member_id is not None and event.type in (MEMBER_JOINED, MEMBER_UPDATED):
        yield MEMBER_UPDATED, event.member_id, mapping(event.body.get("member"))
    if event.type == LAYOUT_CHANGED:
        yield LAYOUT_CHANGED, room, {"layout_name": mapping(event.body.get("layout")).get("name")}


def event_type(lifecycle: Lifecycle, suffix: str) -> str:
    """The type of an event: ``video.recording.started``."""
    return f"{NAME}.{lifecycle.kind}.{suffix}"


def lifecycle_of(name: str) -> Lifecycle | None:
    """The table of what a call or an event is about, by its name: ``video.recording.started``."""
    namespace, _, rest = name.partition(".")
    return LIFECYCLES.get(rest.partition(".")[0]) if namespace == NAME else None


def outcomes_of(lifecycle: Lifecycle, verb: str) -> frozenset[Outcome]:
    """The transitions that a verb can cause; empty for a verb that is not in this table."""
    if verb == START:
        return frozenset({(lifecycle.initial, STARTED)})
    return frozenset(
        transition for (_, known), transition in lifecycle.rows.items() if known == verb
    )


def verb_of(lifecycle: Lifecycle, call: Call) -> str | None:
    """The verb of a lifecycle that a call asks for."""
    prefix, _, verb = call.method.rpartition(".")
    return verb if prefix == f"{NAME}.{lifecycle.kind}" and outcomes_of(lifecycle, verb) else None


def room_id(room: Mapping[str, Any]) -> str | None:
    """The id of a room session; older ``room`` objects call it ``room_session_id`` [T]."""
    return string(room.get("room_session_id")) or string(room.get("id"))


def ids_of(members: list[Any]) -> list[str]:
    """The ids of listed members."""
    ids = (string(mapping(member).get("id")) for member in members)
    return [id_ for id_ in ids if id_ is not None]
