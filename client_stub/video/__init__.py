"""The ``video`` of the client: rooms, their members, and what runs in them."""

from __future__ import annotations

from client_stub.video.media import RoomMedia
from client_stub.video.member import RoomSessionMember
from client_stub.video.playback import PlaybackListeners, PlaybackState, RoomSessionPlayback
from client_stub.video.recording import RecordingListeners, RecordingState, RoomSessionRecording
from client_stub.video.room import ROOM_EVENTS, Layout, RoomListeners, RoomSession
from client_stub.video.stream import RoomSessionStream, StreamListeners, StreamState
from client_stub.video.video import Video, VideoListeners

__all__ = [
    "ROOM_EVENTS",
    "Layout",
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
    "StreamListeners",
    "StreamState",
    "Video",
    "VideoListeners",
]
