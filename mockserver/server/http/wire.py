"""What crosses the wire: answers and frames of the tester's own, and waiting for clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from mockserver.control import rest
from mockserver.control.arguments import unchecked
from mockserver.control.control import SpaceControl
from mockserver.control.happenings import MISSED
from mockserver.control.turns import Steps, in_turns
from mockserver.control.views import Happening, PlannedAnswer, PlannedRestAnswer
from mockserver.protocol.documents import Document, Each
from mockserver.protocol.errors import InvalidFrame

from .endpoint import Call
from .problems import HttpProblem, invalid, moved
from .waiting import while_it_lasts

if TYPE_CHECKING:
    from mockserver.rest.state import RestSpace

LONGEST_NUMBER = 16
"""Digits of a planned answer's number, and more than there will ever be."""


async def answer_next(call: Call) -> Any:
    """Have the next calls of a method answered otherwise.

    With a ``code`` they are refused, with an ``error`` they get a JSON-RPC error; neither has any
    effect then. With a delay alone they have their effect, late.
    """
    return _planned(call, call.control.answer_next(**call.body))


async def list_answers(call: Call) -> Any:
    """The answers that are planned and not given yet."""
    return {"answers": call.control.planned_answers()}


async def withdraw_answers(call: Call) -> None:
    """Forget all planned answers: calls get their normal ones again."""
    call.control.withdraw_answers()


async def withdraw_answer(call: Call) -> None:
    """Forget a planned answer that was not given yet, or not as often as it was to be."""
    call.control.withdraw_answer(_number(call))


async def answer_rest_next(call: Call) -> Any:
    """Have the next requests of a REST operation answered so; they have no effect then.

    Without a ``body`` it is the one that the REST API has for the status.
    """
    return _planned(call, rest.answer_rest_next(_rest(call), **call.body))


async def list_rest_requests(call: Call) -> Any:
    """The requests of the REST API that came, oldest first; the last thousand, or 4 MiB of them.

    Those with wrong credentials are not among them.
    """
    return {"requests": rest.rest_requests(_rest(call), call.query.get("operation"))}


async def list_rest_answers(call: Call) -> Any:
    """The answers of the REST API that are planned and not given yet."""
    return {"answers": rest.planned_rest_answers(_rest(call))}


async def withdraw_rest_answers(call: Call) -> None:
    """Forget all planned answers of the REST API."""
    rest.withdraw_rest_answers(_rest(call))


async def withdraw_rest_answer(call: Call) -> None:
    """Forget a planned answer of the REST API that was not given as often as it was to be."""
    rest.withdraw_rest_answer(_rest(call), _number(call))


def _rest(call: Call) -> RestSpace:
    return call.server.spaces.rest(call.control.space)


def _planned(call: Call, planned: PlannedAnswer | PlannedRestAnswer) -> web.Response:
    where = f"{call.request.rel_url.raw_path}/{planned.n}"
    return web.Response(status=204, headers={"Location": where})


def _number(call: Call) -> int:
    told = call.path["answer"]
    # More digits than any number here has are no number either.
    return int(told) if told.isdecimal() and len(told) < LONGEST_NUMBER else 0


async def push_frame(call: Call) -> Any:
    """Send a frame of one's own to a session, or to all that are connected.

    It has to fit its schema, unless ``valid`` is false.
    """
    try:
        return {"sent_to": await unchecked(SpaceControl.push)(call.control, **call.body)}
    except InvalidFrame as error:
        raise invalid(422, "body", moved(error.problems, "$", "$.frame")) from None


async def push_event(call: Call) -> Any:
    """Send an event of one's own to a session, or to all that are connected.

    The mock makes the envelope: id and timestamp. It has to fit its schema, unless ``valid`` is
    false. Nothing in the space changes by it.
    """
    try:
        return {"sent_to": await unchecked(SpaceControl.push_event)(call.control, **call.body)}
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


async def expect_count(call: Call) -> Any:
    """Check what has happened so far: it came at least once, or so many times.

    Answered with those that fit; with 409 when there are more or fewer, with what came instead.
    """
    await call.control.happenings.catch_up()
    return await _met(call.control.happenings.expecting(**call.body))


async def expect_order(call: Call) -> Any:
    """Check what has happened so far: these came one after another.

    Others may stand between them. Answered with those that fit; with 409 when one is missing.
    """
    wanted = [
        each if isinstance(each, str) else (each["name"], each.get("params", {}))
        for each in call.body["wanted"]
    ]
    await call.control.happenings.catch_up()
    return await _met(call.control.happenings.expecting_in_order(wanted))


async def _met(expectation: Steps[list[Happening]]) -> Document:
    try:
        return Document(happenings=Each(await in_turns(expectation)))
    except AssertionError as error:
        text = str(error)
        first, *rest = text.splitlines()
        missed = (each.strip() for each in rest if each.strip().startswith(MISSED))
        raise HttpProblem(
            409,
            next(missed, first).removeprefix(MISSED).strip(),
            kind="not-met",
            title="An expectation is not met",
            explanation=text,
        ) from None


async def list_happenings(call: Call) -> Any:
    """The calls of clients and the events that they got, oldest first.

    An event that goes to several sessions is sent once.
    """
    after = call.query.pop("after")
    happenings = call.control.happenings
    await happenings.catch_up()
    return Document(happenings=Each(happenings.after(after, **call.query)))
