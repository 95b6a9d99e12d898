"""Which events a session has subscribed, as far as a trace shows."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mockserver.protocol.catalogue import SUBSCRIBED_AS

from .trace import Entry
from .values import items, string

if TYPE_CHECKING:
    from .index import Call

Key = tuple[str, str]
"""A channel and an event type."""


class Subscriptions:
    """Which events a session has subscribed on which channel, at the end of what was read so far.

    Between a call and its answer a trace does not show when the server starts or stops sending. So
    there are two spans: the one in which events *may* come, from the call that subscribes them
    until the answer to the call that ends it; and the one in which they *surely* come, from the
    answer to the former until the latter is made.

    Args:
        initial: the event types that report an initial state.
    """

    def __init__(self, initial: frozenset[str]) -> None:
        self._initial = initial
        self._confirmed: dict[str, dict[str, int]] = defaultdict(dict)
        """Channel -> event type -> number of the answer that confirmed it last."""
        self._sure: dict[Key, Entry] = {}
        self._asked: dict[Call, frozenset[str]] = {}
        self._ending: dict[Call, dict[Key, Entry | None]] = {}
        self._unsettled: dict[Key, int] = {}

    def ask(self, call: Call) -> None:
        """A call subscribes; it is not answered yet."""
        self._asked[call] = self._types(call) - self._initial
        if call.params.get("get_initial_state") is True:
            # The initial state comes whether or not `events` names it [T].
            self._asked[call] |= self._initial

    def confirm(self, call: Call, answer: Entry) -> None:
        """A call that subscribes was accepted."""
        channel = _channel(call)
        for type_ in self._asked.pop(call, frozenset()):
            self._confirmed[channel][type_] = answer.n
            key = channel, type_
            if key not in self._unsettled:
                self._sure.setdefault(key, answer)

    def refuse(self, call: Call) -> None:
        """A call that subscribes, or one that unsubscribes, was not accepted."""
        self._asked.pop(call, None)
        for key, since in self._settle(call).items():
            if since is not None:
                self._sure[key] = since

    def ask_to_end(self, call: Call) -> None:
        """A call unsubscribes: from here on, nothing of it comes for sure."""
        channel = _channel(call)
        ended = self._ending[call] = {}
        for type_ in self._ending_types(channel, self._types(call)):
            key = channel, type_
            self._unsettled[key] = self._unsettled.get(key, 0) + 1
            ended[key] = self._sure.pop(key, None)

    def end(self, call: Call) -> None:
        """A call that unsubscribes was accepted."""
        self._settle(call)
        channel = _channel(call)
        types = {
            type_
            for type_ in self._types(call)
            if self._confirmed.get(channel, {}).get(type_, 0) < call.entry.n
        }
        for type_ in self._ending_types(channel, types):
            self._confirmed[channel].pop(type_, None)
            self._sure.pop((channel, type_), None)
        if not self._confirmed[channel]:
            del self._confirmed[channel]

    def forget(self, channel: str) -> None:
        """Nothing comes on a channel any more: nothing can be missed."""
        for key in [key for key in self._sure if key[0] == channel]:
            del self._sure[key]

    def _settle(self, call: Call) -> dict[Key, Entry | None]:
        """What a call that unsubscribes was to end, and since when that surely came before."""
        ended = self._ending.pop(call, {})
        for key in ended:
            self._unsettled[key] -= 1
            if not self._unsettled[key]:
                del self._unsettled[key]
        return ended

    def _ending_types(self, channel: str, types: set[str] | frozenset[str]) -> set[str]:
        """What a call ends: with the last other type of a channel, the initial state as well."""
        last = self._confirmed.get(channel, {}).keys() <= types | self._initial
        return set(types) | (self._initial if last else frozenset())

    @staticmethod
    def _types(call: Call) -> frozenset[str]:
        named = items(call.params.get("events"))
        return frozenset(SUBSCRIBED_AS.get(each, each) for each in named if isinstance(each, str))

    def confirmed(self, channel: str, type_: str) -> bool:
        """Whether an accepted call subscribed these events, and none ended that since."""
        return type_ in self._confirmed.get(channel, ())

    def asking(self, channel: str, type_: str) -> Call | None:
        """The latest call that asked for these events and is not answered yet."""
        for call in reversed(self._asked):
            if _channel(call) == channel and type_ in self._asked[call]:
                return call
        return None

    def since(self, channel: str, type_: str) -> Entry | None:
        """The answer since which these events surely come without a gap; None if they do not."""
        return self._sure.get((channel, type_))

    def covers(self, channel: str, type_: str, since: Entry) -> bool:
        """Whether these events surely came, without a gap from an entry until now."""
        begin = self._sure.get((channel, type_))
        return begin is not None and begin.n <= since.n

    def types(self, channel: str) -> list[str]:
        """The event types that may come on a channel, sorted."""
        types = set(self._confirmed.get(channel, ()))
        for call, asked in self._asked.items():
            if _channel(call) == channel:
                types |= asked
        return sorted(types)


def _channel(call: Call) -> str:
    return string(call.params.get("event_channel")) or ""
