"""All that can be asked of the server over HTTP: one row each."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

from mockserver.rest.openapi import document

from . import clock, description, faults, judging, live, protocol, rooms, spaces, traces, wire
from .endpoint import Call, Endpoint

SPACE = "/spaces/{space}"
ROOM = SPACE + "/rooms/{room}"
TEXTS = ("application/json", traces.JSON_LINES)


async def get_openapi(call: Call) -> Any:
    """What can be asked of the server, as an OpenAPI 3.1 document."""
    return await asyncio.to_thread(openapi)


async def get_rest_openapi(call: Call) -> Any:
    """What the vendor's REST API is here, as an OpenAPI 3.1 document."""
    return await asyncio.to_thread(document)


SECTIONS: dict[str, tuple[Endpoint, ...]] = {
    "The server": (
        Endpoint("GET", "/health", spaces.health, answer="health"),
        Endpoint("GET", "/openapi.json", get_openapi, answer="openapi"),
        Endpoint("GET", "/rest/openapi.json", get_rest_openapi, answer="openapi"),
        Endpoint("GET", "/scenarios", spaces.list_scenarios, answer="scenario_list"),
        Endpoint(
            "GET",
            "/journal",
            spaces.journal,
            query="journal_query",
            answer="trace",
            problems=(404,),
            media=TEXTS,
        ),
        Endpoint("GET", "/changes", live.follow_changes, media=(traces.EVENT_STREAM,)),
        Endpoint("GET", "/rules", protocol.list_rules, answer="rule_list"),
        Endpoint(
            "GET", "/schemas", protocol.list_schemas, query="schemas_query", answer="schema_list"
        ),
        Endpoint("GET", "/schemas/{kind}/{name}", protocol.get_schema, media=(protocol.SCHEMA,)),
        Endpoint(
            "GET",
            "/schemas/{version}/{kind}/{file}",
            protocol.get_schema_of_version,
            media=(protocol.SCHEMA,),
        ),
        Endpoint("GET", "/asyncapi.json", protocol.get_asyncapi),
        Endpoint("GET", "/openrpc.json", protocol.get_openrpc),
    ),
    "Spaces": (
        Endpoint("GET", "/spaces", spaces.list_spaces, answer="space_list"),
        Endpoint(
            "POST",
            "/spaces",
            spaces.create_space,
            body="create_space",
            answer="space_view",
            status=201,
            problems=(409, 503),
        ),
        Endpoint("GET", SPACE, spaces.get_space, answer="space_view"),
        Endpoint(
            "PUT",
            SPACE,
            spaces.put_space,
            body="put_space",
            answer="space_view",
            status=201,
            problems=(409, 503),
        ),
        Endpoint("DELETE", SPACE, spaces.delete_space, status=204),
        Endpoint(
            "POST",
            f"{SPACE}/reset",
            spaces.reset_space,
            body="reset_space",
            answer="space_view",
        ),
        Endpoint("GET", f"{SPACE}/state", live.get_state, answer="space_state"),
        Endpoint("GET", f"{SPACE}/sessions", spaces.list_sessions, answer="session_list"),
    ),
    "Rooms and recordings": (
        Endpoint("GET", f"{SPACE}/rooms", rooms.list_rooms, answer="room_list"),
        Endpoint(
            "POST",
            f"{SPACE}/rooms",
            rooms.start_room,
            body="start_room",
            answer="room_view",
            status=201,
            problems=(403, 409, 429),
        ),
        Endpoint("GET", ROOM, rooms.get_room, answer="room_view"),
        Endpoint("GET", f"{ROOM}/recordings", rooms.list_recordings, answer="recording_list"),
        Endpoint(
            "GET", ROOM + "/recordings/{recording}", rooms.get_recording, answer="recording_view"
        ),
        Endpoint("GET", f"{ROOM}/playbacks", rooms.list_playbacks, answer="playback_list"),
        Endpoint("GET", ROOM + "/playbacks/{playback}", rooms.get_playback, answer="playback_view"),
        Endpoint("GET", f"{ROOM}/streams", rooms.list_streams, answer="stream_list"),
        Endpoint("GET", ROOM + "/streams/{stream}", rooms.get_stream, answer="stream_view"),
        Endpoint(
            "POST",
            f"{SPACE}/actions",
            rooms.perform,
            body="action",
            answer="action_result",
            problems=(403, 409, 413, 429),
        ),
    ),
    "The clock": (
        Endpoint("GET", f"{SPACE}/clock", clock.get_clock, answer="clock_view"),
        Endpoint(
            "POST",
            f"{SPACE}/clock/advance",
            clock.advance_clock,
            body="advance_clock",
            answer="clock_view",
            problems=(408, 409, 410),
        ),
        Endpoint(
            "POST",
            f"{SPACE}/clock/run_until_idle",
            clock.run_clock_until_idle,
            body="run_clock_until_idle",
            answer="clock_view",
            problems=(408, 409, 410),
        ),
        Endpoint(
            "POST",
            f"{SPACE}/clock/pause",
            clock.pause_clock,
            answer="clock_view",
            problems=(409,),
        ),
        Endpoint(
            "POST",
            f"{SPACE}/clock/resume",
            clock.resume_clock,
            answer="clock_view",
            problems=(409,),
        ),
        Endpoint(
            "PUT",
            f"{SPACE}/clock/speed",
            clock.set_clock_speed,
            body="set_clock_speed",
            answer="clock_view",
            problems=(409,),
        ),
    ),
    "Answers, frames and waiting": (
        Endpoint("POST", f"{SPACE}/answers", wire.answer_next, body="answer_next", status=204),
        Endpoint("GET", f"{SPACE}/answers", wire.list_answers, answer="planned_answer_list"),
        Endpoint("DELETE", f"{SPACE}/answers", wire.withdraw_answers, status=204),
        Endpoint("DELETE", SPACE + "/answers/{answer}", wire.withdraw_answer, status=204),
        Endpoint(
            "GET",
            f"{SPACE}/rest_requests",
            wire.list_rest_requests,
            query="rest_requests_query",
            answer="rest_request_list",
        ),
        Endpoint(
            "POST",
            f"{SPACE}/rest_answers",
            wire.answer_rest_next,
            body="answer_rest_next",
            status=204,
        ),
        Endpoint(
            "GET",
            f"{SPACE}/rest_answers",
            wire.list_rest_answers,
            answer="planned_rest_answer_list",
        ),
        Endpoint("DELETE", f"{SPACE}/rest_answers", wire.withdraw_rest_answers, status=204),
        Endpoint("DELETE", SPACE + "/rest_answers/{answer}", wire.withdraw_rest_answer, status=204),
        Endpoint(
            "POST",
            f"{SPACE}/frames",
            wire.push_frame,
            body="push_frame",
            answer="sent",
            problems=(409,),
        ),
        Endpoint(
            "POST",
            f"{SPACE}/events",
            wire.push_event,
            body="push_event",
            answer="sent",
            problems=(409,),
        ),
        Endpoint(
            "POST",
            f"{SPACE}/expectations",
            wire.expect,
            body="expect",
            answer="happening",
            problems=(408, 410),
        ),
        Endpoint(
            "POST",
            f"{SPACE}/expectations/count",
            wire.expect_count,
            body="expect_count",
            answer="happening_list",
            problems=(409,),
        ),
        Endpoint(
            "POST",
            f"{SPACE}/expectations/order",
            wire.expect_order,
            body="expect_order",
            answer="happening_list",
            problems=(409,),
        ),
        Endpoint(
            "GET",
            f"{SPACE}/happenings",
            wire.list_happenings,
            query="happenings_query",
            answer="happening_list",
        ),
    ),
    "Faults": (
        Endpoint("GET", "/faults", faults.get_fault_catalogue, answer="fault_catalogue"),
        Endpoint("GET", f"{SPACE}/faults", faults.list_faults, answer="fault_list"),
        Endpoint(
            "POST",
            f"{SPACE}/faults",
            faults.inject_fault,
            body="inject_fault",
            answer="fault_view",
            status=201,
        ),
        Endpoint("DELETE", f"{SPACE}/faults", faults.end_faults, status=204),
        Endpoint("DELETE", SPACE + "/faults/{fault}", faults.end_fault, status=204),
    ),
    "The trace": (
        Endpoint(
            "GET",
            f"{SPACE}/trace",
            traces.get_trace,
            query="trace_query",
            answer="trace",
            media=TEXTS,
        ),
        Endpoint(
            "GET",
            f"{SPACE}/trace/follow",
            traces.follow_trace,
            query="follow_query",
            media=(traces.EVENT_STREAM,),
        ),
        Endpoint("GET", f"{SPACE}/report", traces.get_report, media=("text/html",)),
        Endpoint(
            "GET",
            f"{SPACE}/violations",
            traces.get_violations,
            query="violations_query",
            answer="violation_list",
        ),
        Endpoint(
            "POST",
            "/violations",
            judging.judge_trace,
            takes=judging.JSON_LINES,
            answer="violation_list",
        ),
    ),
}

ENDPOINTS: tuple[Endpoint, ...] = tuple(row for rows in SECTIONS.values() for row in rows)


@cache
def openapi() -> dict[str, Any]:
    """The OpenAPI document; made once and shared: do not change it."""
    return description.openapi(SECTIONS)
