"""A mock of SignalWire's Realtime server: scripted recording lifecycles over a WebSocket.

``from mockserver import MockServer`` (or ``SyncMockServer``) runs one inside a test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# Takes the machine's clocks at once: a test may freeze them before it asks for more.
from mockserver import realtime as realtime

if TYPE_CHECKING:
    from mockserver.harness import MockServer, SyncMockServer

__all__ = ["MockServer", "SyncMockServer", "__version__"]

__version__ = "0.1.0"

__distribution__ = "signalwire-mockserver"
"""Tells this package from others of its name; see ``mockserver.installation``."""


def __getattr__(name: str) -> Any:
    # pytest imports this package in every run of everybody who has it installed: it stays cheap.
    if name in ("MockServer", "SyncMockServer"):
        from importlib import import_module

        return getattr(import_module("mockserver.harness"), name)
    if name[:1].isupper():
        # Another package's class: say why it is not here. (Python asks for our modules here, too.)
        from mockserver.installation import WrongPackage, mixed

        if problem := mixed():
            raise WrongPackage(f'no name "{name}" here: {problem}')
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
