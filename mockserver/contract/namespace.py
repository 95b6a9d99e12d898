"""What a namespace brings to the contract; the core knows namespaces by this alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .index import Answer, Call, Event, Index
from .rule import Rule


class Part(Protocol):
    """A namespace's part of the index: it learns from every frame what its rules need.

    Rules see a call or an answer after the part has learned from it, and an event before: they
    compare the event with what was known.
    """

    def on_call(self, call: Call) -> None:
        """A client called; the call is not answered yet."""

    def on_answer(self, answer: Answer) -> None:
        """The server answered a call of the client."""

    def on_event(self, event: Event) -> None:
        """The server sent an event, of any namespace."""

    def let_go(self) -> None:
        """The last frame was a long one, and was judged: what it says is let go."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """The rules of one namespace, and what the core has to ask about it.

    Attributes:
        name: the first word of its calls and events: ``video``.
        rules: its rules, in the order of judging.
        part: makes its part of an index.
        event: the class of its events.
        initial: its event types that report an initial state: they come to whoever subscribes with
            ``get_initial_state``, whether or not ``events`` names them.
        personal: its event types that go to the client that they are about, subscribed or not.
        channels: the channels on which an event may have been subscribed, its own first.
        describe: what an event or a result reports, in words to be joined by spaces. The second
            argument is the time of the trace's first entry, in unix seconds.
    """

    name: str
    rules: tuple[Rule, ...]
    part: Callable[[Index], Part]
    event: type[Event]
    initial: frozenset[str]
    personal: frozenset[str]
    channels: Callable[[Event], Iterable[str]]
    describe: Callable[[Mapping[str, Any], float], Iterator[str]]
