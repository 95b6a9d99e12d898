"""Faults: the catalogue, and those that were injected into a space."""

from __future__ import annotations

from typing import Any

from mockserver.control.errors import ControlError
from mockserver.engine import FAULTS, FaultError
from mockserver.engine.faults import parameters
from mockserver.protocol.errors import Refusal

from .answers import json_answer
from .endpoint import Call
from .problems import HttpProblem, invalid, moved


async def get_fault_catalogue(call: Call) -> Any:
    """What the mock can do wrong on purpose, and what each fault takes."""
    return {
        "faults": [
            {
                "name": row.name,
                "layer": row.layer,
                "does": row.does,
                "client": row.client,
                "parameters": parameters(row.name),
            }
            for row in FAULTS.values()
        ]
    }


async def inject_fault(call: Call) -> Any:
    """Inject a fault into a space: it may strike from now on."""
    try:
        fault = await call.control.fault(call.body["name"], call.body.get("parameters"))
    except FaultError as error:
        if error.problems:
            raise invalid(422, "body", moved(error.problems, "$", "$.parameters")) from None
        raise HttpProblem(422, str(error), kind="invalid-body") from None
    where = f"{call.request.rel_url.raw_path}/{fault.number}"
    return json_answer(fault, 201, {"Location": where})


async def list_faults(call: Call) -> Any:
    """The faults of a space that may still strike, in the order in which they were injected."""
    return {"faults": call.control.faults()}


async def end_faults(call: Call) -> None:
    """End all faults of a space."""
    call.control.end_fault()


async def end_fault(call: Call) -> None:
    """End one fault of a space."""
    number = call.path["fault"]
    try:
        call.control.end_fault(int(number) if number.isdecimal() else 0)
    except ControlError as error:
        raise Refusal("404", str(error)) from None
