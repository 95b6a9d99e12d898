"""The REST API over HTTP, below ``/api`` and beside the WebSocket.

What it knows is in ``mockserver/rest``: the table of its operations, their handlers and schemas.
This is the way there: who asks, and of which space.
"""

from .front import (
    answered,
    credentials,
    error_response,
    install,
    json_response,
    operation,
    refusal,
)

__all__ = [
    "answered",
    "credentials",
    "error_response",
    "install",
    "json_response",
    "operation",
    "refusal",
]
