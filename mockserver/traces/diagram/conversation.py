"""What a sequence diagram shows of a trace: lanes, and messages between them and the service."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mockserver import contract
from mockserver.contract import Entry, Index, Violation
from mockserver.contract.index import Answer, Call, Event, Session, Step

SERVICE = "SignalWire"
NAMELESS = "not connected"
"""The lane of frames that belong to no session: their connection never got one."""

PAUSE_S = 1.0
"""Seconds without a frame from which on a diagram says that time went by."""

_UNSAID = ("id=",)
_UNSAID_OF_EVENTS = (*_UNSAID, "on ", "in ", "timestamp=")
"""What a picture has no room for: in which room an event is, and when, as its place says."""


@dataclass(frozen=True, slots=True)
class Message:
    """One frame as it is drawn.

    Attributes:
        n: the number of its entry.
        offset: seconds since the trace began.
        lane: the place of its session among the lanes.
        to_client: whether the service sent it.
        title: what it is: a method, an event type, an answer.
        detail: its fields that matter; may be "".
        is_call: whether a client calls; else it is an event, an answer or something else.
        faint: whether it matters little: an acknowledgement, or a ping and its answer.
        fault: the injected fault that made it what it is; None for none.
        broken: the rules that break with it, each with a sentence.
    """

    n: int
    offset: float
    lane: int
    to_client: bool
    title: str
    detail: str
    is_call: bool
    faint: bool
    fault: str | None
    broken: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is drawn.

    Attributes:
        lanes: the names of the sessions, in the order in which they speak.
        messages: in the order of the trace.
        hidden: how many frames are left out because they are faint.
    """

    lanes: Sequence[str]
    messages: Sequence[Message]
    hidden: int

    def pause_before(self, place: int) -> float:
        """Seconds that went by before a message, if they are worth telling; else 0."""
        if place == 0:
            return 0.0
        gone = self.messages[place].offset - self.messages[place - 1].offset
        return gone if gone >= PAUSE_S else 0.0


def read(
    entries: Iterable[Entry],
    violations: Iterable[Violation] = (),
    *,
    faint: bool = False,
    first: int = 1,
    last: int | None = None,
) -> Conversation:
    """Take from a trace what is drawn.

    Args:
        entries: the trace, all of it: what comes before the first frame shown explains the others.
        violations: what it breaks; shown at the frame at which it breaks.
        faint: whether acknowledgements and pings are shown, too.
        first: the number of the first frame shown.
        last: the number of the last; None: all.
    """
    index = contract.reader()
    describer = contract.Describer(index)
    read_: list[tuple[Entry, Step, list[str]]] = []
    for entry in entries:
        step = index.read(entry)
        index.learn(step)
        read_.append((entry, step, list(describer.words(entry))))
    broken: dict[int, list[tuple[str, str]]] = {}
    for violation in violations:
        broken.setdefault(violation.frames[-1], []).append((violation.rule, violation.message))
    lanes: dict[Session, int] = {}
    messages = []
    hidden = 0
    for entry, step, words in read_:
        if entry.n < first or (last is not None and entry.n > last):
            continue
        is_faint = _is_faint(step)
        if is_faint and not faint and entry.n not in broken and entry.fault is None:
            hidden += 1
            continue
        lane = lanes.setdefault(_session(index, entry, step), len(lanes))
        title, *details = words
        unsaid = _UNSAID_OF_EVENTS if isinstance(step, Event) else _UNSAID
        messages.append(
            Message(
                entry.n,
                entry.time - index.start,
                lane,
                entry.to_client,
                title.removeprefix("event "),
                " ".join(each for each in details if not each.startswith(unsaid)),
                isinstance(step, Call) and not entry.to_client,
                is_faint,
                entry.fault,
                tuple(broken.get(entry.n, ())),
            )
        )
    return Conversation([index.label(each) or NAMELESS for each in lanes], messages, hidden)


def _session(index: Index, entry: Entry, step: Step) -> Session:
    """The session of a frame; of what came before the connection had one, that which it got."""
    if isinstance(step, Call):
        return step.session
    return index.sessions[entry.space, entry.session]


def _is_faint(step: Step) -> bool:
    call = step.call if isinstance(step, Answer) else step
    if call is None:
        return False
    if call.method == "signalwire.ping":
        return True
    return isinstance(step, Answer) and isinstance(call, Event)
