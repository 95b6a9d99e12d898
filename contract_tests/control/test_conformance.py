"""A generator of requests checks the running server against its own OpenAPI document."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.core import NOT_SET as NOTHING
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from contract_tests.shared import processes
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.processes import ServerProcess
from mockserver import __version__
from mockserver.server.http.paths import PREFIX
from mockserver.server.http.table import ENDPOINTS, openapi

Case = schemathesis.Case[Any]

EXAMPLES = 10
"""Requests per operation and mode; the same ones in every run."""

ENDLESS = {"follow_trace", "follow_changes"}
"""What never ends cannot be called so; it has tests of its own."""

DESTRUCTIVE = {"delete_space", "reset_space"}
"""What would leave nothing for the others to find is done to a space that is not there."""

BEYOND_SCHEMAS = {
    "create_space",
    "put_space",
    "reset_space",
    "inject_fault",
    "push_frame",
    "push_event",
    "perform",
    "advance_clock",
    "answer_next",
    "expect",
}
"""What takes scenarios, frames and durations, of which a schema of the body cannot know all."""

CHECKS: list[Any] = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]

ROWS = [row for row in ENDPOINTS if row.operation not in ENDLESS and row.takes is None]
"""What takes another body than JSON has tests of its own, too."""

described = schemathesis.openapi.from_dict(openapi())


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that has to end without a bug of its own."""
    folder = tmp_path_factory.mktemp("server")
    with processes.server("--scenario", "none", "--clock", "manual", folder=folder) as mock:
        yield mock


@pytest.fixture(scope="module")
def there(mock: ServerProcess) -> dict[str, str]:
    """What the paths name: a space with a room with a recording, and a fault."""

    def post(path: str, body: dict[str, Any]) -> Any:
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(mock.http + PREFIX + path, data, headers)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            return json.load(response)

    post("/spaces", {"name": "here"})
    room = post("/spaces/here/rooms", {"name": "lobby"})
    recording = post("/spaces/here/actions", {"do": "start_recording"})["result"]
    fault = post("/spaces/here/faults", {"name": "drop", "parameters": {"times": 9}})
    return {
        "space": "here",
        "fault": str(fault["number"]),
        "room": room["id"],
        "recording": recording["id"],
        "kind": "objects",
        "name": "member",
        "version": __version__,
        "file": "member.json",
    }


@pytest.fixture(scope="module")
def http() -> Iterator[requests.Session]:
    """Connections that are used again."""
    with requests.Session() as session:
        yield session


def carries_its_fault(case: Case) -> bool:
    """Whether what was meant to be wrong is sent at all: empty lists and bodies are not."""
    in_query = bool(case.query) and [] not in case.query.values()
    return in_query or case.body not in (NOTHING, b"")


def play(
    operation: str, mode: GenerationMode, there: dict[str, str], url: str, http: requests.Session
) -> None:
    row = next(row for row in ROWS if row.operation == operation)
    names = {"space": "nowhere"} if operation in DESTRUCTIVE else there
    path = {key: value for key, value in names.items() if f"{{{key}}}" in row.path}
    api_operation = described[PREFIX + row.path][row.method]

    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=api_operation.as_strategy(mode, path_parameters=path))
    def one(case: Case) -> None:
        if operation == "expect" and mode is GenerationMode.POSITIVE:
            # Nobody will come, however long it is waited for.
            assert isinstance(case.body, dict)
            case.body["timeout"] = 0
        if operation in ("perform", "start_room") and mode is GenerationMode.POSITIVE:
            # Some of these actions set a latency of hours.
            body = case.body if isinstance(case.body, dict) else {}
            case.body = {**body, "wait": False}
            case.media_type = "application/json"
        response = case.call(base_url=url, session=http)
        case.validate_response(response, checks=CHECKS)
        if mode is GenerationMode.POSITIVE:
            refused = (400, 415) if operation in BEYOND_SCHEMAS else (400, 415, 422)
            assert response.status_code not in refused, response.text
        elif carries_its_fault(case):
            assert response.status_code >= 400, response.text

    one()


@pytest.mark.parametrize("operation", [row.operation for row in ROWS])
def test_what_fits_is_served_as_described(
    operation: str, mock: ServerProcess, there: dict[str, str], http: requests.Session
) -> None:
    play(operation, GenerationMode.POSITIVE, there, mock.http, http)


@pytest.mark.parametrize("operation", [row.operation for row in ROWS if row.body or row.query])
def test_what_does_not_fit_is_refused_as_described(
    operation: str, mock: ServerProcess, there: dict[str, str], http: requests.Session
) -> None:
    play(operation, GenerationMode.NEGATIVE, there, mock.http, http)
