"""The vendor's clients when the service is restarted: the port is closed, and later open again."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from contract_tests.shared import processes
from contract_tests.shared.patience import PATIENCE_S
from mockserver import scenarios

from .runs import NodeRunner, frames

# A client tries again after 1 to 4 seconds [T]: the first time in vain.
SCENARIO = """\
scenario: restarted
about: The service is restarted while a recording runs, and the client stops it afterwards.
rooms: {lobby: {}}
script:
  - {when: {subscribed: video.rooms}, after: 200ms, do: start_room}
  - when: {event: video.recording.started}
    after: 200ms
    do: {fault: {restart: {closed_for: 4500ms}}}
client:
  - on: {event: video.room.started}
    do: [{listen: room}, start_recording]
  - {after: 12s, do: stop}
expect:
  - video.room.started: {room_session: {name: lobby}}
  - video.recording.started: {}
"""


@pytest.mark.parametrize("client", ["4", "3"])
def test_it_comes_back_and_its_calls_come_through(
    client: str, node: NodeRunner, serve: Callable[..., processes.ServerProcess], tmp_path: Path
) -> None:
    path = tmp_path / "restarted.yaml"
    path.write_text(SCENARIO)
    server = serve("--scenario", str(path))
    # Made on purpose, it stays the same space while nobody is there.
    request = urllib.request.Request(
        f"{server.http}/__mock__/spaces", json.dumps({"name": "shop"}).encode(), method="POST"
    )
    request.add_header("Content-Type", "application/json")
    urllib.request.urlopen(request, timeout=PATIENCE_S).close()
    run = node(
        f"player-{client}.mjs",
        {
            "host": server.url,
            "project": "shop",
            "token": "any",
            "speed": 1,
            "timeout_s": PATIENCE_S - 5,
            "part": scenarios.client_part_as_json(scenarios.load(path)),
        },
    )
    trace = server.trace("shop")
    told = run.told(trace)
    assert run.exit_code == 0, told
    sent = [(one.session, frame.get("method")) for one, frame in frames(trace, to_client=False)]
    assert ("s2", "video.recording.stop") in sent, told
