"""What the commands that take a trace have in common."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from . import progress

if TYPE_CHECKING:
    from mockserver.contract import Trace

TRACE_HELP = (
    "a trace: JSON lines, as the journal gives them, also compressed by gzip; or a HAR file with "
    "WebSocket messages; - reads standard input"
)


class CannotReadError(Exception):
    """A trace that cannot be read; says which and why."""


def read(path: str) -> Trace:
    """All of a trace.

    Raises:
        CannotReadError: it cannot be read.
    """
    from mockserver import contract

    try:
        with contract.TraceFile(path) as file:
            return contract.Trace(tuple(progress.shown(file, "reading")), source=file.source)
    except contract.TraceError as error:
        raise CannotReadError(str(error)) from error
    except OSError as error:
        raise CannotReadError(f"{path}: {why(error)}") from error


def add_space_argument(parser: argparse.ArgumentParser) -> None:
    """Declare ``--space``, for commands that take one conversation."""
    parser.add_argument(
        "--space", metavar="NAME", help="of a trace with several spaces, the one that is meant"
    )


def of_one_space(trace: Trace, name: str | None) -> Trace:
    """The part of a trace that is of one space.

    Args:
        trace: the trace.
        name: the space; None where the trace has only one.

    Raises:
        CannotReadError: there is no such space, or there are several and none was named.
    """
    from mockserver import contract

    spaces = list(dict.fromkeys(entry.space for entry in trace if entry.space))
    if name is None and len(spaces) > 1:
        listed = ", ".join(map(str, spaces))
        raise CannotReadError(f"the trace has several spaces: choose one by --space: {listed}")
    if name is None:
        return trace
    kept = tuple(entry for entry in trace if entry.space == name)
    if not kept:
        listed = ", ".join(map(str, spaces)) or "it names none"
        raise CannotReadError(f'the trace has no space "{name}": {listed}')
    return contract.Trace(kept, trace.source)


def why(error: OSError) -> str:
    """What is wrong with a file, in words."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "this is a folder; expected a file"
    return error.strerror or str(error)
