"""``python -m mockserver report``: a trace as one HTML file that needs no server."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import progress
from .exits import EXIT_NOTHING, EXIT_OK, EXIT_OUTPUT, fail
from .output import say
from .traces import TRACE_HELP, why


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("trace", help=TRACE_HELP)
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, required=True, help="the HTML file to write"
    )
    parser.epilog = "example: python -m mockserver report trace.jsonl -o report.html"


def execute(options: argparse.Namespace) -> int:
    """Write the report; returns the exit code."""
    from mockserver import contract
    from mockserver.page.report import entry_as_json, report

    judge = contract.judge(source=options.trace)
    entries = []
    try:
        with contract.TraceFile(options.trace) as file:
            for entry in progress.shown(file, "reading"):
                judge.feed(entry)
                entries.append(entry_as_json(entry))
    except contract.TraceError as error:
        return fail(str(error))
    except OSError as error:
        return fail(f"{options.trace}: {why(error)}")
    if not entries:
        return fail(f"{options.trace}: no frames, so there is nothing to show", EXIT_NOTHING)
    violations = judge.violations
    try:
        options.output.write_text(report(Path(file.source).name, entries, violations), "utf-8")
    except OSError as error:
        return fail(f"cannot write {options.output}: {error.strerror}", EXIT_OUTPUT)
    verdict = f"{len(violations)} broken rules" if violations else "all rules hold"
    say(f"{options.output}: {len(entries)} frames, {verdict}; open it in a browser")
    return EXIT_OK
