"""Rooms: their members, what runs in them, and how they look on the wire."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NamedTuple

from mockserver.protocol.errors import Refusal
from mockserver.protocol.lifecycles import LIFECYCLES

from .media import Media


class Property(NamedTuple):
    """A field of a wire object that the mock holds as it is: its name and how it begins."""

    name: str
    initial: Any


MEMBER_PROPERTIES = (
    Property("visible", True),
    Property("audio_muted", False),
    Property("video_muted", False),
    Property("deaf", False),
    Property("input_volume", 0),
    Property("output_volume", 0),
    Property("input_sensitivity", 44),
    Property("handraised", False),
    Property("talking", False),
    Property("requested_position", "auto"),
    Property("meta", {}),
)
"""What a member has besides its ids, name and type [T]; the initial values are our choice [A]."""

ROOM_PROPERTIES = (
    Property("hide_video_muted", False),
    Property("layout_name", "grid-responsive"),
    Property("locked", False),
    Property("prioritize_handraise", False),
    Property("meta", {}),
)
"""What a room session has besides ids, names and what is derived [T]; its beginning is [A]."""


def _initial(properties: tuple[Property, ...]) -> dict[str, Any]:
    return {each.name: deepcopy(each.initial) for each in properties}


class Member:
    """Somebody in a room session."""

    __slots__ = ("id", "name", "properties", "room", "type")

    def __init__(self, room: RoomSession, member_id: str, name: str, kind: str = "member") -> None:
        self.room = room
        self.id = member_id
        self.name = name
        self.type = kind
        self.properties = _initial(MEMBER_PROPERTIES)

    def as_wire(self) -> dict[str, Any]:
        """The ``member`` object of the protocol."""
        return {
            "id": self.id,
            "room_id": self.room.room_id,
            "room_session_id": self.room.id,
            "name": self.name,
            "type": self.type,
            **deepcopy(self.properties),
        }


class RoomSession:
    """One session of a room, from its first member to its end.

    Attributes:
        key: how the script that started it calls the room; None for others.
        media: kind ("recording") -> what there is or was of it, oldest first.
        labels: a script's own names for recordings -> the recording.
    """

    __slots__ = (
        "channel",
        "display_name",
        "ended",
        "id",
        "key",
        "labels",
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
        self.media: dict[str, dict[str, Media]] = {kind: {} for kind in LIFECYCLES}
        self.labels: dict[str, Media] = {}
        self.properties = _initial(ROOM_PROPERTIES)

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

    def as_wire(self, *, full: bool = False, updated: list[str] | None = None) -> dict[str, Any]:
        """The ``room_session`` object of the protocol.

        Args:
            full: with its members and recordings, as answers and ``video.room.subscribed`` have it.
            updated: the names of the fields that changed, for ``video.room.updated``.
        """
        shown: dict[str, Any] = {
            "id": self.id,
            "room_id": self.room_id,
            "name": self.name,
            "display_name": self.display_name,
            "event_channel": self.channel,
            "recording": bool(self.running("recording")),
            "streaming": False,
            **deepcopy(self.properties),
        }
        if full:
            shown["members"] = [member.as_wire() for member in self.members.values()]
            for kind, media in self.media.items():
                shown[f"{kind}s"] = [each.as_wire() for each in media.values()]
        if updated is not None:
            shown["updated"] = updated
        return shown


def as_older_room(room_session: dict[str, Any]) -> dict[str, Any]:
    """The ``room`` object of older clients: the same, but ``room_session_id`` for ``id`` [T]."""
    older = {key: value for key, value in room_session.items() if key != "id"}
    older["room_session_id"] = room_session["id"]
    return older
