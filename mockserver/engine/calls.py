"""The calls of the session itself: ``signalwire.*``. Namespaces have tables of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .namespace import Call, Params, Result, ok

if TYPE_CHECKING:
    from .session import Session
    from .space import Space


def _ping(space: Space, session: Session, params: Params) -> Result:
    return {"timestamp": params["timestamp"]} if "timestamp" in params else {}


def _subscribe(space: Space, session: Session, params: Params) -> Result:
    space.subscribe(
        session,
        params["event_channel"],
        params["events"],
        initial_state=params.get("get_initial_state", False),
    )
    return ok()


def _unsubscribe(space: Space, session: Session, params: Params) -> Result:
    space.unsubscribe(session, params["event_channel"], params["events"])
    return ok()


def _disconnect(space: Space, session: Session, params: Params) -> Result:
    space.say_goodbye(session)
    return {}


CALLS = {
    "signalwire.ping": Call(_ping),
    "signalwire.subscribe": Call(_subscribe),
    "signalwire.unsubscribe": Call(_unsubscribe),
    "signalwire.disconnect": Call(_disconnect),
}
"""All but ``signalwire.connect``, which makes the session that the others need."""
