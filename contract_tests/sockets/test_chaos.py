"""Chaos over a socket: a good client survives it, and each of two bad ones is found."""

from __future__ import annotations

import pytest

from contract_tests.shared.client import Client, SocketClosed
from mockserver.server import Server

from .conftest import Join, ServeHere

EVENTS = [f"event-{number}" for number in range(30)]


async def heard(server: Server, join: Join, *, resumes: bool = True) -> list[str]:
    """The ids of all events that a client gets, in the order in which they come.

    Args:
        server: where it is the first in its space.
        join: connects clients.
        resumes: whether it goes on with its session on another socket, or begins a new one.
    """
    ids: list[str] = []
    client = await join(server, takes_fragments=True)
    space = server.gate.spaces["a-project"]
    session = next(iter(space.sessions.values()))
    for id_ in EVENTS:
        params = {"event_type": "video.room.updated", "event_channel": "c", "params": {}}
        frame = {"jsonrpc": "2.0", "id": id_, "method": "signalwire.event", "params": params}
        space.delivery.push(frame, [session])
        is_through = False
        while not is_through:
            try:
                await client.sync()
                for frame in client.frames:
                    if frame.get("method") == "signalwire.disconnect":
                        # The server closes once that is answered.
                        await client.send({"jsonrpc": "2.0", "id": frame["id"], "result": {}})
                        await client.sync()
                is_through = True
            except (SocketClosed, ConnectionError):
                ids += of_events(client)
                protocol = client.connected["protocol"] if resumes else ""
                client = await join(server, takes_fragments=True, protocol=protocol)
    return ids + of_events(client)


def of_events(client: Client) -> list[str]:
    return [each["id"] for each in client.frames if each.get("method") == "signalwire.event"]


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("seed", range(5))
async def test_who_resumes_and_discards_what_it_knows_gets_each_event_once(
    seed: int, level: int, serve_here: ServeHere, join: Join
) -> None:
    server = await serve_here(clock="manual", chaos=seed, chaos_level=level)
    ids = await heard(server, join)
    assert list(dict.fromkeys(ids)) == EVENTS


@pytest.mark.parametrize("level", [1, 2, 3])
async def test_who_counts_duplicates_is_found(
    level: int, serve_here: ServeHere, join: Join
) -> None:
    server = await serve_here(clock="manual", chaos=1, chaos_level=level)
    assert len(await heard(server, join)) > len(EVENTS)


@pytest.mark.parametrize("level", [2, 3])
async def test_who_does_not_resume_is_found(level: int, serve_here: ServeHere, join: Join) -> None:
    server = await serve_here(clock="manual", chaos=1, chaos_level=level)
    ids = await heard(server, join, resumes=False)
    assert set(ids) < set(EVENTS)


async def test_without_chaos_there_is_none(serve_here: ServeHere, join: Join) -> None:
    server = await serve_here(clock="manual")
    assert await heard(server, join) == EVENTS
