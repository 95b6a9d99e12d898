"""Rules about what clients do to what lives in a room: when they may, and what comes of it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mockserver.contract.index import SUBSCRIBE, Answer, Call, Index, Session
from mockserver.contract.memory import Recent
from mockserver.contract.report import shown
from mockserver.contract.rule import Evidence, rule
from mockserver.contract.trace import Entry
from mockserver.contract.values import mapping, string

from .checker import CLOCK_SLACK, VideoChecker
from .index import (
    ENDED,
    START,
    STARTED,
    Media,
    Outcome,
    SeenMedia,
    VideoEvent,
    event_type,
    lifecycle_of,
    outcomes_of,
    verb_of,
)

MOST_EFFECTS = 1_000
"""Events of one recording, … that are kept while calls about it are under way."""

_SETS: Mapping[str, tuple[str, ...]] = {START: ("url", "volume"), "set_volume": ("volume",)}
"""Verb -> those of its params that what it acts on shows as they were given [T]."""


@rule(
    "no-action-after-ended",
    "The client acts on a recording, playback or stream of which it knows that it has ended.",
    party="client",
    source="DT",
)
class NoActionAfterEnded(VideoChecker):
    """The client asks nothing of a recording, playback or stream whose end it has acknowledged."""

    def on_call(self, call: Call) -> Iterator[Evidence]:
        lifecycle = lifecycle_of(call.method)
        if lifecycle is None or verb_of(lifecycle, call) in (None, START):
            return
        id_ = string(call.params.get(f"{lifecycle.kind}_id")) or ""
        seen = self.video.known_media(call.session, lifecycle.kind, id_)
        if seen is None or seen.ended is None or seen.ended.answer is None:
            return
        message = f"{{session}} called {call.method} for {id_} after acknowledging its"
        proof = (seen.ended.entry, seen.ended.answer, call.entry)
        yield Evidence(f"{message} {seen.ended.type}", proof, call.session)


@dataclass(slots=True, eq=False)
class _Effects:
    """What comes of calls about one recording, playback or stream while some are under way.

    Attributes:
        under_way: how many calls are not answered, or not yet known to have had their effect.
        events: session -> the events that no call has been matched with, in order.
    """

    under_way: int = 0
    events: dict[Session, deque[VideoEvent]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=MOST_EFFECTS))
    )


@dataclass(slots=True, eq=False)
class _Action:
    """An accepted call whose effect some sessions must be told.

    Attributes:
        media: what it acts on.
        call: the call.
        answer: what accepted it.
        outcomes: the transitions that its event may show.
        sets: field -> the value that its event shows.
        awaited: how many sessions have not got the event yet, and one while these are looked for.
    """

    media: Media
    call: Call
    answer: Entry
    outcomes: frozenset[Outcome]
    sets: Mapping[str, Any]
    awaited: int = 1

    @property
    def type(self) -> str:
        """The type of the event that comes of it."""
        return event_type(self.media.lifecycle, next(iter(self.outcomes))[1])

    def may_cause(self, event: VideoEvent) -> bool:
        """Whether an event is of the kind that comes of it, whatever values it shows."""
        return (event.state, event.suffix) in self.outcomes and event.entry.n > self.call.entry.n

    def others(self, told: Mapping[str, Any]) -> list[str]:
        """The fields that it sets, and that have another value in what was told."""
        return [name for name, value in self.sets.items() if told.get(name, value) != value]

    def fits(self, event: VideoEvent) -> bool:
        """Whether an event can come of it."""
        return self.may_cause(event) and not self.others(event.media)


@rule(
    "action-takes-effect",
    "The server says that it paused, resumed, stopped or turned down, and nothing comes of it.",
    party="server",
    source="DTE",
)
class ActionTakesEffect(VideoChecker):
    """Each accepted start, pause or stop causes one event, which every subscriber gets.

    Its absence is proven by the end of what it acts on, or by an event of the same channel that was
    made more than a second after the answer. The event of a ``set_volume`` shows the volume that
    was asked for; that of a start, and its answer, show the ``url`` and the ``volume``.
    """

    def __init__(self, index: Index) -> None:
        super().__init__(index)
        self._asked: dict[Call, Media] = {}
        self._effects: dict[Media, _Effects] = {}
        self._listeners: Recent[str, dict[Session, None]] = Recent()
        self._latest: Recent[tuple[Session, str], float] = Recent()
        self._awaited: dict[tuple[Session, str], dict[Media, list[_Action]]] = {}
        self._unplaced: Recent[Media, list[_Action]] = Recent()

    def on_call(self, call: Call) -> Iterator[Evidence]:
        lifecycle = lifecycle_of(call.method)
        if lifecycle is not None and verb_of(lifecycle, call) not in (None, START):
            id_ = string(call.params.get(f"{lifecycle.kind}_id"))
            if id_ is not None:
                media = self.video.media_of(call.session, call.entry, lifecycle, id_)
                self._asked[call] = media
                self._begin(media)
        return iter(())

    def on_answer(self, answer: Answer) -> Iterator[Evidence]:
        call = answer.call
        if call is None or answer.earlier is not None:
            return
        if call.method == SUBSCRIBE and call.succeeded:
            channel = string(call.params.get("event_channel")) or ""
            if channel not in self._listeners:
                self._listeners[channel] = {}
            self._listeners[channel][answer.session] = None
        media = self._asked.pop(call, None)
        if media is not None:
            verb = verb_of(media.lifecycle, call)
            if call.succeeded and verb is not None:
                yield from self._accept(media, call, answer.entry, verb)
            else:
                self._end(media)
        for started, _ in self.video.started:
            lifecycle = lifecycle_of(call.method)
            if lifecycle is not started.lifecycle or not call.succeeded:
                continue
            if verb_of(lifecycle, call) == START:
                self._begin(started)
                yield from self._accept(started, call, answer.entry, START)

    def _begin(self, media: Media) -> None:
        """A call about something is under way."""
        if media not in self._effects:
            self._effects[media] = _Effects()
        self._effects[media].under_way += 1

    def _end(self, media: Media) -> None:
        """A call about something was refused, or is known to have had its effect, or none."""
        effects = self._effects[media]
        effects.under_way -= 1
        if not effects.under_way:
            del self._effects[media]

    def _accept(self, media: Media, call: Call, answer: Entry, verb: str) -> Iterator[Evidence]:
        outcomes, sets = outcomes_of(media.lifecycle, verb), _asked(call, verb)
        action = _Action(media, call, answer, outcomes, sets)
        if verb == START:
            told = mapping(mapping((answer.frame or {}).get("result")).get(media.lifecycle.kind))
            for name in action.others(told):
                message = (
                    f"{call.method} asked for {_values(action.sets, [name])}, and was answered"
                )
                found = f"with {_values(told, [name])} of {media.id}"
                yield Evidence(f"{message} {found}", (call.entry, answer))
        channel = media.channel
        if channel is None:
            # Nothing was told of it yet: what is told of it is told where its room is.
            space = self.index.space_of(call.session, answer)
            room = string(call.params.get("room_session_id")) or ""
            channel = self.video.channels.get((space, room))
        if channel is not None:
            yield from self._place(action, channel)
            return
        if media not in self._unplaced:
            self._unplaced[media] = []
        self._unplaced[media].append(action)

    def _place(self, action: _Action, channel: str) -> Iterator[Evidence]:
        """Await the effect in all sessions that must be told."""
        media = action.media
        for session in self._listeners.get(channel, ()):
            if _space(session) != _space(action.call.session):
                continue
            if session.subscriptions.covers(channel, action.type, action.call.entry):
                action.awaited += 1
                of_session = self._awaited.setdefault((session, channel), {})
                of_session.setdefault(media, []).append(action)
                seen = self.video.known_media(session, media.lifecycle.kind, media.id)
                if seen is not None and seen.ended is not None:
                    yield from self._compare(session, channel, media, seen, seen.ended)
        self._release(action)

    def _release(self, action: _Action) -> None:
        """One that awaited the effect of an action does so no more."""
        action.awaited -= 1
        if not action.awaited:
            self._end(action.media)

    def on_video_event(self, event: VideoEvent) -> Iterator[Evidence]:
        session, channel = event.session, event.channel
        key = (session, channel)
        latest = max(self._latest.get(key, float("-inf")), event.timestamp or float("-inf"))
        self._latest[key] = latest
        seen = self.video.seen_media(event)
        about: Media | None = None
        if seen is not None:
            about = self.video.media_of(session, event.entry, seen.lifecycle, seen.id)
            for action in self._unplaced.pop(about, ()):
                yield from self._place(action, channel)
            if about in self._effects:
                self._effects[about].events[session].append(event)
        for media, actions in list(self._awaited.get(key, {}).items()):
            known = self.video.known_media(session, media.lifecycle.kind, media.id)
            ended = known.ended if known is not None else None
            if ended is None and media is about and event.suffix == ENDED:
                ended = event
            overdue = any(latest > action.answer.time + CLOCK_SLACK for action in actions)
            if ended is not None or overdue:
                yield from self._compare(session, channel, media, known, ended, event)

    def _compare(
        self,
        session: Session,
        channel: str,
        media: Media,
        seen: SeenMedia | None,
        ended: VideoEvent | None,
        event: VideoEvent | None = None,
    ) -> Iterator[Evidence]:
        """Find the accepted actions for which a session was sent no event of their own.

        Args:
            session: the session.
            channel: the channel of what they act on.
            media: what they act on.
            seen: what the session knows of it.
            ended: the event that reported its end to the session.
            event: the event that has just come.
        """
        latest = self._latest.get((session, channel), float("-inf"))
        of_session = self._awaited[session, channel]
        actions = of_session.pop(media)
        # What need not have come yet must not take the event of what must.
        due: list[_Action] = []
        later: list[_Action] = []
        for action in actions:
            overdue = latest > action.answer.time + CLOCK_SLACK
            (due if ended or overdue else later).append(action)
        if later:
            of_session[media] = later
        if not of_session:
            del self._awaited[session, channel]
        proof = ended or event
        covers = session.subscriptions.covers
        surely = [each for each in due if covers(channel, each.type, each.call.entry)]
        fresh = self._effects[media].events[session]
        events = [*fresh] if seen is None or seen.started is None else [seen.started, *fresh]
        effects = _matched(surely, events)
        for effect in effects.values():
            if effect in fresh:
                fresh.remove(effect)
        for action in surely:
            if (
                action not in effects
                and proof is not None
                and not self._may_be_forgotten(action, seen)
            ):
                yield _without_effect(session, action, events, proof)
        for action in due:
            self._release(action)

    def _may_be_forgotten(self, action: _Action, seen: SeenMedia | None) -> bool:
        """Whether its event may have come, and is known no more."""
        started = seen is not None and seen.started is not None
        return self.video.forgot_media and not started and action.type.endswith(f".{STARTED}")


def _matched(actions: Iterable[_Action], events: Sequence[VideoEvent]) -> dict[_Action, VideoEvent]:
    """An event for each action, as far as there are enough; the first that fit, if several do.

    When all that fit are taken, an action that has taken one looks for another, and so on: a pause
    fits an event with any volume, also the only one with the volume that ``set_volume`` set.
    """
    effects: dict[_Action, VideoEvent] = {}
    owners: dict[VideoEvent, _Action] = {}
    for action in actions:
        wanted_by: dict[VideoEvent, _Action] = {}
        looking = deque([action])
        while looking and action not in effects:
            current = looking.popleft()
            for event in events:
                if event in wanted_by or not current.fits(event):
                    continue
                wanted_by[event] = current
                if event not in owners:
                    _hand_on(event, wanted_by, effects, owners)
                    break
                looking.append(owners[event])
    return effects


def _hand_on(
    free: VideoEvent,
    wanted_by: Mapping[VideoEvent, _Action],
    effects: dict[_Action, VideoEvent],
    owners: dict[VideoEvent, _Action],
) -> None:
    """Give a free event to the action that wants it, what that had to the next one, and so on."""
    event: VideoEvent | None = free
    while event is not None:
        action = wanted_by[event]
        before = effects.get(action)
        effects[action], owners[event] = event, action
        event = before


def _space(session: Session) -> tuple[str | None, str | None]:
    return (session.space, None) if session.space is not None else (None, session.project)


def _asked(call: Call, verb: str) -> dict[str, Any]:
    """Field -> the value that an accepted call gives it."""
    names = _SETS.get(verb, ())
    if not names or not call.is_sound:
        return {}
    return {name: call.params[name] for name in names if name in call.params}


def _values(told: Mapping[str, Any], names: Iterable[str]) -> str:
    return ", ".join(f"{name}={shown(told.get(name))}" for name in names)


def _without_effect(
    session: Session, action: _Action, events: Iterable[VideoEvent], proof: VideoEvent
) -> Evidence:
    wanted = " or ".join(sorted(repr(state) for state, _ in action.outcomes))
    if action.sets:
        wanted += f" and {_values(action.sets, action.sets)}"
    message = f"{action.call.method} of {action.media.id} was accepted, expected {action.type} with"
    message += f" {wanted} to {{session}} before {proof.type}"
    entries = [action.call.entry, action.answer, proof.entry]
    other = next((each for each in events if action.may_cause(each) and action.sets), None)
    if other is not None:
        message += f", found {_values(other.media, action.sets)}"
        entries.append(other.entry)
    return Evidence(message, tuple(entries), session)
