"""Who can join when, and for how long: hours of the space's clock, and no time of ours."""

from __future__ import annotations

import aiohttp
import pytest

from client_stub import SignalWire
from mockserver.harness.handles import MockServer, SpaceHandle
from mockserver.protocol.errors import Refusal

from .conftest import Rest

DAY = 24 * 3600


async def test_nobody_joins_a_full_room(mock: SpaceHandle, rest: Rest) -> None:
    await rest.post("rooms", {"name": "lobby", "max_members": 2})
    room = await mock.start_room("lobby", members=["Ann"])
    await room.join("Bob")
    with pytest.raises(Refusal, match="full") as caught:
        await room.join("Carl")
    assert caught.value.code == "403"
    await room.leave("Bob")
    await room.join("Carl")
    assert [each.name for each in room.members] == ["Ann", "Carl"]


async def test_a_room_does_not_start_with_too_many(mock: SpaceHandle, rest: Rest) -> None:
    await rest.post("rooms", {"name": "lobby", "max_members": 2})
    with pytest.raises(Refusal, match="full"):
        await mock.start_room("lobby", members=3)
    assert await rest.all("room_sessions") == []


async def test_nobody_joins_before_join_from(mock: SpaceHandle, rest: Rest) -> None:
    await rest.post("rooms", {"name": "lobby", "join_from": "2025-01-01T06:00:00Z"})
    with pytest.raises(Refusal) as caught:
        await mock.start_room("lobby")
    assert (caught.value.code, caught.value.message) == ("403", "Unauthorized")
    await mock.advance(6 * 3600)
    room = await mock.start_room("lobby")
    assert len(room.members) == 1


async def test_nobody_joins_after_join_until_and_who_is_there_stays(
    mock: SpaceHandle, rest: Rest, client: SignalWire
) -> None:
    await rest.post("rooms", {"name": "lobby", "join_until": "2025-01-02"})
    room = await mock.start_room("lobby", members=["Ann"])
    await mock.advance(DAY - 1)
    await room.join("Bob")
    await mock.advance(1)
    with pytest.raises(Refusal, match="Unauthorized"):
        await room.join("Carl")
    await mock.advance(DAY)
    [session] = await client.video.get_room_sessions()
    assert [each.name for each in await session.get_members()] == ["Ann", "Bob"]


async def test_everybody_is_removed_at_remove_at(
    mock: SpaceHandle, rest: Rest, client: SignalWire
) -> None:
    await rest.post("rooms", {"name": "lobby", "remove_at": "2025-01-02T00:00:00Z"})
    room = await mock.start_room("lobby", members=["Ann"])
    await room.start_recording()
    await mock.advance(3600)
    await room.join("Bob")
    told: list[str] = []
    [session] = await client.video.get_room_sessions()
    await session.listen(
        on_member_left=lambda member: told.append(f"{member.name} left"),
        on_recording_ended=lambda recording: told.append(f"recorded {recording.duration} s"),
        on_room_ended=lambda room: told.append("ended"),
    )
    await mock.advance(DAY - 3601)
    assert told == []
    await mock.advance(1)
    assert told == ["Ann left", "Bob left", "recorded 86400.0 s", "ended"]
    shown = await rest.get(f"room_sessions/{room.id}")
    assert (shown["status"], shown["duration"]) == ("completed", DAY)
    with pytest.raises(Refusal, match="Unauthorized"):
        await mock.start_room("lobby")


async def test_each_is_removed_after_their_own_time(mock: SpaceHandle, rest: Rest) -> None:
    await rest.post("rooms", {"name": "lobby", "remove_after_seconds_elapsed": DAY})
    room = await mock.start_room("lobby", members=["Ann"])
    await mock.advance(3600)
    await room.join("Bob")
    await mock.advance(DAY - 3600)
    assert [each.name for each in room.members] == ["Bob"]
    await mock.advance(3600)
    ann, bob = await rest.all(f"room_sessions/{room.id}/members")
    assert (ann["duration"], bob["duration"]) == (DAY, DAY)
    assert (await rest.get(f"room_sessions/{room.id}"))["duration"] == DAY + 3600


async def test_who_has_left_is_not_removed_again(mock: SpaceHandle, rest: Rest) -> None:
    await rest.post("rooms", {"name": "lobby", "remove_after_seconds_elapsed": 60})
    room = await mock.start_room("lobby", members=["Ann", "Bob"])
    await mock.advance(30)
    await room.leave("Ann")
    await room.join("Ann")
    await mock.advance(30)
    assert [each.name for each in room.members] == ["Ann"]
    await mock.advance(30)
    assert (await rest.get(f"room_sessions/{room.id}"))["duration"] == 90


async def test_rooms_are_listed_by_their_times(rest: Rest) -> None:
    await rest.post("rooms", {"name": "always"})
    await rest.post("rooms", {"name": "may", "join_from": "2025-05-01", "join_until": "2025-06-01"})
    await rest.post("rooms", {"name": "july", "join_from": "2025-07-01T00:00:00+02:00"})

    async def names(**query: str) -> list[str]:
        return [each["name"] for each in await rest.all("rooms", **query)]

    assert await names() == ["always", "may", "july"]
    assert await names(starts_after="2025-05-01") == ["may", "july"]
    assert await names(starts_after="1746057601") == ["july"]
    assert await names(ends_before="2025-06-01T00:00:00Z") == ["may"]
    assert await names(ends_before="2025-05-31") == []
    july = await rest.get("rooms/july")
    assert july["join_from"] == "2025-06-30T22:00:00Z"


async def test_a_stream_beyond_the_limit_is_refused_and_changes_nothing(
    server: MockServer,
) -> None:
    mock = server.space("limited", limits={"recordings": 1})
    async with aiohttp.ClientSession() as http:
        rest = Rest(mock, http)
        room = await rest.post("rooms", {"name": "lobby", "record_on_start": True})
        await mock.start_room("lobby")
        streams = f"rooms/{room['id']}/streams"
        reply = await rest.ask("POST", streams, {"url": "rtmp://a.example/live"})
        assert reply.status == 422
        assert "limit recordings" in reply.json["errors"][0]["message"]
        assert await rest.all(streams) == []
    mock.end_space()


@pytest.mark.parametrize("when", ["0001-01-01", "0999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"])
async def test_any_time_that_can_be_written_is_shown_again(when: str, rest: Rest) -> None:
    room = await rest.post("rooms", {"name": "lobby", "join_until": when})
    assert room["join_until"] == (when if "T" in when else f"{when}T00:00:00Z")
    assert [room] == await rest.all("rooms")


@pytest.mark.parametrize(
    "when",
    [
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "9999-12-31T23:59:60Z",
        "0000-01-01",
    ],
)
async def test_a_time_beyond_those_that_can_be_written_is_refused(when: str, rest: Rest) -> None:
    reply = await rest.ask("POST", "rooms", {"name": "lobby", "remove_at": when})
    assert reply.attributes() == ["remove_at"]
    assert await rest.all("rooms") == []
