"""Judging a trace while it grows: a step costs what the step did, not the length of the trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from .index import Answer, Call, Event, Index, Session
from .namespace import Namespace
from .report import Describer
from .rule import Checker, Finding, Findings, Rule, overridden
from .trace import Entry
from .violation import Row, Violation

PATIENCE = 10.0
"""Seconds without an answer after which a client gives a call up [W]."""

_HOOKS = ("on_entry", "on_call", "on_server_call", "on_answer", "on_event", "on_reply", "on_told")


class _Proof(NamedTuple):
    entry: int
    time: float
    session: Session
    to_client: bool
    text: str


class _Breach(NamedTuple):
    """A finding whose entries need not be kept any more."""

    message: str
    session: Session | None
    fault: str | None
    proof: tuple[_Proof, ...]


def _open_ends(session: Session) -> Iterator[tuple[Call, str]]:
    """The calls and events of a session that wait for an answer, and words for that."""
    for calls in session.asked.values():
        for call in calls:
            yield call, f"{call.method} was not answered"
    if session.acknowledges:
        for event in session.unacknowledged.values():
            yield event, f"{event.type} was not acknowledged"


def _fault(finding: Finding) -> str | None:
    """The injected fault that helped to make a breach."""
    return next((entry.fault for entry in finding.entries if entry.fault is not None), None)


class Judge:
    """All rules at work on one trace, which is fed entry by entry.

    ``violations`` can be looked at at any time: it is what a trace would break that ends here. A
    later entry can explain what looked like a breach, so a violation may disappear again; one that
    is proven stays.

    Args:
        rules: the rules to check.
        namespaces: what knows the calls and events of more than the core.
        source: where the trace comes from, for messages; None when it is not a file.
        most: how many violations of each rule are kept; the others are counted. None: all.

    Attributes:
        frames: how many entries were fed.
        source: as above.
        uncounted: how many violations were found beyond ``most``.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        namespaces: Iterable[Namespace],
        *,
        source: str | None = None,
        most: int | None = None,
    ) -> None:
        self.frames = 0
        self._now = 0.0
        self.source = source
        self.uncounted = 0
        self._intended: list[tuple[Rule, _Breach]] = []
        self._most = most
        self._index = Index(namespaces)
        self._parts = tuple(self._index.parts.values())
        self._describer = Describer(self._index)
        self._rules = tuple(rules)
        self._checkers = [rule.checker(self._index) for rule in self._rules]
        self._breaches: list[list[_Breach]] = [[] for _ in self._rules]
        self._hooks: dict[str, list[tuple[int, Callable[..., Findings]]]] = {
            hook: [
                (place, getattr(checker, hook))
                for place, checker in enumerate(self._checkers)
                if overridden(checker, hook)
            ]
            for hook in _HOOKS
        }
        self._hooks["on_repeat"] = [
            (place, check)
            for place, check in self._hooks["on_event"]
            if self._checkers[place].sees_repeats
        ]

    def __len__(self) -> int:
        return self.frames

    def feed(self, entry: Entry) -> None:
        """Judge the next entry of the trace."""
        self.frames += 1
        self._now = entry.time
        index = self._index
        step = index.read(entry)
        self._check("on_entry", entry, step)
        if isinstance(step, Event) and step.owed:
            self._check("on_repeat", step)
        elif isinstance(step, Event):
            self._check("on_event", step)
            for part in self._parts:
                part.on_event(step)
        elif isinstance(step, Answer):
            if entry.to_client:
                for part in self._parts:
                    part.on_answer(step)
                self._check("on_answer", step)
            else:
                self._check("on_reply", step)
        elif step is not None:
            if entry.to_client:
                self._check("on_server_call", step)
            else:
                for part in self._parts:
                    part.on_call(step)
                self._check("on_call", step)
        index.learn(step)
        for kind, id_ in index.spread:
            self._check("on_told", kind, id_)

    def _check(self, hook: str, *what: Any) -> None:
        for place, check in self._hooks[hook]:
            for finding in check(*what):
                breaches = self._breaches[place]
                if _fault(finding) is not None:
                    self._intended.append((self._rules[place], self._breach(finding)))
                elif self._most is not None and len(breaches) >= self._most:
                    self.uncounted += 1
                else:
                    breaches.append(self._breach(finding))

    def _breach(self, finding: Finding) -> _Breach:
        entries = sorted({entry.n: entry for entry in finding.entries}.items())
        return _Breach(
            finding.message,
            finding.session,
            _fault(finding),
            tuple(
                _Proof(
                    entry.n,
                    entry.time,
                    self._index.sessions[entry.space, entry.session],
                    entry.to_client,
                    " ".join(self._describer.words(entry)),
                )
                for _, entry in entries
            ),
        )

    @property
    def violations(self) -> list[Violation]:
        """What the trace breaks if it ends here, by rule, in the order of the rules."""
        return [
            self._violation(rule, breach)
            for rule, checker, breaches in zip(
                self._rules, self._checkers, self._breaches, strict=True
            )
            for breach in self._in_order(breaches, checker)
        ]

    @property
    def intended(self) -> list[Violation]:
        """The breaches that faults made which were injected on purpose, in the order of finding."""
        return [self._violation(rule, breach) for rule, breach in self._intended]

    @property
    def warnings(self) -> list[str]:
        """What is still open ten seconds before the trace ends; it need not be a breach.

        Calls of clients that were not answered, and events that a client which acknowledges events
        has not acknowledged.
        """
        open_ends = [
            (call.entry, session, said)
            for session in self._index.sessions.values()
            for call, said in _open_ends(session)
            if call.entry.time < self._now - PATIENCE and call.entry.fault is None
        ]
        open_ends.sort(key=lambda open_end: open_end[0].n)
        return [f"{said} ({self._place(entry, session)})" for entry, session, said in open_ends]

    def _place(self, entry: Entry, session: Session) -> str:
        offset = entry.time - self._index.start
        return f"frame {entry.n}, {offset:+.3f} s, {self._index.describe(session)}"

    def _in_order(self, breaches: list[_Breach], checker: Checker) -> list[_Breach]:
        suspected = [
            self._breach(finding)
            for findings in checker.suspicions.values()
            for finding in findings
            if _fault(finding) is None
        ]
        # Proven ones are in order already.
        return sorted([*breaches, *suspected], key=lambda breach: breach.proof[-1].entry)

    def _violation(self, rule: Rule, breach: _Breach) -> Violation:
        message = breach.message
        if breach.session is not None:
            message = message.replace("{session}", self._index.describe(breach.session))
        start = self._index.start
        last = breach.proof[-1]
        place = f"frame {last.entry}, {last.time - start:+.3f} s"
        return Violation(
            rule.name,
            message,
            tuple(proof.entry for proof in breach.proof),
            f"{place}, {self._index.describe(last.session)}",
            tuple(
                Row(
                    proof.entry,
                    proof.time - start,
                    self._index.label(proof.session),
                    proof.to_client,
                    proof.text,
                )
                for proof in breach.proof
            ),
            breach.fault,
        )
