"""What the vendor's end-to-end tests assert of the real service [E], asserted here of the mock.

Those tests are public; they run the vendor's clients against the real service. Facts that other
tests of this folder cover (states of recordings, of playbacks and of streams) are not repeated.
"""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.protocol import catalogue

from ..harness import RECORDING_EVENTS, MakeWorld, S, World
from .followed import FollowedRoom

NOBODY = "00000000-0000-4000-8000-000000000000"


def room_session(lobby: FollowedRoom) -> dict[str, Any]:
    """The room as ``video.rooms.get`` has it."""
    (found,) = lobby.client.result("video.rooms.get")["rooms"]
    assert isinstance(found, dict)
    return found


def test_when_all_recordings_were_stopped_the_room_goes_on_and_says_so(lobby: FollowedRoom) -> None:
    first, second = lobby.start("recording"), lobby.start("recording")
    assert room_session(lobby)["recording"] is True
    for recording in (first, second):
        assert lobby.control("recording", "stop", recording)["code"] == "200"
    assert room_session(lobby)["recording"] is False


@pytest.mark.parametrize("kind", ["recording", "playback"])
def test_a_second_client_finds_what_runs_and_stops_it(
    world: World, lobby: FollowedRoom, kind: str
) -> None:
    """By the list of a room from the list of rooms; who listens on that room hears the end."""
    started = lobby.start(kind)
    lobby.told()
    second = world.connected()
    (room,) = second.result("video.rooms.get")["rooms"]
    (found,) = second.result(f"video.{kind}.list", room_session_id=room["id"])[f"{kind}s"]
    assert found["id"] == started
    stopped = second.result(
        f"video.{kind}.stop", room_session_id=room["id"], **{f"{kind}_id": found["id"]}
    )
    assert stopped["code"] == "200"
    assert f"{kind}.ended" in lobby.told_types()


@pytest.mark.parametrize(
    ("call", "field", "value"),
    [
        ("lock", "locked", True),
        ("unlock", "locked", False),
        ("prioritize_handraise", "prioritize_handraise", True),
    ],
)
def test_what_is_set_in_the_room_follows_the_answer(
    lobby: FollowedRoom, call: str, field: str, value: bool
) -> None:
    assert room_session(lobby)[field] is False
    if not value:
        lobby.done("lock")
        lobby.told()
    lobby.done(call)
    ((event, params),) = lobby.told()
    assert event == "video.room.updated"
    assert params["room_session"][field] is value
    assert params["room_session"]["updated"] == [field]


def test_muting_video_is_one_event_that_names_two_fields(lobby: FollowedRoom) -> None:
    ann = lobby.member("Ann")
    for call, muted in (("video_mute", True), ("video_unmute", False)):
        lobby.done(f"member.{call}", member_id=ann.id)
        ((event, params),) = lobby.told()
        assert event == "video.member.updated"
        assert sorted(params["member"]["updated"]) == ["video_muted", "visible"]
        assert (params["member"]["video_muted"], params["member"]["visible"]) == (muted, not muted)


@pytest.mark.parametrize(
    ("call", "more"),
    [
        ("audio_mute", {}),
        ("video_mute", {}),
        ("set_input_volume", {"volume": 1}),
        ("set_output_volume", {"volume": 1}),
        ("set_input_sensitivity", {"value": 1}),
        ("get_meta", {}),
        ("set_meta", {"meta": {}}),
        ("update_meta", {"meta": {}}),
        ("delete_meta", {"keys": ["a"]}),
        ("remove", {}),
        ("demote", {}),
    ],
)
def test_a_member_that_is_not_there_is_404(
    lobby: FollowedRoom, call: str, more: dict[str, Any]
) -> None:
    assert lobby.call(f"member.{call}", member_id=NOBODY, **more)["code"] == "404"


