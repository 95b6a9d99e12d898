"""The table as an OpenAPI 3.1 document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import mockserver
from mockserver import schemas

from . import shapes
from .endpoint import Endpoint
from .paths import PREFIX

PROBLEM = "application/problem+json"
_OF_OURS = re.compile(r"(?:\.\./control/)?([a-z_]+)\.json")

PATH_PARTS = {
    "space": "The space's name; percent-encoded where it has to be.",
    "room": "The id of a room session, or the name of a room that is running.",
    "recording": "The recording's id.",
    "playback": "The playback's id.",
    "stream": "The stream's id.",
    "answer": "The number of a planned answer.",
    "fault": "The fault's number.",
    "kind": "The kind of a schema: actions, calls, events, results, ….",
    "name": "What the schema describes: the rest of its name, behind the slash.",
    "version": "The version of this project that is running.",
    "file": "The name of a schema with .json behind it.",
}


def openapi(sections: Mapping[str, Iterable[Endpoint]]) -> dict[str, Any]:
    """The document that describes these endpoints."""
    paths: dict[str, dict[str, Any]] = {}
    for section, rows in sections.items():
        for row in rows:
            paths.setdefault(PREFIX + row.path, {})[row.method.lower()] = _operation(row, section)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "signalwire-mockserver: control API",
            "version": mockserver.__version__,
            "description": (
                "What tests do to the mock while it runs. Not for pages of another origin; beyond "
                "loopback, or when the server was given one, a token is needed."
            ),
        },
        "security": [{}, {"token": []}],
        "tags": [{"name": section} for section in sections],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": _components(),
        },
    }


def _operation(row: Endpoint, section: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": row.operation,
        "tags": [section],
        "summary": row.summary,
    }
    if row.description:
        told["description"] = row.description
    parameters = [_path_part(name) for name in re.findall(r"\{(\w+)\}", row.path)]
    if row.query is not None:
        parameters += _query(shapes.shape(row.query))
    if parameters:
        told["parameters"] = parameters
    if row.body is not None:
        told["requestBody"] = {
            "required": is_required(row.body),
            "content": {"application/json": {"schema": _ref(row.body)}},
        }
    if row.takes is not None:
        told["requestBody"] = {"required": True, "content": {row.takes: {"schema": _TEXT}}}
    told["responses"] = {str(row.status): _answer(row)} | _problems(row)
    return told


def is_required(body: str) -> bool:
    """Whether a request without a body breaks the shape of the body."""
    return body == shapes.ACTION or bool(shapes.shape(body).get("required"))


def _path_part(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": PATH_PARTS[name],
        "schema": {"type": "string", "minLength": 1},
    }


def _query(shape: shapes.Schema) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "query",
            "description": field["description"],
            "schema": {key: field[key] for key in field if key != "description"},
            **({"style": "form", "explode": False} if field.get("type") == "array" else {}),
        }
        for name, field in shape["properties"].items()
    ]


def _answer(row: Endpoint) -> dict[str, Any]:
    told: dict[str, Any] = {"description": HTTPStatus(row.status).phrase}
    if row.status == 204:
        return told
    if row.status == 201:
        told["headers"] = {
            "Location": {
                "description": "Where it is from now on.",
                "required": True,
                "schema": {"type": "string"},
            }
        }
    told["content"] = {media: {"schema": _content(row, media)} for media in row.media}
    return told


_TEXT = {"type": "string"}


def _problems(row: Endpoint) -> dict[str, Any]:
    return {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM: {"schema": _ref("problem")}},
        }
        for status in row.statuses
    }


def _components() -> dict[str, Any]:
    names = [name.removeprefix("control/") for name in schemas.names() if "control/" in name]
    found = {name: _for_openapi(shapes.shape(name)) for name in names}
    verbs = shapes.actions()
    for verb in verbs:
        found[f"do_{verb}"] = _for_openapi(shapes.action_shape(verb))
    found[shapes.ACTION] = {
        "title": "An action, with its arguments",
        "oneOf": [_ref(f"do_{verb}") for verb in verbs],
        "discriminator": {
            "propertyName": "do",
            "mapping": {verb: _ref(f"do_{verb}")["$ref"] for verb in verbs},
        },
    }
    return dict(sorted(found.items()))


def _content(row: Endpoint, media: str) -> dict[str, Any]:
    if not media.endswith("json"):
        return _TEXT
    return _ref(row.answer) if row.answer else {"type": "object"}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _for_openapi(part: Any) -> Any:
    """The same schema, without an identity of its own, its references within the document."""
    if isinstance(part, list):
        return [_for_openapi(each) for each in part]
    if not isinstance(part, dict):
        return part
    kept = {
        key: _for_openapi(value) for key, value in part.items() if key not in ("$schema", "$id")
    }
    reference = part.get("$ref")
    if isinstance(reference, str) and (match := _OF_OURS.fullmatch(reference)):
        kept |= _ref(match[1])
    elif isinstance(reference, str):
        # An object of the wire, which the document does not have: it is written out here.
        del kept["$ref"]
        kept = _for_openapi(schemas.resolve(reference)) | kept
    return kept
