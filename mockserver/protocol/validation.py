"""Frames against schemas: a fast yes or no, and a slow but readable why.

What is checked is the whole frame: the schema of its envelope with the schema of its call, result
or event put in its place. Such a schema is compiled when first needed (jsonschema_rs) and kept. A
frame that fails is explained by jsonschema, through `explanation`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from mockserver import schemas
from mockserver.protocol import catalogue
from mockserver.protocol.errors import InvalidFrame, InvalidParams, InvalidRequest, MethodNotFound
from mockserver.protocol.frames import EVENT_METHOD, Frame, FrameId, id_of
from mockserver.protocol.reading import MANY, list_at, long_lists

if TYPE_CHECKING:
    import jsonschema_rs

    from mockserver.protocol.explanation import Problem

__all__ = [
    "check_call",
    "check_outgoing",
    "check_reply",
    "composed",
    "is_fine",
    "is_refusal",
    "problems",
]

_SUCCESS: Final = re.compile(r"2[0-9][0-9]")


_PLAIN: Final = {"code": "200", "message": "OK"}
"""The result of a call that has nothing to report."""

_answered_plainly: Final[set[str]] = set()
"""Methods for which `_PLAIN` has passed the schema of the result."""


def check_call(frame: Frame) -> None:
    """A client's call, as `decode` returned it.

    Raises:
        InvalidRequest: The envelope is wrong: id, method, params or their kind.
        MethodNotFound: Clients have no such call; `data.nearest` offers those near it.
        InvalidParams: The params break the schema of the call; `data.problems` says how.
    """
    method = frame.get("method")
    if type(method) is str and (
        (validator := _of_calls.get(method) or _of_call(method)) is not None
        and validator.is_valid(frame)
    ):
        return
    _refuse_call(frame)


_of_calls: Final[dict[str, jsonschema_rs.Draft202012Validator]] = {}
"""Method -> the validator of calls of it, for those that clients have made."""


def _of_call(method: str) -> jsonschema_rs.Draft202012Validator | None:
    """The validator of a method's calls; None when clients have no such call."""
    if not catalogue.is_client_call(method):
        return None
    found = _of_calls[method] = _validator("calls", method)
    return found


def check_reply(frame: Frame) -> None:
    """A client's answer or acknowledgement: its envelope.

    Raises:
        InvalidRequest: It is neither a result nor an error, or lacks an id. Such a frame deserves
            no answer, since it answers one itself.
    """
    found = _problems_of(frame, *_envelope_of_reply(frame))
    if found:
        raise InvalidRequest(
            f"This is not an answer: {_summary(found)}", {"problems": _as_data(found)}, id_of(frame)
        )


def check_outgoing(frame: Frame, answers: str | None = None) -> None:
    """A frame of our own, before it is sent.

    Args:
        frame: A server's call, an event or an answer.
        answers: The method that the frame answers; only the envelope is checked without it.

    Raises:
        InvalidFrame: It breaks its schema, or there is no schema for it: a bug.
    """
    # Most answers are this one, whose id came from a valid call: it is checked once per method.
    is_plain = len(frame) == 3 and frame.get("result") == _PLAIN
    if is_plain and answers in _answered_plainly:
        return
    found = [*_unknown(frame), *problems(frame, answers)]
    if found:
        raise InvalidFrame(frame, found)
    if is_plain and answers is not None:
        _answered_plainly.add(answers)


def is_fine(frame: Frame) -> bool:
    """Whether `check_outgoing` has nothing against a frame; takes no time to say why."""
    return not _unknown(frame) and _validator(*_schema_of(frame)).is_valid(frame)


def problems(frame: Mapping[str, Any], answers: str | None = None) -> list[Problem]:
    """What is wrong with any frame of a trace, whoever sent it; empty when nothing is.

    Unknown methods and event types are checked against the envelope only: the real service has
    more of them than this project knows.

    Args:
        frame: Any JSON object.
        answers: The method that an answer answers; only the envelope is checked without it.
    """
    return _problems_of(frame, *_schema_of(frame, answers))


def _schema_of(frame: Mapping[str, Any], answers: str | None = None) -> tuple[str, str]:
    """The kind and the name of the schema that a frame must fit, as `composed` takes them."""
    if "method" not in frame:
        return _envelope_of_reply(frame, answers)
    method = frame["method"]
    if method == EVENT_METHOD:
        event_type = _event_type(frame)
        if _is_one_of(catalogue.EVENTS, event_type):
            return "events", event_type
        return "envelopes", "event"
    if _is_one_of(catalogue.CLIENT_CALLS | catalogue.SERVER_CALLS, method):
        return "calls", method
    return "envelopes", "call"


def is_refusal(result: Any) -> bool:
    """Whether the clients take this result for a failure: a code that is not 2xx [W].

    Does not hold for `signalwire.connect`, where a code means nothing [W].
    """
    code = result.get("code") if type(result) is dict or isinstance(result, Mapping) else None
    # The clients look only at codes that JavaScript takes for true.
    return bool(code) and not _SUCCESS.fullmatch(str(code))


