"""The server, its spaces, and the sessions in them."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest
from yarl import URL

import mockserver
from contract_tests.shared.client import Client
from contract_tests.shared.patience import PATIENCE_S
from mockserver import scenarios
from mockserver.engine import Space

from .conftest import Api, Connect, Start, connected


async def until(holds: Callable[[], bool]) -> None:
    """Return once it holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.01)


async def test_health_is_told(api: Api, space: str) -> None:
    assert await api.ok("GET", "/health") == {
        "status": "ok",
        "version": mockserver.__version__,
        "spaces": [{"name": "here", "scenario": "none", "sessions": 0, "rooms": 0, "frames": 0}],
        "bugs": 0,
        "failed_connections": [],
    }


async def test_scenarios_are_listed(api: Api) -> None:
    told = (await api.ok("GET", "/scenarios"))["scenarios"]
    assert [each["name"] for each in told] == [each.name for each in scenarios.shipped()]
    assert all(each["about"] for each in told)


async def test_a_space_is_made_as_it_was_asked_for(api: Api) -> None:
    wish = {"name": "mine", "scenario": "start-stop", "seed": 7, "clock": "manual"}
    reply = await api.post("/spaces", wish)
    assert reply.status == 201
    told = reply.json
    assert (told["name"], told["scenario"], told["kept"]) == ("mine", "start-stop", True)
    assert told["clock"]["kind"] == "manual"
    assert told["clock"]["speed"] is None
    assert told["url"] == f"{api.server.url}/space/mine"
    assert reply.headers["Location"] == "/__mock__/spaces/mine"
    assert await api.ok("GET", "/spaces/mine") == told
    assert await api.ok("GET", "/spaces") == {"spaces": [told]}


async def test_what_is_left_out_is_as_the_server_was_started(start: Start) -> None:
    api = await start(scenario="pause-resume", speed=3.0)
    told = await api.ok("POST", "/spaces", {"name": "mine"}, 201)
    assert told["scenario"] == "pause-resume"
    assert (told["clock"]["kind"], told["clock"]["speed"]) == ("real", 3.0)


async def test_the_seed_decides_the_ids(api: Api) -> None:
    async def room_id(seed: int) -> str:
        await api.ok("POST", "/spaces", {"name": "mine", "seed": seed, "clock": "manual"}, 201)
        room = await api.ok("POST", "/spaces/mine/rooms", {}, 201)
        await api.ok("DELETE", "/spaces/mine", status=204)
        return str(room["id"])

    assert await room_id(1) == await room_id(1)
    assert await room_id(1) != await room_id(2)


async def test_the_latency_is_that_asked_for(api: Api, connect: Connect) -> None:
    wish = {"name": "here", "clock": "manual", "latency_s": 0.25}
    await api.ok("POST", "/spaces", wish, 201)
    client = await connect()
    await client.subscribe("video.rooms", "video.room.started")
    await api.ok("POST", "/spaces/here/rooms", {}, 201)
    assert (await api.ok("GET", "/spaces/here/clock"))["next_in_s"] == 0.25


async def test_a_scenario_of_ones_own_is_played(api: Api, connect: Connect) -> None:
    text = "scenario: own\nabout: A room.\nrooms: {hall: {}}\nscript: [{at: 1s, do: start_room}]"
    wish = {"name": "here", "scenario_yaml": text, "clock": "manual"}
    assert (await api.ok("POST", "/spaces", wish, 201))["scenario"] == "own"
    for _ in range(2):
        await api.ok("POST", "/spaces/here/clock/advance", {"seconds": 1})
        [room] = (await api.ok("GET", "/spaces/here/rooms"))["rooms"]
        assert room["name"] == "hall"
        await api.ok("POST", "/spaces/here/reset")


async def test_a_faulty_scenario_is_told_with_its_line(api: Api) -> None:
    text = "scenario: own\nabout: A room.\nscript: [{at: 1s, do: start_rom}]"
    reply = await api.post("/spaces", {"name": "here", "scenario_yaml": text})
    assert reply.paths() == ["$.scenario_yaml"]
    assert "start_room" in reply.json["errors"][0]["found"]
    assert "3" in reply.json["errors"][0]["found"]
    assert await api.ok("GET", "/spaces") == {"spaces": []}


async def test_there_is_only_one_space_of_a_name(api: Api, space: str) -> None:
    reply = await api.post("/spaces", {"name": "here"})
    assert "here" in reply.problem(409)["detail"]


async def test_deleting_ends_the_connections(api: Api, space: str, connect: Connect) -> None:
    client = await connect()
    await api.ok("DELETE", space, status=204)
    assert await client.socket.close_code() == 1000
    (await api.get(space)).problem(404)


async def test_resetting_begins_anew(api: Api, space: str) -> None:
    first = await api.ok("POST", f"{space}/rooms", {"name": "lobby"}, 201)
    await api.ok("POST", f"{space}/clock/advance", {"seconds": 60})
    told = await api.ok("POST", f"{space}/reset")
    assert (told["rooms"], told["frames"], told["clock"]["kind"]) == (0, 0, "manual")
    again = await api.ok("POST", f"{space}/rooms", {"name": "lobby"}, 201)
    assert again == first


