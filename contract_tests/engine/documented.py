"""Whether a frame holds only fields that a schema describes.

The schemas are open, because they also judge what the real service sends. The mock itself must not
make use of that: what it sends is what it documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from mockserver import schemas
from mockserver.protocol.frames import EVENT_METHOD
from mockserver.protocol.validation import composed, is_refusal

Schema = Mapping[str, Any]

FREE_FORM = frozenset({"meta"})
"""Objects that belong to the user, who may put anything into them."""


def undocumented(frame: Mapping[str, Any], answers: str | None = None) -> list[str]:
    """The paths of the fields that no schema describes.

    Args:
        frame: a frame of the mock's.
        answers: the method that it answers, if it answers one.
    """
    return list(_walk(frame, (_schema_of(frame, answers),), "$"))


def _schema_of(frame: Mapping[str, Any], answers: str | None) -> Schema:
    if "method" in frame:
        if frame["method"] == EVENT_METHOD:
            return composed("events", frame["params"]["event_type"])
        return composed("calls", frame["method"])
    if "error" in frame:
        return composed("envelopes", "error_answer")
    assert answers is not None, f"an answer to nothing: {frame}"
    if answers != "signalwire.connect" and is_refusal(frame["result"]):
        return composed("refusals", "")
    return composed("results", answers)


def _walk(value: Any, described_by: Sequence[Schema], path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            place = f"{path}.{key}"
            descriptions = [
                found
                for schema in described_by
                for part in _parts(schema)
                if (found := part.get("properties", {}).get(key)) is not None
            ]
            if not descriptions:
                yield place
            elif key not in FREE_FORM and not _is_details(place):
                yield from _walk(inner, descriptions, place)
    elif isinstance(value, list):
        items = [
            part["items"] for schema in described_by for part in _parts(schema) if "items" in part
        ]
        for index, inner in enumerate(value):
            yield from _walk(inner, items, f"{path}[{index}]")


def _is_details(path: str) -> bool:
    """``error.data`` is what JSON-RPC leaves to whoever fails."""
    return path == "$.error.data"


def _parts(schema: Schema) -> list[Schema]:
    """A schema, and all that describe the same value with it."""
    parts = [schema]
    if "$ref" in schema:
        parts += _parts(_resolved(schema["$ref"]))
    for keyword in ("allOf", "anyOf", "oneOf"):
        for inner in schema.get(keyword, ()):
            parts += _parts(inner)
    return parts


@cache
def _resolved(reference: str) -> Schema:
    return schemas.resolve(reference)
