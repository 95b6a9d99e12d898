"""The contract of video: rooms, members, and the recordings, playbacks and streams in them."""

from __future__ import annotations

from mockserver.contract.namespace import Namespace
from mockserver.contract.rule import registered

from . import (
    rules_action,
    rules_answer,
    rules_change,
    rules_media,
    rules_member,
    rules_place,
    rules_room,
)
from .index import NAME, ROOM_SUBSCRIBED, VideoEvent, VideoIndex, channels
from .report import describe

NAMESPACE = Namespace(
    name=NAME,
    rules=registered(
        rules_media,
        rules_action,
        rules_room,
        rules_member,
        rules_place,
        rules_answer,
        rules_change,
    ),
    part=VideoIndex,
    event=VideoEvent,
    initial=frozenset({ROOM_SUBSCRIBED}),
    personal=frozenset({"video.member.promoted", "video.member.demoted"}),
    channels=channels,
    describe=describe,
)
"""What video brings to the contract."""
