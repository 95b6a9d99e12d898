"""The trace: read, kept as a file, followed, and judged."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from contract_tests.shared.client import Client
from contract_tests.shared.patience import PATIENCE_S
from mockserver import contract
from mockserver.control.turns import Steps
from mockserver.engine import Journal
from mockserver.engine.journal import Entry
from mockserver.protocol import frames
from mockserver.server.http import traces

from .conftest import Api, Connect, Json, Reply, Start, connected

TRACES = Path(__file__).parents[2] / "fixtures" / "traces"


@pytest.fixture
async def client(space: str, connect: Connect) -> Client:
    """A client that has asked for the rooms: four entries."""
    client = await connect()
    await client.call("video.rooms.get")
    return client


async def entries(api: Api, space: str, **query: Any) -> list[Json]:
    reply = await api.get(f"{space}/trace", **query)
    assert reply.status == 200, reply.data
    found: list[Json] = reply.json["entries"]
    return found


async def test_a_trace_is_every_frame(api: Api, space: str, client: Client) -> None:
    told = await api.ok("GET", f"{space}/trace")
    assert (told["space"], told["dropped"]) == ("here", 0)
    assert [entry["n"] for entry in told["entries"]] == [1, 2, 3, 4]
    assert "very-secret" not in json.dumps(told)
    journal = (await api.get("/journal", project="here")).json
    assert journal == told


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"direction": "to_server"}, [1, 3]),
        ({"direction": "to_client"}, [2, 4]),
        ({"session": "s1"}, [2, 3, 4]),
        ({"session": "s2"}, []),
        ({"name": "video.rooms.get"}, [3]),
        ({"after": "2"}, [3, 4]),
        ({"limit": "1"}, [1]),
        ({"after": "1", "direction": "to_client", "limit": "1"}, [2]),
    ],
)
async def test_a_part_can_be_asked_for(
    query: dict[str, str], numbers: list[int], api: Api, space: str, client: Client
) -> None:
    assert [entry["n"] for entry in await entries(api, space, **query)] == numbers


async def test_events_are_found_by_their_type(api: Api, space: str, client: Client) -> None:
    await client.subscribe("video.rooms", "video.room.started")
    await api.ok("POST", f"{space}/rooms", {}, 201)
    [entry] = await entries(api, space, name="video.room.started")
    assert entry["frame"]["params"]["event_type"] == "video.room.started"


@pytest.mark.parametrize(
    ("query", "accept"), [({"format": "jsonl"}, "*/*"), ({}, "application/jsonl")]
)
async def test_it_is_kept_as_a_file(
    query: dict[str, str], accept: str, api: Api, space: str, client: Client, tmp_path: Path
) -> None:
    headers = {"Accept": accept}
    reply = await api.ask("GET", f"{space}/trace", params=query, headers=headers)
    assert (reply.status, reply.kind) == (200, "application/jsonl")
    assert reply.headers["Content-Disposition"] == "attachment; filename*=UTF-8''here.jsonl"
    file = tmp_path / "trace.jsonl"
    file.write_bytes(reply.data)
    assert contract.check(contract.load_trace(file)) == []
    assert [json.loads(line) for line in reply.data.splitlines()] == await entries(api, space)


async def test_what_holds_breaks_no_rule(api: Api, space: str, client: Client) -> None:
    told = await api.ok("GET", f"{space}/violations")
    assert told == {"dropped": 0, "violations": [], "text": ""}


async def test_broken_rules_are_told_and_can_be_ignored(
    api: Api, space: str, client: Client
) -> None:
    stray = frames.answer("nobody-asked", {})
    await api.ok("POST", f"{space}/frames", {"frame": stray})
    told = await api.ok("GET", f"{space}/violations")
    rules = {violation["rule"] for violation in told["violations"]}
    assert rules
    for violation in told["violations"]:
        assert violation["frames"] == [5]
        assert violation["rule"] in told["text"]
        assert violation["party"] == "server"
    reply = await api.get(f"{space}/violations", ignore=",".join(rules))
    assert reply.json["violations"] == []
    reply = await api.get(f"{space}/violations", ignore="")
    assert reply.json == told


class Stream:
    """Server-sent events, read one by one."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def event(self) -> dict[str, str]:
        """The next event's fields; comments are passed over. Empty at the end."""
        told: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE_S):
            while line := (await self.response.content.readline()).decode():
                if line == "\n" and told:
                    break
                if line != "\n" and not line.startswith(":"):
                    key, _, value = line.rstrip("\n").partition(": ")
                    told[key] = value
        return told


