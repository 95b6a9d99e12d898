from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from mockserver.protocol.differences import differences
from mockserver.scenarios import loader, oracle

STARTED, UPDATED, ENDED = (
    "video.recording.started",
    "video.recording.updated",
    "video.recording.ended",
)
ROOM_UPDATED = "video.room.updated"
SCENARIO = loader.loads(
    """
    scenario: one-pause
    about: A pause.
    expect:
      - video.recording.started: {recording: {state: recording}}
      - video.recording.updated: {recording: {state: paused}}
      - video.recording.updated: {recording: {state: recording}}
      - video.recording.ended: {recording: {state: completed, duration: 7}}
    never: [video.member.left]
    """
)


def recording(event: str, state: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return event, {"room_id": "r", "recording": {"id": "1", "state": state, **more}}


RIGHT = [
    recording(STARTED, "recording"),
    recording(UPDATED, "paused"),
    recording(UPDATED, "recording"),
    recording(ENDED, "completed", duration=7.0),
]
SEEN = (
    "seen: 1. video.recording.started (recording.state recording); "
    "2. video.recording.updated (recording.state paused); "
    "3. video.recording.updated (recording.state recording); "
    "4. video.recording.ended (recording.state completed, recording.duration 7.0)"
)


def test_the_expected_events_are_right() -> None:
    assert oracle.judge(SCENARIO, RIGHT) == []


def test_types_that_are_not_named_are_free() -> None:
    assert oracle.judge(SCENARIO, [("video.room.ended", {}), *RIGHT, (ROOM_UPDATED, {})]) == []


def test_a_missing_event_is_told_without_blaming_the_later_ones() -> None:
    assert oracle.judge(SCENARIO, [RIGHT[0], *RIGHT[2:]]) == [
        "expected event 2 of 4 did not come there: "
        "video.recording.updated with recording.state paused",
        "seen: 1. video.recording.started (recording.state recording); "
        "2. video.recording.updated (recording.state recording); "
        "3. video.recording.ended (recording.state completed, recording.duration 7.0)",
    ]


def test_an_event_too_many_is_told() -> None:
    problems = oracle.judge(SCENARIO, [*RIGHT, recording(UPDATED, "paused")])
    assert problems[0] == "event 5, video.recording.updated, was not expected there"
    assert len(problems) == 2


def test_fields_that_differ_are_told_one_by_one() -> None:
    wrong = [*RIGHT[:3], recording(ENDED, "paused")]
    assert oracle.judge(SCENARIO, wrong)[0] == (
        "event 4, video.recording.ended: recording.state: expected completed, came paused; "
        "recording.duration: expected 7, is missing"
    )


def test_the_order_counts() -> None:
    problems = oracle.judge(SCENARIO, [RIGHT[3], *RIGHT[:3]])
    assert problems[:2] == [
        "event 1, video.recording.ended, was not expected there",
        "expected event 4 of 4 did not come there: "
        "video.recording.ended with recording.state completed, recording.duration 7",
    ]


def test_nothing_at_all() -> None:
    problems = oracle.judge(SCENARIO, [])
    assert len(problems) == 5
    assert problems[-1] == "seen: nothing"


def test_what_must_never_come_is_told_with_how_often() -> None:
    left: tuple[str, dict[str, Any]] = ("video.member.left", {})
    assert oracle.judge(SCENARIO, [*RIGHT, left, left]) == [
        "video.member.left must never come, and came 2 times",
        SEEN,
    ]


@pytest.mark.parametrize(
    ("came", "tolerance_s", "fits"),
    [
        (7, 0.0, True),
        (7.0000004, 0.0, True),
        (7.000001, 0.0, False),
        (6.999999, 0.0, False),
        (7.2, 0.2, True),
        (6.8, 0.2, True),
        (7.200001, 0.2, False),
        (None, 10.0, False),
        ("7", 10.0, False),
        (True, 10.0, False),
    ],
)
def test_a_duration_is_compared_within_the_tolerance(
    came: object, tolerance_s: float, fits: bool
) -> None:
    events = [*RIGHT[:3], recording(ENDED, "completed", duration=came)]
    assert (oracle.judge(SCENARIO, events, tolerance_s) == []) is fits


def test_other_numbers_know_no_tolerance() -> None:
    assert differences({"volume": 5}, {"volume": 5.1}, 10.0) == [("volume", 5, 5.1)]
    assert differences({"member": {"ended_at": 5}}, {"member": {"ended_at": 6}}, 1.0) == []


def test_true_is_not_one_and_null_is_not_missing() -> None:
    assert differences({"recording": True}, {"recording": 1})
    assert differences({"volume": 1}, {"volume": True})
    assert differences({"name": None}, {})
    assert differences({"name": None}, {"name": None}) == []


def test_lists_are_compared_entry_by_entry_and_in_length() -> None:
    expected = {"recordings": [{"state": "paused"}]}
    assert differences(expected, {"recordings": [{"state": "paused", "id": "1"}]}) == []
    (difference,) = differences(expected, {"recordings": [{"state": "recording"}]})
    assert str(difference) == "recordings[0].state: expected paused, came recording"
    assert differences(expected, {"recordings": []})


GROUPED = loader.loads(
    """
    scenario: grouped
    about: Three in any order, then one.
    expect:
      - any_order:
          - video.recording.updated: {}
          - video.recording.updated: {recording: {state: paused}}
          - video.recording.updated: {recording: {state: paused, duration: 2}}
      - video.recording.ended: {}
    """
)
GROUP = [
    recording(UPDATED, "paused", duration=2),
    recording(UPDATED, "paused", duration=9),
    recording(UPDATED, "recording"),
]
LAST = recording(ENDED, "completed")


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_in_a_group_every_order_is_right(order: tuple[int, ...]) -> None:
    """The first expectation fits all three events: taking the first that fits would go wrong."""
    assert oracle.judge(GROUPED, [*(GROUP[k] for k in order), LAST]) == []


def test_a_group_is_matched_exactly() -> None:
    twice = [GROUP[0], GROUP[2], GROUP[2], LAST]
    assert oracle.judge(GROUPED, twice)[0].startswith("event 3, video.recording.updated: ")


def test_the_order_between_groups_counts() -> None:
    assert oracle.judge(GROUPED, [GROUP[0], GROUP[1], LAST, GROUP[2]])


def test_a_group_that_lacks_one_says_which() -> None:
    assert oracle.judge(GROUPED, [*GROUP[1:], LAST])[0] == (
        "expected event 3 of 4 did not come there: video.recording.updated with "
        "recording.state paused, recording.duration 2"
    )


def test_a_run_is_complete_once_every_type_has_come_as_often_as_expected() -> None:
    assert not oracle.complete(SCENARIO, RIGHT[:3])
    assert not oracle.complete(SCENARIO, [RIGHT[0], RIGHT[1], RIGHT[3], (ROOM_UPDATED, {})])
    assert oracle.complete(SCENARIO, RIGHT)
    assert oracle.complete(SCENARIO, [*RIGHT, RIGHT[1]])
