"""The words in which a wrong frame is explained: where, what was expected, what was found."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.protocol.errors import InvalidParams
from mockserver.protocol.explanation import Problem, explain, json_path, shorten
from mockserver.protocol.frames import call
from mockserver.protocol.validation import check_call, composed

GOOD: dict[str, Any] = {"room_session_id": "rs1", "recording_id": "r1"}


def problems_of(method: str, params: Any) -> list[dict[str, str]]:
    with pytest.raises(InvalidParams) as caught:
        check_call(call("c1", method, params))
    found: list[dict[str, str]] = caught.value.data["problems"]
    return found


def test_a_value_of_the_wrong_type() -> None:
    assert problems_of("video.recording.pause", {**GOOD, "room_session_id": 42}) == [
        {
            "path": "$.params.room_session_id",
            "expected": "a string",
            "found": "42 (integer)",
            "hint": "put it into quotes",
        }
    ]


def test_a_missing_key_is_named_and_described() -> None:
    assert problems_of("video.recording.pause", {"room_session_id": "rs1"}) == [
        {
            "path": "$.params.recording_id",
            "expected": "a string",
            "found": "nothing",
            "hint": 'add "recording_id": Id of the recording',
        }
    ]


@pytest.mark.parametrize("typo", ["recordingId", "recording_ID", "recordng_id", "RecordingId"])
def test_a_misspelt_key_is_recognised(typo: str) -> None:
    (problem,) = problems_of("video.recording.pause", {"room_session_id": "rs1", typo: "r1"})
    assert problem["path"] == "$.params.recording_id"
    assert problem["hint"] == f'"{typo}" looks like "recording_id": rename it'


def test_a_misspelt_key_of_one_way_among_several_is_recognised() -> None:
    params = {"authentication": {"project": "p", "tokn": "PT-secret"}}
    (problem,) = problems_of("signalwire.connect", params)
    assert problem["path"] == "$.params.authentication"
    assert problem["expected"] == 'an object with "project" and "token", or with "jwt_token"'
    assert problem["found"] == "an object with the keys project, tokn"
    assert problem["hint"] == '"tokn" looks like "token": rename it'


def test_all_problems_are_told_at_once_in_the_order_of_their_places() -> None:
    params = {"event_channel": None, "events": ["a", 1, {}], "get_initial_state": "true"}
    told = [(x["path"], x["found"]) for x in problems_of("signalwire.subscribe", params)]
    assert told == [
        ("$.params.event_channel", "null"),
        ("$.params.events[1]", "1 (integer)"),
        ("$.params.events[2]", "an empty object"),
        ("$.params.get_initial_state", '"true" (string)'),
    ]


@pytest.mark.parametrize(
    ("params", "hint"),
    [
        ({"events": "video.room.started", "event_channel": "x"}, "put it into a list"),
        (
            {"events": [], "event_channel": "x", "get_initial_state": "True"},
            "write true without quotes",
        ),
    ],
)
def test_hints_on_common_slips(params: dict[str, Any], hint: str) -> None:
    (problem,) = problems_of("signalwire.subscribe", params)
    assert problem["hint"] == hint


def test_a_number_in_quotes() -> None:
    (problem,) = problems_of("signalwire.ping", {"timestamp": "1663858327.847"})
    assert problem["hint"] == "write the number without quotes"


def test_a_word_that_is_not_among_the_allowed_ones() -> None:
    frame = {
        "jsonrpc": "2.0",
        "id": "c1",
        "result": {"recordings": [{"id": "r1", "state": "pausd"}]},
    }
    assert explain(frame, composed("results", "video.recording.list")) == [
        Problem(
            "$.result.recordings[0].state",
            'one of "recording", "paused", "completed"',
            '"pausd" (string)',
            'did you mean "paused"?',
        )
    ]


def test_the_narrowest_rule_at_a_place_is_the_one_told() -> None:
    # The recording's own schema allows three states, this event only one.
    recording = {"id": "r1", "state": "halted"}
    params = {"room_id": "a", "room_session_id": "b", "recording": recording}
    frame = call(
        "e1",
        "signalwire.event",
        {
            "event_type": "video.recording.ended",
            "event_channel": "x",
            "timestamp": 1.0,
            "params": params,
        },
    )
    (problem,) = explain(frame, composed("events", "video.recording.ended"))
    assert problem.path == "$.params.params.recording.state"
    assert problem.expected == '"completed"'


@pytest.mark.parametrize(
    "params",
    [
        {"authentication": "PT-secret"},
        {"authentication": {"project": "p", "token": 7_777_777}},
        {"authentication": {"jwt_token": ["PT-secret"]}},
        {"authentication": {"project": 7_777_777, "token": "PT-secret"}},
        {"authentication": ["PT-secret"]},
        {"authentication": {"jwt_token": "x"}, "authorization_state": 7_777_777},
    ],
)
def test_secrets_are_never_repeated(params: dict[str, Any]) -> None:
    with pytest.raises(InvalidParams) as caught:
        check_call(call("c1", "signalwire.connect", params))
    told = f"{caught.value.message} {caught.value.data}"
    assert "secret-" not in told
    assert "PT-" not in told
    assert "7777777" not in told


def test_huge_values_are_shortened_and_many_problems_are_cut() -> None:
    events = [{"x" * 1000: "y" * 100_000}, *range(100_000)]
    problems = problems_of("signalwire.subscribe", {"event_channel": "x", "events": events})
    assert len(problems) == 20
    assert all(len(str(problem)) < 300 for problem in problems)
    (problem,) = problems_of("signalwire.ping", {"timestamp": "y" * 100_000})
    assert problem["found"] == '"' + "y" * 59 + "… (100000 characters) (string)"


def test_a_value_beyond_walking_is_still_called_wrong() -> None:
    deep: dict[str, Any] = {}
    for _ in range(3000):
        deep = {"a": deep}
    (problem,) = explain(call(deep, "m", {}), composed("envelopes", "call"))  # type: ignore[arg-type]
    # How deep jsonschema can walk, and so how near to the fault it comes, is up to the Python.
    assert problem.path in ("$", "$.id")
    assert problem.found.startswith("an object with the key")


def test_a_closed_schema_names_the_surplus_key_and_what_it_may_have_meant() -> None:
    schema = {"properties": {"about": {}, "rooms": {}}, "additionalProperties": False}
    assert explain({"abuot": 1}, schema) == [
        Problem(
            "$.abuot", "one of the keys about, rooms", "an unknown key", 'did you mean "about"?'
        )
    ]


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"minimum": 3}, 2, "at least 3"),
        ({"exclusiveMaximum": 3}, 3, "less than 3"),
        ({"minLength": 2}, "x", "at least 2 characters"),
        ({"minItems": 1}, [], "a list of at least 1"),
        ({"uniqueItems": True}, [1, 1], "a list without repeats"),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, 1, "a string or null"),
        ({"type": ["string", "integer"]}, None, "a string or a whole number"),
        ({"const": {"a": 1}}, 1, '{"a": 1}'),
        ({"$ref": "https://signalwire-mockserver.invalid/schemas/objects/position.json"}, 1, None),
    ],
)
def test_what_is_expected_is_said_in_words(
    schema: dict[str, Any], value: Any, expected: str | None
) -> None:
    (problem,) = explain(value, schema)
    if expected is None:
        assert problem.expected.startswith('a position: "auto"')
    else:
        assert problem.expected == expected


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        ([], "$"),
        (["params", "events", 0], "$.params.events[0]"),
        (["a b"], '$["a b"]'),
        ([""], '$[""]'),
        (['"'], '$["\\""]'),
    ],
)
def test_paths(parts: list[str | int], path: str) -> None:
    assert json_path(parts) == path


def test_shortening_keeps_short_text_and_never_yields_what_cannot_be_sent() -> None:
    assert shorten("short") == "short"
    assert shorten("\ud800") == "?"