@cache
def composed(kind: str, name: str) -> dict[str, Any]:
    """The schema of a whole frame.

    Args:
        kind: `calls` (a call of method `name`), `results` (an answer to it), `events` (an event of
            type `name`), `refusals` (any refusal), or `envelopes` (nothing but that envelope).
        name: The method or event type.
    """
    if kind == "calls":
        envelope, inner = "call", {"method": {"const": name}, "params": _ref(f"calls/{name}")}
    elif kind == "results":
        envelope, inner = "answer", {"result": _ref(f"results/{name}")}
    elif kind == "refusals":
        envelope, inner = "answer", {"result": _ref("objects/refusal")}
    elif kind == "events":
        params = {"event_type": {"const": name}, "params": _ref(f"events/{name}")}
        envelope, inner = "event", {"params": {"properties": params}}
    else:
        envelope, inner = name, {}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_ref(f"envelopes/{envelope}"),
        "properties": inner,
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": schemas.uri(name)}


@cache
def _validator(kind: str, name: str) -> jsonschema_rs.Draft202012Validator:
    return schemas.validator(composed(kind, name))


def _problems_of(frame: Mapping[str, Any], kind: str, name: str) -> list[Problem]:
    if _is_valid(_validator(kind, name), frame):
        return []
    # Imported here, and below, because a server has nothing to explain at its start.
    from mockserver.protocol.explanation import explain

    return explain(frame, composed(kind, name))


def _is_valid(validator: jsonschema_rs.Draft202012Validator, frame: Mapping[str, Any]) -> bool:
    """Whether a frame fits; long lists are checked a part at a time.

    The validator holds up all threads of the process while it looks at a value. No schema of a
    frame says how many items a list may have.
    """
    paths = list(long_lists(frame))
    if not paths:
        return validator.is_valid(frame)
    without = frame
    for path in paths:
        without = _replaced(without, path, [])
    return all(
        validator.is_valid(_replaced(without, path, part))
        for path in paths
        for part in _parts(list_at(frame, path))
    )


def _replaced(value: Mapping[str, Any], path: tuple[str, ...], new: Any) -> dict[str, Any]:
    """An object with something else in one place."""
    key, *rest = path
    return {**value, key: _replaced(value[key], tuple(rest), new) if rest else new}


def _parts(items: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), MANY):
        yield items[start : start + MANY]


def _envelope_of_reply(frame: Mapping[str, Any], answers: str | None = None) -> tuple[str, str]:
    if "error" in frame and "result" not in frame:
        return "envelopes", "error_answer"
    if answers is None or not _has_result(answers):
        return "envelopes", "answer"
    if answers != "signalwire.connect" and is_refusal(frame.get("result")):
        return "refusals", ""
    return "results", answers


@cache
def _has_result(method: str) -> bool:
    return schemas.exists(f"results/{method}")


def _event_type(frame: Mapping[str, Any]) -> Any:
    params = frame.get("params")
    return params.get("event_type") if isinstance(params, Mapping) else None


def _is_one_of(names: frozenset[str], name: object) -> TypeGuard[str]:
    # A frame may have anything at all in this place, unhashable things too.
    return isinstance(name, str) and name in names


def _unknown(frame: Frame) -> list[Problem]:
    """The problem of a frame of our own that no schema describes."""
    if "method" not in frame:
        return []
    path, expected, known = "$.method", "a call", catalogue.SERVER_CALLS
    name: object = frame["method"]
    if name == EVENT_METHOD:
        path, expected, known = "$.params.event_type", "an event", catalogue.EVENTS
        name = _event_type(frame)
    if _is_one_of(known, name):
        return []
    from mockserver.protocol.explanation import Problem, shorten

    return [Problem(path, f"the name of {expected} that has a schema", shorten(str(name)))]


def _refuse_call(frame: Frame) -> None:
    envelope = _problems_of(frame, "envelopes", "call")
    if envelope:
        raise InvalidRequest(
            f"This is not a call: {_summary(envelope)}",
            {"problems": _as_data(envelope)},
            id_of(frame),
        )
    method: str = frame["method"]
    if method not in catalogue.CLIENT_CALLS:
        raise _method_not_found(method, id_of(frame))
    found = _problems_of(frame, "calls", method)
    raise InvalidParams(
        f"{method} cannot be served: {_summary(found)}",
        {
            "method": method,
            "problems": _as_data(found),
            "example": schemas.load(f"calls/{method}")["examples"][0],
        },
        id_of(frame),
    )


def _method_not_found(method: str, frame_id: FrameId | None) -> MethodNotFound:
    from mockserver.protocol.explanation import shorten

    shown = shorten(method)
    near = catalogue.nearest(method, catalogue.CLIENT_CALLS)
    if method in catalogue.SERVER_CALLS:
        message = f"{shown} is called by the server, not by clients."
    elif near:
        message = f"There is no method {shown}: did you mean {' or '.join(near)}?"
    else:
        known = sorted(catalogue.CLIENT_CALLS)
        of_session = ", ".join(name for name in known if name.startswith("signalwire."))
        message = (
            f"There is no method {shown}. There are {len(known)}: {of_session}, and those of "
            "video, such as video.recording.start."
        )
    return MethodNotFound(message, {"method": shown, "nearest": near}, frame_id)


def _summary(found: list[Problem]) -> str:
    more = len(found) - 1
    return found[0].message + (f" (and {more} more, see data.problems)" if more else "")


def _as_data(found: list[Problem]) -> list[dict[str, str]]:
    return [problem.as_dict() for problem in found]
