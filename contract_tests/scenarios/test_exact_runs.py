"""Every shipped file, played with exact times against the engine, without a socket or a wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from mockserver.engine import Connection, Gate, ManualClock, Space
from mockserver.protocol import catalogue
from mockserver.scenarios import ScenarioScript, library, loader, oracle
from mockserver.scenarios.commands import COMMANDS, EVERYBODY
from mockserver.scenarios.format import AnyOrder, ClientStep, Command, Scenario, Trigger

FILES = {summary.name: summary.path for summary in library.shipped()}
# How long a player goes on after all has come, to see that no more comes.
AFTERWARDS_US = 5_000_000
ROOM_EVENTS = sorted(catalogue.EVENTS - {"video.room.started", "video.room.subscribed"})
# How commands that are called otherwise than their calls go over the wire.
CALLS = {
    "get_layouts": "list_available_layouts",
    "get_members": "members.get",
    "get_recordings": "recording.list",
    "get_playbacks": "playback.list",
    "get_streams": "stream.list",
    "start_recording": "recording.start",
    "play": "playback.start",
    "start_stream": "stream.start",
    "seek": "seek_absolute",
    "forward": "seek_relative",
    "rewind": "seek_relative",
    "raise_hand": "raisehand",
    "lower_hand": "lowerhand",
}


class ExactPlayer:
    """Plays the client's part; it takes no time to react, and moves the clock only to wait."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.clock = ManualClock()
        self.gate = Gate(self.make_space, self.clock)
        self.connection = Connection(lambda: None)
        self.protocol: str | None = None
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, dict[str, Any]] = {}
        self.consumed: dict[str, int] = {}
        self.room_session: dict[str, Any] = {}
        self.starts: dict[str | None, tuple[str, str]] = {}
        self.media: dict[str | None, tuple[str, str]] = {}
        self.newest: str | None = None
        self.count = 0

    def make_space(self, name: str, scenario: str | None) -> Space:
        return Space(name, clock=self.clock, script=ScenarioScript(self.scenario))

    def play(self) -> None:
        for step in self.scenario.client:
            self.take(step)
        while not oracle.complete(self.scenario, self.seen) and self.wait_for_more():
            pass
        self.wait_until(self.clock.now() + AFTERWARDS_US)

    # Time and frames

    @property
    def deadlines(self) -> list[int]:
        return [due for space in self.gate if (due := space.next_deadline()) is not None]

    def wait_for_more(self) -> bool:
        """Go on to the next moment at which something happens; False when nothing ever will."""
        if not self.deadlines:
            return False
        self.clock.move(max(self.clock.now(), min(self.deadlines)))
        for space in self.gate:
            space.tick()
        self.read()
        return True

    def wait_until(self, time: int) -> None:
        while self.deadlines and min(self.deadlines) <= time:
            self.wait_for_more()
        self.clock.move(time)

    def send(self, method: str, params: Mapping[str, Any]) -> str:
        self.count += 1
        call_id = f"call-{self.count}"
        frame = {"jsonrpc": "2.0", "id": call_id, "method": method, "params": params}
        self.gate.receive(self.connection, orjson.dumps(frame))
        self.read()
        return call_id

    def read(self) -> None:
        frames, self.connection.outbox = self.connection.outbox, []
        for frame in map(orjson.loads, frames):
            if "method" not in frame:
                self.answers[frame["id"]] = frame
            elif frame["method"] == "signalwire.event":
                event = frame["params"]
                self.seen.append((event["event_type"], event["params"]))
        if self.connection.closing is not None:
            self.gate.detach(self.connection)
            self.connection = Connection(lambda: None)
            self.connect()

    def answer(self, call_id: str) -> dict[str, Any]:
        """Wait for the answer; gives its result, or `{"code": ...}` of its error."""
        while call_id not in self.answers:
            assert self.wait_for_more(), f"{call_id} is never answered"
        frame = self.answers[call_id]
        return dict(frame.get("result") or frame["error"])

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        return self.answer(self.send(method, params))

    # Steps and commands

    def take(self, step: ClientStep) -> None:
        if step.on is not None:
            self.wait_for(step.on)
        self.wait_until(self.clock.now() + step.after_us)
        for command in step.commands:
            result = self.do(command)
            if step.refused is not None and COMMANDS[command.verb].starts is not None:
                result = self.answer(self.starts[self.newest][1])
            code = result.get("code", "200")
            expected = step.refused if step.refused is not None else "200"
            assert code == expected, f"{step.explain()} came to {result}"

    def wait_for(self, trigger: Trigger) -> None:
        event = trigger.value
        number = trigger.nth or self.consumed.get(event, 0) + 1
        while len(found := [params for kind, params in self.seen if kind == event]) < number:
            assert self.wait_for_more(), f"{event} never comes; seen: {self.seen}"
        self.consumed[event] = number
        self.room_session = found[number - 1].get("room_session", self.room_session)

    def do(self, command: Command) -> dict[str, Any]:
        verb, args = command.verb, dict(command.args)
        if verb == "connect":
            return self.connect()
        if verb == "listen":
            return self.listen(args["to"])
        if verb == "get_rooms":
            result = self.call("video.rooms.get")
            self.room_session = result["rooms"][0]
            return result
        here = {"room_session_id": self.room_session["id"]}
        form, call = COMMANDS[verb], CALLS.get(verb, verb)
        if form.starts is not None:
            self.newest = args.pop("as", None)
            self.media.pop(self.newest, None)
            self.starts[self.newest] = form.starts, self.send(f"video.{call}", {**here, **args})
            return {}
        if form.adopts is not None:
            result = self.call(f"video.{call}", **here)
            self.newest = result[f"{form.adopts}s"][-1]["id"]
            self.media[self.newest] = form.adopts, self.newest
            return result
        if form.moves:
            kind, media_id = self.started(args.pop("media", self.newest))
            if verb in ("forward", "rewind"):
                args = {"position": args["offset"] * (1 if verb == "forward" else -1)}
            return self.call(f"video.{kind}.{call}", **here, **{f"{kind}_id": media_id}, **args)
        if "member" in args:
            args["member_id"] = self.member_id(args.pop("member"))
            return self.call(f"video.member.{call}", **here, **args)
        if verb == "prioritize_handraise":
            args = dict(form.given)
        return self.call(f"video.{call}", **here, **args)

    def started(self, name: str | None) -> tuple[str, str]:
        if name not in self.media:
            kind, call_id = self.starts[name]
            self.media[name] = kind, self.answer(call_id)[kind]["id"]
        return self.media[name]

    def member_id(self, name: str) -> str:
        if name == EVERYBODY:
            return name
        here = {"room_session_id": self.room_session["id"]}
        members = self.call("video.members.get", **here)["members"]
        return str(next(each["id"] for each in members if each["name"] == name))

    def connect(self) -> dict[str, Any]:
        params: dict[str, Any] = {
            "version": {"major": 3, "minor": 0, "revision": 0},
            "authentication": {"project": "p", "token": "t"},
        }
        if self.protocol is not None:
            params["protocol"] = self.protocol
        result = self.call("signalwire.connect", **params)
        self.protocol = result.get("protocol")
        return result

    def listen(self, to: str) -> dict[str, Any]:
        events = ["video.room.started", "video.room.ended"] if to == "video" else ROOM_EVENTS
        channel = "video.rooms" if to == "video" else self.room_session["event_channel"]
        return self.call(
            "signalwire.subscribe",
            event_channel=channel,
            events=events,
            get_initial_state=to == "room",
        )


