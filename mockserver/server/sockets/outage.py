"""The port is closed for a time, because a fault of some space wants that."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from mockserver.engine import MICROSECONDS, Space, Strike

if TYPE_CHECKING:
    from mockserver.listening import Port

DEFAULT_US = MICROSECONDS

TRY_AGAIN_S = 0.1
"""Real seconds after which it is tried again to listen, where another program does."""

logger = logging.getLogger(__name__)


class Outage:
    """Closes the port while faults want it closed, and opens it when the last of them is over.

    Args:
        port: the port.
    """

    def __init__(self, port: Port) -> None:
        self._port = port
        self._timers: dict[tuple[Space, int], asyncio.TimerHandle] = {}
        self._again: asyncio.TimerHandle | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._is_told = False

    @property
    def goes_on(self) -> bool:
        """Whether the port is closed."""
        return bool(self._timers) or self._again is not None

    def begin(self, space: Space, strike: Strike) -> None:
        """Close the port, and have the fault be over after its time."""
        self._stop_opening()
        self._port.close_for_a_while()
        closed_s = strike.arguments.get("closed_for_us", DEFAULT_US) / MICROSECONDS
        loop = asyncio.get_running_loop()
        timer = loop.call_later(closed_s, partial(self._end_fault, space, strike.injection))
        self._timers[space, strike.injection] = timer
        logger.info(
            "the port is closed for %g s, by the fault %s of the space %s",
            closed_s,
            strike.fault,
            space.name,
        )

    def _end_fault(self, space: Space, injection: int) -> None:
        space.tick()
        space.faults.withdraw(injection)

    def end(self, space: Space, strike: Strike) -> None:
        """Open the port, unless another fault still wants it closed."""
        self._timers.pop((space, strike.injection)).cancel()
        if not self._timers:
            self._is_told = False
            self._open()

    def stop(self) -> None:
        """Open it no more: the server ends."""
        for timer in self._timers.values():
            timer.cancel()
        self._stop_opening()

    def _stop_opening(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if self._accepting is not None:
            self._accepting.cancel()
            self._accepting = None

    def _open(self) -> None:
        self._again = None
        loop = asyncio.get_running_loop()
        try:
            self._port.listen_again()
        except OSError as error:
            if not self._is_told:
                self._is_told = True
                at = " and ".join(map(str, self._port.addresses))
                logger.error(
                    "cannot listen on %s again: %s. Another program has taken the port while a "
                    "fault kept it closed; it is tried again until it is free",
                    at,
                    error.strerror,
                )
            self._again = loop.call_later(TRY_AGAIN_S, self._open)
            return
        logger.info("the port is open again")
        self._accepting = loop.create_task(self._port.accept())
