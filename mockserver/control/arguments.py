"""Arguments of the tester's methods, checked by the schemas that the control API has for them.

A Python program may give what JSON cannot say: a tuple is a list, and what is not JSON at all is a
problem like any other. So a handle refuses what HTTP refuses, at once, and names the argument.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from mockserver.protocol.codec import MAX_DEPTH
from mockserver.protocol.explanation import Problem, describe, shorten

from .errors import ControlError
from .shapes import Schema, problems, shape

P = ParamSpec("P")
R = TypeVar("R")

SMALLEST, LARGEST = -(2**63), 2**64 - 1
"""The whole numbers that can be written to a frame."""


NUMBER: Schema = {
    "type": "object",
    "properties": {"n": {"type": "integer", "x-expected": "the number of a planned answer"}},
    "required": ["n"],
}
"""Which planned answer is meant."""


class ArgumentError(ControlError, ValueError):
    """Arguments that make no sense; says which, what is expected, and what was given.

    Args:
        problems: what is wrong; their paths begin with ``$``.
        action: whose arguments they are; None: those of the method that was called.

    Attributes:
        problems: as above.
    """

    def __init__(self, problems: Sequence[Problem], action: str | None = None) -> None:
        said = "; ".join(each.message for each in problems)
        if action is None:
            said = "; ".join(each.message.removeprefix("$.") for each in problems)
        super().__init__(said if action is None else f"{action}: {said}")
        self.problems = problems


class _NotJson(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def within(self, place: str) -> _NotJson:
        """The same, as seen from what has the value at this place."""
        path = f"${place}{self.problem.path.removeprefix('$')}"
        return _NotJson(replace(self.problem, path=path))


def checked_by(
    schema: str | Schema, *, but: Sequence[str] = ()
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have a method's arguments checked before it begins; None is as good as left out.

    The method gets them as JSON has them.

    Args:
        schema: its fields are the method's parameters; or its name, in ``schemas/control/``.
        but: parameters that the method checks by itself, because it has an error of its own.
    """

    def decorate(method: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(method)
        call: Callable[..., R] = method

        @wraps(method)
        def checking(*args: P.args, **kwargs: P.kwargs) -> R:
            __tracebackhide__ = True
            given = signature.bind(*args, **kwargs).arguments
            own = [each for each in list(given.items())[1:] if each[0] not in but]
            wanted = shape(schema) if isinstance(schema, str) else schema
            told = {key: value for key, value in own if value is not None}
            given |= check(told, _without(wanted, but))
            return call(**given)

        return checking

    return decorate


def unchecked(method: Callable[P, R]) -> Callable[P, R]:
    """A method whose arguments are not checked: for those that have been, as a request's have."""
    plain_method: Callable[P, R] = inspect.unwrap(method)
    return plain_method


def check(
    arguments: Mapping[str, Any], schema: Schema, action: str | None = None
) -> dict[str, Any]:
    """Check arguments.

    Args:
        arguments: by name.
        schema: has them as its fields.
        action: the action that they are for; None: the method that was called.

    Returns:
        The arguments as JSON has them.

    Raises:
        ArgumentError: they do not fit.
    """
    told: dict[str, Any] = {}
    try:
        told = plain(arguments)
        found = problems(told, schema)
    except _NotJson as error:
        found = [error.problem]
        field = schema["properties"].get(found[0].path.removeprefix("$."))
        if field is not None:
            found = [replace(found[0], expected=describe(field))]
    if found:
        raise ArgumentError(found, action)
    return told


def plain(value: Any, depth: int = 0) -> Any:
    """A value as JSON has it: lists for tuples, dicts for mappings.

    Raises:
        _NotJson: there is something in it that JSON cannot say; tells where.
    """
    if value is None or isinstance(value, bool):
        return value
    if depth > MAX_DEPTH:
        raise _NotJson(Problem("$", f"at most {MAX_DEPTH} levels", "more"))
    if isinstance(value, str):
        if not _is_writable(value):
            expected = "a text that UTF-8 can write, without lone surrogates"
            raise _NotJson(_unsendable(expected, value))
        return str(value)
    if isinstance(value, int):
        if not SMALLEST <= value <= LARGEST:
            raise _NotJson(_unsendable("a whole number of at most 64 bits", value))
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _NotJson(Problem("$", "a finite number", str(value)))
        return float(value)
    if isinstance(value, Mapping):
        return _plain_object(value, depth)
    if isinstance(value, list | tuple):
        return _plain_list(value, depth)
    raise _NotJson(_unsendable("something that JSON can say", value))


def _plain_object(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    for key in value:
        if not isinstance(key, str) or not (key.isascii() or _is_writable(key)):
            raise _NotJson(_unsendable("keys that are texts", key))
    told: dict[str, Any] = {}
    # Where something is wrong is told on the way out: most is right, and there may be much of it.
    try:
        for key, each in value.items():
            told[key] = plain(each, depth + 1)
    except _NotJson as error:
        raise error.within(f".{key}") from None
    return told


def _plain_list(value: Sequence[Any], depth: int) -> list[Any]:
    told: list[Any] = []
    try:
        for each in value:
            told.append(plain(each, depth + 1))  # noqa: PERF401 - how far it came is needed
    except _NotJson as error:
        raise error.within(f"[{len(told)}]") from None
    return told


def _unsendable(expected: str, value: object) -> Problem:
    found = f"{shorten(ascii(value))} ({type(value).__name__}), which cannot be sent as JSON"
    return Problem("$", expected, found)


def _is_writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _without(schema: Schema, names: Sequence[str]) -> Schema:
    if not names:
        return schema
    fields = {key: each for key, each in schema["properties"].items() if key not in names}
    required = [each for each in schema.get("required", ()) if each not in names]
    return {**schema, "properties": fields, "required": required}
