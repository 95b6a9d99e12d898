"""Ports that a test chooses by itself, for programs that cannot say which one they took."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """A port of 127.0.0.1 for a program that is told it, and for nobody who takes any free one.

    It is bound, and nobody listens there: the system gives its number to no other program, but lets
    one listen that asks for this number and, as servers do, for ``SO_REUSEADDR``.
    """
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", 0))
        yield int(bound.getsockname()[1])
