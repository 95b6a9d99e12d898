"""What an event is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Thing", "thing"]

Thing = tuple[str, str]
"""A kind, as event types call it (``video.recording``), and an id."""


def thing(event_type: str, params: Mapping[str, Any]) -> Thing | None:
    """What an event is about: the object in its params whose name begins like its kind.

    ``video.recording.started`` is about its ``recording``, ``video.room.ended`` about its
    ``room_session``. None for an event that is about nothing with an id.
    """
    kind = event_type.rpartition(".")[0]
    noun = kind.rpartition(".")[2]
    for key, value in params.items():
        if noun and key.startswith(noun) and isinstance(value, Mapping):
            found = value.get("id")
            if isinstance(found, str):
                return kind, found
    return None
