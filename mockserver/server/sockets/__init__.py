"""The server's sockets: how connections are accepted, become WebSockets, are written and closed.

``outage`` closes the port (``mockserver.listening``) for a fault; ``door`` is what each connection
is at first, ``socket`` what a WebSocket is, ``frames`` its bytes; ``private`` is what is used of
aiohttp and not public. ``strangers`` counts those who never became a client, and ``table`` holds
all of it together.
"""

from mockserver.listening import Address, Port

from .door import Lent, refusal, upgrade
from .strangers import Strangers
from .table import CLOSE_TIMEOUT_S, Sockets

__all__ = [
    "CLOSE_TIMEOUT_S",
    "Address",
    "Lent",
    "Port",
    "Sockets",
    "Strangers",
    "refusal",
    "upgrade",
]
