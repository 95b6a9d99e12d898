"""What lives in a room and has a lifecycle: recordings, playbacks and streams.

They share one mechanism, and each kind moves by its table in ``protocol/lifecycles.py``. A class
here adds what only its kind has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from mockserver.protocol.errors import Refusal
from mockserver.protocol.lifecycles import LIFECYCLES, PLAYBACK, RECORDING, STREAM, Lifecycle

from .clock import seconds

MILLISECOND = 1_000
"""Microseconds in a millisecond."""

ENDLESS_SCHEMES = ("rtmp", "rtmps", "rtsp", "srt")
"""What is played from such a URL is live: it has no length and no position to seek [A]."""


class Media:
    """Something that runs in a room, from its start to its final state.

    Attributes:
        state: its state by the table.
        started_at, ended_at: microseconds of space time; ended_at is None until it has ended.
        running_us: how long it has run, pauses not counted, up to its last change.
    """

    lifecycle: ClassVar[Lifecycle]
    has_length: ClassVar[bool] = False
    """Whether it ends by itself once ``length_us``, one of its params, has passed."""

    def __init__(self, media_id: str, now: int, params: Mapping[str, Any]) -> None:
        self.id = media_id
        self.state = self.lifecycle.initial
        self.started_at = now
        self.ended_at: int | None = None
        self.running_us = 0
        self._since = now

    @property
    def kind(self) -> str:
        """``recording``, ``playback`` or ``stream``."""
        return self.lifecycle.kind

    @property
    def has_ended(self) -> bool:
        """True exactly in the final state [D, T]."""
        return self.state == self.lifecycle.final

    def act(self, verb: str, now: int, params: Mapping[str, Any]) -> str:
        """Move by the table; returns the suffix of the event to tell (``updated``, ``ended``).

        Args:
            verb: what is done to it.
            now: microseconds of space time.
            params: what the verb takes, as the call of that name has it.

        Raises:
            Refusal: 409 when the state does not allow the verb [A]; nothing has changed then.
        """
        move = self.lifecycle.move(self.state, verb)
        if move is None:
            allowed = self.lifecycle.allowed(self.state)
            then = f"allowed now: {', '.join(allowed)}" if allowed else "what has ended stays so"
            raise Refusal("409", f"cannot {verb} {self.kind} {self.id}: it is {self.state}; {then}")
        self._catch_up(now)
        self._do(verb, params)
        self.state = move.state
        if self.has_ended:
            self.ended_at = now
        return move.event

    def ends_by_itself_at(self) -> int | None:
        """When it will end if nothing is done to it; None when it will not."""
        return None

    def as_wire(self, now: int) -> dict[str, Any]:
        """The object of the protocol at this time: times in unix seconds."""
        shown: dict[str, Any] = {
            "id": self.id,
            "state": self.state,
            "started_at": seconds(self.started_at),
        }
        if self.ended_at is not None:
            shown["ended_at"] = seconds(self.ended_at)
        return shown

    def _catch_up(self, now: int) -> None:
        if self.state == self.lifecycle.initial:
            self.running_us += now - self._since
        self._since = now

    def _do(self, verb: str, params: Mapping[str, Any]) -> None:
        """What the verb changes besides the state."""


class Recording(Media):
    """A recording. ``duration``, in seconds, appears once it has ended; pauses do not count [A]."""

    lifecycle = RECORDING

    def as_wire(self, now: int) -> dict[str, Any]:
        """The ``recording`` object of the protocol."""
        shown = super().as_wire(now)
        if self.has_ended:
            shown["duration"] = seconds(self.running_us)
        return shown


class Stream(Media):
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


class Playback(Media):
    """Something played to the room; it ends by itself when its length has been played.

    Attributes:
        volume: -50 to 50 [T].
        length_us: how long it is; None for what is live.
    """

    lifecycle = PLAYBACK
    has_length = True

    def __init__(self, media_id: str, now: int, params: Mapping[str, Any]) -> None:
        super().__init__(media_id, now, params)
        self.url: str = params["url"]
        self.volume: float = params.get("volume", 0)
        is_live = urlsplit(self.url).scheme in ENDLESS_SCHEMES
        self.length_us: int | None = None if is_live else int(params["length_us"])
        self._position_us = self._within(round(params.get("seek_position", 0) * MILLISECOND))

    @property
    def seekable(self) -> bool:
        """Whether its position can be set: not for what is live [A]."""
        return self.length_us is not None

    def ends_by_itself_at(self) -> int | None:
        """When its length will have been played."""
        if self.length_us is None or self.state != self.lifecycle.initial:
            return None
        return self._since + self.length_us - self._position_us

    def position_us(self, now: int) -> int:
        """How far it has been played at this time."""
        elapsed = now - self._since if self.state == self.lifecycle.initial else 0
        return self._within(self._position_us + elapsed)

    def act(self, verb: str, now: int, params: Mapping[str, Any]) -> str:
        """Move by the table; what is live cannot be sought in."""
        if verb.startswith("seek") and not self.seekable and not self.has_ended:
            raise Refusal("409", f"cannot {verb} playback {self.id}: it is live, not seekable")
        return super().act(verb, now, params)

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
        end = self.length_us if self.length_us is not None else position_us
        return max(0, min(position_us, end))


MEDIA: dict[str, type[Media]] = {
    each.lifecycle.kind: each for each in (Recording, Playback, Stream)
}
"""Kind -> its class. Every lifecycle has one."""

assert MEDIA.keys() == LIFECYCLES.keys()
