"""A session outlives its connection: it comes back with its subscriptions and what it missed."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.shared.client import Client, Room
from contract_tests.shared.sockets import ABNORMAL

from .conftest import Connect

pytestmark = pytest.mark.only_the_mock(
    "rooms start by themselves, and another client records in them"
)


async def two_in_a_room(connect: Connect) -> tuple[Client, Room, str]:
    """A client that may go away, and the room in which another goes on; the recording runs."""
    leaver, stayer = await connect(), await connect()
    room = await stayer.enter_room()
    await leaver.subscribe(
        room.facts["event_channel"], "video.recording.updated", "video.recording.ended"
    )
    return leaver, room, await room.start_recording()


async def states(client: Client, *types: str) -> list[str]:
    """The states that the next events of these types tell."""
    events = [await client.event(f"video.recording.{each}") for each in types]
    return [event["params"]["recording"]["state"] for event in events]


def ids(*clients: Client) -> list[str]:
    return [frame["id"] for client in clients for frame in client.event_frames()]


async def test_subscriptions_are_kept_and_what_was_missed_comes(connect: Connect) -> None:
    leaver, room, recording = await two_in_a_room(connect)
    await room.control("pause", recording)
    assert await states(leaver, "updated") == ["paused"]
    await leaver.socket.half_close()
    await room.control("resume", recording)
    await room.control("pause", recording)
    assert await states(room.client, "updated", "updated", "updated") == [
        "paused",
        "recording",
        "paused",
    ]
    back = await connect(protocol=leaver.connected["protocol"])
    assert back.connected == leaver.connected, "it is the session that it was"
    assert await states(back, "updated", "updated") == ["recording", "paused"]
    await room.control("stop", recording)
    assert await states(back, "ended") == ["completed"]
    assert await states(room.client, "ended") == ["completed"]
    await back.sync()
    heard = ids(leaver, back)
    assert len(heard) == len(set(heard)) == 4
    told = [id for id in ids(room.client) if id in heard]
    assert heard == told, "the same events, in the same order, as those who stayed"


async def test_what_was_missed_comes_after_the_answer_to_connect(connect: Connect) -> None:
    """Before it, a client does not know who it is."""
    leaver, room, recording = await two_in_a_room(connect)
    await leaver.socket.half_close()
    await room.control("stop", recording)
    await room.client.event("video.recording.ended")
    back = await connect(protocol=leaver.connected["protocol"])
    assert [frame.get("method") for frame in back.frames] == [None]
    await back.event("video.recording.ended")


async def test_second_absence_brings_only_what_was_missed_in_it(connect: Connect) -> None:
    leaver, room, recording = await two_in_a_room(connect)
    heard: list[list[str]] = []
    for verb in ("pause", "resume", "stop"):
        await leaver.socket.half_close()
        await room.control(verb, recording)
        await room.client.event(f"video.recording.{'ended' if verb == 'stop' else 'updated'}")
        leaver = await connect(protocol=leaver.connected["protocol"])
        await leaver.sync()
        heard.append([frame["params"]["event_type"] for frame in leaver.event_frames()])
    assert heard == [
        ["video.recording.updated"],
        ["video.recording.updated"],
        ["video.recording.ended"],
    ]


async def test_connection_cut_by_the_server_is_resumed(
    dial: Connect, serve: Any, tmp_path: Any
) -> None:
    """What happens in the very moment of the cut is missed by nobody."""
    scenario = tmp_path / "cut.yaml"
    scenario.write_text(
        "scenario: cut\n"
        "about: Each pause cuts all connections, and at once the service resumes the recording.\n"
        "rooms: {lobby: {members: 1}}\n"
        "script:\n"
        "  - {when: {subscribed: video.rooms}, do: start_room}\n"
        "  - when: {call: video.recording.pause, every: true}\n"
        "    after: 1s\n"
        "    do: [drop_connections, resume_recording]\n"
    )
    url = serve("--scenario", str(scenario), "--speed", "20").url
    client = await dial(url)
    room = await client.enter_room()
    recording = await room.start_recording()
    heard: list[str] = []
    for _ in range(3):
        await room.control("pause", recording)
        assert await states(client, "updated") == ["paused"]
        assert await client.socket.close_code() == ABNORMAL
        heard += ids(client)
        client = await dial(url, protocol=client.connected["protocol"])
        room = Room(client, room.facts)
        assert await states(client, "updated") == ["recording"]
    heard += ids(client)
    assert len(heard) == len(set(heard))


async def test_resuming_takes_over_from_a_connection_that_is_still_open(connect: Connect) -> None:
    """A client may know that its connection is dead long before the server does."""
    first, room, recording = await two_in_a_room(connect)
    second = await connect(protocol=first.connected["protocol"])
    assert await first.socket.close_code() == 1000
    await room.control("pause", recording)
    assert await states(second, "updated") == ["paused"]
    await second.sync()
    assert len(second.event_frames()) == 1


async def test_cut_without_a_word_and_resumed_at_once(connect: Connect) -> None:
    """Whether or not the server has noticed the loss yet, what follows comes once."""
    client, room, recording = await two_in_a_room(connect)
    for verb, state in (("pause", "paused"), ("resume", "recording")) * 3:
        client.socket.abort()
        client = await connect(protocol=client.connected["protocol"])
        await room.control(verb, recording)
        assert await states(client, "updated") == [state]
        await client.sync()
        assert len(client.event_frames()) == 1


async def test_closing_in_good_order_is_an_absence_too(connect: Connect) -> None:
    """The vendor's clients close like this before they reconnect."""
    leaver, room, recording = await two_in_a_room(connect)
    assert await leaver.socket.close() == 1000
    await room.control("stop", recording)
    await room.client.event("video.recording.ended")
    back = await connect(protocol=leaver.connected["protocol"])
    assert await states(back, "ended") == ["completed"]


@pytest.mark.parametrize(
    "protocol", ["", "signalwire_0_0_nobody", "x" * 10_000], ids=["empty", "nobody", "long"]
)
async def test_unknown_protocol_begins_a_fresh_session(protocol: str, connect: Connect) -> None:
    known = await connect()
    await known.enter_room()
    fresh = await connect(protocol=protocol)
    assert fresh.connected["protocol"] not in (protocol, known.connected["protocol"])
    await fresh.sync()
    assert fresh.event_frames() == []


async def test_session_of_one_space_is_unknown_in_another(connect: Connect) -> None:
    leaver, room, recording = await two_in_a_room(connect)
    await leaver.socket.half_close()
    await room.control("stop", recording)
    await room.client.event("video.recording.ended")
    thief = await connect(project="somebody-else", protocol=leaver.connected["protocol"])
    assert thief.connected["protocol"] != leaver.connected["protocol"]
    await thief.sync()
    assert thief.event_frames() == []
