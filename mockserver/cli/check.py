"""``python -m mockserver check``: judges a trace."""

from __future__ import annotations

import argparse
import gc
from typing import TYPE_CHECKING

from . import formats, progress
from .exits import EXIT_BROKEN, EXIT_NOTHING, EXIT_OK, EXIT_OUTPUT, fail, warn
from .traces import TRACE_HELP, why

if TYPE_CHECKING:
    from mockserver import contract

MOST_SHOWN = 100
"""Violations of one rule that are shown."""

MOST_WARNINGS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("trace", help=TRACE_HELP)
    formats.add_arguments(parser)
    parser.epilog = "example: python -m mockserver check trace.jsonl --format sarif -o trace.sarif"


def execute(options: argparse.Namespace) -> int:
    """Judge the trace; returns the exit code."""
    from mockserver import contract

    # Frames are made and dropped by the million, and looking for cycles takes long. But what was
    # known of a room and its events refer to each other: never to look keeps all of a long trace.
    gc.set_threshold(20_000, 5, 1)
    judge = contract.judge(source=options.trace, most=MOST_SHOWN)
    try:
        with contract.TraceFile(options.trace) as file:
            for entry in progress.shown(file, "judging"):
                judge.feed(entry)
    except contract.TraceError as error:
        return fail(str(error))
    except OSError as error:
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