async def test_sessions_are_told(api: Api, space: str, connect: Connect) -> None:
    client = await connect()
    await client.subscribe("video.rooms", "video.room.started", "video.room.ended")
    [session] = (await api.ok("GET", f"{space}/sessions"))["sessions"]
    assert session == {
        "name": "s1",
        "project": "here",
        "connected": True,
        "subscriptions": {"video.rooms": ["video.room.ended", "video.room.started"]},
        "missed": 0,
    }


async def test_a_space_of_any_name_can_be_reached(api: Api) -> None:
    name = 'a b/ü?&=#"%2F<🎥>{c}'
    reply = await api.post("/spaces", {"name": name, "clock": "manual"})
    assert reply.status == 201
    url = URL(api.server.http_url + reply.headers["Location"], encoded=True)
    async with api.http.get(url) as told:
        assert await told.json() == reply.json


async def test_nobody_waits_while_a_scenario_is_read(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, may_end = threading.Event(), threading.Event()
    read = scenarios.loads

    def slow(text: str) -> scenarios.Scenario:
        began.set()
        assert may_end.wait(10), "the server answered nobody while it read"
        return read(text)

    monkeypatch.setattr(scenarios, "loads", slow)
    body = {"name": "here", "scenario_yaml": "scenario: mine\nabout: x\n"}
    making = asyncio.create_task(api.post("/spaces", body))
    assert await asyncio.to_thread(began.wait, 10)
    assert (await api.get("/health")).status == 200
    may_end.set()
    assert (await making).status == 201


async def test_a_scenario_that_is_far_too_long_is_refused(api: Api) -> None:
    text = "scenario: mine\nabout: x\n#".ljust(760_000, "x")
    reply = await api.post("/spaces", {"name": "here", "scenario_yaml": text})
    assert reply.paths() == ["$.scenario_yaml"]
    assert "longer than 256 KiB" in reply.data.decode()


PLAYED = """
scenario: played
about: A room, and then nothing.
rooms: {hall: {}}
script: [{when: {subscribed: video.rooms}, do: start_room}]
"""


@pytest.fixture
def played(tmp_path: Path) -> Path:
    """A scenario whose script is soon spent."""
    path = tmp_path / "played.yaml"
    path.write_text(PLAYED)
    return path


async def begins_again(api: Api) -> tuple[Client, Client, Space]:
    """A client whose space began again while it was away, the client in the new one, its space."""
    client = await connected(api, "one")
    await client.subscribe("video.rooms", "video.room.started")
    await client.event("video.room.started")
    former = api.server.spaces["one"]
    await client.socket.close()
    await until(lambda: not former.is_occupied)
    latter = await connected(api, "one")
    assert api.server.spaces["one"] is not former
    return client, latter, former


async def test_a_space_that_began_again_stays_while_sessions_can_be_resumed(
    start: Start, played: Path
) -> None:
    api = await start(scenario=str(played), resume_window_s=0.2)
    api.server.spaces.retired = deque()
    client, latter, former = await begins_again(api)
    back = await Client.open(api.server.url)
    answer = await back.connect("one", "very-secret", protocol=client.connected["protocol"])
    assert answer["result"] == client.connected
    assert len((await back.result("video.rooms.get"))["rooms"]) == 1
    assert (await latter.result("video.rooms.get"))["rooms"] == []
    assert api.server.spaces.all() == [former, api.server.spaces["one"]]
    await back.socket.close()
    await until(lambda: not api.server.spaces.former("one"))
    assert [each.space for each in api.server.spaces.retired] == [former]
    await latter.socket.close()


async def test_deleting_a_space_ends_the_sessions_of_the_former_ones(
    start: Start, played: Path
) -> None:
    api = await start(scenario=str(played))
    client, latter, _ = await begins_again(api)
    back = await Client.open(api.server.url)
    await back.connect("one", "very-secret", protocol=client.connected["protocol"])
    await api.ok("DELETE", "/spaces/one", status=204)
    for each in (back, latter):
        assert await each.socket.close_code() == 1000
        await each.socket.close()
    assert api.server.spaces.all() == []


async def test_a_space_is_made_by_its_path(api: Api) -> None:
    """As behind a proxy, which sees the path and no body."""
    wish = {"scenario": "start-stop", "seed": 7, "clock": "manual"}
    told = await api.ok("PUT", "/spaces/mine", wish, 201)
    assert (told["name"], told["scenario"], told["kept"]) == ("mine", "start-stop", True)
    assert told == await api.ok("GET", "/spaces/mine")
    assert "already" in (await api.ask("PUT", "/spaces/mine", {})).problem(409)["detail"]
    other = (await api.ok("PUT", "/spaces/other", None, 201))["scenario"]
    assert other == "none", "as the server was started"
    too_long = (await api.ask("PUT", f"/spaces/{'x' * 201}", {})).problem(422)["detail"]
    assert "201 characters" in too_long
    assert (await api.ask("PUT", "/spaces/third", {"name": "fourth"})).paths() == ["$.name"]
