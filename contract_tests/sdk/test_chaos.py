"""The vendor's client 4.2.1 on bad days: it hears of everything, and its calls come through.

It does not discard ids that it knows: an event that comes twice is heard twice. Its application has
to, as the test does here.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contract_tests.shared.patience import PATIENCE_S
from mockserver import contract, scenarios
from mockserver.protocol.frames import is_call

from .runs import SPEED, NodeRunner, Server, frames

SCENARIO = "pause-resume"

TOLERANCE_S = 1.0 * SPEED
"""Seconds of the server's clock: what is late by chaos, and a busy machine."""


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("seed", [2, 4])
def test_a_recording_is_paused_resumed_and_stopped(
    seed: int, level: int, node: NodeRunner, serve: Callable[..., Server]
) -> None:
    server = serve("--speed", str(SPEED), "--chaos", str(seed), "--chaos-level", str(level))
    scenario = scenarios.load(SCENARIO)
    run = node(
        "player-4.mjs",
        {
            "host": server.url,
            "project": SCENARIO,
            "token": f"scenario:{SCENARIO}",
            "speed": SPEED,
            "timeout_s": PATIENCE_S - 5,
            "part": scenarios.client_part_as_json(scenario),
        },
    )
    trace = server.trace(SCENARIO)
    assert run.exit_code == 0, run.told(trace)
    connected = [frame["method"] for _, frame in frames(trace, to_client=False) if is_call(frame)]
    assert (connected.count("signalwire.connect") > 1) is (level > 1), "sockets are lost from 2 on"
    told = [(line["event"], line["params"]) for line in run.lines if "event" in line]
    heard = [each for number, each in enumerate(told) if each not in told[:number]]
    assert scenarios.judge(scenario, heard, TOLERANCE_S) == [], run.told(trace)
    broken = contract.check(trace)
    assert not broken, f"{contract.render(broken, trace)}\n{run.told(trace)}"
