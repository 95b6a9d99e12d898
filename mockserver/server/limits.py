"""Limits of a server, as text: read from the command line, and listed in docs/LIMITS.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver import schemas

COMMAND = "python -m mockserver.server.limits > docs/LIMITS.md"

OPENING = """\
# Limits

What clients and networks do costs the mock a bounded amount of memory and time, and never costs
other clients anything. Whoever meets a limit is refused in a way that a client can understand. All
of these are the mock's own: what the real service's limits are is not known [A].

This page is made from the schemas `server_limits` and `space_limits`, which have the bounds of
each limit.
"""

SERVER = """\

## Of a server

`python -m mockserver --server-limits max_connections=100,max_spaces=10`, or in Python
`Settings(max_connections=100)`.

"""

SPACE = """\

## Of a space

`limits` is an option of spaces like `seed` and `clock`: `--limits rooms=3,members=10` for all
spaces of a server, `{"name": "mine", "limits": {"rooms": 3}}` when one is made by the control API,
`@pytest.mark.signalwire(limits={"rooms": 3})` for a test.

"""

FIXED = (
    ("frames that wait for one connection", "20,000", "its socket is closed with 1013"),
    (
        "events that wait for a session that is away",
        "20,000, or 128 MiB",
        "the session is ended; a note in the journal says why",
    ),
    ("replies that are awaited of one session", "4,096", "the oldest is awaited no longer"),
    (
        "real seconds in which a session that is away can be resumed",
        "60; `Settings(resume_window_s=…)`",
        "it is forgotten",
    ),
    ("room sessions that have ended", "1,000", "the oldest is forgotten: its id is unknown again"),
    ("names of rooms that keep settings", "10,000", "the oldest loses its settings and its id"),
    ("members of one room who left", "1,000", "REST forgets the oldest"),
    ("events that REST lists", "2,000, or 8 MiB", "older ones are not listed"),
    (
        "characters of a space's name",
        "200",
        "`signalwire.connect` is answered with -32002, the control API with 422",
    ),
    ("characters of an event type that is subscribed", "200", "the subscription gets 413"),
    ("bytes of a request's body, decompressed", "1 MiB", "413; REST answers 400"),
    (
        "characters, values and depth of a scenario",
        "262,144; 100,000; 30",
        "the scenario is refused, and the line named",
    ),
    (
        "frames of connections that are in no space",
        "1,000",
        "older ones are dropped, and counted",
    ),
    (
        "causes of failed connections in `/__mock__/health`",
        "100",
        "further ones are counted together",
    ),
)
"""What no option changes: what it is, the most, and what happens then."""


class LimitError(ValueError):
    """A limit that there is not, or that cannot have this value; says what can be."""


def read(text: str) -> dict[str, float]:
    """Limits of a server from a text: ``max_connections=100,max_spaces=10``.

    Raises:
        LimitError: there is no such limit, or it cannot have this value.
    """
    known = _properties("server_limits")
    chosen: dict[str, float] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, _, value = part.partition("=")
        if name not in known:
            raise LimitError(f'there is no limit "{name}"; there are: {", ".join(known)}')
        chosen[name] = _number(name, value, known[name])
    return chosen


def _number(name: str, text: str, schema: Mapping[str, Any]) -> float:
    is_whole = schema["type"] == "integer"
    expected = f"a {'whole ' if is_whole else ''}number"
    expected += f" from {schema['minimum']} to {schema['maximum']}"
    try:
        number = int(text) if is_whole else float(text)
    except ValueError:
        raise LimitError(f"{name}: expected {expected}, found {text!r}") from None
    if not schema["minimum"] <= number <= schema["maximum"]:
        raise LimitError(f"{name}: expected {expected}, found {text!r}")
    return number


def page() -> str:
    """The page for people, in Markdown."""
    fixed = ["", "## Fixed", "", "| limit | most | what happens then |", "|---|---|---|"]
    fixed += [f"| {' | '.join(row)} |" for row in FIXED]
    server, space = ("\n".join(_table(name)) for name in ("server_limits", "space_limits"))
    return f"{OPENING}{SERVER}{server}\n{SPACE}{space}\n" + "\n".join(fixed) + "\n"


def _table(name: str) -> Iterator[str]:
    yield "| limit | what | default | what happens then |"
    yield "|---|---|---|---|"
    for limit, each in _properties(name).items():
        default = f"{each['default']:,}".removesuffix(".0")
        yield f"| `{limit}` | {each['description']} | {default} | {each['x-refusal']} |"


def _properties(name: str) -> dict[str, dict[str, Any]]:
    properties: dict[str, dict[str, Any]] = schemas.load(name)["properties"]
    return properties


if __name__ == "__main__":
    print(page(), end="")
