"""What HTTP needs of the server that it belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from mockserver.control.keeper import Spaces
from mockserver.engine import Journal, Space

from .guard import Guard


class Host(Protocol):
    """A server, as far as the doors of its control API and its REST API know it."""

    @property
    def spaces(self) -> Spaces:
        """The keeper of all spaces."""

    @property
    def guard(self) -> Guard:
        """Decides who may use the control API."""

    def visit(self, project: str, token: str, space_name: str | None) -> Space:
        """The space of somebody who comes without a socket, as ``Gate.visit``.

        Raises:
            AuthenticationFailed: the credentials are wrong.
        """

    def note_bug(self, bug: Exception) -> None:
        """Remember a bug of the mock itself, and log it."""


class Context(Host, Protocol):
    """The mock server, as far as its control API knows it."""

    @property
    def strays(self) -> Journal:
        """The frames of connections that are in no space."""

    @property
    def bugs(self) -> list[Exception]:
        """Faults of the mock itself."""

    @property
    def strangers(self) -> Iterable[tuple[str, int]]:
        """Why connections failed before they became a client's, and how many did."""

    @property
    def is_stopping(self) -> bool:
        """Whether streams to watchers should end, because the server does."""

    @property
    def url(self) -> str:
        """Where clients connect: ``ws://127.0.0.1:8787``."""

    @property
    def http_url(self) -> str:
        """Where the HTTP side is: ``http://127.0.0.1:8787``."""
