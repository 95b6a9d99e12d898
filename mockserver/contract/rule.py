"""What a rule is, and the list that every rule puts itself on.

A rule is a class: a small state machine that is made for one trace and fed with its frames one by
one. It yields evidence of a violation when a frame proves it. What would be a violation if the
trace ended now, but a later frame can still explain, is a suspicion.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Literal, NamedTuple, TypeVar

from .index import Answer, Call, Event, Index, Session, Step
from .trace import Entry

Party = Literal["server", "client", "either"]


class Evidence(NamedTuple):
    """What proves one violation, as a rule sees it.

    Attributes:
        message: what was seen, against what was expected; ``{session}`` stands for the session,
            whose full name is known at the end only.
        entries: what proves it, in any order.
        session: the session that the message speaks of.
    """

    message: str
    entries: tuple[Entry, ...]
    session: Session | None = None


Found = Iterable[Evidence]


class Checker:
    """A rule at work on one trace. Subclasses override the hooks that they need.

    Attributes:
        index: what is known of the trace.
        suspicions: what would be a violation if the trace ended now, by keys of the rule's own.
        sees_repeats: whether it also gets the events that are sent again after a resume because
            they were not acknowledged. They bring nothing new.
    """

    sees_repeats = False

    def __init__(self, index: Index) -> None:
        self.index = index
        self.suspicions: dict[Hashable, tuple[Evidence, ...]] = {}

    def on_entry(self, entry: Entry, step: Step) -> Found:
        """Any frame."""
        return ()

    def on_call(self, call: Call) -> Found:
        """A client's call."""
        return ()

    def on_server_call(self, call: Call) -> Found:
        """A call of the server that is not an event."""
        return ()

    def on_answer(self, answer: Answer) -> Found:
        """An answer of the server."""
        return ()

    def on_event(self, event: Event) -> Found:
        """An event, before the index has learned from it."""
        return ()

    def hook_for(self, kind: type[Event]) -> Callable[..., Found] | None:
        """What judges events of a class; None when this rule does not look at them."""
        return self.on_event if overridden(self, "on_event") else None

    def on_reply(self, answer: Answer) -> Found:
        """An answer of the client: an acknowledgement of an event, an answer to a ping."""
        return ()

    def on_told(self, kind: str, id_: str) -> Found:
        """A thing, such as a room session of this id, was seen in one more space."""
        return ()

    def suspect(self, key: Hashable, found: Iterable[Evidence] = ()) -> None:
        """Replace the suspicions under a key."""
        found = tuple(found)
        if found:
            self.suspicions[key] = found
        else:
            self.suspicions.pop(key, None)

    def settle(self, key: Hashable) -> tuple[Evidence, ...]:
        """The suspicions under a key, which no later frame can explain any more."""
        return self.suspicions.pop(key, ())


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold in every trace.

    Attributes:
        name: in kebab-case; also the name of the trace file that breaks this rule and no other.
        sentence: what the user would see break.
        party: whose fault a violation is.
        source: the letters of where the fact is from.
        checker: finds the violations in one trace.
    """

    name: str
    sentence: str
    party: Party
    source: str
    checker: type[Checker]


_rules: list[Rule] = []

C = TypeVar("C", bound=type[Checker])


def rule(name: str, sentence: str, *, party: Party, source: str) -> Callable[[C], C]:
    """Put a checker on the list of rules; the order of definition is the order of judging."""

    def register(checker: C) -> C:
        if any(known.name == name for known in _rules):
            raise ValueError(f"two rules are named {name!r}")
        _rules.append(Rule(name, sentence, party, source, checker))
        return checker

    return register


def registered(*modules: ModuleType) -> tuple[Rule, ...]:
    """The rules that some modules define, module by module, each in the order of definition."""
    return tuple(
        rule for module in modules for rule in _rules if rule.checker.__module__ == module.__name__
    )


def sentences() -> dict[str, str]:
    """Rule name -> whose fault a violation is and what the user sees, for a report."""
    return {rule.name: f"by the {rule.party}: {rule.sentence}" for rule in _rules}


def overridden(checker: Checker, hook: str) -> bool:
    """Whether a checker has a hook of its own."""
    return getattr(type(checker), hook) is not getattr(Checker, hook)
