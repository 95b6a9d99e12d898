"""The contract: rules over traces, from this server and from the real service alike.

``load_trace`` or ``Trace.from_entries`` reads a trace, ``check`` judges it, ``render`` tells what
it found. A rule is a function beside the others of its kind, decorated with ``rule``, and a trace
file of its name that breaks it and no other.
"""

from __future__ import annotations

from collections.abc import Iterable

from . import rules_media, rules_member, rules_room, rules_session
from .index import Index
from .report import describe, render, timeline
from .rule import Rule, Violation, registered
from .trace import Entry, Trace, TraceError, load_trace, play_name

__all__ = [
    "RULES",
    "Entry",
    "Index",
    "Rule",
    "Trace",
    "TraceError",
    "Violation",
    "check",
    "describe",
    "load_trace",
    "play_name",
    "render",
    "timeline",
]

RULES: tuple[Rule, ...] = registered(rules_session, rules_media, rules_room, rules_member)
"""All rules, in the order of judging."""


def check(trace: Trace, rules: Iterable[Rule] = RULES) -> list[Violation]:
    """Judge a trace.

    Args:
        trace: any trace; what is malformed in it is a violation, never an error.
        rules: the rules to hold it against.

    Returns:
        The violations by rule, in the order of ``rules``; empty when nothing is broken.
    """
    index = Index(trace)
    return [violation for rule in rules for violation in rule.violations(index)]
