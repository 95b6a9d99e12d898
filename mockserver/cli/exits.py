"""How a command ends: its exit codes, and the line that says why."""

from __future__ import annotations

import sys

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_BUG = 70
"""The mock itself had a fault while it served (EX_SOFTWARE)."""


def fail(message: str, code: int = EXIT_USAGE) -> int:
    """Say on stderr what went wrong; returns the exit code."""
    warn(message)
    return code


def warn(message: str) -> None:
    """Say on stderr what a user should know."""
    print(f"mockserver: {message}", file=sys.stderr)
