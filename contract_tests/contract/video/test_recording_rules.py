"""Rules about recordings: what breaks them, and what only looks like it."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.contract.conversation import TYPES, Conversation, listening
from mockserver.contract import check

REFUSED = {"code": "409", "message": "not now"}


def whole_life(*, duration: float, pause: float = 2.0) -> Conversation:
    """Recording from 1 to 5 s, paused until 5 s + ``pause``, recording for 3 s more."""
    talk = listening()
    talk.recording("started", "recording", started_at=1.0)
    talk.at(5.0).recording("updated", "paused", started_at=1.0)
    talk.at(5.0 + pause).recording("updated", "recording", started_at=1.0)
    talk.at(8.0 + pause).recording("ended", "completed", started_at=1.0, duration=duration)
    return talk


@pytest.mark.parametrize("duration", [6.0, 6.54, 7.0, 7.05])
def test_a_duration_is_the_time_spent_recording(duration: float) -> None:
    assert whole_life(duration=duration).broken() == []


@pytest.mark.parametrize("duration", [5.9, 7.1, 9.0, -1.0])
def test_another_duration_is_told(duration: float) -> None:
    assert whole_life(duration=duration).broken() == ["durations-add-up"]


def test_a_short_recording_has_no_negative_duration() -> None:
    talk = listening()
    talk.recording("started", "recording", started_at=1.0)
    talk.at(1.2).recording("ended", "completed", started_at=1.0, duration=-0.5)
    assert talk.broken() == ["durations-add-up"]


def test_the_published_sample_adds_up() -> None:
    talk = listening().at(0.0)
    talk.recording("started", "recording", started_at=0.0)
    talk.at(6.496).recording("ended", "completed", started_at=0.0, duration=6.04)
    assert talk.broken() == []


def test_who_missed_updates_cannot_judge_a_duration() -> None:
    talk = listening([TYPES[0], TYPES[2]])
    talk.recording("started", "recording")
    talk.at(60.0).recording("ended", "completed", duration=5.0)
    assert talk.broken() == []


@pytest.mark.parametrize("ends", ["paused", "recording"])
def test_both_live_states_may_end(ends: str) -> None:
    talk = listening()
    talk.recording("started", "recording")
    talk.recording("updated", "paused")
    if ends == "recording":
        talk.recording("updated", "recording")
    talk.recording("ended", "completed")
    assert talk.broken() == []


def test_an_update_must_change_the_state() -> None:
    talk = listening()
    talk.recording("started", "recording")
    talk.recording("updated", "recording")
    assert talk.broken() == ["legal-transitions"]


def test_updates_that_were_not_subscribed_are_not_missed() -> None:
    talk = listening([TYPES[0], TYPES[2]])
    talk.recording("started", "recording")
    talk.subscribe(types=[TYPES[1]])
    talk.recording("updated", "recording")
    assert talk.broken() == []


def test_a_state_that_does_not_fit_its_event_is_told() -> None:
    talk = listening()
    talk.recording("started", "paused")
    assert "legal-transitions" in talk.broken()


def test_two_recordings_are_judged_apart() -> None:
    talk = listening()
    for recording in ("one", "two"):
        talk.recording("started", "recording", recording=recording)
    talk.recording("updated", "paused", recording="one")
    talk.recording("ended", "completed", recording="one")
    talk.recording("updated", "paused", recording="two")
    assert talk.broken() == []


def test_two_sessions_are_judged_apart() -> None:
    talk = listening()
    talk.session = "s2"
    talk.connect()
    talk.subscribe()
    for what, state in (("started", "recording"), ("ended", "completed")):
        for talk.session in ("s1", "s2"):
            talk.recording(what, state)
    assert talk.broken() == []


def test_a_start_may_be_missed_by_who_came_later() -> None:
    talk = listening()
    talk.at(5.0).recording("updated", "paused", started_at=-60.0)
    talk.recording("ended", "completed", started_at=-60.0)
    assert talk.broken() == []


def test_a_start_may_not_be_missed_by_who_waited_for_it() -> None:
    talk = listening()
    talk.at(5.0).recording("updated", "paused", started_at=4.0)
    assert talk.broken() == ["started-first"]


def test_a_start_that_was_asked_for_must_come_without_regard_to_clocks() -> None:
    talk = listening()
    talk.start()
    talk.recording("updated", "paused")
    assert talk.broken() == ["started-first"]


def test_who_did_not_subscribe_the_start_need_not_see_it() -> None:
    talk = listening(TYPES[1:])
    talk.start()
    talk.recording("updated", "paused")
    assert talk.broken() == []


def test_started_at_may_not_change_between_an_answer_and_an_event() -> None:
    talk = listening()
    recording = {"id": "recording-1", "state": "recording", "started_at": 1_700_000_001.0}
    talk.ask(
        "video.recording.start",
        {"room_session_id": "room-session-1"},
        {"code": "200", "message": "OK", "recording": recording},
    )
    talk.recording("started", "recording", started_at=1.5)
    assert talk.broken() == ["times-in-order"]


@pytest.mark.parametrize(
    ("state", "times"),
    [
        ("recording", {"started_at": 1.0, "ended_at": 2.0}),
        ("completed", {"started_at": 1.0, "ended_at": 0.5}),
    ],
)
def test_times_that_contradict_each_other_are_told(state: str, times: Any) -> None:
    talk = listening()
    what = "started" if state == "recording" else "ended"
    talk.recording(what, state, **times)
    assert talk.broken() == ["times-in-order"]


def test_a_completed_recording_has_an_end() -> None:
    talk = listening()
    talk.recording("ended", "completed")
    del talk.entries[-1]["frame"]["params"]["params"]["recording"]["ended_at"]
    assert talk.broken() == ["times-in-order"]


def test_timestamps_of_a_channel_do_not_decrease() -> None:
    talk = listening()
    talk.recording("started", "recording", recording="one", made=1.0)
    talk.recording("started", "recording", recording="two", made=0.9)
    assert talk.broken() == ["times-in-order"]


def test_timestamps_of_two_channels_are_not_compared() -> None:
    talk = listening()
    talk.recording("started", "recording", made=1.0)
    talk.room("started", made=0.5)
    assert talk.broken() == []


def test_an_action_before_the_acknowledgement_of_the_end_is_no_fault() -> None:
    talk = listening()
    talk.recording("started", "recording")
    ended = talk.recording("ended", "completed")
    talk.control("pause", REFUSED)
    talk.acknowledge(ended)
    assert talk.broken() == []
    talk.control("pause", REFUSED)
    assert talk.broken() == ["no-action-after-ended"]


def test_an_accepted_action_may_tell_before_it_answers() -> None:
    talk = listening()
    talk.recording("started", "recording")
    call = talk.call(
        "video.recording.pause",
        {"room_session_id": "room-session-1", "recording_id": "recording-1"},
    )
    talk.recording("updated", "paused")
    talk.answer(call)
    talk.at(30.0).recording("ended", "completed")
    assert talk.broken() == []


def test_an_effect_may_be_under_way_when_the_trace_ends() -> None:
    talk = listening()
    talk.recording("started", "recording")
    talk.control("pause")
    talk.recording("started", "recording", recording="another")
    assert talk.broken() == []


def test_an_effect_that_later_events_overtook_is_missing() -> None:
    talk = listening()
    talk.recording("started", "recording")
    talk.control("pause")
    talk.at(5.0).recording("started", "recording", recording="another")
    assert talk.broken() == ["action-takes-effect"]


def test_a_start_that_is_accepted_must_be_told() -> None:
    talk = listening()
    talk.room("started")
    talk.start()
    talk.at(5.0).recording("started", "recording", recording="another")
    assert talk.broken() == ["action-takes-effect"]


def test_each_accepted_action_has_an_effect_of_its_own() -> None:
    talk = listening()
    talk.recording("started", "recording")
    talk.control("pause")
    talk.control("pause")
    talk.recording("updated", "paused")
    talk.recording("ended", "completed")
    assert talk.broken() == ["action-takes-effect"]


def test_what_happened_before_an_action_is_not_its_effect() -> None:
    talk = listening()
    talk.recording("started", "recording")
    talk.recording("updated", "paused")
    talk.recording("updated", "recording")
    talk.control("pause")
    talk.recording("ended", "completed")
    assert talk.broken() == ["action-takes-effect"]


def test_a_refused_action_needs_no_effect() -> None:
    talk = listening()
    talk.recording("started", "recording")
    talk.control("pause", REFUSED)
    talk.at(5.0).recording("ended", "completed")
    assert talk.broken() == []


def test_who_did_not_subscribe_the_effect_does_not_miss_it() -> None:
    talk = listening([TYPES[0], TYPES[2]])
    talk.recording("started", "recording")
    talk.control("pause")
    talk.at(5.0).recording("ended", "completed")
    assert talk.broken() == []


def test_an_action_on_a_recording_that_has_ended_cannot_be_accepted() -> None:
    talk = listening()
    talk.recording("started", "recording")
    talk.recording("ended", "completed")
    talk.control("resume")
    (violation,) = check(talk.trace)
    assert violation.rule == "action-takes-effect"
