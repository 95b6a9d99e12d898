"""The server's sockets: how connections are accepted, become WebSockets, are written and closed.

``listening`` opens the port, ``door`` is what each connection is at first, ``socket`` what a
WebSocket is, ``frames`` its bytes, ``private`` what is used of aiohttp and not public,
``strangers`` counts those who never became a client, and ``table`` holds all of it together.
"""

from .door import refusal, upgrade
from .strangers import Strangers
from .table import CLOSE_TIMEOUT_S, Sockets

__all__ = ["CLOSE_TIMEOUT_S", "Sockets", "Strangers", "refusal", "upgrade"]
