"""The code that applications use, by nothing but the environment that it finds the mock in.

The vendor's Python SDK (``pip install signalwire-sdk``) brings many packages. It may be in an
environment of its own, whose interpreter ``SIGNALWIRE_SDK_PYTHON`` names.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import jwt
import pytest

from contract_tests.shared.patience import PATIENCE_S
from mockserver import MockServer
from mockserver.harness.handles import SpaceHandle
from mockserver.rest.table import OPERATIONS
from mockserver.server.environment import environment

from .conftest import Json

HERE = Path(__file__).parent
SDK_PYTHON = os.environ.get("SIGNALWIRE_SDK_PYTHON", sys.executable)


@cache
def has_sdk() -> bool:
    """Whether the interpreter has the vendor's SDK."""
    tried = subprocess.run(
        [SDK_PYTHON, "-c", "import signalwire.rest.client"], capture_output=True, check=False
    )
    return tried.returncode == 0


async def run(mock: SpaceHandle, *command: str) -> Json:
    """What a program prints that finds the mock by its environment."""
    found = environment(mock.url, mock.http_url, mock.project, mock.token)
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    program = await asyncio.create_subprocess_exec(
        *command, env=bare | found, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await asyncio.wait_for(program.communicate(), PATIENCE_S)
    assert program.returncode == 0, errors.decode()
    return json.loads(output.decode().splitlines()[-1])


async def recorded(mock: SpaceHandle) -> None:
    """A room that was recorded for a minute."""
    room = await mock.start_room("lobby", members=["Ann", "Bob"])
    await room.start_recording()
    await mock.advance(60)
    await room.stop_recording()


@pytest.mark.skipif(not has_sdk(), reason="the vendor's signalwire-sdk is not installed")
async def test_the_python_sdk(mock: SpaceHandle) -> None:
    await recorded(mock)
    seen = await run(mock, SDK_PYTHON, str(HERE / "sdk_client.py"))
    token = jwt.decode(seen.pop("token"), options={"verify_signature": False})
    assert (token["r"], token["s"]) == ("hall", ["room.recording"])
    assert seen == {
        "session": "lobby",
        "members": ["Ann", "Bob"],
        "events": [
            "room.started",
            "recording.started",
            "room.updated",
            "recording.ended",
            "room.updated",
        ],
        "recording": "completed",
        "deleted": [404, {"error": "Not Found"}],
        "room": ["The Hall", 3],
        "stream": "rtmp://example.com/live",
        "refused": [422, "name"],
        "conference": "meeting",
        "rooms": 1,
    }


@pytest.fixture
def lenient(server: MockServer, tmp_path: Path) -> Iterator[SpaceHandle]:
    """A space in which ids that were never made are answered with an example."""
    file = tmp_path / "lenient.yaml"
    file.write_text("scenario: lenient\nabout: Unknown ids are fine.\nrest: synthesise\n")
    space = server.space("lenient", scenario=str(file))
    yield space
    space.end_space()


@pytest.mark.skipif(not has_sdk(), reason="the vendor's signalwire-sdk is not installed")
async def test_every_operation_of_the_python_sdk(lenient: SpaceHandle) -> None:
    """As the vendor's own tests of its SDK do: ids that nobody made, and an error 500 for each."""
    driver = str(HERE / "sdk_every_operation.py")
    seen = await run(lenient, SDK_PYTHON, driver)
    for name, outcome in seen.items():
        first = name.partition("_")[0]
        assert outcome == {"list": "list", "delete": "empty"}.get(first, "object"), name
    for name in seen:
        lenient.answer_rest_next(name, 500)
    seen = await run(lenient, SDK_PYTHON, driver)
    assert set(seen.values()) == {500}
    assert lenient.planned_rest_answers == []
    video = {row.id for row in OPERATIONS if row.path.startswith("/api/video/")}
    # The SDK has no logs of video, and gets a room by its id or its name in one call.
    assert video - seen.keys() == {"list_logs", "get_log", "get_room"}


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
async def test_fetch_in_node(mock: SpaceHandle) -> None:
    await recorded(mock)
    seen = await run(mock, "node", str(HERE / "fetch_client.mjs"))
    assert seen == {
        "room": "lobby",
        "status": "completed",
        "bytes": 0,
        "type": "video/mp4",
        "refused": [422, "room_name"],
    }