Follow = Callable[..., Awaitable[Stream]]


@pytest.fixture
async def follow(api: Api, space: str) -> AsyncIterator[Follow]:
    """Follows the trace: ``await follow(after="2")``."""
    responses: list[aiohttp.ClientResponse] = []

    async def follow(headers: dict[str, str] | None = None, **query: str) -> Stream:
        url = f"{api.server.http_url}/__mock__{space}/trace/follow"
        response = await api.http.get(url, params=query, headers=headers)
        responses.append(response)
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        return Stream(response)

    yield follow
    for response in responses:
        response.close()


async def test_what_was_and_what_comes_is_followed(
    api: Api, space: str, client: Client, follow: Follow
) -> None:
    stream = await follow()
    told = [await stream.event() for _ in range(4)]
    await client.call("video.rooms.get")
    told += [await stream.event() for _ in range(2)]
    assert [each["id"] for each in told] == ["1", "2", "3", "4", "5", "6"]
    assert [json.loads(each["data"]) for each in told] == await entries(api, space)


async def test_who_comes_back_goes_on_where_they_were(client: Client, follow: Follow) -> None:
    stream = await follow({"Last-Event-ID": "3"}, after="1")
    assert (await stream.event())["id"] == "4"


async def test_a_part_can_be_followed(client: Client, follow: Follow) -> None:
    stream = await follow(direction="to_client", after="2")
    assert (await stream.event())["id"] == "4"
    await client.call("video.rooms.get")
    assert (await stream.event())["id"] == "6"


@pytest.mark.parametrize("end", ["delete", "reset", "stop"])
async def test_following_ends_with_the_space(
    end: str, api: Api, space: str, client: Client, follow: Follow
) -> None:
    stream = await follow(after="4")
    if end == "delete":
        await api.ok("DELETE", space, status=204)
    elif end == "reset":
        await api.ok("POST", f"{space}/reset")
    else:
        await api.server.stop()
    assert (await stream.event())["event"] == "end"
    assert await stream.event() == {}


async def test_what_is_kept_no_longer_is_counted(start: Start) -> None:
    api = await start(journal_limit=3)
    await api.ok("POST", "/spaces", {"name": "here"}, 201)
    client = await connected(api, "here")
    await client.call("video.rooms.get")
    async with api.http.get(f"{api.server.http_url}/__mock__/spaces/here/trace/follow") as response:
        stream = Stream(response)
        assert await stream.event() == {"event": "dropped", "data": "1"}
        assert (await stream.event())["id"] == "2"
    assert (await api.ok("GET", "/spaces/here/trace"))["dropped"] == 1
    await client.socket.close()


async def test_silence_is_broken_now_and_then(
    client: Client, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "HEARTBEAT_S", 0.01)
    stream = await follow(after="4")
    seen = [await stream.response.content.readline() for _ in range(3)]
    assert seen == [b": following\n", b"\n", b": nothing new\n"]


async def test_who_does_not_read_is_cut_off(
    api: Api, space: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "SLOW_S", 0.05)
    reader, writer = await asyncio.open_connection(
        *api.server.http_url.removeprefix("http://").split(":"), limit=1024
    )
    writer.write(f"GET /__mock__{space}/trace/follow HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await reader.readuntil(b": following")
    journal = api.server.gate.spaces["here"].journal
    big = {"frame": frames.call("big", "signalwire.ping", {"x": "x" * 900_000}), "valid": False}
    listening = len(journal._listeners)
    for _ in range(100):
        await api.ok("POST", f"{space}/frames", big)
        await client.receive()
        if len(journal._listeners) < listening:
            break
    else:
        pytest.fail("it still listens")
    writer.transport.abort()


async def test_an_unknown_entry_to_go_on_from_is_a_problem(api: Api, space: str) -> None:
    reply = await api.ask("GET", f"{space}/trace/follow", headers={"Last-Event-ID": "yesterday"})
    assert reply.paths(400) == ["Last-Event-ID"]


# Traces that somebody has


async def judged(api: Api, data: bytes, kind: str = "application/jsonl") -> Reply:
    return await api.ask(
        "POST", "/violations", data=io.BytesIO(data), headers={"Content-Type": kind}
    )


async def test_a_trace_that_is_sent_is_judged(api: Api) -> None:
    broken = (TRACES / "legal-transitions.jsonl").read_bytes()
    [violation, *_] = (await judged(api, broken)).json["violations"]
    assert violation["rule"] == "legal-transitions"
    good = (TRACES / "good-pause-resume.jsonl").read_bytes()
    assert (await judged(api, good)).json == {"dropped": 0, "violations": [], "text": ""}


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b'{"n": 1}\n', "application/jsonl", 422),
        (b"hello\n", "application/jsonl", 422),
        (b"[]", "application/json", 415),
        (b"x" * 4_200_000, "application/jsonl", 413),
    ],
)
async def test_what_is_no_trace_is_not_judged(
    data: bytes, kind: str, status: int, api: Api
) -> None:
    (await judged(api, data, kind)).problem(status)


