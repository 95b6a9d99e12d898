"""Rules about frames, sessions and subscriptions: what breaks them, and what only looks like it."""

from __future__ import annotations

import pytest

from mockserver.contract import Trace, check
from mockserver.protocol import frames

from .conversation import CHANNEL, OK, ROOM, START, Conversation, listening, room_session

MEMBERLESS = {"room_session": room_session(members=[])}
ROOM_BODY = {"room_id": "room-1", "room_session_id": ROOM, "room_session": room_session()}


def test_an_answer_is_judged_by_the_schema_of_its_call() -> None:
    talk = listening()
    talk.ask("video.room.get", {"room_session_id": ROOM}, {"code": "200", "message": "OK"})
    assert talk.broken() == ["frames-valid"]


def test_a_refusal_and_an_error_are_valid_answers() -> None:
    talk = listening()
    talk.control("pause", {"code": "404", "message": "no such recording"})
    call = talk.call("video.rooms.get", {})
    talk.frame("to_client", frames.error_answer(call, -32603, "broken"))
    assert talk.broken() == []


def test_the_server_is_not_blamed_for_what_the_client_says() -> None:
    talk = listening()
    talk.frame("to_server", None, text="hello", problem="not JSON")
    talk.frame("to_client", frames.error_answer(None, -32700, "not JSON"))
    talk.frame("to_client", None, text="hello")
    assert talk.broken() == ["frames-valid", "client-frames-valid"]


@pytest.mark.parametrize("named", [True, False])
def test_an_event_before_connect_is_told(named: bool) -> None:
    talk = Conversation()
    talk.call("signalwire.subscribe", {"event_channel": CHANNEL, "events": ["video.room.updated"]})
    talk.room("updated")
    talk.connect()
    if not named:
        for entry in talk.entries:
            entry["session"] = None
    assert talk.broken() == ["connect-first"]


def test_a_refused_connect_opens_nothing() -> None:
    talk = Conversation()
    call = talk.call_connect()
    talk.frame("to_client", frames.error_answer(call, -32002, "Authentication service failed"))
    talk.ask("video.rooms.get", {}, {"code": "200", "message": "OK", "rooms": []})
    assert talk.broken() == ["connect-first"]


def test_an_error_before_connect_is_no_success() -> None:
    talk = Conversation()
    call = talk.call("video.rooms.get", {}, session=None)
    talk.frame("to_client", frames.error_answer(call, -32002, "connect first"), session=None)
    talk.connect()
    assert talk.broken() == []


def test_the_call_of_a_connect_may_be_nameless() -> None:
    talk = listening()
    talk.entries[0]["session"] = None
    talk.room("started")
    assert talk.broken() == []


def test_nameless_calls_of_equal_ids_are_answered_in_order() -> None:
    talk = Conversation()
    call = talk.call_connect(session=None)
    talk.take_back_id()
    assert call == talk.call("video.rooms.get", {}, session=None)
    talk.answer_connect(call)
    talk.frame("to_client", frames.error_answer(call, -32002, "connect first"), session=None)
    assert talk.broken() == []


def test_a_client_may_count_its_ids_anew_after_a_reconnect() -> None:
    talk = listening()
    talk.call("video.rooms.get", {})
    talk.take_back_id()
    talk.connect(protocol="signalwire_a_s1_demo")
    assert talk.broken() == []


def test_an_answer_needs_a_call_in_its_own_session() -> None:
    talk = listening()
    call = talk.call("video.rooms.get", {})
    result = {"code": "200", "message": "OK", "rooms": []}
    talk.answer(call, result, session="s2")
    assert talk.broken() == ["answered-once"]


def test_ids_of_different_types_are_different() -> None:
    talk = listening()
    talk.frame("to_server", frames.call("7", "video.rooms.get", {}))
    talk.answer(7, {"code": "200", "message": "OK", "rooms": []})  # type: ignore[arg-type]
    assert talk.broken() == ["answered-once"]


def test_an_error_without_an_id_needs_a_frame_that_had_none() -> None:
    talk = listening()
    talk.frame("to_client", frames.error_answer(None, -32700, "not JSON"))
    assert talk.broken() == ["answered-once"]


