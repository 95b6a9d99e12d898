"""``python -m mockserver check``: judges a trace."""

from __future__ import annotations

import argparse
from pathlib import Path

from .exits import EXIT_BROKEN, EXIT_NOTHING, EXIT_OK, fail
from .output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("trace", type=Path, help="a trace: JSON lines, as the journal gives them")


def execute(options: argparse.Namespace) -> int:
    """Judge the trace; returns the exit code."""
    from mockserver import contract

    try:
        trace = contract.load_trace(options.trace)
    except (contract.TraceError, OSError) as error:
        return fail(str(error))
    if not len(trace):
        return fail(f"{options.trace}: no frames, so there is nothing to judge", EXIT_NOTHING)
    violations = contract.check(trace)
    if violations:
        say(contract.render(violations, trace))
        return EXIT_BROKEN
    say(f"{options.trace}: {len(trace)} frames, {len(contract.RULES)} rules, all hold")
    return EXIT_OK
