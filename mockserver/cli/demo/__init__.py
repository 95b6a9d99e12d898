"""``python -m mockserver demo``: plays a scenario and shows what crosses the wire."""

from __future__ import annotations

import argparse

from mockserver.cli.arguments import add_play_options, chosen_options
from mockserver.cli.exits import EXIT_BROKEN, EXIT_OK, fail


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "name", nargs="?", help="name or file of the scenario to play (pause-resume)"
    )
    add_play_options(parser, scenario="pause-resume", speed=10.0)


def execute(options: argparse.Namespace) -> int:
    """Play the scenario; returns the exit code."""
    from mockserver import scenarios
    from mockserver.server.run import CannotListenError

    from .demo import demo

    try:
        holds = demo(
            scenario=options.name or options.scenario,
            chosen=chosen_options(options),
        )
    except (
        scenarios.ScenarioError,
        scenarios.UnknownScenarioError,
        CannotListenError,
    ) as error:
        return fail(str(error))
    return EXIT_OK if holds else EXIT_BROKEN