def test_an_error_without_an_id_comes_after_the_frame_that_had_none() -> None:
    talk = listening()
    talk.frame("to_client", frames.error_answer(None, -32700, "not JSON"))
    talk.frame("to_server", None, text="{")
    assert talk.broken() == ["client-frames-valid", "answered-once"]


def test_one_unreadable_frame_excuses_one_error() -> None:
    talk = listening()
    talk.frame("to_server", None, text="{")
    for _ in range(2):
        talk.frame("to_client", frames.error_answer(None, -32700, "not JSON"))
    assert talk.broken() == ["client-frames-valid", "answered-once"]


def test_the_answer_of_a_server_call_is_the_clients() -> None:
    talk = listening()
    talk.frame("to_client", frames.call("p", "signalwire.ping", {"timestamp": 1.0}))
    talk.frame("to_server", frames.answer("p", {"timestamp": 1.0}))
    assert talk.broken() == []
    talk.frame("to_server", frames.answer("p", {"timestamp": 1.0}))
    talk.frame("to_server", frames.acknowledgement("q"))
    assert talk.broken() == ["acknowledged-once", "acknowledged-once"]


def test_one_event_may_go_to_many_sessions() -> None:
    talk = listening()
    talk.session = "s2"
    talk.connect()
    talk.subscribe("video.rooms", ["video.room.started"])
    id_ = talk.room("started")
    talk.entries.append({**talk.entries[-1], "n": len(talk.entries) + 1, "session": "s1"})
    assert talk.broken() == []
    assert talk.entries[-1]["frame"]["id"] == id_


def test_two_events_may_not_share_an_id() -> None:
    talk = listening([], initial=True)
    talk.subscribe(types=["video.room.updated"])
    id_ = talk.room("updated")
    talk.session = "s2"
    talk.connect()
    talk.subscribe(types=["video.room.updated"])
    body = {"room_id": "room-1", "room_session_id": ROOM, "room_session": room_session(locked=True)}
    talk.event("video.room.updated", body, id_=id_)
    assert talk.broken() == ["event-once"]


def test_a_subscription_ends_with_the_answer_that_ends_it() -> None:
    talk = listening(["video.room.updated"])
    params = {"event_channel": CHANNEL, "events": ["video.room.updated"]}
    call = talk.call("signalwire.unsubscribe", params)
    talk.room("updated")
    talk.answer(call)
    assert talk.broken() == []
    talk.room("updated")
    assert talk.broken() == ["subscribed-only"]


def test_a_subscription_under_way_may_outlive_the_end_of_another() -> None:
    talk = listening(["video.room.updated"])
    params = {"event_channel": CHANNEL, "events": ["video.room.updated"]}
    late = talk.call("signalwire.subscribe", params)
    talk.unsubscribe(types=["video.room.updated"])
    talk.answer(late)
    talk.room("updated")
    assert talk.broken() == []
    talk.unsubscribe(types=["video.room.updated"])
    talk.room("updated")
    assert talk.broken() == ["subscribed-only"]


@pytest.mark.parametrize("asked", ["video.room.audienceCount", "video.room.audience_count"])
def test_the_audience_is_counted_for_who_asks_by_either_name(asked: str) -> None:
    talk = listening([asked])
    body = {"room_id": "room-1", "room_session_id": ROOM, "total": 3}
    talk.event("video.room.audience_count", body)
    assert talk.broken() == []
    talk.unsubscribe(types=["video.room.audience_count"])
    talk.event("video.room.audience_count", body)
    assert talk.broken() == ["subscribed-only"]


def test_a_refused_subscription_is_none() -> None:
    talk = Conversation()
    talk.connect()
    params = {"event_channel": CHANNEL, "events": ["video.room.updated"]}
    talk.ask("signalwire.subscribe", params, {"code": "404", "message": "no such channel"})
    talk.room("updated")
    assert talk.broken() == ["subscribed-only"]


def test_a_subscription_can_be_renewed_and_ended_in_part() -> None:
    talk = listening(["video.room.updated", "video.recording.started"])
    talk.unsubscribe(types=["video.recording.started"])
    talk.room("updated")
    talk.unsubscribe(types=["video.room.updated"])
    talk.subscribe(types=["video.room.updated"])
    talk.room("updated")
    assert talk.broken() == []


