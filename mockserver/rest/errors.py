"""The errors of the REST API: a fixed text for most statuses, a list of fields for 422 [R]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

TEXTS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
"""Status -> the text of its body [R]; that of 408 is assumed [A]."""

DOCUMENTATION = "https://signalwire.com/docs/apis/error-codes"
"""What the ``url`` of every error says [R]."""

INVALID = "invalid_parameter"
MISSING = "missing_required_parameter"


class FieldProblem(NamedTuple):
    """What is wrong with one field.

    Attributes:
        attribute: the field; None when it is not a single one.
        message: what was expected, and what was found instead.
        code: one of the vendor's public list [D].
    """

    attribute: str | None
    message: str
    code: str = INVALID


class RestError(Exception):
    """An answer that is an error.

    Args:
        status: the HTTP status.
        problems: what is wrong with single fields, for 422.
    """

    def __init__(self, status: int, problems: Sequence[FieldProblem] = ()) -> None:
        super().__init__(f"{status} {'; '.join(each.message for each in problems)}".rstrip())
        self.status = status
        self.problems = problems

    def body(self, *, older: bool = False) -> dict[str, Any]:
        """The JSON body.

        Args:
            older: whether single fields are reported in the form of the older Relay REST API.
        """
        if self.status != 422:
            return {"error": TEXTS[self.status]}
        shape = _older_entry if older else _entry
        return {"errors": [shape(each) for each in self.problems]}


def invalid(attribute: str | None, message: str, code: str = INVALID) -> RestError:
    """The error of one field that does not fit."""
    return RestError(422, [FieldProblem(attribute, message, code)])


def _entry(problem: FieldProblem) -> dict[str, Any]:
    return {
        "type": "validation_error",
        "code": problem.code,
        "message": problem.message,
        "attribute": problem.attribute,
        "url": DOCUMENTATION,
    }


def _older_entry(problem: FieldProblem) -> dict[str, Any]:
    return {
        "detail": problem.message,
        "status": "422",
        "title": "Invalid Attribute",
        "code": "422",
    }
