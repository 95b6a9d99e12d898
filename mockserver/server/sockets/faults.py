"""What each fault of sockets does: one function each. The engine says when (``engine/faults``).

A function gets the socket, which has sent all that was queued before as far as its client takes
it, and the strike, whose arguments are those of ``schemas/faults/NAME.json``. A strike that
``is_over`` ends what the same injection began.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mockserver.engine import Strike

if TYPE_CHECKING:
    from mockserver.engine import Space

    from .socket import Socket
    from .table import Sockets


def _close(socket: Socket, strike: Strike) -> None:
    arguments = strike.arguments
    socket.connection.close(arguments.get("code", 1011), arguments.get("reason", "a fault"))


AT_DOOR: Mapping[str, Callable[[Sockets, Space, Strike], None]] = {}
"""What strikes the door: with the space into which the fault was injected."""

ON_SOCKET: Mapping[str, Callable[[Socket, Strike], None]] = {
    "close": _close,
}
