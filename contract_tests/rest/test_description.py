"""The OpenAPI document and the page: made of the table, and true to it."""

from __future__ import annotations

from pathlib import Path

import openapi_spec_validator

from mockserver.rest import reference
from mockserver.rest.openapi import document
from mockserver.rest.table import OPERATIONS

from .conftest import Rest

PAGE = Path(__file__).parents[2] / "docs" / "REST.md"


def test_the_document_is_valid_openapi() -> None:
    openapi_spec_validator.validate(document())


async def test_the_document_is_served(rest: Rest) -> None:
    async with rest.http.get(f"{rest.host}/__mock__/rest/openapi.json") as response:
        assert await response.json() == document()


def test_every_operation_is_described() -> None:
    told = {
        (path, method.upper()): operation
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }
    assert told.keys() == {(row.path, row.method) for row in OPERATIONS}
    for row in OPERATIONS:
        operation = told[row.path, row.method]
        assert operation["operationId"] == row.id
        assert operation["summary"].endswith((".", "!", "?"))
        statuses = {int(status) for status in operation["responses"]}
        assert statuses == {row.status, *row.statuses}


def test_each_error_has_the_text_of_its_status() -> None:
    for methods in document()["paths"].values():
        for operation in methods.values():
            for status in operation["responses"].keys() & {"400", "401", "403", "404", "500"}:
                answer = operation["responses"][status]
                schema = answer["content"]["application/json"]["schema"]
                text = schema["properties"]["error"]["const"]
                assert text == answer["description"], (operation["operationId"], status)


def test_no_two_operations_have_one_name() -> None:
    names = [row.id for row in OPERATIONS]
    assert len(set(names)) == len(names)


def test_the_page_says_what_the_table_says() -> None:
    assert PAGE.read_text("utf-8") == reference.page(), f"run: {reference.COMMAND}"
