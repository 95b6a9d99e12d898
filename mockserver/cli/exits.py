"""How a command ends: its exit codes, and the line that says why.

A verdict and a failure never share an exit code: whoever runs ``check`` in a script must be able to
tell "a rule is broken" from "the file could not be read".
"""

from __future__ import annotations

import contextlib
import signal
import sys

from mockserver.printable import printable

EXIT_OK = 0
EXIT_BROKEN = 1
EXIT_USAGE = 2
EXIT_NOTHING = 5
"""As pytest's, when it has collected no tests."""
EXIT_BUG = 70
"""EX_SOFTWARE of sysexits.h."""
EXIT_OUTPUT = 74
"""EX_IOERR of sysexits.h."""

EXIT_CODES = {
    EXIT_OK: "all is well",
    EXIT_BROKEN: "a verdict: a rule of the contract is broken, or an expectation is not met",
    EXIT_USAGE: "a failure: the command line or a file is faulty, a port is taken",
    EXIT_NOTHING: "there was nothing to judge (check, run)",
    EXIT_BUG: "the mock itself has a bug, or met one while it served",
    EXIT_OUTPUT: "what was to be printed, or the trace, could not be written",
    128 + signal.SIGINT: "Ctrl-C, as shells say it; serve ends with 0",
}
"""Exit code -> when. ``run`` passes its program's exit code on if that is not 0."""


def fail(message: str, code: int = EXIT_USAGE) -> int:
    """Say on stderr what went wrong; returns the exit code."""
    warn(message)
    return code


def warn(message: str) -> None:
    """Say on stderr what a user should know, its control characters escaped."""
    # Without a stderr, or with a full disk behind it, there is no place left to complain.
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(printable(f"mockserver: {message}"), file=sys.stderr)
