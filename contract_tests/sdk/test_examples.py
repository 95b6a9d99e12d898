"""The three examples of the documentation of RoomSessionRecording, as a user would run them."""

from __future__ import annotations

import os

import pytest

from mockserver import contract

from .runs import (
    SPEED,
    NodeRunner,
    Server,
    calls,
    events,
    recording_states,
    timeline,
    trace_when,
    unacknowledged,
    unsuccessful,
)

WAIT_S = 5.0
"""What the examples wait between two actions, on the server's clock."""

STARTED = ("started", "recording")
PAUSED = ("updated", "paused")
RESUMED = ("updated", "recording")
ENDED = ("ended", "completed")
OF_ALL_ROOMS = {"video.room.started", "video.room.ended"}
AT_START = {"video.recording.started", "video.recording.ended"}
OF_THE_ROOM = AT_START | {
    "video.recording.updated",
    "video.member.joined",
    "video.member.left",
}


@pytest.mark.parametrize(
    ("example", "printed", "states", "actions"),
    [
        (
            "pause",
            ["Stopping recording", "Recording State: paused. Recording Id: {id}"],
            [STARTED, PAUSED],
            ["pause"],
        ),
        (
            "resume",
            [
                "Pausing recording",
                "Recording State: paused. Recording Id: {id}",
                "Resuming recording",
                "Recording State: recording. Recording Id: {id}",
            ],
            [STARTED, PAUSED, RESUMED],
            ["pause", "resume"],
        ),
        (
            "stop",
            [
                "Stopping recording",
                "Recording ended. Recording State: completed. Recording Id: {id}",
            ],
            [STARTED, ENDED],
            ["stop"],
        ),
    ],
)
def test_documented_example(
    example: str,
    printed: list[str],
    states: list[tuple[str, str]],
    actions: list[str],
    node: NodeRunner,
    server: Server,
) -> None:
    environment = {
        **os.environ,
        "HOST": server.url,
        "PROJECT": example,
        "TOKEN": "any",
        "WAIT_MS": str(WAIT_S * 1000 / SPEED),
    }
    with node.started(f"examples/{example}.mjs", environment) as output:
        came = output.until(printed[-1].partition(" {id}")[0])
    trace = trace_when(lambda: server.trace(example), lambda trace: not unacknowledged(trace))
    seen = f"printed: {output.lines}\n{timeline(trace)}"
    assert came, seen

    told = events(trace)
    (room,) = [params for event, params in told if event == "video.room.started"]
    ids = [params["recording"]["id"] for _, params in told if "recording" in params]
    members = [line for line in output.lines if line.startswith("Member ")]
    assert [line for line in output.lines if line not in members] == [
        f"Room started {room['room_session']['display_name']}",
        "Recording started",
        *(line.format(id=ids[0]) for line in printed),
    ], seen
    changes = [
        f"Member {event.rpartition('.')[2]} {params['member']['name']}"
        for event, params in told
        if event in ("video.member.joined", "video.member.left")
    ]
    # Members come and go on; the last may have done so after the last line that was read.
    assert members, seen
    assert members == changes[: len(members)], seen

    assert [
        (call["method"], *map(set, filter(None, [call["params"].get("events")])))
        for call in calls(trace)
    ] == [
        ("signalwire.connect",),
        ("signalwire.subscribe", OF_ALL_ROOMS),
        ("signalwire.subscribe", AT_START),
        ("video.recording.start",),
        ("signalwire.subscribe", OF_THE_ROOM),
        *((f"video.recording.{action}",) for action in actions),
    ], seen
    assert unsuccessful(trace) == [], seen
    assert unacknowledged(trace) == [], seen
    assert recording_states(trace) == states, seen
    assert len(set(ids)) == 1, seen
    broken = contract.check(trace)
    assert not broken, f"{contract.render(broken, trace)}\n{seen}"
