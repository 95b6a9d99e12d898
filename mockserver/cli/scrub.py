"""``python -m mockserver scrub``: a trace that can be shown to others."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from .exits import EXIT_BUG, EXIT_NOTHING, EXIT_OK, EXIT_OUTPUT, fail
from .output import say
from .traces import TRACE_HELP, CannotReadError, read

if TYPE_CHECKING:
    from mockserver.contract import Trace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.description = (
        "Replaces ids, names, URLs, numbers, times and all text that is not the protocol's own, "
        "consistently: the contract judges the result as it judges the original. Look at the "
        "result before you publish it."
    )
    parser.add_argument("trace", help=TRACE_HELP)
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="the file; default: standard output"
    )
    parser.epilog = "example: python -m mockserver scrub session.jsonl -o public.jsonl"


def execute(options: argparse.Namespace) -> int:
    """Scrub the trace; returns the exit code."""
    import orjson

    from mockserver import contract
    from mockserver.traces.scrub import scrub

    try:
        trace = read(options.trace)
    except CannotReadError as error:
        return fail(str(error))
    if not len(trace):
        return fail(f"{options.trace}: no frames, so there is nothing to scrub", EXIT_NOTHING)
    lines, counts = scrub(trace.entries)
    if _judged(trace) != _judged(contract.Trace.from_entries(lines)):
        return fail(
            "this is a bug of the mock, please report it: the contract judges the scrubbed trace "
            "otherwise than the original; nothing was written",
            EXIT_BUG,
        )
    text = b"".join(orjson.dumps(line) + b"\n" for line in lines).decode()
    if options.output is None:
        say(text.rstrip("\n"))
        return EXIT_OK
    try:
        options.output.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        return fail(f"cannot write {options.output}: {error.strerror}", EXIT_OUTPUT)
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    say(f"{options.output}: {len(lines)} frames; replaced: {told or 'nothing'}")
    return EXIT_OK


def _judged(trace: Trace) -> list[tuple[str, tuple[int, ...]]]:
    from mockserver import contract

    return [(each.rule, each.frames) for each in contract.check(trace)]
