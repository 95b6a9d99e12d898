"""The words that the protocol itself says: they are in every trace, and lead to nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from mockserver import schemas
from mockserver.engine.video.layout import LAYOUTS
from mockserver.protocol.catalogue import SUBSCRIBED_AS
from mockserver.protocol.lifecycles import LIFECYCLES
from mockserver.protocol.secrets import MASK

_KINDS = ("envelopes/", "calls/", "results/", "events/", "objects/")

NAMES = ("event_type", "events", "method")
"""The fields that name methods and events."""

CHANNELS = re.compile(r"(video\.rooms\.|room\.|EC_)(.+)", re.S)
"""Channels: a word of the protocol, and an id."""

PARTS = frozenset({"signalwire"})
"""Words in names of sessions, besides ids."""

FREE = frozenset({"meta"})
"""Fields whose content is somebody's own."""

POSITIONS = "positions"
"""The field whose keys are the ids of members."""

_POSITION = re.compile(r"auto|self|off-canvas|(reserved|standard|playback|full-screen)(-\d+)?")
_CODE = re.compile(r"-?\d{3,5}")
_AGENT = re.compile(r"@signalwire/[\w@./-]+")


@cache
def fields() -> frozenset[str]:
    """The names of all fields of the protocol."""
    return frozenset(name for schema in _schemas() for name in _properties(schema))


@cache
def words() -> frozenset[str]:
    """Methods, event types, states, layouts and whatever else the schemas list, and field names."""
    methods = {name.partition("/")[2] for name in schemas.names() if name.startswith(_KINDS)}
    listed = {word for schema in _schemas() for word in _listed(schema)}
    more = {"OK", "", "all", "2.0", "video.rooms", MASK, *LAYOUTS, *LIFECYCLES, *SUBSCRIBED_AS}
    short = {name.removeprefix("video.") for name in methods}
    return frozenset(methods | short | listed | more) | fields()


@cache
def _families() -> frozenset[str]:
    return frozenset(
        word[: dot.end()] for word in words() for dot in re.finditer(r"\.", word) if " " not in word
    )


def family(text: str) -> str:
    """How the name of an unknown method or event begins: ``video.recording.``, or ""."""
    ends = [dot.end() for dot in re.finditer(r"\.", text)]
    return next((text[:end] for end in reversed(ends) if text[:end] in _families()), "")


def is_protocol(key: str, text: str) -> bool:
    """Whether a text is what the protocol says, under this key."""
    if text in words():
        return True
    if key == "code":
        return _CODE.fullmatch(text) is not None
    if key == "agent":
        return _AGENT.fullmatch(text) is not None
    return "position" in key and _POSITION.fullmatch(text) is not None


def _schemas() -> Iterator[dict[str, Any]]:
    return (schemas.load(name) for name in schemas.names() if name.startswith(_KINDS))


def _properties(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        found = schema.get("properties")
        if isinstance(found, dict):
            yield from found
        for inner in schema.values():
            yield from _properties(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _properties(inner)


def _listed(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for each in (*_items(schema.get("enum")), schema.get("const")):
            if isinstance(each, str):
                yield each
        for inner in schema.values():
            yield from _listed(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _listed(inner)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
