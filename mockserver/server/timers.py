"""Things to do after some real seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Deadlines:
    """Things to do after some real seconds, by key; a later one replaces the one before."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handles: dict[object, asyncio.TimerHandle] = {}

    def set(self, key: object, delay_s: float, action: Callable[[], object]) -> None:
        """Do ``action`` in ``delay_s`` seconds."""
        self.cancel(key)

        def fire() -> None:
            del self._handles[key]
            action()

        self._handles[key] = self._loop.call_later(delay_s, fire)

    def cancel(self, key: object) -> None:
        """Forget the action of this key, if there is one."""
        handle = self._handles.pop(key, None)
        if handle is not None:
            handle.cancel()

    def cancel_all(self) -> None:
        """Forget all."""
        for key in list(self._handles):
            self.cancel(key)
