"""Who is in a room, talks, comes and goes; who is shown where."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine.video.layout import AUTO, LAYOUTS, OFF_CANVAS
from mockserver.protocol.errors import Refusal

from ..harness import ENDINGS, START_PARAMS, World
from .followed import FollowedRoom

NOBODY = "00000000-0000-4000-8000-000000000000"


# Layouts


def shown(params: dict[str, Any], lobby: FollowedRoom) -> dict[str, str]:
    """Who is shown where, as ``video.layout.changed`` says."""
    names = {each.id: each.name for each in lobby.session.members.values()}
    return {names[each["member_id"]]: each["position"] for each in params["layout"]["layers"]}


def test_the_layouts_are_listed(lobby: FollowedRoom) -> None:
    result = lobby.call("list_available_layouts")
    assert result == {"code": "200", "message": "OK", "layouts": list(LAYOUTS)}
    assert lobby.call("room.get")["room"]["layout_name"] in LAYOUTS


@pytest.mark.parametrize("layout", [each for each in LAYOUTS if each != "grid-responsive"])
def test_a_layout_is_chosen(lobby: FollowedRoom, layout: str) -> None:
    lobby.done("set_layout", name=layout)
    (updated, room_params), (changed, params) = lobby.told()
    assert (updated, changed) == ("video.room.updated", "video.layout.changed")
    assert room_params["room_session"]["layout_name"] == layout
    assert room_params["room_session"]["updated"] == ["layout_name"]
    assert params == {
        "room_id": lobby.session.room_id,
        "room_session_id": lobby.session.id,
        "layout": lobby.session.layout_as_wire(),
    }
    assert params["layout"]["name"] == layout
    assert shown(params, lobby) == {n: at for n, at in lobby.places.items() if at != OFF_CANVAS}
    assert len(shown(params, lobby)) == min(3, LAYOUTS[layout] or 3)
    lobby.done("set_layout", name=layout)
    assert lobby.told() == []


def test_an_unknown_layout_is_not_found(lobby: FollowedRoom) -> None:
    for result in (
        lobby.call("set_layout", name="7x7"),
        lobby.call("playback.start", layout="7x7", **START_PARAMS["playback"]),
    ):
        assert result["code"] == "404"
        assert '"7x7"' in result["message"]
        assert all(name in result["message"] for name in LAYOUTS)
    with pytest.raises(Refusal, match="7x7"):
        lobby.perform("set_layout", layout="7x7")
    assert lobby.told() == []
    assert lobby.call("playback.list")["playbacks"] == []


@pytest.mark.parametrize("count", range(1, 13))
def test_layers_lie_side_by_side_on_the_canvas(world: World, count: int) -> None:
    world.connected()
    layers = world.start_room(members=count).layout_as_wire()["layers"]
    assert [each["layer_index"] for each in layers] == list(range(count))
    for each in layers:
        assert 0 <= each["x"] < each["x"] + each["width"] <= 100.1
        assert 0 <= each["y"] < each["y"] + each["height"] <= 100.1
    for number, one in enumerate(layers):
        for other in layers[:number]:
            beside = abs(one["x"] - other["x"]) >= min(one["width"], other["width"]) - 0.01
            below = abs(one["y"] - other["y"]) >= min(one["height"], other["height"]) - 0.01
            assert beside or below


def test_who_has_gone_has_no_layer(lobby: FollowedRoom) -> None:
    lobby.perform("leave", name="Bob")
    lobby.perform("demote", name="Ann")
    lobby.perform("join", name="Dora")
    lobby.told()
    lobby.done("set_layout", name="2x2")
    *_, (_, params) = lobby.told()
    assert shown(params, lobby) == {"Carl": "standard-1", "Dora": "standard-2"}


# Positions


def ids_of(lobby: FollowedRoom, positions: dict[str, str]) -> dict[str, str]:
    """The positions by id."""
    return {lobby.member(name).id: position for name, position in positions.items()}


@pytest.mark.parametrize("how", ["member.set_position", "set_position", "set_layout", "action"])
def test_somebody_is_placed(lobby: FollowedRoom, how: str) -> None:
    bob = lobby.member("Bob")
    if how == "action":
        lobby.perform("set_position", name="Bob", position="reserved-4")
    elif how == "member.set_position":
        lobby.done(how, member_id=bob.id, position="reserved-4")
    elif how == "set_position":
        lobby.done(how, positions={bob.id: "reserved-4", "self": "auto"})
    else:
        name = lobby.session.properties["layout_name"]
        lobby.done(how, name=name, positions={bob.id: "reserved-4"})
    assert lobby.places == {"Ann": "standard-1", "Bob": "reserved-4", "Carl": "standard-2"}
    (updated, member_params), (changed, params) = lobby.told()
    assert (updated, changed) == ("video.member.updated", "video.layout.changed")
    assert member_params["member"] == {
        **bob.as_wire(),
        "requested_position": "reserved-4",
        "current_position": "reserved-4",
        "updated": ["requested_position", "current_position"],
    }
    assert shown(params, lobby) == lobby.places


def test_a_place_that_one_has_is_asked_for(lobby: FollowedRoom) -> None:
    """Where somebody is stays, only what was asked for changes; asked twice, nothing does."""
    bob = lobby.member("Bob")
    lobby.done("member.set_position", member_id=bob.id, position="standard-2")
    (_, params), _ = lobby.told()
    assert params["member"]["updated"] == ["requested_position"]
    lobby.done("member.set_position", member_id=bob.id, position="standard-2")
    lobby.done("set_position", positions={})
    lobby.done("set_position", positions={"self": "full-screen"})
    assert lobby.told() == []


def test_who_asks_for_no_place_takes_the_first_that_is_free(lobby: FollowedRoom) -> None:
    positions = {"Ann": "standard-2", "Bob": AUTO, "Carl": AUTO}
    lobby.done("set_position", positions=ids_of(lobby, positions))
    assert lobby.places == {"Ann": "standard-2", "Bob": "standard-1", "Carl": "standard-3"}


def test_everybody_is_placed(lobby: FollowedRoom) -> None:
    lobby.done("member.set_position", member_id="all", position=OFF_CANVAS)
    *members, (changed, params) = lobby.told()
    assert [said["member"]["name"] for _, said in members] == ["Ann", "Bob", "Carl"]
    assert changed == "video.layout.changed"
    assert params["layout"]["layers"] == []
    lobby.perform("set_position", name="all", position=AUTO)
    *_, (_, params) = lobby.told()
    assert len(params["layout"]["layers"]) == 3


def test_who_is_asked_for_first_is_shown_where_there_is_little_room(lobby: FollowedRoom) -> None:
    lobby.done("set_layout", name="1x1", positions={lobby.member("Carl").id: "standard-1"})
    assert lobby.places == {"Ann": OFF_CANVAS, "Bob": OFF_CANVAS, "Carl": "standard-1"}
    assert lobby.told_types() == ["room.updated", "member.updated", "layout.changed"]


@pytest.mark.parametrize("how", ["set_position", "set_layout"])
def test_an_unknown_member_cannot_be_placed(lobby: FollowedRoom, how: str) -> None:
    """Nor does what else was asked for happen."""
    positions = {lobby.member("Ann").id: "standard-3", NOBODY: "standard-2"}
    name = {"name": "2x2"} if how == "set_layout" else {}
    result = lobby.call(how, positions=positions, **name)
    assert result["code"] == "404"
    assert NOBODY in result["message"]
    assert "Ann" in result["message"]
    assert lobby.told() == []
    assert lobby.places["Ann"] == "standard-1"


def test_something_is_played_with_a_layout(lobby: FollowedRoom) -> None:
    positions = ids_of(lobby, {"Bob": OFF_CANVAS})
    result = lobby.call(
        "playback.start", layout="screen-share", positions=positions, **START_PARAMS["playback"]
    )
    assert result["code"] == "200"
    assert lobby.told_types() == [
        "room.updated",
        "member.updated",
        "layout.changed",
        "playback.started",
    ]
    assert lobby.session.properties["layout_name"] == "screen-share"
    assert lobby.places["Bob"] == OFF_CANVAS


def test_something_is_played_with_positions_alone(lobby: FollowedRoom) -> None:
    positions = ids_of(lobby, {"Bob": OFF_CANVAS})
    lobby.call("playback.start", positions=positions, **START_PARAMS["playback"])
    assert lobby.told_types() == ["member.updated", "layout.changed", "playback.started"]
    assert lobby.places["Bob"] == OFF_CANVAS


# The audience


@pytest.mark.parametrize("by", ["call", "action"])
def test_down_into_the_audience_and_up_again(lobby: FollowedRoom, by: str) -> None:
    bob = lobby.member("Bob")
    was = bob.as_wire()

    def do(verb: str) -> None:
        if by == "call":
            lobby.done(f"member.{verb}", member_id=bob.id)
        else:
            lobby.perform(verb, name="Bob")

    do("demote")
    (left, left_params), (placed, _), (counted, count) = lobby.told()
    assert placed == "video.layout.changed"
    assert (left, left_params["member"]) == ("video.member.left", was)
    assert (counted, count["total"]) == ("video.room.audience_count", 1)
    assert count.keys() == {"room_id", "room_session_id", "total"}
    assert lobby.names == ["Ann", "Carl"]

    do("promote")
    (joined, joined_params), (placed, _), (counted, count) = lobby.told()
    assert placed == "video.layout.changed"
    assert (joined, joined_params["member"]) == ("video.member.joined", bob.as_wire())
    assert (counted, count["total"]) == ("video.room.audience_count", 0)
    assert lobby.names == ["Ann", "Carl", "Bob"]


def test_who_is_there_already_is_not_moved(lobby: FollowedRoom) -> None:
    bob = lobby.member("Bob")
    lobby.done("member.promote", member_id=bob.id)
    assert lobby.told() == []
    lobby.done("member.demote", member_id=bob.id)
    lobby.told()
    lobby.done("member.demote", member_id=bob.id)
    assert lobby.told() == []


def test_how_somebody_is_promoted(lobby: FollowedRoom) -> None:
    """Muted or not as the call says, and by the same table as who is muted in the room."""
    for name, muted in (("Ann", "audio"), ("Bob", "video")):
        member = lobby.member(name)
        twin = dict(member.properties)
        lobby.done("member.demote", member_id=member.id)
        lobby.done(
            "member.promote",
            member_id=member.id,
            join_audio_muted=muted == "audio",
            join_video_muted=muted == "video",
            meta={"topic": muted},
        )
        expected = {
            "audio": {"audio_muted": True},
            "video": {"video_muted": True, "visible": False},
        }
        assert member.properties == {**twin, **expected[muted], "meta": {"topic": muted}}


def test_a_room_goes_on_for_its_audience(lobby: FollowedRoom) -> None:
    def ended() -> bool:
        return lobby.session.ended

    for name in ("Ann", "Bob", "Carl"):
        lobby.perform("demote", name=name)
    assert not ended()
    assert lobby.names == []
    lobby.told()
    with pytest.raises(Refusal, match="nobody"):
        lobby.perform("leave")
    lobby.perform("promote")
    assert lobby.names == ["Carl"]
    lobby.perform("leave")
    assert not ended()
    for name in ("Ann", "Bob"):
        lobby.perform("promote", name=name)
        lobby.perform("leave", name=name)
    assert ended()
    assert lobby.told_types()[-2:] == ["member.left", "room.ended"]


def test_the_audience_is_counted_with_who_was_demoted(lobby: FollowedRoom) -> None:
    totals: list[int] = []
    for verb, arguments in (
        ("set_audience", {"count": 10}),
        ("demote", {"name": "Ann"}),
        ("set_audience", {"count": 10}),
        ("set_audience", {"count": 3}),
        ("promote", {}),
        ("set_audience", {"count": 0}),
    ):
        lobby.perform(verb, **arguments)
        totals += [params["total"] for _, params in lobby.told() if "total" in params]
    assert totals == [10, 11, 4, 3, 0]


def test_nobody_in_the_audience_is_not_found(lobby: FollowedRoom) -> None:
    lobby.perform("demote", name="Ann")
    with pytest.raises(Refusal, match=r"Zoe.*Ann"):
        lobby.perform("promote", name="Zoe")


@pytest.mark.parametrize("name", ["video.room.audience_count", "video.room.audienceCount"])
def test_the_audience_is_listened_to_by_either_name(world: World, name: str) -> None:
    client = world.connected()
    room = world.start_room()
    assert client.subscribe(room.channel, name)["code"] == "200"
    world.do(world.video.set_audience, room, 1)
    world.settle()
    assert client.event_types == ["video.room.audience_count"]
    client.result("signalwire.unsubscribe", event_channel=room.channel, events=[name])
    world.do(world.video.set_audience, room, 2)
    world.settle()
    assert client.event_types == ["video.room.audience_count"]


# Talking, the lock, coming and going


def test_somebody_talks(lobby: FollowedRoom) -> None:
    ann = lobby.member("Ann")
    heard = []
    for verb in ("start_talking", "start_talking", "stop_talking", "stop_talking"):
        lobby.perform(verb, name="Ann")
        heard.append([params["member"] for _, params in lobby.told()])
        assert ann.as_wire()["talking"] is (verb == "start_talking")
    begun, ceased = ({"id": ann.id, "talking": talking} for talking in (True, False))
    assert heard == [[begun], [], [ceased], []]


def test_nobody_joins_a_locked_room(lobby: FollowedRoom) -> None:
    lobby.done("lock")
    lobby.told()
    for name in ("Dora", None):
        with pytest.raises(Refusal, match="locked") as refused:
            lobby.perform("join", name=name)
        assert refused.value.code == "403"
    assert lobby.told() == []
    lobby.done("unlock")
    lobby.perform("join", name="Dora")
    assert lobby.names[-1] == "Dora"


@pytest.mark.parametrize("by", ["call", "action"])
def test_one_is_removed(lobby: FollowedRoom, by: str) -> None:
    bob = lobby.member("Bob")
    was = bob.as_wire()
    if by == "call":
        lobby.done("member.remove", member_id=bob.id)
    else:
        lobby.perform("leave", name="Bob")
    ((left, params),) = lobby.told()
    assert (left, params["member"]) == ("video.member.left", was)
    assert lobby.names == ["Ann", "Carl"]
    assert lobby.call("member.remove", member_id=bob.id)["code"] == "404"


@pytest.mark.parametrize("by", ["call", "action"])
def test_all_are_removed(lobby: FollowedRoom, by: str) -> None:
    """And what runs in the room ends, and the room."""
    for kind, params in START_PARAMS.items():
        lobby.call(f"{kind}.start", **params)
    lobby.told()
    if by == "call":
        lobby.done("member.remove", member_id="all")
    else:
        lobby.perform("leave", name="all")
    told = lobby.told()
    assert [params["member"]["name"] for _, params in told[:3]] == ["Ann", "Bob", "Carl"]
    assert [event.removeprefix("video.") for event, _ in told] == [
        *["member.left"] * 3,
        *ENDINGS,
        "room.ended",
    ]
    assert lobby.session.ended


@pytest.mark.parametrize(
    "verb",
    ["audio_mute", "leave", "start_talking", "set_position", "demote", "set_member_meta"],
)
def test_who_is_meant_by_an_action(lobby: FollowedRoom, verb: str) -> None:
    """By name, by id; the last who joined when it does not say; or a refusal that says who is."""
    more = {"position": "standard-9", "meta": {"topic": "standup"}}
    ann, bob, carl = (lobby.member(name) for name in ("Ann", "Bob", "Carl"))
    for who, expected in (("Ann", ann), (bob.id, bob), (None, carl)):
        lobby.perform(verb, name=who, **more)
        event, params = lobby.told()[0]
        assert event.startswith("video.member.")
        assert params["member"]["id"] == expected.id
    there = ", ".join(each.name for each in lobby.session.members.values())
    if not there:
        there = "has ended" if lobby.session.ended else "nobody"
    with pytest.raises(Refusal) as refused:
        lobby.perform(verb, name="Zoe", **more)
    assert refused.value.code == "404"
    assert there in refused.value.message
