"""Rules about members: what breaks them, and what only looks like it."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.contract.conversation import (
    MEMBER,
    OK,
    ROOM,
    Conversation,
    listening,
    room_session,
)
from mockserver.contract import check

JOINED, LEFT, UPDATED, TALKING = (
    f"video.member.{what}" for what in ("joined", "left", "updated", "talking")
)
LAYOUT = "video.layout.changed"
ALL = (JOINED, LEFT, UPDATED, TALKING, LAYOUT, "video.room.updated")
ANN = {**MEMBER, "id": "ann", "name": "Ann"}


def knowing(*members: dict[str, Any], types: tuple[str, ...] = ALL) -> Conversation:
    """A session that was told who is in the room."""
    talk = listening(types, initial=True)
    talk.initial_state(members=list(members))
    return talk


def layout(talk: Conversation, *members: str) -> None:
    place = {"x": 0, "y": 0, "width": 50, "height": 50, "layer_index": 0, "z_index": 0}
    layers = [{**place, "member_id": member} for member in members]
    body = {"room_id": "room-1", "room_session_id": ROOM}
    talk.event(LAYOUT, {**body, "layout": {"name": "2x1", "layers": [place, *layers]}})


def get_members(talk: Conversation, *members: dict[str, Any]) -> None:
    params = {"room_session_id": ROOM}
    talk.ask("video.members.get", params, {**OK, "members": list(members)})


def test_a_member_that_left_may_join_again() -> None:
    talk = listening([JOINED, LEFT])
    for what in ("joined", "left", "joined"):
        talk.member(what)
    assert talk.broken() == []


@pytest.mark.parametrize("how", ["joined", "updated", "initial"])
def test_a_member_who_is_there_does_not_join(how: str) -> None:
    talk = listening(ALL, initial=True)
    if how == "initial":
        talk.initial_state(members=[MEMBER])
    else:
        talk.member(how, updated=[])
    talk.member("joined")
    assert talk.broken() == ["joined-once"]


def test_who_cannot_see_members_leave_does_not_miss_it() -> None:
    talk = listening([JOINED])
    talk.member("joined")
    talk.member("joined")
    assert talk.broken() == []


def test_leaving_that_is_not_surely_subscribed_yet_may_be_missed() -> None:
    talk = listening([JOINED])
    call = talk.call("signalwire.subscribe", {"event_channel": "EC_lobby", "events": [LEFT]})
    talk.member("joined")
    talk.answer(call)
    talk.member("joined")
    assert talk.broken() == []
    talk.member("joined")
    assert talk.broken() == ["joined-once"]


@pytest.mark.parametrize("answered", [True, False])
def test_an_unsubscription_under_way_may_have_been_done(answered: bool) -> None:
    talk = listening([JOINED, LEFT])
    talk.member("joined")
    call = talk.call("signalwire.unsubscribe", {"event_channel": "EC_lobby", "events": [LEFT]})
    talk.subscribe(types=[LEFT])
    talk.member("joined")
    assert talk.broken() == []
    if answered:
        talk.answer(call)
    talk.member("left")
    assert talk.broken() == []


@pytest.mark.parametrize("what", ["updated", "talking", "left"])
def test_nothing_is_told_of_a_member_who_left(what: str) -> None:
    talk = listening(ALL)
    talk.member("left")
    talk.member(what, updated=["deaf"], talking=True)
    assert talk.broken() == ["member-present"]
    talk.member("joined")
    talk.member(what, updated=[], talking=True)
    assert talk.broken() == ["member-present"]


@pytest.mark.parametrize("what", ["updated", "talking", "left"])
def test_nothing_is_told_of_a_member_who_never_was_there(what: str) -> None:
    talk = knowing(ANN)
    talk.member(what, **{**ANN, "updated": [], "talking": True})
    assert talk.broken() == []
    talk.member(what, updated=["deaf"], talking=True)
    assert talk.broken() == ["member-present"]


def test_who_cannot_see_members_join_does_not_miss_it() -> None:
    talk = knowing(types=(LEFT, UPDATED, LAYOUT))
    talk.member("updated", updated=["deaf"])
    layout(talk, "bob", "ann")
    talk.member("left")
    talk.member("updated", updated=["deaf"])
    assert talk.broken() == []


@pytest.mark.parametrize(("shown", "broken"), [("ann", []), ("", []), ("bob", ["layers-present"])])
def test_a_layout_shows_who_is_there(shown: str, broken: list[str]) -> None:
    talk = knowing(ANN, MEMBER)
    talk.member("left")
    layout(talk, "ann", shown)
    assert talk.broken() == broken


def test_a_layout_of_members_that_are_not_known_is_not_judged() -> None:
    talk = listening(ALL)
    layout(talk, "ann")
    assert talk.broken() == []


@pytest.mark.parametrize("listed", [[], [MEMBER], [ANN], [ANN, MEMBER]])
def test_an_initial_state_lists_who_is_there(listed: list[dict[str, Any]]) -> None:
    talk = knowing(ANN)
    talk.member("joined")
    talk.member("left", id="ann")
    talk.initial_state(members=listed)
    missing = MEMBER not in listed
    assert talk.broken() == ["members-listed"] * (missing + (ANN in listed))


def test_an_initial_state_is_not_compared_with_what_was_not_subscribed() -> None:
    talk = knowing(ANN, types=(UPDATED,))
    talk.initial_state(members=[MEMBER])
    assert talk.broken() == []


@pytest.mark.parametrize("listed", [[], [MEMBER], [ANN], [ANN, MEMBER]])
@pytest.mark.parametrize("where", ["members", "room", "rooms"])
def test_an_answer_lists_who_is_there(where: str, listed: list[dict[str, Any]]) -> None:
    talk = knowing(ANN)
    talk.at(2.0).member("joined")
    talk.at(3.0).member("left", id="ann")
    room = room_session(members=listed)
    if where == "members":
        get_members(talk.at(5.0), *listed)
    elif where == "room":
        talk.at(5.0).ask("video.room.get", {"room_session_id": ROOM}, {**OK, "room": room})
    else:
        talk.at(5.0).ask("video.rooms.get", {}, {**OK, "rooms": [room]})
    assert talk.broken() == []
    layout(talk.at(8.0))
    missing = MEMBER not in listed
    assert talk.broken() == ["members-listed"] * (missing + (ANN in listed))


@pytest.mark.parametrize("now", [4.5, 5.5])
@pytest.mark.parametrize("listed", [[], [MEMBER], [ANN], [ANN, MEMBER]])
def test_an_answer_near_a_change_may_list_either(now: float, listed: list[dict[str, Any]]) -> None:
    talk = knowing(ANN)
    for at, what in sorted([(now, "answer"), (5.0, "change")]):
        talk.at(at)
        if what == "answer":
            get_members(talk, *listed)
        else:
            talk.member("joined")
            talk.member("left", id="ann")
    layout(talk.at(9.0))
    assert talk.broken() == []


def test_an_answer_is_not_compared_where_joining_and_leaving_was_not_subscribed() -> None:
    talk = knowing(ANN, types=(LAYOUT,))
    get_members(talk.at(5.0), MEMBER)
    layout(talk.at(9.0))
    assert talk.broken() == []


@pytest.mark.parametrize("baseline", ["joined", "updated", "initial"])
@pytest.mark.parametrize("named", [[], ["deaf"], ["audio_muted"], ["deaf", "audio_muted"]])
def test_updated_names_what_changed(baseline: str, named: list[str]) -> None:
    talk = listening(ALL, initial=True)
    if baseline == "initial":
        talk.initial_state(members=[MEMBER])
    else:
        talk.member(baseline, updated=["visible"])
    talk.member("updated", deaf=True, updated=named)
    assert talk.broken() == ([] if named == ["deaf"] else ["updated-names-changes"])


def test_what_is_named_is_told() -> None:
    talk = knowing(MEMBER)
    talk.member("updated", deaf=True, updated=[])
    (violation,) = check(talk.trace)
    assert violation.message == (
        "video.member.updated of bob to session s1 names as updated: nothing; expected what "
        "changed: deaf"
    )


def test_places_and_talking_change_without_being_named() -> None:
    talk = knowing({**MEMBER, "current_position": "standard-1", "talking": False})
    talk.member("updated", current_position="off-canvas", talking=True, deaf=True, updated=["deaf"])
    talk.member("updated", current_position="auto", updated=["current_position"])
    assert talk.broken() == ["updated-names-changes"]


def test_what_a_member_does_not_tell_is_as_it_was() -> None:
    talk = knowing(MEMBER)
    partly = {key: value for key, value in MEMBER.items() if key != "deaf"}
    body = {"room_id": "room-1", "room_session_id": ROOM}
    talk.event(UPDATED, {**body, "member": {**partly, "updated": []}})
    talk.member("updated", deaf=True, updated=[])
    broken = [rule for rule in talk.broken() if rule != "frames-valid"]
    assert broken == ["updated-names-changes"]


@pytest.mark.parametrize("types", [(JOINED, LEFT), (UPDATED,)])
def test_who_may_have_missed_a_change_does_not_judge(types: tuple[str, ...]) -> None:
    talk = knowing(MEMBER, types=types)
    if UPDATED not in types:
        talk.subscribe(types=[UPDATED])
    talk.member("updated", deaf=True, updated=[])
    assert talk.broken() == []


def test_a_member_may_come_back_as_another() -> None:
    talk = knowing(MEMBER)
    talk.member("left")
    talk.member("joined", audio_muted=True)
    talk.member("updated", audio_muted=True, deaf=True, updated=["deaf"])
    assert talk.broken() == []


@pytest.mark.parametrize("named", [["locked"], [], ["locked", "hide_video_muted"], None])
def test_updated_names_what_changed_of_a_room(named: list[str] | None) -> None:
    talk = listening(ALL, initial=True)
    talk.initial_state(locked=False)
    told: dict[str, Any] = {} if named is None else {"updated": named}
    talk.room("updated", locked=True, **told)
    assert talk.broken() == ([] if named in (["locked"], None) else ["updated-names-changes"])


def test_the_start_of_a_room_comes_on_a_channel_of_its_own() -> None:
    talk = listening(ALL)
    talk.room("started", locked=False)
    talk.room("updated", locked=True, updated=[])
    assert talk.broken() == []


def test_one_session_does_not_know_what_another_was_told() -> None:
    talk = knowing(MEMBER)
    talk.session = "s2"
    talk.connect()
    talk.subscribe(types=ALL)
    talk.member("updated", deaf=True, updated=[])
    talk.session = "s1"
    talk.member("left")
    talk.session = "s2"
    talk.member("updated", deaf=True, updated=[])
    assert talk.broken() == []


SETTERS = [
    ("video.member.set_input_volume", {"volume": 5}, {"input_volume": 5}, {"input_volume": 7}),
    ("video.member.set_output_volume", {"volume": -5}, {"output_volume": -5}, {"output_volume": 5}),
    (
        "video.member.set_input_sensitivity",
        {"value": 10},
        {"input_sensitivity": 10},
        {"input_sensitivity": 100},
    ),
    ("video.member.set_meta", {"meta": {"a": 1}}, {"meta": {"a": 1}}, {"meta": {"a": 2}}),
    ("video.member.deaf", {}, {"deaf": True}, {"deaf": False}),
]


@pytest.mark.parametrize(("method", "asked", "right", "wrong"), SETTERS)
@pytest.mark.parametrize("told", ["right", "wrong", "wrong, then right", "nothing"])
def test_a_change_is_told_with_the_value_that_was_asked_for(
    method: str, asked: dict[str, Any], right: dict[str, Any], wrong: dict[str, Any], told: str
) -> None:
    talk = knowing({**MEMBER, "meta": {}})
    talk.ask(method, {"room_session_id": ROOM, "member_id": "bob", **asked})
    shown: dict[str, Any] = {**MEMBER, "meta": {}}
    for each in told.split(", then "):
        fields = {"right": right, "wrong": wrong, "nothing": {}}[each]
        if fields:
            updated = [name for name, value in fields.items() if shown[name] != value]
            shown |= fields
            talk.member("updated", **fields, updated=updated)
    talk.at(1.9).room("updated")
    assert talk.broken() == [], "it may still be under way"
    talk.at(5.0).room("updated")
    is_wrong = told in ("wrong", "nothing")
    assert talk.broken() == (["change-is-told"] if is_wrong else [])
    for violation in check(talk.trace):
        assert ("found" in violation.message) is (told == "wrong")
        assert len(violation.frames) == (5 if told == "wrong" else 4)


@pytest.mark.parametrize(
    ("enable", "told", "broken"),
    [
        ({}, True, []),
        ({}, False, ["change-is-told"]),
        ({"enable": True}, False, ["change-is-told"]),
        ({"enable": False}, False, []),
    ],
)
def test_a_change_of_a_room_is_told_with_its_value(
    enable: dict[str, bool], told: bool, broken: list[str]
) -> None:
    talk = listening(ALL, initial=True)
    talk.initial_state(prioritize_handraise=False)
    talk.ask("video.prioritize_handraise", {"room_session_id": ROOM, **enable})
    talk.room("updated", prioritize_handraise=told)
    talk.at(5.0).room("updated", prioritize_handraise=told)
    assert talk.broken() == broken


@pytest.mark.parametrize("told", [True, False])
def test_without_a_value_a_room_may_keep_its_own_or_take_the_opposite(told: bool) -> None:
    talk = listening(ALL, initial=True)
    talk.initial_state(prioritize_handraise=True)
    talk.ask("video.prioritize_handraise", {"room_session_id": ROOM})
    talk.at(5.0).room("updated", prioritize_handraise=told)
    assert talk.broken() == []


@pytest.mark.parametrize("volume", ["5", 500, None])
def test_what_the_client_says_wrongly_is_not_the_servers_to_show(volume: Any) -> None:
    talk = knowing(MEMBER)
    asked = {"room_session_id": ROOM, "member_id": "bob", "volume": volume}
    talk.ask("video.member.set_input_volume", asked)
    talk.at(5.0).member("updated", input_volume=5, updated=["input_volume"])
    talk.at(9.0).room("updated")
    assert talk.broken() == ["client-frames-valid"]


@pytest.mark.parametrize("told", ["initially", "by an event"])
@pytest.mark.parametrize(
    ("asked", "answered", "proven", "broken"),
    [
        (5.0, {"input_volume": 5}, 9.0, []),
        (5.0, {"input_volume": 7}, 9.0, ["settings-agree"]),
        (5.0, {"input_volume": 7, "deaf": True}, 9.0, ["settings-agree", "settings-agree"]),
        (5.0, {"input_volume": 7}, 5.9, []),
        (1.9, {"input_volume": 7}, 9.0, []),
        (5.0, {"input_volume": 5, "talking": True, "current_position": "standard-1"}, 9.0, []),
    ],
)
def test_a_list_shows_the_members_as_they_were_told(
    told: str, asked: float, answered: dict[str, Any], proven: float, broken: list[str]
) -> None:
    talk = knowing({**MEMBER, "input_volume": 5 if told == "initially" else 0})
    if told == "by an event":
        talk.member("updated", input_volume=5, updated=["input_volume"])
    get_members(talk.at(asked), {**MEMBER, **answered})
    talk.at(proven).room("updated")
    assert talk.broken() == broken


@pytest.mark.parametrize("types", [ALL, (JOINED, LEFT), (UPDATED,), (UPDATED, LEFT)])
def test_who_may_have_missed_a_change_does_not_judge_a_list(types: tuple[str, ...]) -> None:
    talk = knowing(MEMBER, types=(*types, "video.room.updated"))
    get_members(talk.at(5.0), {**MEMBER, "deaf": True})
    talk.at(9.0).room("updated")
    sees_all = UPDATED in types and LEFT in types
    assert talk.broken() == (["settings-agree"] if sees_all else [])


def test_a_member_who_came_back_is_another() -> None:
    talk = knowing({**MEMBER, "deaf": True})
    talk.member("left")
    get_members(talk.at(5.0))
    layout(talk.at(9.0))
    talk.member("joined")
    get_members(talk.at(15.0), MEMBER)
    layout(talk.at(19.0))
    assert talk.broken() == []
    talk.member("left")
    get_members(talk.at(25.0), {**MEMBER, "deaf": True})
    layout(talk.at(29.0))
    assert talk.broken() == ["members-listed"]


@pytest.mark.parametrize(("locked", "broken"), [(True, []), (False, ["settings-agree"])])
@pytest.mark.parametrize("several", [True, False])
def test_an_answer_shows_a_room_as_it_was_told(
    several: bool, locked: bool, broken: list[str]
) -> None:
    talk = listening(ALL, initial=True)
    talk.initial_state(locked=False)
    talk.room("updated", locked=True, updated=["locked"])
    room = room_session(locked=locked, layout_name="2x1")
    if several:
        talk.at(5.0).ask("video.rooms.get", {}, {**OK, "rooms": [room]})
    else:
        talk.at(5.0).ask("video.room.get", {"room_session_id": ROOM}, {**OK, "room": room})
    layout(talk.at(9.0))
    assert talk.broken() == broken
