"""A bar on the terminal, for what takes longer than a second."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockserver.contract import Entry, TraceFile

AFTER_S = 1.0
LOOK_EVERY = 500
"""Frames after which the progress is looked at."""


def shown(file: TraceFile, doing: str) -> Iterator[Entry]:
    """The entries of a file; on a terminal, with a bar when reading them takes longer.

    Args:
        file: the trace.
        doing: what is done with them, before the bar: ``judging``.
    """
    if not sys.stderr.isatty():
        yield from file
        return
    with contextlib.ExitStack() as stack:
        begin = time.monotonic()
        bar = None
        for count, entry in enumerate(file):
            if count % LOOK_EVERY == 0 and time.monotonic() - begin > AFTER_S:
                bar = bar or stack.enter_context(_Bar(file, doing))
                bar.show(count)
            yield entry


class _Bar:
    """How far a file has been read, on a terminal."""

    def __init__(self, file: TraceFile, doing: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._file = file
        self._progress = Progress(
            TextColumn(doing),
            BarColumn(),
            TextColumn("{task.fields[frames]:,} frames"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task("", total=file.size, frames=0)

    def __enter__(self) -> _Bar:
        # The cursor is hidden meanwhile: Ctrl-C must not end the process without showing it again.
        self._former = signal.getsignal(signal.SIGINT)
        if self._former is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self._progress.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._progress.stop()
        signal.signal(signal.SIGINT, self._former)

    def show(self, frames: int) -> None:
        """Show that so many frames have been read."""
        self._progress.update(self._task, completed=self._file.position, frames=frames)
