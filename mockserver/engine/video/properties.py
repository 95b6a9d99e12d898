"""What members and rooms hold besides their ids, and which calls set it: tables."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, NamedTuple

EVERYBODY = "all"
"""The ``member_id`` that means all members [A]."""


class Property(NamedTuple):
    """A field of a wire object that the mock holds as it is: its name and how it begins."""

    name: str
    initial: Any


class Param(NamedTuple):
    """A value that comes with the call, under this name; ``default`` when it does not."""

    name: str
    default: Any = None


class Setter(NamedTuple):
    """A call that sets properties, each to a constant or to one of its params."""

    verb: str
    values: dict[str, Any]

    def values_from(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Property -> what a call with these params sets it to."""
        return {
            name: params.get(value.name, value.default) if isinstance(value, Param) else value
            for name, value in self.values.items()
        }


MEMBER_PROPERTIES = (
    Property("visible", True),
    Property("audio_muted", False),
    Property("video_muted", False),
    Property("deaf", False),
    Property("input_volume", 0),
    Property("output_volume", 0),
    Property("input_sensitivity", 30),
    Property("handraised", False),
    Property("talking", False),
    Property("requested_position", "auto"),
    Property("meta", {}),
)
"""A member's fields besides ids, name, type and place [T]; the initial values are [A]."""

MEMBER_SETTERS = (
    Setter("audio_mute", {"audio_muted": True}),
    Setter("audio_unmute", {"audio_muted": False}),
    Setter("video_mute", {"visible": False, "video_muted": True}),
    Setter("video_unmute", {"visible": True, "video_muted": False}),
    Setter("deaf", {"deaf": True, "audio_muted": True}),
    Setter("undeaf", {"deaf": False, "audio_muted": False}),
    Setter("raisehand", {"handraised": True}),
    Setter("lowerhand", {"handraised": False}),
    Setter("set_input_volume", {"input_volume": Param("volume")}),
    Setter("set_output_volume", {"output_volume": Param("volume")}),
    Setter("set_input_sensitivity", {"input_sensitivity": Param("value")}),
)
"""``video.member.VERB`` sets these properties of one member, or of all [T].

``deaf`` also mutes the microphone, and ``undeaf`` unmutes it [D]. That a member without video
is not visible follows from a published sample, in which both change at once [T].
"""

ROOM_PROPERTIES = (
    Property("hide_video_muted", False),
    Property("layout_name", "grid-responsive"),
    Property("locked", False),
    Property("prioritize_handraise", False),
    Property("meta", {}),
)
"""A room session's fields besides ids, names and what is derived [T]; the beginnings are [A]."""

ROOM_SETTERS = (
    Setter("lock", {"locked": True}),
    Setter("unlock", {"locked": False}),
    Setter("hide_video_muted", {"hide_video_muted": True}),
    Setter("show_video_muted", {"hide_video_muted": False}),
    Setter("prioritize_handraise", {"prioritize_handraise": Param("enable", True)}),
)
"""``video.VERB`` sets these properties of a room session [T]; the default of ``enable`` is [A]."""


def initial(properties: tuple[Property, ...]) -> dict[str, Any]:
    """All properties, as they begin."""
    return {
        each.name: {**each.initial} if isinstance(each.initial, dict) else each.initial
        for each in properties
    }


def changed(properties: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """The names of the properties that these values would change."""
    return [name for name, value in values.items() if properties[name] != value]


def copied(properties: Mapping[str, Any]) -> dict[str, Any]:
    """A copy for others to keep. Of the values, ``meta`` alone is not a plain one."""
    meta = properties["meta"]
    return {**properties, "meta": deepcopy(meta) if meta else {}}


META_VERBS = ("set_meta", "update_meta", "delete_meta")


def changed_meta(verb: str, meta: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """The meta after ``set_meta``, ``update_meta`` or ``delete_meta`` [T]; a new object."""
    if verb == "set_meta":
        return deepcopy(params.get("meta", {}))
    if verb == "update_meta":
        return {**meta, **deepcopy(params.get("meta", {}))}
    gone = set(params.get("keys", ()))
    return {key: value for key, value in meta.items() if key not in gone}
