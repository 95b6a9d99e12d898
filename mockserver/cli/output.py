"""The standard output of commands: in any encoding, on any disk, with or without a reader."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys

from mockserver.printable import printable

_PLAIN = {"✓": "ok:", "✗": "x", "…": "...", "─": "-", "│": "|", "├": "|", "└": "`"}
"""The signs that commands print, for encodings that do not have them."""

_FAILURES = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EIO,
    errno.EBADF,
}
"""What writing to a file that is open can end in."""


def prepare() -> None:
    """Let both standard streams write any text: what the encoding lacks is written in ASCII."""
    codecs.register_error("mockserver-plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="mockserver-plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(each) or _escaped(each) for each in lacking), error.end


def _escaped(character: str) -> str:
    return character.encode("ascii", "backslashreplace").decode("ascii")


def is_unicode() -> bool:
    """Whether the standard output takes every character."""
    return sys.stdout is None or (sys.stdout.encoding or "").lower().startswith("utf")


def say(text: str) -> None:
    """Print a text, its control characters escaped.

    A reader that has gone, as in ``… | head -1``, is not an error.
    """
    try:
        print(printable(text))
    except BrokenPipeError:
        silence()


def flush() -> None:
    """Write what is still to be written, and so meet the disk that is full."""
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            silence()


def silence() -> None:
    """Write no more: Python would try once again at its end, and show a traceback."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def is_to_blame(error: OSError) -> bool:
    """Whether an error is one of the standard output: of a file that was open, and has no name."""
    return error.errno in _FAILURES and error.filename is None
