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
Python tests have `mock.rest_url`. The vendor's `@signalwire/compatibility-api` has no call for
these rooms: `video` of 3.2.0 asks another company's host, and the rest of it is telephony [W].

## What goes wrong

| status | body | when |
|---|---|---|
| 400 | `{{"error": "Bad Request"}}` | the body is not a JSON object |
| 401 | `{{"error": "Unauthorized"}}` | the credentials are missing or wrong |
| 403 | `{{"error": "Forbidden"}}` | a page of another site, a strange `Host`, an expired link |
| 404 | `{{"error": "Not Found"}}` | there is no such path or object |
| 408 | `{{"error": "Request Timeout"}}` | the body does not come (`body_timeout_s`) |
| 422 | `{{"errors": [{{"type", "code", "message", "attribute", "url"}}]}}` | fields do not fit |
| 500 | `{{"error": "Internal Server Error"}}` | the mock has a bug; see its log |

The name in `Host` has to be the server's, as for the control API, unless it listens on every
address or speaks TLS; its log says why it refused. `attribute` names the field.

What was asked, and how it was answered: `GET /__mock__/spaces/NAME/rest_requests`, or
`mock.rest_requests("create_room_token")`.

To meet any other error: `POST /__mock__/spaces/NAME/rest_answers`, or
`mock.answer_rest_next("create_room_token", 500)`. With `rest: synthesise` in the scenario, an id
that was never made is answered with an example in place of 404.

## The REST tests of the vendor's SDKs

They run against a server `mock_signalwire`, which only their authors have. A stand-in for it is
`python -m mockserver stand-in mock_signalwire`: the operations below, in spaces that answer unknown
ids with examples, and the control API that those tests use. How it is started is in
[COMMANDS.md](COMMANDS.md#in-the-place-of-the-vendors-test-servers). It listens on loopback alone.

A client is known by its whole header `Authorization`: each has a space of its own, and the header
is its `session_id`. A route is an operation's specification, a dot, and its id: `video.list_rooms`,
`chat.create_chat_token`, `pubsub.create_token`, `relay-rest.list_domain_applications`. Problems are
told as by the [control API](CONTROL_API.md).

| request | what it does |
|---|---|
| `GET /__mock__/health` | `{{"status", "specs_loaded", "total_routes", "spec_load_errors"}}` |
| `GET /__mock__/journal` | an array of requests, oldest first; it shows credentials |
| `POST /__mock__/journal/reset` | forgets the requests, and the rooms and streams that they made |
| `POST /__mock__/scenarios/ROUTE` | plans how the next request of the route is answered, once |
| `GET /__mock__/scenarios` | how many scenarios wait for each route that has any |
| `POST /__mock__/scenarios/reset` | forgets the scenarios that wait |

All but the first take `?session_id=`, for one client alone. A request in the journal is
`{{"timestamp", "method", "path", "query_params", "headers", "body", "matched_route",
"response_status", "wire_violations"}}`. A scenario is
`{{"status", "response", "headers", "delay_ms"}}`, of which only the first is needed. Scenarios are
used once each, first in, first out, a client's own before those for all; the request has no effect
then.

Where the REST API would answer with 422, an example is answered: those tests send what does not
fit. `wire_violations` lists what the specification does not know of a request, each as
`{{"kind", "name"}}`: `unknown_query_param`, `unknown_body_key`, and `wrong_type`. In strict mode,
which the environment asks for as with the original (`MOCK_SIGNALWIRE_STRICT=1`), such a request is
refused with 400, and the list stands in the answer; a scenario wins over that, too.

Two operations are there for them only, and are no part of the mock's REST API: `GET
/api/fabric/addresses` (`fabric.list_fabric_addresses`), an empty list, and `POST
/api/relay/rest/addresses` (`relay-rest.create_address`), which gives its body back with an id.
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
