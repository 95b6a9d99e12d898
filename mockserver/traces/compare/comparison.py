"""Lays a trace and the mock's own beside each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from mockserver import scenarios
from mockserver.contract import Entry, as_meant
from mockserver.contract.index import CONNECT, Answer, Call, Event, Session
from mockserver.contract.values import mapping, string
from mockserver.printable import one_line
from mockserver.protocol.lifecycles import LIFECYCLES
from mockserver.traces.scenario.causes import causes
from mockserver.traces.scenario.making import NothingToPlayError, service_alone
from mockserver.traces.scenario.service import TOGETHER_S
from mockserver.traces.scenario.story import Story, id_of

from . import assumptions
from .differences import ABSENT, Difference, Fields, Moment
from .ids import Ids
from .replay import SPACE, Replay, Steps, body_of, steps_of

TOLERANCE_S = 0.5
"""By how much times and lengths of time may differ: a network is between, and media has frames."""

_NOT_COMPARED = ("signalwire.ping",)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared, and what differs.

    Attributes:
        answers: how many answers of the trace were compared.
        events: how many events.
        differences: what differs, each once, in the order of the trace.
        guesses: where it had to be guessed what the service did by itself; a difference near there
            may be one of the guess.
    """

    answers: int
    events: int
    differences: Sequence[Difference]
    guesses: Sequence[str]


def compare(entries: Collection[Entry], *, tolerance_s: float = TOLERANCE_S) -> Comparison:
    """Play the clients' side of a trace against the mock, and list where it differs.

    Args:
        entries: the trace of one space; what an injected fault did in it is left out.
        tolerance_s: by how many seconds times and lengths of time may differ.

    Raises:
        NothingToPlayError: no client called anything, or the beginning of a session is missing.
    """
    entries = list(as_meant(entries))
    story = Story(entries)
    if not story.calls:
        raise NothingToPlayError("no client called anything, so there is nothing to compare")
    _check_beginnings(story)
    text = service_alone(story, SPACE)
    there = steps_of(entries)
    replay = Replay(there, scenarios.loads(text), story.rooms.values())
    here = replay.run()
    both = _Both(there, here, replay, story, tolerance_s)
    found = _merged(both.differences())
    for difference in found:
        difference.assumptions = assumptions.touched(difference.label)
    guesses = [
        line.strip().removeprefix("# guessed: ")
        for line in text.splitlines()
        if line.strip().startswith("# guessed: ")
    ]
    return Comparison(both.answers, both.events, found, guesses)


def _check_beginnings(story: Story) -> None:
    """Refuse a trace in which somebody calls who never connected: what they had is not known.

    Raises:
        NothingToPlayError: there is such a session; says which.
    """
    connected = {call.session for call in story.calls if call.method == CONNECT}
    for call in story.calls:
        if call.succeeded and call.session not in connected:
            session = one_line(str(call.session.name))
            raise NothingToPlayError(
                f"the beginning of session {session} is missing: a comparison needs {CONNECT} and "
                "all subscriptions"
            )


