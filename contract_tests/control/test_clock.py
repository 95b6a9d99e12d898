"""Time, moved by hand or run faster."""

from __future__ import annotations

import asyncio

import pytest

from .conftest import Api, Connect

START = 1_735_689_600.0


@pytest.fixture
async def real(api: Api) -> str:
    """The path of a space whose clock runs."""
    await api.ok("POST", "/spaces", {"name": "real", "clock": "real", "speed": 2}, 201)
    return "/spaces/real"


async def test_a_manual_clock_stands_still(api: Api, space: str) -> None:
    told = {"kind": "manual", "now": START, "speed": None, "paused": False, "next_in_s": None}
    assert await api.ok("GET", f"{space}/clock") == told


async def test_advancing_does_what_falls_due(api: Api, connect: Connect) -> None:
    await api.ok("POST", "/spaces", {"name": "here", "clock": "manual", "latency_s": 2}, 201)
    client = await connect()
    await client.subscribe("video.rooms", "video.room.started")
    await api.ok("POST", "/spaces/here/rooms", {}, 201)
    told = await api.ok("POST", "/spaces/here/clock/advance", {"seconds": 0.5})
    assert (told["now"], told["next_in_s"]) == (START + 0.5, 1.5)
    call = asyncio.create_task(client.receive())
    wish = {"seconds": 5, "acknowledged": False}
    told = await api.ok("POST", "/spaces/here/clock/advance", wish)
    assert (told["now"], told["next_in_s"]) == (START + 5.5, None)
    await call
    [event] = client.event_frames()
    assert event["params"]["timestamp"] == START


async def test_running_until_idle_stops_where_nothing_is_left(api: Api) -> None:
    await api.ok("POST", "/spaces", {"name": "here", "clock": "manual", "latency_s": 2}, 201)
    await api.ok("POST", "/spaces/here/rooms", {}, 201)
    told = await api.ok("POST", "/spaces/here/clock/run_until_idle")
    assert (told["now"], told["next_in_s"]) == (START + 2, None)


async def test_advancing_can_wait_for_acknowledgements(
    api: Api, space: str, connect: Connect
) -> None:
    client = await connect()
    await client.subscribe("video.rooms", "video.room.started", "video.room.ended")
    await api.ok("POST", f"{space}/rooms", {"name": "lobby"}, 201)
    await client.receive()
    await client.call("signalwire.ping")
    await api.ok("POST", f"{space}/actions", {"do": "end_room"})
    wish = {"seconds": 1, "acknowledged": True}
    moving = asyncio.create_task(api.ok("POST", f"{space}/clock/advance", wish))
    await client.receive()
    assert (await moving)["now"] == START + 1
    entries = (await api.ok("GET", f"{space}/trace"))["entries"]
    assert entries[-1]["direction"] == "to_server"


async def test_the_speed_of_a_real_clock_is_set(api: Api, real: str) -> None:
    assert (await api.ok("GET", f"{real}/clock"))["speed"] == 2
    told = await api.ok("PUT", f"{real}/clock/speed", {"speed": 50})
    assert (told["kind"], told["speed"]) == ("real", 50)


async def test_a_real_clock_is_not_advanced(api: Api, real: str) -> None:
    for path in ("advance", "run_until_idle"):
        reply = await api.post(f"{real}/clock/{path}", {"seconds": 1} if path == "advance" else {})
        assert "manual" in reply.problem(409)["detail"]


async def test_a_manual_clock_has_no_speed(api: Api, space: str) -> None:
    reply = await api.ask("PUT", f"{space}/clock/speed", {"speed": 2})
    assert "advance it" in reply.problem(409)["detail"]
    wish = {"name": "other", "clock": "manual", "speed": 2}
    assert (await api.post("/spaces", wish)).paths() == ["$.speed"]
