"""Which events are about the same thing, and which of them came before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mockserver.engine.journal import TO_CLIENT
from mockserver.protocol import codec, frames

if TYPE_CHECKING:
    from mockserver.engine.journal import Journal

    from .outgoing import Outgoing

Thing = tuple[str, str]
"""A kind, as event types call it (``video.recording``), and an id."""


def thing(event_type: str, params: Mapping[str, Any]) -> Thing | None:
    """What an event is about: the object in its params that is called like its kind, or begins so.

    ``video.recording.started`` is about its ``recording``, ``video.room.ended`` about its
    ``room_session``.
    """
    kind, _, _ = event_type.rpartition(".")
    noun = kind.rpartition(".")[2]
    for key, value in params.items():
        if noun and key.startswith(noun) and isinstance(value, dict):
            found = value.get("id")
            if isinstance(found, str):
                return kind, found
    return None


def before(journal: Journal, frame: Outgoing) -> frames.Frame | None:
    """The last event that a session got about the thing that an event is about; None for none."""
    about = thing(frame.event_type, frame.params)
    if about is None:
        return None
    for entry in reversed(journal.raw()):
        if entry.direction != TO_CLIENT or entry.session != frame.session.name:
            continue
        if entry.mark is not None or entry.data == frame.data:
            continue
        earlier = codec.read(entry.data)
        if earlier is not None and frames.is_event(earlier):
            event = earlier["params"]
            if thing(event["event_type"], event["params"]) == about:
                return earlier
    return None
