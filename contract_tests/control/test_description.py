"""The OpenAPI document and the page for people say what the server does."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from mockserver import schemas
from mockserver.control import video, views
from mockserver.server.http import reference, shapes
from mockserver.server.http.endpoint import Endpoint
from mockserver.server.http.paths import PREFIX
from mockserver.server.http.table import ENDPOINTS, openapi

from .conftest import Api

ROOT = Path(__file__).parents[2]
OPERATIONS = {row.operation: row for row in ENDPOINTS}


async def test_the_document_is_served_and_valid(api: Api) -> None:
    served = await api.ok("GET", "/openapi.json")
    assert served == openapi()
    assert served["openapi"].startswith("3.1.")
    validate(served)


def test_every_row_is_an_operation_of_its_own() -> None:
    assert len(OPERATIONS) == len(ENDPOINTS)
    described = {
        (method.upper(), path): operation["operationId"]
        for path, methods in openapi()["paths"].items()
        for method, operation in methods.items()
    }
    assert described == {(row.method, PREFIX + row.path): row.operation for row in ENDPOINTS}


@pytest.mark.parametrize("row", ENDPOINTS, ids=list(OPERATIONS))
def test_every_operation_says_what_it_does(row: Endpoint) -> None:
    assert row.summary
    assert len(row.summary) <= 100
    assert "``" not in row.summary + row.description


def test_every_action_is_a_choice_of_the_body() -> None:
    components = openapi()["components"]["schemas"]
    choices = components["action"]["discriminator"]["mapping"]
    assert sorted(choices) == shapes.actions()
    for verb, reference_ in choices.items():
        described = components[reference_.rpartition("/")[2]]
        assert described["properties"]["do"]["const"] == verb
        own = set(schemas.load(f"actions/{verb}")["properties"])
        assert set(described["properties"]) == {"do", "wait", *own}


def test_every_shape_is_used() -> None:
    text = str(openapi()["paths"]) + str(openapi()["components"])
    queries = {row.query for row in ENDPOINTS}
    for name in schemas.names():
        kind, _, shape = name.partition("/")
        if kind == "control" and shape not in queries:
            assert f"#/components/schemas/{shape}'" in text, name


@pytest.mark.parametrize(
    ("view", "shape"),
    [
        (video.Room, "room_view"),
        (video.Member, "member_view"),
        (video.Recording, "recording_view"),
        (views.Session, "session_view"),
        (views.Clock, "clock_view"),
        (views.Happening, "happening"),
        (views.Fault, "fault_view"),
    ],
)
def test_what_is_shown_is_described(view: type, shape: str) -> None:
    fields = [field.name for field in dataclasses.fields(view)]
    assert fields == list(shapes.shape(shape)["properties"])
    assert fields == shapes.shape(shape)["required"]


def test_the_page_for_people_is_made_of_the_table() -> None:
    page = (ROOT / "docs" / "CONTROL_API.md").read_text()
    assert page == reference.page(), f"run: {reference.COMMAND}"
