"""Fuzz of a running server: frames on sockets, and requests to the control API."""

from __future__ import annotations

import contextlib
import http.client
import json
import sys
import urllib.parse
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from contract_tests.conftest import Serve
from contract_tests.shared.client import Client
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.sockets import CLOSE, TEXT
from mockserver.server.http.paths import PREFIX
from mockserver.server.http.table import ENDPOINTS

from .mutations import VALUES, Mutator, frames, resident_bytes, scaled

MEGABYTE = 2**20
BATCH = 50
"""Frames that are sent before a valid call."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")

Record = Callable[[str, object], None]


async def test_a_server_survives_any_frames(serve: Serve, record_property: Record) -> None:
    """Each batch of frames is followed by a call that is answered; others notice nothing."""
    count = scaled(100_000)
    mock = serve("--scenario", "none", "--journal", "1000", "--log-level", "error")
    bystander = await Client.open(mock.url)
    await bystander.connect("bystander", "t")
    mutator = Mutator(4, frames("to_server"))
    client: Client | None = None
    sent = answered = 0
    before = resident_bytes(mock.process.pid)
    clients = [bystander]
    while sent < count:
        if client is None:
            client = await Client.open(mock.url)
            await client.connect("north", "t")
            clients.append(client)
        # A text that is no UTF-8 ends its connection, so most are made to be some.
        is_any = sent % (20 * BATCH) == 0
        with contextlib.suppress(ConnectionError):
            for text in mutator.take(BATCH):
                readable = text if is_any else text.decode("utf-8", "replace").encode()
                await client.socket.send_text(readable)
        sent += BATCH
        if await is_answered(client, f"call {sent}"):
            answered += 1
        else:
            client = None
        if sent == BATCH * (count // 10 // BATCH):
            before = resident_bytes(mock.process.pid)
        await bystander.sync()
    grown = resident_bytes(mock.process.pid) - before
    for each in clients:
        each.socket.abort()
    assert answered > 0.5 * sent / BATCH
    assert mock.get("/__mock__/health")["status"] == "ok"
    assert grown < 32 * MEGABYTE
    record_property(
        "figure",
        f"fuzz, server: {sent} frames, {answered} valid calls answered, "
        f"{len(clients) - 1} connections, "
        f"memory of the server {grown / MEGABYTE:+.1f} MiB after the first tenth",
    )


async def is_answered(client: Client, call_id: str) -> bool:
    """Make a valid call: True once it is answered, False if the connection was closed.

    A text that is no UTF-8 closes it, and so does a goodbye. Nothing else comes without an answer.
    """
    call = {
        "jsonrpc": "2.0",
        "id": call_id,
        "method": "signalwire.ping",
        "params": {"timestamp": 1.5},
    }
    with contextlib.suppress(ConnectionError):
        await client.send(call)
    while (message := await client.socket.read()) is not None:
        if message.opcode == CLOSE:
            assert message.close_code in (1000, 1007, 1009), message
            return False
        if message.opcode == TEXT and json.loads(message.payload).get("id") == call_id:
            return True
    return False


def test_the_control_api_never_fails(serve: Serve, record_property: Record) -> None:
    count = scaled(20_000)
    mock = serve("--scenario", "none", "--clock", "manual", "--log-level", "error")
    requests = Requests(Random(5))
    statuses: dict[int, int] = {}
    host = urllib.parse.urlsplit(mock.http)
    assert host.hostname is not None
    connection = http.client.HTTPConnection(host.hostname, host.port, timeout=PATIENCE_S)
    for _ in range(count):
        method, path, body, headers = requests.one()
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
        assert answer.status < 500, (method, path, body, headers, answer.status)
    connection.close()
    assert mock.get("/__mock__/health")["status"] == "ok"
    shown = ", ".join(f"{number} times {status}" for status, number in sorted(statuses.items()))
    assert statuses.get(200, 0) + statuses.get(201, 0) + statuses.get(204, 0) > count / 50
    record_property("figure", f"fuzz, control API: {count} requests: {shown}")


class Requests:
    """Requests to the control API, in which names, queries, headers and bodies may be anything."""

    ENDLESS = ("follow_trace", "follow_changes")
    FIELDS = (
        *("name", "scenario", "seed", "by", "to", "seconds", "method", "frame", "event"),
        *("clock", "speed", "action", "room", "members", "params", "times", "code", "latency"),
    )

    def __init__(self, random: Random) -> None:
        self._random = random
        self._rows = [row for row in ENDPOINTS if row.operation not in self.ENDLESS]

    def one(self) -> tuple[str, str, bytes | None, dict[str, str]]:
        """One request: method, path with its query, body and headers."""
        random = self._random
        row = random.choice(self._rows)
        path = PREFIX + row.path
        while "{" in path:
            start, end = path.index("{"), path.index("}") + 1
            path = path[:start] + urllib.parse.quote(self._name(), safe="") + path[end:]
        if random.random() < 0.6:
            names = random.sample(("project", "space", "after", "limit", "format", "wait", "x"), 2)
            query = {name: self._name() for name in names if name != "wait"}
            path += "?" + urllib.parse.urlencode(query)
        body = None
        headers = {}
        if row.method != "GET":
            body = self._body()
            kinds = ("application/json", "application/json", "text/plain", "nonsense/")
            headers["Content-Type"] = random.choice(kinds)
        return row.method, path, body, headers

    def _name(self) -> str:
        random = self._random
        if random.random() < 0.6:
            return random.choice(("here", "there", "video.room.get", "s1", "1"))
        value = str(random.choice(VALUES))
        return value[:200]

    def _body(self) -> bytes:
        random = self._random
        body: Any = {name: self._value() for name in random.sample(self.FIELDS, 3)}
        text = json.dumps(body).encode()
        if random.random() < 0.2:
            text = Mutator(random.getrandbits(32), [text]).one()
        return text

    def _value(self) -> Any:
        random = self._random
        if random.random() < 0.5:
            return random.choice(("here", "none", "manual", 1, 0.5, "5s", ["Ann"], {"members": 2}))
        return random.choice(VALUES)
