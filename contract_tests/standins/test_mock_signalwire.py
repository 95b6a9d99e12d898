"""What the REST tests of the vendor's SDKs need of ``mock_signalwire``, line by line."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from contract_tests.standins.conftest import Client, Json, authorization
from mockserver import MockServer
from mockserver.rest import checking
from mockserver.rest.kept import Kept
from mockserver.rest.table import OPERATIONS, Operation
from mockserver.server.standins.listener import Listener, NotLoopbackError
from mockserver.server.standins.scenarios import MOST, Scenarios
from mockserver.server.standins.signalwire import MockSignalWire

LIST_ROOMS = "video.list_rooms"
UUID = "00000000-0000-4000-8000-000000000000"


async def test_health_has_the_key_by_which_it_is_found(ann: Client) -> None:
    health = await ann.told("GET", "health", "rest_health")
    assert health == {
        "status": "ok",
        # chat, fabric, pubsub, relay-rest and video
        "specs_loaded": 5,
        "total_routes": len(OPERATIONS) + 2,
        "spec_load_errors": [],
    }


# The REST API


WITH_ID = [row for row in OPERATIONS if "{id}" in row.path and row.path.startswith("/api/video/")]


@pytest.mark.parametrize("row", WITH_ID, ids=lambda row: row.id)
@pytest.mark.parametrize("there", ["test-id", UUID])
async def test_an_id_that_was_never_made_is_answered(
    row: Operation, there: str, ann: Client
) -> None:
    """As the vendor's generated tests ask: without what a body needs, and with URLs like "x"."""
    sent = {"url": "x"} if row.body is not None else None
    reply = await ann.ask(row.method, row.path.replace("{id}", there), sent)
    assert reply.status == row.status
    [entry] = await ann.journal()
    if row.answer is None:
        assert reply.data == b""
    else:
        name = row.answer
        if row.id == "get_room" and there == "test-id":
            assert entry["matched_route"] == "video.get_room_by_name"
        else:
            assert entry["matched_route"] == f"video.{row.id}"
        assert checking.validator(checking.shape(name)["$id"]).is_valid(reply.json)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "room_recordings", None),
        ("GET", "room_sessions", None),
        ("GET", "rooms", None),
        ("GET", "conferences", None),
        ("GET", "logs", None),
        ("POST", "rooms", {"name": "x"}),
        ("POST", "room_tokens", {"room_name": "x"}),
        ("POST", "conferences", {"display_name": "x"}),
    ],
)
async def test_what_needs_no_id_is_answered(
    method: str, path: str, body: Json, ann: Client
) -> None:
    reply = await ann.ask(method, path, body)
    assert reply.status == 200
    if method == "GET":
        assert isinstance(reply.json["data"], list)


async def test_what_a_client_made_is_there_and_another_client_does_not_see_it(
    ann: Client, bob: Client
) -> None:
    for client in (ann, bob):
        made = (await client.ask("POST", "rooms", {"name": "x", "max_members": 3})).json
        assert (await client.ask("GET", f"rooms/{made['id']}")).json["max_members"] == 3
        assert await rooms(client) == ["x"]


async def rooms(client: Client) -> list[str]:
    """The names of the rooms that a client has."""
    return [each["name"] for each in (await client.ask("GET", "rooms")).json["data"]]


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("rooms", {"name": "not a name"}, "video_room_resource"),
        ("rooms", {"name": "taken"}, "video_room_resource"),
        ("room_tokens", {}, "rest_token"),
        ("/api/chat/tokens", {"ttl": "x", "channels": "x"}, "rest_token"),
        ("/api/pubsub/tokens", {"ttl": 1, "channels": {}}, "rest_token"),
        ("/api/relay/rest/domain_applications", {}, "domain_application"),
    ],
)
async def test_what_does_not_fit_is_answered_with_an_example(
    path: str, body: Json, name: str, ann: Client
) -> None:
    await ann.ask("POST", "rooms", {"name": "taken"})
    reply = await ann.ask("POST", path, body)
    assert 200 <= reply.status < 300
    assert checking.validator(checking.shape(name)["$id"]).is_valid(reply.json)
    assert (await ann.journal())[-1]["response_status"] == reply.status
    assert await rooms(ann) == ["taken"]
    assert (await ann.ask("POST", path, data=b"{")).status == 400


