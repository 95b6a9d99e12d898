"""Frames: build them, read them, judge them.

`codec` turns text into frames, `frames` builds them, `validation` checks them against the schemas,
`explanation` says what is wrong, `catalogue` knows which calls and events there are, `lifecycles`
what may happen to a recording, `errors` how a frame can fail. No I/O, no clock, no state but
caches.
"""

from __future__ import annotations

from mockserver.protocol.catalogue import nearest
from mockserver.protocol.codec import decode, encode
from mockserver.protocol.errors import (
    AuthenticationFailed,
    InternalError,
    InvalidFrame,
    InvalidParams,
    InvalidRequest,
    MethodNotFound,
    ParseError,
    ProtocolError,
    Refusal,
)
from mockserver.protocol.frames import (
    Frame,
    FrameId,
    acknowledgement,
    answer,
    call,
    error_answer,
    event,
    is_answer,
    is_call,
    is_event,
)
from mockserver.protocol.lifecycles import LIFECYCLES, RECORDING, Lifecycle, Transition
from mockserver.protocol.validation import (
    check_call,
    check_outgoing,
    check_reply,
    is_refusal,
    problems,
)

__all__ = [
    "LIFECYCLES",
    "RECORDING",
    "AuthenticationFailed",
    "Frame",
    "FrameId",
    "InternalError",
    "InvalidFrame",
    "InvalidParams",
    "InvalidRequest",
    "Lifecycle",
    "MethodNotFound",
    "ParseError",
    "ProtocolError",
    "Refusal",
    "Transition",
    "acknowledgement",
    "answer",
    "call",
    "check_call",
    "check_outgoing",
    "check_reply",
    "decode",
    "encode",
    "error_answer",
    "event",
    "is_answer",
    "is_call",
    "is_event",
    "is_refusal",
    "nearest",
    "problems",
]
