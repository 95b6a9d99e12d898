"""A scenario made of a trace: what the service did, what a client did, and what it must see again.

``story`` reads the trace, ``causes`` finds out which events a client's call caused and which the
service made by itself; ``service``, ``client`` and ``oracle`` make the parts of the scenario, each
with remarks where it had to guess; ``text`` writes them as a file.
"""

from __future__ import annotations

from .making import NothingToPlayError, make
from .story import Story

__all__ = ["NothingToPlayError", "Story", "make"]
