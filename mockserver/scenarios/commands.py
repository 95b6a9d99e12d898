"""What a client does in a scenario: one row each, for its reader, its words and its player.

A new command is a row here: the schema of the format and its page are made from the rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from mockserver.engine.video.properties import EVERYBODY as EVERYBODY
from mockserver.protocol.lifecycles import LIFECYCLES

ArgumentKind = Literal["channel", "label", "media", "member", "text", "number", "mapping"]

LISTENS = ("video", "room")
"""What a client can listen to: what starts and ends in all rooms, or what happens in the room."""


class Argument(NamedTuple):
    """Something that a command takes.

    Attributes:
        name: its key.
        kind: `channel` (one of `LISTENS`), `label` (the name given to what is started), `media`
            (such a name; the newest when left out), `member` (a member's name, or `all`), `text`,
            `number` or `mapping`.
        about: what it is, in a sentence.
        required: whether it must be said.
        least, most: the bounds of a number.
    """

    name: str
    kind: ArgumentKind
    about: str
    required: bool = True
    least: float = 0
    most: float = math.inf

    @property
    def is_whole(self) -> bool:
        """Whether it is all that stands behind the verb, never under its name."""
        return self.kind in ("channel", "mapping")

    def bounds(self) -> str:
        """Say which numbers there are."""
        return f"a number from {self.least:g}{f' to {self.most:g}' if self.most < math.inf else ''}"


@dataclass(frozen=True, slots=True)
class Form:
    """How a command is written and what it does.

    Attributes:
        says: what the client does, in words; `{name}` stands for an argument.
        arguments: what it takes.
        method: the method of the client's documentation, in snake_case; None: called like the verb.
        given: what that method is given besides the arguments.
        starts: the kind of media (`recording`, …) that it starts.
        adopts: the kind of media of which it finds what is running.
        kinds: the kinds of media that it can be done to.
    """

    says: str
    arguments: tuple[Argument, ...] = ()
    method: str | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    starts: str | None = None
    adopts: str | None = None
    kinds: tuple[str, ...] = ()

    @property
    def short(self) -> Argument | None:
        """The argument that may stand directly behind the verb: the first, if no other is needed.

        Not a label: what stands behind a verb is what it is about, and not what it will be called.
        """
        if not self.arguments or any(one.required for one in self.arguments[1:]):
            return None
        return self.arguments[0] if self.arguments[0].kind != "label" else None

    def sentence(self) -> str:
        """Say what the client does, with each argument as its name."""
        says = self.says.format_map({one.name: f"`{one.name}`" for one in self.arguments})
        return f"{says[:1].upper()}{says[1:]}."


MEMBER = Argument("member", "member", f"The member's name, or {EVERYBODY}.")
LABEL = Argument("as", "label", "What the client's part calls it.", required=False)
MEDIA = Argument(
    "media", "media", "What the client's part calls it. Left out: the newest.", required=False
)
URL = Argument("url", "text", "The URL.")
META = Argument("meta", "mapping", "The metadata.")
VOLUME = Argument("volume", "number", "In decibels.", least=-50, most=50)
LAYOUT = Argument("name", "text", "The layout's name.")
OFFSET = Argument("offset", "number", "In milliseconds.")


def _controllable(verb: str) -> tuple[str, ...]:
    return tuple(kind for kind, table in LIFECYCLES.items() if verb in table.verbs)


COMMANDS: dict[str, Form] = {
    "connect": Form("connect"),
    "disconnect": Form("disconnect"),
    "listen": Form(
        "listen to {to}",
        (Argument("to", "channel", "video: all rooms; room: what happens in the room."),),
    ),
    "get_rooms": Form("get the running rooms"),
    "get_room": Form("get the room"),
    "get_members": Form("get the room's members"),
    "get_layouts": Form("get the layouts"),
    "get_meta": Form("get the room's meta"),
    "get_recordings": Form("get the room's recordings and adopt them", adopts="recording"),
    "get_playbacks": Form("get the room's playbacks and adopt them", adopts="playback"),
    "get_streams": Form("get the room's streams and adopt them", adopts="stream"),
    "start_recording": Form("start a recording", (LABEL,), starts="recording"),
    "play": Form("play {url}", (URL, VOLUME._replace(required=False), LABEL), starts="playback"),
    "start_stream": Form("start a stream to {url}", (URL, LABEL), starts="stream"),
    "pause": Form("pause {media}", (MEDIA,), kinds=_controllable("pause")),
    "resume": Form("resume {media}", (MEDIA,), kinds=_controllable("resume")),
    "stop": Form("stop {media}", (MEDIA,), kinds=_controllable("stop")),
    "set_volume": Form(
        "set the volume of {media} to {volume}", (VOLUME, MEDIA), kinds=_controllable("set_volume")
    ),
    "seek": Form(
        "seek to {position} ms of {media}",
        (Argument("position", "number", "In milliseconds."), MEDIA),
        kinds=_controllable("seek_absolute"),
    ),
    "forward": Form(
        "go {offset} ms forward in {media}",
        (OFFSET, MEDIA),
        kinds=_controllable("seek_relative"),
    ),
    "rewind": Form(
        "go {offset} ms back in {media}",
        (OFFSET, MEDIA),
        kinds=_controllable("seek_relative"),
    ),
    "audio_mute": Form("mute the microphone of {member}", (MEMBER,)),
    "audio_unmute": Form("unmute the microphone of {member}", (MEMBER,)),
    "video_mute": Form("switch the camera of {member} off", (MEMBER,)),
    "video_unmute": Form("switch the camera of {member} on", (MEMBER,)),
    "deaf": Form("make {member} deaf", (MEMBER,)),
    "undeaf": Form("let {member} hear again", (MEMBER,)),
    "set_input_volume": Form("set the microphone of {member} to volume {volume}", (MEMBER, VOLUME)),
    "set_output_volume": Form("set the speaker of {member} to volume {volume}", (MEMBER, VOLUME)),
    "set_input_sensitivity": Form(
        "set the sensitivity of the microphone of {member} to {value}",
        (MEMBER, Argument("value", "number", "The sensitivity.", most=100)),
    ),
    "raise_hand": Form(
        "raise the hand of {member}", (MEMBER,), method="set_raised_hand", given={"raised": True}
    ),
    "lower_hand": Form(
        "lower the hand of {member}", (MEMBER,), method="set_raised_hand", given={"raised": False}
    ),
    "remove": Form("remove {member}", (MEMBER,), method="remove_member"),
    "lock": Form("lock the room"),
    "unlock": Form("unlock the room"),
    "set_layout": Form("choose the layout {name}", (LAYOUT,)),
    "set_meta": Form("set the room's meta to {meta}", (META,)),
    "update_meta": Form("update the room's meta with {meta}", (META,)),
    "hide_video_muted": Form(
        "hide members without video", method="set_hide_video_muted", given={"value": True}
    ),
    "show_video_muted": Form(
        "show members without video", method="set_hide_video_muted", given={"value": False}
    ),
    "prioritize_handraise": Form(
        "show raised hands first", method="set_prioritize_handraise", given={"enable": True}
    ),
}
"""Verb -> how it is written and what it does."""