def test_a_room_that_starts_comes_to_subscribers_of_all_rooms_and_of_its_own_channel() -> None:
    for channel in ("video.rooms", CHANNEL, "video.rooms.lobby"):
        talk = Conversation()
        talk.connect()
        talk.subscribe(channel, ["video.room.started"])
        talk.room("started")
        assert talk.broken() == []
        talk.room("ended")
        assert talk.broken() == ["subscribed-only"]


def test_events_of_a_room_do_not_come_for_a_subscription_of_all_rooms() -> None:
    talk = Conversation()
    talk.connect()
    talk.subscribe("video.rooms", ["video.room.updated"])
    talk.room("updated")
    assert talk.broken() == ["subscribed-only"]


def test_only_start_and_end_of_a_room_come_on_the_channels_of_all_rooms_to_its_subscribers() -> (
    None
):
    talk = listening(["video.room.updated"])
    body = {"room_id": "room-1", "room_session_id": ROOM, "room_session": room_session()}
    talk.event("video.room.updated", body, channel="video.rooms.lobby")
    assert talk.broken() == ["subscribed-only"]


def test_the_initial_state_comes_to_who_asked_for_it_whatever_events_say() -> None:
    talk = listening([], initial=True)
    talk.event("video.room.subscribed", MEMBERLESS)
    assert talk.broken() == []


def test_naming_the_initial_state_does_not_ask_for_it() -> None:
    talk = listening(["video.room.subscribed"], initial=False)
    talk.event("video.room.subscribed", MEMBERLESS)
    assert talk.broken() == ["subscribed-only"]


def test_no_initial_state_comes_when_nothing_is_subscribed_any_more() -> None:
    talk = listening(["video.room.updated"], initial=True)
    talk.unsubscribe(types=["video.room.updated"])
    talk.event("video.room.subscribed", MEMBERLESS)
    assert talk.broken() == ["subscribed-only"]


def test_what_was_subscribed_is_told_beside_what_came() -> None:
    talk = listening(["video.room.updated", "video.member.left"])
    talk.recording("started", "recording")
    (violation,) = check(talk.trace)
    assert violation.message == (
        "session s1 got video.recording.started on EC_lobby, expected only what it subscribed on "
        "EC_lobby: video.member.left, video.room.updated"
    )


@pytest.mark.parametrize(("project", "broken"), [("demo", []), ("other", ["one-space"])])
def test_without_space_names_the_project_tells_spaces_apart(
    project: str, broken: list[str]
) -> None:
    talk = listening()
    room = talk.room("started")
    talk.session = "s2"
    talk.connect(authentication={"project": project, "token": "***"})
    talk.subscribe("video.rooms", ["video.room.started"])
    talk.entries.append({**talk.entries[6], "n": len(talk.entries) + 1, "session": "s2"})
    assert talk.entries[-1]["frame"]["id"] == room
    for entry in talk.entries:
        del entry["space"]
    assert talk.broken() == broken


def test_a_session_whose_project_is_unknown_proves_nothing() -> None:
    talk = listening()
    talk.room("started")
    talk.session = "s2"
    talk.connect(authentication={"jwt_token": "***"})
    rooms = {"code": "200", "message": "OK", "rooms": [room_session()]}
    talk.ask("video.rooms.get", {}, rooms)
    for entry in talk.entries:
        del entry["space"]
    assert talk.broken() == []


@pytest.mark.parametrize("inside", [True, False])
def test_a_recording_belongs_to_one_space(inside: bool) -> None:
    talk = listening()
    talk.recording("started", "recording")
    other = Conversation()
    other.connect()
    recordings = [{"id": "recording-1", "state": "recording"}]
    if inside:
        room = {**room_session(True, recordings=recordings), "id": "another"}
        other.ask("video.rooms.get", {}, {"code": "200", "message": "OK", "rooms": [room]})
    else:
        result = {"code": "200", "message": "OK", "recordings": recordings}
        other.ask("video.recording.list", {"room_session_id": "another"}, result)
    for entry in other.entries:
        entry |= {"space": "other", "n": entry["n"] + len(talk.entries)}
    trace = Trace.from_entries(talk.entries + other.entries)
    assert [violation.rule for violation in check(trace)] == ["one-space"]


