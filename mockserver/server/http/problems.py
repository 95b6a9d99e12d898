"""Errors as problem documents (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web

from mockserver.protocol.explanation import Problem, json_path

URN = "urn:signalwire-mockserver:problem:"
"""What the types of our own begin with. Without one, the status says all (``about:blank``)."""


class HttpProblem(Exception):
    """An answer that is a problem document.

    Args:
        status: the HTTP status.
        detail: what is wrong, and what would be right.
        kind: the last part of its ``type``; None leaves that out, which means ``about:blank``.
        title: None takes the status's own phrase, as ``about:blank`` demands.
        problems: what is wrong with single fields.
        explanation: more to read, of many lines.
        headers: of the answer.
        ends_connection: whether nothing more is read on the connection.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str | None = None,
        title: str | None = None,
        problems: Sequence[Problem] = (),
        explanation: str | None = None,
        headers: Mapping[str, str] | None = None,
        ends_connection: bool = False,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.title = title or HTTPStatus(status).phrase
        self.problems = problems
        self.explanation = explanation
        self.headers = headers
        self.ends_connection = ends_connection

    def document(self) -> dict[str, Any]:
        """``{type?, title, status, detail, errors?, explanation?}``."""
        told: dict[str, Any] = {} if self.kind is None else {"type": URN + self.kind}
        told |= {"title": self.title, "status": self.status, "detail": self.detail}
        if self.problems:
            told["errors"] = [problem.as_dict() for problem in self.problems]
        if self.explanation is not None:
            told["explanation"] = self.explanation
        return told

    def response(self) -> web.Response:
        """The document as an answer."""
        response = web.Response(
            body=_encoded(self.document()),
            status=self.status,
            content_type="application/problem+json",
            headers=self.headers,
        )
        if self.ends_connection:
            response.force_close()
        return response


def _encoded(document: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(document) + b"\n"
    except orjson.JSONEncodeError:
        # It quotes a header whose bytes are no UTF-8, which JSON cannot have.
        return json.dumps(document, ensure_ascii=False).encode(errors="replace") + b"\n"


def invalid(status: int, what: str, problems: Sequence[Problem]) -> HttpProblem:
    """The problem of a body or query that breaks its schema.

    Args:
        status: 422 for a body, 400 for a query.
        what: ``body``, ``query``.
        problems: what is wrong with it; not empty.
    """
    more = f" (and {len(problems) - 1} more, see errors)" if len(problems) > 1 else ""
    return HttpProblem(
        status,
        problems[0].message + more,
        kind=f"invalid-{what}",
        title=f"The {what} does not fit",
        problems=problems,
    )


def field_problem(
    field: str, expected: str, found: str, hint: str | None = None, status: int = 422
) -> HttpProblem:
    """The problem of one field of a body, when no schema could know it."""
    return invalid(status, "body", [Problem(json_path([field]), expected, found, hint)])


def moved(problems: Iterable[Problem], old: str, new: str) -> list[Problem]:
    """The same problems at another place: a path that begins with ``old`` begins with ``new``."""
    return [
        Problem(new + problem.path.removeprefix(old), problem.expected, problem.found, problem.hint)
        for problem in problems
    ]
