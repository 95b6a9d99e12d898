"""A mock server with spaces that have much of everything, for `stalls.py`.

    python benchmarks/crowded_server.py SCALE

It prints a line of JSON when it listens: ``{"port": …}``. For each line ``crowd NAME`` on
its standard input it fills a space of that name, and prints a line when it is done. It ends with
its input.
"""

from __future__ import annotations

import asyncio
import json
import sys

from mockserver.engine import Connection, Space, Video
from mockserver.server import garbage
from mockserver.server.app import Server
from mockserver.server.settings import Settings

HALL = "hall"
"""The room with many members."""

LOUNGE = "lounge"
"""The room that started last."""

LONG_JOURNAL = 100_000

OF_THE_HALL = (
    "video.member.updated",
    "video.member.joined",
    "video.member.left",
    "video.layout.changed",
    "video.room.updated",
)


class Crowd:
    """What a space is filled with.

    Args:
        scale: 1 is the size that the page reports.
    """

    def __init__(self, scale: float) -> None:
        self.rooms = int(10_000 * scale)
        self.members = int(10_000 * scale)
        self.sessions = int(1_000 * scale)
        self.recordings = int(1_000 * scale)
        self.names = int(5_000 * scale)
        self.frames = int(LONG_JOURNAL * scale)

    def fill(self, server: Server, space: Space) -> None:
        """Fill a space: all of it at once, while nobody is there."""
        video = Video.of(space)
        space.latency_us = 0
        space.journal.limit = self.frames
        clients = [_Client(server, space) for _ in range(self.sessions)]
        # Of those who listen to everything there are two, who acknowledge nothing.
        hall = video.start_room(HALL, members=[f"m-{each}" for each in range(self.members)])
        for client in clients[:2]:
            client.call(
                "signalwire.subscribe",
                event_channel=hall.channel,
                events=[*OF_THE_HALL, "video.recording.updated"],
                get_initial_state=False,
            )
        for client in clients[2:]:
            client.call(
                "signalwire.subscribe",
                event_channel="video.rooms",
                events=["video.room.ended"],
                get_initial_state=False,
            )
        for number in range(self.rooms):
            video.start_room(f"room-{number}", members=["Bob"])
        for number in range(self.names):
            video.settings_of(f"known-{number}")
        video.start_room(LOUNGE, members=["Bob"])
        for number in range(self.recordings):
            recording = video.start_media(hall, "recording")
            if number % 2:
                video.apply(hall, recording, "stop")
        [recording] = hall.running("recording")[:1]
        while space.journal.last < self.frames:
            for verb in ("pause", "resume"):
                video.apply(hall, recording, verb)
                space.advance(space.now)
        space.advance(space.now)


class _Client:
    """A session whose client reads everything at once."""

    def __init__(self, server: Server, space: Space) -> None:
        self._server = server
        self.connection = Connection(self._read, space.name)
        authentication = {"project": "crowd", "token": "any"}
        version = {"major": 3, "minor": 0, "revision": 0}
        self.call("signalwire.connect", authentication=authentication, version=version)

    def _read(self) -> None:
        self.connection.take()

    def call(self, method: str, **params: object) -> None:
        frame = {"jsonrpc": "2.0", "id": "x", "method": method, "params": params}
        self._server.receive(self.connection, json.dumps(frame).encode())


async def serve(scale: float) -> None:
    # Whoever asks back to back breaks the limits that guard other servers.
    settings = Settings(
        port=0, space={"scenario": "none"}, max_frames_per_s=1_000_000, max_missed_pings=0
    )
    server = Server(settings)
    await server.start()
    # As `python -m mockserver` does it.
    garbage.settle()
    collecting = asyncio.create_task(garbage.collect())
    loop = asyncio.get_running_loop()
    crowd = Crowd(scale)
    _say({"port": server.sockets.addresses[0].port})
    while line := (await loop.run_in_executor(None, sys.stdin.readline)).split():
        name = line[1]
        if name in server.spaces:
            server.spaces.delete(name)
        crowd.fill(server, server.spaces.create(name, {}))
        _say({"crowded": name})
    collecting.cancel()
    await server.stop()


def _say(told: dict[str, object]) -> None:
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
