"""The mock in process, for tests in Python: act in a space, look at it, and move its time.

``MockServer`` and its handles are for coroutines, ``SyncMockServer`` and its handles for all else.
The server itself runs in a thread of its own, so neither a blocked test nor a second event loop
holds it up.
"""

from mockserver.protocol.errors import Refusal
from mockserver.server.control import ControlError
from mockserver.server.happenings import UnknownName, Wanted
from mockserver.server.views import Happening, Member, Playback, Recording, Room, Session, Stream

from .blocking import SyncMockServer, SyncRoomHandle, SyncSpaceHandle
from .handles import MockServer, RoomHandle, SpaceHandle
from .looking import ContractBroken
from .thread import MockServerBug, ServerThread

__all__ = [
    "ContractBroken",
    "ControlError",
    "Happening",
    "Member",
    "MockServer",
    "MockServerBug",
    "Playback",
    "Recording",
    "Refusal",
    "Room",
    "RoomHandle",
    "ServerThread",
    "Session",
    "SpaceHandle",
    "Stream",
    "SyncMockServer",
    "SyncRoomHandle",
    "SyncSpaceHandle",
    "UnknownName",
    "Wanted",
]
