"""Recordings: starting, commanding, hearing and waiting."""

from __future__ import annotations

import asyncio
import gc
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from client_stub import ActionEnded, CallTimeout, ClientClosed, CommandRefused

if TYPE_CHECKING:
    from contract_tests.stub.service import Service

START = "video.recording.start"
STARTED = "video.recording.started"
UPDATED = "video.recording.updated"
ENDED = "video.recording.ended"


def answer(*ids: str) -> list[dict[str, Any]]:
    """Answers to start, each naming a recording."""
    return [{"code": "200", "recording": {"id": id, "state": "recording"}} for id in ids]


async def started(service: Service, room: Any, made: Any, **options: Any) -> Any:
    """A recording that runs."""
    service.on(START, *answer("rec-1"))
    start = asyncio.create_task(room.start_recording(**options))
    await service.called(START)
    await service.event(STARTED, **made.recording_params(started_at=100.5))
    return await start


async def test_it_subscribes_before_it_starts_and_resolves_at_started(
    service: Service, room: Any, made: Any
) -> None:
    service.on(START, *answer("rec-1"))
    start = asyncio.create_task(room.start_recording())
    assert await service.called(START) == {"room_session_id": "room-1"}
    assert service.methods()[-2:] == ["signalwire.subscribe", START]
    assert service.calls("signalwire.subscribe") == [
        {
            "get_initial_state": True,
            "event_channel": "channel-room-1",
            "events": [STARTED, UPDATED, ENDED],
        }
    ]
    # The answer is there before this reply is: the client reads in order.
    await service.reply(await service.request("signalwire.ping", {"timestamp": 1}))
    assert not start.done()
    await service.event(STARTED, **made.recording_params())
    recording = await start
    assert (recording.id, recording.state) == ("rec-1", "recording")
    assert (recording.room_id, recording.room_session_id) == ("r", "room-1")


async def test_the_event_may_come_before_the_answer(
    service: Service, room: Any, made: Any, heard: Any
) -> None:
    service.on(START, service.HOLD)
    on_started, on_updated = heard(), heard()
    listen = {"on_started": on_started, "on_updated": on_updated}
    start = asyncio.create_task(room.start_recording(listen=listen))
    await service.called(START)
    await service.event(STARTED, **made.recording_params("other"))
    await service.event(STARTED, **made.recording_params())
    await service.event(UPDATED, **made.recording_params(state="paused"))
    assert not start.done()
    await service.release(START, answer("rec-1")[0])
    recording = await start
    assert (recording.id, recording.state) == ("rec-1", "paused")
    assert await on_started.next() is recording
    assert await on_updated.next() is recording
    assert len(on_started.all) == 1


async def test_two_at_once_are_told_apart_by_the_answers(
    service: Service, room: Any, made: Any, heard: Any
) -> None:
    service.on(START, *answer("a", "b"))
    heard_a, heard_b = heard(), heard()
    first = asyncio.create_task(room.start_recording(listen={"on_started": heard_a}))
    await service.called(START)
    second = asyncio.create_task(room.start_recording(listen={"on_started": heard_b}))
    await service.called(START, 2)
    await service.event(STARTED, **made.recording_params("b"))
    assert (await second).id == "b"
    assert not first.done()
    await service.event(STARTED, **made.recording_params("a"))
    assert (await first).id == "a"
    await heard_a.next()
    assert [r.id for r in heard_a.all] == ["a"]
    assert [r.id for r in heard_b.all] == ["b"]


@pytest.mark.parametrize("early", [False, True])
async def test_without_a_recording_in_the_answer_the_first_unknown_one_is_it(
    service: Service, room: Any, made: Any, heard: Any, early: bool
) -> None:
    known = await started(service, room, made)
    service.on(START, service.HOLD)
    listeners = [heard(), heard()]
    starts = []
    for n, on_started in enumerate(listeners, 2):
        listen = {"on_started": on_started}
        starts.append(asyncio.create_task(room.start_recording(listen=listen)))
        await service.called(START, n)
    events = [made.recording_params(id) for id in ("rec-1", "x", "y")]
    if early:
        for params in events:
            await service.event(STARTED, **params)
    for _ in starts:
        await service.release(START, {"code": "200"})
    if not early:
        await service.reply(await service.request("signalwire.ping", {"timestamp": 1}))
        for params in events:
            await service.event(STARTED, **params)
    assert [(await start).id for start in starts] == ["x", "y"]
    assert [(await each.next()).id for each in listeners] == ["x", "y"]
    assert known.id == "rec-1"


