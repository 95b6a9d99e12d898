"""Long answers are written a little at a time, and say what was so at one time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from mockserver.control import turns
from mockserver.control.turns import at_once, in_turns, pieces, turn
from mockserver.protocol.documents import Document, Each

from .conftest import Api


async def written(document: Document) -> bytes:
    return b"".join([piece async for piece in pieces(document)])


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 120])
async def test_lists_are_as_long_as_what_they_are_made_of(count: int) -> None:
    document = Document(before=1, numbers=Each(range(count)), after=Document(of=Each("ab")))
    told = {"before": 1, "numbers": list(range(count)), "after": {"of": ["a", "b"]}}
    data = await written(document)
    assert json.loads(data) == told
    assert data.endswith(b"}\n")


async def test_documents_and_plain_items_may_stand_in_one_list() -> None:
    items = [1, Document(a=Each([2])), Document(b=Each([])), 3, 4]
    data = await written(Document(items=Each(items)))
    assert json.loads(data) == {"items": [1, {"a": [2]}, {"b": []}, 3, 4]}


async def test_others_run_between_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SLICE_S", -1.0)
    made: list[int] = []
    seen: list[int] = []

    def items() -> Iterator[Document]:
        for number in range(5):
            made.append(number)
            yield Document(n=Each([number]))

    async def look() -> None:
        while True:
            seen.append(len(made))
            await asyncio.sleep(0)

    looking = asyncio.create_task(look())
    data = await written(Document(items=Each(items())))
    looking.cancel()
    assert json.loads(data) == {"items": [{"n": [number]} for number in range(5)]}
    # At no time had much been made since the others ran last.
    assert set(range(1, 6)) <= set(seen)


async def test_many_who_ask_hold_others_up_no_longer_than_one() -> None:
    at_work: list[str] = []
    order: list[str] = []

    async def work(name: str) -> None:
        for _ in range(3):
            async with turn():
                at_work.append(name)
                assert len(at_work) == 1
                order.append(name)
                at_work.remove(name)

    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    await asyncio.gather(work("a"), work("b"))
    ticking.cancel()
    assert order == ["a", "b"] * 3
    assert ticks >= len(order)


async def test_steps_give_the_same_at_once_and_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SLICE_S", -1.0)

    def steps() -> turns.Steps[int]:
        total = 0
        for number in range(10):
            total += number
            yield
        return total

    assert at_once(steps()) == await in_turns(steps()) == sum(range(10))


async def test_a_room_is_shown_as_it_was_when_its_turn_came(api: Api, space: str) -> None:
    await api.ok("POST", f"{space}/rooms", {"name": "lobby", "members": ["Ann", "Bob"]}, 201)
    control = api.server.spaces.control("here")
    document = control.video.room_document("lobby")
    mute = {"do": "audio_mute", "room": "lobby", "name": "all"}
    muted = (await api.ok("POST", f"{space}/actions", mute))["result"]
    shown = json.loads(await written(document))
    assert [each["properties"]["audio_muted"] for each in shown["members"]] == [False, False]
    assert [each["properties"]["audio_muted"] for each in muted["members"]] == [True, True]
