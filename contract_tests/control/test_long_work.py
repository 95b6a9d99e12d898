"""Whoever acts on a space by the API while it is in the middle of a long change acts after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from contract_tests.shared.patience import PATIENCE_S
from mockserver.engine import RoomSession, Space, Video

from .conftest import Api, Connect

COUNT = 12
UPDATED = ["video.member.updated"] * COUNT


def impatient() -> Callable[[], bool]:
    """Whoever is held up at all has been held up for too long."""
    return lambda: True


def begin_to_mute_all(space: Space, room: RoomSession) -> None:
    """As a call does it; the rest is not done before something else happens in the space."""
    space.patience = impatient
    space.do("audio_mute", room, {"name": "all"}, may_pause=True)
    muted = [each.properties["audio_muted"] for each in room.members.values()]
    assert 0 < sum(muted) < COUNT


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "then"),
    [
        ("POST", "/actions", {"do": "end_room"}, 200, ["video.room.ended"]),
        ("POST", "/actions", {"do": "leave"}, 200, ["video.member.left"]),
        ("POST", "/clock/advance", {"by": 60}, 200, []),
        ("DELETE", "", None, 204, []),
        ("POST", "/reset", None, 200, []),
        ("POST", "/faults", {"name": "drop", "parameters": {"events": "video.*"}}, 201, []),
    ],
)
async def test_all_is_done_and_sent_first(
    api: Api,
    connect: Connect,
    method: str,
    path: str,
    body: dict[str, Any] | None,
    status: int,
    then: list[str],
) -> None:
    await api.ok("POST", "/spaces", {"name": "here", "clock": "manual", "latency": 0}, 201)
    await api.ok("POST", "/spaces/here/rooms", {"members": COUNT}, 201)
    space = api.server.spaces["here"]
    [room] = Video.of(space).rooms.values()
    client = await connect()
    await client.subscribe(
        room.channel, "video.member.updated", "video.member.left", "video.room.ended"
    )
    begin_to_mute_all(space, room)
    await api.ok(method, f"/spaces/here{path}", body, status)
    # What is lost would be waited for without end.
    async with asyncio.timeout(PATIENCE_S):
        for event_type in UPDATED + then:
            await client.event(event_type)
    assert client.types() == UPDATED + then
    muted = [each.properties["audio_muted"] for each in room.members.values()]
    assert all(muted)
