"""What a space keeps for REST alone, and how REST finds what the engine keeps."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

import orjson

from mockserver.engine import (
    MICROSECONDS,
    Activity,
    PlannedAnswers,
    RoomSession,
    RoomSettings,
    Space,
    Video,
)

from . import mp4
from .errors import RestError, invalid
from .kept import Kept

Kind = Literal["room", "conference"]
Status = Literal["recording", "paused", "processing", "completed"]

STREAMS_KEPT = 10_000
"""Streams, as settings of rooms, that a space holds."""

APPLICATIONS_KEPT = 1_000
"""Domain applications that a space holds."""

APPLICATION_BYTES = 16_384
"""Bytes of a domain application as JSON."""

REQUESTS_KEPT = 1_000
"""Requests that a space remembers for the tester, and the bytes of their paths and bodies."""

REQUEST_BYTES_KEPT = 4_194_304

ROOMS_GONE = 1_000
"""Rooms that the engine has forgotten, of which REST still knows something."""

CONFERENCE_SIZES = {"small": 10, "medium": 50, "large": 300}
"""How many members a conference of each size may have [R]."""

CONFERENCE_TOKENS = {
    "Guest": ("room.self.audio_mute", "room.self.audio_unmute", "room.self.video_mute"),
    "Moderator": ("room.recording", "room.lock", "room.unlock", "room.member.remove"),
}
"""The tokens that a conference has from its making, and some of what they allow [A]."""


@dataclass(slots=True)
class Room:
    """A room or a conference as REST knows it.

    Attributes:
        settings: its settings, which its sessions begin with.
        updated_at: microseconds of space time.
    """

    settings: RoomSettings
    updated_at: int

    @property
    def kind(self) -> Kind:
        """Whether it is a room or a conference."""
        return self.settings.kind

    @property
    def shown(self) -> dict[str, Any]:
        """REST field -> value, for what is only kept and shown."""
        return self.settings.shown


@dataclass(slots=True)
class Stream:
    """A stream as a setting of a room. The engine's stream of the same label is the running one."""

    id: str
    room_id: str
    created_at: int
    updated_at: int


@dataclass(slots=True)
class ConferenceToken:
    """A token of a conference."""

    id: str
    room_id: str
    name: str
    token: str
    scopes: tuple[str, ...]


@dataclass(slots=True)
class Request:
    """A request that came, for those who look on.

    Attributes:
        at: microseconds of space time.
        method: of HTTP.
        path: without query and without the space's own beginning, decoded.
        operation: its id; None when there is none for this path.
        query: name -> all its values.
        body: its JSON; None when it was empty, text when it was no JSON.
        status: of the answer; None until there is one.
    """

    at: int
    method: str
    path: str
    operation: str | None
    query: dict[str, list[str]]
    body: Any
    status: int | None = None


