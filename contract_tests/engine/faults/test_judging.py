"""Whatever faults do to a conversation, nothing of it counts as a violation of anybody's."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from mockserver import contract
from mockserver.engine import FAULTS, Space
from mockserver.engine.faults import parameters
from mockserver.protocol.errors import Refusal

from ..harness import MS, ROOM_EVENTS, Client, S, World, violations
from ..video.followed import FollowedRoom

FRAME_FAULTS = [row.name for row in FAULTS.values() if row.layer == "frame"]

CORRUPTIONS = parameters("corrupt")["properties"]["how"]["enum"]

VARIANTS = [
    *((name, {}) for name in FRAME_FAULTS if name != "corrupt"),
    *(("corrupt", {"how": how, "bytes": 100}) for how in CORRUPTIONS if how != "invalid_json"),
    ("duplicate", {"id": "other", "after": "2s"}),
    ("delay", {"by": "3s", "overtaken": True}),
    ("delay", {"by": "30s"}),
    ("delay", {"direction": "to_server"}),
    ("drop", {"direction": "to_server"}),
    ("duplicate", {"method": "video.*"}),
    ("reorder", {"window": 5, "within": "20s"}),
    ("refuse", {"error": -32603}),
    ("refuse_resume", {}),
    ("takeover", {"events": "video.*"}),
    ("takeover", {"events": "video.*", "before": True}),
    ("revoke_credentials", {"events": "video.*", "session": "s2"}),
    ("revoke_credentials", {"events": "video.*", "before": True, "for": "20s"}),
]

DEEDS = (
    "start_recording", "pause_recording", "resume_recording", "stop_recording", "join", "leave",
    "start_playback", "pause_playback", "stop_playback", "lock", "unlock", "audio_mute",
)  # fmt: skip


def play(space_seed: int, fault: str, given: Mapping[str, Any]) -> World:
    """A conversation of two minutes, with a fault that strikes every third frame or so."""
    world, dice = World(seed=space_seed), Random(f"{space_seed}/{fault}/{given}")
    lobby = FollowedRoom(world)
    other = world.connected()
    other.subscribe("video.rooms", "video.room.started", "video.room.ended")
    other.subscribe(lobby.session.channel, *ROOM_EVENTS, get_initial_state=True)
    stranger = world.connected()
    world.space.faults.inject(fault, given, probability=0.3)
    # What most faults are for comes at least once, however the dice fall.
    for deed in ("start_recording", "pause_recording", "stop_recording"):
        world.do(_quietly, world.space, deed, lobby, {})
    for _ in range(60):
        client = dice.choice([lobby.client, other, stranger])
        _do_something(world, lobby, client, dice)
        world.wait(dice.choice([0, MS, 40 * MS, 500 * MS, 5 * S]))
    lobby.world.do(_quietly, world.space, "end_room", lobby, {})
    world.settle()
    return world


def _do_something(world: World, lobby: FollowedRoom, client: Client, dice: Random) -> None:
    deed = dice.choice(DEEDS)
    if client.is_closed():
        # A fault has ended its connection, or has had it refused.
        if "error" in client.resume():
            client.lose()
    elif dice.random() < 0.1:
        client.lose()
        world.wait(dice.choice([0, S]))
        client.resume()
    elif dice.random() < 0.3:
        room = {"room_session_id": lobby.session.id}
        method, params = dice.choice([("video.rooms.get", {}), ("video.recording.list", room)])
        client.call(method, **params)
    else:
        arguments = {"url": "https://example.com/tune.mp3"} if deed == "start_playback" else {}
        world.do(_quietly, world.space, deed, lobby, arguments)


def _quietly(space: Space, deed: str, lobby: FollowedRoom, arguments: Mapping[str, Any]) -> None:
    with contextlib.suppress(Refusal):
        space.do(deed, lobby.session, arguments)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("fault", "given"), VARIANTS, ids=str)
def test_what_a_fault_did_is_nobodys_violation(
    fault: str, given: Mapping[str, Any], seed: int
) -> None:
    world = play(seed, fault, given)
    entries = world.entries(world.space)
    strikes = f", {fault}, strikes "
    assert any(each.get("fault") == fault or strikes in each.get("note", "") for each in entries)
    assert violations(contract.Trace.from_entries(entries), contract.RULES) == []


def test_the_same_seed_gives_the_same_trace() -> None:
    def trace(seed: int) -> list[dict[str, Any]]:
        world = play(seed, "reorder", {"window": 4})
        return world.entries(world.space)

    assert trace(1) == trace(1)
    assert trace(1) != trace(2)
