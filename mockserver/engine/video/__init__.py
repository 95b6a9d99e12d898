"""Video: rooms, their members, their layout, and what runs in them."""

from .room import Member, RoomSession
from .settings import Limits, RoomSettings
from .video import Happened, Video

__all__ = ["Happened", "Limits", "Member", "RoomSession", "RoomSettings", "Video"]
