"""Each test has a space of its own, made as its marker and the options say."""

from __future__ import annotations

import re

import pytest

from .conftest import Run

RECORDER = """
import asyncio
import pytest
from client_stub import SignalWire

class MyApp:
    def __init__(self, client):
        self.client, self.recording = client, asyncio.Future()

    async def listen(self):
        async def record(room):
            self.recording.set_result(await room.start_recording())

        await self.client.video.listen(on_room_started=record)

    async def pause(self):
        await (await self.recording).pause()

    async def stop(self):
        await (await self.recording).stop()
"""

EXAMPLE = """
@pytest.mark.signalwire(clock="manual")
async def test_recorded_time_excludes_the_pause(signalwire_mock):
    async with await SignalWire(
        host=signalwire_mock.url, project=signalwire_mock.project, token=signalwire_mock.token
    ) as client:
        app = MyApp(client)
        await app.listen()
        room = await signalwire_mock.start_room("standup", members=["Ann", "Bob"])
        await signalwire_mock.wait_for("video.recording.start")
        await signalwire_mock.advance(60)
        await app.pause()
        await signalwire_mock.advance(300)
        await app.stop()
        [recording] = room.recordings
        assert recording.state == "completed" and recording.duration == 60.0
        signalwire_mock.expect("video.recording.pause", {"recording_id": recording.id}, times=1)
"""

TWELVE_LINES = """\
import pytest
from client_stub import SignalWire

@pytest.mark.asyncio
@pytest.mark.signalwire(clock="manual")
async def test_what_the_service_records(signalwire_mock):
    mock = signalwire_mock
    async with await SignalWire(host=mock.url, project=mock.project, token=mock.token):
        room = await mock.start_room("standup", members=["Ann", "Bob"])
        await room.start_recording()
        await mock.advance(24 * 3600)
        assert (await room.stop_recording()).duration == 86400.0
"""


def test_an_application_that_records(run: Run) -> None:
    run(RECORDER + EXAMPLE).assert_outcomes(passed=1)


def test_twelve_lines_are_enough(run: Run) -> None:
    assert len(TWELVE_LINES.splitlines()) == 12
    run(TWELVE_LINES, installed=True).assert_outcomes(passed=1)


def test_a_test_without_coroutines(run: Run) -> None:
    text = """
import unittest
import pytest

@pytest.mark.signalwire(clock="manual")
def test_one(signalwire_mock_sync, signalwire_mock):
    room = signalwire_mock_sync.start_room("lobby")
    signalwire_mock_sync.advance(5)
    assert signalwire_mock.room("lobby").id == room.id

class TestCase(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _mock(self, signalwire_mock_sync):
        self.mock = signalwire_mock_sync

    def test_two(self):
        self.mock.start_room("lobby")
        assert [room.name for room in self.mock.rooms] == ["lobby"]
"""
    run(text, "-p", "no:pytest_asyncio.plugin", "-W", "ignore").assert_outcomes(passed=2)


SHOWS = """
import pytest

def show(mock):
    kind = mock._look(lambda control: control.clock())
    latency = mock._look(lambda control: control.space.latency_us)
    script = mock._look(lambda control: control.space.script.name)
    print(f"SHOWN {script} {kind.kind} {kind.speed} {latency}")

def test_plain(signalwire_mock):
    show(signalwire_mock)

@pytest.mark.signalwire(scenario="start-stop", clock="manual")
class TestMarked:
    def test_class(self, signalwire_mock):
        show(signalwire_mock)

    @pytest.mark.signalwire(clock="real", speed=4, latency=0.5)
    def test_closest(self, signalwire_mock):
        show(signalwire_mock)
"""


def shown(result: pytest.RunResult) -> list[str]:
    return re.findall(r"SHOWN (.*)", result.stdout.str())


@pytest.mark.parametrize(
    ("ini", "arguments", "plain"),
    [
        ("", [], "none real 1.0 30000"),
        ("", ["--signalwire-clock=manual"], "none manual None 0"),
        ("signalwire_scenario = pause-resume\n", [], "pause-resume real 1.0 30000"),
        ("signalwire_speed = 3", ["--signalwire-speed", "2"], "none real 2.0 30000"),
        ("signalwire_latency = 1s", [], "none real 1.0 1000000"),
        ("", ["--signalwire-latency=0"], "none real 1.0 0"),
    ],
)
def test_options_and_markers(
    run: Run, pytester: pytest.Pytester, ini: str, arguments: list[str], plain: str
) -> None:
    with (pytester.path / "tox.ini").open("a") as file:
        file.write(f"\n{ini}\n")
    result = run(SHOWS, "-s", *arguments)
    result.assert_outcomes(passed=3)
    of_plain, of_class, of_closest = shown(result)
    assert of_plain == plain
    assert of_class.startswith("start-stop manual None ")
    assert of_closest == "start-stop real 4 500000"


def test_a_scenario_file_beside_the_test(run: Run, pytester: pytest.Pytester) -> None:
    folder = pytester.mkpydir("sub")
    (folder / "own.yaml").write_text("scenario: own\nabout: Nothing.\nrooms: {lobby: {}}\n")
    (folder / "test_own.py").write_text(
        "import pytest\n\n"
        '@pytest.mark.signalwire(scenario="own.yaml")\n'
        "def test_it(signalwire_mock):\n"
        '    assert signalwire_mock._look(lambda control: control.space.script.name) == "own"\n'
    )
    run("").assert_outcomes(passed=1)


