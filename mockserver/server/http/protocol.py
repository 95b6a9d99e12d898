"""What the project knows of the protocol: its schemas, and the rules of the contract."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from mockserver import contract, schemas
from mockserver.protocol import catalogue

from . import shapes
from .endpoint import Call
from .problems import HttpProblem

SCHEMA = "application/schema+json"


async def list_rules(call: Call) -> Any:
    """The rules of the contract, each with what a user would see break."""
    return {
        "rules": [
            {"name": rule.name, "sentence": rule.sentence, "party": rule.party}
            for rule in contract.RULES
        ]
    }


async def list_schemas(call: Call) -> Any:
    """The JSON Schemas of calls, results, events, objects and of this API, by name."""
    kind = call.query.get("kind")
    return {
        "schemas": [
            {
                "name": name,
                "title": schema.get("title", name),
                "description": schema.get("description", ""),
            }
            for name in schemas.names()
            if "/" in name and (kind is None or name.startswith(f"{kind}/"))
            for schema in [schemas.load(name)]
        ]
    }


async def get_schema(call: Call) -> Any:
    """A schema. Where it asks for the name of a thing that is listed elsewhere, the list is there.

    The names of calls, rules and scenarios are such lists.
    """
    name = f"{call.path['kind']}/{call.path['name']}"
    if name not in schemas.names():
        near = catalogue.nearest(name, schemas.names())
        hint = f"did you mean {near[0]}?" if near else "see /__mock__/schemas"
        raise HttpProblem(404, f'no schema "{name}"; {hint}')
    document = orjson.dumps(shapes.with_names(schemas.load(name)))
    return web.Response(body=document + b"\n", content_type=SCHEMA)
