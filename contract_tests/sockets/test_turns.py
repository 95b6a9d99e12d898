"""How one socket shares the loop with others, on a transport that only notes what is done to it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.sockets import CLOSE, PING, TEXT, frame
from mockserver.engine import Connection, Session
from mockserver.server import Settings
from mockserver.server.sockets import Sockets, Strangers
from mockserver.server.sockets.socket import LONGEST_WRITE, MESSAGES_PER_TURN, Socket


class Transport(asyncio.Transport):
    """Takes everything until it is ``full``."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.is_full = False
        self.is_reading_now = True
        self.has_ended_writing = False
        self.ended = ""
        self.socket: Socket

    def write(self, data: Any) -> None:
        assert not self.is_full, "a paused transport would buffer without bound"
        assert not self.ended
        self.written.append(bytes(data))

    def fill(self) -> None:
        self.is_full = True
        self.socket.pause_writing()

    def empty(self) -> None:
        self.is_full = False
        self.socket.resume_writing()

    def can_write_eof(self) -> bool:
        return True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high == 0

    def get_write_buffer_size(self) -> int:
        return 1 if self.is_full else 0

    def pause_reading(self) -> None:
        self.is_reading_now = False

    def resume_reading(self) -> None:
        self.is_reading_now = True

    def is_closing(self) -> bool:
        return bool(self.ended)

    def write_eof(self) -> None:
        self.has_ended_writing = True

    def close(self) -> None:
        self.ended = self.ended or "closed"

    def abort(self) -> None:
        self.ended = "aborted"


class Engine:
    """Notes what comes, and answers each message with itself."""

    def __init__(self) -> None:
        self.received: list[bytes] = []

    def receive(self, connection: Connection, data: bytes) -> None:
        self.received.append(data)
        connection.send(data)

    def refuse_binary(self, connection: Connection, size: int) -> None:
        connection.send(b"binary")

    def detach(self, connection: Connection) -> None:
        pass


class Rig:
    def __init__(self, **settings: Any) -> None:
        self.engine = Engine()
        self.transport = Transport()
        self.sockets = Sockets(self.engine, Settings(**settings), Strangers())
        self.socket = Socket(self.sockets, self.transport, None)
        self.transport.socket = self.socket
        self.sockets.add(self.socket)

    def send(self, *messages: bytes, opcode: int = TEXT) -> None:
        self.socket.data_received(b"".join(frame(opcode, each) for each in messages))


@pytest.fixture
async def rig() -> Rig:
    return Rig()


def texts(count: int, start: int = 0) -> list[bytes]:
    return [b"%06d" % number for number in range(start, start + count)]


async def test_much_that_was_read_at_once_is_handled_by_turns(rig: Rig) -> None:
    """Others have their turns in between, and no more is read meanwhile."""
    sent = texts(3 * MESSAGES_PER_TURN + 1)
    rig.send(*sent)
    for turn in range(1, 4):
        assert rig.engine.received == sent[: turn * MESSAGES_PER_TURN]
        assert not rig.transport.is_reading_now
        await asyncio.sleep(0)
    assert rig.engine.received == sent
    assert rig.transport.is_reading_now


async def test_last_turn_that_is_full_reads_on(rig: Rig) -> None:
    rig.send(*texts(MESSAGES_PER_TURN))
    assert len(rig.engine.received) == MESSAGES_PER_TURN
    assert rig.transport.is_reading_now


async def test_answers_of_one_read_leave_in_one_write(rig: Rig) -> None:
    rig.send(*texts(3))
    assert len(rig.transport.written) == 1


