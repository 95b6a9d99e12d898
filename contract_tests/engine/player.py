"""Plays the client's part of a scenario in virtual time: exact to the microsecond."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from mockserver.protocol import catalogue, frames
from mockserver.protocol.lifecycles import LIFECYCLES
from mockserver.protocol.validation import is_refusal
from mockserver.scenarios import ClientStep, Command, Scenario, ScenarioScript, Trigger, complete
from mockserver.scenarios.commands import COMMANDS, EVERYBODY

from .harness import HOUR, Client, Frame, S, World

VIDEO_EVENTS = ("video.room.started", "video.room.ended")
LISTENED_IN_ROOMS = tuple(sorted(catalogue.EVENTS - {"video.room.started"}))
PROJECT = "player"
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
"""Commands that are called otherwise on the wire, where the call is no more than their name."""


class StuckError(AssertionError):
    """The player waits for something that will never happen."""


class Player:
    """One client that plays a scenario; nothing but its own waits takes time.

    Args:
        scenario: whose client's part is played.
        seed: the space's.
        latency_us: the space's, where the scenario does not set its own.
        reconnect_us: how long the client is away when its connection is lost.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: int = 0,
        latency_us: int = 30_000,
        reconnect_us: int = S,
    ) -> None:
        self.scenario = scenario
        self.world = World(
            seed=seed,
            latency_us=latency_us,
            script=lambda name, asked: ScenarioScript(scenario),
        )
        self.problems: list[str] = []
        self._client: Client | None = None
        self._reconnect_us = reconnect_us
        self._back_at: int | None = None
        self._doing = "nothing yet"
        self._consumed: Counter[str] = Counter()
        self._room: dict[str, Any] | None = None
        self._starts: dict[str | None, tuple[str, str]] = {}
        self._media: dict[str | None, tuple[str, str]] = {}
        self._newest: str | None = None
        self._subscribed: dict[str, set[str]] = {}

    @property
    def heard(self) -> list[tuple[str, dict[str, Any]]]:
        """Type and params of every event that came."""
        return self._client.events if self._client is not None else []

    def play(self) -> None:
        """Play all steps, wait for all that is expected, and then for all that may still come."""
        for step in self.scenario.client:
            self._doing = step.explain()
            self._take(step)
        self._doing = "waiting for all that is expected"
        self._until(lambda: complete(self.scenario, self.heard))
        self._pass(HOUR)

    # Time

    def _until(self, done: Callable[[], bool]) -> None:
        while not done():
            if not self._next(None):
                raise StuckError(f"{self.scenario.name}: {self._doing}")

    def _pass(self, us: int) -> None:
        until = self.world.clock.now() + us
        while self._next(until):
            pass
        self.world.move(until)
        self._see_loss()

    def _next(self, until: int | None) -> bool:
        """Move to whatever happens next, at ``until`` at the latest; False when nothing does."""
        self._see_loss()
        ahead = [due for due in (self.world.next_deadline(), self._back_at) if due is not None]
        if not ahead or (until is not None and min(ahead) > until):
            return False
        self.world.move(min(ahead))
        self._see_loss()
        if self._back_at is not None and self._back_at <= self.world.clock.now():
            self._back_at = None
            answer = self._connected().resume()
            assert "result" in answer, answer
        return True

    def _see_loss(self) -> None:
        client = self._client
        if client is None or client.closing is None or self._back_at is not None:
            return
        if client.closing.abrupt or "another connection" in client.closing.reason:
            self._back_at = self.world.clock.now() + self._reconnect_us

    # Steps

    def _take(self, step: ClientStep) -> None:
        if step.on is not None:
            self._wait_for(step.on)
        if step.after_us:
            self._pass(step.after_us)
        for command in step.commands:
            answers = self._do(command)
            if COMMANDS[command.verb].starts is not None and step.refused is None:
                continue
            for call_id in answers:
                self._until(lambda call_id=call_id: self._answer(call_id) is not None)  # type: ignore[misc]
            self._judge(command, [self._answered(call_id) for call_id in answers], step.refused)

    def _judge(self, command: Command, answers: list[Frame], refused: str | int | None) -> None:
        codes = [code for answer in answers if (code := _failure(answer)) is not None]
        expected = [] if refused is None else [refused]
        if codes != expected:
            self.problems.append(f"{command.explain()}: expected {expected}, came {codes}")

    def _wait_for(self, trigger: Trigger) -> None:
        event = trigger.value
        number = trigger.nth if trigger.nth is not None else self._consumed[event] + 1
        self._until(lambda: self._count(event) >= number)
        self._consumed[event] = max(self._consumed[event], number)
        params = [params for heard, params in self.heard if heard == event][number - 1]
        self._room = params.get("room_session", self._room)

    def _count(self, event: str) -> int:
        return sum(heard == event for heard, _ in self.heard)

    # Commands; each returns the ids of its calls

    def _do(self, command: Command) -> list[str]:
        do = getattr(self, f"_do_{command.verb}", None)
        if do is None:
            form = COMMANDS[command.verb]
            if form.starts is not None:
                do = self._start
            elif form.adopts is not None:
                do = self._adopt
            else:
                do = self._move if form.kinds else self._call
        calls: list[str] = do(command)
        return calls

    def _do_connect(self, command: Command) -> list[str]:
        if self._client is None:
            self._client = self.world.client(PROJECT)
        else:
            self._client.open()
        call_id = self._client.call("signalwire.connect", **self._client.connect_params())
        answer = self._answer(call_id)
        if answer is not None:
            self._client.note_connected(answer)
        return [call_id]

    def _do_disconnect(self, command: Command) -> list[str]:
        self._connected().lose()
        return []

    def _do_listen(self, command: Command) -> list[str]:
        if command.args["to"] == "video":
            return self._subscribe("video.rooms", VIDEO_EVENTS)
        return self._subscribe(self._in_room()["event_channel"], LISTENED_IN_ROOMS)

    def _subscribe(self, channel: str, events: tuple[str, ...]) -> list[str]:
        known = self._subscribed.setdefault(channel, set())
        missing = [event for event in events if event not in known]
        known.update(missing)
        if not missing:
            return []
        return [
            self._connected().call(
                "signalwire.subscribe",
                get_initial_state=True,
                event_channel=channel,
                events=missing,
            )
        ]

    def _do_get_rooms(self, command: Command) -> list[str]:
        call_id = self._connected().call("video.rooms.get")
        rooms = self._answered(call_id)["result"]["rooms"]
        if rooms:
            self._room = rooms[-1]
        return [call_id]

    def _do_get_room(self, command: Command) -> list[str]:
        call_id = self._connected().call("video.room.get", room_session_id=self._in_room()["id"])
        self._room = self._answered(call_id)["result"]["room"]
        return [call_id]

    def _start(self, command: Command) -> list[str]:
        kind = COMMANDS[command.verb].starts
        assert kind is not None
        events = sorted(each for each in catalogue.EVENTS if each.startswith(f"video.{kind}."))
        subscribed = self._subscribe(self._in_room()["event_channel"], tuple(events))
        params = dict(command.args)
        self._newest = params.pop("as", None)
        call_id = self._call_here(f"video.{kind}.start", params)
        self._media.pop(self._newest, None)
        self._starts[self._newest] = kind, call_id
        return [*subscribed, call_id]

    def _adopt(self, command: Command) -> list[str]:
        kind = COMMANDS[command.verb].adopts
        assert kind is not None
        call_id = self._call_here(f"video.{kind}.list", {})
        for media in self._answered(call_id)["result"][f"{kind}s"]:
            if media["state"] != LIFECYCLES[kind].final:
                self._newest = media["id"]
                self._media[self._newest] = kind, media["id"]
        return [call_id]

    def _move(self, command: Command) -> list[str]:
        """Pause, seek, …, once it has started and the client is there."""
        params = dict(command.args)
        name = params.pop("media", self._newest)
        self._until(lambda: self._started(name) is not None and self._back_at is None)
        kind, media_id = self._media[name]
        if "offset" in params:
            params["position"] = params.pop("offset") * (-1 if command.verb == "rewind" else 1)
        verb = CALLS.get(command.verb, command.verb)
        return [self._call_here(f"video.{kind}.{verb}", {f"{kind}_id": media_id, **params})]

    def _call(self, command: Command) -> list[str]:
        """What is called as it is written, of the room or of a member."""
        verb = CALLS.get(command.verb, command.verb)
        if "member" in command.args:
            params = dict(command.args)
            params["member_id"] = self._member_id(params.pop("member"))
            return [self._call_here(f"video.member.{verb}", params)]
        is_own_name = COMMANDS[command.verb].method is None
        params = dict(command.args if is_own_name else COMMANDS[command.verb].given)
        return [self._call_here(f"video.{verb}", params)]

    def _call_here(self, method: str, params: dict[str, Any]) -> str:
        """Make a call about the room."""
        here = {"room_session_id": self._in_room()["id"]}
        return self._connected().call(method, **here, **params)

    def _member_id(self, name: str) -> str:
        if name == EVERYBODY:
            return name
        call_id = self._call_here("video.members.get", {})
        members = self._answered(call_id)["result"]["members"]
        return str(next(each["id"] for each in members if each["name"] == name))

    def _started(self, name: str | None) -> tuple[str, str] | None:
        """Kind and id of what was adopted, or whose start was answered and told."""
        if name not in self._media:
            kind, call_id = self._starts[name]
            answer = self._answer(call_id)
            if answer is None:
                return None
            assert _failure(answer) is None, answer
            media_id: str = answer["result"][kind]["id"]
            told = (params for event, params in self.heard if event == f"video.{kind}.started")
            if all(params[kind]["id"] != media_id for params in told):
                return None
            self._media[name] = kind, media_id
        return self._media[name]

    # Small things

    def _connected(self) -> Client:
        assert self._client is not None, "not connected yet"
        return self._client

    def _in_room(self) -> dict[str, Any]:
        assert self._room is not None, "no room is known yet"
        return self._room

    def _answer(self, call_id: str) -> Frame | None:
        return self._connected().answer_to(call_id)

    def _answered(self, call_id: str) -> Frame:
        self._until(lambda: self._answer(call_id) is not None)
        answer = self._answer(call_id)
        assert answer is not None
        return answer


def _failure(answer: Frame) -> str | int | None:
    """The code that an answer failed with."""
    if not frames.is_answer(answer) or "error" in answer:
        code: int = answer["error"]["code"]
        return code
    result = answer["result"]
    return result["code"] if is_refusal(result) else None
