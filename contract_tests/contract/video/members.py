"""Conversations about who is in a room."""

from __future__ import annotations

from typing import Any

from contract_tests.contract.conversation import MEMBER, OK, ROOM, Conversation, listening

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


def layout(talk: Conversation, *members: str, name: str = "2x1") -> None:
    place = {"x": 0, "y": 0, "width": 50, "height": 50, "layer_index": 0, "z_index": 0}
    layers = [{**place, "member_id": member} for member in members]
    body = {"room_id": "room-1", "room_session_id": ROOM}
    talk.event(LAYOUT, {**body, "layout": {"name": name, "layers": [place, *layers]}})


def get_members(talk: Conversation, *members: dict[str, Any]) -> None:
    params = {"room_session_id": ROOM}
    talk.ask("video.members.get", params, {**OK, "members": list(members)})
