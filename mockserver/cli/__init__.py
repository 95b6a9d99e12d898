"""``python -m mockserver``: one command line, a module per command.

This module imports next to nothing, so that Ctrl-C is met from the first moment on; the rest of the
command line is in ``command_line``.
"""
# PYTHON_ARGCOMPLETE_OK

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    from mockserver.cli.command_line import run

    return run(sys.argv[1:] if arguments is None else list(arguments))


def process() -> NoReturn:
    """Run the command that this process was started with, and end with its exit code.

    Ctrl-C ends the process at once and silently. Python would raise KeyboardInterrupt wherever it
    is: in the middle of an import too, where modules in C crash. ``serve`` and ``run``, which have
    something to finish, take the signal themselves while they serve.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        code = main()
    except KeyboardInterrupt:
        # asyncio puts Python's own handler in place when a loop that took the signal is closed.
        code = 128 + signal.SIGINT
    # The command has ended. Whoever presses the key now must not spoil its exit code.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)
