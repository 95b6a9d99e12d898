"""Each schema file is sound, documented, and true to the examples that stand in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import jsonschema
import jsonschema_rs
import pytest

from mockserver import schemas
from mockserver.protocol.explanation import explain

from .samples import OWN, WIRE

KEYWORDS = {
    "$schema", "$id", "$ref", "title", "description", "examples", "type", "const", "enum",
    "properties", "required", "items", "allOf", "anyOf", "not", "pattern", "minimum", "maximum",
    "minLength", "additionalProperties", "x-caller", "x-permission", "x-expected", "x-source",
}  # fmt: skip
every_schema = pytest.mark.parametrize("name", WIRE)


def parts(schema: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """A schema and all schemas within it, with their places."""
    yield place, schema
    for name, inner in schema.get("properties", {}).items():
        yield from parts(inner, f"{place}/{name}")
    for keyword in ("allOf", "anyOf"):
        for index, inner in enumerate(schema.get(keyword, ())):
            yield from parts(inner, f"{place}/{keyword}[{index}]")
    for keyword in ("items", "not", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield from parts(schema[keyword], f"{place}/{keyword}")


@pytest.mark.parametrize("name", schemas.names())
def test_it_is_valid_2020_12(name: str) -> None:
    schema = schemas.load(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)
    assert jsonschema_rs.meta.is_valid(schema)


@pytest.mark.parametrize("name", schemas.names())
def test_its_id_is_its_place(name: str) -> None:
    assert schemas.load(name)["$id"] == schemas.uri(name)


@every_schema
def test_it_says_what_it_is_and_every_field_its_meaning_and_source(name: str) -> None:
    schema = schemas.load(name)
    assert schema["title"]
    assert schema["description"].endswith((".", "?"))
    for place, part in parts(schema):
        for field, inner in part.get("properties", {}).items():
            where = f"{place}/{field}"
            assert inner.get("description", "").endswith("."), f"{where} lacks a description"
            assert inner.get("x-source", ""), f"{where} lacks a source"
            assert set(inner["x-source"]) <= set("DWTREA"), where


@every_schema
def test_times_and_lengths_say_their_unit(name: str) -> None:
    for place, part in parts(schemas.load(name)):
        for field, inner in part.get("properties", {}).items():
            if inner.get("type") in ("number", "integer"):
                words = ("second", "unit", "version")
                assert any(word in inner["description"] for word in words), f"{place}/{field}"


@every_schema
def test_it_uses_no_keyword_that_would_go_unexplained(name: str) -> None:
    for place, part in parts(schemas.load(name)):
        assert set(part) <= KEYWORDS, place
        # What both libraries read alike: no classes that depend on Unicode.
        assert "\\" not in part.get("pattern", ""), place


@every_schema
def test_it_says_of_a_list_only_what_its_items_are(name: str) -> None:
    # So a long list can be checked a part at a time.
    of_the_whole = {"minItems", "maxItems", "uniqueItems", "contains", "prefixItems"}
    for place, part in parts(schemas.load(name)):
        assert not of_the_whole & set(part), place
        if place.endswith("]") and "anyOf" in place:
            assert not any("items" in each for _, each in parts(part)), place


@every_schema
def test_it_is_open_to_fields_that_it_does_not_know(name: str) -> None:
    for place, part in parts(schemas.load(name)):
        # A map may say what its values are; it may not refuse a key.
        assert part.get("additionalProperties") is not False, place


@every_schema
def test_what_it_requires_is_described_somewhere(name: str) -> None:
    for place, part in parts(schemas.load(name)):
        described = set(part.get("properties", ()))
        if "$ref" in part:
            described |= set(schemas.resolve(part["$ref"]).get("properties", ()))
        if place.startswith("/anyOf") or place == "/not":
            continue
        assert set(part.get("required", ())) <= described, place


@every_schema
def test_its_references_lead_where_a_registry_would_go(name: str) -> None:
    for place, part in parts(schemas.load(name)):
        if "$ref" in part:
            target = schemas.resolve(part["$ref"])
            assert target["$id"] == urljoin(schemas.uri(name), part["$ref"]), place


@pytest.mark.parametrize("name", [*WIRE, *OWN])
def test_its_examples_fit_it(name: str) -> None:
    schema = schemas.load(name)
    assert schema["examples"]
    registry = jsonschema_rs.Registry(list(schemas.registry_documents()))
    validator = jsonschema_rs.Draft202012Validator(schema, registry=registry)
    for example in schema["examples"]:
        assert validator.is_valid(example), explain(example, schema)


OPEN = "space_options"
"""What others extend: they are closed."""


@pytest.mark.parametrize("name", OWN)
def test_what_is_not_of_the_wire_is_closed_and_describes_its_fields(name: str) -> None:
    schema = schemas.load(name)
    # One that extends another by $ref is closed for the fields that neither of them has.
    closed = "unevaluatedProperties" if "$ref" in schema else "additionalProperties"
    assert name == OPEN or schema[closed] is False
    for place, part in parts(schema):
        for field, inner in part.get("properties", {}).items():
            assert inner.get("description") or "$ref" in inner, f"{place}/{field}"


def test_each_call_has_a_result_and_says_who_calls() -> None:
    calls = {name[len("calls/") :] for name in WIRE if name.startswith("calls/")}
    results = {name[len("results/") :] for name in WIRE if name.startswith("results/")}
    assert calls == results
    for name in calls:
        assert schemas.load(f"calls/{name}")["x-caller"] in ("client", "server", "both")


def test_loading_takes_short_names_where_they_are_clear() -> None:
    started = schemas.load("video.recording.started")
    assert started is schemas.load("events/video.recording.started")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("video.recording.pause", "calls/video.recording.pause or results/video.recording.pause"),
        ("events/video.recording.stated", "near it: events/video.recording.started"),
        ("../secrets", "there is no schema"),
    ],
)
def test_a_name_that_is_wrong_or_unclear_is_told_so(name: str, words: str) -> None:
    with pytest.raises(KeyError, match=words):
        schemas.load(name)


# Facts that must not be lost when a schema is edited; each is one that clients depend on.
@pytest.mark.parametrize(
    ("event", "state", "fits"),
    [
        ("started", "recording", True),
        ("started", "paused", False),
        ("started", "completed", False),
        ("updated", "recording", True),
        ("updated", "paused", True),
        ("updated", "completed", False),
        ("ended", "recording", False),
        ("ended", "paused", False),
        ("ended", "completed", True),
        ("ended", "processing", False),
    ],
)
def test_the_event_and_the_state_of_its_recording_go_together(
    event: str, state: str, fits: bool
) -> None:
    schema = schemas.load(f"events/video.recording.{event}")
    registry = jsonschema_rs.Registry(list(schemas.registry_documents()))
    params = {"room_id": "a", "room_session_id": "b", "recording": {"id": "c", "state": state}}
    validator = jsonschema_rs.Draft202012Validator(schema, registry=registry)
    assert validator.is_valid(params) is fits


@pytest.mark.parametrize(
    ("code", "success"),
    [
        ("200", True),
        ("299", True),
        (200, True),
        (299, True),
        ("2000", False),
        ("20", False),
        ("x200", False),
        ("404", False),
        (199, False),
        (300, False),
        (200.5, False),
        (None, False),
        (True, False),
    ],
)
def test_a_code_means_success_exactly_when_it_is_2xx(code: object, success: bool) -> None:
    assert jsonschema_rs.is_valid(schemas.load("objects/success_code"), code) is success
