"""The video part of the index: rooms, and the recordings, playbacks and streams in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mockserver.contract.index import Answer, Call, Event, Index, Session, SpaceKey
from mockserver.contract.trace import Entry
from mockserver.contract.values import items, mapping, string
from mockserver.protocol.lifecycles import LIFECYCLES, Lifecycle

NAME = "video"
ROOM_STARTED = "video.room.started"
ROOM_ENDED = "video.room.ended"
ROOM_UPDATED = "video.room.updated"
ROOM_SUBSCRIBED = "video.room.subscribed"
ALL_ROOMS = "video.rooms"
MEMBER_PREFIX = "video.member."


@dataclass(slots=True, eq=False)
class VideoEvent(Event):
    """An event about a room session, a member, or what runs in the room.

    Attributes:
        room: the id of the room session that it is about.
        lifecycle: the table of the recording, playback or stream it is about; None for others.
        media: the recording, playback or stream that it is about; empty when there is none.
    """

    room: str | None = None
    lifecycle: Lifecycle | None = None
    media: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        body = self.body
        self.lifecycle = lifecycle_of(self.type)
        if self.lifecycle is not None:
            self.media = mapping(body.get(self.lifecycle.kind))
        self.room = (
            string(body.get("room_session_id"))
            or room_id(mapping(body.get("room_session")))
            or room_id(mapping(body.get("room")))
            or string(self.media.get("room_session_id"))
        )

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


class Telling(NamedTuple):
    """One mention of a recording, playback or stream to a session, in an event or an answer."""

    entry: Entry
    media: Mapping[str, Any]


@dataclass(slots=True, eq=False)
class Media:
    """What the trace tells about one recording, playback or stream, to whichever session.

    Attributes:
        lifecycle: the table by which it lives.
        id: its id.
        tellings: every mention by the server, in order; never empty.
        actions: the client calls that name it, in order.
        started_by: the first call whose answer told of it without having named it.
        channel: the channel its events come on, or its room session's; None if neither was seen.
    """

    lifecycle: Lifecycle
    id: str
    tellings: list[Telling] = field(default_factory=list)
    actions: list[Call] = field(default_factory=list)
    started_by: Call | None = None
    channel: str | None = None


@dataclass(slots=True, eq=False)
class Seen:
    """What one session was sent about rooms.

    Attributes:
        events: the events of video, in order.
        media: kind and id of a recording, playback or stream -> the events about it, in order.
        rooms: room session id -> the events about it, in order.
    """

    events: list[VideoEvent] = field(default_factory=list)
    media: dict[tuple[str, str], list[VideoEvent]] = field(
        default_factory=lambda: defaultdict(list)
    )
    rooms: dict[str, list[VideoEvent]] = field(default_factory=lambda: defaultdict(list))


class VideoIndex:
    """What a trace has about rooms, put together.

    Attributes:
        index: the whole index.
        media: (space, kind, id) -> recording, playback or stream.
        seen: session -> what it was sent.
    """

    def __init__(self, index: Index) -> None:
        self.index = index
        self.media: dict[tuple[SpaceKey, str, str], Media] = {}
        self.seen: dict[Session, Seen] = defaultdict(Seen)
        self._channels: dict[tuple[SpaceKey, str], str] = {}

    @classmethod
    def of(cls, index: Index) -> VideoIndex:
        """The video part of an index."""
        part = index.parts[NAME]
        assert isinstance(part, cls)
        return part

    def rooms(self) -> Iterator[tuple[Session, str, list[VideoEvent]]]:
        """Every room session as one session saw it: its id, and the events about it in order."""
        for session, seen in self.seen.items():
            for room, events in seen.rooms.items():
                yield session, room, events

    def on_call(self, call: Call) -> None:
        """Note the calls that name a recording, playback or stream."""
        for lifecycle in LIFECYCLES.values():
            media_id = string(call.params.get(f"{lifecycle.kind}_id"))
            if media_id is not None:
                self._media(call.session, call.entry, lifecycle, media_id).actions.append(call)

    def on_event(self, event: Event) -> None:
        """Put an event to the others about the same room, recording, playback or stream."""
        if not isinstance(event, VideoEvent):
            return
        session = event.session
        seen = self.seen[session]
        seen.events.append(event)
        if event.room is not None:
            seen.rooms[event.room].append(event)
        self._note_told(session, event.entry, event.body)
        media_id = event.media_id
        if event.lifecycle is not None and media_id is not None:
            seen.media[event.lifecycle.kind, media_id].append(event)
            known = self._media(session, event.entry, event.lifecycle, media_id)
            known.channel = known.channel or event.channel

    def on_answer(self, session: Session, answer: Answer) -> None:
        """Note what an answer tells, and what the answered call started."""
        call = answer.call
        if call is None:
            return
        body = mapping((answer.entry.frame or {}).get("result"))
        self._note_told(session, answer.entry, body)
        for lifecycle in LIFECYCLES.values():
            media_id = string(mapping(body.get(lifecycle.kind)).get("id"))
            if media_id is None or media_id == call.params.get(f"{lifecycle.kind}_id"):
                continue
            known = self._media(session, answer.entry, lifecycle, media_id)
            known.started_by = known.started_by or call

    def finish(self) -> None:
        """Find the channels of what was started, but not heard of in events."""
        for (space_key, _, _), media in self.media.items():
            start = media.started_by
            if media.channel is None and start is not None:
                room = string(start.params.get("room_session_id")) or ""
                media.channel = self._channels.get((space_key, room))

    def _note_told(self, session: Session, entry: Entry, body: Mapping[str, Any]) -> None:
        space = self.index.space_of(session, entry)
        for told in told_rooms(body):
            id_ = room_id(told)
            if id_ is not None:
                self.index.note_told("room session", id_, space, entry)
                channel = string(told.get("event_channel"))
                if channel is not None:
                    self._channels[space, id_] = channel
        for lifecycle, told in told_media(body):
            id_ = string(told.get("id"))
            if id_ is not None:
                self.index.note_told(lifecycle.kind, id_, space, entry)
                self._media(session, entry, lifecycle, id_).tellings.append(Telling(entry, told))

    def _media(self, session: Session, entry: Entry, lifecycle: Lifecycle, id_: str) -> Media:
        key = (self.index.space_of(session, entry), lifecycle.kind, id_)
        media = self.media.get(key)
        if media is None:
            media = self.media[key] = Media(lifecycle, id_)
        return media


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


def lifecycle_of(name: str) -> Lifecycle | None:
    """The table of what a call or an event is about, by its name: ``video.recording.started``."""
    namespace, _, rest = name.partition(".")
    return LIFECYCLES.get(rest.partition(".")[0]) if namespace == NAME else None


def told_rooms(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The room sessions that an event or a result describes."""
    for told in (body.get("room_session"), body.get("room"), *items(body.get("rooms"))):
        if isinstance(told, Mapping):
            yield told


