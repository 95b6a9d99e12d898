"""Text to frames and back. What `decode` returns is a JSON-RPC 2.0 object and no more than that.

Of equal keys in an object the last one counts, as in JavaScript's own parser. Integers beyond
64 bits become floats, as they do there.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from mockserver.protocol.depth import brackets, is_deeper
from mockserver.protocol.errors import InvalidRequest, ParseError
from mockserver.protocol.frames import Frame, id_of

__all__ = ["MAX_DEPTH", "decode", "encode", "read"]

MAX_DEPTH: Final = 64
"""How deep objects and lists may be nested in a frame [A]. Real ones go some six deep."""


def decode(text: str | bytes, max_depth: int = MAX_DEPTH) -> Frame:
    """One WebSocket message to one frame.

    Args:
        text: the message.
        max_depth: how deep objects and lists may be nested.

    Raises:
        ParseError: The text is not JSON; says where and what was found there.
        InvalidRequest: It is JSON, but not an object (batches are not spoken [A]), nested deeper
            than `max_depth`, or `jsonrpc` is not "2.0".
    """
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _parse_error(error, text) from None
    if type(frame) is not dict:
        raise _not_an_object(frame)
    if brackets(text) > max_depth and is_deeper(frame, max_depth):
        raise InvalidRequest(
            f"The frame is nested deeper than {max_depth} levels: flatten it.",
            {"max_depth": max_depth},
            id_of(frame),
        )
    if frame.get("jsonrpc") != "2.0":
        raise _not_version_2(frame)
    return frame


def read(text: bytes) -> Frame | None:
    """The JSON object that a text is; None when it is none."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if type(found) is dict else None


def encode(frame: Frame) -> bytes:
    """One frame to UTF-8 text without blanks.

    Raises:
        TypeError: Something in the frame has no JSON form.
    """
    # A copy, which the slice is: what orjson returns keeps a buffer of some KiB while it lives.
    return orjson.dumps(frame, None, orjson.OPT_APPEND_NEWLINE)[:-1]


def _parse_error(error: orjson.JSONDecodeError, text: str | bytes) -> ParseError:
    readable = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    # No more than one character, since what stands there may be a secret.
    rest = readable[error.pos : error.pos + 1]
    if not readable.strip():
        found = "an empty message"
    elif not rest:
        found = "the end of the text"
    else:
        # Lone surrogates can be in a str but in no answer.
        found = repr(rest.encode("utf-8", "replace").decode("utf-8"))
    return ParseError(
        f"The message is not JSON: {error.msg.partition(': line ')[0]} at line {error.lineno}, "
        f"column {error.colno}, where {found} was found. Send one JSON object per message.",
        {"line": error.lineno, "column": error.colno},
    )


def _not_an_object(value: Any) -> InvalidRequest:
    if isinstance(value, list):
        return InvalidRequest(
            f"The message is a list of {len(value)}: batches are not served. "
            "Send each call as a message of its own."
        )
    kind = {str: "a string", bool: "a boolean", type(None): "null"}.get(type(value), "a number")
    return InvalidRequest(
        f'The message is {kind}, not an object. Send {{"jsonrpc": "2.0", "id": …, "method": …, '
        '"params": {…}}.'
    )


def _not_version_2(frame: Frame) -> InvalidRequest:
    if "jsonrpc" in frame:
        # The value is quoted whole only where it cannot be long.
        version = frame["jsonrpc"]
        shown = repr(version)[:40] if isinstance(version, str | int | float) else "something else"
        found = f"says {shown}"
        if version == 2:
            found = f"is the number {shown}"
    else:
        found = "is missing"
    return InvalidRequest(
        f'"jsonrpc" {found}: it must be the string "2.0".',
        {
            "problems": [
                {"path": "$.jsonrpc", "expected": '"2.0"', "found": found},
            ]
        },
        id_of(frame),
    )
