"""Under each limit memory stays where it is, however long somebody asks for more."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable

import pytest

from contract_tests.conftest import Serve
from contract_tests.shared.client import Client
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.processes import ServerProcess
from contract_tests.shared.sockets import Socket, handshake, open_tcp

from .service import PROJECT, resident_bytes, start_room

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")

MEGABYTE = 2**20
ROUNDS = 4
SLACK = 4 * MEGABYTE
"""By how much memory may differ: what the allocator keeps in reserve."""

LIMITS = "subscriptions=1000,recordings=100,sessions=10,rooms=20,members=40"
SERVER_LIMITS = "journal_limit=1000,journal_bytes=2097152,max_spaces=20,max_connections=60"

Record = Callable[[str, object], None]
Hammer = Callable[[ServerProcess, Client, int], Awaitable[object]]


def perform(mock: ServerProcess, **action: str) -> None:
    """Have an action done by the control API.

    Raises:
        HTTPError: it was refused.
    """
    request = urllib.request.Request(
        f"{mock.http}/__mock__/spaces/{PROJECT}/actions",
        json.dumps(action).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S):
        pass


async def refused(client: Client, method: str, **params: object) -> bool:
    """Whether a call was refused by a limit."""
    answer = await client.call(method, **params)
    return answer.get("result", {}).get("code") in ("413", "429")


async def metadata(mock: ServerProcess, client: Client, number: int) -> int:
    """Large metadata, each frame of which is noted in the journal; and larger than it may be."""
    room = (await client.result("video.rooms.get"))["rooms"][0]["id"]
    for each in range(100):
        meta = {"text": f"{number} {each} " + "x" * 60_000}
        await client.result("video.set_meta", room_session_id=room, meta=meta)
    more = {"text": "x" * 70_000}
    return await refused(client, "video.set_meta", room_session_id=room, meta=more)


async def subscriptions(mock: ServerProcess, client: Client, number: int) -> int:
    """Event types that nobody knows, more than there may be, and all of them given back."""
    count = 0
    taken = []
    for each in range(150):
        events = [f"made.up.{number}.{each}.{one}" for one in range(10)]
        asked = {"event_channel": "video.rooms", "events": events}
        if await refused(client, "signalwire.subscribe", **asked, get_initial_state=False):
            count += 1
        else:
            taken.append(asked)
    for asked in taken:
        await client.result("signalwire.unsubscribe", **asked)
    return count


async def recordings(mock: ServerProcess, client: Client, number: int) -> int:
    """Recordings, more than there may be."""
    room = (await client.result("video.rooms.get"))["rooms"][0]["id"]
    return sum(
        [await refused(client, "video.recording.start", room_session_id=room) for _ in range(300)]
    )


async def sessions(mock: ServerProcess, client: Client, number: int) -> int:
    """Sessions, more than there may be; those that were had end."""
    connected = []
    others = [await Client.open(mock.url) for _ in range(30)]
    for other in others:
        params = {
            "version": {"major": 3, "minor": 0, "revision": 0},
            "authentication": {"project": PROJECT, "token": "t"},
        }
        if "error" not in await other.call("signalwire.connect", **params):
            connected.append(other)
    for other in connected:
        await other.call("signalwire.disconnect")
        await other.socket.close_code()
    for other in others:
        other.socket.abort()
    return len(others) - len(connected)


async def rooms(mock: ServerProcess, client: Client, number: int) -> int:
    """Rooms with a member each, more than there may be; then all of them end."""
    started, count = [], 0
    for each in range(40):
        name = f"room-{number}-{each}"
        try:
            start_room(mock, name)
        except urllib.error.HTTPError as error:
            count += error.code == 429
        else:
            started.append(name)
    for name in started:
        perform(mock, do="end_room", room=name)
    return count


async def members(mock: ServerProcess, client: Client, number: int) -> int:
    """People who join a room, more than there may be; then they leave."""
    joined, count = [], 0
    for each in range(60):
        name = f"guest {number} {each}"
        try:
            perform(mock, do="join", room="lobby", name=name)
        except urllib.error.HTTPError as error:
            count += error.code == 429
        else:
            joined.append(name)
    for name in joined:
        perform(mock, do="leave", room="lobby", name=name)
    return count


async def connections(mock: ServerProcess, client: Client, number: int) -> int:
    """Sockets, more than there may be, each of which says nothing."""
    there, count = [], 0
    for _ in range(90):
        reader, writer = await open_tcp(mock.url)
        writer.write(handshake(mock.url))
        head = await reader.readuntil(b"\r\n\r\n")
        socket = Socket(reader, writer)
        if b" 503 " in head:
            count += 1
            socket.abort()
        else:
            there.append(socket)
    for socket in there:
        await socket.close()
    return count


async def long_messages(mock: ServerProcess, client: Client, number: int) -> int:
    """Messages that are longer than they may be, each on a socket of its own."""
    count = 0
    for _ in range(20):
        other = await Client.open(mock.url)
        await other.socket.send_text("x" * 3 * MEGABYTE)
        count += await other.socket.close_code() == 1009
        other.socket.abort()
    return count


async def deep_frames(mock: ServerProcess, client: Client, number: int) -> int:
    """Frames that are nested deeper than they may be."""
    deep: object = {}
    for _ in range(100):
        deep = {"a": deep}
    count = 0
    for _ in range(200):
        answer = await client.call("video.rooms.get", more=deep)
        count += answer.get("error", {}).get("code") == -32600
    return count


async def spaces(mock: ServerProcess, client: Client, number: int) -> int:
    """Spaces, far more than there may be: the idle ones make room."""
    for each in range(60):
        other = await Client.open(mock.url)
        await other.connect(f"project-{number}-{each}", "t")
        await other.call("signalwire.disconnect")
        await other.socket.close_code()
        other.socket.abort()
    return 1


HAMMERS: dict[str, Hammer] = {
    "metadata, journal_bytes": metadata,
    "subscriptions": subscriptions,
    "recordings": recordings,
    "sessions": sessions,
    "rooms": rooms,
    "members": members,
    "max_connections": connections,
    "max_message_bytes": long_messages,
    "max_depth": deep_frames,
    "max_spaces, space_idle_s": spaces,
}


@pytest.mark.parametrize("limit", HAMMERS)
async def test_memory_stays_under_a_limit(
    limit: str, serve: Serve, record_property: Record
) -> None:
    mock = serve(
        *("--scenario", "none", "--log-level", "error"),
        *("--limits", LIMITS),
        *("--server-limits", SERVER_LIMITS),
    )
    client = await Client.open(mock.url)
    await client.connect(PROJECT, "t")
    start_room(mock, "lobby")
    sizes = []
    for number in range(ROUNDS):
        assert await HAMMERS[limit](mock, client, number), "nothing met the limit"
        sizes.append(resident_bytes(mock.process.pid))
    # The first round fills what is bounded; from then on nothing more stays.
    assert sizes[-1] < sizes[0] + SLACK
    told = ", ".join(f"{each / MEGABYTE:.1f}" for each in sizes)
    record_property("figure", f"limits: {limit}: memory of the server after each round {told} MiB")
    client.socket.abort()
