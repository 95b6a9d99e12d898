"""The arguments that several commands have, and the types of arguments."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockserver.control.options import SpaceOptions

RUN_EXAMPLE = "python -m mockserver run -- npm test"


def add_play_options(parser: argparse.ArgumentParser, *, scenario: str, speed: float = 1.0) -> None:
    """Add what decides how a scenario is played.

    Args:
        parser: of the command.
        scenario: the default scenario.
        speed: the default speed.
    """
    parser.add_argument(
        "--scenario",
        metavar="NAME|FILE",
        default=scenario,
        help="what happens by itself (%(default)s); see the command scenarios",
    )
    parser.add_argument("--seed", type=int, default=0, help="decides ids and names (%(default)s)")
    parser.add_argument(
        "--speed",
        metavar="X",
        type=positive,
        default=speed,
        help="how fast the server's clock runs (%(default)s)",
    )
    parser.add_argument(
        "--latency",
        metavar="DURATION",
        type=duration,
        help="time between a cause and its events on the server's clock, such as 250ms or 1.5s "
        "(30ms; 0 with a manual clock)",
    )


def port(text: str) -> int:
    """A port, 0 included."""
    value = _number(text, int, "a port")
    if not 0 <= value <= 65_535:
        raise argparse.ArgumentTypeError(f"a port is 0 to 65535, not {text}")
    return int(value)


def positive(text: str) -> float:
    """A number greater than 0."""
    value = _number(text, float, "a number")
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be greater than 0, not {text}")
    return value


def whole(text: str) -> int:
    """A whole number from 1."""
    value = _number(text, int, "a whole number")
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {text}")
    return int(value)


def chosen_options(arguments: argparse.Namespace) -> SpaceOptions:
    """The options of spaces among the arguments of a command."""
    from mockserver.control import options

    return options.given({name: getattr(arguments, name, None) for name in options.described()})


def duration(text: str) -> str:
    """A duration with its unit.

    A number without a unit is refused, although elsewhere it is a number of seconds: ``--latency``
    used to take milliseconds, and 30 s instead of 30 ms would look like a server that hangs.
    """
    from mockserver.protocol import durations

    if re.fullmatch(r"\d+(\.\d+)?", text) and float(text) != 0:
        raise argparse.ArgumentTypeError(f"{text} of what? Say {text}ms or {text}s")
    try:
        durations.microseconds(0 if text == "0" else text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            "expected a duration such as 250ms, 1.5s or 2h, at most "
            f"{durations.LONGEST_DAYS} days, found {text!r}"
        ) from None
    return "0s" if text == "0" else text


def credentials(text: str) -> tuple[str, str]:
    """A project and its token."""
    project, colon, token = text.partition(":")
    if not (project and colon and token):
        raise argparse.ArgumentTypeError("expected PROJECT:TOKEN, for example my-project:my-token")
    return project, token


def _number(text: str, kind: Callable[[str], float], what: str) -> float:
    try:
        return kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected {what}, got {text!r}") from None
