"""Traces that can be shown to others: whatever could lead to somebody is replaced, consistently.

What is kept is what the protocol itself says (``vocabulary``); everything else is replaced, so that
a field that nobody foresaw is not shown (``replacing``). The same input has the same replacement
everywhere in the trace, and the contract judges the scrubbed trace as it judges the original.
"""

from __future__ import annotations

from .replacing import Scrubber, scrub

__all__ = ["Scrubber", "scrub"]
