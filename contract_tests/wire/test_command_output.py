"""What commands print in other encodings, on full disks, in narrow terminals, and after Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from contract_tests.shared import processes
from contract_tests.shared.patience import PATIENCE_S
from mockserver import schemas

pytestmark = pytest.mark.only_the_mock("has a command line")

TRACES = Path(__file__).parents[2] / "fixtures" / "traces"
GOOD, BROKEN = (str(TRACES / name) for name in ("good-pause-resume.jsonl", "started-first.jsonl"))

ODD = """\
scenario: odd
about: "The room [red]has[/b] another :smile: name."
rooms: {lobby: {name: "a[/b] \\u2713 \\U0001F600", members: 1}}
script:
  - {when: {subscribed: video.rooms}, do: start_room}
  - {when: {event: video.room.started}, do: end_room}
client: [{do: [connect, {listen: video}]}]
expect:
  - video.room.started: {room_session: {name: "[lobby]"}}
  - video.room.ended: {}
  - video.recording.ended: {}
"""


def run(
    *arguments: str,
    cwd: Path,
    encoding: str = "utf-8",
    stdout: int | IO[bytes] = subprocess.PIPE,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*processes.MODULE, *arguments],
        cwd=cwd,
        env={**processes.BUFFERED, "PYTHONIOENCODING": encoding, **environment},
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding=encoding,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.fixture
def odd(tmp_path: Path) -> str:
    """A scenario whose texts are not only letters, and whose expectations are not met."""
    path = tmp_path / "odd.yaml"
    path.write_text(ODD, "utf-8")
    return path.name


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
class TestEncodings:
    def test_demo_needs_no_unicode(self, encoding: str, tmp_path: Path) -> None:
        ended = run("demo", "start-stop", "--speed", "20", cwd=tmp_path, encoding=encoding)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert "  server -- event video.recording.started" in ended.stdout
        assert "ok: the contract holds" in ended.stdout

    def test_other_signs_are_escaped(self, encoding: str, odd: str, tmp_path: Path) -> None:
        ended = run("demo", odd, cwd=tmp_path, encoding=encoding)
        assert (ended.returncode, ended.stderr) == (1, "")
        assert r"came a[/b] ok: \U0001f600" in ended.stdout

    def test_a_verdict_stays_a_verdict(self, encoding: str, tmp_path: Path) -> None:
        ended = run("check", BROKEN, cwd=tmp_path, encoding=encoding)
        assert (ended.returncode, ended.stderr) == (1, "")
        assert "started-first: " in ended.stdout

    def test_schemas_stay_what_they_are(self, encoding: str, tmp_path: Path) -> None:
        for name in ("scenario", "objects/recording"):
            ended = run("schema", name, cwd=tmp_path, encoding=encoding)
            in_utf_8 = run("schema", name, cwd=tmp_path)
            assert json.loads(ended.stdout) == json.loads(in_utf_8.stdout)

    def test_lists_need_no_unicode(self, encoding: str, tmp_path: Path) -> None:
        for command in ("rules", "scenarios", "schema"):
            ended = run(command, cwd=tmp_path, encoding=encoding)
            assert (ended.returncode, ended.stderr) == (0, "")


class TestExitCodes:
    """A verdict, a failure, nothing to judge and a bug can be told apart."""

    def test_are_documented(self, tmp_path: Path) -> None:
        told = run("--help", cwd=tmp_path).stdout.partition("exit codes:\n")[2]
        codes = [int(code) for code in re.findall(r"^ +(\d+)  \S", told, re.MULTILINE)]
        assert codes == [0, 1, 2, 5, 70, 74, 130]

    @pytest.mark.parametrize("text", ["", "\n\n"], ids=["empty", "blank lines"])
    def test_of_a_trace_without_a_frame(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "empty.jsonl").write_text(text)
        ended = run("check", "empty.jsonl", cwd=tmp_path)
        assert (ended.returncode, ended.stdout) == (5, "")
        assert "empty.jsonl: no frames, so there is nothing to judge" in ended.stderr

    def test_of_a_bug(self, tmp_path: Path) -> None:
        faulty = (
            "import sys\n"
            "from mockserver import cli, contract\n"
            "contract.judge = None\n"
            f"sys.exit(cli.main(['check', {GOOD!r}]))"
        )
        ended = subprocess.run(
            [sys.executable, "-c", faulty],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 70
        assert "this is a bug of the mock" in ended.stderr.splitlines()[-1]


class TestFullDisk:
    @pytest.mark.parametrize(
        "words",
        [["check", GOOD], ["check", BROKEN], ["schema", "scenario"], ["--help"], ["--port", "0"]],
        ids=lambda words: words[-1].rpartition("/")[2],
    )
    def test_is_to_blame_and_no_verdict(self, words: list[str], tmp_path: Path) -> None:
        with Path("/dev/full").open("wb") as full:
            ended = run(*words, cwd=tmp_path, stdout=full)
        assert ended.returncode == 74
        [line] = ended.stderr.splitlines()
        assert line.endswith("cannot write to the standard output: No space left on device")

    def test_is_to_blame_for_a_demo(self, tmp_path: Path) -> None:
        with Path("/dev/full").open("wb") as full:
            ended = run("demo", "--speed", "20", cwd=tmp_path, stdout=full)
        assert ended.returncode == 74
        assert len(ended.stderr.splitlines()) == 1


class TestWithoutReader:
    @pytest.mark.parametrize(("trace", "code"), [(GOOD, 0), (BROKEN, 1)])
    def test_a_closed_output_keeps_the_verdict(self, trace: str, code: int, tmp_path: Path) -> None:
        words = ["sh", "-c", 'exec "$@" >&-', "sh", *processes.MODULE, "check", trace]
        ended = subprocess.run(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True, check=False)
        assert (ended.returncode, ended.stderr) == (code, "")

    def test_a_reader_that_has_gone_keeps_the_verdict(self, tmp_path: Path) -> None:
        for environment in (processes.BUFFERED, {**processes.BUFFERED, "PYTHONUNBUFFERED": "1"}):
            process = subprocess.Popen(
                [*processes.MODULE, "check", BROKEN],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert process.stdout is not None
            process.stdout.close()
            assert process.stderr is not None
            complaint = process.stderr.read()
            process.stderr.close()
            assert (process.wait(timeout=PATIENCE_S), complaint) == (1, "")


class TestDemo:
    def test_texts_are_no_markup(self, odd: str, tmp_path: Path) -> None:
        text = run("demo", odd, cwd=tmp_path).stdout
        assert text.startswith("odd  The room [red]has[/b] another :smile: name.\n")
        assert "expected [lobby], came a[/b] ✓ 😀" in text

    def test_ends_when_nothing_more_can_come(self, odd: str, tmp_path: Path) -> None:
        """It does not wait until its patience is at an end: the room has ended."""
        text = run("demo", odd, cwd=tmp_path).stdout
        assert "the server has nothing left to do: waiting for all of: 1 video.recording" in text
        assert "gave up" not in text

    def test_takes_a_name(self, tmp_path: Path) -> None:
        text = run("demo", "start-stop", "--speed", "20", cwd=tmp_path).stdout
        assert text.startswith("start-stop  ")
        assert "all 6 expectations of start-stop" in text

    @pytest.mark.parametrize("columns", [60, 80])
    def test_shows_all_of_a_frame_on_a_narrow_terminal(self, columns: int, tmp_path: Path) -> None:
        words = ("demo", "--speed", "20")
        width = str(columns)
        ended = run(*words, cwd=tmp_path, FORCE_COLOR="1", TERM="xterm", COLUMNS=width)
        text = re.sub(r"\x1b\[[0-9;]*m", "", ended.stdout)
        assert max(map(len, text.splitlines())) <= columns
        for word in ("state=paused", "state=completed", "duration=", "code=200", "recording=true"):
            assert word in text


class TestSchema:
    def test_a_name_of_several_means_the_call(self, tmp_path: Path) -> None:
        ended = run("schema", "video.recording.start", cwd=tmp_path)
        assert ended.returncode == 0
        assert json.loads(ended.stdout) == schemas.load("calls/video.recording.start")
        assert "there is also results/video.recording.start" in ended.stderr


def interrupted_at(module: str, *words: str) -> list[str]:
    """A command that somebody interrupts while Python imports this module."""
    program = (
        "import os, signal, sys\n"
        "class Key:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Key())\n"
        f"sys.argv = ['mockserver', *{words!r}]\n"
        "from mockserver.cli import process\n"
        "process()\n"
    )
    return [sys.executable, "-c", program]


class TestInterrupt:
    @pytest.mark.parametrize(
        ("module", "words"),
        [
            ("argparse", ["rules"]),
            ("mockserver.cli.command_line", ["--help"]),
            ("mockserver.cli.check", ["check", GOOD]),
            ("mockserver.contract", ["check", GOOD]),
            ("orjson", ["check", GOOD]),
            ("aiohttp", ["serve", "--port", "0"]),
            ("rich.console", ["demo"]),
            ("mockserver.cli.run.program", ["run", "--", "true"]),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_while_it_begins_is_silent(self, module: str, words: list[str], tmp_path: Path) -> None:
        ended = subprocess.run(
            interrupted_at(module, *words),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")

    def test_while_a_demo_plays_is_silent(self, tmp_path: Path) -> None:
        process = subprocess.Popen(
            [*processes.MODULE, "demo"],
            cwd=tmp_path,
            env={**processes.BUFFERED, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert any("video.room.started" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, complaint) == (-signal.SIGINT, "")

    @pytest.mark.parametrize(
        "words", [["check", "-"], ["report", "-", "-o", "report.html"], ["diagram", "-"]]
    )
    def test_while_it_reads_leaves_the_terminal_as_it_was(
        self, words: list[str], tmp_path: Path
    ) -> None:
        """The bar hides the cursor."""
        program = (
            "import sys\n"
            "from mockserver.cli import process, progress\n"
            "progress.AFTER_S, progress.LOOK_EVERY = 0.0, 1\n"
            f"sys.argv = {['mockserver', *words]}\n"
            "process()\n"
        )
        ours, terminal = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env={**processes.BUFFERED, "TERM": "xterm"},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=terminal,
        )
        os.close(terminal)
        assert process.stdin is not None
        lines = Path(GOOD).read_bytes().splitlines(keepends=True)
        for n in range(1, 2_001):
            entry = json.loads(lines[n % len(lines)])
            process.stdin.write(json.dumps({**entry, "n": n}).encode() + b"\n")
        process.stdin.flush()
        shown = b""
        with contextlib.suppress(OSError):
            while part := os.read(ours, 4096):
                if b"frames" in part and b"frames" not in shown:
                    process.send_signal(signal.SIGINT)
                shown += part
        os.close(ours)
        process.stdin.close()
        assert process.wait(timeout=PATIENCE_S) == 128 + signal.SIGINT
        hidden, shown_again = shown.rfind(b"\x1b[?25l"), shown.rfind(b"\x1b[?25h")
        assert -1 < hidden < shown_again
        assert b"Traceback" not in shown

    def test_several_times_while_it_serves_ends_it_as_one_does(self, tmp_path: Path) -> None:
        with processes.server(folder=tmp_path) as server:
            for _ in range(3):
                server.process.send_signal(signal.SIGINT)
            assert server.process.wait(timeout=PATIENCE_S) == 0
        assert "Traceback" not in server.log.read_text()
