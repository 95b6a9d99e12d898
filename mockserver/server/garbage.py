"""Garbage that refers to itself, looked for without having others wait.

Python looks through all objects that have lived for a while again and again, and everybody waits
meanwhile: a third of a second, where spaces hold much. But what comes and goes with a frame or a
request is found among the young objects, in some milliseconds. So the old ones are looked through
when the server has nothing to do, or when memory has grown by much.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time

LOOK_S = 1.0
"""Real seconds between looks whether anybody is there, and how much memory is used."""

BUSY_SHARE = 0.02
"""Of that time, how much CPU a server takes at most that is said to have nothing to do."""

OLD = 2
"""The generation of old objects, as `gc` numbers them."""

WORTHWHILE = 10
"""Looks through the middle generation after which a server that is idle looks through the old."""

NEVER = 1_000_000_000
"""The same for Python itself, which does not see whether anybody is there."""

GROWN = 1.25
"""How many times as many blocks of memory as at some time since the last look through the old
objects are used when a busy server looks, too."""

LITTLE = 1_000_000
"""Blocks of memory by which it may grow besides: some 100 MB."""


def settle() -> None:
    """What is there now stays to the end, and is not looked through; what comes from now on is."""
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, NEVER)
    gc.enable()


async def collect() -> None:
    """Look through the old objects when it is worthwhile and nobody waits, or when it is needed."""
    before = time.process_time()
    blocks = sys.getallocatedblocks()
    while True:
        await asyncio.sleep(LOOK_S)
        now, used = time.process_time(), sys.getallocatedblocks()
        blocks = min(blocks, used)
        is_idle = now - before < LOOK_S * BUSY_SHARE
        # A space that was deleted leaves what it held, and a connection by TLS its transport; so a
        # server that always has something to do has to look, too.
        has_grown = used > blocks * GROWN + LITTLE
        if has_grown or (is_idle and gc.get_count()[OLD] >= WORTHWHILE):
            gc.collect()
            now, blocks = time.process_time(), sys.getallocatedblocks()
        before = now
