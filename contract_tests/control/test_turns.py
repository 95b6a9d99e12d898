"""A request that takes long lets everybody else have their turns meanwhile."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections import Counter
from typing import Any

import pytest

from mockserver.control import arguments
from mockserver.engine import Space, journal
from mockserver.engine.journal import SLICE, TO_SERVER
from mockserver.page import report
from mockserver.protocol import explanation
from mockserver.protocol.explanation import Problem
from mockserver.server.http import spaces
from mockserver.server.http.answers import SHORT
from mockserver.server.http.context import Context

from .conftest import Api, Reply

FRAMES = 20 * SLICE


@pytest.fixture
def long(api: Api, space: str) -> str:
    """The path of a space with many entries, of which one holds what could end a script."""
    kept = api.server.spaces["here"].journal
    for number in range(FRAMES):
        # Notes, since judging so many frames is not what is looked at here.
        kept.note(number, "s1", "</script>" if number == SLICE else "x" * 100)
    return space


class Turns:
    """Counts how often others had their turn."""

    def __init__(self) -> None:
        self.count = 0

    async def __aenter__(self) -> Turns:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            self.count += 1
            await asyncio.sleep(0)


def sent_in_pieces(reply: Reply) -> bool:
    assert len(reply.data) > SHORT
    return reply.headers.get("Transfer-Encoding") == "chunked"


async def test_a_long_trace_is_sent_while_it_is_read(api: Api, long: str) -> None:
    async with Turns() as turns:
        whole = await api.get(f"{long}/trace")
    assert turns.count > FRAMES / SLICE
    assert sent_in_pieces(whole)
    assert [entry["n"] for entry in whole.json["entries"]] == list(range(1, FRAMES + 1))
    lines = await api.get(f"{long}/trace", format="jsonl")
    assert sent_in_pieces(lines)
    assert [json.loads(line) for line in lines.data.splitlines()] == whole.json["entries"]
    assert (await api.get("/journal", project="here")).json == whole.json


async def test_one_frame_of_many_is_looked_for_in_slices(api: Api, long: str) -> None:
    async with Turns() as turns:
        none = await api.get(f"{long}/trace", name="video.rooms.get", limit="1")
    assert none.json["entries"] == []
    assert turns.count > FRAMES / SLICE
    [first] = (await api.get(f"{long}/trace", limit="1")).json["entries"]
    assert first["n"] == 1
    part = (await api.get(f"{long}/trace", after=str(SLICE - 1), limit=str(SLICE))).json["entries"]
    assert [entry["n"] for entry in part] == list(range(SLICE, 2 * SLICE))


async def test_a_long_report_is_sent_while_it_is_made(api: Api, long: str) -> None:
    async with Turns() as turns:
        made = await api.get(f"{long}/report")
    assert turns.count > FRAMES / SLICE
    assert sent_in_pieces(made)
    assert made.headers["Content-Type"] == "text/html; charset=utf-8"
    entries = list(api.server.spaces["here"].journal.entries())
    violations = await api.server.spaces.control("here").judge()
    assert made.data.decode() == report.report("here", entries, violations)
    [data] = re.findall(rb'<script type="application/json" id="report">(.*?)</script>', made.data)
    trace = json.loads(data)["trace"]
    assert [json.loads(line) for line in trace.split("\n")] == entries


async def test_what_answers_is_imported_beside_the_loop(
    api: Api, space: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two who ask at once before that is done are both answered."""
    monkeypatch.setattr("mockserver.server.http.front._dispatch", None)
    async with Turns() as turns:
        replies = await asyncio.gather(api.get("/health"), api.get("/health"))
    assert [reply.status for reply in replies] == [200, 200]
    assert turns.count > 2


def test_entries_that_are_dropped_before_their_turn_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal, "SNAPSHOT", 2 * SLICE)
    kept = journal.Journal("p", limit=4 * SLICE)

    def add(count: int) -> None:
        for _ in range(count):
            kept.add(0, TO_SERVER, "s1", b"{}")

    add(4 * SLICE)
    found: list[int] = []
    for entries in kept.slices(after=SLICE // 2):
        if not found:
            add(3 * SLICE)
        found += [entry.number for entry in entries]
    taken_at_once = range(SLICE // 2 + 1, SLICE // 2 + 2 * SLICE + 1)
    left = range(3 * SLICE + 1, 4 * SLICE + 1)
    assert found == [*taken_at_once, *left]


async def test_many_spaces_are_listed_some_at_a_time(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 3 * spaces.SPACES_AT_ONCE
    for number in range(count):
        api.server.spaces.create(f"space-{number}", {})
    in_turns: Counter[int] = Counter()

    def view(server: Context, space: Space) -> dict[str, Any]:
        in_turns[turns.count] += 1
        return seen(server, space)

    seen = spaces.view
    monkeypatch.setattr(spaces, "view", view)
    async with Turns() as turns:
        listed = (await api.get("/spaces")).json["spaces"]
    assert max(in_turns.values()) <= spaces.SPACES_AT_ONCE
    assert [each["name"] for each in listed] == [f"space-{number}" for number in range(count)]


async def test_others_go_on_while_a_wrong_frame_is_explained(
    api: Api, space: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That takes long, and first of all the import of what it needs."""
    began, may_end = threading.Event(), threading.Event()

    def explain(*_: object) -> list[Problem]:
        began.set()
        assert may_end.wait(10)
        return [Problem("$.params", "an object", "5")]

    monkeypatch.setattr(explanation, "explain", explain)
    frame = {"jsonrpc": "2.0", "id": "mine", "method": "signalwire.ping", "params": 5}
    pushing = asyncio.create_task(api.post(f"{space}/frames", {"frame": frame}))
    assert await asyncio.to_thread(began.wait, 10)
    await api.ok("GET", f"{space}")
    may_end.set()
    assert (await pushing).paths() == ["$.frame.params"]


async def test_a_frame_that_came_by_http_is_checked_once(
    api: Api, space: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON needs no look at each of its values; what a Python program gives does."""
    monkeypatch.setattr(arguments, "plain", None)
    params = {f"key-{each}": each for each in range(100)}
    event = {"event_type": "e", "channel": "c", "params": params, "valid": False}
    await api.ok("POST", f"{space}/events", event)
    frame = {"jsonrpc": "2.0", "id": "mine", "method": "m", "params": params}
    await api.ok("POST", f"{space}/frames", {"frame": frame, "valid": False})
