"""Sessions of the vendor's clients, kept by the recorder, are judged, compared and played again."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contract_tests.conftest import Serve
from contract_tests.engine.player import Player
from contract_tests.shared import processes
from contract_tests.shared.patience import PATIENCE_S
from mockserver import contract, scenarios
from mockserver.traces.compare import compare
from mockserver.traces.scenario import make
from mockserver.traces.scrub import scrub

from .runs import NodeRunner

TOKEN = "PT-very-secret"

SHORT = """\
scenario: short
about: Everything that takes no time.
rooms: {lobby: {members: [Ann, Bob]}}
script:
  - {when: {subscribed: video.rooms}, after: 200ms, do: start_room}
  - {when: {call: video.recording.pause}, after: 200ms, do: {join: {name: Carl}}}
  - {when: {event: video.recording.ended}, after: 300ms, do: end_room}
client:
  - on: {event: video.room.started}
    do: [{listen: room}, start_recording]
  - {after: 400ms, do: pause}
  - {after: 400ms, do: resume}
  - {after: 400ms, do: {audio_mute: Ann}}
  - {after: 400ms, do: stop}
expect:
  - video.room.started: {room_session: {name: lobby}}
  - video.recording.started: {}
  - video.recording.updated: {recording: {state: paused}}
  - video.member.joined: {member: {name: Carl}}
  - video.recording.updated: {recording: {state: recording}}
  - video.member.updated: {member: {name: Ann, audio_muted: true}}
  - video.recording.ended: {}
  - video.room.ended: {}
"""


@contextmanager
def recorder(to: str, folder: Path) -> Iterator[str]:
    """A recorder between a client and a server; gives its address. It ends with exit code 0."""
    words = ["record", "--to", to, "--out", "session.jsonl", "--port", "0"]
    process = subprocess.Popen(
        [*processes.MODULE, *words], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        assert first.startswith("recording: ")
        yield first.split()[1]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("client", ["4", "3"])
def test_a_session_that_was_kept(
    client: str, node: NodeRunner, serve: Serve, tmp_path: Path
) -> None:
    path = tmp_path / "short.yaml"
    path.write_text(SHORT)
    scenario = scenarios.load(path)
    server = serve("--scenario", str(path))
    with recorder(server.url, tmp_path) as url:
        spec = {
            "host": url,
            "project": "shop",
            "token": TOKEN,
            "speed": 1,
            "timeout_s": PATIENCE_S - 5,
            "part": scenarios.client_part_as_json(scenario),
        }
        run = node(f"player-{client}.mjs", spec)
    kept = tmp_path / "session.jsonl"
    trace = contract.load_trace(kept)
    told = run.told(trace)
    assert run.exit_code == 0, told
    assert TOKEN.encode() not in kept.read_bytes()
    assert contract.check(trace) == [], told
    seen = server.trace("shop")
    # Between the two, an acknowledgement and an event may cross.
    for direction in ("to_server", "to_client"):
        both = [
            [each.frame for each in one if (each.session, each.direction) == ("s1", direction)]
            for one in (trace, seen)
        ]
        assert both[0] == both[1], told

    comparison = compare(trace.entries)
    assert [each.sentence() for each in comparison.differences] == [], told
    assert comparison.events >= 8

    again = scenarios.loads(make(trace.entries), "mine.yaml")
    player = Player(again)
    player.play()
    assert player.problems == []
    assert scenarios.judge(again, player.heard, tolerance_s=0.25) == []

    public = contract.Trace.from_entries(scrub(trace.entries)[0])
    assert contract.check(public) == []
    assert [each.sentence() for each in compare(public.entries).differences] == []
