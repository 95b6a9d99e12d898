"""``serve --watch``: a changed scenario is checked, and the next play has it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from contract_tests.shared import processes
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.processes import ServerProcess

from .conftest import Connect

pytest.importorskip("watchfiles", reason="the extra watch is not installed")

pytestmark = pytest.mark.only_the_mock("reads a file of the test's")

SCENARIO = """\
scenario: mine
about: A room starts.
rooms:
  {room}: {{members: [Ann]}}
script:
  - when: {{subscribed: video.rooms}}
    do: start_room
"""


def wait_for_line(server: ServerProcess, words: str, times: int = 1) -> None:
    """Until the log has it."""
    deadline = time.monotonic() + PATIENCE_S
    while server.log.read_text().count(words) < times:
        assert time.monotonic() < deadline, f"{words!r} did not come:\n{server.log.read_text()}"
        time.sleep(0.01)


async def room_of_a_play(server: ServerProcess, dial: Connect, project: str) -> str:
    client = await dial(server.url, project)
    await client.subscribe("video.rooms", "video.room.started")
    event = await client.event("video.room.started")
    name: str = event["params"]["room_session"]["name"]
    return name


async def test_a_changed_scenario_is_played_next(tmp_path: Path, dial: Connect) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SCENARIO.format(room="before"))
    with processes.server("--scenario", "./mine.yaml", "--watch", folder=tmp_path) as server:
        assert await room_of_a_play(server, dial, "one") == "before"
        # As editors do: another file takes its place.
        draft = tmp_path / "draft"
        draft.write_text(SCENARIO.format(room="after"))
        draft.replace(path)
        wait_for_line(server, "has changed and holds")
        assert await room_of_a_play(server, dial, "two") == "after"


async def test_a_faulty_change_is_told_with_its_line_and_not_played(
    tmp_path: Path, dial: Connect
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SCENARIO.format(room="before"))
    with processes.server("--scenario", str(path), "--watch", folder=tmp_path) as server:
        path.write_text(SCENARIO.format(room="after").replace("start_room", "start_romm"))
        wait_for_line(server, "the former one stays")
        log = server.log.read_text()
        assert f"{path}:7:" in log
        assert "start_room" in log
        path.unlink()
        assert await room_of_a_play(server, dial, "one") == "before"


@pytest.mark.parametrize("arguments", [["--watch"], ["--watch", "--scenario", "pause-resume"]])
def test_a_scenario_that_ships_does_not_change(arguments: list[str], tmp_path: Path) -> None:
    ended = processes.run("--port", "0", *arguments, cwd=tmp_path)
    assert ended.returncode == 2
    assert "--watch needs a scenario of your own, a file" in ended.stderr


def test_the_extra_that_is_not_installed(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SCENARIO.format(room="here"))
    program = "import sys; sys.modules['watchfiles'] = None; from mockserver.cli import process; "
    ended = subprocess.run(
        [sys.executable, "-c", f"{program}process()", "--watch", "--scenario", str(path)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ended.returncode == 2
    assert 'pip install "signalwire-mockserver[watch]"' in ended.stderr
