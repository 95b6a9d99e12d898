"""A minimal asyncio client of SignalWire's Realtime video API, with its documentation's names.

It knows of no mock: it says to any server what it would say to the service. What the vendor's
documentation spells in camelCase is spelled in snake_case, listeners are keyword arguments, times
are aware datetimes, and lists come as lists.
"""

from __future__ import annotations

from client_stub.client import SignalWire
from client_stub.connection import Direction, Frame, OnFrame
from client_stub.errors import (
    ActionEnded,
    AuthenticationFailed,
    CallTimeout,
    ClientClosed,
    CommandRefused,
    ConnectFailed,
    ConnectionLost,
    ServerError,
    SignalWireError,
)
from client_stub.listeners import Callback, Unsubscribe
from client_stub.video import (
    ROOM_EVENTS,
    Layout,
    PlaybackListeners,
    PlaybackState,
    RecordingListeners,
    RecordingState,
    RoomListeners,
    RoomMedia,
    RoomSession,
    RoomSessionMember,
    RoomSessionPlayback,
    RoomSessionRecording,
    RoomSessionStream,
    StreamListeners,
    StreamState,
    Video,
    VideoListeners,
)

__all__ = [
    "ROOM_EVENTS",
    "ActionEnded",
    "AuthenticationFailed",
    "CallTimeout",
    "Callback",
    "ClientClosed",
    "CommandRefused",
    "ConnectFailed",
    "ConnectionLost",
    "Direction",
    "Frame",
    "Layout",
    "OnFrame",
    "PlaybackListeners",
    "PlaybackState",
    "RecordingListeners",
    "RecordingState",
    "RoomListeners",
    "RoomMedia",
    "RoomSession",
    "RoomSessionMember",
    "RoomSessionPlayback",
    "RoomSessionRecording",
    "RoomSessionStream",
    "ServerError",
    "SignalWire",
    "SignalWireError",
    "StreamListeners",
    "StreamState",
    "Unsubscribe",
    "Video",
    "VideoListeners",
]
