"""``python -m mockserver run -- PROGRAM``: a program with a server of its own."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from mockserver.cli import formats
from mockserver.cli.arguments import RUN_EXAMPLE, add_server_options, server_settings
from mockserver.cli.exits import fail


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command; the program itself is not among them."""
    parser.usage = "%(prog)s [options] -- PROGRAM [ARGUMENT ...]"
    parser.description = (
        "Runs a program that finds a server of its own in its environment, passes "
        "signals and its exit code on, and fails if a rule of the contract was broken, or if "
        "nobody connected, so that there was nothing to judge."
    )
    add_server_options(parser, log_level="warning")
    parser.add_argument(
        "--no-check",
        dest="check",
        action="store_false",
        help="let the run succeed though a rule was broken, or nobody connected",
    )
    parser.add_argument(
        "--override",
        action="store_true",
        help="replace environment variables that are set already, such as SIGNALWIRE_SPACE; "
        "otherwise they are kept",
    )
    parser.add_argument(
        "--trace", metavar="FILE", type=Path, help="keep the trace here (JSON lines)"
    )
    parser.add_argument(
        "--report",
        metavar="DIR",
        type=Path,
        help="write an HTML report of each space into this folder, to look at without a server",
    )
    formats.add_arguments(parser)
    parser.epilog = (
        "Violations are told on standard error in any case; a format but text is written besides. "
        "Lines of the trace stand in it if the trace is kept. Example: "
        "python -m mockserver run --trace trace.jsonl --format junit -o contract.xml -- npm test"
    )


def execute(options: argparse.Namespace) -> int:
    """Run the program; returns the exit code."""
    if not hasattr(os, "killpg"):
        return fail(
            "run does not work on this system, which has no process groups (Windows): start "
            "python -m mockserver --port 0 --ready-file FILE beside your tests instead"
        )
    if not options.program:
        return fail(f"run needs a program behind --: {RUN_EXAMPLE}")
    from mockserver import scenarios
    from mockserver.server.run import CannotListenError
    from mockserver.server.tls import TlsError

    from .keeping import CannotKeepError, Kept
    from .runner import ACCOUNT, JOURNAL_BYTES, JOURNAL_LIMIT, run

    try:
        return run(
            options.program,
            server_settings(
                options, port=0, journal_limit=JOURNAL_LIMIT, journal_bytes=JOURNAL_BYTES
            ),
            account=options.credentials[0] if options.credentials else ACCOUNT,
            check=options.check,
            override=options.override,
            log_level=options.log_level,
            kept=Kept(options.trace, options.report, options.format, options.output),
        )
    except (
        scenarios.ScenarioError,
        scenarios.UnknownScenarioError,
        CannotKeepError,
        CannotListenError,
        TlsError,
    ) as error:
        return fail(str(error))