def test_meta_is_empty_at_first_and_changes_by_keys(lobby: FollowedRoom) -> None:
    ann = lobby.member("Ann")
    for of, ids in (("", {}), ("member.", {"member_id": ann.id})):
        assert lobby.call(f"{of}get_meta", **ids)["meta"] == {}
        lobby.done(f"{of}set_meta", meta={"a": 1, "b": 2}, **ids)
        lobby.done(f"{of}update_meta", meta={"b": 3, "c": 4}, **ids)
        lobby.done(f"{of}delete_meta", keys=["a"], **ids)
        assert lobby.call(f"{of}get_meta", **ids)["meta"] == {"b": 3, "c": 4}
        named = [
            changed["updated"]
            for _, params in lobby.told()
            for changed in (params["member" if of else "room_session"],)
        ]
        assert named == [["meta"]] * 3


def test_verbs_that_follow_each_other_at_once_are_each_told(lobby: FollowedRoom) -> None:
    playback = lobby.start("playback")
    lobby.told()
    assert lobby.control("playback", "set_volume", playback, volume=-50)["code"] == "200"
    for verb in ("pause", "resume", "stop"):
        assert lobby.control("playback", verb, playback)["code"] == "200"
    told = [
        (event, params["playback"]["volume"], params["playback"]["state"])
        for event, params in lobby.told()
    ]
    assert told == [
        ("video.playback.updated", -50, "playing"),
        ("video.playback.updated", -50, "paused"),
        ("video.playback.updated", -50, "playing"),
        ("video.playback.ended", -50, "completed"),
    ]


def test_a_stream_is_listed_with_its_url_and_to_who_subscribes(
    world: World, lobby: FollowedRoom
) -> None:
    stream = lobby.start("stream", url="rtmp://example.com/there")
    (listed,) = lobby.listed("stream")
    assert (listed["id"], listed["url"]) == (stream, "rtmp://example.com/there")
    newcomer = world.connected()
    newcomer.subscribe(lobby.session.channel, "video.stream.ended", get_initial_state=True)
    world.wait(S)
    ((_, params),) = newcomer.events
    assert [each["id"] for each in params["room_session"]["streams"]] == [stream]


# The audience


def test_who_is_demoted_has_left_and_is_in_no_layer(lobby: FollowedRoom) -> None:
    bob = lobby.member("Bob")
    lobby.done("member.demote", member_id=bob.id)
    told = dict(lobby.told())
    assert list(told) == ["video.member.left", "video.layout.changed", "video.room.audience_count"]
    assert told["video.member.left"]["member"]["id"] == bob.id
    shown = [layer["member_id"] for layer in told["video.layout.changed"]["layout"]["layers"]]
    assert bob.id not in shown
    assert len(shown) == 2
    assert room_session(lobby)["audience_count"] == 1


def test_who_is_promoted_joins_with_the_same_id_and_the_meta_given(lobby: FollowedRoom) -> None:
    bob = lobby.member("Bob")
    lobby.done("member.demote", member_id=bob.id)
    lobby.told()
    lobby.done("member.promote", member_id=bob.id, meta={"vip": True})
    told = dict(lobby.told())
    joined = told["video.member.joined"]["member"]
    assert (joined["id"], joined["meta"]) == (bob.id, {"vip": True})
    assert bob.id in [
        each["member_id"] for each in told["video.layout.changed"]["layout"]["layers"]
    ]
    assert room_session(lobby)["audience_count"] == 0


def test_who_joins_as_audience_is_counted_and_no_member(lobby: FollowedRoom) -> None:
    lobby.perform("join", name="Dora", join_as="audience")
    assert lobby.told() == [
        (
            "video.room.audience_count",
            {"room_id": lobby.session.room_id, "room_session_id": lobby.session.id, "total": 1},
        )
    ]
    assert "Dora" not in lobby.names
    assert room_session(lobby)["audience_count"] == 1
    lobby.perform("leave", name="Dora")
    assert [params["total"] for _, params in lobby.told()] == [0]


