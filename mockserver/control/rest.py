"""What a tester can do with the REST API of a space: have its requests answered otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockserver.protocol import catalogue

from .control import ControlError

if TYPE_CHECKING:
    from mockserver.rest.state import RestSpace


def answer_next(
    rest: RestSpace, operation: str, status: int, body: Any = None, times: int = 1
) -> None:
    """Have the next requests of a REST operation answered so; they have no effect then.

    Args:
        rest: what the space keeps for its REST API.
        operation: its id: ``list_room_recordings``.
        status: the HTTP status.
        body: JSON; None takes the fixed text of the status, or none where it has no such text.
        times: how many requests.

    Raises:
        ControlError: no such operation.
    """
    from mockserver.rest.errors import TEXTS
    from mockserver.rest.table import OPERATIONS

    known = [row.id for row in OPERATIONS]
    if operation not in known:
        near = catalogue.nearest(operation, known)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
        raise ControlError(f'no REST operation "{operation}"; {hint}')
    if body is None and status in TEXTS:
        body = {"error": TEXTS[status]}
    for _ in range(times):
        rest.plan_answer(operation, status, body)
