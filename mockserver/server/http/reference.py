"""The table as a page for people: ``python -m mockserver.server.http.reference > PAGE``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from mockserver import schemas
from mockserver.protocol.explanation import describe

from . import shapes
from .endpoint import Endpoint
from .paths import PREFIX
from .table import SECTIONS

COMMAND = "python -m mockserver.server.http.reference > docs/CONTROL_API.md"

OPENING = f"""\
# The control API

What tests do to the mock while it runs: HTTP on the same port, JSON in and out. The table and the
schemas of which the server's routes are made make this page, too (`{COMMAND}`),
and the OpenAPI 3.1 document at `GET {PREFIX}/openapi.json`.

```console
$ url=http://127.0.0.1:8787{PREFIX}
$ post() {{ curl -s "$url$1" -H 'Content-Type: application/json' -d "$2"; }}
$ post /spaces '{{"name": "my-test", "scenario": "none", "clock": "manual"}}'
$ post /spaces/my-test/rooms '{{"name": "lobby", "members": ["Ann"]}}'
$ post /spaces/my-test/actions '{{"do": "start_recording", "room": "lobby"}}'
$ post /spaces/my-test/clock/advance '{{"by": "5s"}}'
$ curl -s "$url/spaces/my-test/trace?format=jsonl" > trace.jsonl
```

## What goes wrong

Whatever is not served is answered with a problem document (RFC 9457, `application/problem+json`):
`title`, `status`, `detail`, and where single fields are wrong, `errors`, each with `path` (`$` is
the whole body), `expected`, `found` and often a `hint`. A `type` stands where the status alone does
not say what it is.

| status | when |
|---|---|
| 400 | the body is not JSON, or the query does not fit |
| 401 | the token is missing or wrong |
| 403 | a page of another origin asks, or the server is asked for under a foreign name |
| 404 | there is no such path, space, room or recording |
| 405 | the path is there, but not for this method |
| 408 | what was waited for did not come |
| 409 | it cannot be done as things are |
| 410 | the space ended meanwhile |
| 413 | the body is longer than 1 MiB |
| 415 | the body is not `application/json` |
| 422 | the body does not fit; `errors` names the fields |

## Who may ask

- **Nobody beyond this machine**, as long as the server listens on loopback, which it does unless
  `--host` says otherwise. Beyond loopback every request needs `Authorization: Bearer TOKEN`; the
  token is that of `--control-token`, else one is made up at each start, printed, and written to the
  ready file as `token`. With `--control-token` it is needed on loopback, too.
- **No page of another origin.** A request is refused when its `Origin` is not the server's own,
  when `Sec-Fetch-Site` says that another site sent it, and when its `Host` is neither `localhost`,
  a loopback address nor the address given to `--host`, as it is after DNS rebinding (bound to all
  addresses the server cannot know its names; there the token is what guards). Bodies have to be
  `application/json`, which a page cannot send elsewhere without being asked first, and no answer
  ever lets another origin read it.
- **WebSockets** are for programs, which send no `Origin`, and for pages of this machine
  (`http://localhost:…`, `http://127.0.0.1:…`), so that something under development can connect.
  Pages of other hosts are refused with 403, so that no page that is open in a browser can join.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([OPENING, *_sections(), *_actions(), *_answers()])


def _sections() -> Iterator[str]:
    for section, rows in SECTIONS.items():
        yield f"## {section}\n"
        for row in rows:
            yield from _endpoint(row)


def _endpoint(row: Endpoint) -> Iterator[str]:
    yield f"### {row.method} {PREFIX}{row.path}\n"
    yield f"{row.summary}." + (f" {row.description}" if row.description else "") + "\n"
    if row.query is not None:
        yield "Query:\n"
        yield from _fields(shapes.shape(row.query))
    if row.takes is not None:
        yield f"Body: `{row.takes}`."
        yield ""
    if row.body == shapes.ACTION:
        yield "Body: `do` and the arguments of one of the [actions](#actions).\n"
    elif row.body is not None:
        yield "Body:\n"
        yield from _fields(shapes.shape(row.body))
        yield from _examples(shapes.shape(row.body)["examples"])
    yield f"Answer: {row.status} {HTTPStatus(row.status).phrase}{_answered(row)}. " + (
        f"Problems: {', '.join(str(status) for status in row.statuses)}.\n"
    )


def _answered(row: Endpoint) -> str:
    if row.answer == "openapi":
        return ", the document"
    shape = f", [{row.answer}](#{row.answer})" if row.answer else ""
    media = [f"`{media}`" for media in row.media if media != "application/json"]
    if not media:
        return shape
    return f"{shape}, or {media[0]}" if shape else f", {media[0]}"


def _actions() -> Iterator[str]:
    yield "## Actions\n"
    yield (
        "What the service, or somebody in a room, can be made to do; scripts can do the same.\n"
        "Those that happen in a room take `room`, its name or the id of its session, which may be\n"
        "left out while only one is running.\n"
    )
    for verb in shapes.actions():
        schema = shapes.action_shape(verb)
        yield f"### {verb}\n"
        yield f"{schema['title']}. {schema['description']}\n"
        if schema["x-causes"]:
            yield f"Causes: {', '.join(f'`{each}`' for each in schema['x-causes'])}.\n"
        common = ("do", "room")
        arguments = {key: each for key, each in schema["properties"].items() if key not in common}
        if arguments:
            yield from _fields({**schema, "properties": arguments})
        yield from _examples(schema["examples"][:1])


def _answers() -> Iterator[str]:
    yield "## Answers\n"
    named: list[str] = []
    for rows in SECTIONS.values():
        for row in rows:
            _collect(row.answer, named)
    _collect("problem", named)
    for name in sorted(named):
        schema = shapes.shape(name)
        yield f"### {name}\n"
        yield f"{schema['title']}.\n"
        yield from _fields(schema)


def _collect(name: str | None, named: list[str]) -> None:
    """Add the shape of this name, and those within it."""
    if name is None or name in named or name == "openapi":
        return
    named.append(name)
    for field in shapes.shape(name)["properties"].values():
        for part in (field, field.get("items", {})):
            # What lies elsewhere has a page of its own.
            if "$ref" in part and not part["$ref"].startswith("../"):
                _collect(part["$ref"].removesuffix(".json"), named)


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    yield "| field | what | |\n|---|---|---|"
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        must = "required" if name in required else ""
        if "default" in field:
            must = f"default `{json.dumps(field['default'])}`"
        what = f"{_kind(field)}. {field['description']}".replace("|", "\\|")
        yield f"| `{name}` | {what} | {must} |"
    yield ""


def _kind(field: Mapping[str, Any]) -> str:
    if field.get("$ref", "").startswith("../"):
        page = schemas.resolve(field["$ref"])["x-page"]
        return f"[an object]({page})"
    if "$ref" in field:
        name = field["$ref"].removesuffix(".json")
        return f"[{name}](#{name})"
    items = field.get("items", {})
    if "/objects/" in items.get("$ref", ""):
        # What the wire knows, and this page does not describe.
        return f"a list, each a {schemas.resolve(items['$ref'])['title'].lower()}"
    if "$ref" in items:
        name = items["$ref"].removesuffix(".json")
        return f"a list of [{name}](#{name})"
    if field.get("type") == "array":
        return f"a list, each {describe(items)}"
    return describe(field)


def _examples(examples: list[Any]) -> Iterator[str]:
    yield "```json"
    for example in examples:
        yield json.dumps(example, ensure_ascii=False)
    yield "```\n"


if __name__ == "__main__":
    sys.stdout.write(page())
