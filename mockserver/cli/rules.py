"""``python -m mockserver rules``: lists the contract's rules."""

from __future__ import annotations

import argparse

from .exits import EXIT_OK
from .output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command has no arguments."""
    parser.epilog = "example: python -m mockserver rules"


def execute(options: argparse.Namespace) -> int:
    """Print the list; returns the exit code."""
    from mockserver import contract

    width = max(len(rule.name) for rule in contract.RULES)
    for rule in contract.RULES:
        say(f"{rule.name:<{width}}  {rule.party:<6}  {rule.sentence}")
    return EXIT_OK
