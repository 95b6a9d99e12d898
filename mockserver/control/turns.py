"""Work that may take long, done a little at a time, so that others run in between.

Most of it is writing answers: those with long lists are `Document`s, written in pieces.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager
from typing import TypeVar
from weakref import WeakKeyDictionary

from mockserver.protocol.documents import Document, fragments

SLICE_S = 0.002
"""Seconds for which what takes long holds up the event loop at a time."""

T = TypeVar("T")

Steps = Generator[None, None, T]
"""Work that can stop between any two of its steps; what it returns is its result."""


_queues: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


@asynccontextmanager
async def turn() -> AsyncIterator[float]:
    """A turn for a part of what takes long: until the time of ``time.monotonic`` that it gives.

    There is one at a time in an event loop, and after each of them all others run. So many who ask
    for much hold them up no longer than one does.
    """
    queue = _queues.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with queue:
        yield time.monotonic() + SLICE_S
        await asyncio.sleep(0)


async def others() -> None:
    """Let all others run."""
    await asyncio.sleep(0)


def patience() -> Callable[[], bool]:
    """Begins a slice; what it returns says whether that is over.

    What the processor does for others meanwhile does not count: so little work is done in one
    slice on a busy machine, too.
    """
    end = time.thread_time() + SLICE_S
    return lambda: time.thread_time() > end


async def others_if(is_time_up: Callable[[], bool]) -> None:
    """Let all others run if the slice is over."""
    if is_time_up():
        await others()


def at_once(steps: Steps[T]) -> T:
    """Do all steps, for those who cannot wait for others."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


async def in_turns(steps: Steps[T]) -> T:
    """Do all steps; others run in between."""
    while True:
        async with turn() as end:
            try:
                next(steps)
                while time.monotonic() < end:
                    next(steps)
            except StopIteration as done:
                result: T = done.value
                return result


async def pieces(document: Document) -> AsyncIterator[bytes]:
    """A document as JSON, in pieces; others run between them."""
    written = fragments(document)
    last = False
    while not last:
        some = bytearray()
        async with turn() as end:
            for fragment in written:
                some += fragment
                if time.monotonic() > end:
                    break
            else:
                some += b"\n"
                last = True
        yield bytes(some)
