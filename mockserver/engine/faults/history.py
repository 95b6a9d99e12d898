"""Which event about a thing a session got before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockserver.engine.journal import TO_CLIENT
from mockserver.protocol import codec, frames
from mockserver.protocol.things import thing

if TYPE_CHECKING:
    from mockserver.engine.journal import Journal

    from .outgoing import Outgoing


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
