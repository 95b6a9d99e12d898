"""``python -m mockserver diagram``: a trace as a sequence diagram."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from .exits import EXIT_NOTHING, EXIT_OK, EXIT_OUTPUT, fail
from .output import say
from .traces import TRACE_HELP, CannotReadError, read


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    from mockserver.traces.diagram import FORMATS

    listed = ", ".join(f"{name} ({says})" for name, says in FORMATS.items())
    parser.add_argument("trace", help=TRACE_HELP)
    parser.add_argument(
        "--format", choices=FORMATS, default="mermaid", help=f"{listed}; default: mermaid"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="the file; default: standard output"
    )
    parser.add_argument(
        "--frames",
        metavar="FIRST-LAST",
        type=_frames,
        default=(1, None),
        help="only these frames, by their numbers: 10-20, or 10- for all from the tenth on",
    )
    parser.add_argument(
        "--acknowledgements",
        action="store_true",
        help="show acknowledgements of events and pings, too",
    )
    parser.epilog = "example: python -m mockserver diagram trace.jsonl --format svg -o trace.svg"


def _frames(text: str) -> tuple[int, int | None]:
    if (match := re.fullmatch(r"(\d+)-(\d*)", text)) is None:
        raise argparse.ArgumentTypeError(f"expected FIRST-LAST, such as 10-20, found {text!r}")
    return int(match[1]), int(match[2]) if match[2] else None


def execute(options: argparse.Namespace) -> int:
    """Draw the diagram; returns the exit code."""
    from mockserver import contract
    from mockserver.traces import diagram

    try:
        trace = read(options.trace)
    except CannotReadError as error:
        return fail(str(error))
    first, last = options.frames
    conversation = diagram.read(
        trace, contract.check(trace), faint=options.acknowledgements, first=first, last=last
    )
    if not conversation.messages:
        return fail(f"{options.trace}: no frames, so there is nothing to show", EXIT_NOTHING)
    drawn = diagram.draw(options.format, conversation)
    if options.output is None:
        say(drawn.rstrip("\n"))
        return EXIT_OK
    try:
        options.output.write_text(drawn, "utf-8")
    except OSError as error:
        return fail(f"cannot write {options.output}: {error.strerror}", EXIT_OUTPUT)
    return EXIT_OK