async def test_a_client_does_not_wait_for_what_comes_behind_its_answer(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what the last message causes, the first frame leaves at once, the rest in one piece."""
    written: list[int] = []

    def receive(connection: Connection, data: bytes) -> None:
        for each in (b"answer to " + data, b"an event", b"another"):
            connection.send(each)
            written.append(len(rig.transport.written))

    monkeypatch.setattr(rig.sockets, "receive", receive)
    rig.send(b"1", b"2")
    assert written == [0, 0, 0, 1, 1, 1]
    assert rig.transport.written == [
        b"\x81\x0banswer to 1\x81\x08an event\x81\x07another\x81\x0banswer to 2",
        b"\x81\x08an event\x81\x07another",
    ]


async def test_one_text_for_many_is_framed_once(rig: Rig) -> None:
    make = rig.sockets.text_frames
    text = b"to everybody"
    assert make.of(text) is make.of(text)
    assert make.of(b"to one") == b"\x81\x06to one"
    assert make.of(text) == b"\x81\x0cto everybody"


async def test_others_are_written_to_at_once(rig: Rig) -> None:
    rig.socket.connection.send(b"an event")
    assert rig.transport.written == [b"\x81\x08an event"]


async def test_what_comes_after_a_full_buffer_waits_and_then_leaves_in_order(rig: Rig) -> None:
    connection = rig.socket.connection
    rig.transport.fill()
    rig.send(*texts(2))
    connection.send(b"event")
    assert rig.transport.written == []
    assert connection.outbox_bytes == 17
    rig.transport.empty()
    await asyncio.sleep(0)
    assert b"".join(rig.transport.written) == b"\x81\x06000000\x81\x06000001\x81\x05event"
    assert connection.outbox_bytes == 0


async def test_large_outbox_is_written_in_pieces(rig: Rig) -> None:
    """What waits is in the outbox, where it is bounded, and not in the transport's buffer."""
    connection = rig.socket.connection
    rig.transport.fill()
    frames = [bytes([65 + number]) * 100_000 for number in range(10)]
    for each in frames:
        connection.send(each)
    rig.transport.empty()
    original = rig.transport.write

    def write_and_fill(data: Any) -> None:
        original(data)
        rig.transport.fill()

    rig.transport.write = write_and_fill  # type: ignore[method-assign]
    head = 10
    for turn in range(1, 5):
        await asyncio.sleep(0)
        assert len(rig.transport.written) == turn
        assert len(rig.transport.written[-1]) < LONGEST_WRITE + 100_000
        left = sum(map(len, rig.transport.written)) // (100_000 + head)
        assert connection.outbox_bytes == (10 - left) * 100_000
        rig.transport.empty()
    await asyncio.sleep(0)
    everything = b"".join(rig.transport.written)
    assert [everything.count(each) for each in frames] == [1] * 10
    assert [bytes([byte]) for byte in everything[10::100_010]] == [each[:1] for each in frames]


async def test_drained_waits_for_what_is_queued_and_for_nothing_else(rig: Rig) -> None:
    """Also for frames that are queued while the last of those before them leaves."""
    socket, connection = rig.socket, rig.socket.connection
    connection.send(b"taken")
    assert socket.drained() is None
    rig.transport.fill()
    connection.send(b"waits")
    drained = socket.drained()
    assert drained is not None
    rig.transport.empty()
    rig.transport.fill()
    await asyncio.sleep(0)
    assert not drained.done(), "the buffer filled again before anything of it left"
    connection.send(b"too")
    rig.transport.empty()
    await asyncio.sleep(0)
    assert drained.done()
    assert rig.transport.written[-1] == b"\x81\x05waits\x81\x03too"


@pytest.mark.parametrize("end", ["closing", "lost"])
async def test_nobody_waits_for_a_socket_that_ends(rig: Rig, end: str) -> None:
    rig.transport.fill()
    rig.socket.connection.send(b"waits")
    drained = rig.socket.drained()
    assert drained is not None
    if end == "closing":
        rig.socket.connection.close(1000, "")
    else:
        rig.socket.connection_lost(None)
    assert drained.done()
    assert rig.socket.drained() is None


async def test_pings_of_a_client_that_does_not_read_take_no_memory(rig: Rig) -> None:
    """The last one is answered once it reads; the RFC allows that."""
    rig.transport.fill()
    rig.send(*texts(20), opcode=PING)
    rig.transport.empty()
    await asyncio.sleep(0)
    assert rig.transport.written == [b"\x8a\x06000019"]


async def test_what_is_not_taken_in_time_is_cut(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mockserver.server.sockets.socket.STUCK_TIMEOUT_S", 0.01)
    rig.transport.fill()
    rig.socket.connection.send(b"waits")
    rig.socket.connection.close(1013, "slow")
    async with asyncio.timeout(PATIENCE_S):
        while not rig.transport.ended:
            await asyncio.sleep(0)
    assert rig.transport.ended == "aborted"


async def test_close_frame_comes_after_what_was_queued(rig: Rig) -> None:
    rig.transport.fill()
    rig.socket.connection.send(b"first")
    rig.socket.connection.close(1001, "bye")
    rig.socket.connection.send(b"too late")
    rig.transport.empty()
    await asyncio.sleep(0)
    assert b"".join(rig.transport.written) == b"\x81\x05first\x88\x05\x03\xe9bye"
    assert rig.transport.ended == "", "the client has not answered"
    rig.send(b"ignored")
    rig.send(b"\x03\xe9", opcode=CLOSE)
    assert rig.transport.ended == "closed"
    assert rig.engine.received == []
    assert len(b"".join(rig.transport.written)) == 14, "one close frame is enough"


async def test_client_that_is_slow_to_answer_is_not_reset(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends its own side, and reads on: what is on its way still arrives."""
    monkeypatch.setattr("mockserver.server.sockets.socket.CLOSE_TIMEOUT_S", 0.0)
    rig.socket.connection.close(1001, "bye")
    async with asyncio.timeout(PATIENCE_S):
        while not rig.transport.has_ended_writing:
            await asyncio.sleep(0)
    assert rig.transport.ended == ""
    rig.send(b"an acknowledgement")
    assert rig.transport.ended == ""
    rig.send(b"\x03\xe9", opcode=CLOSE)
    assert rig.transport.ended == "closed"


async def test_drained_gives_up_in_the_end(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mockserver.server.sockets.table.DRAIN_TIMEOUT_S", 0.0)
    rig.transport.fill()
    rig.socket.connection.send(b"waits")
    session = SimpleNamespace(connection=rig.socket.connection)
    async with asyncio.timeout(PATIENCE_S):
        await rig.sockets.drained([cast(Session, session)])
    assert rig.socket.connection.outbox == [b"waits"]


async def test_client_closes_while_it_has_not_taken_everything(rig: Rig) -> None:
    rig.transport.fill()
    rig.socket.connection.send(b"first")
    rig.send(b"\x03\xe8", opcode=CLOSE)
    rig.send(b"never read")
    rig.transport.empty()
    await asyncio.sleep(0)
    assert b"".join(rig.transport.written) == b"\x81\x05first\x88\x02\x03\xe8"
    assert rig.transport.ended == "closed"
    assert rig.engine.received == []


async def test_frames_in_one_read_after_a_broken_one_are_not_read(rig: Rig) -> None:
    rig.socket.data_received(frame(TEXT, b"good") + b"\x81\x03bad" + frame(TEXT, b"late"))
    assert rig.engine.received == [b"good"]
    assert b"".join(rig.transport.written).startswith(b"\x81\x04good\x88")


async def test_socket_that_is_gone_is_forgotten(rig: Rig) -> None:
    rig.socket.connection_lost(ConnectionResetError())
    assert len(rig.sockets) == 0
    rig.socket.connection.send(b"nobody is there")
    rig.socket.connection.close(1000, "nobody is there")
    assert rig.transport.written == []


async def test_too_many_frames_close_with_1008() -> None:
    rig = Rig(max_frames_per_s=1)
    rig.send(*texts(10))
    assert rig.socket.connection.is_open
    rig.send(*texts(1))
    closing = rig.socket.connection.closing
    assert closing is not None
    assert closing.code == 1008
    assert "1 frames a second" in closing.reason


async def test_frames_are_counted_for_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(max_frames_per_s=1)
    rig.send(*texts(8))
    later = rig.sockets.loop.time() + 10
    monkeypatch.setattr(rig.sockets.loop, "time", lambda: later)
    rig.send(*texts(8))
    assert rig.socket.connection.closing is None


async def test_outbox_is_bounded_by_bytes() -> None:
    rig = Rig(max_outbox_bytes=1_000)
    rig.transport.fill()
    for _ in range(100):
        rig.socket.connection.send(b"x" * 300)
    closing = rig.socket.connection.closing
    assert closing is not None
    assert closing.code == 1013
    assert "1000 bytes" in closing.reason
    assert rig.socket.connection.outbox_bytes == 1_200
