"""A room that the vendor's client recorded is found, fetched and deleted by REST."""

from __future__ import annotations

import base64
from collections.abc import Callable

from contract_tests.shared import processes
from mockserver.rest import mp4

from .runs import NodeRunner


def test_what_the_client_recorded_is_found_fetched_and_deleted_by_rest(
    node: NodeRunner, serve: Callable[..., processes.ServerProcess]
) -> None:
    server = serve("--scenario", "none")
    run = node("rest-4.mjs", {"host": server.url, "http": server.http, "project": "shop"})
    told = run.told(server.trace("shop"))
    assert run.exit_code == 0, told
    [seen] = run.lines
    # That this plays is seen by ffprobe, in the tests of REST.
    assert base64.b64decode(seen.pop("file")) == mp4.video()
    assert seen == {
        "layout": "5x5",
        "stream": 201,
        "streams": ["rtmp://example.com/live"],
        "realtime": ["started", "paused", "recording", "completed"],
        "rest": ["recording", "paused", "completed"],
        "type": "video/mp4",
        "deleted": [204, 404],
    }, told
