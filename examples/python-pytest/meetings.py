"""Records the meetings of a SignalWire project: what is said while at least two are in the room."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import dataclass, field

from client_stub import CommandRefused, RoomSession, RoomSessionRecording, SignalWire

ENOUGH = 2
"""How many people make a meeting."""


@dataclass
class Report:
    """What became of a meeting.

    Attributes:
        room: the room's name.
        seconds: how much was recorded; 0 when the service would not record it.
        problems: what the service refused, in its own words.
    """

    room: str
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


class Meeting:
    """Records a room session, except while somebody is alone in it."""

    def __init__(self, room: RoomSession, reports: asyncio.Queue[Report]) -> None:
        self._room = room
        self._reports = reports
        self._report = Report(room.name)
        self._recording: RoomSessionRecording | None = None
        self._is_paused = False

    async def record(self) -> None:
        """Begin; the rest follows from what happens in the room."""
        await self._room.listen(
            on_member_joined=lambda _: self._follow(),
            on_member_left=lambda _: self._follow(),
            on_recording_ended=self._on_ended,
        )
        try:
            self._recording = await self._room.start_recording()
        except CommandRefused as refused:
            self._report.problems.append(refused.message)
            self._reports.put_nowait(self._report)

    async def _follow(self) -> None:
        """Pause or resume, if there are too few people now, or enough again."""
        pause = len(self._room.members) < ENOUGH
        if self._recording is None or self._recording.has_ended or pause == self._is_paused:
            return
        try:
            if pause:
                await self._recording.pause()
            else:
                await self._recording.resume()
            self._is_paused = pause
        except CommandRefused as refused:
            self._report.problems.append(refused.message)

    def _on_ended(self, recording: RoomSessionRecording) -> None:
        self._report.seconds = recording.duration or 0.0
        self._reports.put_nowait(self._report)


class MeetingRecorder:
    """Records all meetings of a project.

    Attributes:
        reports: of the meetings that are over, and of those that could not be recorded.
    """

    def __init__(self, client: SignalWire) -> None:
        self.reports: asyncio.Queue[Report] = asyncio.Queue()
        self._client = client

    async def start(self) -> None:
        """Record the rooms that start from now on."""
        await self._client.video.listen(
            on_room_started=lambda room: Meeting(room, self.reports).record()
        )


async def main() -> None:
    """Record until interrupted; the environment says whose rooms, and where."""
    host = os.environ.get("SIGNALWIRE_HOST", "relay.signalwire.com")
    async with await SignalWire(host=host) as client:
        recorder = MeetingRecorder(client)
        await recorder.start()
        while True:
            print(await recorder.reports.get(), flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
