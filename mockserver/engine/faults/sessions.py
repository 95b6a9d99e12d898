"""What each fault of sessions does to a session: one function each.

``refuse_resume`` acts when a client connects, and so does ``revoke_credentials`` after it has
struck: see ``Faults.refuses_resume`` and ``Faults.plan``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockserver.engine.session import Session
    from mockserver.engine.space import Space

    from .injection import Injection

REFUSE_RESUME = "refuse_resume"
REVOKE = "revoke_credentials"


def _revoke(space: Space, injection: Injection, session: Session) -> None:
    connection = session.connection
    injection.protocols.add(session.protocol)
    space.forget(session)
    if connection is not None:
        connection.close(1008, "the credentials were revoked")


def _take_over(space: Space, injection: Injection, session: Session) -> None:
    if session.connection is not None:
        session.connection.close(1000, "the session was resumed on another connection")


ON_SESSION: Mapping[str, Callable[[Space, Injection, Session], None]] = {
    REVOKE: _revoke,
    "takeover": _take_over,
}
