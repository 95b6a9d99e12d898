"""A frame that is not what its schema says, in one of some ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from mockserver.protocol import codec, frames

from .injection import Injection

UNKNOWN = "unheard_of"
"""What no schema of the protocol knows."""

OVERSIZED_BYTES = 1_048_576

_Place = tuple[dict[str, Any], str]
"""An object in a frame, and one of its keys."""


def corrupted(injection: Injection, frame: frames.Frame, data: bytes) -> bytes | None:
    """A frame as a fault wants it; None for a frame that cannot be corrupted so.

    Args:
        injection: the fault.
        frame: the frame as it was meant; it stays as it is.
        data: the same, encoded.
    """
    changed = deepcopy(frame)
    body = _body(changed)
    how: str = injection.arguments.get("how", "wrong_type")
    if how == "invalid_json":
        return data[: len(data) // 2]
    if body is None or not _CHANGES[how](injection, changed, body):
        return None
    return codec.encode(changed)


def _body(frame: frames.Frame) -> dict[str, Any] | None:
    """The params of an event or a call, or the result or error of an answer."""
    body = frame.get("params") or frame.get("result") or frame.get("error")
    if frames.is_event(frame) and isinstance(body, dict):
        body = body.get("params")
    return body if isinstance(body, dict) else None


def _places(body: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, _Place]]:
    """Each field of an object and of those within it, by its dotted path."""
    for key, value in body.items():
        yield f"{prefix}{key}", (body, key)
        if isinstance(value, dict):
            yield from _places(value, f"{prefix}{key}.")


def _place(injection: Injection, body: dict[str, Any]) -> _Place | None:
    """The field that is meant, or one that is drawn from the seed."""
    places = dict(_places(body))
    wanted = injection.arguments.get("field")
    if wanted is None and places:
        wanted = injection.identities.one_of(sorted(places))
    return None if wanted is None else places.get(wanted)


def _wrong_type(injection: Injection, frame: frames.Frame, body: dict[str, Any]) -> bool:
    place = _place(injection, body)
    if place is None:
        return False
    holder, key = place
    # No schema of the protocol takes both a text and a list of numbers for a field.
    holder[key] = [0] if isinstance(holder[key], str) else "corrupted"
    return True


def _missing_field(injection: Injection, frame: frames.Frame, body: dict[str, Any]) -> bool:
    place = _place(injection, body)
    if place is None:
        return False
    holder, key = place
    del holder[key]
    return True


def _unknown_event_type(injection: Injection, frame: frames.Frame, body: dict[str, Any]) -> bool:
    if not frames.is_event(frame):
        return False
    namespace = str(frame["params"].get("event_type", "")).partition(".")[0]
    frame["params"]["event_type"] = f"{namespace}.{UNKNOWN}.happened"
    return True


def _unknown_field(injection: Injection, frame: frames.Frame, body: dict[str, Any]) -> bool:
    body[UNKNOWN] = {"value": 1}
    return True


def _oversized(injection: Injection, frame: frames.Frame, body: dict[str, Any]) -> bool:
    body[UNKNOWN] = "x" * injection.arguments.get("bytes", OVERSIZED_BYTES)
    return True


_CHANGES: Mapping[str, Callable[[Injection, frames.Frame, dict[str, Any]], bool]] = {
    "wrong_type": _wrong_type,
    "missing_field": _missing_field,
    "unknown_event_type": _unknown_event_type,
    "unknown_field": _unknown_field,
    "oversized": _oversized,
}
