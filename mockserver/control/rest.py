"""What a tester can do with the REST API of a space: see requests, and answer them otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .arguments import NUMBER, checked_by
from .control import withdraw
from .views import PlannedRestAnswer, RestRequest, planned_rest_view, rest_request_view

if TYPE_CHECKING:
    from mockserver.rest.state import RestSpace


@checked_by("answer_rest_next")
def answer_rest_next(
    rest: RestSpace, operation: str, status: int, body: Any = None, times: int = 1
) -> PlannedRestAnswer:
    """Have the next requests of a REST operation answered so; they have no effect then.

    Args:
        rest: what the space keeps for its REST API.
        operation: its id: ``list_room_recordings``.
        status: the HTTP status.
        body: JSON; None takes the fixed text of the status, or none where it has no such text.
        times: how many requests.

    Returns:
        What was planned, to be withdrawn by.

    Raises:
        ArgumentError: no such operation, or anything else that makes no sense.
    """
    from mockserver.rest.errors import TEXTS

    if body is None and status in TEXTS:
        body = {"error": TEXTS[status]}
    return planned_rest_view(rest.planned.plan(operation, (status, body), times))


@checked_by("rest_requests_query")
def rest_requests(rest: RestSpace, operation: str | None = None) -> list[RestRequest]:
    """The requests that came, oldest first: the last thousand, or 4 MiB of them.

    Args:
        rest: what the space keeps for its REST API.
        operation: those of this operation alone: ``create_room_token``.

    Raises:
        ArgumentError: no such operation.
    """
    return [
        rest_request_view(each)
        for each in rest.requests
        if operation is None or each.operation == operation
    ]


def planned_rest_answers(rest: RestSpace) -> list[PlannedRestAnswer]:
    """The answers that are still to be given, in the order of planning."""
    return [planned_rest_view(each) for each in rest.planned]


@checked_by(NUMBER)
def withdraw_rest_answer(rest: RestSpace, n: int) -> None:
    """Forget a planned answer; as ``SpaceControl.withdraw_answer``."""
    withdraw(rest.planned, n)


def withdraw_rest_answers(rest: RestSpace) -> None:
    """Forget all planned answers."""
    rest.planned.clear()