@pytest.mark.parametrize("name", FILES)
def test_a_shipped_file_is_fulfilled_to_the_microsecond(name: str) -> None:
    scenario = loader.load(FILES[name])
    player = ExactPlayer(scenario)
    player.play()
    assert oracle.judge(scenario, player.seen) == []
    assert oracle.complete(scenario, player.seen)


def expects_a_recorded_duration(name: str) -> bool:
    entries = loader.load(FILES[name]).expect
    each = [one for e in entries for one in (e.expected if isinstance(e, AnyOrder) else (e,))]
    return any(path == "recording.duration" for one in each for path, _ in one.leaves())


@pytest.mark.parametrize("name", [name for name in FILES if expects_a_recorded_duration(name)])
def test_a_shipped_file_notices_a_duration_that_is_wrong(name: str) -> None:
    """Events of one run, with each duration off by a microsecond: the oracle must say so."""
    scenario = loader.load(FILES[name])
    player = ExactPlayer(scenario)
    player.play()
    for event, params in player.seen:
        if event == "video.recording.ended":
            params["recording"]["duration"] += 0.000001
    assert oracle.judge(scenario, player.seen)


def test_demo_gives_every_session_a_room_of_its_own() -> None:
    scenario = loader.load(FILES["demo"])
    player = ExactPlayer(scenario)
    player.connect()
    player.listen("video")
    first, player.connection = player.connection, Connection(lambda: None)
    player.protocol = None
    player.connect()
    player.listen("video")
    while player.wait_for_more():
        pass
    names = {params["room_session"]["name"] for _, params in player.seen}
    assert len(names) == 2
    assert len(first.outbox) >= 2
