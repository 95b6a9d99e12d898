"""Records the meetings of a SignalWire project, and pauses while somebody waits alone."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass

from client_stub import (
    CommandRefused,
    RoomSession,
    RoomSessionMember,
    RoomSessionRecording,
    SignalWire,
)


@dataclass(frozen=True)
class Minutes:
    """What is left of a meeting; ``seconds`` is None when it could not be recorded."""

    meeting: str
    seconds: float | None


class Recorder:
    """Attends every meeting; ``minutes`` has one entry for each that is over."""

    def __init__(self, client: SignalWire) -> None:
        self.minutes: asyncio.Queue[Minutes] = asyncio.Queue()
        self._client = client

    async def start(self) -> None:
        await self._client.video.listen(on_room_started=self._attend)

    async def _attend(self, room: RoomSession) -> None:
        try:
            recording = await room.start_recording()
        except CommandRefused:
            self.minutes.put_nowait(Minutes(room.name, None))
            return
        is_paused = False

        async def look_around(member: RoomSessionMember) -> None:
            nonlocal is_paused
            is_alone = len(room.members) < 2
            if is_alone and not is_paused:
                await recording.pause()
            elif is_paused and not is_alone:
                await recording.resume()
            is_paused = is_alone

        def write_down(ended: RoomSessionRecording) -> None:
            self.minutes.put_nowait(Minutes(room.name, ended.duration))

        await recording.listen(on_ended=write_down)
        await room.listen(on_member_joined=look_around, on_member_left=look_around)
        await room.get_members()


async def main() -> None:
    """Attend all meetings; project and token are those of SW_PROJECT and SW_TOKEN."""
    host = os.environ.get("SIGNALWIRE_HOST", "relay.signalwire.com")
    async with await SignalWire(host=host) as client:
        recorder = Recorder(client)
        await recorder.start()
        while True:
            minutes = await recorder.minutes.get()
            print(f"{minutes.meeting}: {minutes.seconds} seconds", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
