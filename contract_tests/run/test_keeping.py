"""Traces are written while they happen: whatever ends the process, what was said is there."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from contract_tests.run.runs import RUN, program, run, running
from contract_tests.shared import processes
from contract_tests.shared.client import Client
from contract_tests.shared.settings import settings
from mockserver.cli.run.keeping import CannotKeepError, Kept
from mockserver.server import Server
from mockserver.server.keeping import Keeping, TraceFile, in_folder

SPEED = ("--speed", "20")


def entries(path: Path) -> list[dict[str, Any]]:
    """The entries of a trace, of which every line must be complete."""
    text = path.read_text("utf-8")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


class Pipe:
    """A named pipe with a reader, which does not wait."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def read(self) -> bytes:
        """All that was written; raises BlockingIOError when more may come."""
        found = b""
        while data := os.read(self._reader, 1 << 16):
            found += data
        return found

    def close(self) -> None:
        """The reader goes."""
        if self._reader >= 0:
            os.close(self._reader)
            self._reader = -1


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Pipe]:
    made = Pipe(tmp_path / "pipe")
    yield made
    made.close()


def check(path: Path) -> str:
    """What `check` says of it."""
    words = [sys.executable, "-m", "mockserver", "check", str(path)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


class TestOfARun:
    def test_that_is_killed(self, tmp_path: Path) -> None:
        trace = tmp_path / "trace.jsonl"
        words = [*RUN, *SPEED, "--trace", str(trace), "--", *program("client", "record", "stay")]
        with running(words, cwd=tmp_path) as mock:
            mock.pid()
            mock.process.send_signal(signal.SIGKILL)
            assert mock.end() == -signal.SIGKILL
            mock.kill()
        said = [each["frame"] for each in entries(trace)]
        assert said[0]["method"] == "signalwire.connect"
        types = [each["params"].get("event_type") for each in said if "params" in each]
        assert "video.recording.ended" in types
        assert "all hold" in check(trace)

    def test_that_is_killed_before_there_was_anything(self, tmp_path: Path) -> None:
        """An older trace stays: there is nothing yet that could take its place."""
        trace = tmp_path / "trace.jsonl"
        trace.write_text("from yesterday\n")
        words = [*RUN, "--trace", str(trace), "--", *program("client", "stay")]
        with running(words, cwd=tmp_path) as mock:
            mock.pid()
            mock.process.send_signal(signal.SIGKILL)
            mock.end()
            mock.kill()
        assert trace.read_text() == "from yesterday\n"

    @pytest.mark.parametrize(("deed", "code"), [("exit=0", 74), ("exit=7", 7), ("stop-again", 1)])
    def test_on_a_full_disk_costs_neither_verdict_nor_exit_code(
        self, deed: str, code: int, tmp_path: Path
    ) -> None:
        words = [*RUN, *SPEED, "--trace", "trace.jsonl"]
        words += ["--", *program("client", "record", deed)]
        ended = subprocess.run(
            limited(words), cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert ended.returncode == code, ended.stderr
        assert ended.stderr.count("cannot write the trace trace.jsonl: File too large") == 2
        assert ("no-action-after-ended" in ended.stderr) is (deed == "stop-again")
        assert [path.name for path in tmp_path.iterdir()] == ["trace.jsonl"]
        said = entries(tmp_path / "trace.jsonl")
        assert said[0]["frame"]["method"] == "signalwire.connect"

    def test_is_space_by_space_in_the_end(self, tmp_path: Path) -> None:
        """So that lines of violations are lines of the file."""
        deeds = ("record", "space=a", "record", "space=mock-project", "record")
        ended = run(*SPEED, "--trace", "trace.jsonl", then=program("client", *deeds), cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        said = entries(tmp_path / "trace.jsonl")
        assert [each["n"] for each in said] == list(range(1, len(said) + 1))
        spaces = [each["space"] for each in said]
        assert spaces == sorted(spaces, key=["mock-project", "a"].index)

    def test_goes_to_a_pipe_that_somebody_reads(self, tmp_path: Path, pipe: Pipe) -> None:
        words = program("client", "record")
        ended = run(*SPEED, "--trace", str(pipe.path), then=words, cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        said = [json.loads(line) for line in pipe.read().splitlines()]
        assert said[0]["frame"]["method"] == "signalwire.connect"
        assert [each["n"] for each in said] == list(range(1, len(said) + 1))
        assert pipe.path.is_fifo()

    def test_does_not_wait_for_somebody_to_read_a_pipe(self, tmp_path: Path, pipe: Pipe) -> None:
        pipe.close()
        ended = run("--trace", str(pipe.path), then=program("client", "connect"), cwd=tmp_path)
        assert ended.returncode == 2
        expected = f"cannot write the trace {pipe.path}: it is a pipe that nobody reads"
        assert expected in ended.stderr
        assert "start its reader first (cat " in ended.stderr

    def test_ends_in_a_pipe_when_all_was_written(self, pipe: Pipe) -> None:
        kept = Kept(pipe.path)
        kept.prepare()
        with pytest.raises(BlockingIOError):
            pipe.read()  # Nothing is there yet, and this is not the end.
        kept.keep_trace({"a": [{"frame": {}}]})
        kept.close()
        assert pipe.read() == b'{"frame":{},"n":1,"space":"a"}\n'

    def test_whose_reader_has_gone_is_a_clear_error(self, pipe: Pipe) -> None:
        kept = Kept(pipe.path)
        kept.prepare()
        pipe.close()
        with pytest.raises(CannotKeepError, match=f"the trace {pipe.path}: Broken pipe"):
            kept.keep_trace({"a": [{"frame": {}}]})
        kept.close()

    def test_the_verdict_may_go_to_a_pipe_too(self, pipe: Pipe) -> None:
        kept = Kept(format="json", output=pipe.path)
        kept.prepare()
        with pytest.raises(BlockingIOError):
            pipe.read()
        kept.keep_verdict([], ["nobody connected"])
        kept.close()
        assert json.loads(pipe.read())["problems"] == ["nobody connected"]

    @pytest.mark.parametrize("when", ["before", "during"])
    def test_a_verdict_does_not_wait_for_a_reader_either(self, when: str, pipe: Pipe) -> None:
        kept = Kept(format="json", output=pipe.path)
        if when == "during":
            kept.prepare()
        pipe.close()
        nobody = f"cannot write the verdict {pipe.path}: it is a pipe that nobody reads"
        with pytest.raises(CannotKeepError, match=nobody):
            kept.prepare() if when == "before" else kept.keep_verdict([], [])
        kept.close()

    def test_of_more_frames_than_the_journal_keeps(self, tmp_path: Path) -> None:
        """Then the file has more than the journal, and stays as it grew."""
        small = (
            "import sys\n"
            "from mockserver import cli\n"
            "from mockserver.cli.run import runner\n"
            "runner.JOURNAL_LIMIT = 5\n"
            "sys.exit(cli.main())\n"
        )
        words = [sys.executable, "-c", small, "run", *SPEED, "--trace", "trace.jsonl"]
        words += ["--", *program("client", "record")]
        subprocess.run(words, cwd=tmp_path, capture_output=True, check=False)
        said = entries(tmp_path / "trace.jsonl")
        assert said[0]["frame"]["method"] == "signalwire.connect"
        assert len(said) > 5


def limited(words: list[str]) -> list[str]:
    """The words, run where no file can have more than two KiB."""
    return ["bash", "-c", 'ulimit -f 2; exec "$@"', "bash", *words]


class TestOfAServer:
    async def test_that_is_killed(self, tmp_path: Path) -> None:
        kept, ready = tmp_path / "kept", tmp_path / "ready.json"
        arguments = ("--port", "0", "--ready-file", str(ready), "--keep", str(kept), *SPEED)
        process = processes.spawn(*arguments, folder=tmp_path)
        try:
            while not ready.exists():
                assert process.poll() is None
                await asyncio.sleep(0.02)
            url = json.loads(ready.read_text())["url"]
            clients = [await Client.open(url) for _ in range(3)]
            for number, client in enumerate(clients[:2]):
                await client.connect(f"space-{number}", "very-secret")
                room = await client.enter_room("video.recording.started")
                await room.start_recording()
                await client.sync()
            await clients[2].socket.send_text("hello?")
            await clients[2].receive()
            # Lines are written when the turn of the loop is over in which the answer has left.
            while not (kept / "before connect.jsonl").exists():
                await asyncio.sleep(0.01)
        finally:
            process.kill()
            process.wait()
        for client in clients:
            await client.socket.close()
        names = sorted(path.name for path in kept.iterdir())
        assert names == ["before connect.jsonl", "space-0.jsonl", "space-1.jsonl"]
        for name in names[1:]:
            said = entries(kept / name)
            assert said[-1]["frame"]["result"] == {"timestamp": 1.5}
            assert "all hold" in check(kept / name)
        assert "very-secret" not in "".join(path.read_text() for path in kept.iterdir())

    @pytest.fixture
    async def server(self) -> AsyncIterator[Server]:
        server = Server(settings())
        await server.start()
        yield server
        await server.stop()
        assert server.bugs == []

    async def test_goes_on_when_the_disk_is_full(self, server: Server) -> None:
        told: list[str] = []
        full = TraceFile(Path("/dev/full"), told.append)
        keeping = Keeping(server, lambda _: full)
        client = await Client.open(server.url)
        await client.connect("here", "any")
        for _ in range(3):
            await client.sync()
            keeping.flush()
        await client.socket.close()
        assert told == ["cannot write the trace /dev/full: No space left on device; it ends here"]

    async def test_overwrites_nothing(self, server: Server, tmp_path: Path) -> None:
        (tmp_path / "here.jsonl").write_text("from yesterday\n")
        keeping = Keeping(server, in_folder(tmp_path, pytest.fail))
        for _ in range(2):
            server.spaces.create("here", {})
            client = await Client.open(server.url)
            await client.connect("here", "any")
            await client.socket.close()
            server.spaces.delete("here")
        keeping.flush()
        assert (tmp_path / "here.jsonl").read_text() == "from yesterday\n"
        for name, space in (("here 2", "here"), ("here (run 2)", "here")):
            assert {each["space"] for each in entries(tmp_path / f"{name}.jsonl")} == {space}

    @pytest.mark.parametrize("name", ["../up", "/etc/x", "a/b", "..", "a\\b", "x" * 200, "ü 🎥"])
    async def test_writes_into_its_folder_whatever_a_space_is_called(
        self, name: str, server: Server, tmp_path: Path
    ) -> None:
        folder = tmp_path / "kept"
        folder.mkdir()
        keeping = Keeping(server, in_folder(folder, pytest.fail))
        server.spaces.create(name, {})
        client = await Client.open(server.url)
        await client.connect(name, "any")
        keeping.flush()
        await client.socket.close()
        [file] = folder.iterdir()
        assert len(entries(file)) == 2
        assert list(tmp_path.iterdir()) == [folder]


def test_a_line_that_did_not_fit_leaves_no_half_of_it(tmp_path: Path) -> None:
    """As on a disk that became full in the middle of a line."""
    code = (
        "import sys; from pathlib import Path; from mockserver.server.keeping import TraceFile\n"
        "file = TraceFile(Path('x'), print)\n"
        "for _ in range(5): file.append(b'7' * 700 + b'\\n')\n"
    )
    words = limited([sys.executable, "-c", code])
    told = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert told == "cannot write the trace x: File too large; it ends here\n"
    assert (tmp_path / "x").read_text() == ("7" * 700 + "\n") * 2
