"""RoomSessionStream: a room session that is streamed to a URL [T]."""

from __future__ import annotations

from typing import ClassVar, Literal, TypedDict, Unpack

from client_stub.listeners import Callback, Unsubscribe
from client_stub.payload import Field
from client_stub.video.media import RoomMedia

StreamState = Literal["streaming", "completed"]


class RoomSessionStream(RoomMedia):
    """A stream. Its properties follow the events; ``stop`` only asks for a change."""

    kind: ClassVar[str] = "stream"
    suffixes: ClassVar[tuple[str, ...]] = ("started", "ended")

    state = Field[StreamState]("streaming")
    """The current state [T]."""
    url = Field[str | None](None)
    """Where the room is streamed to."""
    duration = Field[float | None](None)
    """From its start to its end in seconds, if available [D]."""

    async def stop(self) -> None:
        """Ask to stop; ``on_ended`` and :meth:`ended` report when it is completed.

        Raises ActionEnded before anything is sent [W]; CommandRefused, ServerError, CallTimeout,
        ConnectionLost.
        """
        await self._command("stop")

    async def listen(self, **listeners: Unpack[StreamListeners]) -> Unsubscribe:
        """Hear of this stream only. Subscribes to what its room is not yet subscribed to."""
        return await self._listen(listeners)


class StreamListeners(TypedDict, total=False):
    """What ``RoomSessionStream.listen``, and that of ``start_stream``, take."""

    on_started: Callback[RoomSessionStream]
    on_ended: Callback[RoomSessionStream]
