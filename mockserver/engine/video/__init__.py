"""Video: rooms, their members, their layout, and what runs in them."""

from .room import Member, RoomSession
from .video import Video

__all__ = ["Member", "RoomSession", "Video"]
