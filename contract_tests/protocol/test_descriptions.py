"""The protocol described for others says what the schemas say, and all of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from mockserver import schemas
from mockserver.protocol import catalogue
from mockserver.protocol.descriptions import page, specifications

PAGE = Path(__file__).parents[2] / "docs" / "PROTOCOL.md"
ASYNCAPI = specifications.asyncapi("1.2.3")
OPENRPC = specifications.openrpc("1.2.3")
MESSAGES: dict[str, Any] = ASYNCAPI["components"]["messages"]


def test_the_page_says_what_the_schemas_say() -> None:
    assert PAGE.read_text("utf-8") == page.page(), f"run: {page.COMMAND}"


def test_each_link_of_the_page_leads_to_one_heading() -> None:
    text = PAGE.read_text("utf-8")
    headings = [
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    ]
    links = set(re.findall(r"\(#([^)]*)\)", text))
    assert links
    assert {link: headings.count(link) for link in links if headings.count(link) != 1} == {}


def test_asyncapi_has_every_call_and_event() -> None:
    operations = set(ASYNCAPI["operations"])
    assert operations == {
        *(f"receive.{method}" for method in catalogue.CLIENT_CALLS),
        *(f"send.{name}" for name in catalogue.EVENTS),
        *(f"send.{name}" for name in catalogue.SERVER_CALLS - {"signalwire.event"}),
    }


def validator(payload: dict[str, Any], document: dict[str, Any]) -> Draft7Validator:
    return Draft7Validator({**payload, "components": document["components"]})


@pytest.mark.parametrize("method", sorted(catalogue.CLIENT_CALLS))
def test_a_call_of_asyncapi_takes_what_the_schema_takes(method: str) -> None:
    check = validator(MESSAGES[f"call.{method}"]["payload"], ASYNCAPI)
    example = schemas.load(f"calls/{method}")["examples"][0]
    frame = {"jsonrpc": "2.0", "id": "1", "method": method, "params": example}
    assert list(check.iter_errors(frame)) == []
    assert not check.is_valid({**frame, "method": "another"})
    required = schemas.load(f"calls/{method}").get("required", [])
    assert not (required and check.is_valid({**frame, "params": {}}))


@pytest.mark.parametrize("name", sorted(catalogue.EVENTS))
def test_an_event_of_asyncapi_takes_what_the_schema_takes(name: str) -> None:
    check = validator(MESSAGES[f"event.{name}"]["payload"], ASYNCAPI)
    body = schemas.load(f"events/{name}")["examples"][0]
    params = {"event_type": name, "event_channel": "c", "timestamp": 1.5, "params": body}
    frame = {"jsonrpc": "2.0", "id": "1", "method": "signalwire.event", "params": params}
    assert list(check.iter_errors(frame)) == []
    assert not check.is_valid({**frame, "params": {**params, "params": {}}})


@pytest.mark.parametrize("method", OPENRPC["methods"], ids=lambda method: method["name"])
def test_a_method_of_openrpc_takes_what_the_schema_takes(method: dict[str, Any]) -> None:
    """Params by their names, and the example of the result."""
    fields = schemas.load(f"calls/{method['name']}").get("properties", {})
    assert {param["name"] for param in method["params"]} == set(fields)
    [example] = method["examples"]
    given = {param["name"]: param["value"] for param in example["params"]}
    for param in method["params"]:
        check = validator(param["schema"], OPENRPC)
        assert param["name"] in given or not param["required"]
        if param["name"] in given:
            assert list(check.iter_errors(given[param["name"]])) == []
    assert (
        list(validator(method["result"]["schema"], OPENRPC).iter_errors(example["result"]["value"]))
        == []
    )


def test_both_have_the_version() -> None:
    assert {ASYNCAPI["info"]["version"], OPENRPC["info"]["version"]} == {"1.2.3"}
