"""Every operation answers by its schema: when it goes well, and with each error that it lists.

Where the vendor's specification is at hand (``REST_SPECIFICATION`` names the file), the same
answers are checked against it, too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
import yaml

from mockserver.harness.handles import SpaceHandle
from mockserver.rest.table import OPERATIONS, Operation

from .conftest import UNKNOWN, Json, Reply, Rest, fits

SPECIFICATION = os.environ.get("REST_SPECIFICATION", "")

BODIES: dict[str, Json] = {
    "create_room_token": {"room_name": "lobby"},
    "create_chat_token": {"ttl": 60, "channels": {"news": {"read": True}}},
    "create_token": {"ttl": 60, "channels": {"news": {"read": True, "write": False}}},
    "create_room": {"name": "hall", "join_until": "2030-01-01", "meta": {"floor": 2}},
    "update_room": {"max_members": 3, "name": "ignored"},
    "create_room_stream": {"url": "rtmp://example.com/live"},
    "update_stream": {"url": "rtmps://example.com/other"},
    "create_video_conference": {"display_name": "All Hands!"},
    "update_video_conference": {"display_name": "Fewer Hands", "size": "small"},
    "create_conference_stream": {"url": "rtmp://example.com/live"},
    "create_domain_application": {"name": "mine", "identifier": "mine"},
    "update_domain_application": {"name": "ours", "call_handler": "video_room"},
}
"""Operation -> a body that fits."""

WRONG_BODIES: dict[str, tuple[Json, str]] = {
    "create_room_token": ({"room_name": "lobby", "permissions": ["room.fly"]}, "permissions"),
    "create_chat_token": ({"ttl": 0, "channels": {"news": {"read": True}}}, "ttl"),
    "create_token": ({"ttl": 60, "channels": {}}, "channels"),
    "create_room": ({"max_members": 2}, "name"),
    "update_room": ({"max_members": 301}, "max_members"),
    "create_room_stream": ({"url": "https://example.com"}, "url"),
    "update_stream": ({}, "url"),
    "create_video_conference": ({"display_name": "x", "dark_primary": "red"}, "dark_primary"),
    "update_video_conference": ({"size": "small"}, "display_name"),
    "create_conference_stream": ({"url": 7}, "url"),
}
"""Operation -> a body that does not fit, and the field that is wrong."""


WRONG_QUERIES: dict[str, dict[str, Any]] = {
    "active_session_query": {"include_active_session": "perhaps"},
    "media_query": {"media_ttl": -1},
}
"""Query -> one that does not fit, where it has no ``page_size``."""


class There(NamedTuple):
    """What the paths name: the ids of one of each kind."""

    recording: str
    running: str
    session: str
    room: str
    stream: str
    conference: str
    token: str
    application: str
    log: str


@pytest.fixture
async def there(mock: SpaceHandle, rest: Rest) -> There:
    """One of each kind."""
    room = await rest.post("rooms", {"name": "lobby", "display_name": "The Lobby"})
    stream = await rest.post(f"rooms/{room['id']}/streams", {"url": "rtmp://example.com/a"})
    started = await mock.start_room("lobby", members=["Ann", "Bob"])
    recording = await started.start_recording()
    await mock.advance(10)
    await started.stop_recording()
    running = await started.start_recording()
    await started.leave("Bob")
    conference = await rest.post("conferences", {"display_name": "Meeting"})
    await rest.post(f"conferences/{conference['id']}/streams", {"url": "rtmp://example.com/b"})
    tokens = await rest.all(f"conferences/{conference['id']}/conference_tokens")
    application = await rest.post(
        "/api/relay/rest/domain_applications", {"name": "theirs", "identifier": "theirs"}
    )
    [log] = await rest.all("logs")
    return There(
        recording.id,
        running.id,
        started.id,
        room["id"],
        stream["id"],
        conference["id"],
        tokens[0]["id"],
        application["id"],
        log["id"],
    )


def path_of(row: Operation, there: There) -> str:
    """The path of an operation, for what is there."""
    kind = re.search(r"/(\w+)/\{", row.path)
    ids = {
        "room_recordings": there.recording,
        "room_sessions": there.session,
        "rooms": "lobby" if "{name}" in row.path else there.room,
        "streams": there.stream,
        "conferences": there.conference,
        "conference_tokens": there.token,
        "domain_applications": there.application,
        "logs": there.log,
    }
    return re.sub(r"\{\w+\}", ids[kind[1]], row.path) if kind else row.path


def with_id(row: Operation, other: str) -> str:
    """The path of an operation, with another id."""
    return re.sub(r"\{\w+\}", other, row.path)


@cache
def specification() -> Any:
    return yaml.safe_load(Path(SPECIFICATION).read_text())


def agrees(row: Operation, reply: Reply) -> None:
    """Check an answer against the vendor's specification, if that is at hand."""
    if not SPECIFICATION:
        return
    listed = specification()["paths"][row.path][row.method.lower()]
    assert listed["operationId"] == row.id
    told = listed["responses"].get(str(reply.status))
    if told is None:
        # What the specification leaves out is described by the table; see Operation.statuses.
        assert reply.status in row.statuses
        return
    if "content" not in told:
        assert reply.data == b""
        return
    schema = told["content"]["application/json"]["schema"] | {
        "components": specification()["components"]
    }
    jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(as_uuids(reply.json))


