"""What one request costs while something else in the space, or in the server, grows.

    python benchmarks/ratios.py --growth

The engine alone, without sockets: CPU microseconds of a request, at each size. The request pauses
or resumes a recording, which is answered and causes an event for one session. What does not depend
on how much there is stays within 1.5 times.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

from mockserver import scenarios
from mockserver.engine import TABLES, Connection, Gate, Keeper, ManualClock, Space, Video
from mockserver.scenarios import ScenarioScript

SIZES = (10, 100, 1_000, 10_000)
REQUESTS = 400
REPEATS = 5
MOST = {"steps of a scenario": 1_000, "steps of one trigger": 1_000}
"""Where ten thousand cannot be: a file may have no more."""


class _Spaces(Keeper):
    """Keeps what it has made."""

    def __init__(self, make_space: Callable[[str], Space]) -> None:
        self._make_space = make_space
        self._spaces: dict[str, Space] = {}

    def __getitem__(self, name: str) -> Space:
        return self._spaces[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._spaces)

    def __len__(self) -> int:
        return len(self._spaces)

    def scenario_of(self, name: str) -> str | None:
        return None

    def make(self, name: str, scenario: str | None) -> Space:
        space = self._spaces[name] = self._make_space(name)
        return space


class World:
    """A gate, and one client who pauses and resumes a recording."""

    def __init__(
        self, *, members: int = 1, scenario: str = "", journal_limit: int = 10_000
    ) -> None:
        self.clock = ManualClock()
        self.scenario = scenario
        self.journal_limit = journal_limit
        self.gate = Gate(_Spaces(self.make_space), self.clock)
        self.client = self.connect("main")
        self.space = self.gate.spaces["main"]
        self.video = Video.of(self.space)
        self.room = self.video.start_room("lobby", members=[f"m-{each}" for each in range(members)])
        self.call(
            "signalwire.subscribe",
            event_channel=self.room.channel,
            events=["video.recording.started", "video.recording.updated"],
        )
        self.recording = self.record()

    def make_space(self, name: str) -> Space:
        script = ScenarioScript(scenarios.loads(self.scenario)) if self.scenario else None
        return Space(
            name,
            TABLES,
            clock=self.clock,
            latency_us=0,
            script=script,
            journal_limit=self.journal_limit,
        )

    def connect(self, project: str) -> Connection:
        connection = Connection(lambda: None)
        authentication = {"project": project, "token": "any"}
        version = {"major": 3, "minor": 0, "revision": 0}
        self.call("signalwire.connect", connection, authentication=authentication, version=version)
        return connection

    def call(self, method: str, connection: Connection | None = None, **params: object) -> bytes:
        connection = connection or self.client
        frame = {"jsonrpc": "2.0", "id": "x", "method": method, "params": params}
        self.gate.receive(connection, json.dumps(frame).encode())
        return connection.take()[0]

    def record(self) -> str:
        answer = json.loads(self.call("video.recording.start", room_session_id=self.room.id))
        recording: str = answer["result"]["recording"]["id"]
        return recording

    def cost_us(self) -> float:
        """CPU microseconds of a request: the least of some repeats."""
        frames = [
            json.dumps(
                {
                    "jsonrpc": "2.0",
                    "id": "x",
                    "method": f"video.recording.{verb}",
                    "params": {"room_session_id": self.room.id, "recording_id": self.recording},
                }
            ).encode()
            for verb in ("pause", "resume")
        ]
        costs = []
        for _ in range(REPEATS):
            begin = time.process_time()
            for number in range(REQUESTS):
                self.gate.receive(self.client, frames[number % 2])
                self.client.take()
            costs.append((time.process_time() - begin) / REQUESTS * 1e6)
        return min(costs)


def with_sessions(count: int) -> World:
    world = World()
    for _ in range(count):
        world.connect("main")
    return world


def with_spaces(count: int) -> World:
    world = World()
    for number in range(count):
        world.connect(f"project-{number}")
    return world


def with_rooms(count: int) -> World:
    world = World()
    for number in range(count):
        world.video.start_room(f"room-{number}", members=["Bob"])
    return world


def with_members(count: int) -> World:
    return World(members=count)


def with_recordings(count: int, *, ended: bool) -> World:
    world = World()
    for _ in range(count):
        recording = world.record()
        if ended:
            world.call(
                "video.recording.stop", room_session_id=world.room.id, recording_id=recording
            )
    return world


def with_steps(count: int) -> World:
    steps = "".join(f"  - {{at: {1_000 + each}h, do: start_room}}\n" for each in range(count))
    text = f"scenario: long\nabout: Many steps.\nrooms: {{lobby: {{members: 1}}}}\nscript:\n{steps}"
    return World(scenario=text)


def with_waiting_steps(count: int) -> World:
    """Steps that wait for what each request causes, but for a later time of it."""
    when = "when: {event: video.recording.updated, nth: %d}"
    steps = "".join(f"  - {{{when % (100_000 + each)}, do: start_room}}\n" for each in range(count))
    text = f"scenario: long\nabout: Many steps.\nrooms: {{lobby: {{members: 1}}}}\nscript:\n{steps}"
    return World(scenario=text)


def with_frames(count: int) -> World:
    """A journal of the usual size, which ten thousand frames fill."""
    world = World()
    while world.space.journal.last < count:
        world.call("video.rooms.get")
    return world


def with_journal(count: int) -> World:
    """A journal that has room for ``count`` frames, and is full."""
    world = World(journal_limit=count)
    while not world.space.journal.dropped:
        world.call("video.rooms.get")
    return world


GROWING: dict[str, Callable[[int], World]] = {
    "sessions": with_sessions,
    "spaces": with_spaces,
    "rooms": with_rooms,
    "members": with_members,
    "recordings that run": partial(with_recordings, ended=False),
    "recordings that ended": partial(with_recordings, ended=True),
    "steps of a scenario": with_steps,
    "steps of one trigger": with_waiting_steps,
    "frames in the journal": with_frames,
    "room in a full journal": with_journal,
}


Costs = dict[str, dict[str, float]]
"""What grows -> its size -> CPU microseconds of a request."""


def measure() -> Costs:
    """Measure a row for everything that can grow."""
    return {name: {str(size): cost for size, cost in _row(name)} for name in GROWING}


def show() -> None:
    """Print the rows."""
    heads = "".join(f"{size:>10,}" for size in SIZES)
    print(f"{'CPU µs per request':<24}{heads}   last to first")
    for name in GROWING:
        costs = []
        print(f"{name:<24}", end="")
        for _, cost in _row(name):
            costs.append(cost)
            print(f"{cost:>10.1f}", end="")
            sys.stdout.flush()
        gap = " " * 10 * (len(SIZES) - len(costs))
        print(f"{gap}   {costs[-1] / costs[0]:.2f}")


def _row(name: str) -> Iterator[tuple[int, float]]:
    for size in SIZES:
        if size <= MOST.get(name, size):
            yield size, GROWING[name](size).cost_us()


if __name__ == "__main__":
    show()