class RestSpace:
    """The REST side of one space.

    Attributes:
        streams: id -> stream setting, oldest first.
        conference_tokens: id -> token, oldest first.
        applications: id -> domain application, as REST shows it.
        planned: status and body that coming requests of an operation are answered with; they
            have no effect then.
        requests: what was asked, oldest first.
        identities: where REST's own ids come from; those of the engine stay what they would be.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self.video = Video.of(space)
        self.identities = space.identities.branch("rest")
        self.streams: dict[str, Stream] = {}
        self.conference_tokens: dict[str, ConferenceToken] = {}
        self.applications: dict[str, dict[str, Any]] = {}
        self._rooms: dict[str, Room] = {}
        self.requests: Kept[Request] = Kept(REQUESTS_KEPT, REQUEST_BYTES_KEPT)
        self.planned: PlannedAnswers[tuple[int, Any]] = PlannedAnswers()

    @property
    def synthesises(self) -> bool:
        """Whether unknown ids are answered with an example instead of 404."""
        return self.space.script.rest.synthesises

    @property
    def now(self) -> int:
        """Microseconds of space time."""
        return self.space.now

    # Rooms

    def rooms(self, kind: Kind) -> list[Room]:
        """The rooms, or the conferences, oldest first.

        A room that a script or a client started is one, too [A].
        """
        found = (self._room(each) for each in self.video.settings.values())
        return [each for each in found if each.kind == kind]

    def room(self, room_id: str, kind: Kind | None = None) -> Room:
        """The room of this id.

        Raises:
            RestError: 404.
        """
        for settings in self.video.settings.values():
            if settings.room_id == room_id:
                room = self._room(settings)
                if kind in (None, room.kind):
                    return room
        raise RestError(404)

    def room_named(self, name: str) -> Room:
        """The room of this name.

        Raises:
            RestError: 404.
        """
        settings = self.video.settings.get(name)
        if settings is None or (room := self._room(settings)).kind != "room":
            raise RestError(404)
        return room

    def add_room(self, name: str, kind: Kind) -> Room:
        """Make a room; nobody else may have its name."""
        settings = self.video.settings_of(name, self.identities.uuid())
        settings.kind = kind
        return self._keep(Room(settings, self.now))

    def remove_room(self, room: Room) -> None:
        """Delete a room; a session of it goes on [A]."""
        del self.video.settings[room.settings.name]
        self._rooms.pop(room.settings.room_id, None)
        for each in self.streams_of(room):
            del self.streams[each.id]
        tokens = self.conference_tokens
        for token_id in [each.id for each in self.tokens_of(room)]:
            del tokens[token_id]

    def running(self, room: Room) -> RoomSession | None:
        """The session of a room that runs now, if one does."""
        running = self.video.named(room.settings.name)
        return running if running is not None and running.room_id == room.settings.room_id else None

    def is_room_there(self, room: RoomSession) -> bool:
        """Whether the room of a session has not been deleted."""
        settings = self.video.settings.get(room.name)
        return settings is not None and settings.room_id == room.room_id

    def begun_with(self, room: RoomSession) -> Room:
        """The room of a session as it was when the session began."""
        return Room(room.settings, room.started_at)

    def _room(self, settings: RoomSettings) -> Room:
        known = self._rooms.get(settings.room_id)
        return self._keep(Room(settings, settings.created_at)) if known is None else known

    def _keep(self, room: Room) -> Room:
        self._rooms[room.settings.room_id] = room
        if len(self._rooms) > len(self.video.settings) + ROOMS_GONE:
            self._forget_gone()
        return room

    def _forget_gone(self) -> None:
        """Forget what belongs to rooms that the engine has forgotten."""
        there = {each.room_id for each in self.video.settings.values()}
        self._rooms = {id: room for id, room in self._rooms.items() if id in there}
        self.streams = {id: each for id, each in self.streams.items() if each.room_id in there}
        self.conference_tokens = {
            id: each for id, each in self.conference_tokens.items() if each.room_id in there
        }

    # Room sessions

    def sessions(self) -> list[RoomSession]:
        """The room sessions that are known, newest first."""
        return list(self.video.sessions())[::-1]

    def session(self, room_session_id: str) -> RoomSession:
        """The room session with this id, running or ended.

        Raises:
            RestError: 404.
        """
        room = self.video.rooms.get(room_session_id) or self.video.ended_room(room_session_id)
        if room is None:
            raise RestError(404)
        return room

    # Recordings

    def recordings(self) -> list[tuple[RoomSession, Activity]]:
        """All recordings with their room sessions, newest first."""
        return sorted(self._recordings(), key=lambda each: each[1].started_at, reverse=True)

    def recording(self, recording_id: str) -> tuple[RoomSession, Activity]:
        """A recording and its room session.

        Raises:
            RestError: 404.
        """
        for room, recording in self._recordings():
            if recording.id == recording_id:
                return room, recording
        raise RestError(404)

    def _recordings(self) -> Iterator[tuple[RoomSession, Activity]]:
        for room in self.video.sessions():
            for recording in room.activities["recording"].values():
                yield room, recording

    def completed_at(self, recording: Activity) -> int | None:
        """When the file of a recording is ready; None while it runs."""
        if recording.ended_at is None:
            return None
        return recording.ended_at + self.space.script.rest.processing_us

    def status_of(self, recording: Activity) -> Status:
        """How a recording stands: REST has ``processing`` between its end and its file [R]."""
        ready = self.completed_at(recording)
        if ready is None:
            return "paused" if recording.state == "paused" else "recording"
        return "completed" if self.now >= ready else "processing"

    def media_link(self, origin: str, recording: Activity, ttl_s: int) -> str:
        """Where the file of a recording can be fetched.

        Args:
            origin: scheme and host that were asked.
            recording: a completed one.
            ttl_s: for how many seconds of space time.
        """
        expires = self.now // MICROSECONDS + ttl_s
        signature = self._signature(recording.id, expires)
        name = quote(self.space.name, safe="")
        return f"{origin}/media/{name}/{recording.id}.mp4?expires={expires}&signature={signature}"

    def file(self, recording_id: str, expires: str, signature: str) -> bytes:
        """The file that a link leads to.

        Raises:
            RestError: 403 when the link has expired or is not ours [A], 404 when the recording was
                deleted.
        """
        genuine = hmac.compare_digest(
            signature.encode(), self._signature(recording_id, expires).encode()
        )
        if not genuine or self.now >= int(expires) * MICROSECONDS:
            raise RestError(403)
        self.recording(recording_id)
        return mp4.video()

    def _signature(self, recording_id: str, expires: int | str) -> str:
        key = self.space.identities.secret("media")
        return hmac.digest(key, f"{recording_id} {expires}".encode(), "sha256").hex()[:32]

    # Streams

    def streams_of(self, room: Room) -> list[Stream]:
        """The stream settings of a room, oldest first."""
        return [each for each in self.streams.values() if each.room_id == room.settings.room_id]

    def stream(self, stream_id: str) -> tuple[Room, Stream]:
        """A stream setting and its room.

        Raises:
            RestError: 404.
        """
        found = self.streams.get(stream_id)
        if found is None:
            raise RestError(404)
        return self.room(found.room_id), found

    def set_stream(self, room: Room, stream: Stream, url: str) -> None:
        """Have all sessions of the room streamed to this URL, the running one from now on [A].

        Raises:
            Refusal: 429 when a limit of the space is reached.
            RestError: 422 when there are as many streams as can be.
        """
        running = self.running(room)
        if stream.id not in self.streams and len(self.streams) >= STREAMS_KEPT:
            raise invalid(None, f"this space holds at most {STREAMS_KEPT} streams: delete some")
        if running is not None:
            self.video.expect_media()
        self.streams[stream.id] = stream
        if room.settings.streams.get(stream.id) == url:
            return
        self._stop(room, stream)
        room.settings.streams[stream.id] = url
        if running is not None:
            self.video.start_media(running, "stream", {"url": url}, stream.id)

    def remove_stream(self, room: Room, stream: Stream) -> None:
        """Stream no session of the room there any more; what runs stops [A]."""
        self._stop(room, stream)
        del self.streams[stream.id], room.settings.streams[stream.id]

    def _stop(self, room: Room, stream: Stream) -> None:
        running = self.running(room)
        media = None if running is None else running.labels.get(("stream", stream.id))
        if running is not None and media is not None and not media.has_ended:
            self.video.apply(running, media, "stop")

    # Domain applications

    def set_application(self, application: dict[str, Any]) -> None:
        """Keep a domain application, new or changed.

        Raises:
            RestError: 422 when it is too large, or when there are as many as can be.
        """
        if len(orjson.dumps(application)) > APPLICATION_BYTES:
            most = APPLICATION_BYTES
            raise invalid(None, f"a domain application has at most {most} bytes as JSON here")
        if application["id"] not in self.applications and (
            len(self.applications) >= APPLICATIONS_KEPT
        ):
            most = APPLICATIONS_KEPT
            raise invalid(None, f"this space holds at most {most} domain applications: delete some")
        self.applications[application["id"]] = application

    # Conferences

    def tokens_of(self, room: Room) -> list[ConferenceToken]:
        """The tokens of a conference, oldest first."""
        mine = self.conference_tokens.values()
        return [each for each in mine if each.room_id == room.settings.room_id]

    def add_conference_tokens(self, room: Room) -> None:
        """Give a new conference its tokens."""
        for name, scopes in CONFERENCE_TOKENS.items():
            token = ConferenceToken(
                self.identities.uuid(), room.settings.room_id, name, self.fresh_token(), scopes
            )
            self.conference_tokens[token.id] = token

    def fresh_token(self) -> str:
        """The text of a conference's token: ``vpt_`` and 32 hexadecimal digits [R]."""
        return f"vpt_{self.identities.uuid().replace('-', '')}"
