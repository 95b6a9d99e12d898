"""What the pytest fixture costs, beside an empty async fixture measured in the same run.

    python benchmarks/fixture_cost.py [--tests 200]

Tests with the one and the other take turns, so that both see the same weather of the machine; a
test counts with its setup, call and teardown. Then a day of recording with a hundred pauses is
played on a manual clock, by a client that makes every call, and timed. Exits with 1 when a limit
is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import pytest

from client_stub import RoomSession, RoomSessionRecording, SignalWire
from mockserver import MockServer

MOST_MS = 5.0
MOST_DAY_S = 0.5
PAUSES = 100

TESTS = """
import pytest

@pytest.fixture
async def empty():
    yield

@pytest.mark.parametrize("number", range({count}))
class TestTurns:
    async def test_empty(self, empty, number):
        pass

    async def test_mock(self, signalwire_mock, number):
        pass
"""


class Stopwatch:
    """Adds up the seconds of each test, and has the two kinds take turns."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: item.callspec.params["number"])  # type: ignore[attr-defined]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        assert report.passed, report.longreprtext
        self.seconds[report.nodeid] += report.duration

    def of(self, name: str) -> list[float]:
        # The first of each kind starts the loop, or the server.
        return [each for nodeid, each in self.seconds.items() if f"::{name}[" in nodeid][1:]


def fixture_cost(count: int) -> float:
    """Milliseconds at the median that a test costs more with the mock."""
    stopwatch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_turns.py").write_text(TESTS.format(count=count))
        # Other plugins that are installed would be measured, too.
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        plugins = ["-p", "mockserver.harness.pytest_plugin", "-p", "pytest_asyncio.plugin"]
        asyncio_options = ["asyncio_mode=auto", "asyncio_default_fixture_loop_scope=function"]
        options = [word for option in asyncio_options for word in ("-o", option)]
        place = ["-c", os.devnull, "--rootdir", folder, folder]
        quiet = ["-q", "--no-header", "-p", "no:cacheprovider"]
        code = pytest.main([*plugins, *options, *quiet, *place], plugins=[stopwatch])
    assert code == 0
    empty, mock = stopwatch.of("test_empty"), stopwatch.of("test_mock")
    for name, seconds in (("empty async fixture", empty), ("signalwire_mock", mock)):
        median, worst = statistics.median(seconds) * 1e3, max(seconds) * 1e3
        print(f"{name:<22} median {median:7.3f} ms   worst {worst:7.3f} ms   {len(seconds)} tests")
    return (statistics.median(mock) - statistics.median(empty)) * 1e3


async def a_day() -> float:
    """Real seconds that a day of recording with a hundred pauses takes."""
    async with MockServer(clock="manual") as mock:
        client = SignalWire(host=mock.url, project=mock.project, token=mock.token)
        async with await client:
            started: asyncio.Future[RoomSessionRecording] = asyncio.Future()

            async def record(room: RoomSession) -> None:
                started.set_result(await room.start_recording())

            await client.video.listen(on_room_started=record)
            begin = time.perf_counter()
            room = await mock.start_room("all-day")
            recording = await started
            for _ in range(PAUSES):
                await mock.advance(432)
                await recording.pause()
                await mock.advance(432)
                await recording.resume()
            await recording.stop()
            took = time.perf_counter() - begin
        [seen] = room.recordings
        assert seen.duration == 43_200.0
        assert seen.ended_at is not None
        assert seen.ended_at - seen.started_at == 86_400.0
    return took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tests", type=int, default=200)
    cost_ms = fixture_cost(parser.parse_args().tests)
    asyncio.run(a_day())  # what is loaded once is not what is measured
    day_s = statistics.median(asyncio.run(a_day()) for _ in range(5))
    print(f"\nthe fixture costs      {cost_ms:7.3f} ms a test   (at most {MOST_MS:g})")
    print(f"a day with {PAUSES} pauses  {day_s:7.3f} s           (at most {MOST_DAY_S:g})")
    return 0 if cost_ms <= MOST_MS and day_s <= MOST_DAY_S else 1


if __name__ == "__main__":
    sys.exit(main())
