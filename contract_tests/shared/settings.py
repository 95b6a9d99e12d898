"""The settings of servers in tests: a free port, and nothing happens by itself."""

from __future__ import annotations

from typing import Any

from mockserver.control import options
from mockserver.server import Settings


def settings(**given: Any) -> Settings:
    """Settings of a server, and options of its spaces, side by side."""
    space = {key: given.pop(key) for key in options.described() if key in given}
    chosen = options.given({"scenario": "none", **space})
    return Settings(**{"port": 0, "space": chosen, **given})
