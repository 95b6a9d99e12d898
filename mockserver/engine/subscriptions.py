"""Who gets which events: (channel, event type) -> sessions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .session import Session


class Subscriptions:
    """The subscriptions of a space, seen from the channels; each session knows its own.

    Nothing is left behind when the last subscriber of an event goes.

    Attributes:
        count: event types subscribed on channels, of all sessions.
    """

    __slots__ = ("_subscribers", "count")

    def __init__(self) -> None:
        self.count = 0
        self._subscribers: dict[str, dict[str, dict[Session, None]]] = {}

    def new(self, session: Session, channel: str, events: Iterable[str]) -> list[str]:
        """Those of these events that a session has not subscribed, each once."""
        own = session.subscriptions.get(channel)
        if own is None:
            return list(dict.fromkeys(events))
        if own.issuperset(events):
            # So it mostly is where a client subscribes again.
            return []
        return [event for event in dict.fromkeys(events) if event not in own]

    def add(self, session: Session, channel: str, events: list[str]) -> None:
        """Subscribe a session to events that are `new` to it."""
        session.subscriptions.setdefault(channel, set()).update(events)
        here = self._subscribers.setdefault(channel, {})
        for event in events:
            here.setdefault(event, {})[session] = None
        self.count += len(events)

    def remove(self, session: Session, channel: str, events: Iterable[str]) -> None:
        """Unsubscribe a session; events that it had not subscribed are passed over."""
        own = session.subscriptions.get(channel, set())
        here = self._subscribers.get(channel, {})
        before = len(own)
        for event in events:
            own.discard(event)
            sessions = here.get(event, {})
            sessions.pop(session, None)
            if not sessions:
                here.pop(event, None)
        self.count -= before - len(own)
        if not own:
            session.subscriptions.pop(channel, None)
        if not here:
            self._subscribers.pop(channel, None)

    def to(self, event_type: str, *channels: str) -> Iterable[Session]:
        """The sessions that get an event of this type on any of these channels, each once."""
        found = [
            sessions
            for channel in channels
            if (sessions := self._subscribers.get(channel, {}).get(event_type))
        ]
        if len(found) == 1:
            return tuple(found[0])
        return dict.fromkeys(session for sessions in found for session in sessions)

    def forget_session(self, session: Session) -> None:
        """A session has ended: it gets nothing any more."""
        for channel, events in list(session.subscriptions.items()):
            self.remove(session, channel, list(events))

    def forget_channel(self, channel: str) -> None:
        """Nothing will come on this channel any more."""
        for sessions in self._subscribers.pop(channel, {}).values():
            self.count -= len(sessions)
            for session in sessions:
                session.subscriptions.pop(channel, None)