def as_uuids(value: Json) -> Json:
    """The same answer of a project whose id is a UUID, as all are on the real service."""
    if isinstance(value, dict):
        return {
            key: UNKNOWN if key == "project_id" else as_uuids(each) for key, each in value.items()
        }
    return [as_uuids(each) for each in value] if isinstance(value, list) else value


every = pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.id)


def listing(status: int) -> Callable[[Any], Any]:
    """The operations that can answer with this status."""
    rows = [row for row in OPERATIONS if status in row.statuses]
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.id)


@every
async def test_it_is_served_as_described(row: Operation, rest: Rest, there: There) -> None:
    reply = await rest.ask(row.method, path_of(row, there), BODIES.get(row.id))
    assert reply.status == row.status, reply.data
    if row.answer is None:
        assert reply.data == b""
    else:
        fits(reply.json, row.answer)
        assert reply.json.get("data") != [], "the list shows nothing"
    agrees(row, reply)


@pytest.mark.parametrize(
    "row",
    [row for row in OPERATIONS if row.method == "GET" and "{id}" in row.path],
    ids=lambda row: row.id,
)
async def test_an_id_may_be_in_capitals(row: Operation, rest: Rest, there: There) -> None:
    path = path_of(row, there)
    found = re.search(r"[0-9a-f-]{36}", path)
    assert found is not None
    usual = await rest.ask("GET", path)
    in_capitals = await rest.ask("GET", path.replace(found[0], found[0].upper()))
    assert in_capitals.status == 200
    assert in_capitals.json.get("id") == usual.json.get("id")


@listing(401)
async def test_nobody_is_served_without_credentials(row: Operation, rest: Rest) -> None:
    async with rest.http.request(row.method, rest.host + with_id(row, UNKNOWN)) as response:
        reply = Reply(response, await response.read())
    reply.refused(401)
    assert reply.headers["WWW-Authenticate"].startswith("Basic")
    agrees(row, reply)


@listing(404)
async def test_what_is_not_there_is_not_found(row: Operation, rest: Rest) -> None:
    reply = await rest.ask(row.method, with_id(row, UNKNOWN), BODIES.get(row.id))
    reply.refused(404)
    agrees(row, reply)


@listing(400)
async def test_a_body_has_to_be_json(row: Operation, rest: Rest, there: There) -> None:
    reply = await rest.ask(row.method, path_of(row, there), data=b'{"name": ')
    reply.refused(400)
    agrees(row, reply)


@pytest.mark.parametrize("row", [row for row in OPERATIONS if row.query], ids=lambda row: row.id)
async def test_a_query_has_to_fit(row: Operation, rest: Rest, there: There) -> None:
    wrong = WRONG_QUERIES.get(row.query or "", {"page_size": 1001})
    reply = await rest.ask(row.method, path_of(row, there), **wrong)
    assert reply.status == 422
    if row.older:
        fits(reply.json, "relay_rest_errors")
        assert next(iter(wrong)) in reply.json["errors"][0]["detail"]
    else:
        assert reply.attributes() == list(wrong)
    agrees(row, reply)


@pytest.mark.parametrize("operation", WRONG_BODIES)
async def test_a_body_has_to_fit(operation: str, rest: Rest, there: There) -> None:
    row = next(row for row in OPERATIONS if row.id == operation)
    body, field = WRONG_BODIES[operation]
    reply = await rest.ask(row.method, path_of(row, there), body)
    assert reply.attributes() == [field]
    agrees(row, reply)


@pytest.mark.parametrize("operation", ["create_domain_application", "update_domain_application"])
async def test_domain_applications_tell_faults_in_the_older_form(
    operation: str, rest: Rest, there: There
) -> None:
    row = next(row for row in OPERATIONS if row.id == operation)
    reply = await rest.ask(row.method, path_of(row, there), {"name": 7, "identifier": "x"})
    assert reply.status == 422
    fits(reply.json, "relay_rest_errors")
    [told] = reply.json["errors"]
    assert told["detail"].startswith("name: expected a string, found 7")
    agrees(row, reply)


