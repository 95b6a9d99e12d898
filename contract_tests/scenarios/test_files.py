"""The scenario files that ship."""

from __future__ import annotations

import json

import pytest

from mockserver.scenarios import library, loader
from mockserver.scenarios.format import (
    AnyOrder,
    Command,
    client_part_as_json,
    expected_counts,
)

FILES = {summary.name: summary.path for summary in library.shipped()}
LONGEST_US = 30_000_000


@pytest.mark.parametrize("name", FILES)
def test_a_shipped_file_loads_and_says_what_its_summary_says(name: str) -> None:
    scenario = loader.load(FILES[name])
    summaries = {summary.name: summary.about for summary in library.shipped()}
    assert (scenario.name, scenario.about) == (name, summaries[name])
    assert scenario.path == str(FILES[name])


@pytest.mark.parametrize("name", FILES)
def test_a_shipped_file_says_in_a_comment_what_it_is_for(name: str) -> None:
    assert FILES[name].read_text("utf-8").startswith("# ")


@pytest.mark.parametrize("name", FILES)
def test_a_shipped_file_can_be_played_in_a_short_time(name: str) -> None:
    scenario = loader.load(FILES[name])
    waits = sum(step.after_us for step in scenario.client)
    waits += sum(step.after_us + step.trigger.at_us for step in scenario.script)
    waits += sum(rule.delay_us for rule in scenario.answers)
    assert waits <= LONGEST_US
    assert scenario.expect or scenario.never, "nothing is expected, so nothing would be tested"


@pytest.mark.parametrize("name", FILES)
def test_a_shipped_file_can_be_handed_to_a_player_in_another_language(name: str) -> None:
    scenario = loader.load(FILES[name])
    part = client_part_as_json(scenario)
    assert json.loads(json.dumps(part)) == part
    assert [len(step["commands"]) for step in part["steps"]] == [
        len(step.commands) for step in scenario.client
    ]


def test_the_files_that_others_rely_on_are_there() -> None:
    assert set(FILES) == {
        "bad-credentials",
        "bad-line",
        "demo",
        "event-before-answer",
        "everyone-leaves",
        "faulty-frames",
        "illegal-moves",
        "late-subscriber",
        "locked-room",
        "many-pauses",
        "moderator-mutes-all",
        "not-allowed",
        "pause-refused",
        "pause-resume",
        "playback-to-end",
        "raised-hands",
        "record-on-start",
        "resume-after-drop",
        "room-ends-while-recording",
        "service-stops-recording",
        "session-taken-over",
        "slow-answers",
        "start-refused",
        "start-stop",
        "stop-while-paused",
        "stream-and-record",
        "two-recordings",
    }


def test_pause_resume_as_a_player_gets_it() -> None:
    part = client_part_as_json(loader.load(FILES["pause-resume"]))
    assert part == {
        "scenario": "pause-resume",
        "steps": [
            {
                "on": None,
                "after_us": 0,
                "commands": [{"verb": "connect"}, {"verb": "listen", "to": "video"}],
                "refused": None,
            },
            {
                "on": {"event": "video.room.started", "nth": None},
                "after_us": 0,
                "commands": [{"verb": "listen", "to": "room"}, {"verb": "start_recording"}],
                "refused": None,
            },
            {"on": None, "after_us": 5_000_000, "commands": [{"verb": "pause"}], "refused": None},
            {"on": None, "after_us": 5_000_000, "commands": [{"verb": "resume"}], "refused": None},
            {"on": None, "after_us": 2_000_000, "commands": [{"verb": "stop"}], "refused": None},
        ],
        "counts": {
            "video.room.started": 1,
            "video.recording.started": 1,
            "video.room.updated": 2,
            "video.recording.updated": 2,
            "video.recording.ended": 1,
            "video.room.ended": 1,
        },
        "never": [],
    }


def test_pause_refused_explains_itself() -> None:
    assert loader.load(FILES["pause-refused"]).explain()[:13] == [
        "pause-refused: The first pause is refused, the second succeeds.",
        "The service:",
        "  1. Once a session subscribes to video.rooms, 200ms later: start room lobby.",
        "  2. Once video.recording.ended happens, 1s later: end room lobby.",
        "Answers:",
        "  1. The 1st video.recording.pause is refused with code 409.",
        "The client:",
        "  1. At once: connect, listen to all rooms.",
        "  2. Once video.room.started happens: listen to the room, start a recording.",
        "  3. 2s later: pause its newest recording, which must be refused with code 409.",
        "  4. 1s later: pause its newest recording.",
        "  5. 2s later: resume its newest recording.",
        "  6. 1s later: stop its newest recording.",
    ]


def test_connect_is_implied_unless_the_client_begins_with_it() -> None:
    late = loader.load(FILES["late-subscriber"]).client
    assert late[0].commands == (Command("connect"),)
    assert late[1].commands[0] == Command("get_rooms")


def test_events_in_any_order_count_too() -> None:
    scenario = loader.loads(
        """
        scenario: x
        about: x
        expect:
          - video.room.started
          - any_order: [video.room.started, {video.room.ended: {}}]
        """
    )
    assert isinstance(scenario.expect[1], AnyOrder)
    assert expected_counts(scenario) == {"video.room.started": 2, "video.room.ended": 1}
