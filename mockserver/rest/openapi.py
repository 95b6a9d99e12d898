"""The table as an OpenAPI 3.1 document."""

from __future__ import annotations

import re
from functools import cache
from http import HTTPStatus
from typing import Any

import mockserver
from mockserver import schemas

from . import checking
from .errors import TEXTS
from .table import SECTIONS, Operation

JSON = "application/json"
PATH_PARTS = {"id": "The object's id.", "name": "The room's name."}
_OF_OURS = re.compile(r"([a-z_]+)\.json")


@cache
def document() -> dict[str, Any]:
    """The document; made once and shared: do not change it."""
    paths: dict[str, dict[str, Any]] = {}
    for section, rows in SECTIONS.items():
        for row in rows:
            paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, section)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "signalwire-mockserver: the Video REST API",
            "version": mockserver.__version__,
            "description": (
                "The part of the vendor's REST API that knows the rooms of the mock. Bodies and "
                "queries may have more keys, which are ignored."
            ),
        },
        "security": [{"basic": []}],
        "tags": [{"name": section} for section in SECTIONS],
        "paths": paths,
        "components": {
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
            "schemas": _components(),
        },
    }


def _operation(row: Operation, section: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": row.id,
        "tags": [section],
        "summary": row.summary,
        "parameters": [*_path_parts(row), *_query(row)],
        "responses": {str(row.status): _answer(row), **_errors(row)},
    }
    if row.body is not None:
        told["requestBody"] = {
            "required": bool(checking.shape(row.body).get("required")),
            "content": {JSON: {"schema": _ref(row.body)}},
        }
    return told


def _path_parts(row: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PATH_PARTS[name],
            "schema": {"type": "string", "minLength": 1},
        }
        for name in re.findall(r"\{(\w+)\}", row.path)
    ]


def _query(row: Operation) -> list[dict[str, Any]]:
    if row.query is None:
        return []
    return [
        {
            "name": name,
            "in": "query",
            "description": field["description"],
            "schema": {key: field[key] for key in field if key != "description"},
        }
        for name, field in checking.shape(row.query)["properties"].items()
    ]


def _answer(row: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {"description": HTTPStatus(row.status).phrase}
    if row.answer is not None:
        told["content"] = {JSON: {"schema": _ref(row.answer)}}
    return told


def _errors(row: Operation) -> dict[str, Any]:
    fields = "relay_rest_errors" if row.older else "rest_errors"
    return {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {JSON: {"schema": _ref(fields) if status == 422 else _error(status)}},
        }
        for status in row.statuses
    }


def _error(status: int) -> dict[str, Any]:
    return {**_ref("rest_error"), "properties": {"error": {"const": TEXTS[status]}}}


def _components() -> dict[str, Any]:
    names = [name.removeprefix("rest/") for name in schemas.names() if name.startswith("rest/")]
    return {
        name: _for_openapi(checking.shape(name)) for name in names if not name.endswith("_query")
    }


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
    if isinstance(part.get("$ref"), str) and (match := _OF_OURS.fullmatch(part["$ref"])):
        kept |= _ref(match[1])
    return kept
