"""Callbacks: who wants to hear what, and one queue that calls them in the order of events."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

logger = logging.getLogger("client_stub")

CANCEL_SECONDS = 1.0

T = TypeVar("T")
Callback = Callable[[T], object]
"""Takes the object that the event is about; may be an ``async def``.

There is one object for each id, kept up to date: if callbacks before it were slow, it may have
moved on by the time that it is handed over. ``on_frame`` sees what each event said.
"""
Unsubscribe = Callable[[], Awaitable[None]]
"""Ends what ``listen`` began, on this side: nothing is sent, as the vendor's client does [W]."""


class Listener:
    """One callback for one event type."""

    def __init__(self, event_type: str, callback: Callback[Any]) -> None:
        self.event_type = event_type
        self.callback = callback
        self.active = True


class Listeners:
    """The callbacks of one object."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def attach(self, callbacks: Mapping[str, Callback[Any]]) -> list[Listener]:
        """Add callbacks by event type."""
        added = [Listener(event_type, callback) for event_type, callback in callbacks.items()]
        self._listeners += added
        return added

    def detach(self, listeners: Iterable[Listener]) -> None:
        """Remove what ``attach`` gave; calls that are already queued are dropped too."""
        for listener in listeners:
            listener.active = False
        self._listeners = [listener for listener in self._listeners if listener.active]

    def of(self, event_type: str) -> list[Listener]:
        """Those that listen to ``event_type``, in the order they came."""
        return [listener for listener in self._listeners if listener.event_type == event_type]

    def __bool__(self) -> bool:
        return bool(self._listeners)


class CallbackQueue:
    """Calls callbacks one after another, each to its end, beside the reader.

    So callbacks see events in order, and one that awaits an answer or an event stops no frame from
    being read. It does hold up the callbacks after it: long work belongs in a task of its own.
    """

    def __init__(self) -> None:
        self._queue: asyncio.Queue[tuple[Listener, object]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def start(self) -> None:
        """Begin to call."""
        self._task = asyncio.create_task(self._run(), name="client_stub callbacks")

    def put(self, listeners: Iterable[Listener], subject: object) -> None:
        """Queue one call for each listener."""
        for listener in listeners:
            self._queue.put_nowait((listener, subject))

    async def close(self, caller: asyncio.Task[Any] | None) -> None:
        """Call no more; a callback that is running is cancelled, unless it is the ``caller``.

        One that does not heed it is left behind after ``CANCEL_SECONDS``.
        """
        self._closed = True
        if self._task is not None and self._task is not caller:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=CANCEL_SECONDS)

    async def _run(self) -> None:
        while not self._closed:
            listener, subject = await self._queue.get()
            if listener.active:
                await self._call(listener, subject)

    async def _call(self, listener: Listener, subject: object) -> None:
        try:
            result = listener.callback(subject)
            if inspect.isawaitable(result):
                await result
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            logger.exception("a callback for %s was cancelled", listener.event_type)
        except Exception:
            logger.exception("a callback for %s failed", listener.event_type)


def chosen(
    event_types: Mapping[str, str], callbacks: Mapping[str, Any]
) -> dict[str, Callback[Any]]:
    """Sort the given callbacks by event type, as ``event_types`` has them; None means not given.

    Raises TypeError for a name that is not there, for a value that cannot be called, and when
    nothing is left.
    """
    unknown = [name for name in callbacks if name not in event_types]
    if unknown:
        raise TypeError(f"no listener {unknown[0]!r}; there are {', '.join(event_types)}")
    given = {name: callbacks[name] for name in event_types if callbacks.get(name) is not None}
    if not given:
        raise TypeError(f"nothing to listen to; give at least one of {', '.join(event_types)}")
    by_type: dict[str, Callback[Any]] = {}
    for name, callback in given.items():
        if not callable(callback):
            raise TypeError(f"{name} must be callable, got {callback!r}")
        by_type[event_types[name]] = callback
    return by_type
