"""The service's part of a scenario: what it did by itself, and which answers are other ones."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any, TypeVar

from mockserver.contract.index import Call, Event, Session
from mockserver.contract.values import mapping, string
from mockserver.engine.video.properties import MEMBER_SETTERS, ROOM_SETTERS, Param
from mockserver.protocol.catalogue import CLIENT_CALLS
from mockserver.protocol.lifecycles import LIFECYCLES, PLAYBACK

from .causes import DERIVED, FLAGS, causes, updated
from .story import Room, Story, failure, id_of

TOGETHER_S = 0.05
"""What ends so shortly before its room ends with it."""

LATE_S = 0.25
"""An answer that takes longer than usual by this much is late on purpose."""

NO_END = {"*": {"length": "24h"}}
"""Playbacks that were not heard to end by themselves do not."""

_IGNORED = ("signalwire.ping",)


@dataclass
class Step:
    """A step of the script, or a rule for an answer, as a file has it.

    Attributes:
        data: the step.
        remarks: where something was guessed.
    """

    data: dict[str, Any]
    remarks: list[str] = field(default_factory=list)


@dataclass
class _Done:
    """Something that the service did.

    Attributes:
        time: when, on the trace's clock.
        action: as a script has it.
        n: the number of the entry that shows it; nothing later can have caused it.
        remarks: where something was guessed.
    """

    time: float
    action: Any
    n: int
    remarks: list[str] = field(default_factory=list)


def seconds(time_s: float) -> int:
    """A length of time as whole microseconds, in milliseconds as somebody would write it."""
    return max(0, round(time_s * 1_000) * 1_000)


C = TypeVar("C", bound=Call)


def nth_of(calls: Sequence[C], name: Callable[[C], str]) -> dict[int, int]:
    """The number of each entry -> 1 for the first of its name, 2 for the second, and so on."""
    counts: Counter[str] = Counter()
    numbers = {}
    for call in calls:
        counts[name(call)] += 1
        numbers[call.entry.n] = counts[name(call)]
    return numbers


class Service:
    """Makes the service's part.

    Args:
        story: what the trace tells.
        calls: the calls that are made again; what came of others, the service does.
        events: the events to go by: those of one session, or of all.
    """

    def __init__(self, story: Story, calls: Sequence[Call], events: Sequence[Event]) -> None:
        self._story = story
        self._calls = calls
        self._events = events
        self._nth = nth_of(calls, lambda call: call.method)
        self._count = Counter(each.method for each in calls)
        self._awaitable = [each for each in calls if _can_be_awaited(each)]
        self._times = list(accumulate((each.entry.time for each in self._awaitable), max))
        self._again = {each.entry.n for each in calls}
        self._sessions = {each.session for each in calls}
        self._causes = causes(story)
        self._first: dict[int, int] = {}
        for n, cause in sorted(self._causes.items()):
            self._first.setdefault(cause.entry.n, n)
        self._room_ends = {
            room.id: story.made(event)
            for event in story.events
            if event.type == "video.room.ended" and (room := story.room_of(event))
        }
        self._ends = set(self._ends_of_media())
        self._states: dict[tuple[str, str], str] = {}
        self._layouts: dict[str, str | None] = {}
        self._several = len(story.rooms) > 1
        self._present: dict[str, set[str]] = {}
        self._labels: dict[str, str] = {}
        self.unknown: list[str] = []

    # Rooms

    def rooms(self) -> dict[str, Step]:
        """What stands under ``rooms``."""
        return {room.key: self._room(room) for room in self._story.rooms.values()}

    def _room(self, room: Room) -> Step:
        data: dict[str, Any] = {}
        step = Step(data)
        if room.name != room.key:
            data["name"] = room.name
        if room.display_name is not None:
            data["display_name"] = room.display_name
        names = [self._story.names.get(each) for each in room.members or ()]
        if names and all(names):
            data["members"] = names
        else:
            data["members"] = max(1, len(names))
            step.remarks.append("guessed: nobody listed the members that it starts with")
        return step

    def playbacks(self) -> dict[str, Any]:
        """What stands under ``playbacks``."""
        is_played = any(each.type.startswith("video.playback.") for each in self._story.events)
        return {**self._played(), **NO_END} if is_played else {}

    def _played(self) -> dict[str, dict[str, Any]]:
        """What is known of what is played, by its URL: its length, and whether it can be sought in.

        What ended by itself was then where its end is.
        """
        played: dict[str, dict[str, Any]] = {}
        for event in self._events:
            told = mapping(event.body.get("playback"))
            url, position = string(told.get("url")), told.get("position")
            if url is None:
                continue
            if self._ended_by_itself(event) and isinstance(position, int):
                played.setdefault(url, {}).setdefault("length", position * 1_000)
            if told.get("seekable") is False:
                played.setdefault(url, {})["seekable"] = False
        return {url: {**NO_END["*"], **facts} for url, facts in played.items()}

    def _ended_by_itself(self, event: Event) -> bool:
        return event.entry.n in self._ends

    def _ends_of_media(self) -> Iterator[int]:
        """The numbers of the events of playbacks that came to their end, while they played."""
        states: dict[str, str | None] = {}
        for event in self._events:
            told = mapping(event.body.get("playback"))
            if (id_ := id_of(told)) is None:
                continue
            was_playing = states.get(id_) == PLAYBACK.initial
            is_end = event.type == "video.playback.ended" and bool(told.get("position"))
            is_its_own = event.entry.n not in self._causes and not self._ends_with_room(event)
            if is_end and is_its_own and was_playing and "url" in told:
                yield event.entry.n
            states[id_] = string(told.get("state"))

    # The script

    def script(self) -> list[Step]:
        """What stands under ``script``."""
        # At the same time a room starts before something runs in it, and is lost before it changes.
        done = [*self._early_rooms(), *self._ends_of_connections()]
        done += [each for event in self._told() for each in self._doings(event)]
        done += self._early_media()
        steps: list[Step] = []
        for each in sorted(done, key=lambda one: one.time):
            due = self._due(each)
            if steps and {key: steps[-1].data.get(key) for key in ("at", "when", "after")} == {
                key: due.get(key) for key in ("at", "when", "after")
            }:
                steps[-1].data["do"].append(each.action)
                steps[-1].remarks += each.remarks
            else:
                steps.append(Step({**due, "do": [each.action]}, each.remarks))
        for step in steps:
            if len(step.data["do"]) == 1:
                [step.data["do"]] = step.data["do"]
        return steps

    def _due(self, done: _Done) -> dict[str, Any]:
        """When a step is due: after the last call before it, as clients may be slower next time."""
        place = bisect_right(self._times, done.time + 1e-6) - 1
        while place >= 0 and self._awaitable[place].entry.n >= done.n:
            place -= 1
        if place < 0:
            return {"at": seconds(done.time - self._story.start)}
        call = self._awaitable[place]
        due: dict[str, Any] = {"when": self._trigger(call)}
        if after := seconds(done.time - call.entry.time):
            due["after"] = after
        return due

    def _trigger(self, call: Call) -> dict[str, Any]:
        number = self._nth[call.entry.n]
        if call.method == "signalwire.subscribe":
            channel = call.params.get("event_channel")
            same = (each for each in self._calls if each.params.get("event_channel") == channel)
            room = self._story.room_of(call)
            if next(same) is call and channel == "video.rooms":
                return {"subscribed": "video.rooms"}
            if room is not None and self._is_first(call, room):
                return {"subscribed": "room", **({"room": room.key} if self._several else {})}
        return {"call": call.method, **({"nth": number} if number > 1 else {})}

    def _is_first(self, call: Call, room: Room) -> bool:
        """Whether it is the first to subscribe to a room's channel."""
        return call is next(
            each
            for each in self._calls
            if each.method == call.method and self._story.room_of(each) is room
        )

    def _is_made_again(self, event: Event) -> bool:
        cause = self._causes.get(event.entry.n)
        return cause is not None and cause.entry.n in self._again

    def _told(self) -> Iterator[Event]:
        """The events that the service made by itself, each once however many were told of it."""
        seen: set[str] = set()
        for event in self._events:
            if event.id in seen:
                continue
            seen.add(event.id)
            if self._is_made_again(event) or event.type in DERIVED:
                self._note(event)
                continue
            if event.type.endswith(".ended") and self._ends_with_room(event):
                continue
            yield event
            self._note(event)

    def _ends_with_room(self, event: Event) -> bool:
        """Whether something ended because its room did."""
        room = self._story.room_of(event)
        end = self._room_ends.get(room.id) if room is not None else None
        is_room = event.type == "video.room.ended"
        return not is_room and end is not None and end - self._story.made(event) < TOGETHER_S

    def _note(self, event: Event) -> None:
        """Note the states that an event tells, for what comes after it."""
        for kind in LIFECYCLES:
            told = mapping(event.body.get(kind))
            if (id_ := id_of(told)) is not None and isinstance(told.get("state"), str):
                self._states[kind, id_] = told["state"]
        if event.type == "video.layout.changed" and (room := self._story.room_of(event)):
            self._layouts[room.id] = _layout(event)

    def _early_rooms(self) -> Iterator[_Done]:
        """Rooms that ran before the trace tells of them."""
        for other in self._story.rooms.values():
            if not other.started:
                remark = f"guessed: room {other.key} ran before the client looked"
                self._present[other.id] = set(other.members or ())
                yield _Done(self._story.start, self._of("start_room", other), 0, [remark])

    def _early_media(self) -> Iterator[_Done]:
        """What ran in rooms before the client was told of it."""
        known = {
            (kind, id_of(each.body.get(kind)))
            for each in self._story.events
            for kind in LIFECYCLES
            if each.type == f"video.{kind}.started"
        }
        for n, kind, id_, facts, room in self._running():
            if (kind, id_) not in known and facts.get("state") != LIFECYCLES[kind].final:
                known.add((kind, id_))
                args = {"url": facts["url"]} if "url" in facts else {}
                begun = facts.get("started_at")
                time = begun + self._story.skew if isinstance(begun, int | float) else 0
                yield _Done(
                    max(time, self._story.start),
                    self._of(f"start_{kind}", room, **args),
                    n,
                    [f"guessed: the {kind} ran before the client looked"],
                )

    def _running(self) -> Iterator[tuple[int, str, str | None, Mapping[str, Any], Room | None]]:
        """What answers list of what runs in rooms, with the number of the entry."""
        for call in self._calls:
            if call.answer is None or not call.succeeded:
                continue
            result = mapping((call.answer.frame or {}).get("result"))
            for kind in LIFECYCLES:
                if call.method == f"video.{kind}.list":
                    for each in result.get(f"{kind}s") or ():
                        room = self._story.room_of(call)
                        yield call.entry.n, kind, id_of(each), mapping(each), room

    def _ends_of_connections(self) -> Iterator[_Done]:
        story = self._story
        for call in story.disconnects:
            if call.session in self._sessions:
                yield _Done(call.entry.time, "disconnect", call.entry.n)
        for call in story.calls:
            is_resume = call.method == "signalwire.connect" and "protocol" in call.params
            if not is_resume or call.session not in self._sessions:
                continue
            before = [
                each.entry.time for each in self._all(call.session) if each.entry.n < call.entry.n
            ]
            if not before or any(
                each.session is call.session and each.entry.n < call.entry.n
                for each in story.disconnects
            ):
                continue
            missed = [
                story.made(each)
                for each in story.events
                if each.session is call.session
                and each.entry.n > call.entry.n
                and before[-1] <= story.made(each) <= call.entry.time
            ]
            yield _Done(
                min([*missed, call.entry.time]),
                "drop_connections",
                call.entry.n,
                ["guessed: the connection was lost about then; a trace does not show it"],
            )

    def _all(self, session: Session) -> list[Call]:
        both = [*self._story.calls, *self._story.events]
        return sorted(
            (each for each in both if each.session is session), key=lambda each: each.entry.n
        )

    def _doings(self, event: Event) -> Iterator[_Done]:
        time = self._story.made(event)
        room = self._story.room_of(event)
        if room is None and len(self._story.rooms) != 1:
            self._leave_out(f"{event.type}: the trace does not tell its room")
            return
        for action, remarks in self._actions(event, room):
            yield _Done(time, action, event.entry.n, remarks)

    def _actions(self, event: Event, room: Room | None) -> Iterator[tuple[Any, list[str]]]:
        _, about, word = (*event.type.split("."), "", "")[:3]
        if about == "room":
            yield from self._of_room(event, word, room)
        elif about in LIFECYCLES:
            yield from self._of_media(event, about, word, room)
        elif about == "member":
            yield from self._of_member(event, word, room)
        elif event.type == "video.layout.changed":
            yield from self._of_layout(event, room)

    def _of_room(
        self, event: Event, word: str, room: Room | None
    ) -> Iterator[tuple[Any, list[str]]]:
        told = mapping(event.body.get("room_session"))
        if room is None:
            return
        if word == "started":
            self._present[room.id] = set(room.members or ())
            yield self._of("start_room", room), []
        elif word == "ended":
            if self._present.get(room.id) or not room.members:
                yield self._of("end_room", room), []
        elif word == "updated":
            fields = [each for each in updated(event) if each not in FLAGS]
            for name in fields:
                yield from self._set_room(name, told.get(name), room)
        elif word == "audience_count" and event.entry.n not in self._causes:
            yield self._of("set_audience", room, count=event.body.get("total", 0)), []

    def _set_room(self, name: str, value: Any, room: Room) -> Iterator[tuple[Any, list[str]]]:
        if name == "meta":
            yield self._of("set_meta", room, meta=value or {}), []
            return
        if name == "layout_name":
            yield self._of("set_layout", room, layout=value), []
            return
        for setter in ROOM_SETTERS:
            wanted = setter.values.get(name)
            if isinstance(wanted, Param):
                yield self._of(setter.verb, room, **{wanted.name: value}), []
                return
            if name in setter.values and wanted == value:
                yield self._of(setter.verb, room), []
                return
        self._leave_out(f"video.room.updated of {name}")

    def _of_layout(self, event: Event, room: Room | None) -> Iterator[tuple[Any, list[str]]]:
        """A layout that nobody chose follows from who is there, unless its name is another one."""
        name = _layout(event)
        if room is not None and name is not None:
            before = self._layouts.get(room.id)
            if before is not None and before != name:
                yield self._of("set_layout", room, layout=name), []

    def _of_media(
        self, event: Event, kind: str, word: str, room: Room | None
    ) -> Iterator[tuple[Any, list[str]]]:
        told = mapping(event.body.get(kind))
        id_ = id_of(told) or ""
        table = LIFECYCLES[kind]
        if word == "started":
            args: dict[str, Any] = {"url": told["url"]} if "url" in told else {}
            if told.get("volume"):
                args["volume"] = told["volume"]
            label = self._labels[id_] = f"{kind}-{len(self._labels) + 1}"
            yield self._of(f"start_{kind}", room, **{"as": label}, **args), []
            return
        which: dict[str, Any] = {}
        remarks = []
        if id_ in self._labels:
            which[kind] = self._labels[id_]
        elif self._others_run(kind, id_):
            remarks = [f"guessed: the newest {kind} is meant, though several run"]
        if word == "ended":
            if not self._ended_by_itself(event):
                yield self._of(f"stop_{kind}", room, **which), remarks
            return
        before = self._states.get((kind, id_), table.initial)
        verbs = [
            verb
            for verb in ("pause", "resume")
            if (found := table.transition(before, verb)) and found.state == told.get("state")
        ]
        if verbs:
            yield self._of(f"{verbs[0]}_{kind}", room, **which), remarks
        elif kind == "playback" and "volume" in told:
            volume = told["volume"]
            yield self._of("set_playback_volume", room, volume=volume, **which), remarks

    def _others_run(self, kind: str, id_: str) -> bool:
        """Whether others of this kind have not ended, as far as was told."""
        final = LIFECYCLES[kind].final
        return any(
            each == kind and other != id_ and state != final
            for (each, other), state in self._states.items()
        )

    def _of_member(
        self, event: Event, word: str, room: Room | None
    ) -> Iterator[tuple[Any, list[str]]]:
        told = mapping(event.body.get("member"))
        id_ = id_of(told) or ""
        name = self._story.names.get(id_)
        who: dict[str, Any] = {"name": name} if name is not None else {}
        present = self._present.setdefault(room.id, set()) if room is not None else set()
        cause = self._causes.get(event.entry.n)
        called = cause.method.rpartition(".")[2] if cause is not None else ""
        if called in ("demote", "promote"):
            (present.discard if called == "demote" else present.add)(id_)
            yield self._of(called, room, **who), []
        elif word == "joined":
            present.add(id_)
            type_ = told.get("type")
            more = {"type": type_} if type_ in ("screen", "device") else {}
            yield self._of("join", room, **who, **more), []
        elif word == "left":
            present.discard(id_)
            yield self._of("leave", room, **who), []
        elif word == "talking":
            verb = "start_talking" if told.get("talking") else "stop_talking"
            yield self._of(verb, room, **who), []
        elif word == "updated":
            yield from self._set_member(event, told, room, who)

    def _set_member(
        self, event: Event, told: Mapping[str, Any], room: Room | None, who: dict[str, Any]
    ) -> Iterator[tuple[Any, list[str]]]:
        fields = set(updated(event)) - {"talking"}
        if "meta" in fields:
            fields.discard("meta")
            yield self._of("set_member_meta", room, **who, meta=told.get("meta") or {}), []
        # The setter that sets most of them first: deaf also mutes.
        for setter in sorted(MEMBER_SETTERS, key=lambda each: -len(each.values)):
            wanted = setter.values
            if not set(wanted) <= fields:
                continue
            [first] = list(wanted.values())[:1]
            if isinstance(first, Param):
                [name] = wanted
                fields.discard(name)
                yield self._of(setter.verb, room, **who, **{first.name: told.get(name)}), []
            elif all(told.get(name) == value for name, value in wanted.items()):
                fields -= set(wanted)
                yield self._of(setter.verb, room, **who), []
        if "requested_position" in fields:
            fields -= {"requested_position", "current_position"}
            position = told.get("requested_position")
            yield self._of("set_position", room, **who, position=position), []
        for name in sorted(fields - {"visible", "current_position"}):
            self._leave_out(f"video.member.updated of {name}")

    def _leave_out(self, what: str) -> None:
        if what not in self.unknown:
            self.unknown.append(what)

    def _of(self, verb: str, room: Room | None, **args: Any) -> Any:
        """An action in its shortest form."""
        if self._several and room is not None:
            return {verb: {"room": room.key, **args}} if args else {verb: room.key}
        return {verb: args} if args else verb

    # Answers

    def answers(self) -> list[Step]:
        """What stands under ``answers``: refusals, and answers that are late."""
        return [step for call in self._calls for step in self._answer(call)]

    def _answer(self, call: Call) -> Iterator[Step]:
        if call.answer is None or call.method in _IGNORED or call.method not in CLIENT_CALLS:
            return
        to: dict[str, Any] = {"to": call.method}
        if self._count[call.method] > 1:
            to["nth"] = self._nth[call.entry.n]
        late = call.answer.time - call.entry.time - self._usual
        delay = {"delay": seconds(late)} if late > LATE_S else {}
        if (failed := failure(call)) is not None:
            code, message, data = failed
            if isinstance(code, int):
                error = {"code": code, "message": message or "refused"}
                yield Step({**to, "with": {"error": {**error, **({"data": data} if data else {})}}})
            else:
                yield Step({**to, "with": {"code": code, "message": message or "refused"}, **delay})
            return
        if self._first.get(call.entry.n, call.answer.n) < call.answer.n:
            yield Step({**to, "after_events": True})
        elif delay:
            yield Step({**to, **delay}, ["the answer was late"])

    @cached_property
    def _usual(self) -> float:
        """Seconds that an answer takes if nothing holds it up."""
        times = (
            each.answer.time - each.entry.time for each in self._calls if each.answer is not None
        )
        return min(times, default=0.0)


def _layout(event: Event) -> str | None:
    return string(mapping(event.body.get("layout")).get("name"))


def _can_be_awaited(call: Call) -> bool:
    return call.method in CLIENT_CALLS and call.method not in (*_IGNORED, "signalwire.connect")
