"""Rules about rooms: what breaks them, and what only looks like it."""

from __future__ import annotations

import pytest

from contract_tests.contract.conversation import (
    OK,
    ROOM,
    TYPES,
    Conversation,
    listening,
    room_session,
)
from mockserver.protocol.lifecycles import LIFECYCLES

ROOM_TYPES = (*TYPES, "video.room.updated")
STREAM_TYPES = ("video.stream.started", "video.stream.ended")


def get_room(talk: Conversation, recording: bool) -> None:
    talk.ask("video.room.get", {"room_session_id": ROOM}, {**OK, "room": room_session(recording)})


def test_a_room_ends_after_its_recordings() -> None:
    talk = listening()
    talk.recording("started", "recording")
    talk.recording("ended", "completed")
    talk.room("ended")
    assert talk.broken() == []


def test_a_recording_that_ends_after_its_room_is_told() -> None:
    talk = listening()
    talk.recording("started", "recording")
    talk.room("ended", True)
    talk.recording("ended", "completed")
    assert talk.broken() == ["room-ended-last", "room-ended-last"]


def test_who_did_not_subscribe_the_end_of_recordings_does_not_miss_it() -> None:
    talk = listening(TYPES[:2])
    talk.recording("started", "recording")
    talk.room("ended")
    assert talk.broken() == []


def test_another_session_may_still_hear_of_the_room() -> None:
    talk = listening()
    talk.room("ended")
    talk.session = "s2"
    talk.connect()
    talk.subscribe()
    talk.recording("ended", "completed")
    assert talk.broken() == []


@pytest.mark.parametrize("kind", ["playback", "stream"])
def test_whatever_runs_in_a_room_ends_before_it(kind: str) -> None:
    talk = listening([f"video.{kind}.started", f"video.{kind}.updated", f"video.{kind}.ended"])
    talk.media(kind, "started", LIFECYCLES[kind].initial)
    talk.room("ended")
    assert talk.broken() == ["room-ended-last"]


def test_streams_have_a_flag_of_their_own() -> None:
    talk = listening((*STREAM_TYPES, *ROOM_TYPES), initial=True)
    talk.initial_state(streaming=False)
    talk.at(2.0).media("stream", "started", "streaming")
    talk.at(3.0).room("updated", False, streaming=True)
    assert talk.broken() == []
    talk.at(4.0).room("updated", True, streaming=False)
    assert talk.broken() == ["running-flag", "running-flag"]


def test_an_answer_tells_whether_a_room_streams() -> None:
    talk = listening(STREAM_TYPES)
    talk.at(2.0).media("stream", "started", "streaming")
    room = room_session(streaming=False)
    talk.at(5.0).ask("video.room.get", {"room_session_id": ROOM}, {**OK, "room": room})
    talk.at(8.0).media("stream", "ended", "completed")
    assert talk.broken() == ["running-flag"]


@pytest.mark.parametrize("flag_first", [True, False])
@pytest.mark.parametrize("right", [True, False])
def test_the_flag_changes_with_the_recording_in_either_order(flag_first: bool, right: bool) -> None:
    talk = listening(ROOM_TYPES, initial=True)
    talk.initial_state()
    for now, recording in ((2.0, True), (4.0, False)):
        talk.at(now)
        if flag_first:
            talk.room("updated", recording)
        if recording:
            talk.recording("started", "recording")
        else:
            talk.recording("ended", "completed")
        if not flag_first:
            talk.room("updated", recording if right else not recording)
    expected = [] if right or flag_first else ["running-flag", "running-flag"]
    assert talk.broken() == expected


def test_the_flag_stays_while_one_of_two_recordings_runs() -> None:
    talk = listening(ROOM_TYPES, initial=True)
    talk.initial_state()
    for now, recording in ((2.0, "one"), (3.0, "two")):
        talk.at(now).recording("started", "recording", recording=recording)
        talk.room("updated", True)
    talk.at(4.0).recording("ended", "completed", recording="one")
    talk.at(5.0).room("updated", True)
    talk.at(6.0).recording("updated", "paused", recording="two")
    talk.at(7.0).room("updated", True)
    assert talk.broken() == []
    talk.at(8.0).room("updated", False)
    assert talk.broken() == ["running-flag"]


def test_a_flag_that_may_have_changed_while_nobody_listened_is_not_missed_later() -> None:
    talk = listening(ROOM_TYPES, initial=True)
    talk.initial_state()
    talk.unsubscribe(types=["video.room.updated"])
    talk.at(3.0).recording("started", "recording", recording="one")
    talk.at(5.0).subscribe(types=["video.room.updated"])
    talk.at(7.0).recording("started", "recording", recording="two")
    talk.at(9.0).recording("updated", "paused", recording="two")
    assert talk.broken() == []


