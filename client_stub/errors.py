"""What can go wrong, one class for each thing a caller may want to catch.

::

    SignalWireError
    ├── ActionEnded            the recording, playback or stream is completed; nothing was sent
    ├── CommandRefused         the answer's ``result.code`` is not 2xx
    ├── ServerError            the answer is a JSON-RPC error
    │   └── AuthenticationFailed   … with code -32002: the credentials were not accepted
    ├── CallTimeout            (also a TimeoutError) no answer, or no event, in time
    └── ConnectionLost         (also a ConnectionError) the connection went before the answer came
        ├── ConnectFailed      it could not be opened in the first place
        └── ClientClosed       it was ended by ``close()``
"""

from __future__ import annotations

from typing import Any


class SignalWireError(Exception):
    """The base of every error that this package raises for what happened on the wire."""


class ActionEnded(SignalWireError):
    """The object has ended, so the command was not sent [D]."""

    def __init__(self, kind: str, id: str, verb: str) -> None:
        super().__init__(kind, id, verb)
        self.kind = kind
        self.id = id
        self.verb = verb

    def __str__(self) -> str:
        return f"Action has ended: {self.kind} {self.id} is completed, {self.verb} was not sent"


class CommandRefused(SignalWireError):
    """The server answered, and its ``result.code`` is present and not 2xx [W].

    ``code`` is a string ("409") even if the server sent a number; ``result`` is the whole result.
    """

    def __init__(self, method: str, result: dict[str, Any]) -> None:
        super().__init__(method, result)
        self.method = method
        self.result = result
        self.code = str(result.get("code"))
        self.message = str(result.get("message", ""))

    def __str__(self) -> str:
        return f"{self.method} was refused: {self.code} {self.message}".rstrip()


class ServerError(SignalWireError):
    """The server answered with a JSON-RPC error; ``error`` is that object as it came [W]."""

    def __init__(self, method: str, error: dict[str, Any]) -> None:
        super().__init__(method, error)
        self.method = method
        self.error = error
        self.code: int = error.get("code", 0)
        self.message = str(error.get("message", ""))
        self.data: Any = error.get("data")

    def __str__(self) -> str:
        data = "" if self.data is None else f" (data: {self.data!r})"
        return f"{self.method} failed: {self.code} {self.message}{data}"


class AuthenticationFailed(ServerError):
    """``signalwire.connect`` was answered with error -32002 [T]."""


class CallTimeout(SignalWireError, TimeoutError):
    """``missing`` ("an answer", or an event type) did not come within ``seconds``."""

    def __init__(self, method: str, seconds: float, missing: str = "an answer") -> None:
        super().__init__(method, seconds, missing)
        self.method = method
        self.seconds = seconds
        self.missing = missing

    def __str__(self) -> str:
        return f"{self.method}: {self.missing} did not come within {self.seconds:g} s"


class ConnectionLost(SignalWireError, ConnectionError):
    """The connection was lost; whether the server carried out the call is not known."""


class ConnectFailed(ConnectionLost):
    """The socket could not be opened."""


class ClientClosed(ConnectionLost):
    """The client was closed, by ``close()`` or by leaving its ``async with`` block."""
