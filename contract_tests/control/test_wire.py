"""Answers and frames of the tester's own, and waiting for what clients do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mockserver.control.happenings import Happenings
from mockserver.control.views import Happening
from mockserver.protocol import frames

from .conftest import Api, Connect, Json

ANYBODY = {"Authorization": "Basic YW55OmFueQ=="}
TALKING = {
    "room_id": "r",
    "room_session_id": "rs",
    "member": {"id": "m", "room_id": "r", "room_session_id": "rs", "talking": True},
}


async def test_the_next_calls_are_refused(api: Api, space: str, connect: Connect) -> None:
    client = await connect()
    wish = {"method": "video.rooms.get", "code": "409", "message": "busy", "times": 2}
    await api.ok("POST", f"{space}/answers", wish, 204)
    for _ in range(2):
        answer = await client.call("video.rooms.get")
        assert answer["result"] == {"code": "409", "message": "busy"}
    assert (await client.call("video.rooms.get"))["result"]["code"] == "200"


async def test_the_next_call_gets_an_error(api: Api, space: str, connect: Connect) -> None:
    client = await connect()
    wish = {"method": "video.rooms.get", "error": -32603, "data": {"why": "so"}}
    await api.ok("POST", f"{space}/answers", wish, 204)
    error = (await client.call("video.rooms.get"))["error"]
    assert error == {"code": -32603, "message": "refused by the test", "data": {"why": "so"}}


async def test_the_next_answer_is_late(api: Api, space: str, connect: Connect) -> None:
    client = await connect()
    await api.ok("POST", f"{space}/answers", {"method": "video.rooms.get", "delay_s": 3}, 204)
    call = asyncio.create_task(client.call("video.rooms.get"))
    await api.ok("POST", f"{space}/expectations", {"name": "video.rooms.get"})
    assert (await api.ok("GET", f"{space}/clock"))["next_in_s"] == 3
    await api.ok("POST", f"{space}/clock/advance", {"seconds": 3})
    assert (await call)["result"]["code"] == "200"


async def test_planned_answers_are_listed_and_withdrawn(
    api: Api, space: str, connect: Connect
) -> None:
    client = await connect()
    refusal = {"method": "video.rooms.get", "code": "409", "message": "busy", "times": 2}
    reply = await api.post(f"{space}/answers", refusal)
    assert (reply.status, reply.headers["Location"]) == (204, f"/__mock__{space}/answers/1")
    error = {"method": "signalwire.ping", "error": -32603, "data": {"why": "so"}}
    await api.ok("POST", f"{space}/answers", error, 204)
    late = {"method": "video.rooms.get", "delay": "1.5s", "after_events": True}
    await api.ok("POST", f"{space}/answers", late, 204)
    await client.call("video.rooms.get")
    nothing = {"code": None, "error": None, "message": None, "data": None}
    plain = {**nothing, "delay": 0.0, "after_events": False, "times": 1}
    planned = [
        {**plain, **refusal, "n": 1, "times": 1},
        {**plain, **error, "n": 2, "message": "refused by the test"},
        {**plain, **late, "n": 3, "delay": 1.5},
    ]
    assert await api.ok("GET", f"{space}/answers") == {"answers": planned}
    await api.ok("DELETE", f"{space}/answers/1", status=204)
    assert (await api.ok("GET", f"{space}/answers"))["answers"] == planned[1:]
    detail = (await api.ask("DELETE", f"{space}/answers/1")).problem(404)["detail"]
    assert detail == "no answer 1 is planned any more; there is: 2, 3"
    await api.ok("DELETE", f"{space}/answers", status=204)
    assert await api.ok("GET", f"{space}/answers") == {"answers": []}
    assert (await client.call("video.rooms.get"))["result"]["code"] == "200"
    assert "result" in await client.call("signalwire.ping", timestamp=1)


@pytest.mark.parametrize("number", ["0", "-1", "one", "9" * 40, "²"])
async def test_what_is_no_planned_answer(number: str, api: Api, space: str) -> None:
    for kind in ("answers", "rest_answers"):
        detail = (await api.ask("DELETE", f"{space}/{kind}/{number}")).problem(404)["detail"]
        assert "there is: none" in detail


async def test_planned_answers_of_rest_are_listed_and_withdrawn(api: Api, space: str) -> None:
    wish = {"operation": "list_rooms", "status": 507, "times": 3}
    reply = await api.post(f"{space}/rest_answers", wish)
    assert (reply.status, reply.headers["Location"]) == (204, f"/__mock__{space}/rest_answers/1")
    await api.ok("POST", f"{space}/rest_answers", {**wish, "status": 500, "body": [1]}, 204)
    assert await rest_status(api) == 507
    assert (await api.ok("GET", f"{space}/rest_answers"))["answers"] == [
        {**wish, "n": 1, "body": None, "times": 2},
        {**wish, "n": 2, "status": 500, "body": [1]},
    ]
    await api.ok("DELETE", f"{space}/rest_answers/1", status=204)
    assert await rest_status(api) == 500
    await api.ok("DELETE", f"{space}/rest_answers", status=204)
    assert await api.ok("GET", f"{space}/rest_answers") == {"answers": []}
    assert await rest_status(api) == 200


async def rest_status(api: Api) -> int:
    """The status that a list of rooms is answered with."""
    url = f"{api.server.http_url}/space/here/api/video/rooms"
    async with api.http.get(url, headers=ANYBODY) as response:
        return response.status


async def test_a_frame_is_pushed_as_it_is(api: Api, space: str, connect: Connect) -> None:
    first, second = await connect(), await connect()
    frame = frames.call("mine", "signalwire.ping", {"timestamp": 1.5})
    told = await api.ok("POST", f"{space}/frames", {"frame": frame})
    assert told == {"sent_to": ["s1", "s2"]}
    assert await first.receive() == await second.receive() == frame
    told = await api.ok("POST", f"{space}/frames", {"frame": frame, "session": "s2"})
    assert told == {"sent_to": ["s2"]}
    assert await second.receive() == frame


async def test_an_invalid_frame_is_pushed_only_when_asked_for(
    api: Api, space: str, connect: Connect
) -> None:
    client = await connect()
    frame = frames.call("mine", "signalwire.ping", {"timestamp": "late"})
    reply = await api.post(f"{space}/frames", {"frame": frame})
    assert reply.paths() == ["$.frame.params.timestamp"]
    await api.ok("POST", f"{space}/frames", {"frame": frame, "valid": False})
    assert await client.receive() == frame


async def test_an_event_is_pushed(api: Api, space: str, connect: Connect) -> None:
    client = await connect()
    wish = {"event_type": "video.member.talking", "channel": "room.1", "params": TALKING}
    assert await api.ok("POST", f"{space}/events", wish) == {"sent_to": ["s1"]}
    event = (await client.receive())["params"]
    assert (event["event_type"], event["event_channel"]) == ("video.member.talking", "room.1")
    assert event["params"] == TALKING


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"event_type": "video.member.walking"}, "$.event_type"),
        ({"params": {**TALKING, "member": 5}}, "$.params.member"),
    ],
)
async def test_an_invalid_event_is_pushed_only_when_asked_for(
    change: Json, path: str, api: Api, space: str, connect: Connect
) -> None:
    client = await connect()
    wish = {"event_type": "video.member.talking", "channel": "room.1", "params": TALKING, **change}
    assert (await api.post(f"{space}/events", wish)).paths() == [path]
    await api.ok("POST", f"{space}/events", {**wish, "valid": False})
    assert (await client.receive())["params"]["event_type"] == wish["event_type"]


async def test_nobody_is_sent_to_who_is_not_there(api: Api, space: str, connect: Connect) -> None:
    frame = frames.call("mine", "signalwire.ping", {"timestamp": 1.5})
    assert await api.ok("POST", f"{space}/frames", {"frame": frame}) == {"sent_to": []}
    client = await connect()
    reply = await api.post(f"{space}/frames", {"frame": frame, "session": "s2"})
    await client.sync()
    assert "there is: s1" in reply.problem(409)["detail"]


async def test_a_request_is_waited_for(api: Api, space: str, connect: Connect) -> None:
    client = await connect()
    waiting = asyncio.create_task(
        api.ok("POST", f"{space}/expectations", {"name": "video.rooms.get", "timeout_s": 20})
    )
    await client.call("video.rooms.get")
    told = await waiting
    assert (told["kind"], told["name"], told["session"]) == ("call", "video.rooms.get", "s1")


async def test_a_request_that_came_before_is_had_once(
    api: Api, space: str, connect: Connect
) -> None:
    client = await connect()
    await client.call("video.rooms.get")
    wish = {"name": "video.rooms.get", "timeout_s": 0}
    await api.ok("POST", f"{space}/expectations", wish)
    (await api.post(f"{space}/expectations", wish)).problem(408)


async def test_what_does_not_come_is_told_with_what_did(
    api: Api, space: str, connect: Connect
) -> None:
    client = await connect()
    await client.call("signalwire.ping", timestamp=1)
    wish = {"name": "signalwire.ping", "params": {"timestamp": 2}, "timeout_s": 0.01}
    told = (await api.post(f"{space}/expectations", wish)).problem(408)
    assert "did not come within 0.01 s" in told["detail"]
    assert "\n" not in told["detail"]
    assert "timestamp is 1, not 2" in told["explanation"]
    assert "timeline:" in told["explanation"]


async def test_calls_are_counted(api: Api, space: str, connect: Connect) -> None:
    client = await connect()
    for stamp in (1, 2, 2):
        await client.call("signalwire.ping", timestamp=stamp)
    count = f"{space}/expectations/count"
    wish = {"name": "signalwire.ping"}
    counted: list[tuple[Json, int]] = [
        ({}, 3),
        ({"times": 3}, 3),
        ({"params": {"timestamp": 2}, "times": 2}, 2),
        ({"params": {"timestamp": 3}, "times": 0}, 0),
    ]
    for more, number in counted:
        found = (await api.ok("POST", count, {**wish, **more}))["happenings"]
        assert [each["name"] for each in found] == ["signalwire.ping"] * number
    told = (await api.post(count, {**wish, "times": 2})).problem(409)
    assert told["type"] == "urn:signalwire-mockserver:problem:not-met"
    assert "expected signalwire.ping twice, but it came 3 times" in told["detail"]
    assert "timeline:" in told["explanation"]


async def test_an_order_is_expected(api: Api, space: str, connect: Connect) -> None:
    client = await connect()
    await client.call("signalwire.ping", timestamp=1)
    await client.call("video.rooms.get")
    order = f"{space}/expectations/order"
    first = {"name": "signalwire.ping", "params": {"timestamp": 1}}
    found = (await api.ok("POST", order, {"wanted": [first, "video.rooms.get"]}))["happenings"]
    assert [each["name"] for each in found] == ["signalwire.ping", "video.rooms.get"]
    told = (await api.post(order, {"wanted": ["video.rooms.get", first]})).problem(409)
    number = found[1]["n"]
    assert told["detail"].startswith(
        f"signalwire.ping with {{'timestamp': 1}} did not come after #{number}"
    )
    assert "expected in this order:" in told["explanation"]


@pytest.mark.parametrize("end", ["delete", "reset"])
async def test_waiting_ends_with_the_space(
    end: str, api: Api, space: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    original = Happenings.wait_for

    async def wait_for(self: Happenings, *arguments: Any, **more: Any) -> Happening:
        begun.set()
        return await original(self, *arguments, **more)

    monkeypatch.setattr(Happenings, "wait_for", wait_for)
    wish = {"name": "video.rooms.get", "timeout_s": 600}
    waiting = asyncio.create_task(api.post(f"{space}/expectations", wish))
    await begun.wait()
    if end == "delete":
        await api.ok("DELETE", space, status=204)
    else:
        await api.ok("POST", f"{space}/reset")
    assert "here" in (await waiting).problem(410)["detail"]


async def test_happenings_are_listed(api: Api, space: str, connect: Connect) -> None:
    clients = [await connect(), await connect()]
    for client in clients:
        await client.subscribe("video.rooms", "video.room.started")
    await api.ok("POST", f"{space}/rooms", {}, 201)
    every = (await api.ok("GET", f"{space}/happenings"))["happenings"]
    assert [each["name"] for each in every] == [
        "signalwire.connect",
        "signalwire.connect",
        "signalwire.subscribe",
        "signalwire.subscribe",
        "video.room.started",
    ]
    for query, count in [
        ({"kind": "event"}, 1),
        ({"kind": "call"}, 4),
        ({"name": "signalwire.subscribe"}, 2),
        ({"after": every[2]["n"]}, 2),
    ]:
        found = (await api.get(f"{space}/happenings", **query)).json["happenings"]
        assert len(found) == count, query
