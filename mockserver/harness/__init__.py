"""The mock in process, for tests in Python: act in a space, look at it, and move its time.

``MockServer`` and its handles are for coroutines, ``SyncMockServer`` and its handles for all else.
The server itself runs in a thread of its own, so neither a blocked test nor a second event loop
holds it up.

The names are imported when they are first used: the pytest plugin lies in this package, and is
loaded in every run of pytest of everybody who has it installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockserver.control.arguments import ArgumentError
    from mockserver.control.errors import ControlError
    from mockserver.control.happenings import UnknownName, Wanted
    from mockserver.control.video import Member, Playback, Recording, Room, Stream
    from mockserver.control.views import Happening, PlannedAnswer, PlannedRestAnswer, Session
    from mockserver.protocol.errors import Refusal

    from .blocking import SyncMockServer, SyncRoomHandle, SyncSpaceHandle
    from .handles import MockServer, RoomHandle, SpaceHandle
    from .looking import ContractBroken
    from .shared import SharedServer
    from .thread import MockServerBug, ServerThread

_MODULES = {
    "mockserver.protocol.errors": ["Refusal"],
    "mockserver.control.arguments": ["ArgumentError"],
    "mockserver.control.errors": ["ControlError"],
    "mockserver.control.happenings": ["UnknownName", "Wanted"],
    "mockserver.control.video": ["Member", "Playback", "Recording", "Room", "Stream"],
    "mockserver.control.views": [
        "Happening",
        "PlannedAnswer",
        "PlannedRestAnswer",
        "Session",
    ],
    "mockserver.harness.blocking": ["SyncMockServer", "SyncRoomHandle", "SyncSpaceHandle"],
    "mockserver.harness.handles": ["MockServer", "RoomHandle", "SpaceHandle"],
    "mockserver.harness.looking": ["ContractBroken"],
    "mockserver.harness.shared": ["SharedServer"],
    "mockserver.harness.thread": ["MockServerBug", "ServerThread"],
}
"""Where each name comes from at run time; the imports above say the same to type checkers."""

__all__ = [
    "ArgumentError",
    "ContractBroken",
    "ControlError",
    "Happening",
    "Member",
    "MockServer",
    "MockServerBug",
    "PlannedAnswer",
    "PlannedRestAnswer",
    "Playback",
    "Recording",
    "Refusal",
    "Room",
    "RoomHandle",
    "ServerThread",
    "Session",
    "SharedServer",
    "SpaceHandle",
    "Stream",
    "SyncMockServer",
    "SyncRoomHandle",
    "SyncSpaceHandle",
    "UnknownName",
    "Wanted",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    from mockserver.installation import WrongPackage, overwritten

    for module, names in _MODULES.items():
        if name in names:
            if problem := overwritten():
                raise WrongPackage(problem)
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
