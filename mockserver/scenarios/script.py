"""Plays a scenario's script in a space: waits for its triggers and does its actions."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from mockserver.engine import (
    ACTIONS,
    AnswerPlan,
    Coming,
    Container,
    Script,
    Session,
    Space,
    Video,
)
from mockserver.protocol.errors import ProtocolError, Refusal

from .format import Action, AnswerRule, Failed, Playable, Refused, Scenario, Step, Trigger

logger = logging.getLogger(__name__)

MOST_FAILURES = 100
"""So many are kept: a step that comes each time may fail each time."""


class ScenarioScript(Script):
    """One play of a scenario in one space. Make a new one for every space."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.name = scenario.name
        self.rest = scenario.rest
        self.failures: list[str] = []
        self._spent = False
        self._calls: dict[str, int] = {}
        self._rules: dict[str, list[AnswerRule]] = {}
        for rule in scenario.answers:
            self._rules.setdefault(rule.method, []).append(rule)
        self._waiting: dict[tuple[str, str], dict[str | None, _Waiting]] = {}
        for index, step in enumerate(scenario.script):
            self._waiting_with(step.trigger).add(index, step.trigger)
        self._awaited_calls = {value for kind, value in self._waiting if kind == "call"}
        self._started: dict[str, Container] = {}
        self._scheduled: list[tuple[int, Step]] = []

    @property
    def is_spent(self) -> bool:
        """Whether a step or an answer that comes only once has been played."""
        return self._spent

    def begin(self, space: Space) -> None:
        """Set what the scenario says of the space, and put the steps with a time on the agenda."""
        if self.scenario.latency_us is not None:
            space.latency_us = self.scenario.latency_us
        if self.scenario.permissions is not None and space.permissions is None:
            space.permissions = frozenset(self.scenario.permissions)
        Video.of(space).playable = {
            url: _facts(playable) for url, playable in self.scenario.playbacks.items()
        }
        for fault in self.scenario.faults:
            space.do("fault", None, fault.args)
        for step in self.scenario.script:
            if step.trigger.kind == "at":
                self._spent = True
                self._later(space, step.trigger.at_us + step.after_us, step, None)

    def on_call(
        self, space: Space, session: Session | None, method: str, params: dict[str, Any]
    ) -> AnswerPlan | None:
        """Count the call, set off what waits for it, and say whether its answer is another one."""
        if method not in self._rules and method not in self._awaited_calls:
            return None
        self._happened(space, "call", method, space.concerned(params))
        count = self._calls[method] = self._calls.get(method, 0) + 1
        for rule in self._rules.get(method, ()):
            if rule.nth is None or rule.nth == count:
                self._spent = self._spent or rule.nth is not None
                return AnswerPlan(_raised(rule), rule.delay_us, rule.after_events)
        return None

    def on_subscribed(
        self, space: Space, session: Session, channel: str, container: Container | None
    ) -> None:
        """Set off what waits for a subscription to all rooms, or to a room."""
        value = channel if container is None else "room"
        self._happened(space, "subscribed", value, container)

    def on_event(self, space: Space, event_type: str, about: Container) -> None:
        """Set off what waits for an event."""
        self._happened(space, "event", event_type, about)

    def _happened(self, space: Space, kind: str, value: str, room: Container | None) -> None:
        by_room = self._waiting.get((kind, value))
        if by_room is None:
            return
        due: list[int] = []
        for key in {None, None if room is None else room.key}:
            if key in by_room:
                due += by_room[key].happened()
        # In the order of the file.
        for index in sorted(due):
            step = self.scenario.script[index]
            self._spent = self._spent or not step.trigger.every
            self._later(space, step.after_us, step, room)

    def _waiting_with(self, trigger: Trigger) -> _Waiting:
        """The steps that wait for the same as this trigger, whichever time of it they wait for."""
        by_room = self._waiting.setdefault((trigger.kind, trigger.value), {})
        return by_room.setdefault(trigger.room, _Waiting())

    def outlook(self) -> list[Coming]:
        """The steps that have a time by now, then those that wait for their trigger."""
        timed = sorted(self._scheduled, key=lambda each: each[0])
        waiting = [
            step
            for step in self.scenario.script
            if step.trigger.kind != "at" and self._waiting_with(step.trigger).can_come(step.trigger)
        ]
        return [
            *(Coming(step.explain(), when) for when, step in timed),
            *(Coming(step.explain(), None) for step in waiting),
        ]

    def _later(self, space: Space, delay_us: int, step: Step, room: Container | None) -> None:
        entry = (space.now + delay_us, step)
        self._scheduled.append(entry)
        space.later(delay_us, partial(self._do, space, entry, room))

    def _do(self, space: Space, entry: tuple[int, Step], room: Container | None) -> None:
        self._scheduled.remove(entry)
        _, step = entry
        for action in step.actions:
            try:
                self._perform(space, action, room)
            except Refusal as refusal:
                # The client was there first, or the room is gone: the play goes on without it.
                place = f"{self.scenario.path}:{step.line}"
                problem = f"{place}: {action.explain()}: {refusal.message}"
                level = logging.INFO if step.optional else logging.WARNING
                logger.log(
                    level, 'space "%s": a step of the script failed: %s', space.name, problem
                )
                if not step.optional and len(self.failures) < MOST_FAILURES:
                    self.failures.append(problem)

    def _perform(self, space: Space, action: Action, room: Container | None) -> None:
        if action.verb == "start_room":
            self._start_room(space, action)
        elif ACTIONS[action.verb].container is None:
            space.do(action.verb, None, action.args)
        else:
            space.do(action.verb, self._room(action, room), action.args)

    def _room(self, action: Action, room: Container | None) -> Container:
        """The room session that an action is about."""
        if action.room is not None and (room is None or room.key != action.room):
            room = self._started.get(action.room)
        if room is None:
            raise Refusal("404", f"room {action.room or ''} has not been started")
        return room

    def _start_room(self, space: Space, action: Action) -> None:
        key = action.room if action.room is not None else next(iter(self.scenario.rooms))
        template = self.scenario.rooms[key]
        self._started[key] = Video.of(space).start_room(
            template.name,
            members=template.members,
            display_name=template.display_name,
            key=key,
        )


