"""Rules about members: what breaks them, and what only looks like it."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.contract.conversation import (
    MEMBER,
    OK,
    ROOM,
    listening,
    room_session,
)
from mockserver.contract import check

from .members import ALL, ANN, JOINED, LAYOUT, LEFT, UPDATED, get_members, knowing, layout


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
