"""A trace read as a story: who called what, what came of it, which rooms and members there were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from mockserver import contract
from mockserver.contract import Entry
from mockserver.contract.index import CONNECT, Call, Event, Session
from mockserver.contract.values import items, mapping, string
from mockserver.protocol.validation import is_refusal

ENGINE_LATENCY_S = 0.03
"""What is taken for the latency where the trace does not show it, in seconds."""

LONGEST_LATENCY_S = 2.0
"""Beyond it the clocks of the two sides differ, and the latency cannot be seen."""


@dataclass
class Room:
    """A room session of the trace.

    Attributes:
        id: its id.
        key: what the scenario calls it.
        name: its name.
        display_name: its display name, where it is another one.
        members: ids of the members that it started with; None while nobody has listed them.
        joined: ids of the members that joined later.
        started: whether its start is in the trace.
        room_id: the id of the room of which it is a session.
        channel: the channel of its events.
    """

    id: str
    key: str = ""
    name: str = ""
    display_name: str | None = None
    members: list[str] | None = None
    joined: set[str] = field(default_factory=set)
    started: bool = False
    room_id: str | None = None
    channel: str | None = None


@dataclass(frozen=True)
class Happened:
    """A thing of the story at its place.

    Attributes:
        n: the number of its entry.
        time: when it was seen, in unix seconds.
        what: a client's call, an event, or a call of the server.
    """

    n: int
    time: float
    what: Call


class Story:
    """What a trace tells.

    Args:
        entries: the trace of one space.

    Attributes:
        start: when it begins.
        calls: the calls of clients, with their answers.
        events: the events, without those that were sent again after a resume.
        disconnects: the server's ``signalwire.disconnect``.
        rooms: room sessions by their ids, in the order in which they were seen.
        names: names of members by their ids.
        latency: seconds from an event's making to its being seen.
        is_measured: whether the trace shows the latency.
        skew: seconds to add to a time of the server's clock to get one of the trace's.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.calls: list[Call] = []
        self.events: list[Event] = []
        self.disconnects: list[Call] = []
        self.rooms: dict[str, Room] = {}
        self.names: dict[str, str] = {}
        self._channels: dict[str, str] = {}
        index = contract.reader()
        begun: float | None = None
        for entry in entries:
            begun = entry.time if begun is None else begun
            step = index.read(entry)
            if isinstance(step, Event):
                if step.repeats is None:
                    self.events.append(step)
                    self._learn_event(step)
            elif isinstance(step, Call):
                if not entry.to_client:
                    self.calls.append(step)
                elif step.method == "signalwire.disconnect":
                    self.disconnects.append(step)
            elif step is not None and entry.to_client:
                self._learn(step.result)
            index.learn(step)
        self.start = begun or 0.0
        self._measure()
        self._name_rooms()

    # Who and where

    def sessions(self) -> list[Session]:
        """The sessions that called something, those that called most first."""
        counts: dict[Session, int] = {}
        for call in self.calls:
            counts[call.session] = counts.get(call.session, 0) + 1
        return sorted(counts, key=lambda each: -counts[each])

    def room_of(self, what: Call) -> Room | None:
        """The room session that a call or an event is about."""
        if isinstance(what, Event):
            told = what.body.get("room_session_id") or _id(what.body.get("room_session"))
            return self.rooms.get(str(told or self._channels.get(what.channel, "")))
        params = what.params
        room = self.rooms.get(str(params.get("room_session_id")))
        return room or self.rooms.get(self._channels.get(str(params.get("event_channel")), ""))

    def made(self, event: Event) -> float:
        """When the service made an event, on the trace's clock.

        Before it was seen, and not before the trace begins: a date that cannot be is not believed.
        """
        seen = event.entry.time - self.latency
        if event.timestamp is None:
            return seen
        made = event.timestamp + self.skew
        return made if self.start <= made <= event.entry.time else seen

    # Reading

    def _learn_event(self, event: Event) -> None:
        room = self.room_of(event)
        if room is not None and event.type == "video.member.joined":
            # Before the room is said to have this member, who was not there from the beginning.
            id_ = _id(event.body.get("member"))
            if id_ is not None and id_ not in (room.members or ()):
                room.joined.add(id_)
        self._learn(event.body)
        room = self.room_of(event)
        if room is None:
            return
        self._channels.setdefault(event.channel, room.id)
        if event.type == "video.room.started":
            room.started = True

    def _learn(self, body: Mapping[str, Any]) -> None:
        for told in (body.get("room_session"), *items(body.get("rooms")), body.get("room")):
            self._learn_room(mapping(told))
        # The answer to video.members.get does not say of which room, but all calls of one do.
        for member in (*items(body.get("members")), body.get("member")):
            self._learn_member(mapping(member))

    def _learn_room(self, told: Mapping[str, Any]) -> None:
        id_ = string(told.get("id")) or string(told.get("room_session_id"))
        if id_ is None:
            return
        room = self.rooms.setdefault(id_, Room(id_))
        room.name = string(told.get("name")) or room.name
        display_name = string(told.get("display_name"))
        if display_name is not None and display_name != room.name:
            room.display_name = display_name
        room.room_id = string(told.get("room_id")) or room.room_id
        if (channel := string(told.get("event_channel"))) is not None:
            room.channel = channel
            self._channels[channel] = id_
        for member in items(told.get("members")):
            self._learn_member(mapping(member))

    def _learn_member(self, told: Mapping[str, Any]) -> None:
        id_, name = string(told.get("id")), string(told.get("name"))
        if id_ is None:
            return
        if name is not None:
            self.names[id_] = name
        room = self.rooms.get(str(told.get("room_session_id")))
        if room is not None and id_ not in room.joined:
            room.members = room.members or []
            if id_ not in room.members:
                room.members.append(id_)

    def _measure(self) -> None:
        lags = [
            each.entry.time - each.timestamp for each in self.events if each.timestamp is not None
        ]
        lag = median(lags) if lags else 0.0
        self.is_measured = bool(lags) and 0 <= lag <= LONGEST_LATENCY_S
        # What is rounded to whole milliseconds is what somebody would have written.
        self.latency = round(lag, 3) if self.is_measured else ENGINE_LATENCY_S
        self.skew = lag - self.latency if lags else 0.0

    def _name_rooms(self) -> None:
        taken: set[str] = set()
        for room in self.rooms.values():
            room.name = room.name or "room"
            room.key = _free(_key(room.name), taken)
            taken.add(room.key)


def failure(call: Call) -> tuple[str | int, str, Mapping[str, Any]] | None:
    """Code, message and data of a call that failed; None for success, and without an answer."""
    if call.answer is None or call.answer.frame is None:
        return None
    frame = call.answer.frame
    if "error" in frame:
        error = mapping(frame["error"])
        code = error.get("code")
        return (
            code if isinstance(code, int) else -32603,
            string(error.get("message")) or "",
            mapping(error.get("data")),
        )
    result = mapping(frame.get("result"))
    if call.method != CONNECT and is_refusal(result):
        return str(result.get("code")), string(result.get("message")) or "", {}
    return None


def id_of(told: Any) -> str | None:
    """The id of a JSON object; None where it has none."""
    return _id(told)


def _id(told: Any) -> str | None:
    return string(mapping(told).get("id"))


def _key(name: str) -> str:
    kept = "".join(each if each.isascii() and each.isalnum() else "-" for each in name)
    return "-".join(part for part in kept.split("-") if part) or "room"


def _free(key: str, taken: set[str]) -> str:
    return next(each for each in _numbered(key) if each not in taken)


def _numbered(key: str) -> Iterator[str]:
    yield key
    number = 2
    while True:
        yield f"{key}-{number}"
        number += 1
