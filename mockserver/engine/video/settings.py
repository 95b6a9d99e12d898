"""What a room is set to: its sessions begin so, and people can join only as far as it allows."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from mockserver.engine.clock import MICROSECONDS
from mockserver.protocol.errors import Refusal

LIMIT_CLAIMS = {"join_from": "jf", "join_until": "ju", "remove_at": "rat"}
"""The times of a token -> its claims of that meaning, in unix seconds [R]."""

ROOM_CLAIM = "r"
"""The claim of a token that names its room [R]."""

REMOVE_AFTER_CLAIM = "rse"
"""The claim of a token that says after how many seconds its user is removed [R]."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When people can join, and until when they can stay: of a room, or of one user's token.

    Attributes:
        join_from: nobody can join before it.
        join_until: nobody can join from then on; members stay.
        remove_at: all members are removed, and nobody can join any more [A].
        remove_after_us: how long after joining somebody is removed.

    Times are microseconds of space time; None sets no limit.
    """

    join_from: int | None = None
    join_until: int | None = None
    remove_at: int | None = None
    remove_after_us: int | None = None

    @classmethod
    def of_claims(cls, claims: Mapping[str, Any]) -> Self:
        """The limits in the claims of a token."""
        after = claims.get(REMOVE_AFTER_CLAIM)
        times = {
            name: claims[claim] * MICROSECONDS
            for name, claim in LIMIT_CLAIMS.items()
            if claim in claims
        }
        return cls(**times, remove_after_us=None if after is None else after * MICROSECONDS)

    def check_join(self, now: int) -> None:
        """Make sure that somebody can join now.

        Raises:
            Refusal: 403; before ``join_from`` its message is ``Unauthorized`` [E], for the other
                limits that is assumed [A].
        """
        early = self.join_from is not None and now < self.join_from
        late = any(end is not None and now >= end for end in (self.join_until, self.remove_at))
        if early or late:
            raise Refusal("403", "Unauthorized")

    def removal(self, joined_at: int) -> int | None:
        """When somebody who joined at ``joined_at`` is removed; None for never."""
        after = None if self.remove_after_us is None else joined_at + self.remove_after_us
        ends = [end for end in (self.remove_at, after) if end is not None]
        return min(ends, default=None)


@dataclass(slots=True)
class RoomSettings:
    """The settings of a room. A session keeps a copy of those that it began with.

    Attributes:
        room_id: the room's id, which all its sessions have.
        name: the room's name.
        created_at: microseconds of space time at which the room was made.
        display_name: what people see; the name when None.
        max_members: how many members there may be at a time; None for no limit.
        layout: the layout at the start; None for the usual one.
        record_on_start: whether a recording starts with a session.
        limits: when people can join, and until when they can stay.
        prioritize_handraise: as the room session's property of that name.
        meta: the meta at the start.
        streams: stream setting's id -> the URL that each session is streamed to.
        kind: what REST calls it. Nothing here acts by it, nor by ``shown``.
        shown: REST field -> value, for what is only kept and shown.
    """

    room_id: str
    name: str
    created_at: int
    display_name: str | None = None
    max_members: int | None = None
    layout: str | None = None
    record_on_start: bool = False
    limits: Limits = Limits()
    prioritize_handraise: bool = False
    meta: dict[str, Any] = field(default_factory=dict)
    streams: dict[str, str] = field(default_factory=dict)
    kind: Literal["room", "conference"] = "room"
    shown: dict[str, Any] = field(default_factory=dict)

    def copy(self) -> RoomSettings:
        """The same settings, which later changes do not touch."""
        return replace(
            self, meta=deepcopy(self.meta), streams=dict(self.streams), shown=deepcopy(self.shown)
        )

    def properties(self) -> dict[str, Any]:
        """The properties that a session begins with, where they are not the usual ones."""
        layout = {} if self.layout is None else {"layout_name": self.layout}
        return {
            **layout,
            "prioritize_handraise": self.prioritize_handraise,
            "meta": deepcopy(self.meta),
        }

    def check_join(self, now: int, members: int) -> None:
        """Make sure that people can join now.

        Args:
            now: microseconds of space time.
            members: how many members there would be.

        Raises:
            Refusal: 403 outside of the limits, or when there would be too many [A].
        """
        self.limits.check_join(now)
        if self.max_members is not None and members > self.max_members:
            raise Refusal("403", f"room {self.name} is full: it has {self.max_members} members")
