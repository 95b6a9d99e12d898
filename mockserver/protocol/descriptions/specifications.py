"""The protocol for programs: an AsyncAPI 3.0 and an OpenRPC 1.3 document, made from the schemas.

Both formats build on an older JSON Schema than this project's, in which nothing may stand beside a
``$ref``; such a schema becomes an ``allOf`` of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from mockserver import schemas
from mockserver.protocol import catalogue
from mockserver.protocol.validation import composed

TITLE: Final = "Realtime server (mock)"
ABOUT: Final = "JSON-RPC 2.0 over a WebSocket, as this project knows it; see docs/PROTOCOL.md."

_PARTS: Final = ("calls", "results", "events", "objects", "envelopes")
_DIALECT: Final = ("$schema", "$id")
_ERROR: Final = {
    "code": -32602,
    "message": "The params break the schema of the call; `data.problems` says how.",
}


def asyncapi(version: str) -> dict[str, Any]:
    """The AsyncAPI 3.0 document of the server: what it receives, what it sends.

    Args:
        version: this project's version.
    """
    messages = {
        **_messages(catalogue.CLIENT_CALLS, "calls", "call"),
        **_messages(catalogue.CLIENT_CALLS, "results", "result"),
        **_messages(catalogue.EVENTS, "events", "event"),
        **_messages(catalogue.SERVER_CALLS - {"signalwire.event"}, "calls", "server_call"),
        "refusal": _message("A refusal of any call", composed("refusals", "")),
        "error": _message("An error answer to any frame", composed("envelopes", "error_answer")),
        "acknowledgement": _message(
            "A client's answer to an event", composed("envelopes", "acknowledgement")
        ),
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": TITLE, "version": version, "description": ABOUT},
        "defaultContentType": "application/json",
        "servers": {"local": {"host": "localhost:8787", "protocol": "ws"}},
        "channels": {
            "socket": {
                "address": "/",
                "messages": {
                    name: {"$ref": f"#/components/messages/{name}"} for name in sorted(messages)
                },
            }
        },
        "operations": {
            **{
                f"receive.{method}": {
                    **_operation("receive", [f"call.{method}"], schemas.load(f"calls/{method}")),
                    "reply": _reply(f"result.{method}", "refusal", "error"),
                }
                for method in sorted(catalogue.CLIENT_CALLS)
            },
            **{
                f"send.{name}": {
                    **_operation("send", [f"event.{name}"], schemas.load(f"events/{name}")),
                    "reply": _reply("acknowledgement"),
                }
                for name in sorted(catalogue.EVENTS)
            },
            **{
                f"send.{method}": _operation(
                    "send", [f"server_call.{method}"], schemas.load(f"calls/{method}")
                )
                for method in sorted(catalogue.SERVER_CALLS - {"signalwire.event"})
            },
        },
        "components": {"messages": messages, "schemas": _components()},
    }


def openrpc(version: str) -> dict[str, Any]:
    """The OpenRPC 1.3 document of the calls that clients may make.

    Args:
        version: this project's version.
    """
    return {
        "openrpc": "1.3.2",
        "info": {"title": TITLE, "version": version, "description": ABOUT},
        "servers": [{"name": "local", "url": "ws://localhost:8787"}],
        "methods": [_method(method) for method in sorted(catalogue.CLIENT_CALLS)],
        "components": {"schemas": _components()},
    }


def _messages(names: Iterable[str], kind: str, word: str) -> dict[str, Any]:
    return {
        f"{word}.{name}": _message(
            schemas.load(f"{kind}/{name}")["description"], composed(kind, name), name
        )
        for name in sorted(names)
    }


def _message(summary: str, frame: Mapping[str, Any], name: str | None = None) -> dict[str, Any]:
    return {
        **({"name": name} if name else {}),
        "summary": summary,
        "payload": _older(frame),
    }


def _operation(action: str, messages: Iterable[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/socket"},
        "summary": schema["description"],
        "messages": _of_the_channel(messages),
    }


def _reply(*messages: str) -> dict[str, Any]:
    return {"channel": {"$ref": "#/channels/socket"}, "messages": _of_the_channel(messages)}


def _of_the_channel(messages: Iterable[str]) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/socket/messages/{name}"} for name in messages]


def _method(method: str) -> dict[str, Any]:
    call, result = schemas.load(f"calls/{method}"), schemas.load(f"results/{method}")
    params = [
        {
            "name": name,
            "description": field["description"],
            "required": name in call.get("required", ()),
            "schema": _older(field),
        }
        for name, field in call.get("properties", {}).items()
    ]
    # Positions mean nothing here; the format wants the required ones first all the same.
    params.sort(key=lambda param: not param["required"])
    return {
        "name": method,
        "summary": call["description"],
        "paramStructure": "by-name",
        "params": params,
        "result": {"name": "result", "schema": _older({"$ref": schemas.uri(f"results/{method}")})},
        "errors": [_ERROR],
        "examples": [
            {
                "name": method,
                "params": [
                    {"name": name, "value": value} for name, value in call["examples"][0].items()
                ],
                "result": {"name": "result", "value": result["examples"][0]},
            }
        ],
    }


def _components() -> dict[str, Any]:
    return {
        _component(name): _older(schemas.load(name))
        for name in schemas.names()
        if name.partition("/")[0] in _PARTS
    }


def _component(name: str) -> str:
    """``objects/recording`` -> ``objects.recording``: keys may have no slash."""
    return name.replace("/", ".")


def _older(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema in the older dialect, with references into the document."""
    kept = {
        key: _KEYWORDS.get(key, _as_it_is)(value)
        for key, value in schema.items()
        if key not in _DIALECT and key != "$ref"
    }
    if "$ref" not in schema:
        return kept
    reference = {"$ref": f"#/components/schemas/{_component(_full_name(schema['$ref']))}"}
    return {"allOf": [reference, kept]} if kept else reference


def _full_name(reference: str) -> str:
    return str(schemas.resolve(reference)["$id"]).removeprefix(schemas.BASE_URI)[: -len(".json")]


def _each(parts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [_older(part) for part in parts]


def _by_name(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: _older(part) for name, part in parts.items()}


def _one(part: Any) -> Any:
    return _older(part) if isinstance(part, Mapping) else part


def _as_it_is(value: Any) -> Any:
    return value


_KEYWORDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "properties": _by_name,
    "patternProperties": _by_name,
    "allOf": _each,
    "anyOf": _each,
    "oneOf": _each,
    "items": _one,
    "not": _one,
    "additionalProperties": _one,
    "propertyNames": _one,
}
"""Keywords whose values hold schemas."""
