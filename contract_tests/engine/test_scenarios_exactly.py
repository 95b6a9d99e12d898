"""Every shipped scenario, played in virtual time and checked against its own `expect` exactly."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import orjson
import pytest

from mockserver import contract, scenarios
from mockserver.protocol import frames
from mockserver.protocol.lifecycles import LIFECYCLES
from mockserver.scenarios import AnyOrder, Scenario, ScenarioScript

from .harness import MS, S, World, violations
from .player import PROJECT, Player, StuckError

NAMES = [summary.name for summary in scenarios.shipped()]
UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

load = cache(scenarios.load_named)
every_scenario = pytest.mark.parametrize("name", NAMES)


def played(scenario: Scenario, **how: int) -> Player:
    player = Player(scenario, **how)
    player.play()
    return player


def bytes_of(player: Player) -> bytes:
    (space,) = player.world.gate
    return b"\n".join(orjson.dumps(entry) for entry in space.journal.entries())


def problems_of(player: Player) -> list[str]:
    """All that is not as it should be: steps, oracle, rules of either side, undocumented fields."""
    (space,) = player.world.gate
    return [
        *player.problems,
        *scenarios.judge(player.scenario, player.heard, tolerance_s=0.0),
        *violations(contract.Trace.from_entries(space.journal.entries()), contract.RULES),
    ]


@every_scenario
def test_what_it_expects_comes_exactly(name: str) -> None:
    assert problems_of(played(load(name))) == []


@pytest.mark.parametrize("latency_us", [0, 1, 333 * MS], ids=["none", "1us", "333ms"])
@pytest.mark.parametrize("name", [name for name in NAMES if load(name).latency_us is None])
def test_it_comes_exactly_at_any_latency(name: str, latency_us: int) -> None:
    """Where a scenario does not set the latency, its durations do not depend on it."""
    assert problems_of(played(load(name), latency_us=latency_us)) == []


@pytest.mark.parametrize("reconnect_us", [0, 50 * MS, 4 * S], ids=["at-once", "50ms", "4s"])
def test_however_long_the_client_is_away(reconnect_us: int) -> None:
    player = played(load("resume-after-drop"), reconnect_us=reconnect_us)
    assert problems_of(player) == []
    (session,) = player.world.space.sessions.values()
    assert session.name == "s1"


@every_scenario
def test_the_same_seed_gives_the_same_bytes(name: str) -> None:
    scenario = load(name)
    first = bytes_of(played(scenario, seed=7))
    assert first == bytes_of(played(scenario, seed=7))
    if UUID.search(first):
        assert first != bytes_of(played(scenario, seed=8))


@every_scenario
def test_seeds_change_ids_and_names_only(name: str) -> None:
    """Times, order and shapes are the scenario's, not the seed's."""
    scenario = load(name)

    def shape(seed: int) -> list[tuple[float, str, str | None, list[str]]]:
        (space,) = played(scenario, seed=seed).world.gate
        return [
            (
                entry["time"],
                entry["direction"],
                entry["frame"].get("method"),
                sorted(entry["frame"].get("params", entry["frame"])),
            )
            for entry in space.journal.entries()
            if "note" not in entry
        ]

    assert shape(1) == shape(2)


def test_two_spaces_never_share_an_id() -> None:
    """Not even with the same seed and the same script: every uuid that the server draws differs."""
    player = played(load("two-recordings"))
    seen: set[bytes] = set()
    for project in ("a", "b", "a/b"):
        client = player.world.connected(project)
        client.subscribe("video.rooms", "video.room.started")
        player.world.settle()
        (_, started) = client.events[0]
        client.result("video.recording.start", room_session_id=started["room_session"]["id"])
        player.world.settle()
        said = [frame for frame in client.frames if frames.is_call(frame) or "result" in frame]
        drawn = set(UUID.findall(orjson.dumps(said)))
        assert len(drawn) >= 6
        assert not drawn & seen
        seen |= drawn
    (first,) = [space for space in player.world.gate if space.name == PROJECT]
    said = [entry["frame"] for entry in first.journal.entries()]
    assert not set(UUID.findall(orjson.dumps(said))) & seen


def expects_a_duration(name: str) -> bool:
    entries = load(name).expect
    each = [one for e in entries for one in (e.expected if isinstance(e, AnyOrder) else (e,))]
    return any(path.endswith(".duration") for one in each for path, _ in one.leaves())


@pytest.mark.parametrize("name", [name for name in NAMES if expects_a_duration(name)])
def test_a_scenario_notices_a_duration_that_is_wrong(name: str) -> None:
    """By a microsecond."""
    player = played(load(name))
    for _, params in player.heard:
        for kind in LIFECYCLES:
            if "duration" in params.get(kind, ()):
                params[kind]["duration"] += 0.000001
    assert scenarios.judge(player.scenario, player.heard, tolerance_s=0.0)


def test_demo_gives_every_session_a_room_of_its_own() -> None:
    world = World(script=lambda name, asked: ScenarioScript(load("demo")))
    clients = [world.connected(), world.connected()]
    for client in clients:
        client.subscribe("video.rooms", "video.room.started")
    world.settle()
    for client in clients:
        names = [params["room_session"]["name"] for _, params in client.events]
        assert len(names) == len(set(names)) == 2


def test_the_player_notices_a_scenario_that_does_not_hold() -> None:
    """A wrong duration by one microsecond, an event too few, a step that waits for ever."""
    source = Path(load("start-stop").path).read_text("utf-8")
    later = scenarios.loads(source.replace("duration: 5}", "duration: 5.000001}"))
    assert any("duration" in problem for problem in problems_of(played(later)))
    silent = scenarios.loads(source.replace("do: end_room", "do: join"))
    with pytest.raises(StuckError):
        played(silent)


PLAYED = """
scenario: x
about: What a client plays is as long as the scenario says.
rooms: {lobby: {}}
playbacks:
  "https://example.com/long.mp3": {length: 1h, seekable: false}
  "*": {length: 8s}
script:
  - {when: {subscribed: video.rooms}, do: start_room}
client:
  - on: {event: video.room.started}
    do: [{listen: room}, {play: "https://example.com/any.mp3"}]
  - on: {event: video.playback.ended}
    do: {play: "https://example.com/long.mp3"}
  - after: 1s
    do: {seek: 5}
    refused: {code: "409"}
expect:
  - video.playback.started: {playback: {state: playing, seekable: true}}
  - video.playback.ended: {playback: {state: completed, position: 8000}}
  - video.playback.started: {playback: {state: playing, seekable: false}}
  - video.playback.ended: {playback: {state: completed, position: 3600000}}
"""


@pytest.mark.parametrize("seed", [0, 1])
def test_what_a_client_plays_is_as_the_scenario_says(seed: int) -> None:
    scenario = scenarios.loads(PLAYED)
    assert problems_of(played(scenario, seed=seed)) == []
    assert "What is played:" in scenario.explain()
