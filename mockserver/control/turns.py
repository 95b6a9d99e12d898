"""Work that may take long, done a little at a time, so that others run in between.

Most of it is writing answers: those with long lists are `Document`s, written in pieces.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar
from weakref import WeakKeyDictionary

from mockserver.protocol.documents import Document, fragments

SLICE_S = 0.002
"""Seconds for which what takes long holds up the event loop at a time."""

SWITCH_S = 0.000_2
"""Seconds for which a thread that does something heavy holds up the event loop at a time."""

T = TypeVar("T")

Steps = Generator[None, None, T]
"""Work that can stop between any two of its steps; what it returns is its result."""

Heavy = Callable[[], object]
"""What cannot stop, though it takes long. A thread does it, while others run."""

HeavySteps = Generator[Heavy | None, None, T]
"""The same; it yields what is heavy, to have it done before the next step."""


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


def step(do: Heavy, *, is_heavy: bool) -> HeavySteps[None]:
    """A step that does something, itself or by a thread."""
    if is_heavy:
        yield do
    else:
        do()
        yield None


def at_once(steps: HeavySteps[T]) -> T:
    """Do all steps, for those who cannot wait for others."""
    while True:
        try:
            heavy = next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
        if heavy is not None:
            heavy()


_threads_at_work = 0
_lock = threading.Lock()
_usual_interval_s = 0.0


@contextmanager
def _giving_way() -> Iterator[None]:
    """Has threads give way to the event loop at once.

    It needs its turn several times to answer one frame, and waits 5 ms for each otherwise.
    """
    global _threads_at_work, _usual_interval_s
    with _lock:
        if not _threads_at_work:
            _usual_interval_s = sys.getswitchinterval()
            sys.setswitchinterval(SWITCH_S)
        _threads_at_work += 1
    try:
        yield
    finally:
        with _lock:
            _threads_at_work -= 1
            if not _threads_at_work:
                sys.setswitchinterval(_usual_interval_s)


async def in_turns(steps: HeavySteps[T]) -> T:
    """Do all steps; others run in between."""
    while True:
        async with turn() as end:
            try:
                heavy = next(steps)
                while heavy is None and time.monotonic() < end:
                    heavy = next(steps)
            except StopIteration as done:
                result: T = done.value
                return result
        if heavy is not None:
            with _giving_way():
                await asyncio.to_thread(heavy)


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
