"""The server as a process: how it tells that it is ready, what it is started with, how it ends."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import select
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from contract_tests.conftest import Serve
from contract_tests.shared import processes
from contract_tests.shared.client import Client
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.ports import reserved_port
from contract_tests.shared.processes import ServerProcess
from contract_tests.shared.sockets import Socket

from .conftest import Connect, DialTcp

pytestmark = pytest.mark.only_the_mock("is started with options of its own")

VENDORS_REFUSAL = "Authentication service failed with status ProtocolError, 401 Unauthorized: {}"


def assert_usage_error(ended: Any, *words: str) -> None:
    """Exit code 2, one line for people on stderr, and nothing else."""
    __tracebackhide__ = True
    assert ended.returncode == 2, ended
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    last = ended.stderr.splitlines()[-1]
    assert [word for word in words if word not in last] == [], ended.stderr


class TestReadyFile:
    async def test_tells_where_it_is_once_clients_can_connect(
        self, tmp_path: Path, dial: Connect
    ) -> None:
        with processes.server(folder=tmp_path) as server:
            ready = tmp_path / "ready.json"
            told = json.loads(ready.read_text())
            pid = server.process.pid
            where = {"url": server.url, "http": server.http, "addresses": [server.url[5:]]}
            assert told == {**where, "pid": pid, "token": None, "ca": None}
            assert re.fullmatch(r"ws://127\.0\.0\.1:[1-9]\d*", told["url"])
            assert told["http"] == told["url"].replace("ws://", "http://")
            await (await dial(told["url"])).sync()
            assert server.url in server.log.read_text()
            assert sorted(each.name for each in tmp_path.iterdir()) == ["ready.json", "server.log"]
        assert not ready.exists(), "it would send clients to where nobody is"

    def test_is_never_seen_half_written(self, tmp_path: Path) -> None:
        """It takes the place of what was there in one step, and does not write over it."""
        ready = tmp_path / "ready.json"
        ready.write_text("of an earlier server")
        before = ready.stat().st_ino
        with ready.open() as earlier:
            process = processes.spawn("--port", "0", "--ready-file", str(ready), folder=tmp_path)
            try:
                deadline = time.monotonic() + PATIENCE_S
                while (text := ready.read_text()) == "of an earlier server":
                    assert process.poll() is None
                    assert time.monotonic() < deadline
                assert json.loads(text)["pid"] == process.pid
                assert ready.stat().st_ino != before
                assert earlier.read() == "of an earlier server"
            finally:
                process.terminate()
                assert process.wait(timeout=PATIENCE_S) == 0

    def test_that_cannot_be_written_is_a_clear_error(self, tmp_path: Path) -> None:
        missing = tmp_path / "no-such-folder" / "ready.json"
        ended = processes.run("--port", "0", "--ready-file", str(missing), cwd=tmp_path)
        ended.stdout = ""  # It may have said there that it is listening.
        assert_usage_error(ended, str(missing))
        assert "cannot listen" not in ended.stderr

    def test_that_is_a_folder_is_a_clear_error(self, tmp_path: Path) -> None:
        folder = tmp_path / "folder"
        folder.mkdir()
        ended = processes.run("--port", "0", "--ready-file", str(folder), cwd=tmp_path)
        ended.stdout = ""
        assert_usage_error(ended, "cannot write the ready file", str(folder), "Is a directory")
        assert [each.name for each in tmp_path.iterdir()] == ["folder"]

    def test_that_is_a_pipe_is_written_and_stays(self, tmp_path: Path) -> None:
        """As any device: it must not be replaced by a file."""
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        process = processes.spawn("--port", "0", "--ready-file", str(pipe), folder=tmp_path)
        try:
            readable, _, _ = select.select([reader], [], [], PATIENCE_S)
            assert readable, "nothing was written to it"
            assert json.loads(os.read(reader, 1000))["pid"] == process.pid
        finally:
            os.close(reader)
            process.terminate()
            assert process.wait(timeout=PATIENCE_S) == 0
        assert pipe.is_fifo()


class TestPort:
    def test_free_ones_are_found(self, serve: Serve) -> None:
        assert serve().url != serve().url

    def test_in_use_is_one_clear_line(self, serve: Serve, tmp_path: Path) -> None:
        port = serve().url.rpartition(":")[2]
        ended = processes.run("--port", port, cwd=tmp_path)
        assert_usage_error(ended, "cannot listen", "127.0.0.1", port, "in use")
        assert len(ended.stderr.splitlines()) == 1

    def test_given_one_is_taken(self, serve: Serve) -> None:
        with reserved_port() as port:
            # The last --port counts.
            assert serve("--port", str(port)).url == f"ws://127.0.0.1:{port}"

    @pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
    async def test_address_of_version_6(self, serve: Serve, dial: Connect) -> None:
        server = serve("--host", "::1")
        assert server.url.startswith("ws://[::1]:")
        await (await dial(server.url)).sync()


async def ends(server: ServerProcess) -> int:
    """Wait until the process has ended by itself; gives its exit code."""
    return await asyncio.to_thread(server.process.wait, PATIENCE_S)


class TestEnd:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    async def test_signal_closes_sessions_with_1001(
        self, number: signal.Signals, serve: Serve, dial: Connect
    ) -> None:
        server = serve()
        clients = [await dial(server.url, project) for project in ("one", "one", "two")]
        clients.append(await dial(server.url, authenticated=False))
        away = await dial(server.url, "three")
        away.socket.abort()
        server.process.send_signal(number)
        codes = await asyncio.gather(*(client.socket.close_code() for client in clients))
        assert codes == [1001] * 4
        assert await ends(server) == 0
        with pytest.raises(ConnectionError):
            await Socket.open(server.url)
        assert "Traceback" not in server.log.read_text()

    async def test_in_the_midst_of_a_scenario(self, serve: Serve, dial: Connect) -> None:
        """Nothing of it happens after the end, and nothing keeps the process."""
        server = serve()
        client = await dial(server.url, token="scenario:pause-resume")
        room = await client.enter_room()
        await room.start_recording()
        before = len(client.frames)
        server.process.send_signal(signal.SIGTERM)
        assert await client.socket.close_code() == 1001
        assert len(client.frames) == before
        assert await ends(server) == 0

    def test_without_anybody(self, serve: Serve) -> None:
        server = serve()
        assert server.stop() == 0
        assert "Traceback" not in server.log.read_text()

    async def test_with_those_who_do_not_answer(
        self, serve: Serve, dial: Connect, dial_tcp: DialTcp
    ) -> None:
        """Neither a client that ignores the closing frame nor one that never spoke holds it up."""
        server = serve()
        deaf = await dial(server.url)
        await dial_tcp(server.url)
        server.process.send_signal(signal.SIGTERM)
        assert await ends(server) == 0
        # Only now is the closing frame read, so nobody has answered it.
        assert await deaf.socket.close_code() == 1001


class TestScenario:
    def test_unknown_name(self, tmp_path: Path) -> None:
        ended = processes.run("--scenario", "pause-resum", cwd=tmp_path)
        assert_usage_error(ended, "pause-resum", 'did you mean "pause-resume"', "start-stop")

    def test_missing_file(self, tmp_path: Path) -> None:
        ended = processes.run("--scenario", "own/pause-resum.yaml", cwd=tmp_path)
        assert_usage_error(ended, "own/pause-resum.yaml", "no scenario file")

    def test_faulty_file_is_told_with_its_line(self, tmp_path: Path) -> None:
        own = tmp_path / "own.yaml"
        own.write_text("scenario: own\nabout: Mine.\nscript:\n  - {at: 1s, do: dance}\n")
        ended = processes.run("--scenario", str(own), cwd=tmp_path)
        assert ended.returncode == 2
        assert "Traceback" not in ended.stderr
        for word in ("own.yaml:4:", "dance", "start_room"):
            assert word in ended.stderr

    async def test_own_file_is_played(self, serve: Serve, dial: Connect, tmp_path: Path) -> None:
        own = tmp_path / "own.yaml"
        own.write_text(
            "scenario: own\nabout: Mine.\nrooms: {attic: {members: 1}}\n"
            "script:\n  - {when: {subscribed: video.rooms}, do: start_room}\n"
        )
        client = await dial(serve("--scenario", str(own)).url)
        room = await client.enter_room()
        assert room.facts["name"] == "attic"

    @pytest.mark.parametrize("change", ["faulty", "gone"])
    async def test_file_that_was_good_when_the_server_started(
        self, change: str, serve: Serve, dial: Connect, tmp_path: Path
    ) -> None:
        """It is read for every space: who edits it learns of a slip at the next connect."""
        own = tmp_path / "own.yaml"
        own.write_text("scenario: own\nabout: Mine.\n")
        client = await dial(serve("--scenario", str(own)).url, authenticated=False)
        if change == "faulty":
            own.write_text("scenario: own\nabuot: Mine.\n")
        else:
            own.unlink()
        refused = await client.connect("a-project", "a-token")
        assert "own.yaml" in refused["error"]["message"]
        own.write_text("scenario: own\nabout: Mended.\n")
        assert "result" in await client.connect("a-project", "a-token")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "70000"], ["--port", "70000"]),
        (["--port", "-1"], ["--port", "-1"]),
        (["--port", "http"], ["--port", "http"]),
        (["--speed", "0"], ["--speed", "0"]),
        (["--speed", "nan"], ["--speed", "nan"]),
        (["--speed", "inf"], ["--speed", "inf"]),
        (["--latency", "-1"], ["--latency", "-1"]),
        (["--latency", "30"], ["--latency", "30ms or 30s"]),
        (["--latency", "0.5"], ["--latency", "0.5ms or 0.5s"]),
        (["--latency", "30 ms"], ["--latency", "250ms", "'30 ms'"]),
        (["--latency", "9000h"], ["--latency", "366 days"]),
        (["--seed", "lucky"], ["--seed", "lucky"]),
        (["--credentials", "project"], ["--credentials", "PROJECT:TOKEN"]),
        (["--credentials", ":token"], ["--credentials", "PROJECT:TOKEN"]),
        (["--log-level", "loud"], ["--log-level", "loud", "debug"]),
        (["--no-such-option"], ["--no-such-option"]),
        (["serve", "surplus"], ["surplus"]),
    ],
    ids=" ".join,
)
def test_bad_option(arguments: list[str], words: list[str], tmp_path: Path) -> None:
    assert_usage_error(processes.run(*arguments, cwd=tmp_path), *words)


class TestCredentials:
    @pytest.fixture
    def url(self, serve: Serve) -> str:
        return serve("--credentials", "one:first", "--credentials", "two:second:token").url

    async def test_right_ones_are_accepted(self, url: str, dial: Connect) -> None:
        for project, token in (("one", "first"), ("two", "second:token")):
            await (await dial(url, project, token)).sync()
            await (await dial(f"{url}/space/common", project, token)).sync()

    async def test_all_others_are_refused_in_the_vendors_words(
        self, url: str, dial: Connect
    ) -> None:
        good = await dial(url, "one", "first")
        wrong: list[Any] = [
            {"project": "one", "token": "second:token"},
            {"project": "one", "token": "First"},
            {"project": "one", "token": ""},
            {"project": "three", "token": "first"},
            {"project": "", "token": ""},
            {"project": "one", "token": "scenario:demo"},
            {"project": "one", "jwt_token": "first"},
            {"jwt_token": "first"},
        ]
        client = await dial(url, authenticated=False)
        version = {"major": 3, "minor": 0, "revision": 0}
        for authentication in wrong:
            for more in ({}, {"protocol": good.connected["protocol"]}):
                error = await client.error(
                    "signalwire.connect", version=version, authentication=authentication, **more
                )
                assert error["code"] == -32002, authentication
                assert error["message"] == VENDORS_REFUSAL
        missing: list[Any] = [{"project": "three", "token": None}, {"project": "three"}, {}]
        for authentication in missing:
            error = await client.error(
                "signalwire.connect", version=version, authentication=authentication
            )
            assert error["code"] in (-32602, -32002), authentication
        assert (await client.error("video.rooms.get"))["code"] == -32002
        await good.sync()
        assert "result" in await client.connect("one", "first"), "the next try may be right"


async def story(client: Client) -> Any:
    """All that a client is told of while it does a little of everything; times left out."""
    room = await client.enter_room("video.member.joined", "video.recording.started")
    await room.start_recording()
    await client.event("video.member.joined")
    await client.result("video.members.get", room_session_id=room.id)
    return without_times(client.frames)


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        times = ("timestamp", "started_at")
        return {key: without_times(each) for key, each in value.items() if key not in times}
    return [without_times(each) for each in value] if isinstance(value, list) else value


async def test_same_seed_tells_the_same_story(serve: Serve, dial: Connect) -> None:
    """Ids, names and order, in two servers; another seed or another project tells another."""
    seeds = ("7", "7", "8")
    urls = [serve("--seed", seed, "--speed", "20").url for seed in seeds]
    tellings = [await story(await dial(url, "project")) for url in urls]
    tellings.append(await story(await dial(urls[0], "another-project")))
    assert tellings[0] == tellings[1]
    for one, other in itertools.combinations(tellings[1:], 2):
        assert not ids_in(one) & ids_in(other)
    assert len(ids_in(tellings[0])) > 10


def ids_in(telling: list[Any]) -> set[str]:
    return set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", json.dumps(telling)))


class TestLatency:
    @pytest.mark.parametrize("latency", ["0", "30ms", "500.5ms", "0.5s"])
    async def test_events_follow_the_answer(
        self, latency: str, serve: Serve, dial: Connect
    ) -> None:
        client = await dial(serve("--latency", latency, "--speed", "20").url)
        room = await client.enter_room()
        recording = await room.start_recording()
        for verb in ("pause", "resume", "stop"):
            id = await client.start_call(
                f"video.recording.{verb}",
                {"room_session_id": room.id, "recording_id": recording},
            )
            event = "ended" if verb == "stop" else "updated"
            told = await client.event(f"video.recording.{event}")
            await client.answer(id)
            order = [
                "answer" if frame.get("id") == id else "event"
                for frame in client.frames
                if frame.get("id") == id or frame.get("params") == told
            ]
            assert order == ["answer", "event"]

    async def test_is_what_lies_between_cause_and_event(self, serve: Serve, dial: Connect) -> None:
        """An event is dated when it is caused, and leaves that much later at the earliest."""
        server = serve("--latency", "2s", "--speed", "20")
        client = await dial(server.url)
        room = await client.enter_room()
        await room.start_recording()
        for entry in server.entries("a-project"):
            frame = entry["frame"]
            if frame.get("method") == "signalwire.event":
                assert entry["time"] - frame["params"]["timestamp"] >= 1.999_999
        assert "video.recording.started" in client.types()

    async def test_scenario_turns_the_order_round(self, serve: Serve, dial: Connect) -> None:
        client = await dial(serve("--speed", "20").url, token="scenario:event-before-answer")
        room = await client.enter_room()
        id = await client.start_call("video.recording.start", {"room_session_id": room.id})
        await client.answer(id)
        assert [frame.get("method") for frame in client.frames[-3:]][-1] is None
        assert "video.recording.started" in client.types()


async def test_log_level_error_is_silent(serve: Serve, dial: Connect) -> None:
    server = serve("--log-level", "error")
    client = await dial(server.url)
    await client.error("no.such.method")
    await client.sync()
    greeting = server.log.read_text().splitlines()
    assert [line.partition(":")[0] for line in greeting] == [
        "mock SignalWire server",
        "page for a browser",
    ]
