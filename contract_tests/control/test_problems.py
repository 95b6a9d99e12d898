"""Whatever is wrong with a request is told as a problem document, with the field's name."""

from __future__ import annotations

import io
import json

import pytest

from mockserver.server.http.paths import LARGEST_BODY
from mockserver.server.http.table import ENDPOINTS

from .conftest import Api, Json, Start

HERE = "/spaces/here"
FRAME = {"jsonrpc": "2.0", "id": "mine", "method": "signalwire.ping", "params": {}}
REST = {"operation": "get_room", "status": 500}
EVENT = {"event_type": "video.room.ended", "channel": "room.1", "params": {}}

WRONG: list[tuple[str, str, Json, str]] = [
    ("POST", "/spaces", {}, "$.name"),
    ("POST", "/spaces", {"name": 5}, "$.name"),
    ("POST", "/spaces", {"name": ""}, "$.name"),
    ("POST", "/spaces", {"name": ".."}, "$.name"),
    ("POST", "/spaces", {"name": "a", "scenario": "pause-resum"}, "$.scenario"),
    ("POST", "/spaces", {"name": "a", "scenario": "../secret.yaml"}, "$.scenario"),
    ("POST", "/spaces", {"name": "a", "scenario": "none", "scenario_yaml": "x"}, "$"),
    ("POST", "/spaces", {"name": "a", "scenario_yaml": "{"}, "$.scenario_yaml"),
    ("POST", "/spaces", {"name": "a", "seed": 1.5}, "$.seed"),
    ("POST", "/spaces", {"name": "a", "clock": "fast"}, "$.clock"),
    ("POST", "/spaces", {"name": "a", "speed": 0}, "$.speed"),
    ("POST", "/spaces", {"name": "a", "latency_s": "30ms"}, "$.latency_s"),
    ("POST", "/spaces", {"name": "a", "latncy": 1}, "$.latncy"),
    ("DELETE", HERE, {"really": True}, "$.really"),
    ("PUT", HERE, {"name": "here"}, "$.name"),
    ("PUT", HERE, {"scenario_yaml": "{"}, "$.scenario_yaml"),
    ("PUT", HERE, {"clock": "manual", "speed": 2}, "$.speed"),
    ("POST", f"{HERE}/reset", {"seed": "1"}, "$.seed"),
    ("POST", f"{HERE}/reset", {"name": "other"}, "$.name"),
    ("POST", f"{HERE}/reset", {"scenario_yaml": "{"}, "$.scenario_yaml"),
    ("POST", f"{HERE}/reset", {"speed": 2}, "$.speed"),
    ("POST", f"{HERE}/rooms", {"name": ["a"]}, "$.name"),
    ("POST", f"{HERE}/rooms", {"members": 0}, "$.members"),
    ("POST", f"{HERE}/rooms", {"members": "Ann"}, "$.members"),
    ("POST", f"{HERE}/rooms", {"display_name": ""}, "$.display_name"),
    ("POST", f"{HERE}/actions", {}, "$.do"),
    ("POST", f"{HERE}/actions", {"do": "stop_recroding"}, "$.do"),
    ("POST", f"{HERE}/actions", {"do": ["join"]}, "$.do"),
    ("POST", f"{HERE}/actions", {"do": "join", "nam": "Carl"}, "$.nam"),
    ("POST", f"{HERE}/actions", {"do": "set_latency"}, "$.latency"),
    ("POST", f"{HERE}/actions", {"do": "set_latency", "latency": -1}, "$.latency"),
    ("POST", f"{HERE}/clock/advance", {}, "$.by"),
    ("POST", f"{HERE}/clock/advance", {"seconds": -1}, "$.seconds"),
    ("POST", f"{HERE}/clock/advance", {"seconds": "5"}, "$.seconds"),
    ("POST", f"{HERE}/clock/advance", {"seconds": 1, "acknowledged": "yes"}, "$.acknowledged"),
    ("POST", f"{HERE}/clock/run_until_idle", {"acknowledged": 1}, "$.acknowledged"),
    ("POST", f"{HERE}/clock/pause", {"now": True}, "$.now"),
    ("POST", f"{HERE}/clock/resume", {"now": True}, "$.now"),
    ("PUT", f"{HERE}/clock/speed", {}, "$.speed"),
    ("PUT", f"{HERE}/clock/speed", {"speed": 0}, "$.speed"),
    ("POST", f"{HERE}/answers", {}, "$.method"),
    ("POST", f"{HERE}/answers", {"method": "video.recording.strat"}, "$.method"),
    ("POST", f"{HERE}/answers", {"method": "video.rooms.get", "code": "200"}, "$.code"),
    ("POST", f"{HERE}/answers", {"method": "video.rooms.get", "code": "404", "error": 1}, "$"),
    ("POST", f"{HERE}/answers", {"method": "signalwire.connect", "code": "404"}, "$"),
    ("POST", f"{HERE}/answers", {"method": "video.rooms.get", "error": "1"}, "$.error"),
    ("POST", f"{HERE}/answers", {"method": "video.rooms.get", "message": 1}, "$.message"),
    ("POST", f"{HERE}/answers", {"method": "video.rooms.get", "data": []}, "$.data"),
    ("POST", f"{HERE}/answers", {"method": "video.rooms.get", "delay_s": -1}, "$.delay_s"),
    ("POST", f"{HERE}/answers", {"method": "video.rooms.get", "times": 0}, "$.times"),
    ("POST", f"{HERE}/answers", {"method": "signalwire.ping", "after_events": 1}, "$.after_events"),
    ("DELETE", f"{HERE}/answers", {"all": True}, "$.all"),
    ("DELETE", f"{HERE}/answers/1", {"times": 1}, "$.times"),
    ("POST", f"{HERE}/rest_answers", {"status": 500}, "$.operation"),
    ("POST", f"{HERE}/rest_answers", {"operation": "get_rom", "status": 500}, "$.operation"),
    ("POST", f"{HERE}/rest_answers", {"operation": "get_room", "status": 99}, "$.status"),
    ("POST", f"{HERE}/rest_answers", {"operation": "get_room"}, "$.status"),
    ("POST", f"{HERE}/rest_answers", {**REST, "body": "no"}, "$.body"),
    ("POST", f"{HERE}/rest_answers", {**REST, "times": 0}, "$.times"),
    ("DELETE", f"{HERE}/rest_answers", {"all": True}, "$.all"),
    ("DELETE", f"{HERE}/rest_answers/1", {"times": 1}, "$.times"),
    ("POST", f"{HERE}/frames", {}, "$.frame"),
    ("POST", f"{HERE}/frames", {"frame": "{}"}, "$.frame"),
    ("POST", f"{HERE}/frames", {"frame": FRAME, "session": 1}, "$.session"),
    ("POST", f"{HERE}/frames", {"frame": FRAME, "valid": "no"}, "$.valid"),
    ("POST", f"{HERE}/frames", {"frame": {**FRAME, "method": "x"}}, "$.frame.method"),
    ("POST", f"{HERE}/events", {**EVENT, "event_type": 1}, "$.event_type"),
    ("POST", f"{HERE}/events", {**EVENT, "channel": None}, "$.channel"),
    ("POST", f"{HERE}/events", {**EVENT, "params": []}, "$.params"),
    ("POST", f"{HERE}/events", EVENT, "$.params.room_id"),
    ("POST", f"{HERE}/faults", {}, "$.name"),
    ("POST", f"{HERE}/faults", {"name": "dorp"}, "$.name"),
    ("POST", f"{HERE}/faults", {"name": "drop", "parameters": 1}, "$.parameters"),
    ("POST", f"{HERE}/faults", {"name": "drop", "parameters": {"times": 0}}, "$.parameters.times"),
    ("DELETE", f"{HERE}/faults", {"name": "drop"}, "$.name"),
    ("DELETE", f"{HERE}/faults/1", {"name": "drop"}, "$.name"),
    ("POST", f"{HERE}/expectations", {}, "$.name"),
    ("POST", f"{HERE}/expectations", {"name": "video.rooms.got"}, "$.name"),
    ("POST", f"{HERE}/expectations", {"name": "video.rooms.get", "params": 1}, "$.params"),
    ("POST", f"{HERE}/expectations", {"name": "video.rooms.get", "timeout_s": -1}, "$.timeout_s"),
    ("POST", f"{HERE}/expectations", {"name": "video.rooms.get", "timout": 1}, "$.timout"),
    ("POST", f"{HERE}/expectations/count", {}, "$.name"),
    ("POST", f"{HERE}/expectations/count", {"name": "video.rooms.got"}, "$.name"),
    ("POST", f"{HERE}/expectations/count", {"name": "video.rooms.get", "times": -1}, "$.times"),
    ("POST", f"{HERE}/expectations/count", {"name": "video.rooms.get", "params": []}, "$.params"),
    ("POST", f"{HERE}/expectations/order", {}, "$.wanted"),
    ("POST", f"{HERE}/expectations/order", {"wanted": []}, "$.wanted"),
    ("POST", f"{HERE}/expectations/order", {"wanted": ["video.rooms.got"]}, "$.wanted[0]"),
    ("POST", f"{HERE}/expectations/order", {"wanted": [{"params": {}}]}, "$.wanted[0]"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "place"), WRONG, ids=[f"{w[1]} {w[2]}"[:70] for w in WRONG]
)
async def test_a_wrong_body_is_refused_and_the_field_named(
    method: str, path: str, body: Json, place: str, api: Api, space: str
) -> None:
    before = await api.ok("GET", "/health")
    reply = await api.ask(method, path, body)
    assert place in reply.paths()
    told = reply.json
    assert told["type"] == "urn:signalwire-mockserver:problem:invalid-body"
    assert all(error["expected"] and error["found"] for error in told["errors"])
    assert told["errors"][0]["path"] in told["detail"]
    assert await api.ok("GET", "/health") == before


