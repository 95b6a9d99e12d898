"""What the program gets, and what becomes of its output and its exit code."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from contract_tests.shared.patience import PATIENCE_S

from .runs import program, run

PROJECT = ("SIGNALWIRE_PROJECT_ID", "PROJECT_ID", "SW_PROJECT")
TOKEN = ("SIGNALWIRE_API_TOKEN", "API_TOKEN", "SW_TOKEN")
URL = ("SIGNALWIRE_HOST", "MOCK_SIGNALWIRE_URL")
SPACE = ("SIGNALWIRE_SPACE", "SIGNALWIRE_SPACE_URL")
NOT_SET = dict.fromkeys((*PROJECT, *TOKEN, *URL, *SPACE, "NO_PROXY", "no_proxy"), "")
"""Whatever the environment of the tests says; an empty variable counts as not set."""

PRINT_ENVIRONMENT = "import json, os; print(json.dumps(dict(os.environ)))"


def run_python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program by itself, not under the mock."""
    return subprocess.run(
        python(code), cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


class TestEnvironment:
    def test_says_where_the_mock_is_and_who_to_be(self, tmp_path: Path) -> None:
        told = self.told(tmp_path, MY_OWN="kept")
        assert {told[name] for name in PROJECT} == {"mock-project"}
        assert {told[name] for name in TOKEN} == {"mock-token"}
        [url] = {told[name] for name in URL}
        assert url.startswith("ws://127.0.0.1:")
        assert told["MOCK_SIGNALWIRE_HTTP"] == url.replace("ws://", "http://")
        assert told["MY_OWN"] == "kept"

    def test_has_the_space_in_the_form_of_a_host(self, tmp_path: Path) -> None:
        """Applications write ``https://$SIGNALWIRE_SPACE/api/…``."""
        told = self.told(tmp_path)
        [space] = {told[name] for name in SPACE}
        assert f"ws://{space}" == told["MOCK_SIGNALWIRE_URL"]

    def test_keeps_what_is_set_and_says_so(self, tmp_path: Path) -> None:
        mine = {"SW_PROJECT": "mine", "SIGNALWIRE_SPACE": "mine.example", "API_TOKEN": "mock-token"}
        ended = run(then=python(PRINT_ENVIRONMENT), cwd=tmp_path, environment={**NOT_SET, **mine})
        told = json.loads(ended.stdout)
        assert told.items() >= mine.items()
        assert told["SIGNALWIRE_PROJECT_ID"] == "mock-project"
        [line] = [line for line in ended.stderr.splitlines() if "kept" in line]
        assert "kept: SW_PROJECT, SIGNALWIRE_SPACE (--override" in line

    def test_replaces_what_is_set_when_asked_to(self, tmp_path: Path) -> None:
        told = self.told(tmp_path, "--override", SW_PROJECT="mine", SIGNALWIRE_HOST="mine.example")
        assert told["SW_PROJECT"] == "mock-project"
        assert told["SIGNALWIRE_HOST"] == told["MOCK_SIGNALWIRE_URL"]

    def test_always_says_where_the_mock_is(self, tmp_path: Path) -> None:
        """A run within a run has its own server."""
        told = self.told(tmp_path, MOCK_SIGNALWIRE_URL="ws://outer", MOCK_SIGNALWIRE_HTTP="outer")
        assert told["MOCK_SIGNALWIRE_URL"] == told["SIGNALWIRE_HOST"]
        assert told["MOCK_SIGNALWIRE_HTTP"].startswith("http://127.0.0.1:")

    @pytest.mark.parametrize(
        ("upper", "lower", "both"),
        [
            ("", "", ("127.0.0.1", "127.0.0.1")),
            ("a, b", "", ("a,b,127.0.0.1", "a,b,127.0.0.1")),
            ("", "a", ("a,127.0.0.1", "a,127.0.0.1")),
            ("a", "b", ("a,127.0.0.1", "b,127.0.0.1")),
            ("a,127.0.0.1", "*", ("a,127.0.0.1", "*")),
        ],
    )
    def test_needs_no_proxy_to_reach_the_mock(
        self, upper: str, lower: str, both: tuple[str, str], tmp_path: Path
    ) -> None:
        told = self.told(tmp_path, NO_PROXY=upper, no_proxy=lower)
        assert (told["NO_PROXY"], told["no_proxy"]) == both

    def told(self, folder: Path, *options: str, **mine: str) -> dict[str, str]:
        """The environment of a program that runs with these variables of its own."""
        variables = {**NOT_SET, **mine}
        ended = run(*options, then=python(PRINT_ENVIRONMENT), cwd=folder, environment=variables)
        told: dict[str, str] = json.loads(ended.stdout)
        return told

    def test_leads_to_a_server_with_the_options_given(self, tmp_path: Path) -> None:
        look = (
            "import json, os, sys, urllib.request as r\n"
            "spaces = os.environ['MOCK_SIGNALWIRE_HTTP'] + '/__mock__/spaces'\n"
            "head = {'Content-Type': 'application/json'}\n"
            'r.urlopen(r.Request(spaces, b\'{"name": "mine"}\', head))\n'
            "print(r.urlopen(spaces + '/mine').read().decode())"
        )
        options = ("--no-check", "--clock", "manual", "--scenario", "two-recordings")
        ended = run(*options, then=python(look), cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        told = json.loads(ended.stdout)
        assert told["scenario"] == "two-recordings"
        assert told["clock"]["kind"] == "manual"

    def test_the_same_seed_gives_the_same_ids(self, tmp_path: Path) -> None:
        def rooms(seed: str) -> set[str]:
            kept = tmp_path / "trace.jsonl"
            options = ("--seed", seed, "--speed", "20", "--trace", str(kept))
            ended = run(*options, then=program("client", "record"), cwd=tmp_path)
            assert ended.returncode == 0, ended.stderr
            frames = [json.loads(line)["frame"] for line in kept.read_text().splitlines()]
            return {
                frame["params"]["room_session_id"]
                for frame in frames
                if frame.get("method") == "video.recording.start"
            }

        assert rooms("1") == rooms("1") != rooms("2")


class TestStreams:
    def test_are_the_programs_own(self, tmp_path: Path) -> None:
        code = "import sys; print(sys.stdin.read()[::-1], end=''); print('no!', file=sys.stderr)"
        ended = run(then=python(f"{code}; sys.exit(1)"), cwd=tmp_path, stdin="in\nput")
        assert ended.stdout == "tup\nni"
        assert ended.stderr.splitlines()[0] == "no!"

    def test_of_a_good_run_have_nothing_of_ours(self, tmp_path: Path) -> None:
        then = program("client", "record")
        ended = run("--speed", "20", then=then, cwd=tmp_path)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")

    def test_tell_when_nobody_found_the_mock(self, tmp_path: Path) -> None:
        """Those who forget to give the host to their client test against the real service."""
        ended = run(then=python("pass"), cwd=tmp_path)
        assert ended.returncode == 5
        assert "nobody connected" in ended.stderr
        assert "MOCK_SIGNALWIRE_URL" in ended.stderr
        ended = run("--no-check", then=python("pass"), cwd=tmp_path)
        assert ended.returncode == 0
        assert "nobody connected" in ended.stderr


class TestExitCode:
    @pytest.mark.parametrize("code", [0, 1, 2, 70, 255])
    def test_is_the_programs(self, code: int, tmp_path: Path) -> None:
        then = program("client", "connect", f"exit={code}")
        assert run(then=then, cwd=tmp_path).returncode == code

    def test_of_one_that_a_signal_ended_is_as_in_a_shell(self, tmp_path: Path) -> None:
        then = python(f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})")
        assert run(then=then, cwd=tmp_path).returncode == 137

    def test_of_one_that_does_not_exist(self, tmp_path: Path) -> None:
        ended = run(then=["no-such-program", "at all"], cwd=tmp_path)
        assert ended.returncode == 127
        assert ended.stderr == "mockserver: cannot run no-such-program: No such file or directory\n"

    def test_of_one_that_cannot_be_executed(self, tmp_path: Path) -> None:
        (tmp_path / "text").write_text("only a text")
        ended = run(then=["./text"], cwd=tmp_path)
        assert ended.returncode == 126
        assert ended.stderr == "mockserver: cannot run ./text: Permission denied\n"

    def test_of_one_that_failed_counts_more_than_that_nobody_connected(
        self, tmp_path: Path
    ) -> None:
        assert run(then=python("raise SystemExit(7)"), cwd=tmp_path).returncode == 7

    @pytest.mark.parametrize("code", [0, 7])
    def test_of_one_whose_trace_could_not_be_kept(self, code: int, tmp_path: Path) -> None:
        then = program("client", "connect", f"exit={code}")
        ended = run("--trace", "/dev/full", then=then, cwd=tmp_path)
        assert ended.returncode == (code or 74)
        assert "cannot write the trace /dev/full: No space left on device" in ended.stderr

    def test_of_a_faulty_mock(self, tmp_path: Path) -> None:
        """A bug of the mock is not the program's: it has an exit code of its own."""
        faulty = (
            "import sys\n"
            "from mockserver import cli\n"
            "from mockserver.server import Server\n"
            "stop = Server.stop\n"
            "async def note_and_stop(server):\n"
            "    server.note_bug(RuntimeError('cannot be'))\n"
            "    await stop(server)\n"
            "Server.stop = note_and_stop\n"
            "sys.exit(cli.main(['run', '--', 'true']))"
        )
        ended = run(then=python(faulty), cwd=tmp_path)
        assert ended.returncode == 70
        assert "cannot be" in ended.stderr
        assert "1 bugs of its own" in ended.stderr


class TestUsage:
    def assert_refused(self, ended: object, *words: str) -> None:
        assert getattr(ended, "returncode", None) == 2
        assert getattr(ended, "stdout", None) == ""
        stderr = str(getattr(ended, "stderr", ""))
        assert "Traceback" not in stderr
        assert [word for word in words if word not in stderr.splitlines()[-1]] == [], stderr

    @pytest.mark.parametrize("words", [[], ["echo", "it"], ["npm", "test", "--silent"]])
    def test_needs_the_dashes(self, words: list[str], tmp_path: Path) -> None:
        self.assert_refused(run(*words, cwd=tmp_path), "--: python -m mockserver run -- npm test")

    def test_needs_a_program_behind_them(self, tmp_path: Path) -> None:
        self.assert_refused(run(then=[], cwd=tmp_path), "needs a program behind --")

    def test_needs_process_groups(self, tmp_path: Path) -> None:
        """Which Windows does not have."""
        without = (
            "import os, signal, sys\n"
            "del os.killpg, os.getpgrp, signal.SIGHUP, signal.SIGQUIT\n"
            "from mockserver import cli\n"
            "sys.exit(cli.main(['run', '--', 'true']))"
        )
        ended = run_python(without, tmp_path)
        assert len(ended.stderr.splitlines()) == 1
        self.assert_refused(ended, "Windows", "--ready-file")

    def test_takes_no_word_before_them(self, tmp_path: Path) -> None:
        self.assert_refused(run("npm", then=["test"], cwd=tmp_path), "unrecognized", "npm")

    def test_gives_the_program_all_behind_them(self, tmp_path: Path) -> None:
        then = [*python("import sys; print(sys.argv[1:])"), "-h", "--", "--speed", "--"]
        assert run(then=then, cwd=tmp_path).stdout == "['-h', '--', '--speed', '--']\n"

    @pytest.mark.parametrize(
        ("option", "value"),
        [("--scenario", "no-such"), ("--trace", "no-such-folder/trace.jsonl"), ("--speed", "0")],
    )
    def test_runs_nothing_with_options_that_cannot_be(
        self, option: str, value: str, tmp_path: Path
    ) -> None:
        ended = run(option, value, then=["echo", "it ran"], cwd=tmp_path)
        self.assert_refused(ended, value)
