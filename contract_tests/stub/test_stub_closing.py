"""Leaving the client while something still waits: it ends, and nothing is logged."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import pytest

from client_stub import ClientClosed, RoomSession, SignalWire

if TYPE_CHECKING:
    from contract_tests.stub.service import Service

HELD = ("video.members.get", "video.stream.start")
"""These calls get no answer here."""


async def an_answer(room: RoomSession) -> None:
    await room.get_members()


async def the_answer_to_a_start(room: RoomSession) -> None:
    await room.start_stream(url="rtmp://a")


async def the_event_of_a_start(room: RoomSession) -> None:
    await room.start_recording()


async def the_end_of_a_recording(room: RoomSession) -> None:
    [recording] = await room.get_recordings()
    await recording.ended()


async def several_things(room: RoomSession) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(an_answer(room))
        group.create_task(the_end_of_a_recording(room))


async def anything(_: RoomSession) -> None:
    await asyncio.Event().wait()


Wait = Callable[[RoomSession], Coroutine[None, None, None]]
WAITS: list[tuple[Wait, str, int]] = [
    (an_answer, "video.members.get", 1),
    (the_answer_to_a_start, "video.stream.start", 1),
    (the_event_of_a_start, "video.recording.start", 1),
    (the_end_of_a_recording, "video.recording.list", 2),
    (several_things, "video.recording.list", 2),
    (anything, "signalwire.subscribe", 1),
]
"""What waits, and the call after which it does: the method, and which one of them."""


@pytest.fixture
def waiting(service: Service, made: Any) -> Service:
    """A service with a recording, whose answers let everything here wait."""
    for method in HELD:
        service.on(method, service.HOLD)
    service.on("video.recording.start", {"code": "200", "recording": made.recording("rec-2")})
    service.on("video.recording.list", {"code": "200", "recordings": [made.recording()]})
    return service


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged as wrong, by whomever; asyncio complains when things are collected."""
    gc.collect()
    return [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]


@pytest.mark.parametrize(("wait", "method", "times"), WAITS)
async def test_a_callback_that_waits_is_cancelled_without_a_word(
    waiting: Service,
    made: Any,
    wait: Wait,
    method: str,
    times: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ways_out: list[type[BaseException]] = []
    begun = asyncio.Event()

    async def on_room_started(room: RoomSession) -> None:
        begun.set()
        try:
            await wait(room)
        except BaseException as error:
            ways_out.append(type(error))
            raise

    async with await SignalWire(project="p", token="t", host=waiting.url) as client:
        await client.video.listen(on_room_started=on_room_started)
        await waiting.event("video.room.started", **made.room_params())
        await begun.wait()
        await waiting.called(method, times)
    assert ways_out == [asyncio.CancelledError]
    assert logged(caplog) == []


@pytest.mark.parametrize(("wait", "method", "times"), WAITS[:4])
async def test_a_task_that_waits_gets_client_closed_and_nothing_else_is_said(
    waiting: Service,
    made: Any,
    wait: Wait,
    method: str,
    times: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    waiting.on("video.room.get", {"code": "200", "room": made.room()})
    async with await SignalWire(project="p", token="t", host=waiting.url) as client:
        room = await client.video.get_room_session_by_id("room-1")
        task = asyncio.create_task(wait(room))
        await waiting.called(method, times)
    with pytest.raises(ClientClosed):
        await task
    assert logged(caplog) == []


async def test_a_callback_may_still_call_while_it_is_cancelled(waiting: Service, made: Any) -> None:
    async def on_room_started(room: RoomSession) -> None:
        try:
            await room.get_members()
        finally:
            await room.unlock()

    async with await SignalWire(project="p", token="t", host=waiting.url) as client:
        await client.video.listen(on_room_started=on_room_started)
        await waiting.event("video.room.started", **made.room_params())
        await waiting.called("video.members.get")
    assert waiting.calls("video.unlock") == [{"room_session_id": "room-1"}]


async def test_what_goes_wrong_in_a_callback_meanwhile_is_logged(
    waiting: Service, made: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def on_room_started(room: RoomSession) -> None:
        try:
            await room.get_members()
        finally:
            raise RuntimeError("broken clean-up")

    async with await SignalWire(project="p", token="t", host=waiting.url) as client:
        await client.video.listen(on_room_started=on_room_started)
        await waiting.event("video.room.started", **made.room_params())
        await waiting.called("video.members.get")
    assert "RuntimeError: broken clean-up" in caplog.text


async def test_no_further_callback_is_called(waiting: Service, made: Any, heard: Any) -> None:
    later = heard()
    async with await SignalWire(project="p", token="t", host=waiting.url) as client:
        await client.video.listen(on_room_started=lambda room: room.get_members())
        await client.video.listen(on_room_started=later)
        await waiting.event("video.room.started", **made.room_params())
        await waiting.called("video.members.get")
    assert later.all == []
