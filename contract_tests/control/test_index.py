"""What has happened is read when somebody asks, each entry once, and kept with the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson
import pytest

from mockserver.control import index, turns
from mockserver.control.happenings import Happenings
from mockserver.engine import Journal
from mockserver.engine.journal import SLICE, TO_CLIENT, TO_SERVER, Entry
from mockserver.protocol import frames

Call = Callable[[int], None]


@pytest.fixture
def journal() -> Journal:
    return Journal("demo", limit=2 * SLICE)


@pytest.fixture
def happenings(journal: Journal) -> Happenings:
    return Happenings(journal)


def call(journal: Journal, timestamp: int, method: str = "signalwire.ping") -> None:
    frame = frames.call(f"id-{timestamp}", method, {"timestamp": timestamp})
    journal.add(timestamp, TO_SERVER, "s1", orjson.dumps(frame))


def event(journal: Journal, event_id: str, session: str) -> None:
    frame = frames.event(event_id, "video.room.started", "video.rooms", 1.0, {})
    journal.add(0, TO_CLIENT, session, orjson.dumps(frame))


@pytest.fixture
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step is a slice."""
    monkeypatch.setattr(turns, "SLICE_S", -1.0)


@pytest.mark.usefixtures("short_slices")
async def test_what_has_happened_is_found_however_long_it_takes(
    journal: Journal, happenings: Happenings
) -> None:
    for number in range(2 * SLICE):
        call(journal, number)
    last = {"timestamp": 2 * SLICE - 1}
    found = await happenings.wait_for("signalwire.ping", last, timeout=0)
    assert found.params == last


@pytest.mark.usefixtures("short_slices")
async def test_others_run_while_a_wait_looks_back(journal: Journal, happenings: Happenings) -> None:
    for number in range(SLICE):
        call(journal, number)
    happenings.of()
    ran = 0

    async def run() -> None:
        nonlocal ran
        while True:
            ran += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(run())
    with pytest.raises(TimeoutError, match="timestamp is 0, not -1"):
        await happenings.wait_for("signalwire.ping", {"timestamp": -1}, timeout=0)
    other.cancel()
    # Once for each that it looked at, and again for each when it says what came instead.
    assert ran > 2 * SLICE


@pytest.mark.usefixtures("short_slices")
async def test_two_waits_at_once_do_not_have_the_same(
    journal: Journal, happenings: Happenings
) -> None:
    for number in range(3):
        call(journal, number)
    waits = [happenings.wait_for("signalwire.ping", timeout=0) for _ in range(3)]
    found = await asyncio.gather(*waits)
    assert sorted(each.n for each in found) == [1, 2, 3]


def test_nothing_is_read_before_somebody_asks(
    journal: Journal, happenings: Happenings, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    real = index.Index._note

    def note(self: index.Index, entry: Entry) -> None:
        read.append(entry.number)
        real(self, entry)

    monkeypatch.setattr(index.Index, "_note", note)
    for number in range(3):
        call(journal, number)
    assert read == []
    assert len(happenings.of("signalwire.ping")) == 3
    assert len(happenings.of()) == 3
    assert read == [1, 2, 3], "each once"


def test_what_the_journal_has_dropped_is_forgotten(
    journal: Journal, happenings: Happenings
) -> None:
    call(journal, 0, "video.rooms.get")
    event(journal, "once", "s1")
    event(journal, "once", "s2")
    journal.add(0, TO_SERVER, "s1", b'{"method": "video.rooms.get"}', problem="no id")
    assert [each.name for each in happenings.of()] == ["video.rooms.get", "video.room.started"]
    for number in range(4 * SLICE):
        call(journal, number)
    found = happenings.of()
    assert [each.n for each in found] == list(range(journal.first, journal.last + 1))
    assert happenings.of("video.rooms.get") == []
    kept = happenings._index
    assert (len(kept._by_name), len(kept._invalid), len(kept._event_ids)) == (1, 0, 0)


def test_a_frame_that_is_no_json_is_no_happening(journal: Journal, happenings: Happenings) -> None:
    """It says that it is an event all the same."""
    journal.add(0, TO_CLIENT, "s1", b'{"method":"signalwire.event","params":{')
    journal.add(0, TO_CLIENT, "s1", b'[{"method":"signalwire.event"}]')
    journal.add(0, TO_CLIENT, "s1", b'{"method":"signalwire.event","params":{"event_type":[]}}')
    assert [each.name for each in happenings.of()] == [""]


async def test_waits_go_on_where_the_last_one_was_also_when_the_journal_drops(
    journal: Journal, happenings: Happenings
) -> None:
    for number in range(5):
        call(journal, number)
    first = await happenings.wait_for("signalwire.ping", {"timestamp": 2})
    second = await happenings.wait_for("signalwire.ping")
    assert (first.n, second.n) == (3, 4)
    waiting = asyncio.create_task(happenings.wait_for("signalwire.ping", {"timestamp": 900}))
    for number in range(5, 901):
        if number % SLICE == 0:
            await asyncio.sleep(0)
        call(journal, number)
    assert (await waiting).n == 901
    assert journal.dropped > 0
    with pytest.raises(TimeoutError):
        await happenings.wait_for("signalwire.ping", timeout=0)
    assert journal._listeners == [], "nobody waits any more"