async def test_without_credentials_nothing_is_served(ann: Client) -> None:
    empty = {"Authorization": authorization("test_proj", "")}
    for headers in ({}, empty, {"Authorization": "Bearer x"}, {"Authorization": "Basic !"}):
        for path in ("rooms", "room_sessions/test-id", "/api/fabric/addresses"):
            reply = await ann.ask("GET", path, headers=headers)
            assert (reply.status, reply.json) == (401, {"error": "Unauthorized"}), (path, headers)


async def test_a_body_that_is_too_long_is_refused(ann: Client) -> None:
    reply = await ann.ask("POST", "rooms", data=io.BytesIO(b"x" * 2_000_000))
    assert (reply.status, reply.json) == (400, {"error": "Bad Request"})


# The two operations of other APIs


async def test_the_list_of_addresses_is_empty(ann: Client) -> None:
    reply = await ann.ask("GET", "/api/fabric/addresses")
    here = f"{ann.url}/api/fabric/addresses"
    assert reply.json == {"links": {"self": here, "first": here}, "data": []}
    [entry] = await ann.journal()
    assert entry["matched_route"] == "fabric.list_fabric_addresses"


async def test_an_address_that_is_made_has_an_id(ann: Client) -> None:
    first, second = [
        (await ann.ask("POST", "/api/relay/rest/addresses", {"label": "x"})).json for _ in range(2)
    ]
    assert first.pop("id") != second.pop("id")
    assert first == second == {"label": "x"}
    entry = (await ann.journal())[0]
    assert entry["matched_route"] == "relay-rest.create_address"
    assert (await ann.ask("POST", "/api/relay/rest/addresses", ["x"])).status == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/fabric/addresses"), ("POST", "/api/relay/rest/addresses")],
)
async def test_they_need_credentials_and_are_no_part_of_the_mock(
    method: str, path: str, ann: Client, http: aiohttp.ClientSession
) -> None:
    assert (await ann.ask(method, path, headers={})).status == 401
    async with (
        MockServer(scenario="none") as server,
        http.request(
            method,
            server.http_url + path,
            json={"label": "x"},
            headers={"Authorization": ann.session_id},
        ) as response,
    ):
        assert response.status == 404


# The journal


async def test_the_journal_is_an_array_of_all_that_a_request_was(ann: Client) -> None:
    headers = {"Authorization": ann.session_id, "X-Mine": "1"}
    before = time.time()
    await ann.ask("POST", "rooms?x=1&x=2&y=", {"name": "x"}, headers=headers)
    [entry] = await ann.journal()
    assert before - 1 < entry.pop("timestamp") < time.time() + 1
    told = entry.pop("headers")
    assert all(name == name.lower() for name in told)
    assert (told["authorization"], told["x-mine"]) == (ann.session_id, "1")
    assert entry == {
        "method": "POST",
        "path": "/api/video/rooms",
        "query_params": {"x": ["1", "2"], "y": [""]},
        "body": {"name": "x"},
        "matched_route": "video.create_room",
        "response_status": 200,
        "wire_violations": [
            {"kind": "unknown_query_param", "name": "x"},
            {"kind": "unknown_query_param", "name": "y"},
        ],
    }


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", None),
        (b"{}", {}),
        (b"[1]", [1]),
        (b"not json", "not json"),
        (b"\xff", "\ufffd"),
        (b"[" * 100 + b"]" * 100, "[" * 100 + "]" * 100),
    ],
)
async def test_a_body_is_kept_as_json_or_else_as_text(
    data: bytes, expected: Any, ann: Client
) -> None:
    await ann.ask("POST", "rooms", data=data)
    [entry] = await ann.journal()
    assert entry["body"] == expected


@pytest.mark.parametrize(
    "path",
    ["/api/video/nothing", "/api/nothing", "/nothing", "/api/video/rooms/%FF", "/%FF?%FF=%FF"],
)
async def test_what_is_not_there_is_in_the_journal_without_a_route(
    path: str, ann: Client, listener: Listener
) -> None:
    reply = await ann.ask("PATCH", path)
    assert (reply.status, reply.json) == (404, {"error": "Not Found"})
    [entry] = await ann.journal()
    assert (entry["matched_route"], entry["response_status"]) == (None, 404)


