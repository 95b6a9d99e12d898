"""Every scenario that ships, played by each of the vendor's clients."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from contract_tests.shared.patience import PATIENCE_S
from mockserver import contract, scenarios
from mockserver.protocol.frames import is_call, is_event
from mockserver.scenarios.commands import COMMANDS

from .runs import SPEED, NodeRunner, Server, events, frames, timeline, unacknowledged

TOLERANCE_S = 0.25 * SPEED
"""Seconds of the server's clock: a quarter of a real second, by which a busy machine may be late in
places that the trace does not show.

To it comes by how much the client's calls were late while a recording could run, as the trace
tells: the server counts that as recorded, and rightly so. How exactly a duration fits the calls,
whenever they came, is judged without this tolerance by the rule `durations-add-up`.
"""

METHODS = {
    "connect": "signalwire.connect",
    "listen": "signalwire.subscribe",
    "get_rooms": "video.rooms.get",
    "get_room": "video.room.get",
    "get_members": "video.members.get",
    "get_layouts": "video.list_available_layouts",
    "get_recordings": "video.recording.list",
    "get_playbacks": "video.playback.list",
    "get_streams": "video.stream.list",
    "start_recording": "video.recording.start",
    "play": "video.playback.start",
    "start_stream": "video.stream.start",
    "raise_hand": "video.member.raisehand",
    "lower_hand": "video.member.lowerhand",
}
"""The calls by which commands of a scenario show in a trace, where their names do not tell."""

MOVES = {"seek": "seek_absolute", "forward": "seek_relative", "rewind": "seek_relative"}
"""The same of what is done to recordings, playbacks and streams."""

NOT_SURFACED = {
    # Members of neither have a property for what has changed; its room sessions have none either,
    # and none for whether they are streamed.
    "3": {
        ("video.room.updated", "room_session.updated"),
        ("video.room.updated", "room_session.streaming"),
        ("video.room.started", "room_session.streaming"),
        ("video.member.updated", "member.updated"),
    },
    "4": {("video.member.updated", "member.updated")},
}
"""Per client, what scenarios expect of an event and its public objects do not tell."""

REFUSED_CREDENTIALS = {
    "3": ["Auth Error", "Wrong credentials"],
    "4": ["Auth Error"],
}
"""Per client, what it logs when it is not let in."""


@pytest.mark.parametrize("client", ["4", "3"])
@pytest.mark.parametrize("name", [summary.name for summary in scenarios.shipped()])
def test_scenario(name: str, client: str, node: NodeRunner, server: Server) -> None:
    scenario = scenarios.load(name)
    run = node(
        f"player-{client}.mjs",
        {
            "host": server.url,
            "project": name,
            "token": f"scenario:{name}",
            "speed": SPEED,
            "timeout_s": PATIENCE_S - 5,
            "part": scenarios.client_part_as_json(scenario),
        },
    )
    trace = server.trace(name)
    assert run.exit_code == 0, run.told(trace)
    tolerance_s = TOLERANCE_S + _late_s(scenario, trace)

    surfaced = _without(scenario, NOT_SURFACED[client])
    heard = [(line["event"], line["params"]) for line in run.lines if "event" in line]
    assert scenarios.judge(surfaced, heard, tolerance_s) == [], run.told(trace)
    assert scenarios.judge(scenario, events(trace), tolerance_s) == [], run.told(trace)
    broken = contract.check(trace)
    assert not broken, f"{contract.render(broken, trace)}\n{run.told(trace)}"

    refused = [step.refused for step in scenario.client if step.refused is not None]
    assert [line["code"] for line in run.lines if "refused" in line] == refused, run.told(trace)
    # Whatever else a client cannot make sense of, it logs and lives on.
    assert run.logged == _logged(refused, client), run.told(trace)
    if client == "4":
        # The player leaves with the last event that the scenario names; others may be on their way.
        named = scenarios.expected_counts(scenario)
        missing = [event for event in unacknowledged(trace) if event in named]
        assert missing == [], timeline(trace)


def _late_s(scenario: scenarios.Scenario, trace: contract.Trace) -> float:
    """By how much the client's calls were not when its steps say, in sum, while it may record."""
    sent = [one for one in frames(trace, to_client=True) if is_event(one[1])]
    calls = iter([one for one in frames(trace, to_client=False) if is_call(one[1])])
    answered = {frame["id"]: entry.time for entry, frame in frames(trace, to_client=True)}
    consumed: Counter[str] = Counter()
    late, due, recording = 0.0, trace.entries[0].time, False
    for step in scenario.client:
        if step.on is not None:
            event = step.on.value
            consumed[event] = max(consumed[event], step.on.nth or consumed[event] + 1)
            times = [entry.time for entry, frame in sent if frame["params"]["event_type"] == event]
            due = max(due, times[consumed[event] - 1])
        due += step.after_us / 1e6
        for command in step.commands:
            method = _method(command)
            if method is None:
                continue
            entry, call = next(one for one in calls if one[1]["method"] == method)
            late += abs(entry.time - due)
            due = answered[call["id"]]
            if COMMANDS[command.verb].starts is not None:
                # The player does not wait for its answer. Before the first, nothing is late.
                due = entry.time
                late = late if recording else 0.0
                recording = recording or step.refused is None
    return late


def _method(command: scenarios.Command) -> str | None:
    """The call by which a command shows in a trace; None for a disconnect, which shows in none."""
    form = COMMANDS[command.verb]
    if command.verb == "disconnect":
        return None
    if command.verb in METHODS:
        return METHODS[command.verb]
    if form.kinds:
        return f"video.{command.kind}.{MOVES.get(command.verb, command.verb)}"
    of_a_member = any(argument.kind == "member" for argument in form.arguments)
    return f"video.member.{command.verb}" if of_a_member else f"video.{command.verb}"


def _logged(refused: list[str | int], client: str) -> list[str]:
    logged: list[str] = []
    for code in refused:
        logged += ["Execute error"] if isinstance(code, str) else REFUSED_CREDENTIALS[client]
    return logged


def _without(scenario: scenarios.Scenario, dropped: set[tuple[str, str]]) -> scenarios.Scenario:
    """The scenario without those fields (event type, dotted path) of what it expects."""

    def trimmed(one: scenarios.Expected) -> scenarios.Expected:
        fields = {
            key: {
                inner: each
                for inner, each in value.items()
                if (one.event, f"{key}.{inner}") not in dropped
            }
            if isinstance(value, dict)
            else value
            for key, value in one.fields.items()
        }
        return replace(one, fields=fields)

    expect: list[Any] = [
        replace(entry, expected=tuple(trimmed(one) for one in entry.expected))
        if isinstance(entry, scenarios.AnyOrder)
        else trimmed(entry)
        for entry in scenario.expect
    ]
    return replace(scenario, expect=tuple(expect))
