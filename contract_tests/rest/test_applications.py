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
from functools import cache
from pathlib import Path

import jwt
import pytest

from mockserver.harness.handles import SpaceHandle
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
    output, errors = await asyncio.wait_for(program.communicate(), 60)
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
