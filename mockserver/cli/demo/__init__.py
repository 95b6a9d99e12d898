"""``python -m mockserver demo``: plays a scenario and shows what crosses the wire."""

from __future__ import annotations

import argparse

from mockserver.cli.arguments import add_space_options, space_options
from mockserver.cli.exits import EXIT_BROKEN, EXIT_OK, fail


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "name", nargs="?", help="name or file of the scenario to play (pause-resume)"
    )
    # Nobody would advance a manual clock.
    add_space_options(parser, without=["clock"], scenario="pause-resume", speed=10.0)
    parser.epilog = "example: python -m mockserver demo two-recordings --speed 50"


def execute(options: argparse.Namespace) -> int:
    """Play the scenario; returns the exit code."""
    from mockserver import scenarios
    from mockserver.server.run import CannotListenError

    from .demo import demo

    chosen = space_options(options)
    if options.name is not None:
        chosen["scenario"] = options.name
    try:
        holds = demo(chosen)
    except (
        scenarios.ScenarioError,
        scenarios.UnknownScenarioError,
        CannotListenError,
    ) as error:
        return fail(str(error))
    return EXIT_OK if holds else EXIT_BROKEN