def test_every_body_is_tried_wrongly() -> None:
    patterns = {
        HERE: "/spaces/{space}",
        "answers/1": "answers/{answer}",
        "faults/1": "faults/{fault}",
    }
    tried = set()
    for method, path, *_ in WRONG:
        for text, pattern in patterns.items():
            path = path.replace(text, pattern)
        tried.add((method, path))
    assert tried == {
        (row.method, row.path) for row in ENDPOINTS if row.method != "GET" and row.takes is None
    }


@pytest.mark.parametrize("body", [[], "text", 5, None, True])
async def test_a_body_is_an_object(body: Json, api: Api) -> None:
    reply = await api.ask("POST", "/spaces", data=json.dumps(body), headers=JSON)
    assert reply.paths() == ["$"]


JSON = {"Content-Type": "application/json"}

QUERIES = [
    ("/schemas", {"kind": "rules"}, "$.kind"),
    ("/journal", {"format": "xml"}, "$.format"),
    ("/journal", {"projekt": "x"}, "$.projekt"),
    (f"{HERE}/trace", {"direction": "up"}, "$.direction"),
    (f"{HERE}/trace", {"after": "two"}, "$.after"),
    (f"{HERE}/trace", {"after": "-1"}, "$.after"),
    (f"{HERE}/trace", {"limit": "0"}, "$.limit"),
    (f"{HERE}/trace", {"format": "csv"}, "$.format"),
    (f"{HERE}/trace", {"session": ""}, "$.session"),
    (f"{HERE}/trace", [("name", "a"), ("name", "b")], "$.name"),
    (f"{HERE}/trace/follow", {"limit": "1"}, "$.limit"),
    (f"{HERE}/happenings", {"name": "video.rooms.got"}, "$.name"),
    (f"{HERE}/happenings", {"kind": "answer"}, "$.kind"),
    (f"{HERE}/violations", {"ignore": "no-such-rule"}, "$.ignore[0]"),
    (f"{HERE}/rooms", {"name": "lobby"}, "$.name"),
    (f"{HERE}/rest_requests", {"operation": "create_roomtoken"}, "$.operation"),
]