def told_media(body: Mapping[str, Any]) -> Iterator[tuple[Lifecycle, Mapping[str, Any]]]:
    """The recordings, playbacks and streams that an event or a result describes.

    Also those inside a room session; the older ``room`` beside one tells the same once more.
    """
    room = body.get("room_session", body.get("room"))
    places = (body, *map(mapping, (room, *items(body.get("rooms")))))
    for kind, lifecycle in LIFECYCLES.items():
        single = body.get(kind)
        if isinstance(single, Mapping):
            yield lifecycle, single
        for place in places:
            for told in items(place.get(f"{kind}s")):
                if isinstance(told, Mapping):
                    yield lifecycle, told


def room_channel(events: Iterable[VideoEvent]) -> str | None:
    """The channel of a room session, by the events about it; None when none tells it."""
    for event in events:
        # Whatever happens within a room comes on its channel; its start and end need not.
        if event.lifecycle is not None or event.member_id is not None:
            return event.channel
        channel = string(mapping(event.body.get("room_session")).get("event_channel"))
        if channel is not None:
            return channel
    return None


def room_id(room: Mapping[str, Any]) -> str | None:
    """The id of a room session; older ``room`` objects call it ``room_session_id`` [T]."""
    return string(room.get("room_session_id")) or string(room.get("id"))
