"""Every shipped scenario, played over a socket and checked against its oracle and the contract."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from contract_tests.shared.client import Client
from contract_tests.shared.processes import ServerProcess
from mockserver import contract, scenarios
from mockserver.cli.demo.play import Played, play

from .conftest import SPEED, Connect, Target

pytestmark = pytest.mark.only_the_mock("scenarios are chosen by token")

LATE_S = 1.0
"""Real seconds by which the client's own waits, taken together, may be late on a busy machine.

The server's clock multiplies them by its speed, so a duration that the client decides is not known
here to better than twenty seconds. Nothing is lost by that: the contract demands of the same trace
that each duration is, to the microsecond, what the times of its events add up to. Where the service
decides, a late client changes nothing, and nothing is tolerated.
"""

NAMES = [each.name for each in scenarios.shipped()]


def tolerance_s(scenario: scenarios.Scenario) -> float:
    verbs = {command.verb for step in scenario.client for command in step.commands}
    return LATE_S * SPEED if verbs & {"pause", "resume", "stop"} else 0.0


def project_of(name: str) -> str:
    return f"playing-{name}"


async def play_it(target: Target, name: str) -> Played:
    return await play(
        scenarios.load(name),
        host=target.url,
        project=project_of(name),
        token=f"scenario:{name}",
        speed=SPEED,
    )


def judge(mock: ServerProcess, name: str, played: Played) -> list[str]:
    """Check one play against all there is to check it against: what was wrong, in words."""
    scenario = scenarios.load(name)
    trace = mock.trace(project_of(name))
    told: list[tuple[str, dict[str, Any]]] = [
        (entry.frame["params"]["event_type"], entry.frame["params"]["params"])
        for entry in trace
        if entry.to_client and entry.frame and entry.frame.get("method") == "signalwire.event"
    ]
    sessions = {entry.session for entry in trace if entry.session is not None}
    tolerance = tolerance_s(scenario)
    problems = list(played.problems)
    problems += [f"heard: {each}" for each in scenarios.judge(scenario, played.heard, tolerance)]
    problems += [f"journal: {each}" for each in scenarios.judge(scenario, told, tolerance)]
    if violations := contract.check(trace):
        problems.append(contract.render(violations, trace))
    if len(sessions) > 1:
        problems.append(f"one client, and these sessions: {sorted(sessions)}")
    return problems


@pytest.mark.parametrize("name", NAMES)
async def test_goes_as_its_file_says(name: str, target: Target, mock: ServerProcess) -> None:
    played = await play_it(target, name)
    assert judge(mock, name, played) == []


async def test_scenarios_do_not_disturb_each_other(serve: Any) -> None:
    """All at once, in one server: nobody hears anything of another's."""
    mock = serve("--speed", f"{SPEED:g}")
    everybody = Target(mock.url, "", "", mock)
    plays = await asyncio.gather(*(play_it(everybody, name) for name in NAMES))
    problems = {name: judge(mock, name, played) for name, played in zip(NAMES, plays, strict=True)}
    assert {name: each for name, each in problems.items() if each} == {}


async def test_unknown_scenario_is_refused_with_the_nearest_names(connect: Connect) -> None:
    client = await connect(authenticated=False)
    answer = await client.connect("somebody", "scenario:pause-resum")
    assert answer["error"]["code"] == -32002
    assert '"pause-resume"' in answer["error"]["message"]


async def test_token_names_no_file(connect: Connect, tmp_path: Any) -> None:
    """Only who starts the server may have it read files."""
    path = tmp_path / "own.yaml"
    path.write_text("scenario: own\nabout: Nobody's.\n")
    client = await connect(authenticated=False)
    for name in (str(path), "../scenarios/demo", "demo.yaml", ""):
        answer = await client.connect("somebody", f"scenario:{name}")
        assert answer["error"]["code"] == -32002, name


async def test_scenario_of_others_is_not_disturbed_by_a_newcomer_with_another(
    connect: Connect, target: Target
) -> None:
    first = await connect(token="scenario:demo")
    room = await first.enter_room()
    newcomer = await connect(authenticated=False)
    refused = await newcomer.connect(target.project, "scenario:start-stop")
    assert refused["error"]["code"] == -32002
    assert "demo" in refused["error"]["message"]
    assert "start-stop" in refused["error"]["message"]
    await room.start_recording()
    welcome = await newcomer.connect(target.project, "scenario:demo")
    assert "result" in welcome


async def test_scenario_is_played_afresh_once_nobody_is_there(
    connect: Connect, target: Target
) -> None:
    """A test that runs again with the same project gets the same story again."""

    async def room_of(client: Client) -> str:
        room = await client.enter_room()
        await client.socket.close()
        return room.id

    rooms = [await room_of(await connect(token="scenario:start-stop")) for _ in range(2)]
    assert rooms[0] == rooms[1], "the same seed tells the same story"