@pytest.mark.parametrize("path", ["/api/chat/tokens", "/api/pubsub/tokens"])
async def test_a_route_begins_with_its_specification(path: str, ann: Client) -> None:
    await ann.ask("POST", path, {"ttl": 1, "channels": {}})
    [entry] = await ann.journal()
    expected = {
        "/api/chat/tokens": "chat.create_chat_token",
        "/api/pubsub/tokens": "pubsub.create_token",
    }
    assert entry["matched_route"] == expected[path]


async def test_a_header_that_is_no_text_does_not_spoil_the_journal(
    ann: Client, listener: Listener
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.addresses[0].port)
    writer.write(b"GET /api/video/rooms HTTP/1.1\r\nHost: localhost\r\nX-Mine: \xff\r\n\r\n")
    assert b" 400 " in await reader.readline()
    writer.close()
    [entry] = await ann.journal()
    assert entry["headers"]["x-mine"] == "\ufffd"


async def test_the_control_api_is_not_in_the_journal(ann: Client) -> None:
    await ann.told("GET", "health", "rest_health")
    assert await ann.journal() == []


async def test_the_journal_of_one_client(ann: Client, bob: Client) -> None:
    await ann.ask("GET", "rooms")
    await bob.ask("GET", "logs")
    assert [each["path"] for each in await ann.journal(own=True)] == ["/api/video/rooms"]
    assert [each["path"] for each in await ann.journal()] == ["/api/video/rooms", "/api/video/logs"]


@pytest.mark.parametrize("kind", [None, "application/json", "text/plain"])
async def test_a_reset_forgets_requests_and_what_they_made(
    kind: str | None, ann: Client, bob: Client
) -> None:
    for client in (ann, bob):
        assert (await client.ask("POST", "rooms", {"name": "x"})).status == 200
    headers = {} if kind is None else {"Content-Type": kind}
    reply = await ann.control("POST", "journal/reset", headers=headers)
    assert reply.json == {"forgotten": 2}
    assert await ann.journal() == []
    for client in (ann, bob):
        assert await rooms(client) == []


async def test_a_reset_for_one_client_is_nothing_to_another(ann: Client, bob: Client) -> None:
    for client in (ann, bob):
        await client.ask("POST", "rooms", {"name": "x"})
    forgotten = await ann.told("POST", "journal/reset", "cleared", own=True)
    assert forgotten == {"forgotten": 1}
    assert (await ann.journal(own=True), len(await bob.journal(own=True))) == ([], 1)
    assert (await rooms(ann), await rooms(bob)) == ([], ["x"])


def test_the_journal_is_bounded_in_entries_and_in_bytes() -> None:
    kept: Kept[Json] = Kept(3, 100)
    for number in range(5):
        kept.add({"n": number}, 10)
    assert [each["n"] for each in kept] == [2, 3, 4]
    kept.add({"n": 5}, 85)
    assert [each["n"] for each in kept] == [4, 5]
    assert kept.forget(lambda entry: entry["n"] == 5) == 1
    kept.add({"n": 6}, 90)
    assert [each["n"] for each in kept] == [4, 6]


# Scenarios


async def test_a_scenario_wins_once_and_has_no_effect(ann: Client) -> None:
    assert await ann.arm("video.create_room", 503, {"error": "x"}) == {
        "route": "video.create_room",
        "waiting": 1,
    }
    reply = await ann.ask("POST", "rooms", {"name": "x"})
    assert (reply.status, reply.json) == (503, {"error": "x"})
    assert [each["response_status"] for each in await ann.journal()] == [503]
    assert (await ann.ask("GET", "rooms")).json["data"] == []
    assert (await ann.ask("POST", "rooms", {"name": "x"})).status == 200


async def test_it_wins_over_any_error(ann: Client) -> None:
    await ann.arm(LIST_ROOMS, 200, {"data": []})
    assert (await ann.ask("GET", "rooms?page_size=0", headers={})).json == {"data": []}


