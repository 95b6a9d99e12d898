"""Rules about what calls set: what breaks them, and what only looks like it."""

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
from mockserver.contract.video.rules_change import MOST_CHANGES

from .members import ALL, ANN, JOINED, LEFT, UPDATED, get_members, knowing, layout

META = {"a": 1, "b": 2}

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
    (
        "video.member.update_meta",
        {"meta": {"b": 3}},
        {"meta": {"a": 9, "b": 3}},
        {"meta": {"a": 9}},
    ),
    ("video.member.delete_meta", {"keys": ["b", "x"]}, {"meta": {"c": 1}}, {"meta": {"b": 3}}),
    ("video.member.deaf", {}, {"deaf": True}, {"deaf": False}),
]


@pytest.mark.parametrize(("method", "asked", "right", "wrong"), SETTERS)
@pytest.mark.parametrize("told", ["right", "wrong", "wrong, then right", "nothing"])
def test_a_change_is_told_with_the_value_that_was_asked_for(
    method: str, asked: dict[str, Any], right: dict[str, Any], wrong: dict[str, Any], told: str
) -> None:
    talk = knowing({**MEMBER, "meta": META})
    talk.ask(method, {"room_session_id": ROOM, "member_id": "bob", **asked})
    shown: dict[str, Any] = {**MEMBER, "meta": META}
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


@pytest.mark.parametrize(
    ("method", "asked"),
    [
        ("video.member.update_meta", {"meta": {"b": 2}}),
        ("video.member.update_meta", {"meta": {}}),
        ("video.member.delete_meta", {"keys": ["c"]}),
        ("video.member.delete_meta", {"keys": []}),
        ("video.member.set_meta", {"meta": META}),
    ],
)
def test_what_changes_nothing_need_not_be_told(method: str, asked: dict[str, Any]) -> None:
    talk = knowing({**MEMBER, "meta": META})
    talk.ask(method, {"room_session_id": ROOM, "member_id": "bob", **asked})
    talk.at(9.0).room("updated")
    assert talk.broken() == []


@pytest.mark.parametrize(
    ("method", "asked", "told", "is_right"),
    [
        ("video.update_meta", {"meta": {"b": 3}}, {"meta": {"a": 1, "b": 3}}, True),
        ("video.update_meta", {"meta": {"b": 3}}, {"meta": META}, False),
        ("video.delete_meta", {"keys": ["a"]}, {"meta": {"b": 2}}, True),
        ("video.delete_meta", {"keys": ["a"]}, {"meta": META}, False),
        ("video.set_layout", {"name": "2x1"}, {"layout_name": "2x1"}, True),
        ("video.set_layout", {"name": "2x1"}, {"layout_name": "3x3"}, False),
    ],
)
def test_a_change_of_a_rooms_meta_or_layout_is_told(
    method: str, asked: dict[str, Any], told: dict[str, Any], is_right: bool
) -> None:
    talk = listening(ALL, initial=True)
    talk.initial_state(meta=META, layout_name="3x3")
    talk.ask(method, {"room_session_id": ROOM, **asked})
    talk.room("updated", **told)
    talk.at(5.0).recording("started", "recording", started_at=5.0)
    assert [rule for rule in talk.broken() if rule == "change-is-told"] == (
        [] if is_right else ["change-is-told"]
    )


@pytest.mark.parametrize("name", ["2x1", "3x3"])
@pytest.mark.parametrize("before", ["2x1", "3x3", None])
def test_a_layout_that_was_set_is_the_one_that_is_told(name: str, before: str | None) -> None:
    talk = listening(ALL, initial=True)
    talk.initial_state(**({} if before is None else {"layout_name": before}))
    talk.ask("video.set_layout", {"room_session_id": ROOM, "name": name})
    layout(talk, name="2x1")
    layout(talk.at(9.0), name="2x1")
    is_wrong = name == "3x3" and before == "2x1"
    assert talk.broken() == (["change-is-told"] if is_wrong else [])


