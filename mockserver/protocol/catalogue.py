"""Which calls and events there are, read off the schema files.

`CLIENT_CALLS` (methods that clients may call), `SERVER_CALLS` (methods that the server may call)
and `EVENTS` (event types) are frozensets of names. They are made when first asked for, because
who may call a method is written in its schema (`x-caller`: "client", "server" or "both").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Final

from mockserver import schemas

__all__ = [
    "CLIENT_CALLS",
    "EVENTS",
    "SERVER_CALLS",
    "SUBSCRIBED_AS",
    "is_client_call",
    "nearest",
    "permission",
]

CLIENT_CALLS: frozenset[str]
SERVER_CALLS: frozenset[str]
EVENTS: frozenset[str]

SUBSCRIBED_AS: Final = {"video.room.audienceCount": "video.room.audience_count"}
"""Names under which both clients ask for an event -> the name by which they know it [W]."""

_LONGEST_WORD = 100  # comparing costs the square of the length, and no name of ours is longer


if not TYPE_CHECKING:  # a type checker would take any name for one of these

    def __getattr__(name: str) -> frozenset[str]:
        if name in ("CLIENT_CALLS", "SERVER_CALLS", "EVENTS"):
            value = _events() if name == "EVENTS" else _called_by(name.partition("_")[0].lower())
            globals()[name] = value
            return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def nearest(word: str, words: Iterable[str], limit: int = 3) -> list[str]:
    """Those of `words` that somebody who wrote `word` may have meant, best first.

    Alike are names with nearly the same letters, and names made of the same parts whatever the
    order or spelling: `startRecording` is near `video.recording.start`.
    """
    # Imported here: a server that starts has nothing to explain.
    from difflib import SequenceMatcher

    word = word[:_LONGEST_WORD]
    lowered, parts = word.lower(), _parts(word)
    rated = []
    for candidate in words:
        other = _parts(candidate)
        shared = len(parts & other) / len(parts | other) if parts else 0.0
        likeness = max(SequenceMatcher(None, lowered, candidate.lower()).ratio(), shared)
        if likeness >= 0.6:
            rated.append((-likeness, candidate))
    return [candidate for _, candidate in sorted(rated)[:limit]]


def _parts(name: str) -> frozenset[str]:
    return frozenset(part.lower() for part in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name))


@cache
def permission(method: str) -> str | None:
    """The permission that a call of this method needs (`x-permission` in its schema) [R].

    None when it needs none. Which method needs which is assumed where the names differ [A].
    """
    needed: str | None = schemas.load(f"calls/{method}").get("x-permission")
    return needed


def is_client_call(method: str) -> bool:
    """Whether clients may call this method. Reads the schema of no other."""
    name = f"calls/{method}"
    return schemas.exists(name) and schemas.load(name)["x-caller"] in ("client", "both")


@cache
def _called_by(side: str) -> frozenset[str]:
    return frozenset(
        name.partition("/")[2]
        for name in schemas.names()
        if name.startswith("calls/") and schemas.load(name)["x-caller"] in (side, "both")
    )


@cache
def _events() -> frozenset[str]:
    return frozenset(
        name.partition("/")[2] for name in schemas.names() if name.startswith("events/")
    )
