"""How the events of rooms are named on the wire, where the client has other names for them."""

from __future__ import annotations

from collections.abc import Iterable

_ALIASES = {"video.room.audience_count": "video.room.audienceCount"}
"""Events that are subscribed under another name than they come with [W]."""


def subscribed_as(event_types: Iterable[str]) -> list[str]:
    """Name what to subscribe to, each once, to hear of these event types.

    What the client derives from an event is named like it with one part more:
    ``video.member.talking.started`` is found in ``video.member.talking`` [T].
    """
    on_the_wire = (".".join(event_type.split(".")[:3]) for event_type in event_types)
    return list(dict.fromkeys(_ALIASES.get(each, each) for each in on_the_wire))
