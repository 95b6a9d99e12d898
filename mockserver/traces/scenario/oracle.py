"""What a subscriber must see again: the events of one session, with the fields that matter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.contract.index import Event, Session
from mockserver.contract.values import mapping
from mockserver.protocol import catalogue
from mockserver.protocol.lifecycles import LIFECYCLES

from .causes import FLAGS, updated
from .story import Story

FREE = (
    "video.layout.changed",
    "video.member.talking",
    "video.member.promoted",
    "video.member.demoted",
    "video.room.subscribed",
)
"""Events that are not expected: they follow from others, or say how somebody began to listen."""


def expected(story: Story, session: Session) -> list[dict[str, Any]]:
    """What stands under ``expect``."""
    return [
        {event.type: _fields(event)}
        for event in story.events
        if event.session is session and event.type in catalogue.EVENTS and event.type not in FREE
    ]


def _fields(event: Event) -> dict[str, Any]:
    return dict(_told(event))


def _told(event: Event) -> Iterator[tuple[str, Any]]:
    for kind in LIFECYCLES:
        if event.type.startswith(f"video.{kind}."):
            told = mapping(event.body.get(kind))
            yield kind, _some(told, ("state", "duration" if event.type.endswith(".ended") else ""))
            return
    if event.type.startswith("video.member."):
        told = mapping(event.body.get("member"))
        changed = [each for each in updated(event) if each != "talking"]
        # Where somebody is shown follows from who else is there.
        yield "member", _some(told, ("name", *(e for e in changed if "position" not in e)))
    elif event.type.startswith("video.room."):
        told = mapping(event.body.get("room_session"))
        changed = updated(event)
        if told:
            names = changed if event.type.endswith(".updated") else ("name", *FLAGS)
            yield "room_session", _some(told, names)
        if isinstance(event.body.get("total"), int):
            yield "total", event.body["total"]


def _some(told: Mapping[str, Any], names: Any) -> dict[str, Any]:
    return {name: told[name] for name in names if name in told and told[name] is not None}
