"""Violations as text: who broke what, and the frames that prove it, so that a human sees it."""

from __future__ import annotations

from mockserver.contract import Trace, check, render, timeline

from .conversation import CHANNEL, Conversation, listening


def test_a_violation_is_shown_with_its_frames() -> None:
    talk = listening()
    talk.recording("started", "recording", made=0.97, started_at=0.97)
    talk.at(4.0).recording("updated", "recording", made=3.97, started_at=0.97)
    text = render(check(talk.trace), talk.trace)
    assert text.splitlines() == [
        "1 violation in 8 frames",
        "",
        "legal-transitions: video.recording.updated of recording-1 says 'recording' "
        "after 'recording', expected 'paused'",
        "  by the server: A recording is in a state that it cannot have come to, "
        "or an event reports another state.",
        "  #7  +1.000 s  s1 <- event video.recording.started on EC_lobby recording recording-1 "
        "state=recording started_at=+0.970 in room-session-1 timestamp=+0.970 id=id-4",
        "  #8  +4.000 s  s1 <- event video.recording.updated on EC_lobby recording recording-1 "
        "state=recording started_at=+0.970 in room-session-1 timestamp=+3.970 id=id-5",
    ]


def test_no_violations_are_told_so() -> None:
    talk = listening()
    assert render([], talk.trace) == "no violations in 6 frames\n"


def test_what_was_asked_and_answered_is_shown() -> None:
    talk = Conversation()
    call = talk.call(
        "signalwire.subscribe",
        {"event_channel": "video.rooms", "events": ["video.room.started"]},
        session=None,
    )
    talk.at(0.25).answer(call, session=None)
    lines = render(check(talk.trace), talk.trace).splitlines()
    assert lines[-2:] == [
        "  #1  +0.000 s  - -> signalwire.subscribe on video.rooms room.started id=id-1",
        "  #2  +0.250 s  - <- answer to signalwire.subscribe code=200 id=id-1",
    ]


def test_an_acknowledgement_names_what_it_acknowledges() -> None:
    talk = listening()
    event = talk.recording("started", "recording")
    talk.acknowledge(event)
    talk.acknowledge(event)
    lines = render(check(talk.trace), talk.trace).splitlines()
    assert lines[-1].endswith("s1 -> acknowledgement of video.recording.started id=id-4")


def test_refusals_and_errors_are_shown_with_their_messages() -> None:
    talk = listening()
    for _ in range(2):
        talk.answer("id-2", {"code": "409", "message": "It is paused already."})
    talk.frame(
        "to_client", {"jsonrpc": "2.0", "id": "x", "error": {"code": -32603, "message": "!"}}
    )
    text = render(check(talk.trace), talk.trace)
    assert "<- answer to signalwire.subscribe code=409 'It is paused already.' id=id-2" in text
    assert "<- answer to no call error -32603 '!' id=x" in text


def test_a_text_that_is_no_frame_is_shown_cut() -> None:
    talk = Conversation()
    talk.frame("to_client", None, text="x" * 500)
    line = render(check(talk.trace), talk.trace).splitlines()[-1]
    assert line.endswith(f"<- no JSON object: '{'x' * 59}…'")


def test_long_ids_are_cut_but_channels_keep_their_word() -> None:
    id_ = "2404d4b8-fed1-48cc-8e84-9fd55d8cbd40"
    talk = listening()
    talk.event("video.room.updated", {"room_session_id": id_}, channel=f"EC_{id_}")
    text = render(check(talk.trace), talk.trace)
    assert "on EC_2404d4b8… in 2404d4b8… timestamp" in text
    assert CHANNEL not in text


def test_sessions_of_several_spaces_are_told_apart() -> None:
    talk = listening()
    talk.room("started")
    other = listening()
    other.room("started")
    for entry in other.entries:
        entry |= {"space": "other", "n": entry["n"] + len(talk.entries)}
    trace = Trace.from_entries(talk.entries + other.entries)
    text = render(check(trace), trace)
    assert "room session room-session-1 was seen in space demo and space other" in text
    assert "demo/s1  <- event video.room.started" in text
    assert "other/s1 <- event video.room.started" in text


def test_a_violation_prints_as_one_line() -> None:
    talk = Conversation()
    talk.at(1.5).answer("nothing")
    violations = [each for each in check(talk.trace) if each.rule == "answered-once"]
    assert str(violations[0]) == (
        "answered-once: an answer with id nothing, but session s1 made no call of that id before "
        "(frame 1, +0.000 s, session s1)"
    )


def shown(talk: Conversation) -> str:
    """The last frame of a conversation, as it is shown."""
    return timeline(talk.trace, last=1).splitlines()[-1].partition(" s1 ")[2]


def test_a_playback_is_shown_with_its_position_and_volume() -> None:
    talk = listening().at(2.0)
    talk.media("playback", "updated", "paused", position=1500, volume=-5, started_at=1.0)
    assert shown(talk) == (
        "<- event video.playback.updated on EC_lobby playback playback-1 state=paused "
        "position=1500 volume=-5 started_at=+1.000 in room-session-1 timestamp=+2.000 id=id-4"
    )


def test_a_stream_is_shown_with_its_duration() -> None:
    talk = listening().at(3.0)
    talk.media("stream", "ended", "completed", duration=2.0)
    assert "stream stream-1 state=completed ended_at=+3.000 duration=2.0 in" in shown(talk)


def test_a_member_is_shown_with_what_changed() -> None:
    talk = listening()
    talk.member("updated", deaf=True, meta={"a": True}, updated=["deaf", "meta"])
    assert 'member bob deaf=true meta={"a": true} in room-session-1' in shown(talk)
    talk.member("joined")
    assert "member bob name=Bob in room-session-1" in shown(talk)
    body = {"room_session_id": "room-session-1", "member": {"id": "bob", "talking": True}}
    talk.event("video.member.talking", body)
    assert "member bob talking=true in room-session-1" in shown(talk)


def test_a_room_is_shown_with_its_flags_and_what_changed() -> None:
    talk = listening()
    talk.room("updated", streaming=True, locked=True, updated=["streaming", "locked"])
    assert "recording=false streaming=true locked=true timestamp" in shown(talk)


def test_members_are_shown_by_name_the_first_few() -> None:
    talk = listening()
    talk.initial_state(members=[{"name": f"M{number}"} for number in range(6)])
    assert "members: M0, M1, M2, M3 and 2 more timestamp" in shown(talk)
    talk.ask("video.members.get", {"room_session_id": "room-session-1"}, {"members": []})
    assert "members: none" in shown(talk)


def test_a_layout_is_shown_with_who_is_where() -> None:
    talk = listening()
    layers = [{"member_id": "bob", "position": "standard-1"}, {"position": "reserved-2"}, {}]
    talk.event("video.layout.changed", {"layout": {"name": "2x1", "layers": layers}})
    expected = "layout 2x1 shows: bob at standard-1, nobody at reserved-2, nobody timestamp"
    assert expected in shown(talk)


def test_an_audience_is_shown_with_its_count() -> None:
    talk = listening()
    talk.event("video.room.audience_count", {"room_session_id": "room-session-1", "total": 3})
    assert "on EC_lobby total=3 in room-session-1" in shown(talk)


def test_a_call_is_shown_with_all_that_it_asks_for() -> None:
    talk = listening()
    params = {"room_session_id": "room-session-1", "member_id": "bob", "volume": -10}
    talk.call("video.member.set_input_volume", params)
    assert shown(talk) == (
        "-> video.member.set_input_volume room_session_id=room-session-1 member_id=bob "
        "volume=-10 id=id-4"
    )
