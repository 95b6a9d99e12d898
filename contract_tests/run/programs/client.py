"""A client that can also do what it should not: ``client.py DEED …``.

Deeds: ``record`` (a room, from start to stop), ``acknowledge-twice``, ``stop-again``, ``connect``,
``speak-first``, ``speak-evil`` (control characters for a terminal), ``stay`` (prints its pid, and
waits for its end), ``space=NAME`` (connect to that space from now on), ``exit=CODE``.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

# Programs are run from elsewhere; this one needs the tests' own client.
sys.path.insert(0, str(Path(__file__).parents[3]))

from contract_tests.shared.client import Client
from contract_tests.shared.patience import PATIENCE_S

URL = os.environ["MOCK_SIGNALWIRE_URL"]
STATES = ("started", "ended")


async def connect(client: Client) -> None:
    await client.connect(os.environ["SW_PROJECT"], os.environ["SW_TOKEN"])


async def record(client: Client, *, stops: int = 1) -> None:
    await connect(client)
    room = await client.enter_room(*(f"video.recording.{state}" for state in STATES))
    recording = await room.start_recording()
    await room.control("stop", recording)
    await client.event("video.recording.ended")
    ids = {"room_session_id": room.id, "recording_id": recording}
    for _ in range(stops - 1):
        await client.call("video.recording.stop", **ids)


async def do(deed: str, url: str) -> None:
    client = await Client.open(url)
    match deed:
        case "record":
            await record(client)
        case "acknowledge-twice":
            client.acknowledgements = 2
            await record(client)
            await client.sync()
        case "stop-again":
            await record(client, stops=2)
        case "connect":
            await connect(client)
        case "speak-evil":
            await connect(client)
            await client.socket.send_text('{"\x9b31mowned":\x1b[2J')
            await client.call("\x1b[2Jowned")
            await client.call("video.room.get", room_session_id="\x1b[2Jowned\x9b31m")
        case "speak-first":
            await client.socket.send_text("hello?")
            await client.socket.read()
        case _:
            raise ValueError(deed)
    await client.socket.close()


async def main() -> int:
    url = URL
    async with asyncio.timeout(PATIENCE_S):
        for word in sys.argv[1:]:
            name, _, value = word.partition("=")
            if name == "exit":
                return int(value)
            if name == "stay":
                print(os.getpid(), flush=True)
                await asyncio.Event().wait()
            if name == "space":
                url = f"{URL}/space/{value}"
            else:
                await do(word, url)
    return 0


sys.exit(asyncio.run(main()))
