"""Rooms: their members, what runs in them, and how they look on the wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mockserver.engine.container import Container, listed
from mockserver.protocol.documents import Each, enclosing, few_or_each
from mockserver.protocol.errors import Refusal
from mockserver.protocol.lifecycles import LIFECYCLES

from . import layout
from .media import MEDIA
from .properties import MEMBER_PROPERTIES, ROOM_PROPERTIES, changed, copied, initial
from .settings import RoomSettings

if TYPE_CHECKING:
    from mockserver.engine.session import Session

_PLACING = frozenset({"requested_position", "layout_name"})
"""Properties on which it depends where members are."""

FORMER_MEMBERS_REMEMBERED = 1_000
"""How many members who left a room session are still known to have been there."""


class Member:
    """Somebody in a room session, or a screen or device of theirs.

    Attributes:
        type: ``member``, ``screen`` or ``device`` [T].
        parent: whose screen or device it is.
        children: their screens and devices that are in the room.
        session: the client's session that this member is; None for people whom no client is.
        properties: the rest of it. A change puts another dict here, so that what has this one
            keeps what was.
        joined_at, left_at: microseconds of space time; left_at is None while they are a member.
    """

    __slots__ = (
        "_shown",
        "children",
        "id",
        "joined_at",
        "left_at",
        "name",
        "parent",
        "properties",
        "room",
        "session",
        "type",
    )

    def __init__(
        self,
        room: RoomSession,
        member_id: str,
        name: str,
        *,
        now: int,
        kind: str = "member",
        parent: Member | None = None,
        session: Session | None = None,
    ) -> None:
        self.room = room
        self.id = member_id
        self.name = name
        self.type = kind
        self.parent = parent
        self.children: tuple[Member, ...] = ()
        self.session = session
        self.joined_at = now
        self.left_at: int | None = None
        self.properties = initial(MEMBER_PROPERTIES)
        # Of what it was made last, and where: a room of many members is shown often.
        self._shown: tuple[dict[str, Any], str, dict[str, Any]] | None = None

    def as_wire(self) -> dict[str, Any]:
        """The ``member`` object of the protocol. It is shared: do not change it."""
        return self.as_wire_at(self.room.positions().get(self.id, layout.OFF_CANVAS))

    def as_wire_at(self, position: str) -> dict[str, Any]:
        """The same, for whoever knows where on the canvas they are."""
        shown = self._shown
        if shown is None or shown[0] is not self.properties or shown[1] != position:
            wire = self.as_wire_with(self.properties, position)
            shown = self._shown = (self.properties, position, wire)
        return shown[2]

    def as_wire_with(self, properties: Mapping[str, Any], position: str) -> dict[str, Any]:
        """The ``member`` object with these properties, at this position: as it was once."""
        return {
            "id": self.id,
            "room_id": self.room.room_id,
            "room_session_id": self.room.id,
            "name": self.name,
            "type": self.type,
            **({} if self.parent is None else {"parent_id": self.parent.id}),
            "current_position": position,
            **copied(properties),
        }


class RoomSession(Container):
    """One session of a room, from its first member to its end.

    Attributes:
        members: who is in it, in the order of joining; change it by ``add`` and ``remove`` only.
        audience: who is there without being a member.
        listeners: how many more are in the audience.
        settings: those of the room when this session began.
        started_at, ended_at, changed_at: microseconds of space time; ended_at is None while it
            runs, and changed_at is when something last happened in it.
    """

    noun = "room session"
    kinds = MEDIA

    __slots__ = (
        "_former",
        "_placing",
        "audience",
        "changed_at",
        "display_name",
        "ended_at",
        "listeners",
        "members",
        "name",
        "properties",
        "room_id",
        "settings",
        "started_at",
    )

    def __init__(
        self,
        settings: RoomSettings,
        *,
        session_id: str,
        channel: str,
        now: int,
        display_name: str | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(session_id, channel, key)
        self.settings = settings.copy()
        self.room_id = settings.room_id
        self.name = settings.name
        self.display_name = display_name or settings.display_name or settings.name
        self.started_at = self.changed_at = now
        self.ended_at: int | None = None
        self.members: dict[str, Member] = {}
        self.audience: dict[str, Member] = {}
        self.listeners = 0
        self.properties = initial(ROOM_PROPERTIES) | settings.properties()
        self._placing: layout.Placing | None = None
        self._former: dict[str, Member] = {}

    @property
    def names(self) -> set[str]:
        """What testers may call it: its id, the script's key, and the room's name."""
        return super().names | {self.name}

    def add(self, member: Member) -> None:
        """Somebody is in it from now on."""
        self.members[member.id] = member
        self._former.pop(member.id, None)
        member.left_at = None
        if member.parent is not None:
            member.parent.children += (member,)
        if self._placing is not None:
            if member.properties["requested_position"] == layout.AUTO:
                self._placing.add(member.id)
            else:
                self._placing = None

    def remove(self, member: Member, now: int) -> None:
        """Somebody is not in it any more."""
        del self.members[member.id]
        member.left_at = now
        self._former[member.id] = member
        if len(self._former) > FORMER_MEMBERS_REMEMBERED:
            del self._former[next(iter(self._former))]
        if member.parent is not None:
            others = (each for each in member.parent.children if each is not member)
            member.parent.children = tuple(others)
        self._placing = None

    def everybody(self) -> list[Member]:
        """The members, and those that left, as far as they are remembered."""
        return [*self._former.values(), *self.members.values()]

    @property
    def audience_count(self) -> int:
        """How many are in the audience."""
        return len(self.audience) + self.listeners

    def change(self, holder: Member | RoomSession, values: dict[str, Any]) -> list[str]:
        """Set properties of a member or of the room; returns the names of those that changed."""
        updated = changed(holder.properties, values)
        holder.properties = {**holder.properties, **values}
        if not _PLACING.isdisjoint(updated):
            self._placing = None
        return updated

    def find_member(self, member_id: str) -> Member:
        """The member with this id.

        Raises:
            Refusal: 404, naming those that there are [A].
        """
        member = self.members.get(member_id)
        if member is None:
            raise Refusal(
                "404",
                f'no member "{member_id}" in room session {self.id}; there is: {self.who()}',
            )
        return member

    def who(self) -> str:
        """The members by id and name, for messages; the first few of many."""
        return listed((f"{each.id} ({each.name})" for each in self.members.values()), "nobody")

    def positions(self) -> dict[str, str]:
        """Member id -> where they are on the canvas; made again only after a change."""
        if self._placing is None:
            requested = {
                each.id: str(each.properties["requested_position"])
                for each in self.members.values()
            }
            self._placing = layout.Placing(requested, self.properties["layout_name"])
        return self._placing.positions

    def layers(self) -> Iterator[dict[str, Any]]:
        """The layers of its layout as they are now, each made when it is asked for."""
        return layout.layers(dict(self.positions()))

    def layout_as_wire(self, layers: Each | None = None) -> dict[str, Any]:
        """The ``layout`` object of ``video.layout.changed`` [T].

        Args:
            layers: what to show as its layers; None: a list of those that it has.
        """
        return enclosing(
            {
                "id": self.id,
                "room_id": self.room_id,
                "room_session_id": self.id,
                "name": self.properties["layout_name"],
                "layers": list(self.layers()) if layers is None else layers,
            }
        )

    def members_as_wire(self) -> list[dict[str, Any]] | Each:
        """The ``member`` objects of all members. They are shared: do not change them.

        Those of many are made when they are written: nothing may change in the room before that.
        """
        positions = self.positions()
        return few_or_each(
            self.members.values(),
            lambda each: each.as_wire_at(positions.get(each.id, layout.OFF_CANVAS)),
        )

    def as_wire(
        self, now: int, *, full: bool = False, updated: list[str] | None = None
    ) -> dict[str, Any]:
        """The ``room_session`` object of the protocol.

        Args:
            now: microseconds of space time.
            full: with its members, recordings, playbacks and streams, as answers and
                ``video.room.subscribed`` have it. It is a document if they are many: see
                `members_as_wire`.
            updated: the names of the fields that changed, for ``video.room.updated``.
        """
        shown: dict[str, Any] = {
            "id": self.id,
            "room_id": self.room_id,
            "name": self.name,
            "display_name": self.display_name,
            "event_channel": self.channel,
            **{
                table.flag: self.is_running(kind)
                for kind, table in LIFECYCLES.items()
                if table.flag is not None
            },
            "audience_count": self.audience_count,
            **copied(self.properties),
        }
        if full:
            shown["members"] = self.members_as_wire()
            for kind, activities in self.activities.items():
                shown[f"{kind}s"] = few_or_each(activities.values(), lambda each: each.as_wire(now))
            shown = enclosing(shown)
        if updated is not None:
            shown["updated"] = updated
        return shown


def as_older_room(room_session: dict[str, Any]) -> dict[str, Any]:
    """The ``room`` object of older clients: the same, but ``room_session_id`` for ``id`` [T]."""
    older = {key: value for key, value in room_session.items() if key != "id"}
    older["room_session_id"] = room_session["id"]
    return enclosing(older)
