"""Real time for spaces: one timer each, set to the next thing that the space has to do."""

from __future__ import annotations

import asyncio

from mockserver.engine import Space


class SpaceTimer:
    """Wakes a space when something is due. ``rearm`` after anything that may have changed that."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None
        self._deadline: int | None = None

    def rearm(self) -> None:
        """Set the timer to the space's next deadline."""
        deadline = self._space.next_deadline()
        if deadline == self._deadline:
            return
        self.cancel()
        if deadline is None:
            return
        # What should have been done already is done next, also where the clock stands still.
        is_late = deadline <= self._space.now
        delay = 0.0 if is_late else self._space.clock.real_delay(deadline)
        if delay is not None:
            self._deadline = deadline
            self._handle = self._loop.call_later(delay, self._fire)

    def cancel(self) -> None:
        """Stop the timer."""
        if self._handle is not None:
            self._handle.cancel()
        self._handle = None
        self._deadline = None

    def _fire(self) -> None:
        self._handle = None
        self._deadline = None
        self._space.tick_some()
        self.rearm()
