"""Requests that take a while: a space may end meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from .problems import HttpProblem

if TYPE_CHECKING:
    from mockserver.control.control import SpaceControl

T = TypeVar("T")


async def while_it_lasts(control: SpaceControl, work: Coroutine[Any, Any, T]) -> T:
    """What ``work`` returns, unless its space ends first.

    Raises:
        HttpProblem: 410 when it does.
    """
    doing = asyncio.ensure_future(work)
    ending = asyncio.ensure_future(control.over.wait())
    try:
        await asyncio.wait((doing, ending), return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        raise HttpProblem(410, f'space "{control.space.name}" ended meanwhile')
    finally:
        doing.cancel()
        ending.cancel()
