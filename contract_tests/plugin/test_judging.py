"""A test fails when the contract is broken in its space, and its report shows the conversation."""

from __future__ import annotations

import pytest

from .conftest import Run

PRELUDE = '''
import pytest
from client_stub import SignalWire

@pytest.fixture
async def client(signalwire_mock):
    mock = signalwire_mock
    async with await SignalWire(host=mock.url, project=mock.project, token=mock.token) as client:
        yield client

async def break_a_rule(mock):
    """No client has subscribed to this."""
    [session] = mock.sessions
    room = (await mock.start_room("lobby")).state
    ids = {"room_id": room.room_id, "room_session_id": room.id}
    recording = {"id": "r1", "state": "recording", "started_at": mock.now}
    await mock.push_event(
        "video.recording.started", {**ids, "recording": recording}, channel=room.event_channel
    )
'''
RULE = "subscribed-only"


def test_a_broken_rule_fails_the_test(run: Run) -> None:
    result = run(
        PRELUDE + "async def test_it(client, signalwire_mock):\n"
        "    await break_a_rule(signalwire_mock)\n"
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*the contract is broken*1 violation in*",
            f"{RULE}: *",
            "*signalwire timeline of test-it-*",
        ]
    )
    assert "pytest_plugin.py" not in result.stdout.str()


@pytest.mark.parametrize("arguments", ["check=False", f'ignore=["{RULE}"]'])
def test_a_rule_that_does_not_matter(run: Run, arguments: str) -> None:
    result = run(
        PRELUDE + f"@pytest.mark.signalwire({arguments})\n"
        "async def test_it(client, signalwire_mock):\n"
        "    await break_a_rule(signalwire_mock)\n"
    )
    result.assert_outcomes(passed=1)


def test_a_rule_that_breaks_while_fixtures_end(run: Run) -> None:
    result = run(
        PRELUDE + "@pytest.fixture\n"
        "async def late(client, signalwire_mock):\n"
        "    yield\n"
        "    await break_a_rule(signalwire_mock)\n\n"
        "async def test_it(late):\n    pass\n"
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_it*", f"{RULE}: *"])


def test_a_test_that_fails_by_itself_keeps_its_own_reason(run: Run) -> None:
    result = run(
        PRELUDE + "async def test_it(client, signalwire_mock):\n"
        "    await break_a_rule(signalwire_mock)\n"
        "    assert 1 == 2\n"
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E *assert 1 == 2", "*signalwire timeline of*", "*signalwire contract*", f"{RULE}: *"]
    )


def test_what_is_expected_to_fail_may_break_rules(run: Run) -> None:
    result = run(
        PRELUDE + "@pytest.mark.xfail(strict=True)\n"
        "async def test_it(client, signalwire_mock):\n"
        "    await break_a_rule(signalwire_mock)\n\n"
        "async def test_skipped(client, signalwire_mock):\n"
        "    await break_a_rule(signalwire_mock)\n"
        "    pytest.skip('enough')\n"
    )
    result.assert_outcomes(xfailed=1, skipped=1)


def test_the_report_shows_this_conversation_and_no_other(run: Run) -> None:
    result = run(
        PRELUDE + "async def test_fine(client, signalwire_mock):\n"
        "    await client.video.get_room_sessions()\n\n"
        "async def test_wrong(client, signalwire_mock):\n"
        "    await signalwire_mock.start_room('lobby')\n"
        "    assert signalwire_mock.rooms == []\n"
    )
    result.assert_outcomes(passed=1, failed=1)
    text = result.stdout.str()
    assert text.count("signalwire timeline of") == 1
    assert "signalwire timeline of test-wrong-" in text
    assert "-> signalwire.connect project=test-wro…" in text
    assert "video.rooms.get" not in text
    assert "test-fine" not in text


def test_an_expectation_shows_the_conversation_once(run: Run) -> None:
    result = run(
        PRELUDE + "async def test_it(client, signalwire_mock):\n"
        "    signalwire_mock.expect('video.rooms.get')\n\n"
        "async def test_wait(client, signalwire_mock):\n"
        "    await signalwire_mock.wait_for('video.rooms.get', timeout=0.01)\n"
    )
    result.assert_outcomes(failed=2)
    text = result.stdout.str()
    assert text.count("-> signalwire.connect project=") == 2
    assert "signalwire timeline" not in text
    # The failure points at the test, not into the mock.
    assert "harness" not in text.replace("mockserver.harness.handles.SpaceHandle", "")
    result.stdout.fnmatch_lines([">  *signalwire_mock.expect('video.rooms.get')"])


def test_a_fixture_that_fails_shows_the_conversation_too(run: Run) -> None:
    result = run(
        PRELUDE + "@pytest.fixture\n"
        "async def broken(client):\n    raise OSError('no disk')\n\n"
        "async def test_it(broken):\n    pass\n"
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E *OSError: no disk", "*signalwire timeline of test-it-*"])


BUG = "    signalwire_mock._thread.look(lambda server: server.note_bug(OSError('a pipe burst')))\n"


def test_a_bug_of_the_mock_fails_the_test(run: Run) -> None:
    result = run(
        f"def test_it(signalwire_mock):\n{BUG}\n\ndef test_next(signalwire_mock):\n    pass\n"
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*MockServerBug: the mock server itself is at fault:*"])


def test_a_bug_of_the_mock_is_told_beside_another_failure(run: Run) -> None:
    result = run(f"def test_it(signalwire_mock):\n{BUG}    assert 1 == 2\n")
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["*MockServerBug: the mock server itself is at fault:*"])


FAILING = """
scenario: own
about: Nothing runs that could be stopped.
rooms: {lobby: {}}
script:
  - {at: 1s, do: [start_room, stop_recording]}
"""


@pytest.mark.parametrize(
    ("more", "failed"), [("", 1), (", check=False", 0)], ids=["judged", "not judged"]
)
def test_a_step_of_the_script_that_fails_fails_the_test(
    run: Run, pytester: pytest.Pytester, more: str, failed: int
) -> None:
    pytester.path.joinpath("own.yaml").write_text(FAILING.lstrip())
    result = run(
        "import pytest\n"
        f'@pytest.mark.signalwire(scenario="own.yaml", clock="manual"{more})\n'
        "async def test_it(signalwire_mock):\n"
        "    await signalwire_mock.advance(1)\n"
        "    assert len(signalwire_mock.script_failures) == 1\n"
    )
    result.assert_outcomes(failed=failed, passed=1 - failed)
    if failed:
        result.stdout.fnmatch_lines(
            [
                "*a step of the script failed:*",
                "*own.yaml:5: stop the newest recording of room lobby: *",
            ]
        )


def test_a_room_that_ends_early_is_no_failure_of_the_default_scenario(run: Run) -> None:
    result = run(
        PRELUDE + '@pytest.mark.signalwire(scenario="demo", clock="manual")\n'
        "async def test_it(client, signalwire_mock):\n"
        "    mock = signalwire_mock\n"
        "    async def listen(room):\n"
        "        await room.listen(on_member_joined=print)\n"
        "    await client.video.listen(on_room_started=listen)\n"
        "    await mock.advance(1)\n"
        "    for _ in ('video.rooms', 'room'):\n"
        "        await mock.wait_for('signalwire.subscribe')\n"
        "    [room] = mock.rooms\n"
        "    await mock.room(room.id).end_room()\n"
        "    await mock.advance(20)\n"
        "    assert mock.script_failures == []\n"
    )
    result.assert_outcomes(passed=1)
