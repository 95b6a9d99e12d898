"""Bugs that are planted in the engine, to see that the simulation finds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from mockserver.engine import Session
from mockserver.engine.delivery import Delivery
from mockserver.engine.session import Connection
from mockserver.engine.subscriptions import Subscriptions
from mockserver.protocol.lifecycles import Lifecycle, Transition


@contextmanager
def wrong_transition() -> Iterator[None]:
    """A recording that is stopped while it is paused goes on, in the engine's own table."""
    right = Lifecycle.transition

    def transition(table: Lifecycle, state: str, verb: str) -> Transition | None:
        if (table.kind, state, verb) == ("recording", "paused", "stop"):
            return Transition("recording", "updated")
        return right(table, state, verb)

    with patch.object(Lifecycle, "transition", transition):
        yield


@contextmanager
def lost_event() -> Iterator[None]:
    """Of the events that a session misses while it is away, every third is not kept."""
    right = Delivery._keep

    def keep(delivery: Delivery, session: Session, event_id: str, data: bytes) -> None:
        if not (session.is_away and len(session.pending) % 3 == 2):
            right(delivery, session, event_id, data)

    with patch.object(Delivery, "_keep", keep):
        yield


@contextmanager
def double_delivery() -> Iterator[None]:
    """A client that resumes on a new connection gets what it had acknowledged once more."""
    settle, send_pending = Session.settle, Delivery.send_pending
    settled: dict[Session, dict[str, bytes]] = {}

    def remember(session: Session, event_id: str) -> bool:
        data = session.pending.get(event_id)
        if data is not None:
            settled.setdefault(session, {})[event_id] = data
        return settle(session, event_id)

    def send_more(delivery: Delivery, session: Session, connection: Connection) -> None:
        for event_id, data in list(settled.get(session, {}).items())[-1:]:
            session.keep(event_id, data)
        send_pending(delivery, session, connection)

    with (
        patch.object(Session, "settle", remember),
        patch.object(Delivery, "send_pending", send_more),
    ):
        yield


@contextmanager
def leak_between_spaces() -> Iterator[None]:
    """All spaces have one table of subscriptions, in which channels of one name meet."""
    right = Subscriptions.__init__
    shared: dict[str, Any] = {}

    def begin(subscriptions: Subscriptions) -> None:
        right(subscriptions)
        subscriptions._subscribers = shared

    with patch.object(Subscriptions, "__init__", begin):
        yield


PLANTED: dict[str, Callable[[], Any]] = {
    "wrong-transition": wrong_transition,
    "lost-event": lost_event,
    "double-delivery": double_delivery,
    "leak-between-spaces": leak_between_spaces,
}
"""Name -> what plants the bug while it is entered."""
