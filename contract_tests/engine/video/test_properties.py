"""Members and rooms as they are set: by the tables, and told exactly when something changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mockserver import schemas
from mockserver.engine import RoomSession
from mockserver.engine.video.actions import ROOM_ACTIONS
from mockserver.engine.video.properties import (
    MEMBER_PROPERTIES,
    MEMBER_SETTERS,
    META_VERBS,
    ROOM_PROPERTIES,
    ROOM_SETTERS,
    Param,
    Setter,
)
from mockserver.engine.video.room import Member
from mockserver.protocol import catalogue

from ..harness import Client, Event, World
from .followed import FollowedRoom

GIVEN = {"volume": 7.5, "value": 55, "enable": True}
"""What setters are given that take something; nothing begins so. Others: their first example."""

NOBODY = "00000000-0000-4000-8000-000000000000"
OF_MEMBERS = sorted(each for each in catalogue.CLIENT_CALLS if each.startswith("video.member."))

by_member_setter = pytest.mark.parametrize("setter", MEMBER_SETTERS, ids=lambda each: each.verb)
by_room_setter = pytest.mark.parametrize("setter", ROOM_SETTERS, ids=lambda each: each.verb)
by_anybody = pytest.mark.parametrize("by", ["call", "action"])
Tell = Callable[[], list[Event]]


@pytest.fixture
def room(lobby: FollowedRoom) -> RoomSession:
    return lobby.session


@pytest.fixture
def client(lobby: FollowedRoom) -> Client:
    return lobby.client


@pytest.fixture
def told(lobby: FollowedRoom) -> Tell:
    """Gives the events that came since it was last asked."""
    return lobby.told


@pytest.fixture
def ann(room: RoomSession) -> Member:
    return next(iter(room.members.values()))


def given(setter: Setter) -> dict[str, Any]:
    """What a call of it is given."""
    names = [value.name for value in setter.values.values() if isinstance(value, Param)]
    of = "member." if setter in MEMBER_SETTERS else ""
    example = schemas.load(f"calls/video.{of}{setter.verb}")["examples"][0] if names else {}
    return {name: GIVEN.get(name, example.get(name)) for name in names}


def undo(properties: dict[str, Any], setter: Setter) -> None:
    """Set all that it sets to something else."""
    for name, value in setter.values_from(given(setter)).items():
        properties[name] = not value if isinstance(value, bool) else value - 1


def update_of(member: Member, *updated: str) -> Event:
    return "video.member.updated", {
        "room_id": member.room.room_id,
        "room_session_id": member.room.id,
        "member": {**member.as_wire(), "updated": list(updated)},
    }


def example(method: str) -> dict[str, Any]:
    """What the schema of a call gives as an example, but the ids."""
    found: dict[str, Any] = schemas.load(f"calls/{method}")["examples"][0]
    return {key: value for key, value in found.items() if not key.endswith("_id")}


# Setters


@by_member_setter
@by_anybody
def test_a_member_becomes_what_its_table_says(
    world: World,
    client: Client,
    room: RoomSession,
    told: Tell,
    ann: Member,
    setter: Setter,
    by: str,
) -> None:
    undo(ann.properties, setter)
    others = [dict(each.properties) for each in room.members.values() if each is not ann]
    expected = {**ann.properties, **setter.values_from(given(setter))}

    def do() -> None:
        if by == "call":
            ids = {"room_session_id": room.id, "member_id": ann.id}
            result = client.result(f"video.member.{setter.verb}", **ids, **given(setter))
            assert result == {"code": "200", "message": "OK"}
        else:
            arguments = {"name": "Ann", **given(setter)}
            assert world.do(ROOM_ACTIONS[setter.verb], world.video, room, arguments) is ann

    do()
    assert ann.properties == expected
    assert told() == [update_of(ann, *setter.values)]
    do()
    assert ann.properties == expected
    assert told() == []
    assert [each.properties for each in room.members.values() if each is not ann] == others


@by_room_setter
@by_anybody
def test_a_room_becomes_what_its_table_says(
    world: World, client: Client, room: RoomSession, told: Tell, setter: Setter, by: str
) -> None:
    undo(room.properties, setter)
    expected = {**room.properties, **setter.values_from(given(setter))}

    def do() -> None:
        if by == "call":
            ids = {"room_session_id": room.id}
            result = client.result(f"video.{setter.verb}", **ids, **given(setter))
            assert result == {"code": "200", "message": "OK"}
        else:
            world.do(ROOM_ACTIONS[setter.verb], world.video, room, given(setter))

    do()
    assert room.properties == expected
    ((event, params),) = told()
    assert event == "video.room.updated"
    assert params["room_session"] == room.as_wire(world.space.now, updated=list(setter.values))
    assert params["room"]["updated"] == list(setter.values)
    do()
    assert told() == []


def test_raised_hands_come_first_unless_it_says_otherwise(
    client: Client, room: RoomSession
) -> None:
    for params, expected in (({}, True), ({"enable": False}, False), ({"enable": True}, True)):
        client.result("video.prioritize_handraise", room_session_id=room.id, **params)
        assert room.properties["prioritize_handraise"] is expected


def test_only_what_changed_is_named(
    client: Client, room: RoomSession, told: Tell, ann: Member
) -> None:
    """A deaf member is muted too, if not muted already; a member without video is not visible."""
    ids = {"room_session_id": room.id, "member_id": ann.id}
    for verb, updated in (
        ("deaf", ["deaf", "audio_muted"]),
        ("undeaf", ["deaf", "audio_muted"]),
        ("audio_mute", ["audio_muted"]),
        ("deaf", ["deaf"]),
        ("audio_unmute", ["audio_muted"]),
        ("undeaf", ["deaf"]),
        ("video_mute", ["visible", "video_muted"]),
        ("video_unmute", ["visible", "video_muted"]),
    ):
        client.result(f"video.member.{verb}", **ids)
        ((_, params),) = told()
        assert params["member"]["updated"] == updated


@by_member_setter
def test_all_members_are_set_in_the_order_of_joining(
    client: Client, room: RoomSession, told: Tell, ann: Member, setter: Setter
) -> None:
    """And who is so already is not told of."""
    for member in room.members.values():
        undo(member.properties, setter)
    ann.properties.update(setter.values_from(given(setter)))
    ids = {"room_session_id": room.id, "member_id": "all"}
    client.result(f"video.member.{setter.verb}", **ids, **given(setter))
    _, bob, carl = room.members.values()
    assert told() == [update_of(bob, *setter.values), update_of(carl, *setter.values)]


def test_the_tables_name_what_there_is() -> None:
    for setters, properties in (
        (MEMBER_SETTERS, MEMBER_PROPERTIES),
        (ROOM_SETTERS, ROOM_PROPERTIES),
    ):
        names = {each.name for each in properties}
        assert all(setter.values.keys() <= names for setter in setters)


# Who is meant


@pytest.mark.parametrize("method", OF_MEMBERS)
def test_an_unknown_member_is_not_found(
    client: Client, room: RoomSession, told: Tell, method: str
) -> None:
    ids = {"room_session_id": room.id, "member_id": NOBODY}
    result = client.result(method, **ids, **example(method))
    assert result["code"] == "404"
    for member in room.members.values():
        assert f"{member.id} ({member.name})" in result["message"]
    assert NOBODY in result["message"]
    assert told() == []


@pytest.mark.parametrize("method", OF_MEMBERS)
def test_who_must_be_said(client: Client, room: RoomSession, told: Tell, method: str) -> None:
    """What the clients mean by saying nobody, their own member, is not there."""
    params = {"room_session_id": room.id, **example(method)}
    if "member_id" in schemas.load(f"calls/{method}")["required"]:
        error = client.error(method, **params)
        assert error["code"] == -32602
        assert "member_id" in str(error["data"]["problems"])
    else:
        result = client.result(method, **params)
        assert result["code"] == "404"
        assert "member_id" in result["message"]
        assert all(each.name in result["message"] for each in room.members.values())
    assert told() == []


# Ranges


@pytest.mark.parametrize(
    ("method", "param", "least", "most"),
    [
        ("video.member.set_input_volume", "volume", -50, 50),
        ("video.member.set_output_volume", "volume", -50, 50),
        ("video.member.set_input_sensitivity", "value", 0, 100),
        ("video.playback.set_volume", "volume", -50, 50),
        ("video.playback.start", "volume", -50, 50),
    ],
)
def test_what_is_out_of_range_is_refused_by_the_schema(
    world: World,
    client: Client,
    room: RoomSession,
    told: Tell,
    ann: Member,
    method: str,
    param: str,
    least: int,
    most: int,
) -> None:
    playback = world.do(
        world.video.start_media, room, "playback", {"url": "rtsp://example.com/live"}
    )
    ids = {
        "room_session_id": room.id,
        **({"member_id": ann.id} if "member" in method else {"playback_id": playback.id}),
        "url": "rtsp://example.com/other",
    }
    told()
    for value in (least - 1, least - 0.001, most + 0.001, most + 1, "1", None, True):
        error = client.error(method, **ids, **{param: value})
        assert error["code"] == -32602
        assert error["data"]["problems"][0]["path"] == f"$.params.{param}"
        assert told() == []
    for value in (least, most):
        assert client.result(method, **ids, **{param: value})["code"] == "200"
        ((_, params),) = told()
        assert value in {**params.get("member", {}), **params.get("playback", {})}.values()


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("video.member.set_position", {"position": "nowhere"}),
        ("video.set_position", {"positions": {NOBODY: "standard-x"}}),
        ("video.member.set_meta", {"meta": ["no", "object"]}),
        ("video.set_meta", {"meta": "text"}),
        ("video.delete_meta", {"keys": "topic"}),
        ("video.prioritize_handraise", {"enable": "yes"}),
        ("video.playback.start", {"url": "https://example.com/a", "seek_position": -1}),
        ("video.playback.start", {"url": ""}),
        ("video.playback.seek_absolute", {"playback_id": NOBODY, "position": -1}),
        ("video.stream.start", {}),
    ],
)
def test_what_is_of_another_shape_is_refused_by_the_schema(
    client: Client, room: RoomSession, told: Tell, method: str, params: dict[str, Any]
) -> None:
    assert client.error(method, room_session_id=room.id, **params)["code"] == -32602
    assert told() == []


# Meta


META_STEPS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "set_meta",
        {"meta": {"topic": "standup", "tags": ["a"]}},
        {"topic": "standup", "tags": ["a"]},
    ),
    (
        "update_meta",
        {"meta": {"topic": "retro", "n": 1}},
        {"topic": "retro", "tags": ["a"], "n": 1},
    ),
    ("update_meta", {"meta": {}}, {"topic": "retro", "tags": ["a"], "n": 1}),
    ("delete_meta", {"keys": ["tags", "never"]}, {"topic": "retro", "n": 1}),
    ("delete_meta", {"keys": ["never"]}, {"topic": "retro", "n": 1}),
    ("set_meta", {"meta": {"topic": "retro", "n": 1}}, {"topic": "retro", "n": 1}),
    ("set_meta", {"meta": {}}, {}),
]
"""What is done, with what, and what the meta is then."""


@pytest.mark.parametrize("whose", ["room", "member"])
@by_anybody
def test_meta(
    world: World,
    client: Client,
    room: RoomSession,
    told: Tell,
    ann: Member,
    whose: str,
    by: str,
) -> None:
    prefix = "video." if whose == "room" else "video.member."
    ids = {"room_session_id": room.id, **({"member_id": ann.id} if whose == "member" else {})}
    meta: dict[str, Any] = {}
    for verb, params, expected in META_STEPS:
        if by == "call":
            assert client.result(f"{prefix}{verb}", **ids, **params)["code"] == "200"
        elif whose == "room":
            world.do(ROOM_ACTIONS[verb], world.video, room, params)
        else:
            verb = verb.replace("_meta", "_member_meta")
            world.do(ROOM_ACTIONS[verb], world.video, room, {"name": "Ann", **params})
        assert client.result(f"{prefix}get_meta", **ids) == {
            "code": "200",
            "message": "OK",
            "meta": expected,
        }
        events = told()
        assert len(events) == (meta != expected)
        for event, said in events:
            shown = said["room_session" if whose == "room" else "member"]
            assert (event, shown["meta"], shown["updated"]) == (
                f"video.{whose}.updated",
                expected,
                ["meta"],
            )
        meta = expected


def test_the_meta_of_all_members(
    client: Client, room: RoomSession, told: Tell, ann: Member
) -> None:
    """Each keeps its own: what is updated in one does not show in another."""
    ids = {"room_session_id": room.id, "member_id": "all"}
    ann.properties["meta"] = {"own": True}
    client.result("video.member.update_meta", **ids, meta={"topic": "standup"})
    metas = [params["member"]["meta"] for _, params in told()]
    assert metas == [{"own": True, "topic": "standup"}, {"topic": "standup"}, {"topic": "standup"}]
    _, bob, carl = room.members.values()
    assert bob.properties["meta"] is not carl.properties["meta"]
    client.result("video.member.delete_meta", **ids, keys=["own"])
    assert [params["member"]["id"] for _, params in told()] == [ann.id]


def test_what_was_told_does_not_change_afterwards(
    world: World, client: Client, room: RoomSession, told: Tell
) -> None:
    """An event holds what was so when it happened, however late it is told."""
    for topic in ("standup", "retro"):
        meta = {"topic": {"name": topic}}
        world.do(ROOM_ACTIONS["set_meta"], world.video, room, {"meta": meta})
        meta["topic"]["name"] = "changed by the caller"
    names = [params["room_session"]["meta"]["topic"]["name"] for _, params in told()]
    assert names == ["standup", "retro"]
    assert room.properties["meta"] == {"topic": {"name": "retro"}}


def test_every_verb_of_meta_is_there_for_rooms_and_members() -> None:
    calls = {f"video.{of}{verb}" for of in ("", "member.") for verb in (*META_VERBS, "get_meta")}
    assert calls == {each for each in catalogue.CLIENT_CALLS if each.endswith("_meta")}
