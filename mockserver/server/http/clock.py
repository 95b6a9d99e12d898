"""The clock of a space."""

from __future__ import annotations

from typing import Any

from .endpoint import Call
from .waiting import while_it_lasts


async def get_clock(call: Call) -> Any:
    """The clock of a space."""
    return call.control.clock()


async def advance_clock(call: Call) -> Any:
    """Move a manual clock, doing everything that falls due on the way, each at its own time.

    Answered when all that was caused has been sent.
    """
    control, body = call.control, call.body
    move = control.advance(body["seconds"], acknowledged=body["acknowledged"])
    await while_it_lasts(control, move)
    return control.clock()


async def run_clock_until_idle(call: Call) -> Any:
    """Move a manual clock until nothing is left to do.

    Answered when all that was caused has been sent.
    """
    control = call.control
    await while_it_lasts(control, control.run_until_idle(**call.body))
    return control.clock()


async def set_clock_speed(call: Call) -> Any:
    """Have a real clock run this many times as fast from now on."""
    call.control.set_speed(call.body["speed"])
    return call.control.clock()
