"""A trace is judged while it grows: step by step, in bounded memory, with the same result."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import pytest

from mockserver import contract
from mockserver.contract import Entry, Trace, check, judging, memory
from mockserver.protocol import frames

from .conversation import CHANNEL, MEMBER, OK, TYPES, Conversation, listening, room_session

TRACES = sorted((Path(__file__).parents[2] / "fixtures" / "traces").glob("*.jsonl"))


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_after_each_entry_the_verdict_is_that_of_the_trace_so_far(path: Path) -> None:
    entries = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    judge = contract.judge()
    for count, entry in enumerate(Trace.from_entries(entries), 1):
        judge.feed(entry)
        assert judge.violations == check(Trace.from_entries(entries[:count]))
    assert len(judge) == len(entries)


def test_a_later_frame_can_explain_what_looked_like_a_breach() -> None:
    """The order of events that were made at the same time is free."""
    talk = listening((*TYPES, "video.room.updated"), initial=True)
    talk.initial_state()
    talk.at(2.0).room("updated", True)
    judge = contract.judge()
    for entry in talk.trace:
        judge.feed(entry)
    assert [each.rule for each in judge.violations] == ["running-flag"]
    talk.recording("started", "recording")
    judge.feed(talk.trace.entries[-1])
    assert judge.violations == []


def test_an_event_waits_for_the_answer_to_its_subscription() -> None:
    for accepted in (True, False):
        talk = listening([])
        asked = {"event_channel": CHANNEL, "events": ["video.room.updated"]}
        call = talk.call("signalwire.subscribe", asked)
        talk.room("updated")
        assert talk.broken() == []
        talk.answer(call, {"code": "200" if accepted else "404", "message": "so"})
        assert talk.broken() == ([] if accepted else ["subscribed-only"])


def test_once_there_are_two_spaces_all_sessions_are_named_with_theirs() -> None:
    talk = Conversation()
    talk.answer("nothing")
    judge = contract.judge()
    judge.feed(talk.trace.entries[0])
    (violation,) = judge.violations
    assert "session s1 made" in violation.message
    talk.call_connect()
    talk.entries[-1]["space"] = "other"
    judge.feed(talk.trace.entries[-1])
    (violation,) = judge.violations
    assert "session demo/s1 made" in violation.message
    assert violation.at.endswith("session demo/s1")


def test_only_so_many_violations_of_a_rule_are_kept() -> None:
    talk = listening()
    for _ in range(5):
        talk.answer("nothing")
    judge = contract.judge(most=2)
    for entry in talk.trace:
        judge.feed(entry)
    assert [each.frames for each in judge.violations] == [(7,), (8,)]
    assert judge.uncounted == 3


def test_what_is_open_for_long_at_the_end_is_a_warning() -> None:
    talk = Conversation()
    talk.connect(event_acks=True)
    talk.subscribe()
    talk.at(1.0).call("video.rooms.get", {})
    talk.recording("started", "recording")
    talk.at(2.0).acknowledge(talk.recording("updated", "paused"))
    talk.at(12.0).call("video.rooms.get", {})
    judge = contract.judge()
    for entry in talk.trace:
        judge.feed(entry)
    assert judge.violations == []
    assert judge.warnings == [
        "video.rooms.get was not answered (frame 5, +1.000 s, session s1)",
        "video.recording.started was not acknowledged (frame 6, +1.000 s, session s1)",
    ]
    talk.entries[4]["fault"] = talk.entries[5]["fault"] = "drop"
    judge = contract.judge()
    for entry in talk.trace:
        judge.feed(entry)
    assert judge.warnings == []


def test_an_event_or_a_ping_that_a_client_answers_with_an_error_is_a_warning() -> None:
    talk = listening()
    event = talk.recording("started", "recording")
    talk.frame("to_server", frames.error_answer(event, -32601, "no listener"))
    talk.frame("to_client", frames.call("ping", "signalwire.ping", {"timestamp": talk.now}))
    talk.frame("to_server", frames.error_answer("ping", -32000, "later"))
    talk.frame("to_server", frames.error_answer("ping", -32000, "later"), fault="duplicate")
    talk.frame("to_server", frames.error_answer("nothing", -32000, "what?"))
    judge = contract.judge()
    for entry in talk.trace:
        judge.feed(entry)
    assert [each.rule for each in judge.violations] == ["acknowledged-once"], "of what never came"
    assert judge.warnings == [
        "video.recording.started was answered with error -32601: no listener "
        "(frame 8, +1.000 s, session s1)",
        "signalwire.ping was answered with error -32000: later (frame 10, +1.000 s, session s1)",
    ]


def test_only_so_many_errors_of_clients_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "MOST_ERRORS", 2)
    talk = listening()
    for number in range(4):
        id_ = talk.recording("started", "recording", recording=f"recording-{number}")
        talk.frame("to_server", frames.error_answer(id_, -32601, "no"))
    judge = contract.judge()
    for entry in talk.trace:
        judge.feed(entry)
    assert len(judge.warnings) == 2


def long_trace(rooms: int) -> list[dict[str, Any]]:
    """Rooms, one after another, each with members, recordings, playbacks and calls about them."""
    talk = listening((*TYPES, "video.member.joined", "video.member.left", "video.room.updated"))
    for number in range(rooms):
        first = len(talk.entries)
        talk.at(talk.now + 1.0).room("started")
        talk.member("joined")
        for kind, state in (("recording", "recording"), ("playback", "playing")):
            id_ = f"{kind}-{number}"
            talk.media(kind, "started", state, id_=id_)
            talk.act_on(kind, "pause", OK, **{f"{kind}_id": id_})
            talk.media(kind, "updated", "paused", id_=id_)
            event = talk.media(kind, "ended", "completed", id_=id_)
            talk.acknowledge(event)
        talk.member("left")
        talk.room("ended")
        renamed = json.dumps(talk.entries[first:]).replace("room-session-1", f"room-{number}")
        talk.entries[first:] = json.loads(renamed.replace(CHANNEL, f"EC_{number}"))
        talk.subscribe(f"EC_{number + 1}", TYPES)
    return talk.entries


def kept_after(rooms: int) -> int:
    """How many entries are kept once a trace of so many rooms was judged."""
    judge = contract.judge(most=10)
    for raw in long_trace(rooms):
        (entry,) = Trace.from_entries([raw])
        judge.feed(entry)
    del entry
    gc.collect()
    assert len(judge) > rooms * 18
    return sum(isinstance(each, Entry) for each in gc.get_objects())


@pytest.mark.parametrize("most", [1, 2, 4])
@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_who_remembers_little_reports_nothing_else(
    path: Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = contract.load_trace(path)
    broken = {each.rule for each in check(trace)}
    monkeypatch.setattr(memory, "REMEMBERED", most)
    monkeypatch.setattr(memory, "MOST_ALIVE", most)
    assert {each.rule for each in check(trace)} <= broken


def test_a_list_may_have_more_than_is_remembered() -> None:
    talk = listening()
    for talk.session in ("s1", "s2"):
        if talk.session == "s2":
            talk.connect()
        talk.ask("video.rooms.get", {}, {**OK, "rooms": many(room_session())})
        talk.ask("video.members.get", {"room_session_id": "0"}, {**OK, "members": many(MEMBER)})
    assert talk.broken() == []


def many(thing: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**thing, "id": str(number)} for number in range(memory.REMEMBERED + 1)]


def test_what_is_over_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "REMEMBERED", 20)
    assert kept_after(200) < kept_after(50) * 1.1


def test_what_never_ends_is_forgotten_when_there_is_too_much_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "MOST_ALIVE", 5)
    talk = listening()
    for number in range(20):
        talk.at(talk.now + 1.0)
        talk.recording("started", "recording", recording=str(number), started_at=talk.now)
    # The first is known no more: that this is not its first event cannot be seen.
    talk.at(40.0).recording("updated", "paused", recording="0", started_at=talk.now)
    started = talk.recording("updated", "recording", recording="19", started_at=21.0)
    assert started
    assert talk.broken() == ["legal-transitions"]
