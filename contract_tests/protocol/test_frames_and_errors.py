"""The builders of envelopes, and the errors as they go over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.protocol import errors, frames
from mockserver.protocol.validation import problems

EVENT = frames.event("e1", "video.room.ended", "EC_1", 1.5, {"room_id": "a"})


def test_the_shapes_of_the_envelopes() -> None:
    assert frames.call("c1", "m", {"a": 1}) == {
        "jsonrpc": "2.0",
        "id": "c1",
        "method": "m",
        "params": {"a": 1},
    }
    assert frames.acknowledgement("e1") == {"jsonrpc": "2.0", "id": "e1", "result": {}}
    assert frames.error_answer("c1", -32603, "No.") == {
        "jsonrpc": "2.0",
        "id": "c1",
        "error": {"code": -32603, "message": "No."},
    }
    assert EVENT["method"] == "signalwire.event"
    assert EVENT["params"] == {
        "event_type": "video.room.ended",
        "event_channel": "EC_1",
        "timestamp": 1.5,
        "params": {"room_id": "a"},
    }


@pytest.mark.parametrize(
    ("frame", "kinds"),
    [
        (frames.call("c1", "m", {}), (True, False, False)),
        (EVENT, (True, False, True)),
        (frames.answer("c1", {}), (False, True, False)),
        (frames.error_answer("c1", 1, ""), (False, True, False)),
        ({}, (False, False, False)),
    ],
)
def test_frames_are_told_apart(frame: dict[str, Any], kinds: tuple[bool, bool, bool]) -> None:
    assert (frames.is_call(frame), frames.is_answer(frame), frames.is_event(frame)) == kinds


CODES = {
    errors.ParseError: -32700,
    errors.InvalidRequest: -32600,
    errors.MethodNotFound: -32601,
    errors.InvalidParams: -32602,
    errors.InternalError: -32603,
    errors.AuthenticationFailed: -32002,
}


@pytest.mark.parametrize(("kind", "code"), CODES.items(), ids=lambda x: getattr(x, "__name__", x))
def test_an_error_goes_over_the_wire_with_its_code(
    kind: type[errors.ProtocolError], code: int
) -> None:
    answer = kind("What was wrong.", {"detail": 1}, "c1").as_answer()
    assert answer == frames.error_answer("c1", code, "What was wrong.", {"detail": 1})
    assert problems(answer) == []


def test_an_error_can_answer_another_frame_than_the_one_it_came_from() -> None:
    assert errors.InternalError("No.").as_answer("c2")["id"] == "c2"
    assert errors.InternalError("No.", id="c1").as_answer(0)["id"] == 0
    assert errors.InternalError("No.", id=0).as_answer()["id"] == 0
    assert errors.InternalError("No.").as_answer()["id"] is None


def test_wrong_credentials_are_told_as_the_service_tells_them() -> None:
    assert errors.AuthenticationFailed().as_answer("c1")["error"] == {
        "code": -32002,
        "message": (
            "Authentication service failed with status ProtocolError, 401 Unauthorized: {}"
        ),
    }
