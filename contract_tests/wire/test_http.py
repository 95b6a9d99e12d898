"""What the server tells over HTTP: how to connect, how it is, and what crossed the wire."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

import mockserver
from contract_tests.shared.processes import ServerProcess
from mockserver import contract

from .conftest import SPEED, Connect, Target

pytestmark = pytest.mark.only_the_mock("serves HTTP beside the WebSocket")

SECRET = "PT-very-secret-indeed"


class Reply:
    def __init__(self, status: int, kind: str, text: str) -> None:
        self.status = status
        self.kind = kind
        self.text = text

    @property
    def json(self) -> Any:
        return json.loads(self.text)


async def get(mock: ServerProcess, path: str, **query: str) -> Reply:
    async with (
        aiohttp.ClientSession() as http,
        http.get(mock.http + path, params=query) as response,
    ):
        return Reply(response.status, response.content_type, await response.text())


@pytest.mark.parametrize("path", ["/", "/space/somewhere"])
async def test_browser_is_told_how_to_connect(path: str, mock: ServerProcess) -> None:
    reply = await get(mock, path)
    assert (reply.status, reply.kind) == (200, "text/plain")
    for word in (mock.url, "SignalWire({", "project:", "token:", "host:", "/__mock__/journal"):
        assert word in reply.text


async def test_health_tells_of_every_space(
    target: Target, connect: Connect, mock: ServerProcess
) -> None:
    client = await connect(token="scenario:start-stop")
    await connect(token="scenario:start-stop")
    await client.enter_room()
    reply = await get(mock, "/__mock__/health")
    assert (reply.status, reply.kind) == (200, "application/json")
    health = reply.json
    assert (health["status"], health["bugs"]) == ("ok", 0)
    assert health["version"] == mockserver.__version__
    (space,) = [each for each in health["spaces"] if each["name"] == target.project]
    journal = mock.entries(target.project)
    assert space == {
        "name": target.project,
        "scenario": "start-stop",
        "sessions": 2,
        "rooms": 1,
        "frames": len(journal),
    }


async def test_journal_is_what_crossed_the_wire(
    target: Target, connect: Connect, mock: ServerProcess
) -> None:
    client = await connect()
    await client.enter_room()
    await client.sync()
    reply = await get(mock, "/__mock__/journal", project=target.project)
    assert (reply.status, reply.kind) == (200, "application/json")
    assert reply.json["space"] == target.project
    assert reply.json["dropped"] == 0
    entries = reply.json["entries"]
    to_client = [entry["frame"] for entry in entries if entry["direction"] == "to_client"]
    assert to_client == client.frames
    assert [entry["n"] for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry["time"] for entry in entries] == sorted(entry["time"] for entry in entries)
    assert {entry["space"] for entry in entries} == {target.project}
    assert [entry["session"] for entry in entries] == [None] + ["s1"] * (len(entries) - 1)
    assert all(entry["valid"] for entry in entries)
    by_space = await get(mock, "/__mock__/journal", space=target.project)
    assert by_space.json["entries"][: len(entries)] == entries


async def test_journal_as_lines_is_a_trace(
    target: Target, connect: Connect, mock: ServerProcess, tmp_path: Any
) -> None:
    client = await connect()
    await client.enter_room()
    await client.sync()
    lines = await get(mock, "/__mock__/journal", project=target.project, format="jsonl")
    assert (lines.status, lines.kind) == (200, "application/jsonl")
    assert [json.loads(line) for line in lines.text.splitlines()] == mock.entries(target.project)
    file = tmp_path / "trace.jsonl"
    file.write_text(lines.text)
    assert contract.check(contract.load_trace(file)) == []


async def test_journal_tells_what_was_wrong(
    target: Target, connect: Connect, mock: ServerProcess
) -> None:
    client = await connect()
    await client.socket.send_text("hello")
    await client.receive()
    await client.error("video.recording.strat")
    refused = [entry for entry in mock.entries(target.project) if not entry["valid"]]
    assert [(entry["frame"], entry.get("text")) for entry in refused] == [
        (None, "hello"),
        (
            {"jsonrpc": "2.0", "id": "call-2", "method": "video.recording.strat", "params": {}},
            None,
        ),
    ]
    assert "not JSON" in refused[0]["problem"]
    assert "video.recording.start" in refused[1]["problem"]


async def test_frames_of_nobody_are_in_a_journal_of_their_own(
    connect: Connect, mock: ServerProcess
) -> None:
    client = await connect(authenticated=False)
    await client.error("video.rooms.get", mark="strays-are-told-here")
    strays = await get(mock, "/__mock__/journal")
    assert "strays-are-told-here" in strays.text
    assert strays.json["space"] == ""


@pytest.mark.parametrize("parameter", ["project", "space"])
async def test_unknown_project_is_a_problem(
    parameter: str, target: Target, connect: Connect, mock: ServerProcess
) -> None:
    await connect()
    reply = await get(mock, "/__mock__/journal", **{parameter: "no-such <b>project</b>"})
    assert (reply.status, reply.kind) == (404, "application/problem+json")
    assert set(reply.json) == {"title", "status", "detail"}
    assert reply.json["status"] == 404
    assert "no-such" in reply.json["detail"]
    assert target.project in reply.json["detail"], "those there are"


async def test_unknown_format_is_a_problem(
    target: Target, connect: Connect, mock: ServerProcess
) -> None:
    await connect()
    reply = await get(mock, "/__mock__/journal", project=target.project, format="xml")
    assert (reply.status, reply.kind) == (400, "application/problem+json")
    assert "jsonl" in reply.json["detail"]
    assert "xml" in reply.json["detail"]


async def test_unknown_path_and_method(mock: ServerProcess) -> None:
    assert (await get(mock, "/__mock__/nothing")).status == 404
    async with aiohttp.ClientSession() as http, http.post(f"{mock.http}/") as response:
        assert response.status == 405


async def test_project_of_any_characters(connect: Connect, mock: ServerProcess) -> None:
    project = 'a b/ü?&=#"<🎥>'
    client = await connect(project=project)
    await client.sync()
    assert len(mock.entries(project)) == 4


SPELLINGS = {
    "token": {"project": "x", "token": SECRET},
    "token with a quote": {"project": "x", "token": f'"{SECRET}\\"{SECRET}'},
    "token of other characters": {"project": "x", "token": f"ü\u2028{SECRET}"},
    "jwt_token": {"jwt_token": SECRET},
}


@pytest.mark.parametrize("authentication", SPELLINGS.values(), ids=list(SPELLINGS))
async def test_tokens_are_masked(
    authentication: dict[str, str], target: Target, connect: Connect, mock: ServerProcess
) -> None:
    """Wherever they come: in good calls, in bad ones, in text that is no JSON at all."""
    params = {
        "version": {"major": 3, "minor": 0, "revision": 0},
        "authentication": {**authentication},
    }
    good = json.dumps(
        {"jsonrpc": "2.0", "id": "x", "method": "signalwire.connect", "params": params}
    )
    texts = [
        good.replace("2.0", "3.0"),
        good.replace("signalwire.connect", "signalwire.conect"),
        good.replace('"version"', '"verison"'),
        good.replace(": ", ":"),
        json.dumps(json.loads(good), indent=2, ensure_ascii=False),
        good[:-3],
        good[: good.rindex(SECRET) + len(SECRET)],
        f"[{good}]",
        good.replace('"id"', f'"padding": "{"p" * 7_700}", "id"'),
        good,
        good,
    ]
    path = f"/space/{target.project}"
    client = await connect(path=path, authenticated=False)
    for text in texts:
        await client.socket.send_text(text)
        await client.receive()
    assert client.connected == {}
    for query in ({}, {"space": target.project}):
        for form in ("json", "jsonl"):
            reply = await get(mock, "/__mock__/journal", format=form, **query)
            assert reply.status == 200
            assert SECRET not in reply.text
            assert "***" in reply.text
    health = await get(mock, "/__mock__/health")
    assert SECRET not in health.text
    assert SECRET not in mock.log.read_text()


@pytest.mark.parametrize(
    "text",
    [
        "{'authentication': {'project': 'x', 'token': '%s'}}",
        "token=%s&project=x",
        "jwt_token: %s",
        '{authentication: {project: "x", token: "%s"}}',
    ],
)
async def test_token_is_masked_in_what_is_not_json(
    text: str, target: Target, connect: Connect, mock: ServerProcess
) -> None:
    client = await connect()
    await client.socket.send_text(text.replace("%s", SECRET))
    await client.receive()
    told = json.dumps(mock.entries(target.project))
    assert SECRET not in told
    assert "***" in told


async def test_token_is_masked_however_its_key_is_spelled(
    target: Target, connect: Connect, mock: ServerProcess
) -> None:
    r"""JSON may spell any letter as ``\uXXXX``."""
    client = await connect(authenticated=False)
    params = {
        "version": {"major": 3, "minor": 0, "revision": 0},
        "authentication": {"project": target.project, "token": SECRET},
    }
    call = {"jsonrpc": "2.0", "id": "x", "method": "signalwire.connect", "params": params}
    await client.socket.send_text(json.dumps(call).replace('"token"', r'"t\u006fken"'))
    assert "result" in await client.answer("x")
    assert SECRET not in json.dumps(mock.entries(target.project))


async def test_reading_the_journal_disturbs_nobody(
    target: Target, connect: Connect, mock: ServerProcess
) -> None:
    client = await connect()
    room = await client.enter_room()
    readers = [get(mock, "/__mock__/journal", project=target.project) for _ in range(20)]
    replies, recording = await asyncio.gather(asyncio.gather(*readers), room.start_recording())
    assert {reply.status for reply in replies} == {200}
    await room.control("stop", recording)
    await client.event("video.recording.ended")


async def test_server_clock_runs_as_fast_as_told(
    target: Target, connect: Connect, mock: ServerProcess
) -> None:
    """Between what stopwatches show that stop within, and around, two calls."""
    now = asyncio.get_running_loop().time
    client = await connect()
    around = now()
    await client.sync()
    within = now()
    await client.enter_room()
    within = now() - within
    await client.sync()
    around = now() - around
    pings = [
        entry["time"]
        for entry in mock.entries(target.project)
        if entry["frame"].get("method") == "signalwire.ping"
    ]
    assert len(pings) == 2
    rounding = 0.000_01
    assert within * SPEED - rounding <= pings[1] - pings[0] <= around * SPEED + rounding
