"""Which event came of which call of a client; the others the service made by itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mockserver.contract.index import Call, Event
from mockserver.contract.values import items, mapping, string
from mockserver.engine.video.properties import (
    EVERYBODY,
    MEMBER_SETTERS,
    META_VERBS,
    ROOM_SETTERS,
)
from mockserver.protocol.lifecycles import LIFECYCLES

from .story import Story, id_of

MOST_WAITING = 200
"""Calls whose events of one type may still come."""

DERIVED = ("video.room.subscribed", "video.member.promoted", "video.member.demoted")
"""Events that follow from what others tell."""

FLAGS = tuple(table.flag for table in LIFECYCLES.values() if table.flag is not None)

_MEMBER_FIELDS = {each.verb: tuple(each.values) for each in MEMBER_SETTERS} | {
    **dict.fromkeys(META_VERBS, ("meta",)),
    "set_position": ("requested_position", "current_position"),
}
_ROOM_FIELDS = {each.verb: tuple(each.values) for each in ROOM_SETTERS} | {
    **dict.fromkeys(META_VERBS, ("meta",)),
    "set_layout": ("layout_name",),
}


@dataclass
class _Effect:
    """What a call may still cause.

    Attributes:
        type: the type of the event.
        call: the call.
        fits: whether an event is one of it.
        once: whether there is only one event of it for each subject.
        told: subject -> the id of the event about it.
    """

    type: str
    call: Call
    fits: Callable[[Event], bool]
    once: bool = True
    told: dict[str | None, str] = field(default_factory=dict)


def causes(story: Story) -> dict[int, Call]:
    """The number of each event's entry -> the call that caused it."""
    found: dict[int, Call] = {}
    effects: dict[str, deque[_Effect]] = {}
    happened = sorted([*story.calls, *story.events], key=lambda each: each.entry.n)
    for each in happened:
        if not isinstance(each, Event):
            for effect in _effects(each) if each.succeeded else ():
                waiting = effects.setdefault(effect.type, deque(maxlen=MOST_WAITING))
                waiting.append(effect)
            continue
        subject = _subject(each)
        for effect in reversed(effects.get(each.type, ())):
            # Each session that listens is told of the same event.
            is_free = not effect.once or effect.told.get(subject) in (None, each.id)
            if effect.fits(each) and is_free:
                effect.told[subject] = each.id
                found[each.entry.n] = effect.call
                break
    return found


def updated(event: Event) -> list[str]:
    """The names of the fields that an event says have changed."""
    for told in (event.body.get("member"), event.body.get("room_session")):
        listed = items(mapping(told).get("updated"))
        if listed:
            return [each for each in listed if isinstance(each, str)]
    return []


def _subject(event: Event) -> str | None:
    """What an event is about, as far as one call can cause several of its type."""
    return id_of(event.body.get("member")) or string(event.body.get("room_session_id"))


def _effects(call: Call) -> Iterator[_Effect]:
    space, _, method = call.method.partition(".")
    if space != "video":
        return
    kind, _, verb = method.rpartition(".")
    params = call.params
    if kind in LIFECYCLES:
        yield from _of_media(call, kind, verb)
    elif kind == "member":
        yield from _of_member(call, verb, string(params.get("member_id")))
    elif not kind and method in _ROOM_FIELDS:
        fields = set(_ROOM_FIELDS[method])
        yield _Effect("video.room.updated", call, _changes(fields))
        if method == "set_layout":
            yield _Effect("video.layout.changed", call, _any)
    elif method == "set_position":
        positions = {"requested_position", "current_position"}
        yield _Effect("video.member.updated", call, _changes(positions), once=False)


def _of_media(call: Call, kind: str, verb: str) -> Iterator[_Effect]:
    table = LIFECYCLES[kind]
    if verb == "start":
        result = mapping((call.answer.frame or {}).get("result")) if call.answer else {}
        started = id_of(result.get(kind))
        yield _Effect(f"video.{kind}.started", call, _tells(kind, started, None))
    else:
        transitions = {table.transition(state, verb) for state in table.states} - {None}
        id_ = string(call.params.get(f"{kind}_id"))
        for transition in transitions:
            if transition is not None:
                type_ = f"video.{kind}.{transition.event}"
                yield _Effect(type_, call, _tells(kind, id_, transition.state))
    if table.flag is not None and verb in ("start", "stop"):
        yield _Effect("video.room.updated", call, _changes({table.flag}))


def _any(_event: Event) -> bool:
    return True


def _tells(kind: str, id_: str | None, state: str | None) -> Callable[[Event], bool]:
    def fits(event: Event) -> bool:
        told = mapping(event.body.get(kind))
        return (id_ is None or told.get("id") == id_) and state in (None, told.get("state"))

    return fits


def _of_member(call: Call, verb: str, member: str | None) -> Iterator[_Effect]:
    def about(event: Event) -> bool:
        return member == EVERYBODY or id_of(event.body.get("member")) == member

    if verb in _MEMBER_FIELDS:
        changes = _changes(set(_MEMBER_FIELDS[verb]))
        yield _Effect("video.member.updated", call, lambda event: changes(event) and about(event))
    words = {"remove": ("left",), "demote": ("left",), "promote": ("joined",)}.get(verb, ())
    for word in words:
        yield _Effect(f"video.member.{word}", call, about)
    if verb in ("demote", "promote"):
        yield _Effect("video.room.audience_count", call, _any)
    if verb == "remove" and member == EVERYBODY:
        yield _Effect("video.room.ended", call, _any)


def _changes(fields: set[str]) -> Callable[[Event], bool]:
    return lambda event: bool(fields & {*updated(event)})
