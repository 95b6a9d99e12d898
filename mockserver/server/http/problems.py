"""Errors as problem documents (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web

from mockserver.protocol.explanation import Problem as Fault
from mockserver.protocol.explanation import json_path

URN = "urn:signalwire-mockserver:problem:"
"""What the types of our own begin with. Without one, the status says all (``about:blank``)."""


class HttpProblem(Exception):
    """An answer that is a problem document.

    Args:
        status: the HTTP status.
        detail: what is wrong, and what would be right.
        kind: the last part of its ``type``; None leaves that out, which means ``about:blank``.
        title: None takes the status's own phrase, as ``about:blank`` demands.
        faults: what is wrong with single fields.
        explanation: more to read, of many lines.
        headers: of the answer.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str | None = None,
        title: str | None = None,
        faults: Sequence[Fault] = (),
        explanation: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.title = title or HTTPStatus(status).phrase
        self.faults = faults
        self.explanation = explanation
        self.headers = headers

    def document(self) -> dict[str, Any]:
        """``{type?, title, status, detail, errors?, explanation?}``."""
        told: dict[str, Any] = {} if self.kind is None else {"type": URN + self.kind}
        told |= {"title": self.title, "status": self.status, "detail": self.detail}
        if self.faults:
            told["errors"] = [fault.as_dict() for fault in self.faults]
        if self.explanation is not None:
            told["explanation"] = self.explanation
        return told

    def response(self) -> web.Response:
        """The document as an answer."""
        return web.Response(
            body=orjson.dumps(self.document()) + b"\n",
            status=self.status,
            content_type="application/problem+json",
            headers=self.headers,
        )


def invalid(status: int, what: str, faults: Sequence[Fault]) -> HttpProblem:
    """The problem of a body or query that breaks its schema.

    Args:
        status: 422 for a body, 400 for a query.
        what: ``body``, ``query``.
        faults: what is wrong with it; not empty.
    """
    more = f" (and {len(faults) - 1} more, see errors)" if len(faults) > 1 else ""
    return HttpProblem(
        status,
        faults[0].message + more,
        kind=f"invalid-{what}",
        title=f"The {what} does not fit",
        faults=faults,
    )


def field_fault(
    field: str, expected: str, found: str, hint: str | None = None, status: int = 422
) -> HttpProblem:
    """The problem of one field of a body, when no schema could know it."""
    return invalid(status, "body", [Fault(json_path([field]), expected, found, hint)])


def moved(faults: Iterable[Fault], old: str, new: str) -> list[Fault]:
    """The same faults, told of another place: where a path begins with ``old``, ``new`` stands."""
    return [
        Fault(new + fault.path.removeprefix(old), fault.expected, fault.found, fault.hint)
        for fault in faults
    ]
