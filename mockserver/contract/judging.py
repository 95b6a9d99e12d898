"""Judging a trace while it grows: a step costs what the step did, not the length of the trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from mockserver.printable import one_line
from mockserver.protocol.frames import is_event

from .index import Answer, Call, Event, Index, Session, Step
from .memory import is_long, let_go
from .namespace import Namespace
from .report import Describer, cut
from .rule import Checker, Evidence, Found, Rule, overridden
from .trace import Entry
from .values import mapping, string
from .violation import Row, Violation

PATIENCE = 10.0
"""Seconds without an answer after which a client gives a call up [W]."""

MOST_ERRORS = 1_000
"""Errors by which clients answered that are kept to warn of them: the first ones."""

LONGEST_MESSAGE = 4_000
"""Characters that are kept of what a violation says: it may quote a long frame."""

_HOOKS = ("on_entry", "on_call", "on_server_call", "on_answer", "on_reply", "on_told")

_Hooks = list[tuple[int, Callable[..., Found]]]


class _Proof(NamedTuple):
    entry: int
    time: float
    session: Session
    to_client: bool
    text: str
    line: int | None


class _Proven(NamedTuple):
    """Evidence, without the entries, which need not be kept any more."""

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


def _error_of(reply: Answer) -> str | None:
    """Words for what a client answered with an error; None if it did not do so.

    The vendor's clients acknowledge each event by an empty result, whatever a listener does [W].
    """
    call, frame = reply.call, reply.entry.frame or {}
    if call is None or "error" not in frame or reply.entry.fault is not None:
        return None
    error = mapping(frame["error"])
    name = call.type if isinstance(call, Event) else call.method
    words = f"error {error.get('code')}: {cut(str(error.get('message', '')))}"
    return f"{name} was answered with {words}"


class _Faults:
    """Where faults have been injected, and which violations they explain.

    One that proves a violation by its own frame explains it. Where the trace says what was meant,
    later frames are compared with that, and are not excused. Where it does not say so, an event
    that a fault has changed or moved leaves a session with a wrong picture of its channel: what it
    shows of that channel afterwards proves nothing against the server. Clients are excused only by
    faulted frames.
    """

    def __init__(self) -> None:
        self._since: dict[tuple[str | None, str | None, str | None], Entry] = {}

    def note(self, entry: Entry) -> None:
        """Learn of an entry of which only the fault is known."""
        if entry.to_client and (entry.frame is None or is_event(entry.frame)):
            # What cannot be read may have been an event of any channel.
            self._since.setdefault((entry.space, entry.session, _channel(entry)), entry)

    def behind(self, rule: Rule, evidence: Evidence) -> str | None:
        """The fault that explains a violation; None: none does."""
        latest = max(evidence.entries, key=lambda entry: entry.n)
        for entry in evidence.entries:
            # One that was lost or changed counts as it was meant: it excuses itself, and no frame
            # after it.
            explains = entry.is_unexplained or entry.extra or entry is latest
            if explains and entry.fault is not None:
                return entry.fault
        if not self._since or rule.party == "client":
            return None
        for entry in evidence.entries:
            for channel in (_channel(entry), None):
                since = self._since.get((entry.space, entry.session, channel))
                if since is not None:
                    return since.fault
        return None


def _channel(entry: Entry) -> str | None:
    """The channel of an event; None for other frames."""
    frame = entry.frame
    if frame is None or not is_event(frame):
        return None
    return string(mapping(frame.get("params")).get("event_channel"))


def _is_late(step: Step) -> bool:
    """Whether an entry is the late arrival of a frame that was noted when it should have come."""
    if isinstance(step, Event):
        return step.repeats is not None and step.repeats.lost
    return isinstance(step, Answer) and step.earlier is not None and step.earlier.lost


class Judge:
    """All rules at work on one trace, which is fed entry by entry.

    ``violations`` can be looked at at any time: it is what a trace would break that ends here. A
    later entry can explain what looked like a violation, so a violation may disappear again. One
    that is proven stays.

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
        self._faults = _Faults()
        self._errors: list[tuple[Entry, Session, str]] = []
        self._intended: list[tuple[Rule, _Proven]] = []
        self._most = most
        self._index = Index(namespaces)
        self._parts = tuple(self._index.parts.values())
        self._describer = Describer(self._index)
        self._rules = tuple(rules)
        self._checkers = [rule.checker(self._index) for rule in self._rules]
        self._proven: list[list[_Proven]] = [[] for _ in self._rules]
        self._of_events: dict[tuple[type[Event], bool], _Hooks] = {}
        self._hooks: dict[str, _Hooks] = {
            hook: [
                (place, getattr(checker, hook))
                for place, checker in enumerate(self._checkers)
                if overridden(checker, hook)
            ]
            for hook in _HOOKS
        }

    def __len__(self) -> int:
        return self.frames

    def feed(self, entry: Entry) -> None:
        """Judge the next entry of the trace."""
        self.frames += 1
        self._now = entry.time
        if not is_long(entry):
            self._read(entry)
            return
        # Whoever reads the trace may keep the entry: what is let go is a copy.
        entry = replace(entry, is_long=True)
        so, step = self._read(entry)
        if isinstance(step, Call):
            step.let_go()
        for part in self._parts:
            part.let_go()
        for each in (entry, so):
            # The second is the first again, unless a fault has changed it.
            let_go(each, self._describer.line(each))

    def _read(self, entry: Entry) -> tuple[Entry, Step]:
        """Judge an entry; returns it as it was meant, and what it is."""
        if entry.is_unexplained:
            self._faults.note(entry)
        index = self._index
        # A fault has changed what crossed the wire, and not what is so: that is what was meant.
        so = entry if entry.meant is None else replace(entry, frame=entry.meant)
        step = index.read(so)
        self._check("on_entry", entry, step)
        if entry.extra:
            self._check_extra(step)
            return so, step
        if isinstance(step, Event):
            self._run(self._event_hooks(type(step), step.owed), step)
            if not step.owed:
                for part in self._parts:
                    part.on_event(step)
        elif isinstance(step, Answer):
            if entry.to_client:
                for part in self._parts:
                    part.on_answer(step)
                self._check("on_answer", step)
            else:
                self._note_error(step)
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
        return so, step

    def _note_error(self, reply: Answer) -> None:
        """Keep it for a warning, if a client answers with an error."""
        said = _error_of(reply)
        if said is not None and len(self._errors) < MOST_ERRORS:
            self._errors.append((reply.entry, reply.session, said))

    def _event_hooks(self, kind: type[Event], owed: bool) -> _Hooks:
        """The rules that look at events of a class; few look at one that is only sent again."""
        hooks = self._of_events.get((kind, owed))
        if hooks is None:
            found = ((n, each, each.hook_for(kind)) for n, each in enumerate(self._checkers))
            hooks = self._of_events[kind, owed] = [
                (place, hook)
                for place, checker, hook in found
                if hook is not None and (checker.sees_repeats or not owed)
            ]
        return hooks

    def _check_extra(self, step: Step) -> None:
        """Judge what only a fault sent: it breaks rules, and nothing is learned from it."""
        if _is_late(step):
            return
        if isinstance(step, Event):
            self._run(self._event_hooks(type(step), owed=True), step)
        elif isinstance(step, Answer):
            self._check("on_answer", step)

    def _check(self, hook: str, *what: Any) -> None:
        self._run(self._hooks[hook], *what)

    def _run(self, hooks: _Hooks, *what: Any) -> None:
        for place, check in hooks:
            for evidence in check(*what):
                proven = self._proven[place]
                fault = self._faults.behind(self._rules[place], evidence)
                if fault is not None:
                    self._intended.append((self._rules[place], self._prove(evidence, fault)))
                elif self._most is not None and len(proven) >= self._most:
                    self.uncounted += 1
                else:
                    proven.append(self._prove(evidence))

    def _prove(self, evidence: Evidence, fault: str | None = None) -> _Proven:
        entries = sorted({entry.n: entry for entry in evidence.entries}.items())
        return _Proven(
            cut(evidence.message, LONGEST_MESSAGE),
            evidence.session,
            fault,
            tuple(
                _Proof(
                    entry.n,
                    entry.time,
                    self._index.sessions[entry.space, entry.session],
                    entry.to_client,
                    self._describer.line(entry),
                    entry.line,
                )
                for _, entry in entries
            ),
        )

    @property
    def violations(self) -> list[Violation]:
        """What the trace breaks if it ends here, by rule, in the order of the rules."""
        return [
            self._violation(rule, one)
            for rule, checker, proven in zip(self._rules, self._checkers, self._proven, strict=True)
            if proven or checker.suspicions
            for one in self._in_order(rule, proven, checker)
        ]

    @property
    def intended(self) -> list[Violation]:
        """The violations that faults made which were injected on purpose, as they were proven."""
        return [self._violation(rule, one) for rule, one in self._intended]

    @property
    def warnings(self) -> list[str]:
        """What need not be a violation, but is worth a look, in order.

        What is still open ten seconds before the trace ends: calls of clients that were not
        answered, and events that a client which acknowledges events has not acknowledged. And the
        events and pings that a client answered with an error.
        """
        open_ends = [
            (call.entry, session, said)
            for session in self._index.sessions.values()
            for call, said in _open_ends(session)
            if call.entry.time < self._now - PATIENCE and call.entry.fault is None
        ]
        return [
            one_line(f"{said} ({self._place(entry, session)})")
            for entry, session, said in sorted(
                [*open_ends, *self._errors], key=lambda warning: warning[0].n
            )
        ]

    def _place(self, entry: Entry, session: Session) -> str:
        offset = entry.time - self._index.start
        return f"frame {entry.n}, {offset:+.3f} s, {self._index.describe(session)}"

    def _in_order(self, rule: Rule, proven: list[_Proven], checker: Checker) -> list[_Proven]:
        suspected = [
            self._prove(evidence)
            for found in checker.suspicions.values()
            for evidence in found
            if self._faults.behind(rule, evidence) is None
        ]
        # Proven ones are in order already.
        return sorted([*proven, *suspected], key=lambda one: one.proof[-1].entry)

    def _violation(self, rule: Rule, proven: _Proven) -> Violation:
        message = proven.message
        if proven.session is not None:
            message = message.replace("{session}", self._index.describe(proven.session))
        start = self._index.start
        last = proven.proof[-1]
        place = f"frame {last.entry}, {last.time - start:+.3f} s"
        return Violation(
            rule.name,
            one_line(message),
            tuple(proof.entry for proof in proven.proof),
            one_line(f"{place}, {self._index.describe(last.session)}"),
            tuple(
                Row(
                    proof.entry,
                    proof.time - start,
                    self._index.label(proof.session),
                    proof.to_client,
                    proof.text,
                    proof.line,
                )
                for proof in proven.proof
            ),
            proven.fault,
        )