async def test_scenarios_of_a_route_come_in_their_order(ann: Client) -> None:
    for number in (1, 2):
        assert (await ann.arm(LIST_ROOMS, 200, number))["waiting"] == number
    await ann.arm("video.list_logs", 200, "logs")
    assert [(await ann.ask("GET", "rooms")).json for _ in range(2)] == [1, 2]
    assert (await ann.ask("GET", "logs")).json == "logs"


async def test_a_clients_own_is_for_nobody_else_and_comes_first(ann: Client, bob: Client) -> None:
    await ann.arm(LIST_ROOMS, 200, "all")
    await ann.arm(LIST_ROOMS, 200, "ann", own=True)
    assert (await ann.ask("GET", "rooms")).json == "ann"
    assert (await bob.ask("GET", "rooms")).json == "all"


@pytest.mark.parametrize("stub", ["fabric.list_fabric_addresses", "relay-rest.create_address"])
async def test_it_works_for_the_operations_of_other_apis(stub: str, ann: Client) -> None:
    await ann.arm(stub, 500, {"error": "x"})
    if stub.startswith("fabric"):
        reply = await ann.ask("GET", "/api/fabric/addresses")
    else:
        reply = await ann.ask("POST", "/api/relay/rest/addresses", {"label": "x"})
    assert (reply.status, reply.json) == (500, {"error": "x"})


async def test_it_may_have_headers(ann: Client) -> None:
    await ann.arm(LIST_ROOMS, 429, {"error": "x"}, headers={"Retry-After": "1", "X-Mine": "ü"})
    reply = await ann.ask("GET", "rooms")
    assert (reply.headers["Retry-After"], reply.headers["X-Mine"]) == ("1", "ü")
    assert reply.json == {"error": "x"}
    await ann.arm(LIST_ROOMS, 200, "text", headers={"content-type": "application/hal+json"})
    assert (await ann.ask("GET", "rooms")).kind == "application/hal+json"


@pytest.mark.parametrize(("status", "response"), [(204, {"a": 1}), (200, None), (304, "x")])
async def test_it_may_have_no_body(status: int, response: Json, ann: Client) -> None:
    await ann.arm(LIST_ROOMS, status, response)
    reply = await ann.ask("GET", "rooms")
    assert (reply.status, reply.data) == (status, b"")
    # The connection is as it should be.
    assert (await ann.ask("GET", "logs")).status == 200


async def test_it_may_take_its_time(ann: Client) -> None:
    await ann.arm(LIST_ROOMS, 200, "late", delay_ms=60_000)
    with pytest.raises(TimeoutError):
        await ann.ask("GET", "rooms", timeout=aiohttp.ClientTimeout(total=0.2))
    [entry] = await ann.journal()
    assert (entry["path"], entry["response_status"]) == ("/api/video/rooms", None)
    await ann.arm(LIST_ROOMS, 200, "soon", delay_ms=50)
    began = time.monotonic()
    assert (await ann.ask("GET", "rooms")).json == "soon"
    assert time.monotonic() - began >= 0.05


async def test_what_waits_is_listed(ann: Client, bob: Client) -> None:
    async def waiting(*, own: bool = False) -> Json:
        return (await ann.control("GET", "scenarios", own=own)).json

    assert await waiting() == {}
    await ann.arm(LIST_ROOMS, 500, own=True)
    await ann.arm(LIST_ROOMS, 500)
    await bob.arm("video.list_logs", 500, own=True)
    assert await waiting() == {"video.list_logs": 1, LIST_ROOMS: 2}
    assert await waiting(own=True) == {LIST_ROOMS: 1}
    await bob.ask("GET", "logs")
    assert await waiting() == {LIST_ROOMS: 2}


async def test_scenarios_are_forgotten(ann: Client, bob: Client) -> None:
    for client in (ann, bob):
        await client.arm(LIST_ROOMS, 500, own=True)
    await ann.arm(LIST_ROOMS, 500)
    assert await ann.told("POST", "scenarios/reset", "cleared", own=True) == {"forgotten": 1}
    assert (await bob.ask("GET", "rooms")).status == 500
    assert await ann.told("POST", "scenarios/reset", "cleared") == {"forgotten": 1}
    assert (await ann.ask("GET", "rooms")).status == 200


