"""Tokens that clients connect with."""

from __future__ import annotations

from typing import Any

from mockserver.rest import tokens
from mockserver.rest.call import Call


def create_room_token(call: Call) -> Any:
    """Make a token for a room. It goes into `jwt_token` of `signalwire.connect`.

    What it does not allow is refused with "403".
    """
    state = call.state
    host = call.base.replace("http", "ws", 1) + "/"
    unique = state.identities.uuid()
    token = tokens.for_room(state.space, call.project, call.body, unique=unique, host=host)
    return {"token": token}


def create_chat_token(call: Call) -> Any:
    """Make a token for channels of chat."""
    return _for_channels(call)


def create_token(call: Call) -> Any:
    """Make a token for channels of PubSub."""
    return _for_channels(call)


def _for_channels(call: Call) -> Any:
    state = call.state
    unique = state.identities.uuid()
    return {"token": tokens.for_channels(state.space, call.project, call.body, unique=unique)}
