"""Resuming: nothing is lost, and nothing is reported twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from client_stub import RoomSession, SignalWire
from contract_tests.stub.conftest import serving
from contract_tests.stub.service import Frame, Heard, Service, connected
from contract_tests.stub.video.made import Made


class ResumingService(Service):
    """Keeps each event until it is acknowledged, and sends what it kept after a resume.

    The events are members who join, `m1`, `m2` and so on; an event's id is the member's.
    """

    def __init__(self) -> None:
        super().__init__()
        self.unacknowledged: dict[str, Frame] = {}
        self.acknowledgements: Counter[str] = Counter()
        self.hears_acknowledgements = True
        self.on("video.room.get", {"code": "200", "room": Made.room()})

    async def emit(self, *ids: str, send: bool = True) -> None:
        """Cause events; without `send` they are not handed to the socket."""
        for id in ids:
            params = {
                "event_type": "video.member.joined",
                "event_channel": "channel-room-1",
                "timestamp": 1.5,
                "params": Made.member_params(id),
            }
            frame = {"jsonrpc": "2.0", "id": id, "method": "signalwire.event", "params": params}
            self.unacknowledged[id] = frame
            if send:
                await self.send(frame)

    async def send(self, frame: Frame) -> None:
        await self.sockets[-1].send_json(frame)

    def break_off(self, frame: Frame) -> None:
        """Write the first half of an event to the socket, and no more."""
        text = str(frame).encode()
        head = bytes([0x81, 126]) + len(text).to_bytes(2, "big")
        self.transports[-1].write(head + text[: len(text) // 2])

    async def acknowledged(self, id: str, times: int = 1) -> None:
        await self.until(lambda: self.acknowledgements[id] >= times)

    async def _take(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        if "method" not in frame:
            self.acknowledgements[frame["id"]] += 1
            if self.hears_acknowledgements:
                self.unacknowledged.pop(frame["id"], None)
            return
        await super()._take(socket, frame)
        if frame["method"] == "signalwire.connect":
            self.hears_acknowledgements = True
            for kept in list(self.unacknowledged.values()):
                await socket.send_json(kept)


@pytest.fixture
async def service() -> AsyncIterator[ResumingService]:
    async with serving(ResumingService()) as service:
        yield service


@pytest.fixture
async def joined(service: ResumingService, connect: Any) -> Heard:
    """What a client hears of the members who join."""
    client: SignalWire = await connect()
    room: RoomSession = await client.video.get_room_session_by_id("room-1")
    heard = Heard()
    await room.listen(on_member_joined=lambda member: heard(member.id))
    return heard


async def take(heard: Heard, times: int) -> list[str]:
    return [await heard.next() for _ in range(times)]


async def test_events_whose_acknowledgements_were_lost_come_again_and_are_reported_once(
    service: ResumingService, joined: Heard
) -> None:
    service.hears_acknowledgements = False
    await service.emit("m1", "m2")
    await service.acknowledged("m2")
    await service.cut()
    await service.emit("m3")
    assert await take(joined, 3) == ["m1", "m2", "m3"]
    await service.acknowledged("m3")
    assert joined.all == ["m1", "m2", "m3"]
    assert service.acknowledgements == {"m1": 2, "m2": 2, "m3": 1}
    assert service.unacknowledged == {}
    assert service.calls("signalwire.connect")[1]["protocol"] == "signalwire_sig_p1"
    assert len(service.calls("signalwire.subscribe")) == 1


async def test_a_socket_that_breaks_in_the_middle_of_an_event_loses_nothing(
    service: ResumingService, joined: Heard
) -> None:
    await service.emit("m1")
    await service.acknowledged("m1")
    await service.emit("m2", send=False)
    service.break_off(service.unacknowledged["m2"])
    await service.cut()
    await service.emit("m3")
    assert await take(joined, 3) == ["m1", "m2", "m3"]


async def test_events_of_the_time_without_a_socket_come_in_order(
    service: ResumingService, joined: Heard
) -> None:
    await service.emit("m1")
    await service.emit("m2", "m3", send=False)
    await service.cut()
    await service.emit("m4")
    assert await take(joined, 4) == ["m1", "m2", "m3", "m4"]


async def test_ten_breaks_in_a_row_report_each_event_once(
    service: ResumingService, joined: Heard
) -> None:
    ids = [f"m{n}" for n in range(1, 31)]
    for first in range(0, 30, 3):
        read, lost, unsent = ids[first : first + 3]
        await service.emit(read)
        await service.acknowledged(read)
        service.hears_acknowledgements = False
        await service.emit(lost)
        await service.acknowledged(lost)
        await service.emit(unsent, send=False)
        await service.cut()
    assert await take(joined, 30) == ids
    await service.until(lambda: not service.unacknowledged)
    assert joined.all == ids


async def test_an_event_that_comes_twice_on_one_socket_is_reported_once_and_acknowledged_twice(
    service: ResumingService, joined: Heard
) -> None:
    await service.emit("m1", "m1", "m2")
    assert await take(joined, 2) == ["m1", "m2"]
    await service.acknowledged("m2")
    assert service.acknowledgements == {"m1": 2, "m2": 1}


async def test_ids_of_another_session_are_not_known(
    service: ResumingService, joined: Heard
) -> None:
    """A server that draws its ids by a seed gives the same ones after a restart."""
    await service.emit("m1")
    assert await joined.next() == "m1"
    service.on("signalwire.connect", connected("p2"))
    await service.cut()
    await service.called("signalwire.subscribe", 2)
    await service.emit("m1")
    assert await joined.next() == "m1"


async def test_the_ids_that_came_last_are_remembered_and_no_more(
    service: ResumingService, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("client_stub.session.KNOWN_EVENTS", 2)
    client: SignalWire = await connect()
    room = await client.video.get_room_session_by_id("room-1")
    joined = Heard()
    await room.listen(on_member_joined=lambda member: joined(member.id))
    await service.emit("m1", "m2", "m3", "m2", "m3", "m1", "m4")
    assert await take(joined, 5) == ["m1", "m2", "m3", "m1", "m4"]


@pytest.mark.parametrize("id", [None, 7, ["x"], {"a": 1}])
async def test_an_id_that_is_no_string_counts_as_new(
    service: ResumingService, joined: Heard, id: Any
) -> None:
    await service.emit("m1", send=False)
    frame = {**service.unacknowledged.pop("m1"), "id": id}
    await service.send(frame)
    await service.send(frame)
    assert await take(joined, 2) == ["m1", "m1"]


async def test_an_event_that_cannot_be_taken_is_acknowledged_and_not_tried_again(
    service: ResumingService, joined: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    await service.emit("m1", send=False)
    service.unacknowledged["m1"]["params"]["params"]["member"] = "malformed"
    for _ in range(2):
        await service.send(service.unacknowledged["m1"])
    await service.acknowledged("m1", times=2)
    assert caplog.text.count("could not take an event") == 1
