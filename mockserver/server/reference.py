"""The page about limits: the schemas of those that can be set, and the values of others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver import schemas
from mockserver.engine import gate, session, space
from mockserver.engine.video import room, video
from mockserver.rest import state
from mockserver.scenarios import document

from .http import paths
from .settings import Settings
from .sockets import strangers
from .standins.scenarios import MOST as MOST_SCENARIOS

COMMAND = "python -m mockserver.server.reference > docs/LIMITS.md"

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


def page() -> str:
    """The page for people, in Markdown."""
    fixed = ["", "## Fixed", "", "| limit | most | what happens then |", "|---|---|---|"]
    fixed += [f"| {' | '.join(row)} |" for row in _fixed()]
    server, space = ("\n".join(_table(name)) for name in ("server_limits", "space_limits"))
    return f"{OPENING}{SERVER}{server}\n{SPACE}{space}\n" + "\n".join(fixed) + "\n"


def _fixed() -> Iterator[tuple[str, str, str]]:
    """What no option of the command line changes: what it is, the most, and what happens then."""
    settings = Settings()
    yield (
        "frames that wait for one connection",
        f"{session.OUTBOX_LIMIT:,}",
        "its socket is closed with 1013",
    )
    yield (
        "events that wait for a session that is away",
        f"{session.PENDING_LIMIT:,}, or {_mebibytes(session.PENDING_BYTES)}",
        "the session is ended; a note in the journal says why",
    )
    yield (
        "replies that are awaited of one session",
        f"{session.AWAITING_LIMIT:,}",
        "the oldest is awaited no longer",
    )
    yield (
        "real seconds in which a session that is away can be resumed",
        f"{settings.resume_window_s:g}; `Settings(resume_window_s=…)`",
        "it is forgotten",
    )
    yield (
        "room sessions that have ended",
        f"{video.ENDED_ROOMS_REMEMBERED:,}",
        "the oldest is forgotten: its id is unknown again",
    )
    yield (
        "names of rooms that keep settings",
        f"{video.NAMES_REMEMBERED:,}",
        "the oldest loses its settings and its id",
    )
    yield (
        "requests of the REST API that a space remembers",
        f"{state.REQUESTS_KEPT:,}, or {state.REQUEST_BYTES_KEPT / 1024 / 1024:g} MiB",
        "older ones are dropped",
    )
    yield "streams that are settings of rooms", f"{state.STREAMS_KEPT:,}", "REST answers 422"
    yield (
        "domain applications",
        f"{state.APPLICATIONS_KEPT:,}, each of {state.APPLICATION_BYTES / 1024:g} KiB",
        "REST answers 422",
    )
    yield (
        "members of one room who left",
        f"{room.FORMER_MEMBERS_REMEMBERED:,}",
        "REST forgets the oldest",
    )
    yield (
        "events that REST lists",
        f"{video.HISTORY_LIMIT:,}, or {_mebibytes(video.HISTORY_BYTES)}",
        "older ones are not listed",
    )
    yield (
        "characters of a space's name",
        f"{gate.LONGEST_NAME:,}",
        "`signalwire.connect` is answered with -32002, the control API with 422",
    )
    yield (
        "characters of an event type that is subscribed",
        f"{space.LONGEST_EVENT_TYPE:,}",
        "the subscription gets 413",
    )
    yield (
        "bytes of a request's body, decompressed",
        _mebibytes(paths.LARGEST_BODY),
        "413; REST answers 400",
    )
    yield (
        "characters, values and depth of a scenario",
        f"{document.MOST_CHARACTERS:,}; {document.MOST_NODES:,}; {document.DEEPEST:,}",
        "the scenario is refused, and the line named",
    )
    yield (
        "frames of connections that are in no space",
        f"{gate.STRAYS_KEPT:,}",
        "older ones are dropped, and counted",
    )
    yield (
        "requests in the journal of a [stand-in](COMMANDS.md)",
        f"{settings.journal_limit:,}, or {_mebibytes(settings.journal_bytes)}",
        "older ones are dropped",
    )
    yield "scenarios that wait in a stand-in", f"{MOST_SCENARIOS:,}", "503"
    yield (
        "causes of failed connections in `/__mock__/health`",
        f"{strangers.KINDS_KEPT:,}",
        "further ones are counted together",
    )


def _mebibytes(size: int) -> str:
    return f"{size / 1_048_576:g} MiB"


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
