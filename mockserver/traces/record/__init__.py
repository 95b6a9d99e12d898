"""Keeping the trace of a real conversation: a proxy between an application and a server.

``proxy`` passes messages on, ``keeper`` writes them down without tokens, ``run`` does both in the
foreground. Any server of this protocol will do, the real service as well as a mock.
"""

from __future__ import annotations

from .keeper import Keeper
from .proxy import CannotListenError, Proxy
from .run import run

__all__ = ["CannotListenError", "Keeper", "Proxy", "run"]
