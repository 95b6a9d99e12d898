"""RoomSessionPlayback: something that is played to a room session [T]."""

from __future__ import annotations

from typing import ClassVar, Literal, TypedDict, Unpack

from client_stub.listeners import Callback, Unsubscribe
from client_stub.payload import Field
from client_stub.video.media import RoomMedia

PlaybackState = Literal["playing", "paused", "completed"]


class RoomSessionPlayback(RoomMedia):
    """A playback. Its properties follow the events; the commands only ask for a change.

    Every command raises ActionEnded before anything is sent [W]; CommandRefused, ServerError,
    CallTimeout, ConnectionLost.
    """

    kind: ClassVar[str] = "playback"

    state = Field[PlaybackState]("playing")
    """The current state [T]."""
    url = Field[str | None](None)
    """What is played."""
    volume = Field[float](0)
    """From -50 to 50 [T]."""
    position = Field[float](0)
    """How far it had been played, in milliseconds, at the newest event [T]."""
    seekable = Field[bool](False)
    """Whether its position can be set [T]."""

    async def pause(self) -> None:
        """Ask to pause."""
        await self._command("pause")

    async def resume(self) -> None:
        """Ask to go on after a pause."""
        await self._command("resume")

    async def stop(self) -> None:
        """Ask to stop; ``on_ended`` and :meth:`ended` report when it is completed."""
        await self._command("stop")

    async def set_volume(self, volume: float) -> None:
        """Ask for a volume from -50 to 50 [T]."""
        await self._command("set_volume", volume=volume)

    async def seek(self, position: float) -> None:
        """Ask to go on from a position in milliseconds; its sign does not matter [W]."""
        await self._command("seek_absolute", position=abs(position))

    async def forward(self, offset: float = 5000) -> None:
        """Ask to skip that many milliseconds."""
        await self._command("seek_relative", position=abs(offset))

    async def rewind(self, offset: float = 5000) -> None:
        """Ask to go back by that many milliseconds."""
        await self._command("seek_relative", position=-abs(offset))

    async def listen(self, **listeners: Unpack[PlaybackListeners]) -> Unsubscribe:
        """Hear of this playback only. Subscribes to what its room is not yet subscribed to."""
        return await self._listen(listeners)


class PlaybackListeners(TypedDict, total=False):
    """What ``RoomSessionPlayback.listen``, and that of ``play``, take."""

    on_started: Callback[RoomSessionPlayback]
    on_updated: Callback[RoomSessionPlayback]
    on_ended: Callback[RoomSessionPlayback]
