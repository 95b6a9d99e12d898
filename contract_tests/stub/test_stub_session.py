"""Connecting, calling, losing the connection and coming back."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from client_stub import (
    AuthenticationFailed,
    CallTimeout,
    ClientClosed,
    CommandRefused,
    ConnectFailed,
    ConnectionLost,
    ServerError,
    SignalWire,
    SignalWireError,
)
from contract_tests.shared.patience import PATIENCE_S

if TYPE_CHECKING:
    from contract_tests.stub.service import Service

ROOMS = "video.rooms"


async def test_the_first_call_says_who_it_is(service: Service, connect: Any) -> None:
    await connect(agent="me/1")
    assert service.received[0]["jsonrpc"] == "2.0"
    assert isinstance(service.received[0]["id"], str)
    assert service.calls("signalwire.connect") == [
        {
            "version": {"major": 3, "minor": 0, "revision": 0},
            "event_acks": True,
            "agent": "me/1",
            "authentication": {"project": "p", "token": "secret"},
        }
    ]


async def test_the_path_of_the_host_is_kept(service: Service, connect: Any) -> None:
    await connect(host=f"{service.url}/space/foo")
    assert service.paths == ["/space/foo"]


async def test_a_bare_host_is_reached_by_wss(unused_tcp_port: int) -> None:
    with pytest.raises(ConnectFailed, match=rf"wss://127\.0\.0\.1:{unused_tcp_port}"):
        await SignalWire(project="p", token="t", host=f"127.0.0.1:{unused_tcp_port}")


async def test_credentials_come_from_the_environment(
    service: Service, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SW_PROJECT", "from-env")
    monkeypatch.setenv("SW_TOKEN", "token-from-env")
    await connect(project=None, token=None)
    authentication = service.calls("signalwire.connect")[0]["authentication"]
    assert authentication == {"project": "from-env", "token": "token-from-env"}


def test_missing_credentials_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SW_TOKEN", raising=False)
    with pytest.raises(ValueError, match=r"token.*SW_TOKEN"):
        SignalWire(project="p")


def test_an_empty_sequence_of_delays_is_refused() -> None:
    with pytest.raises(ValueError, match="reconnect_delay"):
        SignalWire(project="p", token="t", reconnect_delay=[])


async def test_use_before_connecting_is_told() -> None:
    with pytest.raises(RuntimeError, match="await it first"):
        await SignalWire(project="p", token="t").video.get_room_sessions()


async def test_a_client_that_was_closed_cannot_be_connected(service: Service) -> None:
    client = SignalWire(project="p", token="t", host=service.url)
    await client.close()
    with pytest.raises(ClientClosed):
        await client
    with pytest.raises(ClientClosed):
        await client.video.get_room_sessions()
    assert service.sockets == []


async def test_bad_credentials_raise_where_the_client_is_awaited(
    service: Service, connect: Any
) -> None:
    error = {"code": -32002, "message": "401 Unauthorized"}
    service.on("signalwire.connect", {"error": error})
    with pytest.raises(AuthenticationFailed) as caught:
        await connect()
    assert (caught.value.code, caught.value.message) == (-32002, "401 Unauthorized")
    assert caught.value.error == error


async def test_another_error_on_the_first_connect_is_a_server_error(
    service: Service, connect: Any
) -> None:
    service.on("signalwire.connect", {"error": {"code": -32603, "message": "internal"}})
    with pytest.raises(ServerError, match="-32603 internal") as caught:
        await connect()
    assert not isinstance(caught.value, AuthenticationFailed)


async def test_a_connect_without_an_answer_times_out(service: Service, connect: Any) -> None:
    service.on("signalwire.connect", service.HOLD)
    with pytest.raises(CallTimeout, match=r"signalwire\.connect"):
        await connect(call_timeout=0.01)


async def test_async_with_closes_the_socket(service: Service) -> None:
    async with await SignalWire(project="p", token="t", host=service.url):
        assert not service.sockets[0].closed
    assert service.sockets[0].closed


async def test_a_given_http_session_is_used_and_stays_open(service: Service, connect: Any) -> None:
    async with aiohttp.ClientSession() as http:
        client = await connect(http_session=http)
        await client.close()
        assert not http.closed


async def test_a_refusal_carries_the_whole_result(service: Service, connect: Any) -> None:
    result = {"code": "409", "message": "not now", "hint": "later"}
    service.on("video.rooms.get", result)
    client = await connect()
    with pytest.raises(CommandRefused) as caught:
        await client.video.get_room_sessions()
    error = caught.value
    assert (error.code, error.message, error.result) == ("409", "not now", result)
    assert str(error) == "video.rooms.get was refused: 409 not now"


@pytest.mark.parametrize("code", ["500", "2000", "20", 404, "x200"])
async def test_codes_that_are_not_2xx_refuse(service: Service, connect: Any, code: Any) -> None:
    service.on("video.rooms.get", {"code": code})
    client = await connect()
    with pytest.raises(CommandRefused):
        await client.video.get_room_sessions()


@pytest.mark.parametrize("result", [{}, {"code": "200"}, {"code": 204}, {"rooms": []}])
async def test_a_missing_or_2xx_code_is_success(
    service: Service, connect: Any, result: Any
) -> None:
    service.on("video.rooms.get", result)
    client = await connect()
    assert await client.video.get_room_sessions() == []


async def test_a_json_rpc_error_keeps_all_of_it(service: Service, connect: Any) -> None:
    error = {"code": -32602, "message": "bad", "data": {"problems": [1]}, "more": True}
    service.on("video.rooms.get", {"error": error})
    client = await connect()
    with pytest.raises(ServerError) as caught:
        await client.video.get_room_sessions()
    assert caught.value.error == error
    assert (caught.value.code, caught.value.message) == (-32602, "bad")
    assert caught.value.data == {"problems": [1]}


async def test_a_call_without_an_answer_times_out(service: Service, connect: Any) -> None:
    service.on("video.rooms.get", service.HOLD, {"rooms": []})
    client = await connect(call_timeout=0.05)
    with pytest.raises(CallTimeout, match=r"video\.rooms\.get: an answer .* 0\.05 s") as caught:
        await client.video.get_room_sessions()
    assert isinstance(caught.value, TimeoutError)
    await service.release("video.rooms.get", {"late": True})
    assert await client.video.get_room_sessions() == []


async def test_pending_calls_raise_when_the_connection_is_lost(
    service: Service, connect: Any
) -> None:
    service.on("video.rooms.get", service.HOLD)
    client = await connect()
    calls = [asyncio.create_task(client.video.get_room_sessions()) for _ in range(2)]
    await service.called("video.rooms.get", 2)
    await service.drop()
    for call in calls:
        with pytest.raises(ConnectionLost, match=r"video\.rooms\.get"):
            await call


async def test_a_call_made_meanwhile_waits_for_the_new_connection(
    service: Service, connect: Any
) -> None:
    service.on("video.rooms.get", service.DROP, {"rooms": []})
    client = await connect()
    with pytest.raises(ConnectionLost):
        await client.video.get_room_sessions()
    assert await client.video.get_room_sessions() == []
    assert len(service.sockets) == 2


async def test_every_event_is_acknowledged(service: Service, connect: Any) -> None:
    await connect()
    types = ["video.unheard.of", "video.short", "video", "messaging.receive", ""]
    ids = [await service.event(event_type) for event_type in types]
    ids.append(await service.event("video.room.started", room_session="malformed"))
    for id in ids:
        assert await service.reply(id) == {"jsonrpc": "2.0", "id": id, "result": {}}


async def test_a_ping_is_answered_with_its_timestamp(service: Service, connect: Any) -> None:
    await connect()
    id = await service.request("signalwire.ping", {"timestamp": 12.25})
    assert (await service.reply(id))["result"] == {"timestamp": 12.25}


async def test_what_is_not_an_object_is_skipped(service: Service, connect: Any) -> None:
    await connect()
    for text in ("{", "[1]", "3", '{"jsonrpc":"2.0","id":"nobody","result":{}}', "[" * 100_000):
        await service.say(text)
    await service.request("signalwire.unknown", {})
    id = await service.request("signalwire.ping", None)
    assert (await service.reply(id))["result"]["timestamp"] > 0
    assert len(service.sockets) == 1


async def test_disconnect_is_answered_and_followed_by_a_resume(
    service: Service, connect: Any
) -> None:
    client = await connect()
    id = await service.request("signalwire.disconnect", {})
    assert (await service.reply(id))["result"] == {}
    call = asyncio.create_task(client.video.get_room_sessions())
    ping = await service.request("signalwire.ping", {"timestamp": 1})
    await service.reply(ping)
    assert service.methods() == [], "nothing is sent to a server that is leaving"
    await service.drop()
    assert await call == []
    assert service.calls("signalwire.connect")[1]["protocol"] == "signalwire_sig_p1"


async def test_a_lost_session_is_resumed_without_subscribing_again(
    service: Service, connect: Any
) -> None:
    client = await connect()
    await client.video.listen(on_room_started=print)
    await service.drop()
    await client.video.get_room_sessions()
    assert service.calls("signalwire.connect")[1]["protocol"] == "signalwire_sig_p1"
    assert len(service.calls("signalwire.subscribe")) == 1


@pytest.mark.parametrize(
    "result",
    [
        {"protocol": "signalwire_other_p", "authorization": {"signature": "sig"}},
        {"protocol": "signalwire", "authorization": {"signature": "sig"}},
        {"protocol": "signalwire__p", "authorization": {"signature": ""}},
        {"protocol": "signalwire_sig_p", "authorization": {}},
        {"protocol": "signalwire_sig_p"},
        {},
    ],
)
async def test_a_protocol_without_the_signature_is_not_sent_again(
    service: Service, connect: Any, result: Any
) -> None:
    service.on("signalwire.connect", result)
    await connect()
    await service.drop()
    assert "protocol" not in service.calls("signalwire.connect")[1]


async def test_a_fresh_session_gets_all_subscriptions_again(
    service: Service, connect: Any, made: Any, room: Any
) -> None:
    service.received.clear()
    service.on("signalwire.connect", made.connected("p1"), made.connected("p2"))
    client = await connect()
    await client.video.listen(on_room_started=print)
    await client.video.listen(on_room_ended=print)
    service.on("video.room.get", {"room": made.room()})
    second = await client.video.get_room_session_by_id("room-1")
    await second.listen(on_member_joined=print)
    await service.drop()
    await client.video.get_room_sessions()
    assert service.calls("signalwire.subscribe")[3:] == [
        {
            "get_initial_state": True,
            "event_channel": ROOMS,
            "events": ["video.room.started", "video.room.ended"],
        },
        {
            "get_initial_state": True,
            "event_channel": "channel-room-1",
            "events": ["video.member.joined"],
        },
    ]
    assert service.methods()[-1] == "video.rooms.get", "calls wait for the subscriptions"
    assert service.calls("signalwire.connect")[1]["protocol"] == "signalwire_sig_p1"


async def test_a_channel_that_a_fresh_session_refuses_is_forgotten(
    service: Service, connect: Any, made: Any
) -> None:
    service.on("signalwire.connect", *(made.connected(f"p{n}") for n in range(4)))
    service.on("signalwire.subscribe", {"code": "200"}, {"code": "404"}, {"code": "200"})
    client = await connect()
    await client.video.listen(on_room_started=print)
    for _ in range(2):
        await service.drop()
        await client.video.get_room_sessions()
    assert len(service.calls("signalwire.subscribe")) == 2
    await client.video.listen(on_room_started=print)
    assert len(service.calls("signalwire.subscribe")) == 3


async def test_the_channel_of_an_ended_room_is_not_subscribed_again(
    service: Service, connect: Any, made: Any, heard: Any
) -> None:
    service.on("signalwire.connect", made.connected("p1"), made.connected("p2"))
    service.on("video.room.get", {"room": made.room()})
    client = await connect()
    room = await client.video.get_room_session_by_id("room-1")
    ended = heard()
    await room.listen(on_room_ended=ended)
    await service.event("video.room.ended", **made.room_params())
    await ended.next()
    await service.drop()
    await client.video.get_room_sessions()
    assert len(service.calls("signalwire.subscribe")) == 1


async def test_reconnecting_goes_on_through_errors(service: Service, connect: Any) -> None:
    good = {"protocol": "x", "authorization": {}}
    error = {"error": {"code": -32603, "message": "not yet"}}
    service.on("signalwire.connect", good, error, service.DROP, service.HOLD, good)
    client = await connect(call_timeout=0.3, reconnect_delay=[0, 0])
    await service.drop()
    await service.connected(5)
    assert await client.video.get_room_sessions() == []


async def test_credentials_that_fail_later_end_the_client(service: Service, connect: Any) -> None:
    service.on(
        "signalwire.connect",
        {"protocol": "x"},
        {"error": {"code": -32002, "message": "revoked"}},
    )
    client = await connect()
    await service.drop()
    for _ in range(2):
        with pytest.raises(AuthenticationFailed, match="revoked"):
            await client.video.get_room_sessions()
    assert len(service.calls("signalwire.connect")) == 2


async def test_delays_are_taken_in_turn_and_the_last_one_stays(
    service: Service, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    really = asyncio.sleep

    async def sleep(seconds: float) -> None:
        if seconds in (0.25, 0.5):
            slept.append(seconds)
            seconds = 0
        await really(seconds)

    good, error = {"protocol": "x"}, {"error": {"code": -32603, "message": "not yet"}}
    service.on("signalwire.connect", good, error, error, good)
    client = await connect(reconnect_delay=(0.25, 0.5))
    monkeypatch.setattr(asyncio, "sleep", sleep)
    await service.drop()
    await client.video.get_room_sessions()
    assert slept == [0.25, 0.5, 0.5]


def test_the_default_delay_is_one_to_four_seconds() -> None:
    delays = SignalWire(project="p", token="t")._session._options.delays()
    drawn = [next(delays) for _ in range(50)]
    assert all(1 <= delay <= 4 for delay in drawn)
    assert len(set(drawn)) > 1


async def test_without_a_ping_after_the_first_one_it_reconnects(
    service: Service, connect: Any
) -> None:
    await connect(ping_timeout=0.02)
    id = await service.request("signalwire.ping", {"timestamp": 1})
    await service.reply(id)
    await service.connected(2)
    assert service.calls("signalwire.connect")[1]["protocol"] == "signalwire_sig_p1"


async def test_without_any_ping_it_stays(service: Service, connect: Any) -> None:
    client = await connect(ping_timeout=0.0)
    await client.video.get_room_sessions()
    await client.video.get_room_sessions()
    assert len(service.sockets) == 1


async def test_each_ping_starts_the_wait_anew(
    service: Service, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = []
    really = loop.call_later

    def call_later(delay: float, callback: Any, *args: Any, **more: Any) -> asyncio.TimerHandle:
        timer = really(delay, callback, *args, **more)
        if delay == 123.0:
            timers.append(timer)
        return timer

    monkeypatch.setattr(loop, "call_later", call_later)
    client = await connect(ping_timeout=123.0)
    for _ in range(3):
        await service.reply(await service.request("signalwire.ping", {"timestamp": 1}))
    assert [timer.cancelled() for timer in timers] == [True, True, False]
    await client.close()
    assert timers[-1].cancelled()


async def test_close_is_idempotent_and_ends_pending_calls(service: Service, connect: Any) -> None:
    service.on("video.rooms.get", service.HOLD)
    client = await connect()
    call = asyncio.create_task(client.video.get_room_sessions())
    await service.called("video.rooms.get")
    await asyncio.gather(client.close(), client.close())
    await client.close()
    with pytest.raises(ClientClosed):
        await call
    with pytest.raises(ClientClosed):
        await client.video.get_room_sessions()
    assert len(service.sockets) == 1


async def test_close_ends_calls_that_wait_for_a_connection(service: Service, connect: Any) -> None:
    client = await connect(reconnect_delay=3600)
    service.on("video.rooms.get", service.DROP)
    with pytest.raises(ConnectionLost):
        await client.video.get_room_sessions()
    call = asyncio.create_task(client.video.get_room_sessions())
    await asyncio.sleep(0)
    await client.close()
    with pytest.raises(ClientClosed):
        await call


async def test_close_does_not_wait_for_a_peer_that_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A server that shakes hands, answers the connect and then never reads again."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line for line in head.split("\r\n") if line.startswith("Sec-WebSocket-Key"))
        secret = key.split(": ")[1] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(secret.encode()).digest()).decode()
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n"
        )
        length = (await reader.readexactly(4))[2:]
        size = int.from_bytes(length, "big") + 4
        masked = await reader.readexactly(size)
        mask, body = masked[:4], masked[4:]
        text = bytes(byte ^ mask[n % 4] for n, byte in enumerate(body)).decode()
        id = text.split('"id": "')[1].split('"')[0]
        answer = f'{{"jsonrpc":"2.0","id":"{id}","result":{{}}}}'.encode()
        writer.write(bytes([0x81, len(answer)]) + answer)
        await done.wait()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        gone.set()

    monkeypatch.setattr("client_stub.connection.CLOSE_SECONDS", 0.05)
    done, gone = asyncio.Event(), asyncio.Event()
    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = await SignalWire(project="p", token="t", host=f"ws://127.0.0.1:{port}")
    async with asyncio.timeout(PATIENCE_S):
        await client.close()
        done.set()
        await gone.wait()
    server.close()


async def test_on_frame_sees_both_directions_in_order_and_no_token(
    service: Service, connect: Any, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[tuple[str, dict[str, Any]]] = []

    def on_frame(direction: str, frame: dict[str, Any]) -> None:
        seen.append((direction, frame))
        raise RuntimeError("a broken hook")

    client = await connect(on_frame=on_frame)
    await client.video.get_room_sessions()
    await service.reply(await service.event("video.unknown.thing"))
    assert [direction for direction, _ in seen] == [
        *("to_server", "to_client") * 2,
        *("to_client", "to_server"),
    ]
    authentication = seen[0][1]["params"]["authentication"]
    assert authentication == {"project": "p", "token": "***"}
    assert service.calls("signalwire.connect")[0]["authentication"]["token"] == "secret"
    assert "on_frame failed" in caplog.text


@pytest.mark.parametrize(
    "error",
    [AuthenticationFailed, CallTimeout, ClientClosed, CommandRefused, ConnectFailed, ServerError],
)
def test_one_base_for_all_errors(error: type[Exception]) -> None:
    assert issubclass(error, SignalWireError)
