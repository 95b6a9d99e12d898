"""RoomSessionRecording: a specific recording of a room session [D]."""

from __future__ import annotations

from typing import ClassVar, Literal, TypedDict, Unpack

from client_stub.listeners import Callback, Unsubscribe
from client_stub.payload import Field
from client_stub.video.media import RoomMedia

RecordingState = Literal["recording", "paused", "completed"]


class RoomSessionRecording(RoomMedia):
    """A recording. Its properties follow the events; the commands only ask for a change."""

    kind: ClassVar[str] = "recording"

    state = Field[RecordingState]("recording")
    """The current state [D]."""
    duration = Field[float | None](None)
    """The length of the media in seconds, if available [D]."""

    async def pause(self) -> None:
        """Ask to pause; ``on_updated`` reports when it is so.

        Raises ActionEnded before anything is sent [D, T]; CommandRefused, ServerError,
        CallTimeout, ConnectionLost. The same holds for resume and stop.
        """
        await self._command("pause")

    async def resume(self) -> None:
        """Ask to go on after a pause; ``on_updated`` reports when it is so."""
        await self._command("resume")

    async def stop(self) -> None:
        """Ask to stop; ``on_ended`` and :meth:`ended` report when it is completed."""
        await self._command("stop")

    async def listen(self, **listeners: Unpack[RecordingListeners]) -> Unsubscribe:
        """Hear of this recording only. Subscribes to what its room is not yet subscribed to."""
        return await self._listen(listeners)


class RecordingListeners(TypedDict, total=False):
    """What ``RoomSessionRecording.listen``, and that of ``start_recording``, take."""

    on_started: Callback[RoomSessionRecording]
    on_updated: Callback[RoomSessionRecording]
    on_ended: Callback[RoomSessionRecording]