@pytest.mark.parametrize(("shown", "broken"), [("2x1", []), ("3x3", ["settings-agree"])])
@pytest.mark.parametrize("told", ["by the state", "by the layout", "by the room"])
def test_an_answer_shows_the_layout_that_was_told(told: str, shown: str, broken: list[str]) -> None:
    talk = listening(ALL, initial=True)
    talk.initial_state(layout_name="2x1" if told == "by the state" else "3x3")
    if told == "by the layout":
        layout(talk, name="2x1")
    elif told == "by the room":
        talk.room("updated", layout_name="2x1")
    room = room_session(layout_name=shown)
    talk.at(5.0).ask("video.rooms.get", {}, {**OK, "rooms": [room]})
    talk.at(9.0).member("joined", id="zoe")
    assert talk.broken() == broken


def mute_all(talk: Conversation) -> None:
    talk.ask("video.member.audio_mute", {"room_session_id": ROOM, "member_id": "all"})


@pytest.mark.parametrize("forgotten", ["bob", "ann", "both", None])
def test_a_change_of_all_is_told_of_each(forgotten: str | None) -> None:
    talk = knowing(MEMBER, ANN)
    mute_all(talk)
    for member in ("bob", "ann"):
        if forgotten not in (member, "both"):
            talk.member("updated", id=member, audio_muted=True, updated=["audio_muted"])
    layout(talk.at(9.0))
    broken = [each for each in check(talk.trace) if each.rule == "change-is-told"]
    expected = {"both": {"bob", "ann"}, None: set()}.get(forgotten, {forgotten})
    assert {each.message.split(" of ")[1].split(" ")[0] for each in broken} == expected


def test_of_all_only_those_are_told_of_who_were_there_and_changed() -> None:
    screen = {**MEMBER, "id": "screen", "type": "screen"}
    talk = knowing({**MEMBER, "audio_muted": True}, ANN, screen, {**MEMBER, "id": "cas"}, types=ALL)
    talk.member("left", id="ann")
    mute_all(talk)
    talk.member("left", id="cas")
    talk.member("joined", id="dan")
    layout(talk.at(9.0))
    assert talk.broken() == []


def test_of_very_many_changes_the_first_are_waited_for() -> None:
    talk = knowing(*({**MEMBER, "id": f"m{number}"} for number in range(MOST_CHANGES + 2)))
    mute_all(talk)
    layout(talk.at(9.0))
    assert talk.broken() == ["change-is-told"] * MOST_CHANGES


def act_on_member(talk: Conversation, verb: str, member: str) -> None:
    talk.ask(f"video.member.{verb}", {"room_session_id": ROOM, "member_id": member})


@pytest.mark.parametrize("verb", ["remove", "demote"])
@pytest.mark.parametrize("member", ["bob", "nobody"])
@pytest.mark.parametrize("left", [True, False])
def test_who_is_taken_out_leaves(verb: str, member: str, left: bool) -> None:
    talk = knowing(MEMBER, ANN)
    act_on_member(talk, verb, member)
    if left:
        talk.member("left")
    layout(talk.at(9.0))
    is_wrong = member == "bob" and not left
    assert talk.broken() == (["change-is-told"] if is_wrong else [])


@pytest.mark.parametrize("left", [{"bob", "ann"}, {"ann"}, set()])
def test_when_all_are_removed_each_leaves(left: set[str]) -> None:
    talk = knowing(MEMBER, ANN)
    act_on_member(talk, "remove", "all")
    for each in sorted(left):
        talk.member("left", id=each)
    layout(talk.at(9.0))
    assert talk.broken() == ["change-is-told"] * (2 - len(left))


@pytest.mark.parametrize("known", ["left", "never there", "there"])
@pytest.mark.parametrize("joined", [True, False])
def test_who_is_promoted_joins(known: str, joined: bool) -> None:
    talk = knowing(*([] if known == "never there" else [MEMBER]))
    if known == "left":
        talk.member("left")
    act_on_member(talk, "promote", "bob")
    if joined and known != "there":
        talk.member("joined")
    layout(talk.at(9.0))
    is_wrong = known != "there" and not joined
    assert talk.broken() == (["change-is-told"] if is_wrong else [])
