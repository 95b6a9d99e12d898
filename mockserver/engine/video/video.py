"""The video namespace of a space: its rooms, and what the service and the people in them do."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver.engine.activity import Activity
from mockserver.engine.container import Container, listed
from mockserver.engine.delivery import Event
from mockserver.engine.namespace import Namespace
from mockserver.protocol import codec
from mockserver.protocol.documents import TOGETHER, Document, Each, enclosing
from mockserver.protocol.errors import Refusal

from . import layout
from .actions import ACTIONS
from .calls import CALLS
from .media import MEDIA, is_live
from .room import Member, RoomSession, as_older_room
from .settings import ROOM_CLAIM, Limits, RoomSettings

if TYPE_CHECKING:
    from mockserver.engine.grant import Grant
    from mockserver.engine.namespace import Params
    from mockserver.engine.session import Session
    from mockserver.engine.space import Space

ALL_ROOMS = "video.rooms"
"""The channel for all rooms of a project [T]."""

ANY_URL = "*"
"""Stands in ``Video.playable`` for all URLs that are not named there."""

STATE = "video.room.subscribed"
"""The event that shows a subscriber the state of a room [T]."""

ENDED_ROOMS_REMEMBERED = 1_000
"""How many room sessions that have ended are still known as such."""

NAMES_REMEMBERED = 10_000
"""How many rooms keep their settings and their id, so that one that starts again has them again."""

HISTORY_LIMIT = 2_000
"""How many of the last events of rooms are remembered."""

HISTORY_BYTES = 8 * 1_048_576
"""How many bytes they may have; the last one is remembered in any case."""


class Happened(NamedTuple):
    """An event that was made in a room session, whether or not anybody was told.

    Attributes:
        room: the room session.
        data: the frame of the event, encoded: the journal has the same bytes.
    """

    room: RoomSession
    data: bytes

    @property
    def frame(self) -> dict[str, Any]:
        """The frame of the event."""
        return codec.decode(self.data)

    @property
    def id(self) -> str:
        """The event's id."""
        return str(self.frame["id"])

    @property
    def params(self) -> dict[str, Any]:
        """The event's own params."""
        params: dict[str, Any] = self.frame["params"]["params"]
        return params