def test_only_the_client_concerned_hears_of_its_promotion(
    world: World, lobby: FollowedRoom
) -> None:
    dora = world.connected()
    lobby.perform("join", name="Dora", session=dora.session.name)
    member = lobby.member("Dora")
    lobby.told()
    lobby.done("member.demote", member_id=member.id)
    lobby.done("member.promote", member_id=member.id, permissions=["room.self.audio_mute"])
    world.wait(S)
    (demoted, down), (promoted, up) = dora.events
    assert (demoted, promoted) == ("video.member.demoted", "video.member.promoted")
    assert down["member_id"] == up["member_id"] == member.id
    assert (down["authorization"]["join_as"], up["authorization"]["join_as"]) == (
        "audience",
        "member",
    )
    assert up["authorization"]["room"]["scopes"] == ["room.self.audio_mute"]
    assert not {"member.promoted", "member.demoted"} & set(lobby.told_types())


def test_a_screen_is_a_member_with_a_coming_and_a_going_of_its_own(lobby: FollowedRoom) -> None:
    ann = lobby.member("Ann")
    lobby.perform("join", name="Ann's screen", type="screen", parent="Ann")
    ((joined, params),) = lobby.told()
    assert joined == "video.member.joined"
    assert (params["member"]["type"], params["member"]["parent_id"]) == ("screen", ann.id)
    lobby.perform("leave", name="Ann's screen")
    assert lobby.told_types() == ["member.left"]
    lobby.perform("join", name="Ann's screen", type="screen", parent="Ann")
    lobby.perform("leave", name="Ann")
    assert lobby.told_types() == ["member.joined", "member.left", "member.left"]
    assert lobby.names == ["Bob", "Carl"]


def test_when_all_are_removed_the_room_ends(lobby: FollowedRoom) -> None:
    lobby.perform("join", name="Bob's screen", type="screen", parent="Bob")
    lobby.told()
    lobby.done("member.remove", member_id="all")
    assert lobby.told_types() == ["member.left"] * 4 + ["room.ended"]
    assert lobby.client.result("video.rooms.get")["rooms"] == []


# Sessions and permissions


def test_an_unknown_protocol_starts_afresh_with_other_ids(world: World) -> None:
    first = world.connected()
    known = first.protocol
    assert known is not None
    second = world.client()
    answer = second.connect("signalwire_0_00000000-0000-4000-8000-000000000000_p")
    assert answer["result"]["protocol"] != known
    assert second.session is not first.session


NEEDY = sorted(each for each in catalogue.CLIENT_CALLS if catalogue.permission(each) is not None)


@pytest.mark.parametrize("method", NEEDY)
def test_what_the_token_does_not_allow_is_403_before_anything_else_is_looked_at(
    make_world: MakeWorld, method: str
) -> None:
    """The room and the member do not exist, and still it is 403; with the permission it is 404."""
    world = make_world()
    client = world.connected()
    room = world.start_room()
    client.subscribe(room.channel, *RECORDING_EVENTS)
    params = {
        "room_session_id": NOBODY,
        "member_id": NOBODY,
        "recording_id": NOBODY,
        "playback_id": NOBODY,
        "stream_id": NOBODY,
        "url": "https://example.com/x",
        "volume": 0,
        "value": 0,
        "position": "auto" if "set_position" in method else 0,
        "positions": {},
        "meta": {},
        "keys": ["a"],
        "name": "grid-responsive",
    }
    needed = catalogue.permission(method)
    world.space.permissions = frozenset()
    refused = client.result(method, **params)
    assert refused["code"] == "403"
    assert str(needed) in refused["message"]
    world.space.permissions = frozenset({str(needed)})
    assert client.result(method, **params)["code"] == "404"
    client.session.permissions = frozenset()
    assert client.result(method, **params)["code"] == "403"


def test_finding_rooms_needs_no_permission(lobby: FollowedRoom) -> None:
    lobby.world.space.permissions = frozenset()
    assert lobby.call("room.get")["code"] == "200"
    assert lobby.call("members.get")["code"] == "200"
    assert lobby.client.result("video.rooms.get")["code"] == "200"
