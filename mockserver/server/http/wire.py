"""What crosses the wire: answers and frames of the tester's own, and waiting for clients."""

from __future__ import annotations

from typing import Any

from mockserver.control import rest
from mockserver.protocol.errors import InvalidFrame

from .endpoint import Call
from .problems import HttpProblem, invalid, moved
from .waiting import while_it_lasts


async def answer_next(call: Call) -> None:
    """Have the next calls of a method answered otherwise.

    With a ``code`` they are refused, with an ``error`` they get a JSON-RPC error; neither has any
    effect then. With a delay alone they have their effect, late.
    """
    call.control.answer_next(**call.body)


async def answer_rest_next(call: Call) -> None:
    """Have the next requests of a REST operation answered so; they have no effect then.

    Without a ``body`` it is the one that the REST API has for the status.
    """
    rest.answer_next(call.server.spaces.rest(call.control.space), **call.body)


async def push_frame(call: Call) -> Any:
    """Send a frame of one's own to a session, or to all that are connected.

    It has to fit its schema, unless ``valid`` is false.
    """
    try:
        return {"sent_to": await call.control.push(**call.body)}
    except InvalidFrame as error:
        raise invalid(422, "body", moved(error.problems, "$", "$.frame")) from None


async def push_event(call: Call) -> Any:
    """Send an event of one's own to a session, or to all that are connected.

    The mock makes the envelope: id and timestamp. It has to fit its schema, unless ``valid`` is
    false. Nothing in the space changes by it.
    """
    try:
        return {"sent_to": await call.control.push_event(**call.body)}
    except InvalidFrame as error:
        raise invalid(422, "body", moved(error.problems, "$.params", "$")) from None


async def expect(call: Call) -> Any:
    """Wait for a call of a client, or an event sent to one.

    Answered with the next one of this name that nobody has waited for before, be it seen already
    or yet to come; with 408 when it does not come in time, with what came instead.
    """
    control = call.control
    try:
        return await while_it_lasts(control, control.happenings.wait_for(**call.body))
    except TimeoutError as error:
        text = str(error)
        raise HttpProblem(
            408,
            text.partition("\n")[0],
            kind="not-seen",
            title="It did not come",
            explanation=text,
        ) from None


async def list_happenings(call: Call) -> Any:
    """The calls of clients and the events that they got, oldest first.

    An event that goes to several sessions is sent once.
    """
    after = call.query.pop("after")
    found = call.control.happenings.of(**call.query)
    return {"happenings": [each for each in found if each.n > after]}
