"""``python -m mockserver check``: judges a trace."""

from __future__ import annotations

import argparse
from pathlib import Path

from .exits import EXIT_FAILED, EXIT_OK, fail


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
    violations = contract.check(trace)
    if violations:
        print(contract.render(violations, trace))
        return EXIT_FAILED
    print(f"{options.trace}: {len(trace)} frames, {len(contract.RULES)} rules, all hold")
    return EXIT_OK
