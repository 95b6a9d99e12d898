"""The REST API over HTTP, below ``/api`` and beside the WebSocket.

What it knows is in ``mockserver/rest``: the table of its operations, their handlers and schemas.
This is the way there: who asks, and of which space.
"""

from .front import install

__all__ = ["install"]