async def test_the_listeners_hear_of_this_recording_only(
    service: Service, room: Any, made: Any, heard: Any
) -> None:
    own, all_ended = heard(), heard()
    recording = await started(service, room, made, listen={"on_updated": own, "on_ended": own})
    await room.listen(on_recording_ended=all_ended)
    await service.event(ENDED, **made.recording_params("other", "completed"))
    await service.event(UPDATED, **made.recording_params(state="paused"))
    await service.event(ENDED, **made.recording_params(state="completed"))
    for _ in range(2):
        await all_ended.next()
        await own.next()
    assert own.all == [recording, recording]
    assert [r.id for r in all_ended.all] == ["other", "rec-1"]


async def test_unknown_listeners_are_named_and_nothing_is_sent(service: Service, room: Any) -> None:
    with pytest.raises(TypeError, match="onStarted"):
        await room.start_recording(listen={"onStarted": print})
    assert service.methods() == ["video.room.get"]


async def test_a_refused_start_raises(service: Service, room: Any) -> None:
    service.on(START, {"code": "409", "message": "one runs"})
    with pytest.raises(CommandRefused, match="409 one runs"):
        await room.start_recording()


async def test_an_answer_without_its_event_times_out(
    service: Service, connect: Any, made: Any
) -> None:
    service.on("video.room.get", {"room": made.room()})
    service.on(START, *answer("rec-1"))
    client = await connect(call_timeout=0.05)
    room = await client.video.get_room_session_by_id("room-1")
    with pytest.raises(CallTimeout, match=r"video\.recording\.started did not come"):
        await room.start_recording()


async def test_starting_in_a_callback_does_not_deadlock(
    service: Service, connect: Any, made: Any, heard: Any
) -> None:
    client = await connect()
    ended = heard()

    async def on_room_started(room: Any) -> None:
        recording = await room.start_recording()
        await recording.stop()
        ended(await recording.ended())

    await client.video.listen(on_room_started=on_room_started)
    service.on(START, *answer("rec-1"))
    await service.event("video.room.started", **made.room_params())
    await service.called(START)
    await service.event(STARTED, **made.recording_params())
    await service.called("video.recording.stop")
    await service.event(ENDED, **made.recording_params(state="completed"))
    assert (await ended.next()).has_ended


@pytest.mark.parametrize("verb", ["pause", "resume", "stop"])
async def test_commands_name_the_room_session_and_the_recording(
    service: Service, room: Any, made: Any, verb: str
) -> None:
    recording = await started(service, room, made)
    await getattr(recording, verb)()
    params = {"room_session_id": "room-1", "recording_id": "rec-1"}
    assert service.calls(f"video.recording.{verb}") == [params]
    assert recording.state == "recording", "only events change the state"


@pytest.mark.parametrize("verb", ["pause", "resume", "stop"])
async def test_a_refused_command_raises(service: Service, room: Any, made: Any, verb: str) -> None:
    recording = await started(service, room, made)
    service.on(f"video.recording.{verb}", {"code": "409", "message": "no"})
    with pytest.raises(CommandRefused, match="409 no"):
        await getattr(recording, verb)()


@pytest.mark.parametrize("verb", ["pause", "resume", "stop"])
async def test_commands_on_a_completed_recording_are_not_sent(
    service: Service, room: Any, verb: str
) -> None:
    service.on("video.recording.list", {"recordings": [{"id": "rec-1", "state": "completed"}]})
    (recording,) = await room.get_recordings()
    before = len(service.received)
    with pytest.raises(ActionEnded, match=f"^Action has ended: recording rec-1 .*{verb}") as caught:
        await getattr(recording, verb)()
    assert (caught.value.id, caught.value.verb) == ("rec-1", verb)
    assert len(service.received) == before


async def test_properties_follow_the_events(service: Service, room: Any, made: Any) -> None:
    recording = await started(service, room, made)
    assert recording.started_at == datetime(1970, 1, 1, 0, 1, 40, 500_000, tzinfo=UTC)
    assert (recording.ended_at, recording.duration, recording.has_ended) == (None, None, False)
    completed = made.recording(state="completed", started_at=100.5, ended_at=107.0, duration=6.04)
    params = {**made.recording_params(), "recording": completed}
    await service.reply(await service.event(ENDED, **params))
    assert (recording.state, recording.has_ended, recording.duration) == ("completed", True, 6.04)
    assert recording.ended_at == datetime(1970, 1, 1, 0, 1, 47, tzinfo=UTC)
    assert recording.payload == completed


