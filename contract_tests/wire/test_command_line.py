"""The commands that end by themselves: what they print, and their exit codes."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import mockserver
from contract_tests.shared import processes
from contract_tests.shared.patience import PATIENCE_S
from mockserver import contract, scenarios, schemas

pytestmark = pytest.mark.only_the_mock("has a command line")

TRACES = Path(__file__).parents[2] / "fixtures" / "traces"


def run(*arguments: str, cwd: Path, code: int = 0) -> str:
    """Run a command that must end with this exit code; gives stdout, or stderr of a usage error."""
    __tracebackhide__ = True
    ended = processes.run(*arguments, cwd=cwd)
    assert ended.returncode == code, ended
    assert "Traceback" not in ended.stderr
    silent, spoken = ended.stderr, ended.stdout
    if code == 2:
        silent, spoken = spoken, silent
    assert silent == ""
    return spoken


def test_help_tells_the_commands_and_how_to_begin(tmp_path: Path) -> None:
    text = run("--help", cwd=tmp_path)
    for word in (
        "serve",
        "demo",
        "scenarios",
        "schema",
        "rules",
        "check",
        "ws://",
        "scenario:NAME",
    ):
        assert word in text
    assert run("-h", cwd=tmp_path) == text


@pytest.mark.parametrize("command", ["serve", "demo", "scenarios", "schema", "rules", "check"])
def test_every_command_has_help(command: str, tmp_path: Path) -> None:
    text = run(command, "--help", cwd=tmp_path)
    assert text.startswith(f"usage: python -m mockserver {command}")


def test_version(tmp_path: Path) -> None:
    assert run("--version", cwd=tmp_path) == f"{mockserver.__version__}\n"


def test_unknown_command(tmp_path: Path) -> None:
    text = run("dmeo", cwd=tmp_path, code=2)
    assert "dmeo" in text
    assert "demo" in text


class TestScenarios:
    def test_lists_all_that_ship(self, tmp_path: Path) -> None:
        lines = run("scenarios", cwd=tmp_path).splitlines()
        assert [line.split()[0] for line in lines] == [each.name for each in scenarios.shipped()]
        for line, each in zip(lines, scenarios.shipped(), strict=True):
            assert line.endswith(each.about)

    def test_explains_one(self, tmp_path: Path) -> None:
        lines = run("scenarios", "pause-resume", cwd=tmp_path).splitlines()
        assert lines == scenarios.load("pause-resume").explain()

    def test_explains_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "own.yaml").write_text("scenario: own\nabout: Nothing happens.\n")
        assert "Nothing happens." in run("scenarios", "own.yaml", cwd=tmp_path)

    def test_unknown_one(self, tmp_path: Path) -> None:
        text = run("scenarios", "pause-resum", cwd=tmp_path, code=2)
        assert 'did you mean "pause-resume"' in text

    def test_faulty_file_tells_every_mistake(self, tmp_path: Path) -> None:
        (tmp_path / "own.yaml").write_text("scenario: other\nabuot: Typo.\nlatency: soon\n")
        text = run("scenarios", "own.yaml", cwd=tmp_path, code=2)
        for word in ("own.yaml:2:", "abuot", "own.yaml:3:", "soon"):
            assert word in text


class TestSchema:
    def test_lists_all(self, tmp_path: Path) -> None:
        lines = run("schema", cwd=tmp_path).splitlines()
        assert [line.split()[0] for line in lines] == schemas.names()

    @pytest.mark.parametrize("name", ["calls/video.recording.start", "video.recording.ended"])
    def test_prints_one(self, name: str, tmp_path: Path) -> None:
        assert json.loads(run("schema", name, cwd=tmp_path)) == schemas.load(name)

    def test_unknown_one(self, tmp_path: Path) -> None:
        text = run("schema", "video.recording.strat", cwd=tmp_path, code=2)
        assert "video.recording.start" in text


def test_rules_are_listed_with_their_sentences(tmp_path: Path) -> None:
    lines = run("rules", cwd=tmp_path).splitlines()
    assert len(lines) == len(contract.RULES)
    for line, rule in zip(lines, contract.RULES, strict=True):
        assert line.split()[:2] == [rule.name, rule.party]
        assert line.endswith(rule.sentence)


class TestCheck:
    def test_good_trace(self, tmp_path: Path) -> None:
        text = run("check", str(TRACES / "good-pause-resume.jsonl"), cwd=tmp_path)
        assert "all hold" in text
        assert f"{len(contract.RULES)} rules" in text

    def test_trace_that_breaks_a_rule(self, tmp_path: Path) -> None:
        text = run("check", str(TRACES / "started-first.jsonl"), cwd=tmp_path, code=1)
        assert "started-first" in text
        assert "1 violation" in text

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("hello", ["line 1", "JSON object"]),
            ('{"n": 1}\n', ["line 1", "'time'"]),
            ("\n[1]\n", ["line 2", "JSON object"]),
        ],
    )
    def test_text_that_is_no_trace(self, content: str, words: list[str], tmp_path: Path) -> None:
        (tmp_path / "bad.jsonl").write_text(content)
        text = run("check", "bad.jsonl", cwd=tmp_path, code=2)
        for word in ("bad.jsonl", *words):
            assert word in text
        assert len(text.splitlines()) == 1

    @pytest.mark.parametrize("path", ["missing.jsonl", "."])
    def test_file_that_cannot_be_read(self, path: str, tmp_path: Path) -> None:
        text = run("check", path, cwd=tmp_path, code=2)
        assert path in text
        assert len(text.splitlines()) == 1

    @pytest.mark.parametrize(
        ("path", "words"), [("missing.jsonl", "there is no such file"), (".", "this is a folder")]
    )
    def test_what_is_wrong_with_a_file_is_told_in_words(
        self, path: str, words: str, tmp_path: Path
    ) -> None:
        text = run("check", path, cwd=tmp_path, code=2)
        assert words in text
        assert "Errno" not in text

    @pytest.mark.parametrize(
        ("broken", "line"),
        [
            (lambda whole: whole[: len(whole) // 2], r"\d\d+"),
            (lambda whole: whole[:20], "1"),
            # A method of compression that gzip does not know, and a block that is none.
            (lambda whole: whole[:2] + b"\x00" + whole[3:], "1"),
            (lambda whole: whole[:10] + b"abcdef", "1"),
        ],
        ids=["cut", "cut at once", "method", "block"],
    )
    @pytest.mark.parametrize("command", ["check", "diagram", "report -o report.html"])
    def test_broken_compression_is_told(
        self, command: str, broken: Callable[[bytes], bytes], line: str, tmp_path: Path
    ) -> None:
        whole = gzip.compress((TRACES / "good-members.jsonl").read_bytes())
        (tmp_path / "cut.gz").write_bytes(broken(whole))
        text = run(*command.split(), "cut.gz", cwd=tmp_path, code=2)
        expected = f"cut.gz, line {line}: expected a whole gzip file, found one that is broken"
        assert re.search(expected, text)
        assert len(text.splitlines()) == 1

    def test_many_violations_are_counted_but_not_all_shown(self, tmp_path: Path) -> None:
        line = (TRACES / "good-pause-resume.jsonl").read_text().splitlines()[1]
        answers = [json.dumps({**json.loads(line), "n": n}) for n in range(1, 152)]
        (tmp_path / "many.jsonl").write_text("\n".join(answers))
        text = run("check", "many.jsonl", cwd=tmp_path, code=1)
        assert text.count("answered-once: ") == 100
        assert "51 more violations of these rules are not shown" in text

    def test_file_has_to_be_named(self, tmp_path: Path) -> None:
        assert "trace" in run("check", cwd=tmp_path, code=2)


@pytest.mark.parametrize(
    "arguments", [["rules"], ["schema", "room_session"], ["demo", "start-stop"]], ids=" ".join
)
def test_reader_that_has_gone_is_no_error(arguments: list[str], tmp_path: Path) -> None:
    """As in ``… | head -1``: no traceback, and no failure to alarm a script."""
    process = subprocess.Popen(
        [*processes.MODULE, *arguments],
        cwd=tmp_path,
        env=processes.BUFFERED,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    complaint = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=PATIENCE_S) == 0, complaint
    assert complaint == ""


class TestDemo:
    def test_shows_the_wire_and_that_the_contract_holds(self, tmp_path: Path) -> None:
        text = run("demo", "--speed", "20", cwd=tmp_path)
        for word in (
            "pause-resume",
            "signalwire.connect",
            "video.recording.start",
            "video.recording.started",
            "state=recording",
            "state=paused",
            "state=completed",
            "the contract holds",
        ):
            assert word in text

    def test_plays_another_scenario(self, tmp_path: Path) -> None:
        text = run("demo", "--scenario", "pause-refused", "--speed", "20", cwd=tmp_path)
        assert "code=409" in text
        assert "the contract holds" in text

    def test_expectation_that_fails_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "own.yaml").write_text(
            "scenario: own\n"
            "about: The room has another name than expected.\n"
            "rooms: {lobby: {members: 1}}\n"
            "script:\n"
            "  - {when: {subscribed: video.rooms}, do: start_room}\n"
            "client: [{do: [connect, {listen: video}]}]\n"
            "expect:\n"
            "  - video.room.started: {room_session: {name: attic}}\n"
        )
        text = run("demo", "--scenario", "own.yaml", cwd=tmp_path, code=1)
        assert "expected attic, came lobby" in text
        assert "does not hold" in text

    def test_unknown_scenario(self, tmp_path: Path) -> None:
        assert "did you mean" in run("demo", "--scenario", "start-stp", cwd=tmp_path, code=2)

    SERVICE_ONLY = (
        "scenario: own\n"
        "about: Only the service does something.\n"
        "rooms: {lobby: {}, hall: {}}\n"
        "script:\n"
        "  - {when: {subscribed: video.rooms}, do: [{start_room: lobby}, {start_room: hall}]}\n"
        "  - {when: {subscribed: room, room: hall}, do: {start_recording: hall}}\n"
        "  - {when: {event: video.recording.started}, after: 1s, do: {end_room: hall}}\n"
        "expect:\n"
        "  - video.recording.started\n"
        "  - video.recording.ended: {recording: {duration: "
    )

    @pytest.mark.parametrize(("duration", "code"), [("1", 0), ("7", 1)])
    def test_a_scenario_without_a_client_part_is_judged_by_its_oracle(
        self, tmp_path: Path, duration: str, code: int
    ) -> None:
        (tmp_path / "own.yaml").write_text(f"{self.SERVICE_ONLY}{duration}}}}}\n")
        text = run("demo", "--scenario", "own.yaml", "--speed", "20", cwd=tmp_path, code=code)
        assert ("all 2 expectations of own" in text) is (code == 0)
        assert ("duration: expected 7, came 1.0" in text) is (code == 1)

    def test_a_scenario_without_client_and_oracle_cannot_be_judged(self, tmp_path: Path) -> None:
        (tmp_path / "own.yaml").write_text("scenario: own\nabout: Nothing happens.\n")
        text = run("demo", "--scenario", "own.yaml", cwd=tmp_path, code=1)
        assert "neither a client part to play nor expectations to judge by" in text

    @pytest.mark.parametrize(("optional", "code"), [("", 1), ("    optional: true\n", 0)])
    def test_a_step_of_the_script_that_fails_is_told(
        self, tmp_path: Path, optional: str, code: int
    ) -> None:
        (tmp_path / "own.yaml").write_text(
            "scenario: own\n"
            "about: Nothing runs that could be stopped.\n"
            "rooms: {lobby: {}}\n"
            "script:\n"
            "  - when: {subscribed: video.rooms}\n"
            "    do: [start_room, stop_recording]\n"
            f"{optional}"
            "expect: [video.room.started]\n"
        )
        text = run("demo", "--scenario", "own.yaml", cwd=tmp_path, code=code)
        told = "own.yaml:5: stop the newest recording of room lobby: "
        assert (f"{told}no recording is running" in text) is (code == 1)
