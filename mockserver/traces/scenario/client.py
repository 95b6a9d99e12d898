"""The client's part of a scenario: the calls of one session as commands."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mockserver.contract.index import CONNECT, SUBSCRIBE, Call, Event, Session
from mockserver.contract.values import mapping, string
from mockserver.engine.video.properties import EVERYBODY
from mockserver.protocol.lifecycles import LIFECYCLES
from mockserver.scenarios.commands import COMMANDS

from .service import Step, nth_of, seconds
from .story import Story, failure, id_of

AT_ONCE_S = 0.02
"""What comes so soon after something is done because of it."""

SOON_S = 0.1
"""A call that comes so soon after an event may well be made because of it."""

_CALLED_OTHERWISE = {
    "video.rooms.get": "get_rooms",
    "video.room.get": "get_room",
    "video.members.get": "get_members",
    "video.list_available_layouts": "get_layouts",
    "video.playback.start": "play",
    "video.playback.seek_absolute": "seek",
    "video.member.raisehand": "raise_hand",
    "video.member.lowerhand": "lower_hand",
}
"""Methods whose command is not their last word, with the kind behind it."""

_NOT_COMMANDS = ("signalwire.ping", "signalwire.unsubscribe")

_IMPLIED = ["connect", {"listen": "video"}]


@dataclass
class _Doing:
    """A command at its place.

    Attributes:
        call: the call that it stands for.
        command: as a file has it.
        remarks: where something was guessed.
        refused: the code that it was refused with; None for success.
    """

    call: Call
    command: Any
    remarks: list[str] = field(default_factory=list)
    refused: str | int | None = None

    @property
    def done(self) -> float:
        """When the client can go on: what starts something is not waited for."""
        verb = self.command if isinstance(self.command, str) else next(iter(self.command))
        if COMMANDS[verb].starts is not None and self.refused is None:
            return self.call.entry.time
        answer = self.call.answer
        return answer.time if answer is not None else self.call.entry.time


class Client:
    """Makes the client's part.

    Args:
        story: what the trace tells.
        session: the session whose part it is.
    """

    def __init__(self, story: Story, session: Session) -> None:
        self._story = story
        self.events = self._events = [each for each in story.events if each.session is session]
        self._calls = [each for each in story.calls if each.session is session]
        self._labels: dict[str, str] = {}
        self._newest: str | None = None
        self._media = Counter(
            kind
            for each in self._calls
            for kind in LIFECYCLES
            if each.method == f"video.{kind}.start" and each.succeeded
        )
        self._listened: set[str] = set()
        self._connected = False
        self._places = [each.entry.n for each in self._events]
        self._numbers = nth_of(self._events, lambda event: event.type)
        self.unknown: list[str] = []
        self._doings = [each for call in self._calls if (each := self._doing(call)) is not None]

    @property
    def calls(self) -> list[Call]:
        """The calls that are made again."""
        return [each.call for each in self._doings]

    def steps(self) -> list[Step]:
        """What stands under ``client``."""
        doings = self._doings
        if [each.command for each in doings[:2]] == _IMPLIED and not any(
            each.refused is not None for each in doings[:2]
        ):
            former: _Doing | None = doings[1]
            doings = doings[2:]
        else:
            former = None
        steps: list[Step] = []
        room = ""
        awaited: Counter[str] = Counter()
        for doing in doings:
            data: dict[str, Any] = {}
            remarks = list(doing.remarks)
            event, must, room = self._awaited(doing, former, room)
            gap = doing.call.entry.time - (former.done if former is not None else self._begin())
            if event is not None:
                number = self._numbers[event.entry.n]
                data["on"] = {"event": event.type, **self._nth(event.type, number, awaited)}
                gap = doing.call.entry.time - event.entry.time
                if not must:
                    remarks.append(f"guessed: because of the {event.type}, which came just before")
            if gap >= AT_ONCE_S:
                data["after"] = seconds(gap)
            joins = not data and steps and doing.refused is None and not remarks
            if joins and "refused" not in steps[-1].data:
                steps[-1].data["do"].append(doing.command)
            else:
                data["do"] = [doing.command]
                if doing.refused is not None:
                    data["refused"] = {"code": doing.refused}
                steps.append(Step(data, remarks))
            former = doing
        for step in steps:
            if len(step.data["do"]) == 1:
                [step.data["do"]] = step.data["do"]
        return steps

    def _begin(self) -> float:
        return self._story.start

    def _nth(self, type_: str, number: int, awaited: Counter[str]) -> dict[str, int]:
        """``nth`` where it is not the next one of its type that nobody has waited for."""
        told = {} if awaited[type_] == number - 1 else {"nth": number}
        awaited[type_] = max(awaited[type_], number)
        return told

    def _awaited(
        self, doing: _Doing, former: _Doing | None, room: str
    ) -> tuple[Event | None, bool, str]:
        """The event that a command waits for, whether it must, and the client's room from then on.

        A client is in the room of the last event that it waited for, or of the rooms that it got.
        """
        if doing.command == "get_rooms":
            result = mapping(
                (doing.call.answer.frame or {}).get("result") if doing.call.answer else {}
            )
            rooms = result.get("rooms") or []
            return None, False, id_of(rooms[-1]) or room if rooms else room
        until = bisect_left(self._places, doing.call.entry.n)
        wanted = self._story.room_of(doing.call)
        if wanted is not None and wanted.id != room:
            for event in reversed(self._events[:until]):
                if "room_session" in event.body and self._story.room_of(event) is wanted:
                    return event, True, wanted.id
            doing.remarks.append(f"guessed: this was in room {wanted.key}")
            return None, False, wanted.id
        if until == 0:
            return None, False, room
        event = self._events[until - 1]
        if former is not None and event.entry.n < former.call.entry.n:
            return None, False, room
        if not 0 <= doing.call.entry.time - event.entry.time < SOON_S:
            return None, False, room
        if former is not None and event.entry.time <= former.done + AT_ONCE_S:
            # What the command before caused: the client goes on after its answer in any case.
            return None, False, room
        told = self._story.room_of(event)
        if "room_session" in event.body and told is not None:
            room = told.id
        return event, False, room

    # Commands

    def _doing(self, call: Call) -> _Doing | None:
        failed = failure(call)
        refused = failed[0] if failed is not None else None
        if call.method == CONNECT:
            if self._connected:
                # The client connects again by itself when its connection is lost.
                return None
            self._connected = refused is None
            return _Doing(call, "connect", refused=refused)
        if call.method == SUBSCRIBE:
            return self._listening(call, refused)
        if call.method in _NOT_COMMANDS or self._is_search(call):
            return None
        found = self._command(call)
        if found is None:
            self._leave_out(f"{call.method}: no command does this")
            return None
        command, remarks = found
        return _Doing(call, command, remarks, refused)

    def _listening(self, call: Call, refused: str | int | None) -> _Doing | None:
        channel = string(call.params.get("event_channel")) or ""
        if channel in self._listened:
            return None
        self._listened.add(channel)
        return _Doing(
            call, {"listen": "video" if channel == "video.rooms" else "room"}, refused=refused
        )

    def _is_search(self, call: Call) -> bool:
        """Whether members are asked for only because the next call is about one of them."""
        if call.method != "video.members.get":
            return False
        after = bisect_left(self._calls, call.entry.n + 1, key=lambda each: each.entry.n)
        next_ = self._calls[after : after + 1]
        return bool(next_) and next_[0].method.startswith("video.member.")

    def _command(self, call: Call) -> tuple[Any, list[str]] | None:
        _, _, method = call.method.partition(".")
        kind, _, verb = method.rpartition(".")
        params = call.params
        verb = _CALLED_OTHERWISE.get(call.method, verb or method)
        if kind in LIFECYCLES:
            return self._on_media(call, kind, verb)
        if kind == "member":
            return self._on_member(verb, params)
        if method == "prioritize_handraise":
            return (verb, []) if params.get("enable", True) else None
        if verb == "set_layout":
            return {verb: params.get("name", params.get("layout"))}, []
        if verb in ("set_meta", "update_meta"):
            return {verb: dict(mapping(params.get("meta")))}, []
        return (verb, []) if verb in COMMANDS and not COMMANDS[verb].arguments else None

    def _on_media(self, call: Call, kind: str, verb: str) -> tuple[Any, list[str]] | None:
        params = call.params
        if verb == "list":
            return f"get_{kind}s", []
        if verb in ("start", "play"):
            return self._start(call, kind)
        args: dict[str, Any] = {}
        if verb == "seek_relative":
            offset = params.get("position", 0)
            verb = "forward" if offset >= 0 else "rewind"
            args["offset"] = abs(offset)
        elif verb == "seek":
            args["position"] = params.get("position", 0)
        elif verb == "set_volume":
            args["volume"] = params.get("volume", 0)
        if verb not in COMMANDS:
            return None
        id_ = string(params.get(f"{kind}_id")) or ""
        remarks = []
        if id_ in self._labels:
            args["media"] = self._labels[id_]
        elif self._newest not in (None, id_):
            remarks.append(f"guessed: its newest {kind} is meant")
        required = [one.name for one in COMMANDS[verb].arguments if one.required]
        if not args:
            return verb, remarks
        if len(args) == 1:
            [(name, value)] = args.items()
            if name == "media" or [name] == required:
                return {verb: value}, remarks
        return {verb: args}, remarks

    def _start(self, call: Call, kind: str) -> tuple[Any, list[str]]:
        verb = {"playback": "play"}.get(kind, f"start_{kind}")
        args = {name: call.params[name] for name in ("url", "volume") if name in call.params}
        result = mapping((call.answer.frame or {}).get("result")) if call.answer is not None else {}
        id_ = id_of(result.get(kind)) or ""
        if call.succeeded:
            self._newest = id_
            if sum(self._media.values()) > 1:
                args["as"] = self._labels[id_] = f"{kind}-{len(self._labels) + 1}"
        if not args:
            return verb, []
        return {verb: args["url"] if list(args) == ["url"] else args}, []

    def _on_member(self, verb: str, params: Mapping[str, Any]) -> tuple[Any, list[str]] | None:
        if verb not in COMMANDS or all(one.name != "member" for one in COMMANDS[verb].arguments):
            return None
        id_ = string(params.get("member_id")) or ""
        name = id_ if id_ == EVERYBODY else self._story.names.get(id_, id_)
        remarks = []
        if name == id_ != EVERYBODY:
            remarks.append("guessed: the trace does not tell this member's name")
        more = {
            one.name: params[one.name]
            for one in COMMANDS[verb].arguments
            if one.name in params and one.name != "member"
        }
        return {verb: {"member": name, **more} if more else name}, remarks

    def _leave_out(self, what: str) -> None:
        if what not in self.unknown:
            self.unknown.append(what)
