"""What a rule is, and the list that every rule puts itself on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Literal, NamedTuple

from .index import Index
from .trace import Entry

Party = Literal["server", "client", "either"]


@dataclass(frozen=True, slots=True)
class Violation:
    """One breach of a rule.

    Attributes:
        rule: the rule's name.
        message: what was seen, against what was expected.
        frames: the numbers of the entries that prove it, in order.
        at: where it broke: the last of them, with its time since the trace began and its session.
    """

    rule: str
    message: str
    frames: tuple[int, ...]
    at: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.message} ({self.at})"


class Finding(NamedTuple):
    """What a rule's function yields: the message, and the entries that prove it."""

    message: str
    entries: tuple[Entry, ...]


Judge = Callable[[Index], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold in every trace.

    Attributes:
        name: in kebab-case; also the name of the trace file that breaks this rule and no other.
        sentence: what the user would see break.
        party: whose fault a breach is.
        source: the letters of where the fact is from.
        judge: finds the breaches in an index.
    """

    name: str
    sentence: str
    party: Party
    source: str
    judge: Judge

    def violations(self, index: Index) -> Iterator[Violation]:
        """The breaches of this rule, in the order in which its function finds them."""
        for message, entries in self.judge(index):
            proof = sorted({entry.n: entry for entry in entries}.items())
            at = describe_place(index, proof[-1][1])
            yield Violation(self.name, message, tuple(n for n, _ in proof), at)


def describe_place(index: Index, entry: Entry) -> str:
    """Where an entry stands: number, seconds since the first entry, session."""
    offset = entry.time - index.start
    return f"frame {entry.n}, {offset:+.3f} s, {index.sessions[entry.space, entry.session]}"


_rules: list[Rule] = []


def rule(name: str, sentence: str, *, party: Party, source: str) -> Callable[[Judge], Judge]:
    """Put a function on the list of rules; the order of definition is the order of judging."""

    def register(judge: Judge) -> Judge:
        if any(known.name == name for known in _rules):
            raise ValueError(f"two rules are named {name!r}")
        _rules.append(Rule(name, sentence, party, source, judge))
        return judge

    return register


def registered(*modules: ModuleType) -> tuple[Rule, ...]:
    """The rules that some modules define, module by module, each in the order of definition."""
    return tuple(
        rule for module in modules for rule in _rules if rule.judge.__module__ == module.__name__
    )


def sentences() -> dict[str, str]:
    """Rule name -> whose fault a breach is and what the user sees, for a report."""
    return {rule.name: f"by the {rule.party}: {rule.sentence}" for rule in _rules}
