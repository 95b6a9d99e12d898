"""``python -m mockserver scenario``: a scenario made of a trace."""

from __future__ import annotations

import argparse
from pathlib import Path

from .exits import EXIT_NOTHING, EXIT_OK, EXIT_OUTPUT, fail
from .output import say
from .traces import TRACE_HELP, CannotReadError, add_space_argument, of_one_space, read


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.description = (
        "Makes a scenario of a trace: the service's script, one client's part, and what a "
        "subscriber must see. Comments say where something had to be guessed."
    )
    parser.add_argument("trace", help=TRACE_HELP)
    parser.add_argument(
        "--name",
        help="what the scenario is called; its file must be called the same "
        "(default: from the output file's name, else mine)",
    )
    parser.add_argument(
        "--session",
        metavar="NAME",
        help="whose part the client's is: s1, s2, ... (default: who called most)",
    )
    add_space_argument(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="the file; default: standard output"
    )
    parser.epilog = "example: python -m mockserver scenario session.jsonl > mine.yaml"


def execute(options: argparse.Namespace) -> int:
    """Make the scenario; returns the exit code."""
    from mockserver.traces import scenario
    from mockserver.traces.scenario.making import DEFAULT_NAME, name_for

    try:
        trace = of_one_space(read(options.trace), options.space)
    except CannotReadError as error:
        return fail(str(error))
    stem = options.output.stem if options.output is not None else DEFAULT_NAME
    try:
        text = scenario.make(
            trace.entries,
            name=options.name or name_for(stem),
            session=options.session,
            source=Path(options.trace).name if options.trace != "-" else "a trace",
        )
    except scenario.NothingToPlayError as error:
        return fail(f"{options.trace}: {error}", EXIT_NOTHING)
    if options.output is None:
        say(text.rstrip("\n"))
        return EXIT_OK
    try:
        options.output.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        return fail(f"cannot write {options.output}: {error.strerror}", EXIT_OUTPUT)
    say(f"{options.output}: play it with python -m mockserver demo {options.output}")
    return EXIT_OK