@pytest.mark.parametrize(
    ("handler", "field", "value", "shown"),
    [
        ("relay_topic", "call_relay_topic", "office", True),
        ("relay_application", "call_relay_application", "office", False),
        ("laml_webhooks", "call_request_url", "https://example.com/laml", True),
        ("laml_application", "call_laml_application_id", "app-1", True),
        ("video_room", "call_video_room_id", UNKNOWN, True),
        ("relay_script", "call_relay_script_url", "https://example.com/script", True),
        ("dialogflow", "call_dialogflow_agent_id", UNKNOWN, False),
        ("ai_agent", "call_ai_agent_id", UNKNOWN, False),
        ("call_flow", "call_flow_id", UNKNOWN, False),
    ],
)
async def test_what_takes_calls_has_to_be_said_to_a_new_domain_application(
    handler: str, field: str, value: str, shown: bool, rest: Rest
) -> None:
    applications = "/api/relay/rest/domain_applications"
    body = {"name": "mine", "identifier": "mine", "call_handler": handler}
    reply = await rest.ask("POST", applications, body)
    assert reply.status == 422
    [told] = reply.json["errors"]
    assert told["detail"].startswith(f"{field}: expected ")
    made = await rest.post(applications, {**body, field: value})
    fits(made, "domain_application")
    assert made["call_handler"] == handler
    assert made.get(field) == (value if shown else None)


async def test_a_domain_application_need_not_say_what_takes_calls(rest: Rest) -> None:
    body = {"name": "mine", "identifier": "mine"}
    made = await rest.post("/api/relay/rest/domain_applications", body)
    assert made["call_handler"] is None


@pytest.mark.parametrize(
    "row", [row for row in OPERATIONS if row.wants_uuid], ids=lambda row: row.id
)
async def test_an_id_has_to_be_a_uuid_where_nothing_else_could_be_wrong(
    row: Operation, rest: Rest
) -> None:
    reply = await rest.ask(row.method, with_id(row, "no-uuid"))
    if row.older:
        fits(reply.json, "relay_rest_errors")
    else:
        assert reply.attributes() == ["id"]
    agrees(row, reply)


async def test_a_recording_that_runs_is_not_deleted(rest: Rest, there: There) -> None:
    reply = await rest.ask("DELETE", f"room_recordings/{there.running}")
    assert reply.attributes() == ["id"]
    agrees(next(row for row in OPERATIONS if row.id == "delete_room_recording"), reply)
    assert (await rest.get(f"room_recordings/{there.running}"))["status"] == "recording"


@every
async def test_a_tester_has_it_answered_with_errors(
    row: Operation, mock: SpaceHandle, rest: Rest, there: There
) -> None:
    for status in (403, 500):
        mock.answer_rest_next(row.id, status)
        reply = await rest.ask(row.method, path_of(row, there), BODIES.get(row.id))
        reply.refused(status)
        if status in row.statuses:
            agrees(row, reply)
    again = await rest.ask(row.method, path_of(row, there), BODIES.get(row.id))
    assert again.status == row.status


def test_every_error_that_is_listed_is_met_above() -> None:
    met = {
        401: {row.id for row in OPERATIONS},
        404: {row.id for row in OPERATIONS if "{" in row.path},
        400: {row.id for row in OPERATIONS if row.reads_body},
        403: {row.id for row in OPERATIONS},
        500: {row.id for row in OPERATIONS},
        422: {row.id for row in OPERATIONS if row.query or row.body or row.wants_uuid}
        | {"delete_room_recording"},
    }
    listed = {(row.id, status) for row in OPERATIONS for status in row.statuses}
    assert {(row, status) for row, status in listed if row not in met[status]} == set()


@pytest.mark.skipif(not SPECIFICATION, reason="REST_SPECIFICATION does not name the vendor's file")
def test_all_video_operations_of_the_specification_are_in_the_table() -> None:
    ours = {(row.path, row.method.lower()): row for row in OPERATIONS}
    theirs = {
        (path, method): told
        for path, methods in specification()["paths"].items()
        for method, told in methods.items()
        if method != "parameters" and not path.startswith("/api/relay/rest/recordings")
    }
    assert ours.keys() == theirs.keys()
    for place, told in theirs.items():
        assert ours[place].id == told["operationId"]
        listed = {int(status) for status in told["responses"]}
        assert listed <= {ours[place].status, *ours[place].statuses}, place
