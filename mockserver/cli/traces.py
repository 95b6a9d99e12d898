"""What the commands that take a trace have in common."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

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
        return contract.load_trace(path)
    except contract.TraceError as error:
        raise CannotReadError(str(error)) from error
    except (OSError, EOFError, zlib.error) as error:
        raise CannotReadError(f"{path}: {why(error)}") from error


def why(error: Exception) -> str:
    """What is wrong with a file, in words."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "this is a folder; expected a file"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"the compressed file is broken: {error}"
