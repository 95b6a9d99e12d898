"""What is done to rooms and members: which call each method sends, and with what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from client_stub import CommandRefused, RoomSession, RoomSessionMember

if TYPE_CHECKING:
    from contract_tests.stub.service import Service

M = {"member_id": "m1"}

ROOM_COMMANDS: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("lock", {}, "video.lock", {}),
    ("unlock", {}, "video.unlock", {}),
    ("set_hide_video_muted", {"value": True}, "video.hide_video_muted", {}),
    ("set_hide_video_muted", {"value": False}, "video.show_video_muted", {}),
    ("set_prioritize_handraise", {}, "video.prioritize_handraise", {"enable": True}),
    (
        "set_prioritize_handraise",
        {"enable": False},
        "video.prioritize_handraise",
        {"enable": False},
    ),
    ("set_layout", {"name": "3x3"}, "video.set_layout", {"name": "3x3"}),
    (
        "set_layout",
        {"name": "3x3", "positions": {"m1": "auto"}},
        "video.set_layout",
        {"name": "3x3", "positions": {"m1": "auto"}},
    ),
    ("set_positions", {"positions": {}}, "video.set_position", {"positions": {}}),
    ("set_meta", {"meta": {}}, "video.set_meta", {"meta": {}}),
    ("update_meta", {"meta": {"a": 1}}, "video.update_meta", {"meta": {"a": 1}}),
    ("delete_meta", {"keys": ["a"]}, "video.delete_meta", {"keys": ["a"]}),
    ("audio_mute", M, "video.member.audio_mute", M),
    ("audio_unmute", M, "video.member.audio_unmute", M),
    ("video_mute", M, "video.member.video_mute", M),
    ("video_unmute", M, "video.member.video_unmute", M),
    ("deaf", M, "video.member.deaf", M),
    ("undeaf", M, "video.member.undeaf", M),
    (
        "set_input_volume",
        {**M, "volume": 0},
        "video.member.set_input_volume",
        {**M, "volume": 0},
    ),
    (
        "set_output_volume",
        {**M, "volume": -9},
        "video.member.set_output_volume",
        {**M, "volume": -9},
    ),
    (
        "set_input_sensitivity",
        {**M, "value": 80},
        "video.member.set_input_sensitivity",
        {**M, "value": 80},
    ),
    ("set_raised_hand", M, "video.member.raisehand", M),
    ("set_raised_hand", {**M, "raised": False}, "video.member.lowerhand", M),
    (
        "set_member_position",
        {**M, "position": "off-canvas"},
        "video.member.set_position",
        {**M, "position": "off-canvas"},
    ),
    ("remove_member", M, "video.member.remove", M),
    ("remove_all_members", {}, "video.member.remove", {"member_id": "all"}),
    ("promote", M, "video.member.promote", M),
    (
        "promote",
        {**M, "media_allowed": "all", "join_audio_muted": False, "permissions": [], "meta": {}},
        "video.member.promote",
        {**M, "media_allowed": "all", "join_audio_muted": False, "permissions": [], "meta": {}},
    ),
    ("demote", M, "video.member.demote", M),
    (
        "demote",
        {**M, "media_allowed": "audio-only"},
        "video.member.demote",
        {**M, "media_allowed": "audio-only"},
    ),
    (
        "set_member_meta",
        {**M, "meta": {"a": 1}},
        "video.member.set_meta",
        {**M, "meta": {"a": 1}},
    ),
    (
        "update_member_meta",
        {**M, "meta": {"a": 1}},
        "video.member.update_meta",
        {**M, "meta": {"a": 1}},
    ),
    (
        "delete_member_meta",
        {**M, "keys": ["a"]},
        "video.member.delete_meta",
        {**M, "keys": ["a"]},
    ),
]

MEMBER_COMMANDS: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("audio_mute", {}, "audio_mute", {}),
    ("audio_unmute", {}, "audio_unmute", {}),
    ("video_mute", {}, "video_mute", {}),
    ("video_unmute", {}, "video_unmute", {}),
    ("set_deaf", {"deaf": True}, "deaf", {}),
    ("set_deaf", {"deaf": False}, "undeaf", {}),
    ("set_input_volume", {"volume": 3}, "set_input_volume", {"volume": 3}),
    ("set_output_volume", {"volume": 3}, "set_output_volume", {"volume": 3}),
    ("set_input_sensitivity", {"value": 3}, "set_input_sensitivity", {"value": 3}),
    ("set_raised_hand", {}, "raisehand", {}),
    ("set_raised_hand", {"raised": False}, "lowerhand", {}),
    ("remove", {}, "remove", {}),
]


@pytest.mark.parametrize(("name", "given", "method", "params"), ROOM_COMMANDS)
async def test_a_command_of_the_room_sends_its_call(
    service: Service, room: RoomSession, name: str, given: Any, method: str, params: Any
) -> None:
    assert await getattr(room, name)(**given) is None
    assert service.calls(method) == [{"room_session_id": "room-1", **params}]


@pytest.mark.parametrize(("name", "given", "verb", "params"), MEMBER_COMMANDS)
async def test_a_command_of_a_member_names_the_member(
    service: Service, room: RoomSession, name: str, given: Any, verb: str, params: Any
) -> None:
    service.on("video.members.get", {"members": [{"id": "m7"}]})
    [member] = await room.get_members()
    assert await getattr(member, name)(**given) is None
    ids = {"room_session_id": "room-1", "member_id": "m7"}
    assert service.calls(f"video.member.{verb}") == [{**ids, **params}]


def test_every_command_is_tried_here() -> None:
    def commands(of: type) -> set[str]:
        return {name for name in vars(of) if not name.startswith("_") and callable(vars(of)[name])}

    tried = {row[0] for row in ROOM_COMMANDS}
    told = {"listen", "play"} | {name for name in commands(RoomSession) if name[:4] == "get_"}
    assert commands(RoomSession) - told - {"start_recording", "start_stream"} == tried
    assert commands(RoomSessionMember) == {row[0] for row in MEMBER_COMMANDS}


@pytest.mark.parametrize(
    ("name", "given", "method", "answer", "value"),
    [
        ("get_layouts", {}, "video.list_available_layouts", {"layouts": ["1x1"]}, ["1x1"]),
        ("get_layouts", {}, "video.list_available_layouts", {}, []),
        ("get_meta", {}, "video.get_meta", {"meta": {"a": 1}}, {"a": 1}),
        ("get_meta", {}, "video.get_meta", {}, {}),
        ("get_member_meta", M, "video.member.get_meta", {"meta": {"a": 1}}, {"a": 1}),
        ("get_member_meta", M, "video.member.get_meta", {}, {}),
    ],
)
async def test_what_is_asked_for_is_returned(
    service: Service, room: Any, name: str, given: Any, method: str, answer: Any, value: Any
) -> None:
    service.on(method, {"code": "200", **answer})
    assert await getattr(room, name)(**given) == value
    assert service.calls(method) == [{"room_session_id": "room-1", **given}]


async def test_a_refused_command_says_so(service: Service, room: RoomSession) -> None:
    service.on("video.lock", {"code": "403", "message": "not you"})
    with pytest.raises(CommandRefused, match=r"video\.lock was refused: 403 not you"):
        await room.lock()
