"""A violation of a rule, with the frames that prove it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Row(NamedTuple):
    """A frame as it is shown.

    Attributes:
        n: the entry's number.
        offset: seconds since the trace's first entry.
        session: the session's name; None before it had one.
        to_client: whether the server sent it.
        text: what matters of the frame.
        line: the line of its file; None where the trace is no file of lines.
    """

    n: int
    offset: float
    session: str | None
    to_client: bool
    text: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation of a rule.

    Attributes:
        rule: the rule's name.
        message: what was seen, against what was expected.
        frames: the numbers of the entries that prove it, in order.
        at: where it broke: the last of them, with its time since the trace began and its session.
        proof: these entries, as they are shown.
        fault: the injected fault that one of these entries is marked with: it was intended.
    """

    rule: str
    message: str
    frames: tuple[int, ...]
    at: str
    proof: tuple[Row, ...]
    fault: str | None = None

    def __str__(self) -> str:
        return f"{self.rule}: {self.message} ({self.at})"
