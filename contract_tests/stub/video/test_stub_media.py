"""Playbacks and streams: what they have besides what recordings have too."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from client_stub import ActionEnded, RoomSession, RoomSessionPlayback, RoomSessionStream

if TYPE_CHECKING:
    from contract_tests.stub.service import Service

PLAYBACK = {
    "id": "p1",
    "state": "playing",
    "url": "https://example.com/a.mp3",
    "volume": -5,
    "position": 0,
    "seekable": True,
    "started_at": 100.5,
}
STREAM = {"id": "s1", "state": "streaming", "url": "rtmp://example.com/a", "started_at": 100.5}


def params(kind: str, payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"room_id": "r", "room_session_id": "room-1", kind: {**payload, **more}}


async def playing(service: Service, room: RoomSession, **options: Any) -> RoomSessionPlayback:
    service.on("video.playback.start", {"code": "200", "playback": PLAYBACK})
    start = asyncio.create_task(room.play(**{"url": PLAYBACK["url"], **options}))
    await service.called("video.playback.start")
    await service.event("video.playback.started", **params("playback", PLAYBACK))
    return await start


async def streaming(service: Service, room: RoomSession, **options: Any) -> RoomSessionStream:
    service.on("video.stream.start", {"code": "200", "stream": STREAM})
    start = asyncio.create_task(room.start_stream(url=str(STREAM["url"]), **options))
    await service.called("video.stream.start")
    await service.event("video.stream.started", **params("stream", STREAM))
    return await start


async def test_a_playback_is_subscribed_started_and_told(
    service: Service, room: RoomSession, heard: Any
) -> None:
    updated, ended, in_room = heard(), heard(), heard()
    playback = await playing(service, room, listen={"on_updated": updated, "on_ended": ended})
    assert service.methods()[-2:] == ["signalwire.subscribe", "video.playback.start"]
    assert service.calls("signalwire.subscribe")[0]["events"] == [
        "video.playback.started",
        "video.playback.updated",
        "video.playback.ended",
    ]
    assert service.calls("video.playback.start") == [
        {"room_session_id": "room-1", "url": PLAYBACK["url"]}
    ]
    assert (playback.id, playback.state, playback.url) == ("p1", "playing", PLAYBACK["url"])
    assert (playback.volume, playback.position, playback.seekable) == (-5, 0, True)
    assert (playback.room_id, playback.room_session_id) == ("r", "room-1")
    assert playback.started_at == datetime.fromtimestamp(100.5, UTC)
    assert playback.ended_at is None
    await room.listen(on_playback_ended=in_room)
    paused = params("playback", PLAYBACK, state="paused", position=1500)
    await service.event("video.playback.updated", **paused)
    assert await updated.next() is playback
    assert (playback.state, playback.position, playback.has_ended) == ("paused", 1500, False)
    completed = params("playback", PLAYBACK, state="completed", ended_at=110)
    await service.event("video.playback.ended", **completed)
    assert await ended.next() is await in_room.next() is playback
    assert playback.has_ended
    assert playback.ended_at == datetime.fromtimestamp(110, UTC)
    assert await playback.ended() is playback


async def test_what_is_given_to_play_is_sent(service: Service, room: RoomSession) -> None:
    given = {
        "volume": 0,
        "positions": {"m1": "auto"},
        "layout": "3x3",
        "seek_position": 2000,
    }
    await playing(service, room, **given)
    ids = {"room_session_id": "room-1", "url": PLAYBACK["url"]}
    assert service.calls("video.playback.start") == [{**ids, **given}]


COMMANDS: list[tuple[str, list[Any], str, dict[str, Any]]] = [
    ("pause", [], "pause", {}),
    ("resume", [], "resume", {}),
    ("stop", [], "stop", {}),
    ("set_volume", [-20], "set_volume", {"volume": -20}),
    ("seek", [3000], "seek_absolute", {"position": 3000}),
    ("seek", [-3000], "seek_absolute", {"position": 3000}),
    ("forward", [], "seek_relative", {"position": 5000}),
    ("forward", [-10], "seek_relative", {"position": 10}),
    ("rewind", [], "seek_relative", {"position": -5000}),
    ("rewind", [10], "seek_relative", {"position": -10}),
]


@pytest.mark.parametrize(("name", "given", "verb", "sent"), COMMANDS)
async def test_a_command_of_a_playback_sends_its_call(
    service: Service, room: RoomSession, name: str, given: Any, verb: str, sent: Any
) -> None:
    playback = await playing(service, room)
    await getattr(playback, name)(*given)
    ids = {"room_session_id": "room-1", "playback_id": "p1"}
    assert service.calls(f"video.playback.{verb}") == [{**ids, **sent}]


@pytest.mark.parametrize(("name", "given", "verb", "sent"), COMMANDS)
async def test_what_has_ended_takes_no_command(
    service: Service, room: RoomSession, name: str, given: Any, verb: str, sent: Any
) -> None:
    service.on("video.playback.list", {"playbacks": [{**PLAYBACK, "state": "completed"}]})
    [playback] = await room.get_playbacks()
    with pytest.raises(ActionEnded, match=f"playback p1 is completed, {verb} was not sent"):
        await getattr(playback, name)(*given)
    assert service.calls(f"video.playback.{verb}") == []


async def test_a_stream_is_subscribed_started_stopped_and_told(
    service: Service, room: RoomSession, heard: Any
) -> None:
    ended, in_room = heard(), heard()
    stream = await streaming(service, room, listen={"on_ended": ended})
    assert service.calls("signalwire.subscribe")[0]["events"] == [
        "video.stream.started",
        "video.stream.ended",
    ]
    assert service.calls("video.stream.start") == [
        {"room_session_id": "room-1", "url": STREAM["url"]}
    ]
    assert (stream.id, stream.state, stream.url) == ("s1", "streaming", STREAM["url"])
    assert (stream.duration, stream.has_ended) == (None, False)
    await stream.stop()
    assert service.calls("video.stream.stop") == [{"room_session_id": "room-1", "stream_id": "s1"}]
    await room.listen(on_stream_ended=in_room)
    completed = params("stream", STREAM, state="completed", ended_at=110.5, duration=10)
    await service.event("video.stream.ended", **completed)
    assert await ended.next() is await in_room.next() is stream
    assert (stream.duration, stream.has_ended) == (10, True)
    assert await stream.ended() is stream
    with pytest.raises(ActionEnded, match="stream s1"):
        await stream.stop()


async def test_listening_to_one_of_them_hears_of_no_other(
    service: Service, room: RoomSession, heard: Any
) -> None:
    stream, playback = await streaming(service, room), await playing(service, room)
    streams, playbacks = heard(), heard()
    await stream.listen(on_started=streams, on_ended=streams)
    await playback.listen(on_updated=playbacks)
    for other in ("s2", "s1"):
        ended = params("stream", {**STREAM, "id": other}, state="completed")
        await service.event("video.stream.ended", **ended)
    for other in ("p2", "p1"):
        payload = {**PLAYBACK, "id": other}
        await service.event("video.playback.updated", **params("playback", payload))
    assert await streams.next() is stream
    assert await playbacks.next() is playback
    assert (streams.all, playbacks.all) == ([stream], [playback])
    with pytest.raises(TypeError, match="no listener 'on_updated'"):
        await stream.listen(on_updated=print)


async def test_they_are_listed(service: Service, room: RoomSession) -> None:
    service.on("video.playback.list", {"playbacks": [PLAYBACK]})
    service.on("video.stream.list", {"streams": [STREAM]})
    [playback], [stream] = await room.get_playbacks(), await room.get_streams()
    assert isinstance(playback, RoomSessionPlayback)
    assert isinstance(stream, RoomSessionStream)
    assert (playback.id, stream.id) == ("p1", "s1")
    assert service.calls("video.stream.list") == [{"room_session_id": "room-1"}]


async def test_the_same_id_may_be_a_playback_and_a_stream(
    service: Service, room: RoomSession
) -> None:
    service.on("video.playback.list", {"playbacks": [{**PLAYBACK, "id": "x"}]})
    service.on("video.stream.list", {"streams": [{**STREAM, "id": "x"}]})
    [playback], [stream] = await room.get_playbacks(), await room.get_streams()
    assert (playback.state, stream.state) == ("playing", "streaming")
