"""Several processes behind a real nginx, with the configuration of the example."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from contract_tests.shared import processes
from contract_tests.shared.client import Client
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.ports import reserved_port
from contract_tests.shared.processes import ServerProcess

CONFIGURATION = Path(__file__).parents[2] / "examples" / "cluster" / "nginx.conf"
SPACES = [f"space-{number}" for number in range(30)]
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")

if NGINX is None and os.environ.get("CI") != "true":
    pytest.skip("nginx is not installed (apt-get install nginx-light)", allow_module_level=True)


class Cluster:
    """The mock's processes, and nginx before them."""

    def __init__(self, port: int, mocks: list[ServerProcess], http: aiohttp.ClientSession) -> None:
        self.mocks = mocks
        self.address = f"127.0.0.1:{port}"
        self._http = http

    async def connect(self, space: str) -> Client:
        """A client in a space, through nginx."""
        client = await Client.open(f"ws://{self.address}/space/{space}")
        await client.connect("a-project", "a-token")
        return client

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What the control API answers through nginx."""
        url = f"http://{self.address}/__mock__{path}"
        async with self._http.request(method, url, json=body) as response:
            assert response.ok, await response.text()
            return await response.json() if response.status != 204 else None

    def places(self) -> list[set[str]]:
        """The spaces that each process has which is alive, asked without nginx."""
        alive = [each for each in self.mocks if each.process.poll() is None]
        told = [each.get("/__mock__/health")["spaces"] for each in alive]
        return [{space["name"] for space in spaces} for spaces in told]


@contextlib.contextmanager
def nginx(folder: Path, mocks: list[ServerProcess]) -> Iterator[int]:
    """Run the example's configuration, with other ports in place of its own; yields nginx's."""
    assert NGINX is not None, "CI has to have nginx: see .ci/run"
    ports = iter([each.url.rpartition(":")[2] for each in mocks])
    text = CONFIGURATION.read_text()
    assert len(re.findall(r"127\.0\.0\.1:87\d\d max_fails", text)) == len(mocks)
    text = re.sub(r"127\.0\.0\.1:87\d\d(?= max_fails)", lambda _: f"127.0.0.1:{next(ports)}", text)
    words = [NGINX, "-p", str(folder), "-c", "nginx.conf", "-g", "daemon off;", "-e", "stderr"]
    with contextlib.ExitStack() as running:
        port = running.enter_context(reserved_port())
        text = text.replace("listen 127.0.0.1:8787", f"listen 127.0.0.1:{port}")
        (folder / "nginx.conf").write_text(text)
        process = running.enter_context(subprocess.Popen(words, stderr=subprocess.PIPE, text=True))
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not (folder / "nginx.pid").exists():
                assert process.poll() is None, process.stderr and process.stderr.read()
                assert time.monotonic() < deadline
                time.sleep(0.01)
            yield port
        finally:
            process.terminate()


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    with contextlib.ExitStack() as running:
        mocks = []
        for number in range(3):
            folder = tmp_path / f"mock-{number}"
            folder.mkdir()
            mocks.append(running.enter_context(processes.server(folder=folder)))
        port = running.enter_context(nginx(tmp_path, mocks))
        async with aiohttp.ClientSession() as http:
            yield Cluster(port, mocks, http)


async def test_a_space_is_in_one_process_for_its_clients_and_its_testers(cluster: Cluster) -> None:
    for space in SPACES[::2]:
        await cluster.ask("PUT", f"/spaces/{space}", {"scenario": "none", "clock": "manual"})
    clients = [await cluster.connect(space) for space in SPACES]
    places = cluster.places()
    assert sorted(name for spaces in places for name in spaces) == sorted(SPACES)
    assert all(places), "each process has some of them"
    for space in SPACES:
        assert (await cluster.ask("GET", f"/spaces/{space}"))["sessions"] == 1
    for client in clients:
        await client.socket.close()


async def test_paths_without_a_name_are_all_served_by_the_same_process(cluster: Cluster) -> None:
    """Their space is named in a frame, which no proxy reads."""
    for project in SPACES[:5]:
        client = await Client.open(f"ws://{cluster.address}/")
        await client.connect(project, "a-token")
        await client.socket.close()
    assert sorted(map(len, cluster.places())) == [0, 0, 5]


async def test_the_spaces_of_a_process_that_is_stopped_go_on_elsewhere(cluster: Cluster) -> None:
    clients = {space: await cluster.connect(space) for space in SPACES}
    leaving, *others = cluster.mocks
    [moved, *stayed] = cluster.places()
    # Ends when its clients have been told, which is what a rolling restart waits for.
    assert await asyncio.to_thread(leaving.stop) == 0
    assert others
    for space in moved:
        assert await clients[space].socket.close_code() == 1001
        clients[space].socket.abort()
        clients[space] = await cluster.connect(space)
    remaining = cluster.places()
    assert sorted(name for spaces in remaining for name in spaces) == sorted(SPACES)
    # The ports decide where the others go: perhaps all to one process.
    for before, after in zip(stayed, remaining, strict=True):
        assert before <= after, "none of those that had no reason to move has moved"
    for client in clients.values():
        await client.socket.close()
