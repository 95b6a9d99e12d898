"""Rooms: their members, what runs in them, and how they look on the wire."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from mockserver.protocol.errors import Refusal
from mockserver.protocol.lifecycles import LIFECYCLES

from . import layout
from .media import Media
from .properties import MEMBER_PROPERTIES, ROOM_PROPERTIES, initial


class Member:
    """Somebody in a room session."""

    __slots__ = ("id", "name", "properties", "room", "type")

    def __init__(self, room: RoomSession, member_id: str, name: str, kind: str = "member") -> None:
        self.room = room
        self.id = member_id
        self.name = name
        self.type = kind
        self.properties = initial(MEMBER_PROPERTIES)

    def as_wire(self) -> dict[str, Any]:
        """The ``member`` object of the protocol."""
        return {
            "id": self.id,
            "room_id": self.room.room_id,
            "room_session_id": self.room.id,
            "name": self.name,
            "type": self.type,
            "current_position": self.room.positions().get(self.id, layout.OFF_CANVAS),
            **deepcopy(self.properties),
        }


class RoomSession:
    """One session of a room, from its first member to its end.

    Attributes:
        key: how the script that started it calls the room; None for others.
        members: who is in it, in the order of joining.
        audience: who was demoted, and is there without being a member.
        listeners: how many more are in the audience.
        media: kind ("recording") -> what there is or was of it, oldest first.
        labels: a script's own names for recordings, playbacks and streams.
    """

    __slots__ = (
        "audience",
        "channel",
        "display_name",
        "ended",
        "id",
        "key",
        "labels",
        "listeners",
        "media",
        "members",
        "name",
        "properties",
        "room_id",
    )

    def __init__(
        self,
        *,
        room_id: str,
        session_id: str,
        channel: str,
        name: str,
        display_name: str,
        key: str | None = None,
    ) -> None:
        self.id = session_id
        self.room_id = room_id
        self.channel = channel
        self.name = name
        self.display_name = display_name
        self.key = key
        self.ended = False
        self.members: dict[str, Member] = {}
        self.audience: dict[str, Member] = {}
        self.listeners = 0
        self.media: dict[str, dict[str, Media]] = {kind: {} for kind in LIFECYCLES}
        self.labels: dict[str, Media] = {}
        self.properties = initial(ROOM_PROPERTIES)

    def running(self, kind: str) -> list[Media]:
        """What of this kind has not ended, oldest first."""
        return [each for each in self.media[kind].values() if not each.has_ended]

    def find(self, kind: str, media_id: str) -> Media:
        """The recording (playback, …) with this id.

        Raises:
            Refusal: 404, naming those that there are [A].
        """
        found = self.media[kind].get(media_id)
        if found is None:
            there = ", ".join(self.media[kind]) or "none"
            raise Refusal(
                "404", f'no {kind} "{media_id}" in room session {self.id}; there is: {there}'
            )
        return found

    def find_member(self, member_id: str) -> Member:
        """The member with this id.

        Raises:
            Refusal: 404, naming those that there are [A].
        """
        member = self.members.get(member_id)
        if member is None:
            there = ", ".join(f"{each.id} ({each.name})" for each in self.members.values())
            raise Refusal(
                "404",
                f'no member "{member_id}" in room session {self.id}; there is: {there or "nobody"}',
            )
        return member

    def positions(self) -> dict[str, str]:
        """Member id -> where they are on the canvas."""
        requested = {
            each.id: str(each.properties["requested_position"]) for each in self.members.values()
        }
        return layout.place(requested, self.properties["layout_name"])

    def layout_as_wire(self) -> dict[str, Any]:
        """The ``layout`` object of ``video.layout.changed`` [T]."""
        return {
            "id": self.id,
            "room_id": self.room_id,
            "room_session_id": self.id,
            "name": self.properties["layout_name"],
            "layers": layout.layers(self.positions()),
        }

    def as_wire(
        self, now: int, *, full: bool = False, updated: list[str] | None = None
    ) -> dict[str, Any]:
        """The ``room_session`` object of the protocol.

        Args:
            now: microseconds of space time.
            full: with its members, recordings, playbacks and streams, as answers and
                ``video.room.subscribed`` have it.
            updated: the names of the fields that changed, for ``video.room.updated``.
        """
        shown: dict[str, Any] = {
            "id": self.id,
            "room_id": self.room_id,
            "name": self.name,
            "display_name": self.display_name,
            "event_channel": self.channel,
            **{
                table.flag: bool(self.running(kind))
                for kind, table in LIFECYCLES.items()
                if table.flag is not None
            },
            **deepcopy(self.properties),
        }
        if full:
            shown["members"] = [member.as_wire() for member in self.members.values()]
            for kind, media in self.media.items():
                shown[f"{kind}s"] = [each.as_wire(now) for each in media.values()]
        if updated is not None:
            shown["updated"] = updated
        return shown


def as_older_room(room_session: dict[str, Any]) -> dict[str, Any]:
    """The ``room`` object of older clients: the same, but ``room_session_id`` for ``id`` [T]."""
    older = {key: value for key, value in room_session.items() if key != "id"}
    older["room_session_id"] = room_session["id"]
    return older
