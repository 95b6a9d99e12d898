"""Every shipped file, played with exact times against the engine, without a socket or a wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from mockserver.engine import Connection, Gate, ManualClock, Space
from mockserver.scenarios import ScenarioScript, library, loader, oracle
from mockserver.scenarios.format import ClientStep, Command, Scenario, Trigger

FILES = {summary.name: summary.path for summary in library.shipped()}
# How long a player goes on after all has come, to see that no more comes.
AFTERWARDS_US = 5_000_000
ROOM_EVENTS = [
    "video.recording.started",
    "video.recording.updated",
    "video.recording.ended",
    "video.member.joined",
    "video.member.updated",
    "video.member.left",
    "video.room.updated",
    "video.room.ended",
]


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
        self.starts: dict[str | None, str] = {}
        self.recording_ids: dict[str | None, str] = {}
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
            if step.refused is not None and command.verb == "start_recording":
                result = self.answer(self.starts[self.newest])
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
        verb, args = command.verb, command.args
        if verb == "connect":
            return self.connect()
        if verb == "listen":
            return self.listen(args["to"])
        if verb == "get_rooms":
            result = self.call("video.rooms.get")
            self.room_session = result["rooms"][0]
            return result
        here = {"room_session_id": self.room_session["id"]}
        if verb == "start_recording":
            self.newest = args.get("as")
            self.starts[self.newest] = self.send("video.recording.start", here)
            return {}
        if verb == "get_recordings":
            result = self.call("video.recording.list", **here)
            self.newest = result["recordings"][-1]["id"]
            self.recording_ids[self.newest] = result["recordings"][-1]["id"]
            return result
        name = args.get("recording", self.newest)
        if name not in self.recording_ids:
            self.recording_ids[name] = self.answer(self.starts[name])["recording"]["id"]
        return self.call(f"video.recording.{verb}", **here, recording_id=self.recording_ids[name])

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


@pytest.mark.parametrize("name", sorted(FILES.keys() - {"bad-credentials", "demo", "slow-answers"}))
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
