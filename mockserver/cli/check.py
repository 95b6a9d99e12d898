"""``python -m mockserver check``: judges a trace."""

from __future__ import annotations

import argparse
import contextlib
import gc
import signal
import sys
import time
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import formats
from .exits import EXIT_BROKEN, EXIT_NOTHING, EXIT_OK, EXIT_OUTPUT, fail, warn
from .traces import TRACE_HELP, why

if TYPE_CHECKING:
    from mockserver import contract
    from mockserver.contract import Entry, TraceFile

MOST_SHOWN = 100
"""Violations of one rule that are shown."""

MOST_WARNINGS = 10
PROGRESS_AFTER_S = 1.0
LOOK_EVERY = 500
"""Frames after which the progress is looked at."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("trace", help=TRACE_HELP)
    formats.add_arguments(parser)
    parser.epilog = "example: python -m mockserver check trace.jsonl --format sarif -o trace.sarif"


def execute(options: argparse.Namespace) -> int:
    """Judge the trace; returns the exit code."""
    from mockserver import contract

    # Frames are made and dropped by the million, and have no cycles: looking for them takes long.
    gc.set_threshold(100_000, 50, 100)
    judge = contract.judge(source=options.trace, most=MOST_SHOWN)
    try:
        with contract.TraceFile(options.trace) as file:
            for entry in _with_progress(file):
                judge.feed(entry)
    except contract.TraceError as error:
        return fail(str(error))
    except (OSError, EOFError, zlib.error) as error:
        return fail(f"{options.trace}: {why(error)}")
    if not len(judge):
        return fail(f"{options.trace}: no frames, so there is nothing to judge", EXIT_NOTHING)
    verdict = formats.Verdict([_judged(judge, file)])
    if options.format == formats.DEFAULT:
        _warn_of(judge.warnings)
    try:
        formats.write(options.format, verdict, options.output)
    except formats.ReportFileError as error:
        return fail(str(error), EXIT_OUTPUT)
    return EXIT_OK if verdict.holds else EXIT_BROKEN


def _judged(judge: contract.Judge, file: contract.TraceFile) -> formats.Judged:
    return formats.Judged(
        source=file.source,
        frames=len(judge),
        violations=judge.violations,
        uncounted=judge.uncounted,
        warnings=judge.warnings,
        file=file.source if file.size is not None else None,
    )


def _warn_of(warnings: list[str]) -> None:
    for warning in warnings[:MOST_WARNINGS]:
        warn(f"warning: {warning}")
    if len(warnings) > MOST_WARNINGS:
        warn(f"and {len(warnings) - MOST_WARNINGS} more warnings")


def _with_progress(file: TraceFile) -> Iterator[Entry]:
    """The entries of a file; on a terminal, a bar when reading takes longer than a second."""
    if not sys.stderr.isatty():
        yield from file
        return
    with contextlib.ExitStack() as stack:
        begin = time.monotonic()
        bar = None
        for count, entry in enumerate(file):
            if count % LOOK_EVERY == 0 and time.monotonic() - begin > PROGRESS_AFTER_S:
                bar = bar or stack.enter_context(_Bar(file))
                bar.show(count)
            yield entry


class _Bar:
    """How far a file has been judged, on a terminal."""

    def __init__(self, file: TraceFile) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._file = file
        self._progress = Progress(
            TextColumn("judging"),
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
        """Show that so many frames have been judged."""
        self._progress.update(self._task, completed=self._file.position, frames=frames)