def test_only_so_many_wait() -> None:
    scenarios: Scenarios[int] = Scenarios()
    for number in range(MOST):
        scenarios.add("a", number, None)
    with pytest.raises(Exception, match="no more can: reset them"):
        scenarios.add("a", MOST, "somebody")
    assert scenarios.take("a", "somebody") == 0
    assert scenarios.add("a", MOST, "somebody") == 1


# What does not fit


@pytest.mark.parametrize(
    ("route", "body", "status", "told"),
    [
        ("video.list_room", {"status": 500}, 404, "did you mean video.list_rooms"),
        ("calling.dial", {"status": 500}, 404, 'no route "calling.dial"'),
        (LIST_ROOMS, {}, 422, "$.status"),
        (LIST_ROOMS, {"status": 99}, 422, "$.status: expected at least 200, found 99"),
        (LIST_ROOMS, {"status": "500"}, 422, "$.status"),
        (LIST_ROOMS, {"status": 500, "delay_ms": -1}, 422, "$.delay_ms"),
        (LIST_ROOMS, {"status": 500, "body": {}}, 422, "body"),
        (LIST_ROOMS, {"status": 500, "headers": {"a b": "c"}}, 422, "the name of a header"),
        (LIST_ROOMS, {"status": 500, "headers": {"a": "b\r\nc: d"}}, 422, "text of one line"),
        (LIST_ROOMS, {"status": 500, "headers": {"a": 1}}, 422, "$.headers.a"),
        (
            LIST_ROOMS,
            {"status": 500, "headers": {"Content-Length": "1"}},
            422,
            "$.headers: expected none of connection, content-length",
        ),
        (LIST_ROOMS, [], 422, "an object"),
    ],
)
async def test_a_faulty_scenario_is_refused_with_a_reason(
    route: str, body: Json, status: int, told: str, ann: Client
) -> None:
    reply = await ann.control("POST", f"scenarios/{route}", body)
    assert told in reply.problem(status)


async def test_other_faulty_requests_are_refused_with_a_reason(ann: Client) -> None:
    reply = await ann.control("POST", f"scenarios/{LIST_ROOMS}", data=b"{")
    assert "Content-Type: application/json" in reply.problem(415)
    headers = {"Content-Type": "application/json"}
    reply = await ann.control("POST", f"scenarios/{LIST_ROOMS}", data=b"{", headers=headers)
    assert "is not JSON" in reply.problem(400)
    assert "use POST" in (await ann.control("GET", "journal/reset")).problem(405)
    assert "did you mean /__mock__/journal" in (await ann.control("GET", "jurnal")).problem(404)
    assert "COMMANDS.md" in (await ann.control("GET", "frames/of/a/space")).problem(404)
    assert "sessionid" in (await ann.control("GET", "journal?sessionid=x")).problem(400)
    assert "$.session_id" in (await ann.control("GET", "journal?session_id=")).problem(400)


# Who may use it


async def test_no_page_of_another_origin_may_use_it(ann: Client) -> None:
    reply = await ann.control("GET", "journal", headers={"Origin": "http://example.com"})
    assert "no page of another origin" in reply.problem(403)
    reply = await ann.control("GET", "journal", headers={"Host": "example.com"})
    assert "not known as" in reply.problem(403)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "example.com"])
def test_it_listens_on_loopback_alone(host: str) -> None:
    with pytest.raises(NotLoopbackError, match="credentials"):
        Listener(MockSignalWire(host), host, 0)


