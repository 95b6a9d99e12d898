"""From a request to the row of the table that serves it, and back to an answer. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import unquote
from uuid import UUID

from mockserver.protocol.errors import Refusal

from . import checking
from .call import Call
from .errors import RestError, invalid
from .state import RestSpace
from .table import OPERATIONS, Operation


class Answer(NamedTuple):
    """A status, and a body that is JSON; None for no body."""

    status: int
    body: Any


class Address(NamedTuple):
    """How a request called the server.

    Attributes:
        origin: scheme and host: ``http://127.0.0.1:8787``.
        base: the origin, and ``/space/NAME`` where the URL has that.
        path: the rest of the path, percent-encoded as it came: ``/api/video/rooms``.
    """

    origin: str
    base: str
    path: str


class InvalidAnswer(Exception):
    """A bug: an answer that breaks its own schema. It is not sent."""


def find(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """The row for a method and a path, and the decoded variable parts; None when there is none.

    ``GET /rooms/{id}`` and ``GET /rooms/{name}`` are one path: a UUID is an id [T].
    """
    for pattern, row in _patterns():
        match = pattern.fullmatch(path) if row.method == method else None
        if match is None:
            continue
        parts = {name: unquote(value) for name, value in match.groupdict().items()}
        if is_uuid(parts.get("id", "")):
            # UUIDs are written in lower case, and read in any (RFC 9562, 4).
            parts["id"] = parts["id"].lower()
        if "name" in parts or row.id != "get_room" or is_uuid(parts["id"]):
            return row, parts
    return None


@cache
def _patterns() -> list[tuple[re.Pattern[str], Operation]]:
    return [
        (re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", row.path) + "/?"), row)
        for row in OPERATIONS
    ]


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID in its usual spelling."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def serve(
    row: Operation,
    state: RestSpace,
    parts: dict[str, str],
    *,
    project: str,
    address: Address,
    query: Mapping[str, Sequence[str]],
    body: bytes,
) -> Answer:
    """Do what a request asks for.

    Args:
        row: the operation.
        state: of the space that it is about.
        parts: the variable parts of the path.
        project: who asks.
        address: how it called the server.
        query: name -> all its values.
        body: as it came.

    Raises:
        RestError: what is answered instead.
        InvalidAnswer: the answer breaks its schema.
    """
    if (planned := state.planned.take(row.id)) is not None:
        return Answer(*planned)
    call = Call(
        state=state,
        project=project,
        path=parts,
        query=checking.read_query(query, row.query),
        given={name: values[-1] for name, values in query.items()},
        body=checking.read_body(body, row.body) if row.reads_body else {},
        origin=address.origin,
        base=address.base,
        here=address.base + address.path,
    )
    try:
        if row.wants_uuid and not is_uuid(parts["id"]) and not state.synthesises:
            raise invalid("id", f'id: expected a UUID, found "{parts["id"][:60]}"')
        told = row.handler(call)
    except Refusal as refusal:
        # A limit of the mock's own, of which the vendor's list of errors knows nothing [A].
        raise invalid(None, refusal.message) from None
    except RestError as error:
        if error.status != 404 or not state.synthesises:
            raise
        told = example(row, parts)
    if row.answer is None:
        return Answer(row.status, None)
    if not checking.validator(checking.shape(row.answer)["$id"]).is_valid(told):
        raise InvalidAnswer(f"{row.id} would have answered {told!r}")
    return Answer(row.status, told)


def example(row: Operation, parts: Mapping[str, str]) -> Any:
    """An answer that fits, for an id that was never made."""
    if row.answer is None:
        return None
    shown = dict(checking.shape(row.answer)["examples"][0])
    if "id" in shown and is_uuid(parts.get("id", "")):
        shown["id"] = parts["id"]
    return shown
