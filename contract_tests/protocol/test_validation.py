"""Which frames pass, and how those that do not are turned away."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from mockserver.protocol import frames
from mockserver.protocol.errors import InvalidFrame, InvalidParams, InvalidRequest, MethodNotFound
from mockserver.protocol.explanation import explain
from mockserver.protocol.validation import (
    check_call,
    check_outgoing,
    check_reply,
    composed,
    is_refusal,
    problems,
)

from .samples import fitting_frames

PAUSE: dict[str, Any] = frames.call(
    "c1", "video.recording.pause", {"room_session_id": "rs1", "recording_id": "r1"}
)
FITTING = list(fitting_frames())


@pytest.mark.parametrize(
    ("kind", "name", "frame"), FITTING, ids=[f"{kind}/{name}" for kind, name, _ in FITTING]
)
def test_every_example_in_its_envelope_has_no_problems(
    kind: str, name: str, frame: dict[str, Any]
) -> None:
    answers = name if kind == "results" else "video.recording.pause"
    assert problems(frame, answers) == []


@pytest.mark.parametrize(
    ("kind", "name", "other", "path"),
    [
        ("calls", "video.recording.resume", PAUSE, "$.method"),
        (
            "events",
            "video.room.ended",
            frames.event("e1", "video.room.started", "x", 1.0, {}),
            "$.params.event_type",
        ),
    ],
)
def test_the_schema_of_a_whole_frame_fits_no_frame_of_another_name(
    kind: str, name: str, other: dict[str, Any], path: str
) -> None:
    assert path in [problem.path for problem in explain(other, composed(kind, name))]


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": True},
        {"id": 1.5},
        {"id": 2**53},
        {"id": ["c1"]},
        {"method": None},
        {"method": 7},
        {"method": []},
        {"params": None},
        {"params": []},
        {"params": "x"},
    ],
    ids=str,
)
def test_a_broken_envelope_is_an_invalid_request(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_call({**PAUSE, **change})
    (key,) = change
    assert [problem["path"] for problem in caught.value.data["problems"]] == [f"$.{key}"]


def test_a_broken_envelope_is_answered_under_its_id_where_that_is_sound() -> None:
    for change, answered in (({"params": 1}, "c1"), ({"id": 2**53}, 2**53), ({"id": True}, None)):
        with pytest.raises(InvalidRequest) as caught:
            check_call({**PAUSE, **change})
        assert caught.value.id == answered


@pytest.mark.parametrize("key", ["id", "method", "params"])
def test_an_incomplete_envelope_is_an_invalid_request(key: str) -> None:
    with pytest.raises(InvalidRequest, match=rf"\$\.{key}: expected"):
        check_call({name: value for name, value in PAUSE.items() if name != key})


@pytest.mark.parametrize("good_id", ["", "c1", 0, -7, 2**53 - 1])
def test_ids_are_strings_or_whole_numbers(good_id: str | int) -> None:
    check_call({**PAUSE, "id": good_id})


def test_fields_that_nobody_knows_are_let_through() -> None:
    check_call({**PAUSE, "trace": 1, "params": {**PAUSE["params"], "later": True}})


def test_an_unknown_method_is_answered_with_those_near_it() -> None:
    with pytest.raises(MethodNotFound) as caught:
        check_call({**PAUSE, "method": "video.recording.puase"})
    assert caught.value.data["nearest"][0] == "video.recording.pause"
    assert "did you mean video.recording.pause" in caught.value.message
    assert caught.value.id == "c1"


def test_a_method_near_nothing_is_answered_with_all_there_are() -> None:
    with pytest.raises(MethodNotFound) as caught:
        check_call({**PAUSE, "method": "chat.publish"})
    assert caught.value.data == {"method": "chat.publish", "nearest": []}
    assert "video.recording.start" in caught.value.message


def test_what_only_the_server_calls_is_no_method_of_clients() -> None:
    with pytest.raises(MethodNotFound, match="is called by the server"):
        check_call({**PAUSE, "method": "signalwire.event", "params": {}})


def test_a_huge_method_name_is_not_repeated_whole() -> None:
    with pytest.raises(MethodNotFound) as caught:
        check_call({**PAUSE, "method": "x" * 1_000_000})
    assert len(orjson.dumps(caught.value.as_answer())) < 2_000


def test_wrong_params_come_with_an_example_that_fits() -> None:
    with pytest.raises(InvalidParams) as caught:
        check_call({**PAUSE, "params": {}})
    assert caught.value.data["method"] == "video.recording.pause"
    assert len(caught.value.data["problems"]) == 2
    assert "(and 1 more, see data.problems)" in caught.value.message
    check_call({**PAUSE, "params": caught.value.data["example"]})


@pytest.mark.parametrize(
    ("authentication", "fits"),
    [
        ({"project": "p", "token": "t"}, True),
        ({"jwt_token": "t"}, True),
        ({"project": "p", "jwt_token": "t"}, True),
        ({"project": "p"}, False),
        ({"token": "t"}, False),
        ({}, False),
    ],
)
def test_credentials_are_a_project_with_its_token_or_a_jwt(
    authentication: dict[str, str], fits: bool
) -> None:
    frame = frames.call("c1", "signalwire.connect", {"authentication": authentication})
    assert (problems(frame) == []) is fits


@pytest.mark.parametrize(
    "frame",
    [
        frames.acknowledgement("e1"),
        frames.answer("p1", {"timestamp": 1.5}),
        frames.error_answer("e1", -32603, "no"),
        frames.error_answer(None, -32700, "no", {"line": 1}),
    ],
)
def test_replies_that_fit(frame: dict[str, Any]) -> None:
    check_reply(frame)


@pytest.mark.parametrize(
    ("frame", "path"),
    [
        ({"jsonrpc": "2.0", "id": "e1"}, "$.result"),
        ({"jsonrpc": "2.0", "id": "e1", "result": None}, "$.result"),
        ({"jsonrpc": "2.0", "id": "e1", "result": []}, "$.result"),
        ({"jsonrpc": "2.0", "id": None, "result": {}}, "$.id"),
        ({"jsonrpc": "2.0", "result": {}}, "$.id"),
        ({"jsonrpc": "2.0", "id": "e1", "result": {}, "error": {}}, "$"),
        ({"jsonrpc": "2.0", "id": "e1", "error": {"message": "no"}}, "$.error.code"),
        ({"jsonrpc": "2.0", "id": "e1", "error": {"code": "x", "message": ""}}, "$.error.code"),
    ],
)
def test_replies_that_do_not_fit(frame: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_reply(frame)
    assert path in [problem["path"] for problem in caught.value.data["problems"]]


RESULT = {"code": "200", "message": "OK"}


@pytest.mark.parametrize(
    ("frame", "answers", "path"),
    [
        (frames.answer("c1", RESULT), "video.recording.start", "$.result.recording"),
        (frames.answer("c1", {**RESULT, "code": 200.5}), "video.recording.pause", "$.result.code"),
        (frames.answer("c1", {**RESULT, "code": True}), "video.recording.pause", "$.result.code"),
        (frames.answer("c1", {"code": "404", "message": 7}), "video.room.get", "$.result.message"),
        (frames.answer("c1", {"code": "404"}), "signalwire.connect", "$.result.identity"),
        (frames.call("c1", "video.recording.start", {}), None, "$.method"),
        (frames.call("c1", "signalwire.ping", {}), None, "$.params.timestamp"),
        (frames.event("e1", "video.room.begun", "x", 1.0, {}), None, "$.params.event_type"),
        (frames.event("e1", "video.room.ended", "x", 1.0, {}), None, "$.params.params.room_id"),
        ({"method": []}, None, "$.method"),
        ({"method": "signalwire.event"}, None, "$.params.event_type"),
    ],
)
def test_a_wrong_frame_of_our_own_is_a_bug_that_names_its_place(
    frame: dict[str, Any], answers: str | None, path: str
) -> None:
    with pytest.raises(InvalidFrame) as caught:
        check_outgoing(frame, answers)
    assert path in [problem.path for problem in caught.value.problems]
    assert caught.value.frame is frame
    assert path in str(caught.value)


def test_a_refusal_answers_any_call() -> None:
    for method in ("video.recording.start", "video.rooms.get", "signalwire.subscribe"):
        check_outgoing(frames.answer("c1", {"code": "409", "message": "No."}), method)
        check_outgoing(frames.error_answer("c1", -32603, "No."), method)


def test_of_names_without_a_schema_only_the_envelope_is_judged() -> None:
    assert problems(frames.call("c1", "chat.publish", {})) == []
    assert problems(frames.event("e1", "chat.message", "x", 1.0, {})) == []
    assert problems(frames.answer("c1", {"anything": 1}), "chat.publish") == []
    assert problems(frames.call("c1", "chat.publish", [])) != []  # type: ignore[arg-type]
    assert problems(frames.event("e1", "chat.message", 7, 1.0, {})) != []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("result", "refused"),
    [
        ({}, False),
        ({"code": "200"}, False),
        ({"code": 200}, False),
        ({"code": "299"}, False),
        ({"code": ""}, False),
        ({"code": 0}, False),
        ({"code": "404"}, True),
        ({"code": 404}, True),
        ({"code": "2000"}, True),
        ({"code": "200\n"}, True),
        (None, False),
    ],
)
def test_a_result_is_a_refusal_when_the_clients_take_it_for_one(result: Any, refused: bool) -> None:
    assert is_refusal(result) is refused
