"""One server for a run, with spaces as fixtures of any scope want them."""

from __future__ import annotations

import pytest

from .conftest import Run

FIXTURES = """
import pytest

@pytest.fixture(scope="session")
def for_all(signalwire_server):
    with signalwire_server.sync_space("for-all", clock="manual") as mock:
        yield mock

@pytest.fixture(scope="module")
def for_module(signalwire_server):
    with signalwire_server.space("for-module") as mock:
        yield mock

@pytest.fixture
def for_test(signalwire_server):
    with signalwire_server.sync_space("for-test") as mock:
        yield mock
"""

BREAKING = """
import pytest
from client_stub import SignalWire

@pytest.fixture
def mock(signalwire_server):
    with signalwire_server.space("shop"{arguments}) as mock:
        yield mock

async def test_it(mock):
    async with await SignalWire(host=mock.url, project=mock.project, token=mock.token):
        room = (await mock.start_room("lobby")).state
        recording = {{"id": "r1", "state": "recording", "started_at": mock.now}}
        await mock.push_event(
            "video.recording.started",
            {{"room_id": room.room_id, "room_session_id": room.id, "recording": recording}},
            channel=room.event_channel,
        )
    {end}
"""


def test_spaces_live_as_long_as_their_fixtures(run: Run) -> None:
    result = run(
        FIXTURES
        + """
def test_first(for_all, for_test):
    for_all.start_room("lobby")
    for_test.start_room("lobby")

async def test_second(for_all, for_module, for_test):
    assert [room.name for room in for_all.rooms] == ["lobby"]
    assert for_test.rooms == []
    await for_module.start_room("hall")

async def test_third(for_all, for_module, signalwire_server, signalwire_mock):
    assert [room.name for room in for_module.rooms] == ["hall"]
    assert for_all.advance(60) == 1735689660.0
    for mock in (for_all, for_module, signalwire_mock):
        assert mock.url.startswith(signalwire_server.url + "/space/")
        assert mock.http_url == signalwire_server.http_url
    assert signalwire_mock.rooms == []
"""
    )
    result.assert_outcomes(passed=3)


def test_what_the_options_say_holds_unless_a_space_says_otherwise(run: Run) -> None:
    result = run(
        """
def test_it(signalwire_server):
    with signalwire_server.sync_space("a") as manual:
        assert manual.advance(1) == 1735689601.0
    with signalwire_server.sync_space("b", clock="real") as real:
        assert real.now > 1735689601.0
""",
        "--signalwire-clock=manual",
    )
    result.assert_outcomes(passed=1)


def test_a_broken_rule_is_an_error_of_the_fixture(run: Run) -> None:
    result = run(BREAKING.format(arguments="", end="assert True"))
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ContractBroken: 1 violation in*", "*subscribed-only: *"])


@pytest.mark.parametrize("arguments", [", check=False", ', ignore=["subscribed-only"]'])
def test_a_rule_that_does_not_matter(run: Run, arguments: str) -> None:
    result = run(BREAKING.format(arguments=arguments, end="assert True"))
    result.assert_outcomes(passed=1)


def test_a_name_is_had_once_at_a_time(run: Run) -> None:
    result = run(
        """
import pytest

def test_it(signalwire_server):
    for _ in range(2):
        with signalwire_server.space("shop"):
            with pytest.raises(ValueError, match='there is a space "shop" already'):
                with signalwire_server.space("shop"):
                    pass
    with pytest.raises(RuntimeError), signalwire_server.space("shop"):
        raise RuntimeError
    with signalwire_server.space("shop"):
        pass
    with pytest.raises(ValueError, match='clock: expected "real" or "manual"'):
        with signalwire_server.space("other", clock="manul"):
            pass
"""
    )
    result.assert_outcomes(passed=1)
