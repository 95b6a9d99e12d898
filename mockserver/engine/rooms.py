"""The rooms of a space, and what the service and the people in them do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mockserver.protocol.errors import Refusal
from mockserver.protocol.lifecycles import LIFECYCLES

from . import layout
from .media import MEDIA, Media
from .room import Member, RoomSession, as_older_room

if TYPE_CHECKING:
    from .agenda import Agenda
    from .identity import Identities

ALL_ROOMS = "video.rooms"
"""The channel for all rooms of a project [T]."""

ENDED_ROOMS_REMEMBERED = 1_000
"""How many room sessions that have ended are still known as such."""


def _changed(properties: dict[str, Any], values: dict[str, Any]) -> list[str]:
    """Set properties; returns the names of those that are other than before."""
    updated = [name for name, value in values.items() if properties[name] != value]
    properties.update(values)
    return updated


class Rooms(ABC):
    """What happens in rooms; each change tells what it caused by ``emit``, to whom it may concern.

    Attributes:
        rooms: room session id -> those that are running, oldest first.
    """

    now: int
    agenda: Agenda
    identities: Identities

    def __init__(self) -> None:
        self.rooms: dict[str, RoomSession] = {}
        self._rooms_channel = f"{ALL_ROOMS}.{self.identities.uuid()}"
        self._room_ids: dict[str, str] = {}
        self._ended: dict[str, RoomSession] = {}
        self._by_channel: dict[str, RoomSession] = {}

    @abstractmethod
    def emit(
        self,
        event_type: str,
        room: RoomSession,
        params: dict[str, Any],
        *,
        channel: str | None = None,
    ) -> None:
        """Tell an event of a room.

        Args:
            event_type: ``video.recording.started``, ….
            room: the room session it is about.
            params: the event's own parameters.
            channel: what ``event_channel`` says; the room's own channel when None.
        """

    @abstractmethod
    def forget_channel(self, channel: str) -> None:
        """Nothing will be told on this channel any more."""

    def room(self, room_session_id: str) -> RoomSession:
        """The running room session with this id.

        Raises:
            Refusal: 404, saying whether it has ended and which there are [A].
        """
        room = self.rooms.get(room_session_id)
        if room is None:
            if room_session_id in self._ended:
                raise Refusal("404", f"room session {room_session_id} has ended")
            there = ", ".join(f"{each.id} ({each.name})" for each in self.rooms.values())
            raise Refusal(
                "404", f'no room session "{room_session_id}" here; there is: {there or "none"}'
            )
        return room

    def ended_room(self, room_session_id: str) -> RoomSession | None:
        """A room session that has ended, if it is still remembered."""
        return self._ended.get(room_session_id)

    def start_room(
        self,
        name: str | None = None,
        *,
        members: int | Iterable[str] = 1,
        display_name: str | None = None,
        key: str | None = None,
    ) -> RoomSession:
        """Start a room: its first members join, for whom no ``video.member.joined`` is told.

        Args:
            name: the room's name; None invents one by the seed.
            members: who is in it from the start: how many, or their names.
            display_name: what people see; the name when None.
            key: what the script calls the room.

        Raises:
            Refusal: 409 when a room of this name is running.
        """
        if name is None:
            name = self._fresh_room_name()
        if any(room.name == name for room in self.rooms.values()):
            raise Refusal("409", f'a room named "{name}" is running already')
        uuid = self.identities.uuid
        room = RoomSession(
            room_id=self._room_ids.setdefault(name, uuid()),
            session_id=uuid(),
            channel=f"room.{uuid()}",
            name=name,
            display_name=display_name or name,
            key=key,
        )
        self.rooms[room.id] = room
        self._by_channel[room.channel] = room
        names = [None] * members if isinstance(members, int) else list(members)
        for member_name in names:
            self._add_member(room, member_name)
        self._emit_room("video.room.started", room, everywhere=True)
        return room

    def _fresh_room_name(self) -> str:
        while True:
            name = self.identities.room_name()
            if name not in self._room_ids:
                return name

    def end_room(self, room: RoomSession) -> None:
        """End a room session; what runs in it ends first, each with its own event [A].

        Raises:
            Refusal: 404 when it has ended already.
        """
        self.room(room.id)
        for kind in LIFECYCLES:
            for media in room.running(kind):
                self.act(room, media, "stop")
        room.ended = True
        del self.rooms[room.id]
        self._ended[room.id] = room
        self._emit_room("video.room.ended", room, everywhere=True)
        if len(self._ended) > ENDED_ROOMS_REMEMBERED:
            oldest = self._ended.pop(next(iter(self._ended)))
            del self._by_channel[oldest.channel]
            self.forget_channel(oldest.channel)

    def join(self, room: RoomSession, name: str | None = None) -> Member:
        """Somebody joins a running room.

        Raises:
            Refusal: 404 when the room has ended, 403 when it is locked [A].
        """
        self.room(room.id)
        if room.properties["locked"]:
            raise Refusal("403", f"room {room.name} is locked: nobody can join")
        member = self._add_member(room, name)
        self._emit_in(room, "video.member.joined", member=member.as_wire())
        return member

    def leave(self, room: RoomSession, member: Member) -> None:
        """Somebody leaves; when nobody is left, in the audience neither, the room ends.

        Raises:
            Refusal: 404 when the room has ended or the member is not in it.
        """
        self.room(room.id)
        told = room.find_member(member.id).as_wire()
        del room.members[member.id]
        self._emit_in(room, "video.member.left", member=told)
        if not room.members and not room.audience:
            self.end_room(room)

    def change_member(self, room: RoomSession, member: Member, values: dict[str, Any]) -> None:
        """Set properties of a member; what really changed is told, and named in ``updated``.

        Raises:
            Refusal: 404 when the room has ended.
        """
        self.room(room.id)
        updated = _changed(member.properties, values)
        if updated:
            told = {**member.as_wire(), "updated": updated}
            self._emit_in(room, "video.member.updated", member=told)

    def change_room(self, room: RoomSession, values: dict[str, Any]) -> None:
        """Set properties of a room session; what really changed is told, and named in ``updated``.

        Raises:
            Refusal: 404 when the room has ended.
        """
        self.room(room.id)
        updated = _changed(room.properties, values)
        if updated:
            self._emit_room("video.room.updated", room, updated=updated)

    def talk(self, room: RoomSession, member: Member, talking: bool) -> None:
        """Somebody begins to talk, or stops; told by ``video.member.talking`` [T]."""
        self.room(room.id)
        if _changed(member.properties, {"talking": talking}):
            told = {"id": member.id, "talking": talking}
            self._emit_in(room, "video.member.talking", member=told)

    def set_layout(self, room: RoomSession, name: str, positions: dict[str, str]) -> None:
        """Choose a layout, and perhaps who is where in it.

        Raises:
            Refusal: 404 when the room has ended, or for a layout or member that is not there [A].
        """
        self.room(room.id)
        if name not in layout.LAYOUTS:
            known = ", ".join(layout.LAYOUTS)
            raise Refusal("404", f'no layout "{name}"; there is: {known}')
        moved = self._positions(room, positions)
        changed = name != room.properties["layout_name"]
        self.change_room(room, {"layout_name": name})
        self._move(room, moved, tell=changed)

    def set_positions(self, room: RoomSession, positions: dict[str, str]) -> None:
        """Ask for positions of members.

        Raises:
            Refusal: 404 when the room has ended, or for a member that is not there [A].
        """
        self.room(room.id)
        self._move(room, self._positions(room, positions))

    def _positions(self, room: RoomSession, positions: dict[str, str]) -> dict[Member, str]:
        """The members meant; ``self``, the caller's own screen, is nobody in the room here [W]."""
        return {
            room.find_member(member_id): position
            for member_id, position in positions.items()
            if member_id != "self"
        }

    def _move(self, room: RoomSession, moved: dict[Member, str], *, tell: bool = False) -> None:
        before = room.positions()
        requested = {
            member: _changed(member.properties, {"requested_position": position})
            for member, position in moved.items()
        }
        after = room.positions()
        for member, updated in requested.items():
            if before[member.id] != after[member.id]:
                updated.append("current_position")
            if updated:
                told = {**member.as_wire(), "updated": updated}
                self._emit_in(room, "video.member.updated", member=told)
        if tell or any(requested.values()):
            self._emit_in(room, "video.layout.changed", layout=room.layout_as_wire())

    def promote(self, room: RoomSession, member_id: str, params: dict[str, Any]) -> None:
        """Somebody of the audience becomes a member; of a member nothing changes [A].

        Raises:
            Refusal: 404 when the room has ended, or nobody has this id.
        """
        self.room(room.id)
        member = room.audience.pop(member_id, None)
        if member is None:
            room.find_member(member_id)
            return
        member.properties["audio_muted"] = bool(params.get("join_audio_muted"))
        member.properties["video_muted"] = bool(params.get("join_video_muted"))
        member.properties["visible"] = not member.properties["video_muted"]
        if "meta" in params:
            member.properties["meta"] = params["meta"]
        room.members[member.id] = member
        self._emit_in(room, "video.member.joined", member=member.as_wire())
        self._tell_audience(room)

    def demote(self, room: RoomSession, member_id: str) -> None:
        """A member becomes one of the audience, and is a member no more [A].

        Raises:
            Refusal: 404 when the room has ended, or there is no such member.
        """
        self.room(room.id)
        if member_id in room.audience:
            return
        member = room.find_member(member_id)
        told = member.as_wire()
        room.audience[member.id] = room.members.pop(member.id)
        self._emit_in(room, "video.member.left", member=told)
        self._tell_audience(room)

    def set_audience(self, room: RoomSession, count: int) -> None:
        """So many are in the audience, besides those who were demoted."""
        self.room(room.id)
        if count != room.listeners:
            room.listeners = count
            self._tell_audience(room)

    def _tell_audience(self, room: RoomSession) -> None:
        total = len(room.audience) + room.listeners
        self._emit_in(room, "video.room.audience_count", total=total)

    def start_media(
        self,
        room: RoomSession,
        kind: str,
        params: Mapping[str, Any] | None = None,
        label: str | None = None,
    ) -> Media:
        """Start a recording, a playback or a stream in a running room.

        Args:
            room: where.
            kind: ``recording``, ``playback`` or ``stream``.
            params: what the call of that name takes, such as ``url``; and ``length_us`` of a
                playback, which the seed decides otherwise.
            label: what the script calls it.

        Raises:
            Refusal: 404 when the room has ended, or for a layout that is not there.
        """
        self.room(room.id)
        params = dict(params or {})
        if MEDIA[kind].has_length and "length_us" not in params:
            params["length_us"] = self.identities.length_us()
        positions = params.get("positions", {})
        if "layout" in params:
            self.set_layout(room, params["layout"], positions)
        else:
            self.set_positions(room, positions)
        was_running = bool(room.running(kind))
        media = MEDIA[kind](self.identities.uuid(), self.now, params)
        room.media[kind][media.id] = media
        if label is not None:
            room.labels[label] = media
        self._emit_media(room, media, "started", was_running)
        self._watch_end(room, media)
        return media

    def act(
        self, room: RoomSession, media: Media, verb: str, params: Mapping[str, Any] | None = None
    ) -> None:
        """Pause, resume, stop, …; the table of its kind decides.

        Raises:
            Refusal: 404 when the room has ended, 409 when the state does not allow it [A].
        """
        self.room(room.id)
        was_running = bool(room.running(media.kind))
        event = media.act(verb, self.now, params or {})
        self._emit_media(room, media, event, was_running)
        self._watch_end(room, media)

    def _watch_end(self, room: RoomSession, media: Media) -> None:
        """Stop it when it will have come to its end, unless that has changed by then."""
        end = media.ends_by_itself_at()
        if end is None:
            return

        def stop() -> None:
            if not media.has_ended and media.ends_by_itself_at() == self.now:
                self.act(room, media, "stop")

        self.agenda.add(max(end, self.now), stop)

    def _add_member(self, room: RoomSession, name: str | None) -> Member:
        member = Member(room, self.identities.uuid(), name or self.identities.person_name())
        room.members[member.id] = member
        return member

    def _emit_media(self, room: RoomSession, media: Media, event: str, was_running: bool) -> None:
        kind, flag = media.kind, media.lifecycle.flag
        self._emit_in(room, f"video.{kind}.{event}", **{kind: media.as_wire(self.now)})
        if flag is not None and bool(room.running(kind)) != was_running:
            # That its change is told at all is assumed [A].
            self._emit_room("video.room.updated", room, updated=[flag])

    def _emit_in(self, room: RoomSession, event_type: str, **params: Any) -> None:
        ids = {"room_id": room.room_id, "room_session_id": room.id}
        self.emit(event_type, room, {**ids, **params})

    def _emit_room(
        self,
        event_type: str,
        room: RoomSession,
        *,
        everywhere: bool = False,
        updated: list[str] | None = None,
    ) -> None:
        room_session = room.as_wire(self.now, updated=updated)
        older = as_older_room(room_session)
        self.emit(
            event_type,
            room,
            {
                "room_id": room.room_id,
                "room_session_id": room.id,
                "room_session": room_session,
                "room": older,
            },
            channel=self._rooms_channel if everywhere else None,
        )
