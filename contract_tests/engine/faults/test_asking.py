"""Faults that a token or a scenario asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver import scenarios
from mockserver.engine import Space
from mockserver.engine.tokens import Wishes, read
from mockserver.scenarios import ScenarioScript, loader

from ..harness import MakeWorld, S, World

SCENARIO = """\
scenario: x
about: Faults from the beginning, and later.
rooms: {lobby: {members: [Ann]}}
script:
  - {at: 1s, do: [{fault: {delay: {by: 2s, events: video.room.ended}}}, {fault: drop}]}
faults:
  - duplicate
  - refuse: {method: video.recording.pause, code: "409"}
"""


def active(space: Space) -> list[str]:
    return [each.fault.name for each in space.faults.active]


# Tokens


@pytest.mark.parametrize(
    ("token", "wishes"),
    [
        ("secret", Wishes()),
        ("", Wishes()),
        ("scenario:demo", Wishes("demo")),
        ("fault:drop", Wishes(None, ("drop",))),
        ("scenario:demo,fault:drop,fault:delay", Wishes("demo", ("drop", "delay"))),
        ("fault:delay,scenario:demo", Wishes("demo", ("delay",))),
    ],
)
def test_what_a_token_asks_for(token: str, wishes: Wishes) -> None:
    assert read(token) == wishes


def test_a_token_injects_a_fault_for_its_own_session(world: World) -> None:
    world.connected()
    faulty = world.connected(token="fault:never_answer")
    (injection,) = world.space.faults.active
    assert injection.given == {"session": "s2"}
    assert faulty.answer_to(faulty.call("video.rooms.get")) is None
    assert faulty.result("video.rooms.get")["code"] == "200"


def test_a_resumed_session_gets_no_fault_again(world: World) -> None:
    client = world.connected(token="fault:never_answer")
    client.call("video.rooms.get")
    client.lose()
    client.resume()
    assert active(world.space) == []


def test_an_unknown_fault_is_refused_by_name(world: World) -> None:
    answer = world.client(token="fault:dorp").connect()
    assert answer["error"]["message"].endswith('no fault "dorp"; did you mean drop?')


# Scenarios


def test_a_scenario_injects_from_its_beginning_and_by_its_script(make_world: MakeWorld) -> None:
    scenario = loader.loads(SCENARIO)
    world = make_world(script=lambda name, wanted: ScenarioScript(scenario))
    world.connected()
    assert active(world.space) == ["duplicate", "refuse"]
    world.wait(S)
    assert active(world.space) == ["duplicate", "refuse", "delay", "drop"]


def test_a_scenario_explains_its_faults() -> None:
    told = "\n".join(loader.loads(SCENARIO).explain())
    assert "the fault duplicate." in told
    assert "the fault refuse (method video.recording.pause, code 409)." in told
    assert "the fault delay (by 2s, events video.room.ended), the fault drop." in told


@pytest.mark.parametrize(
    ("faults", "problem"),
    [
        ("[dorp]", 'faults[0]: unknown fault "dorp"; did you mean "drop"?'),
        ("[{drop: {evnts: x}}]", 'faults[0].drop: unknown key "evnts"; did you mean "events"?'),
        ("[{delay: {by: soon}}]", "faults[0].delay.by: expected a duration"),
        ("[{drop: {times: 0}}]", "faults[0].drop.times: expected"),
        ("[{refuse: {code: '200'}}]", "faults[0].refuse.code: expected"),
        ("[{refuse: {events: x}}]", 'faults[0].refuse: unknown key "events"'),
        ("drop", "faults: expected a list"),
    ],
)
def test_a_faulty_fault_is_told_with_its_place(faults: str, problem: str) -> None:
    with pytest.raises(scenarios.ScenarioError) as caught:
        loader.loads(f"scenario: x\nabout: x\nfaults: {faults}\n", str(Path("x.yaml")))
    assert problem in str(caught.value)