async def test_a_follower_of_one_name_decodes_no_others(
    client: Client, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many followers that decoded each frame would take most of the server's time."""
    decoded: list[int] = []
    showing = Journal.showing

    def counted(journal: Journal, entry: Entry) -> Steps[dict[str, Any]]:
        decoded.append(entry.number)
        return showing(journal, entry)

    monkeypatch.setattr(Journal, "showing", counted)
    streams = [await follow(name="video.rooms.get") for _ in range(3)]
    for _ in range(20):
        await client.sync()
    await client.call("video.rooms.get")
    ids = [(await stream.event())["id"] for stream in streams]
    assert decoded == [int(each) for each in ids]
    assert len(set(ids)) == 1


async def test_a_name_that_is_spelt_with_escapes_is_followed_too(
    client: Client, follow: Follow
) -> None:
    stream = await follow(name="video.rooms.get")
    text = json.dumps({"jsonrpc": "2.0", "id": "x", "method": "video.rooms.get", "params": {}})
    await client.socket.send_text(text.replace("video", r"\u0076ideo"))
    await client.answer("x")
    assert json.loads((await stream.event())["data"])["frame"]["method"] == "video.rooms.get"


async def test_followers_of_the_same_look_at_an_entry_once(
    client: Client, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[int] = []
    candidates = Journal.candidates

    def counted(
        journal: Journal, after: int, session: str | None, name: str | None
    ) -> tuple[list[Entry], int]:
        found, last = candidates(journal, after, session, name)
        looked_at.extend(range(after + 1, last + 1))
        return found, last

    await client.sync()
    streams = [await follow(name="video.rooms.get") for _ in range(4)]
    await client.call("video.rooms.get")
    ids = [(await stream.event())["id"] for stream in streams]
    monkeypatch.setattr(Journal, "candidates", counted)
    for _ in range(20):
        await client.sync()
    await client.call("video.rooms.get")
    ids = [(await stream.event())["id"] for stream in streams]
    assert len(set(ids)) == 1
    assert len(looked_at) == len(set(looked_at))
    assert len(looked_at) > 20


async def test_a_slow_follower_misses_nothing_that_others_have_had(
    client: Client, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "SCANNED", 2)
    first = await follow(name="video.rooms.get")
    for _ in range(5):
        await client.call("video.rooms.get")
    had = [(await first.event())["id"] for _ in range(5)]
    late = await follow(name="video.rooms.get")
    assert [(await late.event())["id"] for _ in range(5)] == had


async def test_for_a_follower_that_has_gone_nothing_is_looked_at(
    api: Api, space: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where it would get nothing, so that no write can fail."""
    ended = asyncio.Event()
    feed = traces._Follower.feed

    async def watched(follower: traces._Follower, response: web.StreamResponse) -> None:
        await feed(follower, response)
        ended.set()

    monkeypatch.setattr(traces._Follower, "feed", watched)
    url = f"{api.server.http_url}/__mock__{space}/trace/follow?name=never"
    async with api.http.get(url) as response:
        await response.content.readline()
        response.close()
    async with asyncio.timeout(PATIENCE_S):
        while not ended.is_set():
            api.server.spaces["here"].journal.note(0, None, "news")
            await asyncio.sleep(0)
