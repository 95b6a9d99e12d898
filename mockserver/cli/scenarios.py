"""``python -m mockserver scenarios``: lists the scenarios, or explains one."""

from __future__ import annotations

import argparse

from .exits import EXIT_OK, fail
from .output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("name", nargs="?", help="name or file of the one to explain")
    parser.epilog = "example: python -m mockserver scenarios pause-resume"


def execute(options: argparse.Namespace) -> int:
    """Print the list, or the explanation; returns the exit code."""
    from mockserver import scenarios

    try:
        if options.name is None:
            summaries = scenarios.shipped()
            width = max(len(each.name) for each in summaries)
            for each in summaries:
                say(f"{each.name:<{width}}  {each.about}")
        else:
            say("\n".join(scenarios.load(options.name).explain()))
    except (scenarios.ScenarioError, scenarios.UnknownScenarioError) as error:
        return fail(str(error))
    return EXIT_OK
