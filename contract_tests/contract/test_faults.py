"""A frame that an injected fault made is no violation, and nobody is blamed for it."""

from __future__ import annotations

import pytest

from mockserver import contract

from .conversation import ROOM, Conversation, listening


def judged(talk: Conversation) -> contract.Judge:
    judge = contract.judge()
    for entry in talk.trace:
        judge.feed(entry)
    return judge


def test_a_breach_that_a_fault_made_is_intended() -> None:
    talk = listening()
    talk.recording("started", "recording")
    talk.recording("started", "recording")
    assert talk.broken() == ["started-once"]
    talk.entries[-1]["fault"] = "duplicate"
    judge = judged(talk)
    assert judge.violations == []
    (intended,) = judge.intended
    assert (intended.rule, intended.fault) == ("started-once", "duplicate")
    assert intended.frames == (7, 8)


def test_a_suspicion_that_a_fault_made_is_no_violation() -> None:
    talk = listening()
    talk.at(5.0).recording("updated", "paused", started_at=4.0)
    assert talk.broken() == ["started-first"]
    talk.entries[-1]["fault"] = "reorder"
    assert talk.broken() == []


def test_a_client_is_not_blamed_for_what_a_fault_made_it_say() -> None:
    talk = listening()
    talk.frame("to_server", None, text="{", fault="corrupt")
    judge = judged(talk)
    assert judge.violations == []
    assert [each.rule for each in judge.intended] == ["client-frames-valid"]


def test_what_was_meant_counts_in_place_of_what_a_fault_made_of_it() -> None:
    talk = listening()
    talk.recording("started", "recording")
    entry = talk.entries[-1]
    entry["meant"], entry["fault"] = entry["frame"], "corrupt"
    entry["frame"] = None
    talk.recording("updated", "paused")
    judge = judged(talk)
    assert judge.violations == []
    assert [each.rule for each in judge.intended] == ["frames-valid"]


def test_a_lost_frame_counts_as_if_it_had_come() -> None:
    talk = listening()
    talk.recording("started", "recording")
    talk.entries[-1] |= {"fault": "drop", "lost": True}
    talk.at(5.0).recording("updated", "paused", started_at=4.0)
    assert talk.broken() == []


def test_a_timeline_says_what_a_fault_did() -> None:
    talk = listening()
    talk.recording("started", "recording")
    talk.entries[-1] |= {"fault": "drop", "lost": True}
    assert contract.timeline(talk.trace).rstrip().endswith("fault=drop (lost)")


def test_nothing_follows_from_what_only_a_fault_sent() -> None:
    talk = listening()
    talk.recording("started", "recording")
    talk.recording("updated", "paused")
    talk.recording("updated", "recording")
    talk.entries[-1] |= {"fault": "stale_state", "extra": True}
    talk.recording("updated", "recording")
    assert talk.broken() == []


def test_other_breaches_stay() -> None:
    talk = listening()
    talk.answer("nothing", fault="unknown-answer")
    talk.answer("nothing either")
    assert talk.broken() == ["answered-once"]


def test_what_a_session_shows_of_a_channel_after_a_fault_there_proves_nothing() -> None:
    talk = listening()
    talk.recording("started", "recording", recording="another")
    talk.at(5.0).recording("updated", "paused", started_at=1.0)
    talk.at(6.0).recording("started", "recording", started_at=1.0)
    assert talk.broken() == ["started-first"]
    talk.entries[-3]["fault"] = "reorder"
    judge = judged(talk)
    assert judge.violations == []
    assert [(each.rule, each.fault) for each in judge.intended] == [("started-first", "reorder")]


def test_a_fault_on_one_channel_explains_nothing_on_another() -> None:
    talk = listening()
    talk.room("started")
    talk.entries[-1]["fault"] = "old_timestamp"
    talk.at(5.0).recording("updated", "paused", started_at=1.0)
    talk.at(6.0).recording("started", "recording", started_at=1.0)
    assert talk.broken() == ["started-first"]


def test_a_client_is_to_blame_for_its_own_frames_after_a_fault() -> None:
    talk = listening()
    talk.recording("started", "recording")
    talk.entries[-1]["fault"] = "delay"
    talk.frame("to_server", None, text="{")
    assert talk.broken() == ["client-frames-valid"]


def test_an_event_that_a_fault_made_older_is_not_missed_by_others() -> None:
    talk = Conversation()
    for session in ("s1", "s2", "s3"):
        talk.session = session
        talk.connect()
        talk.subscribe()
    body = {"room_id": "room-1", "room_session_id": ROOM}
    told = {**body, "recording": {"id": "recording-1", "state": "recording"}}
    talk.at(5.0)
    for session, made in (("s1", 5.0), ("s2", -80_000.0), ("s3", 5.0)):
        talk.session = session
        talk.event("video.recording.started", told, made=made, id_="a")
        if session == "s2":
            talk.entries[-1]["fault"] = "old_timestamp"
    talk.session = "s1"
    talk.at(9.0).recording("updated", "paused")
    assert "told-to-all" not in talk.broken()


def test_an_answer_of_a_fault_does_not_stand_for_the_real_answer_to_an_unreadable_frame() -> None:
    talk = listening()
    talk.frame("to_server", None, text="{", problem="not JSON")
    error = {"code": -32700, "message": "not JSON"}
    talk.frame("to_client", {"jsonrpc": "2.0", "id": "x", "error": error}, fault="answer_unknown")
    talk.frame("to_client", {"jsonrpc": "2.0", "id": None, "error": error})
    assert talk.broken() == ["client-frames-valid"]


def test_what_a_fault_says_later_proves_nothing_about_what_was_answered_before() -> None:
    talk = listening()
    talk.at(2.0).recording("started", "recording", started_at=2.0)
    shown = {"id": "recording-1", "state": "paused", "started_at": 1_700_000_002.0}
    listed = {"code": "200", "message": "OK", "recordings": [shown]}
    talk.at(5.0).ask("video.recording.list", {"room_session_id": ROOM}, listed)
    talk.at(20.0).recording("updated", "recording", recording="another", started_at=1.0)
    proven = talk.broken()
    talk.entries[-1]["fault"] = "event_after_end"
    assert "answers-agree" in proven
    assert "answers-agree" not in talk.broken()


def test_what_was_lost_comes_again_after_a_resume_and_not_twice() -> None:
    talk = listening()
    talk.recording("started", "recording")
    lost = talk.entries[-1]
    lost |= {"fault": "drop", "lost": True}
    talk.connect(protocol="signalwire_a_s1_demo")
    talk.frame("to_client", lost["frame"])
    assert talk.broken() == []
    talk.frame("to_client", lost["frame"])
    assert talk.broken() == ["event-once", "started-once"]


@pytest.mark.parametrize("marks", [{"lost": True}, {"meant": {}}], ids=["lost", "changed"])
def test_a_frame_is_not_excused_by_one_before_it_that_a_fault_lost_or_changed(
    marks: dict[str, object],
) -> None:
    talk = listening()
    talk.recording("started", "recording")
    entry = talk.entries[-1]
    entry |= {"fault": "drop", **marks}
    if "meant" in marks:
        entry["meant"], entry["frame"] = entry["frame"], None
    assert talk.broken() == []
    talk.recording("started", "recording")
    assert talk.broken() == ["started-once"]