@pytest.mark.parametrize(("path", "query", "place"), QUERIES)
async def test_a_wrong_query_is_refused_and_the_field_named(
    path: str, query: Json, place: str, api: Api, space: str
) -> None:
    reply = await api.ask("GET", path, params=query)
    assert reply.paths(400) == [place]
    assert reply.json["type"] == "urn:signalwire-mockserver:problem:invalid-query"


def test_every_query_is_tried_wrongly() -> None:
    tried = {path.replace(HERE, "/spaces/{space}") for path, *_ in QUERIES}
    assert tried >= {row.path for row in ENDPOINTS if row.query is not None}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"name": "a",}', "line 1, column 13"),
        (b'{"name": \xff}', "not JSON"),
        (b'{"name": NaN}', "not JSON"),
        (b" ", "not JSON"),
    ],
)
async def test_what_is_no_json_is_told_with_its_place(data: bytes, words: str, api: Api) -> None:
    reply = await api.ask("POST", "/spaces", data=data, headers=JSON)
    assert words in reply.problem(400)["detail"]


async def test_a_body_that_is_nested_too_deep_is_refused(api: Api, space: str) -> None:
    data = b'{"frame":' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"}"
    reply = await api.ask("POST", f"{space}/frames", data=data, headers=JSON)
    assert "64" in reply.problem(422)["detail"]


