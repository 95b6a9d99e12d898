"""What can go wrong with a frame, one class per answer that it deserves.

    Exception
    ├── ProtocolError            a JSON-RPC error answer: the call was not served
    │   ├── ParseError              -32700  not JSON
    │   ├── InvalidRequest          -32600  JSON, but not a frame
    │   ├── MethodNotFound          -32601  no such call
    │   ├── InvalidParams           -32602  the call's params break its schema
    │   ├── InternalError           -32603  our fault
    │   ├── LimitReached            -32000  one more of these than the mock takes
    │   └── AuthenticationFailed    -32002  not, or not rightly, connected
    ├── Refusal                  an ordinary answer whose result.code is not 2xx
    └── InvalidFrame             a frame of our own breaks its schema: a bug, never sent

The codes from -32700 to -32603 are those of the JSON-RPC specification, -32002 is the service's
own [T]. That the real service uses the former is assumed [A].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mockserver.protocol.frames import Frame, FrameId, error_answer

if TYPE_CHECKING:
    from mockserver.protocol.explanation import Problem

__all__ = [
    "AuthenticationFailed",
    "InternalError",
    "InvalidFrame",
    "InvalidParams",
    "InvalidRequest",
    "LimitReached",
    "MethodNotFound",
    "ParseError",
    "ProtocolError",
    "Refusal",
]


class ProtocolError(Exception):
    """A call that is answered with a JSON-RPC `error`.

    The vendor's client rejects its call with this error as it stands, `data` included [W]: what is
    written here reaches the user.

    Attributes:
        code: The code of the error, an integer.
        message: What was wrong and what would have been right.
        data: Details for programs; empty when there are none.
        id: The id of the frame that was wrong; None when it has none that can be answered.
    """

    code: int = -32603

    def __init__(
        self,
        message: str,
        data: Mapping[str, Any] | None = None,
        id: FrameId | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.data: dict[str, Any] = dict(data or {})
        self.id = id

    def as_answer(self, id: FrameId | None = None) -> Frame:
        """The error answer to the frame with this id; to the one that was wrong when None."""
        return error_answer(self.id if id is None else id, self.code, self.message, self.data)


class ParseError(ProtocolError):
    """The text was not JSON. `data` is `{"line", "column"}`, both from 1."""

    code = -32700


class InvalidRequest(ProtocolError):
    """The text was JSON but no JSON-RPC 2.0 frame. `data` may have `problems`."""

    code = -32600


class MethodNotFound(ProtocolError):
    """No call of this name. `data` is `{"method", "nearest": [names]}`."""

    code = -32601


class InvalidParams(ProtocolError):
    """The params break their schema.

    `data` is `{"method", "problems": [{"path", "expected", "found", "hint"?}], "example"}`, where
    `example` is params that would fit.
    """

    code = -32602


class InternalError(ProtocolError):
    """The mock itself failed. Says nothing of the insides."""

    code = -32603


class LimitReached(ProtocolError):
    """There is no room for one more session or space [A]."""

    code = -32000


class AuthenticationFailed(ProtocolError):
    """The credentials are wrong, or a call came before a successful `signalwire.connect` [A]."""

    code = -32002

    def __init__(
        self,
        # What the real service says of wrong credentials [T].
        message: str = (
            "Authentication service failed with status ProtocolError, 401 Unauthorized: {}"
        ),
        data: Mapping[str, Any] | None = None,
        id: FrameId | None = None,
    ) -> None:
        super().__init__(message, data, id)


class Refusal(Exception):
    """A call that was understood and is refused: `result.code` says why [W].

    Which codes the real service uses is not public; ours are [A]: 404 no such room or recording
    here, 409 the state does not allow it, 403 not allowed, 429 and 413 a limit of the mock.

    Attributes:
        code: Three digits as a string, not beginning with 2.
        message: What was wrong and what would have been right.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class InvalidFrame(Exception):
    """A frame that we were about to send breaks its schema: a bug of the mock, never sent.

    Attributes:
        frame: The frame.
        problems: What is wrong with it; never empty.
    """

    def __init__(self, frame: Mapping[str, Any], problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.frame = frame
        self.problems = list(problems)