async def test_recordings_are_listed_as_the_same_objects(
    service: Service, room: Any, made: Any
) -> None:
    recording = await started(service, room, made)
    listed = [made.recording(state="paused"), made.recording("old", "completed")]
    service.on("video.recording.list", {"code": "200", "recordings": listed})
    found = await room.get_recordings()
    assert service.calls("video.recording.list") == [{"room_session_id": "room-1"}]
    assert found[0] is recording
    assert recording.state == "paused"
    assert (found[1].id, found[1].has_ended) == ("old", True)


async def test_a_slow_list_does_not_undo_the_end(service: Service, room: Any, made: Any) -> None:
    recording = await started(service, room, made)
    service.on("video.recording.list", service.HOLD)
    listing = asyncio.create_task(room.get_recordings())
    await service.called("video.recording.list")
    await service.event(ENDED, **made.recording_params(state="completed"))
    await service.release("video.recording.list", {"recordings": [made.recording()]})
    assert (await listing)[0] is recording
    assert recording.has_ended


async def test_ended_waits_for_the_end_and_returns_at_once_afterwards(
    service: Service, room: Any, made: Any, soon: Any
) -> None:
    recording = await started(service, room, made)
    waits = [asyncio.create_task(recording.ended()) for _ in range(2)]
    await service.reply(await service.event(UPDATED, **made.recording_params(state="paused")))
    assert not any(wait.done() for wait in waits)
    await service.event(ENDED, **made.recording_params(state="completed"))
    assert [await soon(wait) for wait in waits] == [recording, recording]
    before = len(service.received)
    assert await recording.ended() is recording
    assert len(service.received) == before


async def test_ended_on_a_recording_found_in_the_list_subscribes_and_looks_again(
    service: Service, room: Any, made: Any, soon: Any
) -> None:
    service.on("video.recording.list", {"recordings": [made.recording()]})
    (recording,) = await room.get_recordings()
    wait = asyncio.create_task(recording.ended())
    await service.called("video.recording.list", 2)
    assert [call["events"] for call in service.calls("signalwire.subscribe")] == [[ENDED]]
    await service.event(ENDED, **made.recording_params(state="completed"))
    assert await soon(wait) is recording


async def test_ended_notices_an_end_that_a_fresh_session_missed(
    service: Service, room: Any, made: Any, soon: Any
) -> None:
    recording = await started(service, room, made)
    wait = asyncio.create_task(recording.ended())
    service.on("video.recording.list", {"recordings": [made.recording(state="completed")]})
    service.on("signalwire.connect", made.connected("p2"))
    await service.drop()
    assert await soon(wait) is recording


async def test_closing_ends_the_wait(service: Service, connect: Any, made: Any, soon: Any) -> None:
    service.on("video.room.get", {"room": made.room()})
    client = await connect()
    room = await client.video.get_room_session_by_id("room-1")
    recording = await started(service, room, made)
    wait = asyncio.create_task(recording.ended())
    await asyncio.sleep(0)
    await client.close()
    with pytest.raises(ClientClosed):
        await soon(wait)


async def test_a_recording_can_be_listened_to(
    service: Service, room: Any, made: Any, heard: Any
) -> None:
    service.on("video.recording.list", {"recordings": [made.recording()]})
    (recording,) = await room.get_recordings()
    own = heard()
    unsubscribe = await recording.listen(on_updated=own, on_ended=own)
    events = [call["events"] for call in service.calls("signalwire.subscribe")]
    assert events == [[UPDATED, ENDED]]
    await service.event(UPDATED, **made.recording_params("other"))
    await service.event(UPDATED, **made.recording_params(state="paused"))
    assert await own.next() is recording
    await unsubscribe()
    await service.reply(await service.event(ENDED, **made.recording_params(state="completed")))
    assert own.all == [recording]
    with pytest.raises(TypeError):
        await recording.listen()


async def test_a_recording_held_only_by_its_listeners_is_still_told(
    service: Service, room: Any, made: Any, heard: Any
) -> None:
    own = heard()
    await started(service, room, made, listen={"on_ended": own})
    gc.collect()
    await service.event(ENDED, **made.recording_params(state="completed"))
    assert (await own.next()).has_ended


async def test_recordings_that_nobody_holds_any_more_are_let_go(
    service: Service, room: Any, made: Any, heard: Any
) -> None:
    ended = heard()
    await room.listen(on_recording_ended=ended)
    for n in range(3):
        await service.event(ENDED, **made.recording_params(f"rec-{n}", "completed"))
        await ended.next()
    ended.all.clear()
    await service.reply(await service.event("video.nothing.new"))
    gc.collect()
    assert len(room._media) <= 1, "the one whose callback ran last may still be in a frame"