class Video(Namespace):
    """The rooms of a space. Each change emits the events that it causes.

    Attributes:
        rooms: room session id -> those that are running, oldest first.
        settings: name -> the settings of a room that is known, oldest first.
        history: the last events of rooms, oldest first.
        playable: URL -> ``length_us`` and ``seekable`` of what is played from it, as far as they
            are known; what starts the playback may say otherwise.
    """

    name = "video"
    calls = CALLS
    actions = ACTIONS

    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self.rooms: dict[str, RoomSession] = {}
        self._rooms_channel = f"{ALL_ROOMS}.{space.identities.uuid()}"
        self.settings: dict[str, RoomSettings] = {}
        self.history: deque[Happened] = deque()
        self._history_bytes = 0
        # How many there may be at most; they are counted when that is too many.
        self._people = 0
        self._media = 0
        self._by_name: dict[str, RoomSession] = {}
        self._ended: dict[str, RoomSession] = {}
        self._by_channel: dict[str, RoomSession] = {}
        self._awaiting_state: set[tuple[Session, str]] = set()
        self.playable: dict[str, Mapping[str, Any]] = {}

    @property
    def is_busy(self) -> bool:
        """Whether a room is running."""
        return bool(self.rooms)

    # Channels

    def has_channel(self, channel: str) -> bool:
        """The channel of all rooms, and that of each room that is still remembered."""
        return channel == ALL_ROOMS or channel in self._by_channel

    def channels(self) -> Iterator[str]:
        """The channel of all rooms, then those of the rooms that are running."""
        yield ALL_ROOMS
        for room in self.rooms.values():
            yield room.channel

    def container_on(self, channel: str) -> RoomSession | None:
        """The room session of a channel; None for the channel of all rooms."""
        return self._by_channel.get(channel)

    def subscribed(
        self, session: Session, channel: str, events: list[str], *, first: bool, state: bool
    ) -> Iterator[None] | None:
        """Send ``video.room.subscribed`` to a session that asks for it.

        It comes upon the first subscription to a room's channel, and whenever ``events`` names it:
        the 3.x client waits for it after each of its calls [T].
        """
        room = self._by_channel.get(channel)
        if room is not None and state and (first or STATE in events) and not room.ended:
            self._awaiting_state.add((session, channel))
            return self._emitting_state(session, room)
        return None

    def unsubscribed(self, session: Session, channel: str, events: set[str]) -> None:
        """A session that keeps no subscription on a channel gets no state either."""
        if STATE in events or session.subscriptions.get(channel, set()) - {STATE} <= events:
            self._awaiting_state.discard((session, channel))

    def forgotten(self, session: Session) -> None:
        """A session has ended: it waits for nothing any more."""
        self._awaiting_state = {each for each in self._awaiting_state if each[0] is not session}

    # Rooms

    def check_grant(self, grant: Grant, params: Params) -> None:
        """Make sure that a call is about the room that the token is for, if it is for one [A].

        Raises:
            Refusal: 403, naming both rooms.
        """
        mine = grant.claims.get(ROOM_CLAIM)
        room = self.rooms.get(params.get("room_session_id", ""))
        if mine is not None and room is not None and room.name != mine:
            raise Refusal("403", f"the token is for the room {mine}, not for {room.name}")

    def room(self, room_session_id: str) -> RoomSession:
        """The running room session with this id.

        Raises:
            Refusal: 404, saying whether it has ended and which there are [A].
        """
        room = self.rooms.get(room_session_id)
        if room is None:
            if room_session_id in self._ended:
                raise Refusal("404", f"room session {room_session_id} has ended")
            there = listed(f"{each.id} ({each.name})" for each in self.rooms.values())
            raise Refusal("404", f'no room session "{room_session_id}" here; there is: {there}')
        return room

    def named(self, name: str) -> RoomSession | None:
        """The running room of this name."""
        return self._by_name.get(name)

    def known_as(self, which: str) -> RoomSession | None:
        """The running room of this id or name; of two the one that started first."""
        found = [
            room for room in (self.rooms.get(which), self._by_name.get(which)) if room is not None
        ]
        return min(found, key=lambda room: room.started_at, default=None)

    def ended_room(self, room_session_id: str) -> RoomSession | None:
        """A room session that has ended, if it is still remembered."""
        return self._ended.get(room_session_id)

    def sessions(self) -> Iterator[RoomSession]:
        """All room sessions that are known, running and ended, in the order of starting."""
        known = [*self._ended.values(), *self.rooms.values()]
        return iter(sorted(known, key=lambda room: room.started_at))

    def concerned(self, params: Mapping[str, Any]) -> RoomSession | None:
        """The running room session that a call with these params is about."""
        return self.rooms.get(params.get("room_session_id", ""))

    def container_of(self, params: Mapping[str, Any]) -> RoomSession | None:
        """The room session that a call or an event with these params is about."""
        room_session_id = params.get("room_session_id")
        if not isinstance(room_session_id, str):
            return None
        return self.rooms.get(room_session_id) or self._ended.get(room_session_id)

    def start_room(
        self,
        name: str | None = None,
        *,
        members: int | Iterable[str] = 1,
        display_name: str | None = None,
        key: str | None = None,
    ) -> RoomSession:
        """Start a room: its first members join, for whom no ``video.member.joined`` comes.

        It begins with the settings of the room of this name. What they have run from the start,
        a recording or streams, starts after ``video.room.started``.

        Args:
            name: the room's name; None invents one by the seed.
            members: who is in it from the start: how many, or their names.
            display_name: what people see; what the settings say when None.
            key: what the script calls the room.

        Raises:
            Refusal: 409 when a room of this name is running, 403 when its settings let nobody in,
                429 when a limit of the space is reached.
        """
        limits = self.space.limits
        if len(self.rooms) >= limits.rooms:
            raise limits.refusal("rooms")
        if name is None:
            name = self._fresh_room_name()
        if name in self._by_name:
            raise Refusal("409", f'a room named "{name}" is running already')
        names = [None] * members if isinstance(members, int) else list(members)
        if name in self.settings:
            settings = self.settings[name]
            settings.check_join(self.space.now, len(names))
            self.expect_media(settings.record_on_start + len(settings.streams))
        self._expect_people(len(names))
        uuid = self.space.identities.uuid
        room = RoomSession(
            self.settings_of(name),
            session_id=uuid(),
            channel=f"room.{uuid()}",
            now=self.space.now,
            display_name=display_name,
            key=key,
        )
        self.rooms[room.id] = self._by_name[name] = room
        self._by_channel[room.channel] = room
        self.space.long_work.in_steps(self._beginning(room, names))
        return room

    def _beginning(self, room: RoomSession, names: Iterable[str | None]) -> Iterator[None]:
        """Have the first members join, then start what the settings have run from the start."""
        for member_name in names:
            room.add(self._new_member(room, member_name))
            yield
        self._emit_room("video.room.started", room, everywhere=True)
        yield
        for member in list(room.members.values()):
            self._plan_removal(room, member)
        if room.settings.record_on_start:
            self.start_media(room, "recording")
        for stream_id, url in room.settings.streams.items():
            self.start_media(room, "stream", {"url": url}, stream_id)

    def settings_of(self, name: str, fresh_id: str | None = None) -> RoomSettings:
        """The settings of the room of this name; the usual ones for a room that is not known.

        Args:
            name: the room's name.
            fresh_id: the id of a room that is not known; None draws one.
        """
        fresh_id = fresh_id or self.space.identities.uuid()
        settings = self.settings.setdefault(name, RoomSettings(fresh_id, name, self.space.now))
        if len(self.settings) > NAMES_REMEMBERED:
            del self.settings[next(iter(self.settings))]
        return settings

    def _fresh_room_name(self) -> str:
        while True:
            name = self.space.identities.room_name()
            if name not in self.settings:
                return name

    def end_room(self, room: RoomSession) -> None:
        """End a room session; what runs in it ends first, each with its own event [A].

        Raises:
            Refusal: 404 when it has ended already.
        """
        room.check_running()
        self.end_activities(room)
        room.ended = True
        room.ended_at = self.space.now
        del self.rooms[room.id], self._by_name[room.name]
        self._ended[room.id] = room
        self._emit_room("video.room.ended", room, everywhere=True)
        if len(self._ended) > ENDED_ROOMS_REMEMBERED:
            self._forget_oldest_room()

    def _forget_oldest_room(self) -> RoomSession:
        """Of the rooms that have ended."""
        oldest = self._ended.pop(next(iter(self._ended)))
        del self._by_channel[oldest.channel]
        self.space.subscriptions.forget_channel(oldest.channel)
        self._awaiting_state = {each for each in self._awaiting_state if each[1] != oldest.channel}
        return oldest

    def join(
        self,
        room: RoomSession,
        name: str | None = None,
        *,
        kind: str = "member",
        parent: Member | None = None,
        join_as: str = "member",
        session: Session | None = None,
    ) -> Member:
        """Somebody joins a running room.

        Args:
            room: where.
            name: who; None draws a name by the seed.
            kind: ``member``, ``screen`` or ``device`` [E].
            parent: the member whose screen or device it is.
            join_as: ``member``, or ``audience``: then there is no ``video.member.joined`` [E].
            session: the client's session that this person is, if one is.

        Raises:
            Refusal: 404 when the room has ended, 403 when it is locked [A], when it is full [A],
                and at a time at which its settings or the session's token let nobody in [E]; 429
                when the space is full.
        """
        room.check_running()
        if room.properties["locked"]:
            raise Refusal("403", f"room {room.name} is locked: nobody can join")
        if kind == "member":
            more = 1 if join_as == "member" else 0
            room.settings.check_join(self.space.now, len(room.members) + more)
            _token_limits(session).check_join(self.space.now)
        self._expect_people(1)
        member = self._new_member(room, name, kind=kind, parent=parent, session=session)
        if join_as == "audience":
            room.audience[member.id] = member
            self._emit_audience(room)
        else:
            room.add(member)
            self._emit_in(room, "video.member.joined", member=member.as_wire())
        self._plan_removal(room, member)
        return member

    def _expect_people(self, more: int) -> None:
        """Make sure that so many more can be in the rooms.

        Raises:
            Refusal: 429.
        """
        most = self.space.limits.members
        self._people += more
        if self._people > most:
            # Those who left have been counted, too.
            here = sum(len(room.members) + len(room.audience) for room in self.rooms.values())
            self._people = here
            if here + more > most:
                raise self.space.limits.refusal("members")
            self._people += more

    def expect_media(self, more: int = 1) -> None:
        """Make sure that so many more recordings, playbacks and streams can be kept.

        Raises:
            Refusal: 429.
        """
        most = self.space.limits.recordings
        self._media += more
        if self._media <= most:
            return
        # Those that were expected and did not come have been counted, too.
        here = sum(map(_media_of, self._ended.values())) + sum(map(_media_of, self.rooms.values()))
        while here + more > most and self._ended:
            here -= _media_of(self._forget_oldest_room())
        self._media = here
        if here + more > most:
            raise self.space.limits.refusal("recordings")
        self._media += more

    def _plan_removal(self, room: RoomSession, member: Member) -> None:
        """Have somebody removed when the room's settings or their token say so."""
        limits = (room.settings.limits, _token_limits(member.session))
        times = [when for each in limits if (when := each.removal(member.joined_at)) is not None]

        def remove() -> None:
            if not room.ended and (member.id in room.members or member.id in room.audience):
                self.leave(room, member)

        if times:
            self.space.agenda.add(min(times), remove)

    def leave(self, room: RoomSession, member: Member) -> None:
        """Somebody leaves; when nobody is left, in the audience neither, the room ends.

        Their screens and devices leave before them [A].

        Raises:
            Refusal: 404 when the room has ended or the member is not in it.
        """
        room.check_running()
        if room.audience.pop(member.id, None) is not None:
            self._emit_audience(room)
        else:
            room.find_member(member.id)
            self._take_out(room, member)
        if not room.members and not room.audience:
            self.end_room(room)

    def _take_out(self, room: RoomSession, member: Member) -> None:
        for child in member.children:
            self._take_out(room, child)
        left = member.as_wire()
        room.remove(member, self.space.now)
        self._emit_in(room, "video.member.left", member=left)

    def change_member(self, room: RoomSession, member: Member, values: dict[str, Any]) -> None:
        """Set properties of a member; what really changed is reported, and named in ``updated``.

        Raises:
            Refusal: 404 when the room has ended, 413 for metadata that is too large.
        """
        room.check_running()
        self.check_metadata(values)
        updated = room.change(member, values)
        if updated:
            shown = {**member.as_wire(), "updated": updated}
            self._emit_in(room, "video.member.updated", member=shown)

    def change_room(self, room: RoomSession, values: dict[str, Any]) -> None:
        """Set properties of a room session; what really changed is sent, and named in ``updated``.

        Raises:
            Refusal: 404 when the room has ended, 413 for metadata that is too large.
        """
        room.check_running()
        self.check_metadata(values)
        updated = room.change(room, values)
        if updated:
            self._emit_room("video.room.updated", room, updated=updated)

    def check_metadata(self, values: Mapping[str, Any]) -> None:
        """Make sure that the ``meta`` of some properties, if it is among them, is not too large.

        Raises:
            Refusal: 413.
        """
        meta = values.get("meta")
        if meta and len(codec.encode(meta)) > self.space.limits.metadata:
            raise self.space.limits.refusal("metadata")

    def talk(self, room: RoomSession, member: Member, talking: bool) -> None:
        """Somebody begins to talk, or stops; reported by ``video.member.talking`` [T]."""
        room.check_running()
        if room.change(member, {"talking": talking}):
            shown = {"id": member.id, "talking": talking}
            self._emit_in(room, "video.member.talking", member=shown)

    def set_layout(self, room: RoomSession, name: str, positions: dict[str, str]) -> None:
        """Choose a layout, and perhaps who is where in it.

        Raises:
            Refusal: 404 when the room has ended, or for a layout or member that is not there [A].
        """
        room.check_running()
        if name not in layout.LAYOUTS:
            known = ", ".join(layout.LAYOUTS)
            raise Refusal("404", f'no layout "{name}"; there is: {known}')
        moved = self._positions(room, positions)
        changed = name != room.properties["layout_name"]
        self.change_room(room, {"layout_name": name})
        self._move(room, moved, emit=changed)

    def set_positions(self, room: RoomSession, positions: dict[str, str]) -> None:
        """Ask for positions of members.

        Raises:
            Refusal: 404 when the room has ended, or for a member that is not there [A].
        """
        room.check_running()
        self._move(room, self._positions(room, positions))

    def _positions(self, room: RoomSession, positions: dict[str, str]) -> dict[Member, str]:
        """The members meant; ``self``, the caller's own screen, is nobody in the room here [W]."""
        return {
            room.find_member(member_id): position
            for member_id, position in positions.items()
            if member_id != "self"
        }

    def _move(self, room: RoomSession, moved: dict[Member, str], *, emit: bool = False) -> None:
        self.space.long_work.in_steps(self._moving(room, moved, emit=emit))

    def _moving(self, room: RoomSession, moved: dict[Member, str], *, emit: bool) -> Iterator[None]:
        before = room.positions()
        requested: list[tuple[Member, list[str]]] = []
        for member, position in moved.items():
            updated = room.change(member, {"requested_position": position})
            requested.append((member, updated))
            yield
        after = room.positions()
        yield
        has_layout = emit or any(updated for _, updated in requested)
        for member, updated in requested:
            if before[member.id] != after[member.id]:
                updated.append("current_position")
            if updated:
                shown = {**member.as_wire(), "updated": updated}
                self._emit_in(room, "video.member.updated", member=shown)
                yield
        if has_layout:
            yield from self._emitting_layout(room)

    def promote(self, room: RoomSession, member_id: str, params: dict[str, Any]) -> None:
        """Somebody of the audience becomes a member, with the same id [E].

        A member stays as they are [A]. That ``video.layout.changed`` follows is assumed too [A].

        Raises:
            Refusal: 404 when the room has ended, or nobody has this id; 413 for metadata that is
                too large.
        """
        room.check_running()
        self.check_metadata(params)
        member = room.audience.pop(member_id, None)
        if member is None:
            room.find_member(member_id)
            return
        video_muted = bool(params.get("join_video_muted"))
        member.properties = {
            **member.properties,
            "audio_muted": bool(params.get("join_audio_muted")),
            "video_muted": video_muted,
            "visible": not video_muted,
            "meta": params.get("meta", member.properties["meta"]),
        }
        room.add(member)
        permissions = params.get("permissions", [])
        self.space.long_work.in_steps(self._promoting(room, member, permissions))

    def _promoting(
        self, room: RoomSession, member: Member, permissions: list[str]
    ) -> Iterator[None]:
        self._emit_in(room, "video.member.joined", member=member.as_wire())
        yield
        yield from self._emitting_layout(room)
        yield
        self._emit_audience(room)
        self._emit_authorization(room, member, "member", permissions)

    def demote(self, room: RoomSession, *member_ids: str) -> None:
        """Members become part of the audience, with the same ids [E].

        ``video.member.left`` comes, and a ``video.layout.changed`` in which they are not seen [E].

        Raises:
            Refusal: 404 when the room has ended [A], or there is no such member [E].
        """
        self.space.long_work.in_steps(
            chain.from_iterable(self._demoting(room, each) for each in member_ids)
        )

    def _demoting(self, room: RoomSession, member_id: str) -> Iterator[None]:
        room.check_running()
        if member_id in room.audience:
            return
        member = room.find_member(member_id)
        self._take_out(room, member)
        room.audience[member.id] = member
        yield
        yield from self._emitting_layout(room)
        yield
        self._emit_audience(room)
        self._emit_authorization(room, member, "audience", [])

    def set_audience(self, room: RoomSession, count: int) -> None:
        """So many are in the audience, besides those who joined as audience or were demoted."""
        room.check_running()
        if count != room.listeners:
            room.listeners = count
            self._emit_audience(room)

    def _emit_audience(self, room: RoomSession) -> None:
        self._emit_in(room, "video.room.audience_count", total=room.audience_count)

    def _emitting_layout(self, room: RoomSession) -> Iterator[None]:
        room.positions()
        yield
        layers = Each(room.layers()) if len(room.members) > TOGETHER else None
        params = enclosing({**_ids(room), "layout": room.layout_as_wire(layers)})
        yield from self._emitting(room, "video.layout.changed", params)

    def _emit_authorization(
        self, room: RoomSession, member: Member, join_as: str, permissions: list[str]
    ) -> None:
        """Tell a client that it was promoted or demoted: it alone, not the room [T]."""
        session = member.session
        if session is None:
            return
        allowed = "both" if join_as == "member" else "receive"
        authorization = {
            "type": "video",
            "project": session.project,
            "project_id": session.project,
            "scopes": ["video"],
            "join_as": join_as,
            "user_name": member.name,
            "room": {
                "name": room.name,
                "display_name": room.display_name,
                "scopes": permissions,
                "meta": deepcopy(room.properties["meta"]),
            },
            "signature": session.signature,
            "audio_allowed": allowed,
            "video_allowed": allowed,
            "meta": deepcopy(member.properties["meta"]),
        }
        params = {
            "room_id": room.room_id,
            "room_session_id": room.id,
            "member_id": member.id,
            "authorization": authorization,
        }
        event_type = "video.member.promoted" if join_as == "member" else "video.member.demoted"
        event = Event(event_type, params, room.channel, room, lambda: (session,))
        self.space.delivery.emit(event)

    # Recordings, playbacks and streams

    def start_media(
        self,
        room: RoomSession,
        kind: str,
        params: Mapping[str, Any] | None = None,
        label: str | None = None,
    ) -> Activity:
        """Start a recording, a playback or a stream in a running room.

        Args:
            room: where.
            kind: ``recording``, ``playback`` or ``stream``.
            params: what the call of that name takes, such as ``url``; and ``length_us`` of a
                playback, which otherwise ``playable`` or the seed decides.
            label: what the script calls it.

        Raises:
            Refusal: 404 when the room has ended, or for a layout that is not there; 429 when a
                limit of the space is reached.
        """
        room.check_running()
        self.space.long_work.do_at_once()
        self.expect_media()
        params = dict(params or {})
        if MEDIA[kind].has_length:
            params = {**self.playable.get(params["url"], self.playable.get(ANY_URL, {})), **params}
        identities = self.space.identities
        if MEDIA[kind].has_length and "length_us" not in params and not is_live(params["url"]):
            params["length_us"] = identities.length_us()
        positions = params.get("positions", {})
        if "layout" in params:
            self.set_layout(room, params["layout"], positions)
        else:
            self.set_positions(room, positions)
        media = MEDIA[kind](identities.uuid(), self.space.now, params)
        self.run(room, media, label)
        return media

    def emit_activity(
        self, container: Container, activity: Activity, event: str, *, was_running: bool
    ) -> None:
        """Emit the media's own event, and ``video.room.updated`` when a flag of the room changes.

        The latter [E] for recordings; assumed for streams [A].
        """
        room = _room(container)
        kind, flag = activity.kind, activity.lifecycle.flag
        self._emit_in(room, f"video.{kind}.{event}", **{kind: activity.as_wire(self.space.now)})
        if flag is not None and room.is_running(kind) != was_running:
            self._emit_room("video.room.updated", room, updated=[flag])

    # Events

    def _new_member(self, room: RoomSession, name: str | None, **more: Any) -> Member:
        identities = self.space.identities
        name = name or identities.person_name()
        return Member(room, identities.uuid(), name, now=self.space.now, **more)

    def _emit_in(self, room: RoomSession, event_type: str, **params: Any) -> None:
        self._emit(room, event_type, {**_ids(room), **params})

    def _emit_room(
        self,
        event_type: str,
        room: RoomSession,
        *,
        everywhere: bool = False,
        updated: list[str] | None = None,
    ) -> None:
        room_session = room.as_wire(self.space.now, updated=updated)
        params = {
            **_ids(room),
            "room_session": room_session,
            "room": as_older_room(room_session),
        }
        self._emit(room, event_type, params, everywhere=everywhere)

    def _emitting_state(self, session: Session, room: RoomSession) -> Iterator[None]:
        now = self.space.now
        room_session = room.as_wire(now, full=True)
        # A document can be written once only.
        is_long = isinstance(room_session, Document)
        older = as_older_room(room.as_wire(now, full=True) if is_long else room_session)
        params = {
            "room_session": room_session,
            "room": older,
            "call_id": room.id,
            "member_id": next(iter(room.members), ""),
        }

        def waiting() -> Iterable[Session]:
            return (session,) if (session, room.channel) in self._awaiting_state else ()

        event = Event(STATE, enclosing(params), room.channel, room, waiting)
        yield from self.space.delivery.emitting(event)

    def _emit(
        self,
        room: RoomSession,
        event_type: str,
        params: dict[str, Any],
        *,
        everywhere: bool = False,
    ) -> None:
        """Emit an event to the subscribers of the room; with ``everywhere`` of all rooms, too."""
        channels = (ALL_ROOMS, room.channel) if everywhere else (room.channel,)
        channel = self._rooms_channel if everywhere else room.channel
        room.changed_at = self.space.now
        to = partial(self.space.subscriptions.to, event_type, *channels)
        data = self.space.delivery.emit(Event(event_type, params, channel, room, to))
        self._remember(room, data)

    def _emitting(
        self, room: RoomSession, event_type: str, params: dict[str, Any]
    ) -> Iterator[None]:
        """Emit an event that may have long lists to the subscribers of the room, in steps."""
        room.changed_at = self.space.now
        to = partial(self.space.subscriptions.to, event_type, room.channel)
        event = Event(event_type, params, room.channel, room, to)
        data = yield from self.space.delivery.emitting(event)
        self._remember(room, data)

    def _remember(self, room: RoomSession, data: bytes) -> None:
        self.history.append(Happened(room, data))
        self._history_bytes += len(data)
        while len(self.history) > 1 and (
            len(self.history) > HISTORY_LIMIT or self._history_bytes > HISTORY_BYTES
        ):
            self._history_bytes -= len(self.history.popleft().data)


def _media_of(room: RoomSession) -> int:
    return sum(map(len, room.activities.values()))


def _token_limits(session: Session | None) -> Limits:
    """When the token of a session lets its user in, and for how long."""
    grant = None if session is None else session.grant
    return Limits() if grant is None else Limits.of_claims(grant.claims)


def _ids(room: RoomSession) -> dict[str, Any]:
    return {"room_id": room.room_id, "room_session_id": room.id}


def _room(container: Container) -> RoomSession:
    assert isinstance(container, RoomSession)
    return container
