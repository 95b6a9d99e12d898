"""Which event came of which call of a client; the others the service made by itself."""

from __future__ import annotations

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
        call: the call.
        fits: whether an event is one of it.
        once: whether there is only one event of it for each subject.
        told: subject -> the id of the event about it.
    """

    call: Call
    fits: Callable[[Event], bool]
    once: bool = True
    told: dict[str | None, str] = field(default_factory=dict)


def causes(story: Story) -> dict[int, Call]:
    """The number of each event's entry -> the call that caused it."""
    found: dict[int, Call] = {}
    effects: list[_Effect] = []
    happened = sorted([*story.calls, *story.events], key=lambda each: each.entry.n)
    for each in happened:
        if not isinstance(each, Event):
            if each.succeeded:
                effects += _effects(each)
            continue
        subject = _subject(each)
        for effect in reversed(effects):
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
        yield _Effect(
            call,
            lambda event: event.type == "video.room.updated" and bool(fields & {*updated(event)}),
        )
        if method == "set_layout":
            yield _Effect(call, lambda event: event.type == "video.layout.changed")
    elif method == "set_position":
        yield _Effect(call, _changes({"requested_position", "current_position"}), once=False)


def _of_media(call: Call, kind: str, verb: str) -> Iterator[_Effect]:
    table = LIFECYCLES[kind]
    if verb == "start":
        result = mapping((call.answer.frame or {}).get("result")) if call.answer else {}
        started = id_of(result.get(kind))
        yield _Effect(call, _tells(kind, "started", started, None))
    else:
        transitions = {table.transition(state, verb) for state in table.states} - {None}
        id_ = string(call.params.get(f"{kind}_id"))
        for transition in transitions:
            if transition is not None:
                yield _Effect(call, _tells(kind, transition.event, id_, transition.state))
    if table.flag is not None and verb in ("start", "stop"):
        flag = table.flag
        yield _Effect(
            call, lambda event: event.type == "video.room.updated" and flag in updated(event)
        )


def _tells(kind: str, word: str, id_: str | None, state: str | None) -> Callable[[Event], bool]:
    def fits(event: Event) -> bool:
        if event.type != f"video.{kind}.{word}":
            return False
        told = mapping(event.body.get(kind))
        return (id_ is None or told.get("id") == id_) and state in (None, told.get("state"))

    return fits


def _of_member(call: Call, verb: str, member: str | None) -> Iterator[_Effect]:
    def about(event: Event) -> bool:
        return member == EVERYBODY or id_of(event.body.get("member")) == member

    if verb in _MEMBER_FIELDS:
        changes = _changes(set(_MEMBER_FIELDS[verb]))
        yield _Effect(call, lambda event: changes(event) and about(event))
    words = {"remove": ("left",), "demote": ("left",), "promote": ("joined",)}.get(verb, ())
    for word in words:
        type_ = f"video.member.{word}"
        yield _Effect(call, lambda event, type_=type_: event.type == type_ and about(event))  # type: ignore[misc]
    if verb in ("demote", "promote"):
        yield _Effect(call, lambda event: event.type == "video.room.audience_count")
    if verb == "remove" and member == EVERYBODY:
        yield _Effect(call, lambda event: event.type == "video.room.ended")


def _changes(fields: set[str]) -> Callable[[Event], bool]:
    return lambda event: event.type == "video.member.updated" and bool(fields & {*updated(event)})
