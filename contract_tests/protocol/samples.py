"""Frames that fit, made of the examples that stand in the schema files; shared by these tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver import schemas
from mockserver.protocol import frames

Checked = tuple[str, Mapping[str, Any], list[Any]]

KINDS = ("envelopes", "calls", "results", "events", "objects")
# The scenario format and the mock's own actions are no part of the wire.
WIRE = [name for name in schemas.names() if name.partition("/")[0] in KINDS]
OWN = [name for name in schemas.names() if name not in WIRE and "/" in name]


def fitting_frames() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """`(kind, name, frame)` for each example of a call, result, event and refusal."""
    for full in WIRE:
        kind, _, name = full.partition("/")
        for example in schemas.load(full)["examples"]:
            if kind == "calls":
                if name != frames.EVENT_METHOD:
                    yield kind, name, frames.call("c1", name, example)
            elif kind == "results":
                yield kind, name, frames.answer("c1", example)
            elif kind == "events":
                yield kind, name, frames.event("e1", name, "EC_1", 1663858327.85, example)
            elif full == "objects/refusal":
                yield "refusals", "", frames.answer("c1", example)
