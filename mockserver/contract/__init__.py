"""The contract: rules over traces, from this server and from the real service alike.

``load_trace`` or ``Trace.from_entries`` reads a trace, ``check`` judges it, ``render`` tells what
it found. A rule is a function beside the others of its kind, decorated with ``rule``, and a trace
file of its name that breaks it and no other. The rules about frames, sessions and subscriptions are
the core's; a folder per namespace has the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from . import report, rules_session, video
from .index import Index
from .namespace import Namespace
from .report import describe
from .rule import Rule, Violation, registered
from .trace import Entry, Trace, TraceError, load_trace, play_name

__all__ = [
    "NAMESPACES",
    "RULES",
    "Entry",
    "Index",
    "Rule",
    "Trace",
    "TraceError",
    "Violation",
    "check",
    "describe",
    "index_of",
    "load_trace",
    "play_name",
    "render",
    "timeline",
]

NAMESPACES: tuple[Namespace, ...] = (video.NAMESPACE,)
"""What knows the calls and events of more than the core."""

RULES: tuple[Rule, ...] = (
    *registered(rules_session),
    *(rule for namespace in NAMESPACES for rule in namespace.rules),
)
"""All rules, in the order of judging."""


def index_of(trace: Trace) -> Index:
    """A trace, put together by the core and all namespaces."""
    return Index(trace, NAMESPACES)


def render(violations: Sequence[Violation], trace: Trace) -> str:
    """As ``report.render``, with all namespaces."""
    return report.render(violations, trace, NAMESPACES)


def timeline(trace: Trace, last: int | None = None) -> str:
    """As ``report.timeline``, with all namespaces."""
    return report.timeline(trace, last, NAMESPACES)


def check(trace: Trace, rules: Iterable[Rule] = RULES) -> list[Violation]:
    """Judge a trace.

    Args:
        trace: any trace; what is malformed in it is a violation, never an error.
        rules: the rules to check it against.

    Returns:
        The violations by rule, in the order of ``rules``; empty when nothing is broken.
    """
    index = index_of(trace)
    return [violation for rule in rules for violation in rule.violations(index)]