async def test_a_body_that_is_too_long_is_refused(api: Api) -> None:
    data = io.BytesIO(b'{"name": "' + b"x" * LARGEST_BODY + b'"}')
    reply = await api.ask("POST", "/spaces", data=data, headers=JSON)
    assert str(LARGEST_BODY) in reply.problem(413)["detail"]


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "json"]
)
async def test_a_body_of_another_type_is_refused(kind: str, api: Api) -> None:
    headers = {"Content-Type": kind}
    reply = await api.ask("POST", "/spaces", data=b'{"name": "a"}', headers=headers)
    assert "application/json" in reply.problem(415)["detail"]
    assert (await api.ok("GET", "/spaces"))["spaces"] == []


async def test_the_type_may_name_its_letters(api: Api) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    reply = await api.ask("POST", "/spaces", data=b'{"name": "a"}', headers=headers)
    assert reply.status == 201


async def test_no_body_is_as_good_as_an_empty_one(api: Api, space: str) -> None:
    assert (await api.post(f"{space}/rooms")).status == 201
    assert (await api.post(f"{space}/clock/advance")).paths() == ["$.by"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/spaecs", "/__mock__/spaces?"),
        ("/spaces/here/room", "/__mock__/spaces/{space}/rooms"),
        ("", "openapi.json"),
        ("/", "openapi.json"),
        ("/qqqqqqq", "openapi.json"),
    ],
)
async def test_an_unknown_path_is_told_with_those_near(path: str, words: str, api: Api) -> None:
    assert words in (await api.get(path)).problem(404)["detail"]


@pytest.mark.parametrize("method", ["PATCH", "PUT", "HEAD", "OPTIONS", "TRACE"])
async def test_a_method_that_is_not_served_is_told_with_those_that_are(
    method: str, api: Api
) -> None:
    reply = await api.ask(method, "/spaces")
    assert reply.status == 405
    assert reply.headers["Allow"] == "GET, POST"
    if method != "HEAD":
        assert "use GET, POST" in reply.problem(405)["detail"]


async def test_a_bug_is_told_without_its_insides(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = await start()
    monkeypatch.setattr("mockserver.server.http.spaces.view", lambda *_: 1 / 0)
    reply = await api.post("/spaces", {"name": "a"})
    assert "division" not in str(reply.problem(500))
    [bug] = api.server.bugs
    assert isinstance(bug, ZeroDivisionError)
    assert (await api.ok("GET", "/health"))["status"] == "faulty"
    api.server.bugs.clear()
