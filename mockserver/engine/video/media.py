"""The activities of a room: recordings, playbacks and streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.engine.activity import Activity
from mockserver.engine.clock import seconds
from mockserver.protocol.errors import Refusal
from mockserver.protocol.lifecycles import LIFECYCLES, PLAYBACK, RECORDING, STREAM

MILLISECOND = 1_000
"""Microseconds in a millisecond."""

MOST_POSITION_US = 1_000_000_000_000 * MILLISECOND
"""How far something can be played: the bound of the schemas, about thirty years [A]."""

ENDLESS_SCHEMES = ("rtmp", "rtmps", "rtsp", "srt")
"""What is played from such a URL is live: it has no length unless it is given one [A]."""


class Recording(Activity):
    """A recording. ``duration``, in seconds, appears once it has ended; pauses do not count [A]."""

    lifecycle = RECORDING

    def as_wire(self, now: int) -> dict[str, Any]:
        """The ``recording`` object of the protocol."""
        shown = super().as_wire(now)
        if self.has_ended:
            shown["duration"] = seconds(self.running_us)
        return shown


class Stream(Activity):
    """A stream of the room to a URL."""

    lifecycle = STREAM

    def __init__(self, media_id: str, now: int, params: Mapping[str, Any]) -> None:
        super().__init__(media_id, now, params)
        self.url: str = params["url"]

    def as_wire(self, now: int) -> dict[str, Any]:
        """The ``stream`` object of the protocol; ``duration`` once it has ended [A]."""
        shown = {**super().as_wire(now), "url": self.url}
        if self.has_ended:
            shown["duration"] = seconds(self.running_us)
        return shown


class Playback(Activity):
    """Something played to the room; it ends by itself when its length has been played.

    Attributes:
        volume: -50 to 50 [T].
        seekable: whether its position can be set. It can unless a script says otherwise, for live
            URLs too: the documentation seeks in an ``rtmp://`` playback [D].
        length_us: how long it is; None for what is live.
    """

    lifecycle = PLAYBACK
    has_length = True

    def __init__(self, media_id: str, now: int, params: Mapping[str, Any]) -> None:
        super().__init__(media_id, now, params)
        self.url: str = params["url"]
        self.volume: float = params.get("volume", 0)
        self.seekable: bool = params.get("seekable", True)
        self.length_us: int | None = params.get("length_us")
        self._position_us = self._within(round(params.get("seek_position", 0) * MILLISECOND))

    def ends_by_itself_at(self) -> int | None:
        """When its length will have been played."""
        if self.length_us is None or self.state != self.lifecycle.initial:
            return None
        return self._since + self.length_us - self._position_us

    def position_us(self, now: int) -> int:
        """How far it has been played at this time."""
        elapsed = now - self._since if self.state == self.lifecycle.initial else 0
        return self._within(self._position_us + elapsed)

    def apply(self, verb: str, now: int, params: Mapping[str, Any]) -> str:
        """Do what the table says; what is not seekable refuses to seek (409) [A]."""
        if verb.startswith("seek") and not self.seekable and not self.has_ended:
            raise Refusal("409", f"cannot {verb} playback {self.id}: it is not seekable")
        return super().apply(verb, now, params)

    def as_wire(self, now: int) -> dict[str, Any]:
        """The ``playback`` object of the protocol; ``position`` in milliseconds [T]."""
        return {
            **super().as_wire(now),
            "url": self.url,
            "volume": self.volume,
            "position": self.position_us(now) // MILLISECOND,
            "seekable": self.seekable,
        }

    def _catch_up(self, now: int) -> None:
        self._position_us = self.position_us(now)
        super()._catch_up(now)

    def _do(self, verb: str, params: Mapping[str, Any]) -> None:
        if verb == "set_volume":
            self.volume = params["volume"]
        elif verb == "seek_absolute":
            self._position_us = self._within(round(params["position"] * MILLISECOND))
        elif verb == "seek_relative":
            moved = self._position_us + round(params["position"] * MILLISECOND)
            self._position_us = self._within(moved)

    def _within(self, position_us: int) -> int:
        end = MOST_POSITION_US if self.length_us is None else self.length_us
        return max(0, min(position_us, end))


def is_live(url: str) -> bool:
    """Whether what is played from this URL has no length of its own."""
    return url.partition(":")[0].lower() in ENDLESS_SCHEMES


MEDIA: dict[str, type[Activity]] = {
    each.lifecycle.kind: each for each in (Recording, Playback, Stream)
}
"""Kind -> its class. Every lifecycle has one."""

assert MEDIA.keys() == LIFECYCLES.keys()