async def test_no_log_has_credentials(ann: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", "mockserver"):
        await ann.ask("POST", "rooms", {"name": "x", "strange": 1})
        await ann.told("POST", "journal/reset", "cleared")
    assert caplog.text
    for secret in ("ann", ann.session_id, ann.session_id.removeprefix("Basic ")):
        assert secret not in caplog.text


async def test_a_bug_is_answered_and_makes_it_faulty(http: aiohttp.ClientSession) -> None:
    stand_in = MockSignalWire("127.0.0.1")

    def broken(*_: object) -> web.Response:
        raise ZeroDivisionError

    stand_in.visit = broken  # type: ignore[assignment,method-assign]
    listener = Listener(stand_in, "127.0.0.1", 0)
    await listener.start()
    client = Client(http, listener.url, "ann")
    assert (await client.ask("GET", "rooms")).json == {"error": "Internal Server Error"}
    assert (await client.told("GET", "health", "rest_health"))["status"] == "faulty"
    assert (await client.journal())[0]["response_status"] == 500
    await listener.stop()
    assert len(stand_in.bugs) == 1


# What the specification does not know


WRONG = [
    ("GET", "rooms?page_size=2&pagesize=2", None, [("unknown_query_param", "pagesize")]),
    ("GET", "room_recordings/test-id?mediaTtl=5", None, [("unknown_query_param", "mediaTtl")]),
    ("DELETE", "streams/test-id?force=1", None, [("unknown_query_param", "force")]),
    ("POST", "rooms", {"name": "x", "maxMembers": 2}, [("unknown_body_key", "maxMembers")]),
    ("POST", "rooms", {"name": "x", "max_members": "2"}, [("wrong_type", "max_members")]),
    ("POST", "rooms", {"name": "x", "max_members": True}, [("wrong_type", "max_members")]),
    ("POST", "rooms", {"name": "x", "max_members": 2.5}, [("wrong_type", "max_members")]),
    ("POST", "rooms", {"name": "x", "layout": 5}, [("wrong_type", "layout")]),
    ("PUT", "streams/test-id", {"url": None, "x": 1},
     [("wrong_type", "url"), ("unknown_body_key", "x")]),
    ("POST", "conference_tokens/test-id/reset", {"a": 1}, [("unknown_body_key", "a")]),
]  # fmt: skip
"""Requests, and what is wrong with them."""

RIGHT: list[tuple[str, str, Json]] = [
    ("GET", "rooms?page_size=2", None),
    ("POST", "rooms", {"name": "x", "max_members": 2.0, "record_on_start": True, "meta": {}}),
    ("POST", "room_tokens", {"room_name": "x", "permissions": []}),
    # It lacks a field and has a URL that is none, but no key and no type is another one.
    ("POST", "conferences", {}),
    ("PUT", "streams/test-id", {"url": "x"}),
]


@pytest.fixture
async def strict(http: aiohttp.ClientSession) -> AsyncIterator[Client]:
    """A client of a stand-in in strict mode."""
    stand_in = MockSignalWire("127.0.0.1", strict=True)
    listener = Listener(stand_in, "127.0.0.1", 0)
    await listener.start()
    yield Client(http, listener.url, "ann")
    await listener.stop()
    assert stand_in.bugs == []


@pytest.mark.parametrize(("method", "path", "body", "wrong"), WRONG)
async def test_the_journal_lists_what_the_specification_does_not_know(
    method: str, path: str, body: Json, wrong: list[tuple[str, str]], ann: Client
) -> None:
    assert (await ann.ask(method, path, body)).status in (200, 204)
    [entry] = await ann.journal()
    assert entry["wire_violations"] == [{"kind": kind, "name": name} for kind, name in wrong]


@pytest.mark.parametrize(("method", "path", "body", "wrong"), WRONG)
async def test_strict_mode_refuses_it(
    method: str, path: str, body: Json, wrong: list[tuple[str, str]], strict: Client
) -> None:
    reply = await strict.ask(method, path, body)
    assert (reply.status, reply.json["error"]) == (400, "Bad Request")
    [entry] = await strict.journal()
    assert entry["response_status"] == 400
    assert reply.json["wire_violations"] == entry["wire_violations"]
    assert (await strict.ask("GET", "rooms")).json["data"] == []


@pytest.mark.parametrize(("method", "path", "body"), RIGHT)
async def test_strict_mode_answers_all_else(
    method: str, path: str, body: Json, strict: Client
) -> None:
    assert (await strict.ask(method, path, body)).status == 200
    [entry] = await strict.journal()
    assert entry["wire_violations"] == []


async def test_in_strict_mode_a_scenario_wins_and_credentials_are_needed(strict: Client) -> None:
    assert (await strict.ask("GET", "rooms?x=1", headers={})).status == 401
    await strict.arm(LIST_ROOMS, 503)
    assert (await strict.ask("GET", "rooms?x=1")).status == 503
    assert (await strict.ask("GET", "rooms?x=1")).status == 400
