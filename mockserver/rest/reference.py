"""The table as a page for people: ``python -m mockserver.rest.reference > PAGE``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from mockserver import fidelity
from mockserver.protocol.explanation import describe

from . import checking
from .table import SECTIONS, Operation

COMMAND = "python -m mockserver.rest.reference > docs/REST.md"

FACTS = "REST"
"""The section of the facts that this page repeats."""

OPENING = f"""\
# The Video REST API

The part of the vendor's REST API that knows rooms, on the same port as the WebSocket, with one
state: what a script or a client started is found here, and what is set up here takes effect there,
by the space's clock. The table and the schemas of which the server's routes are made make this
page, too (`{COMMAND}`), and the OpenAPI 3.1 document at
`GET /__mock__/rest/openapi.json`.

```console
$ curl -s -u my-project:any http://127.0.0.1:8787/api/video/room_sessions
```

**Who asks.** Basic authentication, `PROJECT:TOKEN`, as in `signalwire.connect`: the project's space
is meant, and made when there is none yet (the token `scenario:NAME` chooses its script). Any pair
will do, unless the server was started with `--credentials`. Below `/space/NAME/api/…` the space
`NAME` is meant, whatever the project. A space that is there is taken as it is: asking never begins
a scenario again.

**Where applications look.** They put `SIGNALWIRE_SPACE` into `https://$SIGNALWIRE_SPACE/api/…`.
`mockserver run` and the fixture `signalwire_env` set it to `HOST:PORT`; the mock speaks `http`.
Python tests have `mock.rest_url`.

## What goes wrong

| status | body | when |
|---|---|---|
| 400 | `{{"error": "Bad Request"}}` | the body is not a JSON object |
| 401 | `{{"error": "Unauthorized"}}` | the credentials are missing or wrong |
| 403 | `{{"error": "Forbidden"}}` | a page of another site asks; a link to a file has expired |
| 404 | `{{"error": "Not Found"}}` | there is no such path or object |
| 422 | `{{"errors": [{{"type", "code", "message", "attribute", "url"}}]}}` | fields do not fit |
| 500 | `{{"error": "Internal Server Error"}}` | the mock has a bug; see its log |

`attribute` names the field. To meet any other error: `POST /__mock__/spaces/NAME/rest_answers`, or
`mock.answer_rest_next("create_room_token", 500)`. With `rest: synthesise` in the scenario, an id
that was never made is answered with an example in place of 404.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([OPENING, *_known(), *_sections(), *_objects()])


def _known() -> Iterator[str]:
    yield "## What is known, and what is assumed\n"
    yield "The letters, and the numbers of assumptions, are those of [FIDELITY.md](FIDELITY.md).\n"
    yield "| behaviour | source |\n|---|---|"
    for fact in fidelity.facts():
        if fact.section == FACTS:
            yield f"| {fact.behaviour} | {fact.label} |"
    yield ""


def _sections() -> Iterator[str]:
    for section, rows in SECTIONS.items():
        yield f"## {section}\n"
        for row in rows:
            yield from _operation(row)


def _operation(row: Operation) -> Iterator[str]:
    yield f"### {row.method} {row.path}\n"
    yield f"`{row.id}`. {row.summary}\n"
    if row.query is not None:
        yield "Query:\n"
        yield from _fields(checking.shape(row.query))
    if row.body is not None:
        yield "Body:\n"
        yield from _fields(checking.shape(row.body))
    phrase = HTTPStatus(row.status).phrase
    answer = "" if row.answer is None else f", [{row.answer}](#{row.answer})"
    errors = ", ".join(
        f"{status}" if status in (401, 500, *row.errors) else f"{status} [A]"
        for status in row.statuses
    )
    yield f"Answer: {row.status} {phrase}{answer}. Errors: {errors}.\n"


def _objects() -> Iterator[str]:
    yield "## Answers\n"
    named: list[str] = []
    for rows in SECTIONS.values():
        for row in rows:
            _collect(row.answer, named)
    for name in sorted(named):
        schema = checking.shape(name)
        yield f"### {name}\n"
        yield f"{schema['title']}. {schema['description']}\n"
        yield from _fields(schema, answer=True)


def _collect(name: str | None, named: list[str]) -> None:
    """Add the shape of this name, and those within it."""
    if name is None or name in named:
        return
    named.append(name)
    for field in checking.shape(name)["properties"].values():
        for part in (field, field.get("items", {})):
            if "$ref" in part:
                _collect(part["$ref"].removesuffix(".json"), named)


def _fields(schema: Mapping[str, Any], *, answer: bool = False) -> Iterator[str]:
    yield "| field | what | |\n|---|---|---|"
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        if answer:
            must = "" if name in required else "optional"
        else:
            must = "required" if name in required else ""
        if "default" in field:
            must = f"default `{json.dumps(field['default'])}`"
        what = f"{_kind(field)}. {field['description']}".replace("|", "\\|")
        if field.get("x-source") == "A":
            what += " [A]"
        yield f"| `{name}` | {what} | {must} |"
    yield ""


def _kind(field: Mapping[str, Any]) -> str:
    items = field.get("items", {})
    if "$ref" in field or "$ref" in items:
        name = str(field.get("$ref") or items["$ref"]).removesuffix(".json")
        return f"[{name}](#{name})" if "$ref" in field else f"a list of [{name}](#{name})"
    if field.get("type") == "array":
        return f"a list, each {describe(items)}" if "enum" not in items else "a list of names"
    return describe(field)


if __name__ == "__main__":
    sys.stdout.write(page())