def test_a_room_told_in_an_answer_belongs_to_its_space_too() -> None:
    talk = listening()
    talk.room("started")
    other = Conversation()
    other.connect()
    rooms = {"code": "200", "message": "OK", "rooms": [room_session()]}
    other.ask("video.rooms.get", {}, rooms)
    for entry in other.entries:
        entry |= {"space": "other", "n": entry["n"] + len(talk.entries)}
    trace = Trace.from_entries(talk.entries + other.entries)
    assert [violation.rule for violation in check(trace)] == ["one-space"]


def test_a_trace_that_lost_its_beginning_is_not_blamed_for_it() -> None:
    talk = listening()
    event = talk.recording("started", "recording")
    call = talk.call("video.rooms.get", {})
    talk.answer(call, {"code": "200", "message": "OK", "rooms": []})
    talk.acknowledge(event)
    talk.recording("updated", "paused")
    talk.recording("ended", "completed")
    for lost in range(1, len(talk.entries)):
        trace = Trace.from_entries(talk.entries[lost:])
        assert trace.cut
        assert check(trace) == []


def test_a_session_that_begins_in_a_cut_trace_is_judged_wholly() -> None:
    talk = Conversation()
    talk.frame("to_client", frames.call("p", "signalwire.ping", {"timestamp": 1.0}), session="s9")
    talk.connect()
    talk.room("started")
    for entry in talk.entries:
        entry["n"] += 100
    assert talk.broken() == ["subscribed-only"]


def ping(talk: Conversation, id_: str) -> None:
    talk.frame("to_client", frames.call(id_, "signalwire.ping", {"timestamp": START + talk.now}))


def pong(talk: Conversation, id_: str) -> None:
    talk.frame("to_server", frames.answer(id_, {"timestamp": START + talk.now}))


def test_a_client_uses_no_id_of_a_call_that_waits() -> None:
    talk = listening()
    id_ = talk.call("signalwire.subscribe", {"event_channel": CHANNEL, "events": []})
    talk.take_back_id()
    assert id_ == talk.call("video.rooms.get", {})
    assert talk.broken() == ["client-ids-apart"]
    talk.answer(id_)
    talk.answer(id_, {**OK, "rooms": []})
    assert talk.broken() == ["client-ids-apart"], "each answer is judged by its own call"


def test_the_id_of_a_call_that_was_answered_is_free() -> None:
    talk = listening()
    talk.ask("video.rooms.get", {}, {**OK, "rooms": []})
    talk.take_back_id()
    talk.control("pause", {"code": "404", "message": "no such recording"})
    assert talk.broken() == []


@pytest.mark.parametrize("named", [True, False])
def test_after_a_reconnect_a_call_may_have_the_id_of_one_that_got_no_answer(named: bool) -> None:
    talk = Conversation()
    talk.connect()
    lost = talk.call("signalwire.subscribe", {"event_channel": CHANNEL, "events": []})
    protocol = talk.entries[1]["frame"]["result"]["protocol"]
    talk.answer_connect(talk.call_connect(session="s1" if named else None, protocol=protocol))
    rooms = frames.call(lost, "video.rooms.get", {})
    talk.frame("to_server", rooms)
    assert talk.broken() == []
    talk.frame("to_server", rooms)
    assert talk.broken() == ["client-ids-apart"]


def test_a_ping_has_no_id_of_what_waits_for_an_answer() -> None:
    talk = listening(["video.room.updated"])
    event = talk.room("updated")
    ping(talk, event)
    assert talk.broken() == ["ids-apart"]
    talk = listening(["video.room.updated"])
    ping(talk, "one")
    talk.entries[-1]["session"] = "s2"
    ping(talk, "one")
    pong(talk, "one")
    ping(talk, "one")
    assert talk.broken() == [], "another session, and an id that was answered"
    talk.event("video.room.updated", ROOM_BODY, id_="one")
    assert talk.broken() == ["ids-apart"]


def test_a_call_that_a_fault_sent_twice_is_no_mistake_of_the_client() -> None:
    talk = listening()
    talk.call("video.rooms.get", {}, fault="duplicate", extra=True)
    talk.take_back_id()
    talk.call("video.rooms.get", {})
    assert talk.broken() == []
