"""The contract: rules over traces, from this server and from the real service alike.

``load_trace`` or ``Trace.from_entries`` reads a trace, ``check`` judges it, ``render`` reports what
it found. A rule is a class beside the others of its kind, decorated with ``rule``, and a trace
file of its name that breaks it and no other. The rules about frames, sessions and subscriptions are
the core's; a folder per namespace has the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import report, rules_connection, rules_session, video
from .files import TraceFile, load_trace
from .index import Index
from .judging import Judge
from .namespace import Namespace
from .report import Describer, render
from .rule import Rule, registered
from .trace import Entry, Trace, TraceError, as_meant, generation_name, read_entries
from .violation import Violation

__all__ = [
    "NAMESPACES",
    "RULES",
    "Describer",
    "Entry",
    "Index",
    "Judge",
    "Rule",
    "Trace",
    "TraceError",
    "TraceFile",
    "Violation",
    "as_meant",
    "check",
    "described",
    "generation_name",
    "judge",
    "load_trace",
    "read_entries",
    "reader",
    "render",
    "timeline",
]

NAMESPACES: tuple[Namespace, ...] = (video.NAMESPACE,)
"""What knows the calls and events of more than the core."""

RULES: tuple[Rule, ...] = (
    *registered(rules_session, rules_connection),
    *(rule for namespace in NAMESPACES for rule in namespace.rules),
)
"""All rules, in the order of judging."""

_BY_NAME = {rule.name: rule for rule in RULES}


def judge(
    rules: Iterable[Rule] = RULES, *, source: str | None = None, most: int | None = None
) -> Judge:
    """What judges a trace while it grows, with all namespaces.

    Args:
        rules: the rules to check.
        source: where the trace comes from, for messages.
        most: how many violations of each rule are kept; None: all.
    """
    return Judge(rules, NAMESPACES, source=source, most=most)


def check(trace: Trace, rules: Iterable[Rule] = RULES) -> list[Violation]:
    """Judge a trace.

    Args:
        trace: any trace; what is malformed in it is a violation, never an error.
        rules: the rules to check.

    Returns:
        The violations by rule, in the order of ``rules``; empty when nothing is broken.
    """
    judging = judge(rules, source=trace.source)
    for entry in trace:
        judging.feed(entry)
    return judging.violations


def described(violation: Violation) -> dict[str, Any]:
    """A violation as the control API and reports show it.

    ``rule``, its ``sentence`` (what a user would see break), ``party`` (whose fault it is),
    ``message``, ``frames`` (the numbers of the entries that prove it) and ``at`` (where it broke).
    """
    rule = _BY_NAME[violation.rule]
    return {
        "rule": rule.name,
        "sentence": rule.sentence,
        "party": rule.party,
        "message": violation.message,
        "frames": violation.frames,
        "at": violation.at,
    }


def reader() -> Index:
    """What reads a trace entry by entry, with all namespaces; for those who only look."""
    return Index(NAMESPACES)


def timeline(trace: Trace, last: int | None = None, *, total: int | None = None) -> str:
    """As ``report.timeline``, with all namespaces."""
    return report.timeline(trace, last, NAMESPACES, total)
