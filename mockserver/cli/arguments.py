"""The arguments that several commands have, and the types of arguments."""

from __future__ import annotations

import argparse
from collections.abc import Callable

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
        metavar="MS",
        type=milliseconds,
        help="milliseconds between a cause and its events, on the server's clock (30)",
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


def milliseconds(text: str) -> float:
    """A number of milliseconds, 0 or more."""
    value = _number(text, float, "a number of milliseconds")
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be 0 or more milliseconds, not {text}")
    return value


def microseconds(milliseconds: float | None) -> int | None:
    """Milliseconds as microseconds; None stays None."""
    return None if milliseconds is None else round(milliseconds * 1_000)


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