def _facts(playable: Playable) -> dict[str, Any]:
    facts: dict[str, Any] = {"seekable": playable.seekable}
    if playable.length_us is not None:
        facts["length_us"] = playable.length_us
    return facts


class _Waiting:
    """Steps that wait for the same thing; one that happens costs no more than what it sets off.

    Attributes:
        seen: how often it has happened.
    """

    __slots__ = ("_each_time", "_nth", "seen")

    def __init__(self) -> None:
        self.seen = 0
        self._each_time: list[int] = []
        self._nth: dict[int | None, list[int]] = {}

    def add(self, index: int, trigger: Trigger) -> None:
        """One more step, by its place in the script."""
        if trigger.every:
            self._each_time.append(index)
        else:
            self._nth.setdefault(trigger.nth, []).append(index)

    def happened(self) -> list[int]:
        """It has happened once more: the places of the steps that it sets off."""
        self.seen += 1
        return [*self._each_time, *self._nth.get(self.seen, ())]

    def can_come(self, trigger: Trigger) -> bool:
        """Whether a step with this trigger can still be set off."""
        return trigger.every or self.seen < (trigger.nth or 1)


def _raised(rule: AnswerRule) -> ProtocolError | Refusal | None:
    replacement = rule.replacement
    if isinstance(replacement, Refused):
        return Refusal(replacement.code, replacement.message)
    if isinstance(replacement, Failed):
        error = ProtocolError(replacement.message, replacement.data)
        error.code = replacement.code
        return error
    return None
