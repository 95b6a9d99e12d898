"""An application to be tested: it records every room that starts."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Any, Self

from client_stub import RoomSession, RoomSessionRecording, SignalWire
from contract_tests.shared.patience import PATIENCE_S


class Recorder:
    """Records every room that starts, one at a time."""

    def __init__(self, client: SignalWire) -> None:
        self._client = client
        self._recording: asyncio.Future[RoomSessionRecording] = asyncio.Future()
        self.rooms: list[str] = []

    async def listen(self) -> None:
        async def record(room: RoomSession) -> None:
            self.rooms.append(room.name)
            self._recording.set_result(await room.start_recording())

        await self._client.video.listen(on_room_started=record)

    async def pause(self) -> None:
        await (await self._recording).pause()

    async def resume(self) -> None:
        await (await self._recording).resume()

    async def stop(self) -> None:
        await (await self._recording).stop()


class BlockingRecorder:
    """The same for those who know no coroutines: its event loop is in a thread of its own."""

    def __init__(self, url: str, project: str, token: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._options: dict[str, Any] = {"host": url, "project": project, "token": token}

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._begin())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._run(self._client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def pause(self) -> None:
        self._run(self._recorder.pause())

    def stop(self) -> None:
        self._run(self._recorder.stop())

    async def _begin(self) -> None:
        self._client = await SignalWire(**self._options)
        self._recorder = Recorder(self._client)
        await self._recorder.listen()

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=PATIENCE_S)