def test_a_flag_without_any_recording_is_told_to_who_knows() -> None:
    talk = listening(ROOM_TYPES, initial=True)
    talk.initial_state()
    talk.at(2.0).room("updated", True)
    assert talk.broken() == ["running-flag"]


def test_who_does_not_know_how_it_began_does_not_judge() -> None:
    talk = listening(ROOM_TYPES)
    talk.room("updated", True)
    talk.at(2.0).recording("started", "recording")
    talk.at(3.0).recording("ended", "completed")
    talk.at(4.0).room("updated", True)
    assert talk.broken() == []


def test_who_does_not_hear_of_recordings_does_not_judge() -> None:
    talk = listening(["video.room.updated"])
    talk.room("updated", False)
    talk.at(2.0).room("updated", True)
    assert talk.broken() == []


def test_a_gap_in_the_subscription_is_a_gap_in_knowledge() -> None:
    talk = listening(ROOM_TYPES)
    talk.room("updated", False)
    talk.unsubscribe()
    talk.subscribe()
    talk.at(2.0).room("updated", True)
    assert talk.broken() == []


def test_the_recordings_of_an_initial_state_are_known() -> None:
    talk = listening(ROOM_TYPES, initial=True)
    talk.initial_state(recording=True, recordings=[{"id": "old", "state": "paused"}])
    talk.at(2.0).room("updated", False)
    assert talk.broken() == ["running-flag"]


def test_an_initial_state_may_not_contradict_itself() -> None:
    talk = listening(ROOM_TYPES, initial=True)
    talk.initial_state(recordings=[{"id": "old", "state": "recording"}])
    assert talk.broken() == ["running-flag"]


def test_the_older_room_object_tells_the_same() -> None:
    talk = listening(ROOM_TYPES, initial=True)
    talk.initial_state()
    room = {**room_session(True), "room_session_id": ROOM}
    del room["id"]
    body = {
        "room_id": "room-1",
        "room_session_id": ROOM,
        "room_session": room_session(),
        "room": room,
    }
    talk.at(2.0).event("video.room.updated", body)
    assert talk.broken() == ["running-flag"]


@pytest.mark.parametrize("flag", [True, False])
def test_an_answer_is_judged_where_nothing_is_under_way(flag: bool) -> None:
    talk = listening(ROOM_TYPES)
    talk.at(2.0).recording("started", "recording")
    get_room(talk.at(5.0), flag)
    talk.at(8.0).recording("ended", "completed")
    assert talk.broken() == ([] if flag else ["running-flag"])


@pytest.mark.parametrize("now", [1.5, 2.5, 7.5, 8.5])
@pytest.mark.parametrize("flag", [True, False])
def test_an_answer_near_a_change_may_say_either(now: float, flag: bool) -> None:
    talk = listening(ROOM_TYPES)
    talk.room("updated", False)
    talk.at(2.0)
    if now < 2.0:
        get_room(talk.at(now), flag)
    talk.at(2.0).recording("started", "recording")
    talk.room("updated", True)
    if now == 2.5:
        get_room(talk.at(now), flag)
    if now == 7.5:
        get_room(talk.at(now), flag)
    talk.at(8.0).recording("ended", "completed")
    talk.room("updated", False)
    if now == 8.5:
        get_room(talk.at(now), flag)
    talk.at(12.0).room("updated", False)
    assert talk.broken() == []


def test_an_answer_in_a_gap_of_the_subscription_is_not_judged() -> None:
    talk = listening(ROOM_TYPES)
    talk.at(2.0).recording("started", "recording")
    talk.at(3.0).unsubscribe()
    get_room(talk.at(10.0), False)
    talk.at(20.0).subscribe()
    talk.at(30.0).room("updated", False)
    assert talk.broken() == []


def test_later_events_of_another_channel_do_not_prove_that_nothing_is_under_way() -> None:
    talk = listening(ROOM_TYPES)
    talk.at(2.0).recording("started", "recording")
    get_room(talk.at(5.0), False)
    talk.at(8.0).room("started", True)
    assert talk.broken() == []


def test_a_clock_that_was_set_back_proves_nothing() -> None:
    talk = listening(ROOM_TYPES)
    talk.at(2.0).recording("started", "recording")
    call = talk.at(60.0).call("video.room.get", {"room_session_id": ROOM})
    talk.at(5.0).answer(call, {**OK, "room": room_session(False)})
    talk.at(90.0).recording("ended", "completed")
    assert talk.broken() == ["trace-time-forward"]


def test_an_answer_at_the_end_of_the_trace_is_not_judged() -> None:
    talk = listening(ROOM_TYPES)
    talk.at(2.0).recording("started", "recording")
    get_room(talk.at(5.0), False)
    assert talk.broken() == []
