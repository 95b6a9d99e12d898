"""One builder per envelope: no other module spells a JSON-RPC frame.

A frame is a plain dict, ready to be encoded. The builders copy nothing and check nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

__all__ = [
    "EVENT_METHOD",
    "Frame",
    "FrameId",
    "acknowledgement",
    "answer",
    "call",
    "error_answer",
    "event",
    "id_of",
    "is_answer",
    "is_call",
    "is_event",
    "is_notification",
]

Frame: TypeAlias = dict[str, Any]
FrameId: TypeAlias = str | int | float
"""A fraction is only in the refusal of a frame that has such an id."""

EVENT_METHOD: Final = "signalwire.event"
"""All events are calls of this method, from the server to the client [W]."""


def call(id: FrameId, method: str, params: Mapping[str, Any]) -> Frame:
    """`{"jsonrpc", "id", "method", "params"}`."""
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


def answer(id: FrameId, result: Mapping[str, Any]) -> Frame:
    """`{"jsonrpc", "id", "result"}`: success, or a refusal when `result.code` is not 2xx [W]."""
    return {"jsonrpc": "2.0", "id": id, "result": result}


def error_answer(
    id: FrameId | None, code: int, message: str, data: Mapping[str, Any] | None = None
) -> Frame:
    """`{"jsonrpc", "id", "error": {"code", "message", "data"?}}`; empty `data` is left out.

    `id` is None when the frame that was wrong had none that could be read, as JSON-RPC says.
    """
    error: dict[str, Any] = {"code": code, "message": message}
    if data:
        error["data"] = data
    return {"jsonrpc": "2.0", "id": id, "error": error}


def event(
    id: FrameId,
    event_type: str,
    event_channel: str,
    timestamp: float,
    params: Mapping[str, Any],
) -> Frame:
    """A `signalwire.event` call [T, W]. `timestamp` is in unix seconds."""
    return call(
        id,
        EVENT_METHOD,
        {
            "event_type": event_type,
            "event_channel": event_channel,
            "timestamp": timestamp,
            "params": params,
        },
    )


def acknowledgement(id: FrameId) -> Frame:
    """What a client answers to an event when it connected with `event_acks` [W]."""
    return answer(id, {})


def is_call(frame: Mapping[str, Any]) -> bool:
    """Whether the frame asks for something: a call, events included."""
    return "method" in frame


def is_answer(frame: Mapping[str, Any]) -> bool:
    """Whether the frame answers a call: a result, an error or an acknowledgement."""
    return "method" not in frame and ("result" in frame or "error" in frame)


def is_notification(frame: Mapping[str, Any]) -> bool:
    """Whether the frame is a call without an id: JSON-RPC says that it is never answered."""
    return isinstance(frame.get("method"), str) and "id" not in frame


def is_event(frame: Mapping[str, Any]) -> bool:
    """Whether the frame is an event."""
    return frame.get("method") == EVENT_METHOD


def id_of(frame: Mapping[str, Any]) -> FrameId | None:
    """The frame's id where it is fit to be repeated in an answer."""
    frame_id = frame.get("id")
    # Not isinstance: true and false are numbers to Python.
    return frame_id if type(frame_id) in (str, int, float) else None
