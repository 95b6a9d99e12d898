"""``python -m mockserver assumptions``: lists what the mock assumes of the real service."""

from __future__ import annotations

import argparse

from .exits import EXIT_OK
from .output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command has no arguments."""
    parser.epilog = "example: python -m mockserver assumptions"


def execute(options: argparse.Namespace) -> int:
    """Print the list; returns the exit code."""
    from mockserver import fidelity

    for each in fidelity.assumptions():
        note = "" if each.source == "A" else f"  ({each.label})"
        say(f"A{each.assumption:<4} {each.section}: {each.behaviour}{note}")
    return EXIT_OK
