"""What the project knows of the protocol: its schemas, and the rules of the contract."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from aiohttp import web

from mockserver import __version__, contract, schemas
from mockserver.protocol import catalogue

from . import shapes
from .endpoint import Call
from .paths import PREFIX
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
    return _written(shapes.with_names(_known(name)))


async def get_schema_of_version(call: Call) -> Any:
    """A schema under an address that lasts: its ``$id`` is that address.

    References in it are relative, so whoever follows them arrives here. Only the schemas of the
    version that is running are here.
    """
    version, name = call.path["version"], f"{call.path['kind']}/{call.path['file']}"
    if version != __version__:
        raise HttpProblem(404, f'no schemas of version "{version}"; this is {__version__}')
    schema = _known(name.removesuffix(".json"))
    address = f"{call.request.scheme}://{call.request.host}{PREFIX}/schemas/{version}/{name}"
    return _written({**schema, "$id": address})


async def get_asyncapi(call: Call) -> Any:
    """The protocol as an AsyncAPI 3.0 document: all calls, answers and events."""
    from mockserver.protocol.descriptions import specifications

    return await asyncio.to_thread(specifications.asyncapi, __version__)


async def get_openrpc(call: Call) -> Any:
    """The calls of clients as an OpenRPC 1.3 document."""
    from mockserver.protocol.descriptions import specifications

    return await asyncio.to_thread(specifications.openrpc, __version__)


def _known(name: str) -> dict[str, Any]:
    if name in schemas.names():
        return schemas.load(name)
    near = catalogue.nearest(name, schemas.names())
    hint = f"did you mean {near[0]}?" if near else f"see {PREFIX}/schemas"
    raise HttpProblem(404, f'no schema "{name}"; {hint}')


def _written(schema: dict[str, Any]) -> web.Response:
    return web.Response(body=orjson.dumps(schema) + b"\n", content_type=SCHEMA)
