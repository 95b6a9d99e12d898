"""What `decode` lets in, what it turns away, and with which words."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from mockserver.protocol.codec import MAX_DEPTH, decode, encode
from mockserver.protocol.errors import InvalidRequest, ParseError, ProtocolError

FRAME: dict[str, Any] = {"jsonrpc": "2.0", "id": "a", "method": "signalwire.ping", "params": {}}


def nested(depth: int, opening: str = '{"a":', closing: str = "}") -> str:
    """A frame whose deepest part lies `depth` levels down, the frame itself counted."""
    inner = opening * (depth - 1) + "1" + closing * (depth - 1)
    return f'{{"jsonrpc":"2.0","id":"a","params":{inner}}}'


MALFORMED: dict[str, tuple[str | bytes, type[ProtocolError], str]] = {
    "empty": ("", ParseError, "an empty message"),
    "blank": (" \n ", ParseError, "an empty message"),
    "word": ("hello", ParseError, "'h'"),
    "cut short": ('{"jsonrpc": "2.0"', ParseError, "column 18, where the end of the text"),
    "second line": ('{"jsonrpc": "2.0",\n nope}', ParseError, "at line 2, column 2"),
    "after wide letters": ('{"é😀": nope}', ParseError, "column 8, where 'n'"),
    "after wide letters in bytes": ('{"é😀": nope}'.encode(), ParseError, "column 8, where 'n'"),
    "bare secret": ('{"token": PT-secret}', ParseError, "where 'P' was found"),
    "single quotes": ("{'jsonrpc': '2.0'}", ParseError, "line 1, column 2"),
    "trailing comma": ('{"jsonrpc": "2.0",}', ParseError, "','"),
    "two frames": ('{"jsonrpc":"2.0"}{"jsonrpc":"2.0"}', ParseError, "one JSON object per"),
    "NaN": ('{"jsonrpc":"2.0","id":NaN}', ParseError, "'N'"),
    "Infinity": ('{"jsonrpc":"2.0","id":Infinity}', ParseError, "'I'"),
    "beyond a double": ('{"jsonrpc":"2.0","id":1e999}', ParseError, "infinity"),
    "escaped lone surrogate": ('{"jsonrpc":"2.0","id":"\\ud800"}', ParseError, "surrogate"),
    "raw lone surrogate": ('{"jsonrpc":"2.0","id":"\ud800"}', ParseError, "surrogates"),
    "not UTF-8": (b'{"jsonrpc":"2.0","id":"\xff"}', ParseError, "UTF-8"),
    "parser's own depth": ("[" * 5000 + "]" * 5000, ParseError, "depth"),
    "batch": (b'[{"jsonrpc":"2.0"},{"jsonrpc":"2.0"}]', InvalidRequest, "list of 2: batches"),
    "empty batch": ("[]", InvalidRequest, "list of 0: batches"),
    "string": ('"hello"', InvalidRequest, "is a string, not an object"),
    "number": ("17", InvalidRequest, "is a number, not an object"),
    "boolean": ("true", InvalidRequest, "is a boolean, not an object"),
    "null": ("null", InvalidRequest, "is null, not an object"),
    "no version": ("{}", InvalidRequest, '"jsonrpc" is missing: it must be the string "2.0"'),
    "old version": ('{"jsonrpc":"1.0"}', InvalidRequest, "says '1.0'"),
    "number as version": ('{"jsonrpc":2.0}', InvalidRequest, "is the number 2.0"),
    "object as version": ('{"jsonrpc":{"a":1}}', InvalidRequest, "something else"),
    "long version": (
        orjson.dumps({"jsonrpc": "9" * 10_000}),
        InvalidRequest,
        "it must be the string",
    ),
    "too deep": (nested(MAX_DEPTH + 1), InvalidRequest, "deeper than 64"),
    "too deep in lists": (nested(MAX_DEPTH + 1, "[", "]"), InvalidRequest, "deeper than 64"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_text_is_refused_with_its_reason(case: str) -> None:
    text, kind, words = MALFORMED[case]
    with pytest.raises(ProtocolError) as caught:
        decode(text)
    assert type(caught.value) is kind
    assert words in caught.value.message
    assert len(caught.value.message) < 300
    # The error can be sent as it is.
    assert decode(encode(caught.value.as_answer()))["error"]["code"] == kind.code


def test_the_place_of_a_parse_error_is_told_to_programs_too() -> None:
    with pytest.raises(ParseError) as caught:
        decode('{"jsonrpc": "2.0",\n nope}')
    assert caught.value.data == {"line": 2, "column": 2}


def test_a_fractional_id_is_refused_under_that_id() -> None:
    with pytest.raises(InvalidRequest) as caught:
        decode('{"jsonrpc": "1.0", "id": 1.5}')
    assert caught.value.as_answer()["id"] == 1.5


@pytest.mark.parametrize("text", ['{"jsonrpc":"1.0","id":"x7"}', nested(99).replace('"a"', '"x7"')])
def test_a_refused_object_is_answered_under_its_own_id(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        decode(text)
    assert caught.value.as_answer()["id"] == "x7"


@pytest.mark.parametrize("bad_id", [None, True, {}, []])
def test_an_id_unfit_to_be_repeated_is_answered_with_null(bad_id: object) -> None:
    with pytest.raises(InvalidRequest) as caught:
        decode(orjson.dumps({"jsonrpc": "1.0", "id": bad_id}))
    assert caught.value.as_answer()["id"] is None


@pytest.mark.parametrize("depth", [1, MAX_DEPTH])
def test_the_allowed_depth_is_allowed(depth: int) -> None:
    assert decode(nested(depth))["id"] == "a"


def test_the_allowed_depth_is_allowed_beside_other_brackets_too() -> None:
    wide = nested(MAX_DEPTH).replace('"params"', '"more":[[],[],[]],"params"')
    assert decode(wide)["more"] == [[], [], []]
    wider = nested(MAX_DEPTH + 1).replace('"params"', '"more":[[],[],[]],"params"')
    with pytest.raises(InvalidRequest, match="deeper than 64"):
        decode(wider)


def test_many_brackets_side_by_side_are_not_depth() -> None:
    frame = {**FRAME, "params": {"lists": [[] for _ in range(500)]}}
    assert decode(orjson.dumps(frame)) == frame


def test_of_equal_keys_the_last_counts_as_in_javascript() -> None:
    assert decode('{"jsonrpc":"1.0","jsonrpc":"2.0","id":"a","id":"b"}')["id"] == "b"


def test_huge_integers_become_floats_as_in_javascript() -> None:
    huge = decode('{"jsonrpc":"2.0","id":123456789012345678901234567890}')["id"]
    assert type(huge) is float


@pytest.mark.parametrize(
    "text", ['{"jsonrpc":"2.0","id":"é✓😀"}', '{"jsonrpc":"2.0","id":"\\u00e9"}']
)
def test_text_and_bytes_decode_alike_and_survive_the_way_back(text: str) -> None:
    frame = decode(text)
    assert frame == decode(text.encode())
    assert decode(encode(frame)) == frame
