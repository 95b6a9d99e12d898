"""What the engine asks of the shell when a fault of sockets strikes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Strike(NamedTuple):
    """A fault of sockets strikes a connection, or the door by which connections come in.

    Attributes:
        fault: its name in the catalogue.
        arguments: its own parameters; durations are in whole microseconds, under NAME_us.
        injection: the number of the injection that strikes.
        is_over: whether it ends what an earlier strike of the same injection began.
    """

    fault: str
    arguments: Mapping[str, Any]
    injection: int
    is_over: bool = False
