"""The protocol as a page for people: ``python -m mockserver.protocol.descriptions.page > PAGE``."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from mockserver import schemas
from mockserver.protocol import catalogue
from mockserver.protocol.explanation import describe

COMMAND: Final = "python -m mockserver.protocol.descriptions.page > docs/PROTOCOL.md"

OPENING: Final = f"""\
# The protocol

JSON-RPC 2.0 over a WebSocket: the calls that this server takes, what it answers, and the events
that it sends. The page is made from the schemas (`{COMMAND}`).
`python -m mockserver schema NAME` prints one, `schema --all DIR` writes all of them; `--asyncapi`
and `--openrpc` print documents for programs, which a running server has at
`/__mock__/asyncapi.json` and `/__mock__/openrpc.json`.

Letters say where a fact comes from: **D** the vendor's documentation, **W** seen on the wire,
**T** types and tests of the vendor's packages, **R** the vendor's REST specification, **E** the
vendor's end-to-end tests, **A** assumed by this project. [FIDELITY.md](FIDELITY.md) has what is
known and assumed of the behaviour.
"""


def page() -> str:
    """The whole page."""
    parts = [OPENING, *_frames(), *_calls(), *_events(), *_objects()]
    return "\n".join(parts).rstrip("\n") + "\n"


def _named(kind: str) -> list[str]:
    return [name.partition("/")[2] for name in schemas.names() if name.partition("/")[0] == kind]


def _frames() -> Iterator[str]:
    yield "## Frames\n"
    for name in _named("envelopes"):
        schema = schemas.load(f"envelopes/{name}")
        yield f"### {schema['title']}\n\n{_about(schema)}\n"
        yield from _fields(schema)
        yield from _examples(schema["examples"][:1])


def _calls() -> Iterator[str]:
    yield "## Calls\n"
    for area, methods in groupby(sorted(_named("calls"), key=_area), _area):
        yield f"### {area}\n"
        for method in methods:
            call, result = schemas.load(f"calls/{method}"), schemas.load(f"results/{method}")
            yield f"#### {method}\n\n{_about(call)}\n"
            yield f"By the {_callers(call['x-caller'])}.{_needs(method)}\n"
            yield from _fields(call, "Params")
            yield f"Result: {_about(result)}\n"
            yield from _fields(result)
            yield from _examples([*call["examples"][:1], *result["examples"][:1]])


def _callers(who: str) -> str:
    return "client or the server" if who == "both" else who


def _needs(method: str) -> str:
    needed = catalogue.permission(method)
    return f" Needs the permission `{needed}`." if needed else ""


def _events() -> Iterator[str]:
    yield "## Events\n"
    yield "The `params` of each stand within those of [signalwire.event](#signalwireevent).\n"
    for name in _named("events"):
        schema = schemas.load(f"events/{name}")
        yield f"### {name}\n\n{_about(schema)}\n"
        yield from _fields(schema)
        yield from _examples(schema["examples"][:1])


def _objects() -> Iterator[str]:
    yield "## Objects\n"
    for name in _named("objects"):
        schema = schemas.load(f"objects/{name}")
        yield f"### {schema['title']}\n\n{_about(schema)}\n"
        if "properties" not in schema:
            yield f"It is {describe(schema)}.\n"
        yield from _fields(schema)
        yield from _examples(schema["examples"][:1])


def _area(method: str) -> str:
    """``signalwire.connect`` -> session, ``video.recording.stop`` -> recording."""
    namespace, *rest = method.split(".")
    if namespace == "signalwire":
        return "Session"
    return f"{namespace.capitalize()}: {rest[0] if len(rest) > 1 else 'the room'}"


def _about(schema: Mapping[str, Any]) -> str:
    return _text(str(schema["description"]))


def _text(text: str) -> str:
    """A text for one line, or one cell of a table."""
    return text.replace("\n", " ").replace("|", "\\|").replace("<", "&lt;")


def _fields(schema: Mapping[str, Any], heading: str | None = None) -> Iterator[str]:
    """A table of the fields, those of the schema that it extends included."""
    fields, required = _all_fields(schema)
    if not fields:
        return
    if heading:
        yield f"{heading}:\n"
    yield "| field | what | | source |\n|---|---|---|---|"
    for name, field in fields.items():
        must = "required" if name in required else ""
        what = f"{_kind(field)}. {_text(field['description'])}"
        yield f"| `{name}` | {what} | {must} | {field.get('x-source', '')} |"
    yield ""


def _all_fields(schema: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    fields: dict[str, Any] = {}
    required: set[str] = set()
    extended = [schema, *schema.get("allOf", ())]
    for reference in (part["$ref"] for part in extended if "$ref" in part):
        more, needed = _all_fields(schemas.resolve(reference))
        fields |= more
        required |= needed
    return fields | schema.get("properties", {}), required | set(schema.get("required", ()))


def _kind(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        return _link(field["$ref"])
    items = field.get("items", {})
    if "$ref" in items:
        return f"a list, each {_link(items['$ref'])}"
    if field.get("type") == "array":
        return f"a list, each {describe(items)}"
    return describe(field)


def _link(reference: str) -> str:
    """A link to a schema of this page, by its title as headings are linked to."""
    title = str(schemas.resolve(reference)["title"])
    # A result stands below its call.
    place = re.sub(r"[^\w -]", "", title.removeprefix("Result of ").lower()).replace(" ", "-")
    return f"[{title}](#{place})"


def _examples(examples: list[Any]) -> Iterator[str]:
    yield "```json"
    for example in examples:
        yield json.dumps(example, ensure_ascii=False)
    yield "```\n"


if __name__ == "__main__":
    sys.stdout.write(page())