FAULTY_MARKERS = {
    'clok="manual"': 'has no argument "clok"; did you mean clock?',
    'clock="manul"': 'clock: expected "real" or "manual", found \'manul\'',
    '"pause-resume"': "takes arguments by name only: not 'pause-resume'",
    "seed=1.5": "seed: expected a whole number, found 1.5",
    "speed=0": "speed: expected a number greater than 0, found 0",
    "latency=-1": "latency: expected a number of seconds",
    'latency="soon"': "latency: expected a duration",
    'check="no"': "check: expected True or False, found 'no'",
    'ignore="frames-valid"': "ignore: expected a list of names of rules",
    'ignore=["frame-valid"]': 'there is no rule "frame-valid"; near it: frames-valid',
    'scenario="pause-resum"': 'unknown scenario "pause-resum"; did you mean "pause-resume"',
}


def test_faulty_markers_are_told(run: Run) -> None:
    text = "import pytest\n"
    for number, marker in enumerate(FAULTY_MARKERS):
        text += f"@pytest.mark.signalwire({marker})\ndef test_{number}(signalwire_mock): pass\n"
    result = run(text)
    result.assert_outcomes(errors=len(FAULTY_MARKERS))
    errors = re.split(r"_+ ERROR at setup of test_\d+ _+", result.stdout.str())[1:]
    for error, told in zip(errors, FAULTY_MARKERS.values(), strict=True):
        assert told in error
        assert len(error.partition("====")[0].strip().splitlines()) == 1, error


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--signalwire-clock=manul", '--signalwire-clock: expected "real" or "manual"'),
        ("--signalwire-seed=one", "--signalwire-seed: expected a whole number, found 'one'"),
        ("--signalwire-speed=-1", "--signalwire-speed: expected a number greater than 0"),
    ],
)
def test_a_faulty_option_is_told(run: Run, option: str, told: str) -> None:
    result = run("def test_it(): pass\n", option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert told in result.stderr.str()


IDS = """
import pytest

@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.signalwire(clock="manual")
def test_ids(signalwire_mock_sync, number):
    room = signalwire_mock_sync.start_room(members=1)
    print(f"SHOWN {signalwire_mock_sync.project} {room.name} {room.id}")
"""


def test_the_same_test_has_the_same_ids_in_every_run(run: Run) -> None:
    first = shown(run(IDS, "-s"))
    assert shown(run(IDS, "-s", "-k", "2")) == first[1:]
    assert shown(run(IDS, "-s", "--signalwire-seed=1"))[0].split()[2] != first[0].split()[2]
    (one, *_), (two, *_) = (each.split() for each in first)
    assert one != two
    assert re.fullmatch(r"test-ids-1-[0-9a-f]{8}", one)


def test_a_test_that_runs_again_has_a_fresh_space(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        "from _pytest.runner import runtestprotocol\n\n"
        "def pytest_runtest_protocol(item, nextitem):\n"
        "    runtestprotocol(item, nextitem=nextitem)\n"
        "    item._initrequest()\n"
    )
    result = run(
        "def test_it(signalwire_mock_sync):\n"
        "    assert signalwire_mock_sync.rooms == []\n"
        "    signalwire_mock_sync.start_room('lobby')\n"
    )
    result.assert_outcomes(passed=2)


def test_the_environment_of_clients(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SW_TOKEN", "from outside")
    monkeypatch.setenv("NO_PROXY", "intranet")
    monkeypatch.delenv("no_proxy", raising=False)
    text = """
import os
from client_stub import SignalWire

async def test_it(signalwire_env, signalwire_mock):
    assert os.environ["SW_PROJECT"] == signalwire_mock.project
    assert os.environ["SW_TOKEN"] == "from outside"
    assert os.environ["SIGNALWIRE_HOST"] == signalwire_mock.url
    assert "http://" + os.environ["SIGNALWIRE_SPACE"] == signalwire_mock.http_url
    assert os.environ["NO_PROXY"] == os.environ["no_proxy"] == "intranet,127.0.0.1"
    assert signalwire_env.items() <= os.environ.items()
    async with await SignalWire(host=os.environ["SIGNALWIRE_HOST"]):
        signalwire_mock.expect("signalwire.connect", times=1)

def test_afterwards():
    assert os.environ["SW_TOKEN"] == "from outside"
    assert os.environ["NO_PROXY"] == "intranet"
    assert not {"SW_PROJECT", "no_proxy"} & set(os.environ)
"""
    monkeypatch.delenv("SW_PROJECT", raising=False)
    run(text).assert_outcomes(passed=2)


def test_who_does_not_use_it_does_not_pay(run: Run) -> None:
    text = """
import sys

def test_it(request):
    assert "mockserver.harness.pytest_plugin" in sys.modules
    for name in ("aiohttp", "orjson", "mockserver.server", "mockserver.harness.handles"):
        assert name not in sys.modules
"""
    run(text).assert_outcomes(passed=1)
