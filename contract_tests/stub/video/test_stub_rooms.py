"""Rooms, members and callbacks."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest

from client_stub import ROOM_EVENTS, Layout, RoomListeners
from client_stub.listeners import CallbackQueue, Listener
from contract_tests.shared.patience import PATIENCE_S

if TYPE_CHECKING:
    from contract_tests.stub.service import Service


async def test_video_listen_subscribes_to_what_was_asked(service: Service, connect: Any) -> None:
    client = await connect()
    await client.video.listen(on_room_started=print, on_room_ended=print)
    assert service.calls("signalwire.subscribe") == [
        {
            "get_initial_state": True,
            "event_channel": "video.rooms",
            "events": ["video.room.started", "video.room.ended"],
        }
    ]


async def test_only_events_not_yet_acknowledged_are_subscribed(service: Service, room: Any) -> None:
    await room.listen(on_member_joined=print)
    await room.listen(on_member_joined=print)
    await room.listen(on_member_joined=print, on_member_left=print)
    assert [call["events"] for call in service.calls("signalwire.subscribe")] == [
        ["video.member.joined"],
        ["video.member.left"],
    ]
    assert {call["event_channel"] for call in service.calls("signalwire.subscribe")} == {
        "channel-room-1"
    }


async def test_a_refused_subscription_leaves_no_listener(
    service: Service, room: Any, made: Any, heard: Any
) -> None:
    service.on("signalwire.subscribe", {"code": "403"}, {"code": "200"})
    refused, heard_later = heard(), heard()
    with pytest.raises(Exception, match="403"):
        await room.listen(on_member_joined=refused)
    await room.listen(on_member_joined=heard_later)
    assert len(service.calls("signalwire.subscribe")) == 2, "it was never acknowledged"
    await service.event("video.member.joined", **made.member_params("m1"))
    await heard_later.next()
    assert refused.all == []


@pytest.mark.parametrize("listeners", [{}, {"on_member_joined": 3}, {"on_nothing": print}])
async def test_listen_takes_known_callables_and_at_least_one(
    service: Service, room: Any, listeners: Any
) -> None:
    with pytest.raises(TypeError):
        await room.listen(**listeners)
    assert service.calls("signalwire.subscribe") == []


async def test_callbacks_may_be_plain_or_async(
    service: Service, connect: Any, made: Any, heard: Any
) -> None:
    plain, later = heard(), heard()

    async def on_started(room: Any) -> None:
        await asyncio.sleep(0)
        later(room)

    client = await connect()
    await client.video.listen(on_room_started=plain)
    await client.video.listen(on_room_started=on_started)
    await service.event("video.room.started", **made.room_params(name="hall"))
    room = await later.next()
    assert room is plain.all[0]
    assert room.name == "hall"


async def test_unsubscribing_stops_the_callback_and_sends_nothing(
    service: Service, room: Any, made: Any, heard: Any
) -> None:
    gone, stays = heard(), heard()
    unsubscribe = await room.listen(on_member_joined=gone)
    await room.listen(on_member_joined=stays)
    await unsubscribe()
    await unsubscribe()
    await service.event("video.member.joined", **made.member_params("m1"))
    await stays.next()
    assert gone.all == []
    assert "signalwire.unsubscribe" not in service.methods()


async def test_a_call_that_is_queued_is_dropped_by_unsubscribing(
    service: Service, room: Any, made: Any, heard: Any
) -> None:
    gate, gone, stays = asyncio.Event(), heard(), heard()

    async def hold(_: Any) -> None:
        await gate.wait()

    await room.listen(on_member_joined=hold)
    unsubscribe = await room.listen(on_member_joined=gone)
    await room.listen(on_member_joined=stays)
    await service.reply(await service.event("video.member.joined", **made.member_params("m1")))
    await unsubscribe()
    gate.set()
    await stays.next()
    assert gone.all == []


async def test_a_failing_callback_is_logged_and_the_next_ones_run(
    service: Service, room: Any, made: Any, heard: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def cancelled(_: Any) -> None:
        raise asyncio.CancelledError

    def broken(_: Any) -> None:
        raise RuntimeError("broken callback")

    after = heard()
    await room.listen(on_member_joined=broken)
    await room.listen(on_member_joined=cancelled)
    await room.listen(on_member_joined=after)
    for id in ("m1", "m2"):
        await service.event("video.member.joined", **made.member_params(id))
        assert (await after.next()).id == id
    assert caplog.text.count("RuntimeError: broken callback") == 2
    assert caplog.text.count("was cancelled") == 2


async def test_callbacks_run_one_after_another_in_the_order_of_events(
    service: Service, room: Any, made: Any
) -> None:
    order: list[str] = []
    finished = asyncio.Event()

    async def joined(member: Any) -> None:
        order.append(f"{member.id} joined")
        await room.get_members()
        order.append(f"{member.id} greeted")

    def left(member: Any) -> None:
        order.append(f"{member.id} left")
        finished.set()

    service.on("video.members.get", {"members": []})
    await room.listen(on_member_joined=joined, on_member_left=left)
    await service.event("video.member.joined", **made.member_params("a"))
    await service.event("video.member.joined", **made.member_params("b"))
    await service.event("video.member.left", **made.member_params("a"))
    async with asyncio.timeout(PATIENCE_S):
        await finished.wait()
    assert order == ["a joined", "a greeted", "b joined", "b greeted", "a left"]


async def test_objects_are_up_to_date_before_the_callback(
    service: Service, room: Any, made: Any
) -> None:
    states: asyncio.Queue[Any] = asyncio.Queue()
    await room.listen(
        on_room_updated=lambda same: states.put_nowait((same.recording, same is room))
    )
    params = made.room_params(recording=True, updated=["recording"])
    await service.event("video.room.updated", **params)
    async with asyncio.timeout(PATIENCE_S):
        assert await states.get() == (True, True)
    assert room.updated == ["recording"]


async def test_closing_from_a_callback_does_not_deadlock(
    service: Service, connect: Any, made: Any, heard: Any
) -> None:
    client = await connect()
    after = heard()

    async def close(_: Any) -> None:
        await client.close()
        after("went on")

    await client.video.listen(on_room_started=close)
    await service.event("video.room.started", **made.room_params())
    assert await after.next() == "went on"
    assert service.sockets[0].closed


async def test_closing_cancels_a_callback_that_is_running(
    service: Service, connect: Any, made: Any, heard: Any
) -> None:
    client = await connect()
    running, cancelled = heard(), heard()

    async def forever(_: Any) -> None:
        running("now")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled("yes")
            raise

    await client.video.listen(on_room_started=forever)
    await service.event("video.room.started", **made.room_params())
    await running.next()
    await client.close()
    assert cancelled.all == ["yes"]


async def test_a_cancelled_queue_ends_even_inside_a_callback(heard: Any, soon: Any) -> None:
    """As when asyncio.run cancels what was never closed: it must not go on with the next call."""
    running = heard()

    async def forever(subject: Any) -> None:
        running(subject)
        await asyncio.Event().wait()

    before = asyncio.all_tasks()
    queue = CallbackQueue()
    queue.start()
    (task,) = asyncio.all_tasks() - before
    queue.put([Listener("a.type", forever)], "subject")
    await running.next()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await soon(task)


async def test_rooms_are_listed_and_found(service: Service, connect: Any, made: Any) -> None:
    client = await connect()
    rooms = [made.room("room-1"), made.room("room-2")]
    service.on("video.rooms.get", {"code": "200", "rooms": rooms})
    service.on("video.room.get", {"code": "200", "room": made.room("room-2", name="renamed")})
    listed = await client.video.get_room_sessions()
    assert [room.id for room in listed] == ["room-1", "room-2"]
    found = await client.video.get_room_session_by_id("room-2")
    assert service.calls("video.room.get") == [{"room_session_id": "room-2"}]
    assert found is listed[1]
    assert listed[1].name == "renamed"


async def test_a_room_tells_what_the_server_said(service: Service, connect: Any, made: Any) -> None:
    payload = made.room(
        recording=True, locked=True, streaming=True, meta={"a": 1}, members=[{"id": "m1"}]
    )
    service.on("video.room.get", {"room": payload})
    client = await connect()
    room = await client.video.get_room_session_by_id("room-1")
    assert (room.id, room.room_id, room.name) == ("room-1", "r", "lobby")
    assert (room.display_name, room.event_channel) == ("Lobby", "channel-room-1")
    assert (room.recording, room.locked, room.streaming) == (True, True, True)
    assert room.meta == {"a": 1}
    assert room.preview_url is None
    assert [member.id for member in room.members] == ["m1"]
    assert room.payload == payload
    assert repr(room) == "<RoomSession room-1>"


async def test_members_follow_the_events(
    service: Service, room: Any, made: Any, heard: Any
) -> None:
    joined, talking, updated, left = heard(), heard(), heard(), heard()
    await room.listen(
        on_member_joined=joined,
        on_member_talking=talking,
        on_member_updated=updated,
        on_member_left=left,
    )
    params = made.member_params("m1", name="Ann", audio_muted=False)
    await service.event("video.member.joined", **params)
    ann = await joined.next()
    assert room.members == [ann]
    await service.event(
        "video.member.updated",
        **made.member_params("m1", name="Ann", audio_muted=True, updated=["audio_muted"]),
    )
    assert await updated.next() is ann
    assert (ann.audio_muted, ann.updated) == (True, ["audio_muted"])
    await service.event("video.member.talking", **made.member_params("m1", talking=True))
    assert await talking.next() is ann
    assert (ann.name, ann.audio_muted, ann.talking, ann.updated) == ("Ann", True, True, None)
    await service.event("video.member.left", **params)
    assert await left.next() is ann
    assert room.members == []
    assert (ann.room_id, ann.room_session_id) == ("r", "room-1")


async def test_get_members_gives_the_same_objects(service: Service, room: Any, made: Any) -> None:
    service.on(
        "video.members.get",
        {"members": [{"id": "m1", "name": "Ann"}, {"id": "m2", "name": "Bob"}]},
        {"members": [{"id": "m2", "name": "Bobby"}]},
    )
    first = await room.get_members()
    second = await room.get_members()
    assert service.calls("video.members.get")[0] == {"room_session_id": "room-1"}
    assert second == [first[1]]
    assert first[1].name == "Bobby"
    assert room.members == second


async def test_the_initial_state_fills_the_room(
    service: Service, room: Any, made: Any, heard: Any
) -> None:
    subscribed = heard()
    await room.listen(on_room_subscribed=subscribed)
    members = [{"id": "m1"}, {"id": "m2"}]
    await service.event(
        "video.room.subscribed", room_session=made.room(members=members), call_id="c", member_id="m"
    )
    assert await subscribed.next() is room
    assert [member.id for member in room.members] == ["m1", "m2"]


async def test_room_started_and_ended_reach_both_video_and_room(
    service: Service, connect: Any, made: Any, heard: Any
) -> None:
    client = await connect()
    started, ended, room_ended = heard(), heard(), heard()
    await client.video.listen(on_room_started=started, on_room_ended=ended)
    await service.event("video.room.started", **made.room_params())
    room = await started.next()
    await room.listen(on_room_ended=room_ended)
    await service.event("video.room.ended", **made.room_params())
    assert await ended.next() is room
    assert await room_ended.next() is room


async def test_a_room_held_only_by_its_listeners_is_still_told(
    service: Service, connect: Any, made: Any, heard: Any
) -> None:
    service.on("video.room.get", {"room": made.room()})
    client = await connect()
    joined = heard()
    await (await client.video.get_room_session_by_id("room-1")).listen(on_member_joined=joined)
    gc.collect()
    await service.event("video.member.joined", **made.member_params("m1"))
    assert (await joined.next()).id == "m1"


async def test_events_of_rooms_that_nobody_holds_are_acknowledged_and_dropped(
    service: Service, connect: Any, made: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await connect()
    id = await service.event("video.recording.started", **made.recording_params())
    assert (await service.reply(id))["result"] == {}
    assert "could not take" not in caplog.text


def test_every_listener_of_a_room_is_typed_and_has_an_event() -> None:
    assert set(ROOM_EVENTS) == set(RoomListeners.__annotations__)


async def test_the_layout_and_the_audience_are_told(
    service: Service, room: Any, heard: Any
) -> None:
    layouts, totals = heard(), heard()
    await room.listen(on_layout_changed=layouts, on_room_audience_count=totals)
    assert service.calls("signalwire.subscribe")[0]["events"] == [
        "video.room.audienceCount",
        "video.layout.changed",
    ]
    ids = {"room_id": "r", "room_session_id": "room-1"}
    layers = [{"layer_index": 0, "member_id": "m1"}]
    layout = {"room_session_id": "room-1", "name": "3x3", "layers": layers}
    await service.event("video.layout.changed", **ids, layout=layout)
    await service.event("video.room.audience_count", **ids, total=12)
    assert await layouts.next() == Layout("3x3", layers)
    assert await totals.next() == 12


async def test_talking_is_told_as_started_and_ended(service: Service, room: Any, made: Any) -> None:
    told: asyncio.Queue[Any] = asyncio.Queue()
    await room.listen(
        on_member_talking=lambda member: told.put_nowait(("talking", member.id)),
        on_member_talking_started=lambda member: told.put_nowait(("started", member.id)),
        on_member_talking_ended=lambda member: told.put_nowait(("ended", member.id)),
    )
    assert service.calls("signalwire.subscribe")[0]["events"] == ["video.member.talking"]
    for talking in (True, False):
        params = made.member_params("m1", talking=talking)
        await service.event("video.member.talking", **params)
    async with asyncio.timeout(PATIENCE_S):
        assert [await told.get() for _ in range(4)] == [
            ("talking", "m1"),
            ("started", "m1"),
            ("talking", "m1"),
            ("ended", "m1"),
        ]


async def test_what_changed_of_a_member_is_told_by_its_name_first(
    service: Service, room: Any, made: Any
) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    await room.listen(
        on_member_updated=lambda _: told.put_nowait("updated"),
        on_member_deaf=lambda _: told.put_nowait("deaf"),
        on_member_audio_muted=lambda _: told.put_nowait("audio_muted"),
        on_member_video_muted=lambda _: told.put_nowait("video_muted"),
    )
    assert service.calls("signalwire.subscribe")[0]["events"] == ["video.member.updated"]
    for updated in (["deaf", "audio_muted"], ["handraised"]):
        params = made.member_params("m1", updated=updated)
        await service.event("video.member.updated", **params)
    async with asyncio.timeout(PATIENCE_S):
        said = [await told.get() for _ in range(4)]
    assert said == ["deaf", "audio_muted", "updated", "updated"]
