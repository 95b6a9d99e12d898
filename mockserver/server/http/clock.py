"""The clock of a space."""

from __future__ import annotations

from typing import Any

from .endpoint import Call
from .waiting import while_it_lasts


async def get_clock(call: Call) -> Any:
    """The clock of a space."""
    return call.control.clock()


async def advance_clock(call: Call) -> Any:
    """Move a clock that stands still, doing everything that falls due on the way, in its time.

    A manual clock stands still, and so does a real one that has been paused.

    Answered when all that was caused has been sent.
    """
    control, body = call.control, call.body
    move = control.advance(body["by"], acknowledged=body["acknowledged"])
    await while_it_lasts(control, move)
    return control.clock()


async def run_clock_until_idle(call: Call) -> Any:
    """Move a manual or paused clock until nothing is left to do.

    Answered when all that was caused has been sent.
    """
    control = call.control
    await while_it_lasts(control, control.run_until_idle(**call.body))
    return control.clock()


async def set_clock_speed(call: Call) -> Any:
    """Have a real clock run this many times as fast from now on."""
    call.control.set_speed(call.body["speed"])
    return call.control.clock()


async def pause_clock(call: Call) -> Any:
    """Have a real clock stand still. Meanwhile it can be advanced."""
    call.control.pause()
    return call.control.clock()


async def resume_clock(call: Call) -> Any:
    """Have a paused clock follow real time again, from where it stands."""
    call.control.resume()
    return call.control.clock()
