"""Where the mock answers or tells otherwise than the server of a trace did.

``replay`` plays the clients' side of the trace against the mock's engine, on a clock that moves as
the trace's did; ``pairs`` lays both traces beside each other, ``differences`` lists what differs,
by kind, and ``assumptions`` names what each difference touches of ``docs/FIDELITY.md``.
"""

from __future__ import annotations

from .comparison import Comparison, compare
from .differences import KINDS, Difference

__all__ = ["KINDS", "Comparison", "Difference", "compare"]