class _Both:
    """Both traces, answers by their calls and events by their order.

    Attributes:
        answers: how many answers of the trace were compared.
        events: how many events of the trace.
    """

    def __init__(
        self, there: Steps, here: Steps, replay: Replay, story: Story, tolerance_s: float
    ) -> None:
        self._replay = replay
        self._story = story
        self._answers_there = _answers(there)
        self._answers_here = {
            string(each.call.entry.frame["id"]): each
            for each in _answers(here).values()
            if each.call is not None and each.call.entry.frame is not None
        }
        names = replay.names()
        self._events_there = _by_session(there, lambda session: session)
        self._events_here = _by_session(here, lambda session: names.get(session.name or ""))
        self._causes_there = causes(story)
        self._causes_here = causes(Story([entry for entry, _ in here])) if here else {}
        began = Moment(there[0][0].time - story.skew, here[0][0].time if here else there[0][0].time)
        self._fields = Fields(replay.ids, began, tolerance_s)
        self.answers = self.events = 0

    def differences(self) -> list[Difference]:
        """All differences, in the order of the trace."""
        found = [*self._of_answers(), *self._of_events(), *self._of_turns()]
        return sorted(found, key=lambda each: each.frame)

    def _of_answers(self) -> Iterator[Difference]:
        for call in self._story.calls:
            if call.method in _NOT_COMPARED:
                continue
            n, what = call.entry.n, f"answer {call.method}"
            there = self._answers_there.get(n)
            here = self._answers_here.get(self._replay.calls.get(n))
            if there is not None:
                self.answers += 1
            if there is None or here is None:
                if there is not here:
                    kind = "missing" if here is None else "extra"
                    yield _whole(kind, what, n)
                continue
            yield from self._told(what, there, here, there.entry.n)

    def _told(
        self, what: str, there: Answer | Event, here: Answer | Event, n: int
    ) -> Iterator[Difference]:
        one, other = (each.entry.frame or {} for each in (there, here))
        if isinstance(there, Answer) and ("error" in one) != ("error" in other):
            yield Difference("value", what, "code", _code(one), _code(other), n)
            return
        if isinstance(there, Answer) and _code(one) != _code(other):
            # What else the two say follows from it.
            yield Difference("value", what, "code", _code(one), _code(other), n)
            return
        if isinstance(there, Event) and isinstance(here, Event):
            kinds = [_kind_of_channel(each.channel) for each in (there, here)]
            if kinds[0] != kinds[1]:
                yield Difference("value", what, "event_channel", there.channel, here.channel, n)
        prefix = "error" if "error" in one else ""
        found = list(self._fields.compare(body_of(there), body_of(here), prefix))
        paths = {path for _, path, _, _ in found}
        for kind, path, mine, yours in found:
            # The older `room` of an event tells the same as its `room_session` once more.
            if path.replace("room.", "room_session.", 1) not in paths - {path}:
                yield Difference(kind, what, path, mine, yours, n)

    def _of_events(self) -> Iterator[Difference]:
        for session in {**self._events_there, **self._events_here}:
            there = self._events_there.get(session, [])
            here = self._events_here.get(session, [])
            self.events += len(there)
            yield from self._aligned(there, here)

    def _aligned(self, there: list[Event], here: list[Event]) -> Iterator[Difference]:
        keys_there = [self._key(each, self._replay.ids) for each in there]
        keys_here = [self._key(each) for each in here]
        pairs: list[tuple[Event, Event]] = []
        left: list[Event] = []
        over: list[Event] = []
        matcher = SequenceMatcher(a=keys_there, b=keys_here, autojunk=False)
        for tag, a, b, c, d in matcher.get_opcodes():
            if tag == "equal":
                pairs += zip(there[a:b], here[c:d], strict=True)
            else:
                left += there[a:b]
                over += here[c:d]
        for event in left:
            key = self._key(event, self._replay.ids)
            same = next((each for each in over if self._key(each) == key), None)
            what, n = f"event {event.type}", event.entry.n
            if same is None:
                yield _whole("missing", what, n)
                continue
            over.remove(same)
            pairs.append((event, same))
            if not self._is_a_guess(event, there):
                yield Difference("order", what, "", _before(event, there), _before(same, here), n)
        for event in over:
            # Where the trace has nothing: at the last of its frames that came before.
            place = _frame_at(event, here, pairs, there)
            yield _whole("extra", f"event {event.type}", place)
        for one, other in pairs:
            yield from self._told(f"event {one.type}", one, other, one.entry.n)

    def _key(self, event: Event, ids: Ids | None = None) -> tuple[str, str | None]:
        """What an event is and what it is about, in the ids of the mock.

        Args:
            event: the event.
            ids: given for an event of the trace.
        """
        subject = string(mapping(event.body.get("member")).get("name"))
        for kind in LIFECYCLES:
            subject = subject or id_of(event.body.get(kind))
        return event.type, ids.here(subject) if ids is not None else subject

    def _is_a_guess(self, event: Event, events: list[Event]) -> bool:
        """Whether its place follows from when the service did something, which is only guessed."""
        place = events.index(event)
        near = [
            each
            for each in events[max(0, place - 1) : place + 2]
            if abs(each.entry.time - event.entry.time) < TOGETHER_S
        ]
        return len(near) > 1 and any(each.entry.n not in self._causes_there for each in near)

    def _of_turns(self) -> Iterator[Difference]:
        """Calls whose answer comes before the events that it causes in one of the two only."""
        there = _first_events(self._causes_there)
        here = _first_events(self._causes_here)
        for call in self._story.calls:
            one = self._answers_there.get(call.entry.n)
            other = self._answers_here.get(self._replay.calls.get(call.entry.n))
            if one is None or other is None or other.call is None:
                continue
            events = there.get(call.entry.n), here.get(other.call.entry.n)
            if events[0] is None or events[1] is None:
                continue
            turns = [
                "before its events" if answer.entry.n < first else "after its events"
                for answer, first in ((one, events[0]), (other, events[1]))
            ]
            if turns[0] != turns[1]:
                what = f"answer {call.method}"
                yield Difference("order", what, "", turns[0], turns[1], one.entry.n)


def _answers(steps: Steps) -> dict[int, Answer]:
    """The number of each client's call -> its first answer."""
    return {
        step.call.entry.n: step
        for entry, step in steps
        if isinstance(step, Answer)
        and entry.to_client
        and step.call is not None
        and step.earlier is None
    }


def _by_session(steps: Steps, session_of: Any) -> dict[Session | None, list[Event]]:
    events: dict[Session | None, list[Event]] = {}
    for _, step in steps:
        if isinstance(step, Event) and step.repeats is None:
            events.setdefault(session_of(step.session), []).append(step)
    return events


def _whole(kind: str, what: str, frame: int) -> Difference:
    return Difference(kind, what, "", ABSENT, ABSENT, frame)


def _code(frame: Mapping[str, Any]) -> Any:
    """The code of an answer, of whichever kind; a number is as good as its text [W]."""
    if "error" in frame:
        return mapping(frame["error"]).get("code")
    code = mapping(frame.get("result")).get("code", "200")
    return str(code)


def _kind_of_channel(channel: str) -> str:
    """What a channel is, without the id in it; both prefixes of rooms are one kind [T]."""
    return "video.rooms" if channel.startswith("video.rooms.") else "room"


def _before(event: Event, events: list[Event]) -> str:
    place = events.index(event)
    return f"after {events[place - 1].type}" if place else "first of all"


def _frame_at(
    event: Event, here: list[Event], pairs: list[tuple[Event, Event]], there: list[Event]
) -> int:
    place = here.index(event)
    known = {id(other): one.entry.n for one, other in pairs}
    before = [known[id(each)] for each in here[:place] if id(each) in known]
    return max(before, default=there[0].entry.n if there else 1)


def _first_events(caused: dict[int, Call]) -> dict[int, int]:
    """The number of each call -> that of the first event that it causes."""
    first: dict[int, int] = {}
    for n, call in sorted(caused.items()):
        first.setdefault(call.entry.n, n)
    return first


def _merged(found: list[Difference]) -> list[Difference]:
    """The same difference once, counted."""
    merged: dict[tuple[str, str], Difference] = {}
    for each in found:
        key = (each.label, "" if each.kind == "field" else f"{each.there} {each.here}")
        if key in merged:
            merged[key].count += 1
        else:
            merged[key] = each
    return list(merged.values())
