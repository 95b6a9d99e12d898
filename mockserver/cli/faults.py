"""``python -m mockserver faults``: lists the faults that can be injected, or explains one."""

from __future__ import annotations

import argparse

from .exits import EXIT_OK, fail
from .output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command takes the name of a fault."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="explain this fault")
    parser.epilog = "example: python -m mockserver faults duplicate"


def execute(options: argparse.Namespace) -> int:
    """Print the list or the fault; returns the exit code."""
    from mockserver.engine import FAULTS, FaultError
    from mockserver.engine.faults import reference

    if options.name is None:
        width = max(map(len, FAULTS))
        for row in FAULTS.values():
            say(f"{row.name:<{width}}  {row.layer:<7}  {row.does}")
        return EXIT_OK
    try:
        for line in reference.explained(options.name):
            say(line)
    except FaultError as problem:
        return fail(str(problem))
    return EXIT_OK
