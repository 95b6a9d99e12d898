"""A generator of requests checks the running server against descriptions of its REST API.

One is our own. The other is the vendor's specification, where that is at hand:
``REST_SPECIFICATION`` names the file. It leaves out errors that are possible [A], so its statuses
are not checked, and whatever it allows may be refused for what it says in prose alone.
``REST_EXAMPLES=500`` asks more often.
"""

from __future__ import annotations

import base64
import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from contract_tests.shared import processes
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.processes import ServerProcess
from mockserver.rest.openapi import document
from mockserver.rest.table import OPERATIONS

EXAMPLES = int(os.environ.get("REST_EXAMPLES", "10"))
"""Requests per operation and mode; as many are the same ones in every run."""

SPECIFICATION = os.environ.get("REST_SPECIFICATION", "")

OF_ANY: list[Any] = [
    schemathesis.checks.not_a_server_error,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
OF_OURS = [*OF_ANY, checks.status_code_conformance]

PROJECT = "11111111-1111-4111-8111-111111111111"
"""As the vendor's projects are called: the specification wants a UUID."""

BASIC = {"Authorization": "Basic " + base64.b64encode(f"{PROJECT}:any".encode()).decode()}

ours = schemathesis.openapi.from_dict(document())


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that has to end without a bug of its own."""
    folder = tmp_path_factory.mktemp("server")
    with processes.server("--scenario", "none", "--clock", "manual", folder=folder) as mock:
        yield mock


@pytest.fixture(scope="module")
def there(mock: ServerProcess) -> dict[str, str]:
    """Ids of what is there, by the word before them in a path."""

    def ask(path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = BASIC | {"Content-Type": "application/json"}
        request = urllib.request.Request(mock.http + path, data, headers)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            return json.load(response)

    video = "/api/video"
    room = ask(f"{video}/rooms", {"name": "lobby", "record_on_start": True})
    conference = ask(f"{video}/conferences", {"display_name": "Meeting"})
    ask(f"/__mock__/spaces/{PROJECT}/rooms", {"name": "lobby"})
    application = {"name": "mine", "identifier": "mine"}
    [token, _] = ask(f"{video}/conferences/{conference['id']}/conference_tokens")["data"]
    stream = {"url": "rtmp://example.com/live"}
    return {
        "rooms": room["id"],
        "room_sessions": ask(f"{video}/room_sessions")["data"][0]["id"],
        "room_recordings": ask(f"{video}/room_recordings")["data"][0]["id"],
        "streams": ask(f"{video}/rooms/{room['id']}/streams", stream)["id"],
        "conferences": conference["id"],
        "conference_tokens": token["id"],
        "logs": ask(f"{video}/logs")["data"][0]["id"],
        "domain_applications": ask("/api/relay/rest/domain_applications", application)["id"],
    }


@pytest.fixture(scope="module")
def http() -> Iterator[requests.Session]:
    """Connections that are used again."""
    with requests.Session() as session:
        session.headers.update(BASIC)
        yield session


every = pytest.mark.parametrize(
    ("operation", "mode"),
    [
        (row.id, mode)
        for row in OPERATIONS
        for mode in GenerationMode
        # Without a body or a query nothing could be wrong.
        if mode is GenerationMode.POSITIVE or row.body or row.query
    ],
)


@every
def test_whatever_is_asked_is_answered_as_described(
    operation: str,
    mode: GenerationMode,
    mock: ServerProcess,
    there: dict[str, str],
    http: requests.Session,
) -> None:
    check(ours, OF_OURS, operation, mode, mock, there, http)


@pytest.fixture(scope="module")
def theirs() -> Any:
    """The vendor's specification."""
    return schemathesis.openapi.from_dict(yaml.safe_load(Path(SPECIFICATION).read_text("utf-8")))


@pytest.mark.skipif(not SPECIFICATION, reason="REST_SPECIFICATION does not name the vendor's file")
@every
def test_whatever_is_asked_is_answered_as_the_vendor_describes_it(
    operation: str,
    mode: GenerationMode,
    theirs: Any,
    mock: ServerProcess,
    there: dict[str, str],
    http: requests.Session,
) -> None:
    check(theirs, OF_ANY, operation, mode, mock, there, http)


def check(
    description: Any,
    wanted: list[Any],
    operation: str,
    mode: GenerationMode,
    mock: ServerProcess,
    there: dict[str, str],
    http: requests.Session,
) -> None:
    """Ask for an operation in many ways, and check each answer against a description."""
    row = next(row for row in OPERATIONS if row.id == operation)
    kind = row.path.partition("/{")[0].rpartition("/")[2]
    # What would leave nothing for the others to find is done to what is not there.
    known = "nothing" if row.method == "DELETE" else there.get(kind, "")
    path = {part: known for part in ("id", "name") if f"{{{part}}}" in row.path}

    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=description[row.path][row.method].as_strategy(mode, path_parameters=path))
    def one(case: Any) -> None:
        response = case.call(base_url=mock.http, session=http)
        case.validate_response(response, checks=wanted)

    one()
