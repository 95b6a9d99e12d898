"""Faults: what a space does wrong on purpose, because somebody asked for it.

``catalogue`` is the table of all faults, ``injection`` says which frames one that was injected is
for, ``active`` keeps those of a space, ``frames`` does what happens to a frame. What a fault of
sockets does is the shell's: the engine says when, by ``Connection.strike`` and
``Space.strike_door``.
"""

from .active import Faults
from .catalogue import FAULTS, Fault, FaultError, longest_of, parameters
from .injection import Injection
from .strike import Strike

__all__ = [
    "FAULTS",
    "Fault",
    "FaultError",
    "Faults",
    "Injection",
    "Strike",
    "longest_of",
    "parameters",
]
