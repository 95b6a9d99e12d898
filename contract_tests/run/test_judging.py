"""A run is checked against the contract, whatever the program itself thinks of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .runs import SPEED, program, run

BROKEN = {
    "acknowledge-twice": "acknowledged-once",
    "stop-again": "no-action-after-ended",
    "speak-first": "client-frames-valid",
}


class TestBrokenContract:
    @pytest.mark.parametrize("deed", BROKEN)
    def test_fails_a_program_that_passed(self, deed: str, tmp_path: Path) -> None:
        ended = run("--speed", SPEED, then=program("client", deed), cwd=tmp_path)
        assert ended.returncode == 1
        assert ended.stdout == ""
        told, _, timeline = ended.stderr.partition("timeline:\n")
        assert f"\n{BROKEN[deed]}: " in told
        other = [rule for rule in BROKEN.values() if rule != BROKEN[deed]]
        assert not any(f"\n{rule}: " in told for rule in other)
        if deed == "speak-first":
            assert "broken before signalwire.connect: " in told
            assert "hello?" in timeline
        else:
            assert 'broken in space "mock-project": ' in told
            assert "signalwire.connect project=mock-project" in timeline
            assert "event video.recording.ended" in timeline

    def test_leaves_the_exit_code_of_one_that_failed(self, tmp_path: Path) -> None:
        then = program("client", "stop-again", "exit=7")
        ended = run("--speed", SPEED, then=then, cwd=tmp_path)
        assert ended.returncode == 7
        assert "no-action-after-ended" in ended.stderr

    def test_does_not_matter_without_the_check(self, tmp_path: Path) -> None:
        then = program("client", "stop-again")
        ended = run("--no-check", "--speed", SPEED, then=then, cwd=tmp_path)
        assert (ended.returncode, ended.stderr) == (0, "")

    def test_is_told_by_space(self, tmp_path: Path) -> None:
        deeds = ("space=right", "record", "space=wrong", "stop-again", "space=other", "record")
        ended = run("--speed", SPEED, then=program("client", *deeds), cwd=tmp_path)
        assert ended.returncode == 1
        assert 'in space "wrong"' in ended.stderr
        assert 'in space "right"' not in ended.stderr
        assert 'in space "other"' not in ended.stderr

    def test_is_told_of_spaces_that_have_begun_anew(self, tmp_path: Path) -> None:
        """A scenario that has been played begins again for the next client: that is two traces."""
        options = ("--speed", SPEED, "--scenario", "start-stop")
        deeds = ("stop-again", "record")
        ended = run(*options, then=program("client", *deeds), cwd=tmp_path)
        assert ended.returncode == 1
        assert 'in space "mock-project": ' in ended.stderr
        ended = run(*options, then=program("client", *reversed(deeds)), cwd=tmp_path)
        assert ended.returncode == 1
        assert 'in space "mock-project (run 2)": ' in ended.stderr


class TestTrace:
    def kept(self, *deeds: str, folder: Path, options: tuple[str, ...] = ()) -> list[Any]:
        path = folder / "trace.jsonl"
        then = program("client", *deeds)
        ended = run("--speed", SPEED, "--trace", path.name, *options, then=then, cwd=folder)
        assert ended.returncode == 0, ended.stderr
        return [json.loads(line) for line in path.read_text().splitlines()]

    def check(self, folder: Path) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "mockserver", "check", "trace.jsonl"]
        return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)

    def test_has_every_frame_and_no_token(self, tmp_path: Path) -> None:
        entries = self.kept("record", folder=tmp_path)
        calls = [e["frame"]["method"] for e in entries if "method" in (e["frame"] or {})]
        assert calls[0] == "signalwire.connect"
        assert calls.count("video.recording.start") == 1
        assert "mock-token" not in (tmp_path / "trace.jsonl").read_text()

    def test_of_all_spaces_can_be_judged_again(self, tmp_path: Path) -> None:
        deeds = ("record", "space=a", "record", "space=b", "record", "record")
        options = ("--scenario", "start-stop")
        entries = self.kept(*deeds, folder=tmp_path, options=options)
        assert {each["space"] for each in entries} == {"mock-project", "a", "b", "b (run 2)"}
        assert [each["n"] for each in entries] == list(range(1, len(entries) + 1))
        judged = self.check(tmp_path)
        assert (judged.returncode, judged.stderr) == (0, ""), judged.stdout

    def test_has_what_the_run_was_failed_for(self, tmp_path: Path) -> None:
        deeds = ("record", "space=wrong", "stop-again", "speak-first")
        self.kept(*deeds, folder=tmp_path, options=("--no-check",))
        judged = self.check(tmp_path)
        assert judged.returncode == 1
        assert "no-action-after-ended" in judged.stdout
        assert "client-frames-valid" in judged.stdout

    def test_takes_the_place_of_an_older_one(self, tmp_path: Path) -> None:
        (tmp_path / "trace.jsonl").write_text("from yesterday\n")
        then = program("client", "exit=3")
        assert run("--trace", "trace.jsonl", then=then, cwd=tmp_path).returncode == 3
        assert (tmp_path / "trace.jsonl").read_text() == ""


FAILING = (
    "scenario: own\n"
    "about: Nothing runs that could be stopped.\n"
    "rooms: {lobby: {}}\n"
    "script:\n"
    "  - {at: 0s, do: [start_room, stop_recording]}\n"
)


class TestFailingScript:
    def test_fails_a_program_that_passed(self, tmp_path: Path) -> None:
        (tmp_path / "own.yaml").write_text(FAILING)
        ended = run("--scenario", "own.yaml", then=program("client", "connect"), cwd=tmp_path)
        assert ended.returncode == 1
        told = 'a step of the script failed in space "mock-project": own.yaml:5: '
        assert told in ended.stderr

    def test_does_not_matter_without_the_check(self, tmp_path: Path) -> None:
        (tmp_path / "own.yaml").write_text(FAILING)
        then = program("client", "connect")
        ended = run("--no-check", "--scenario", "own.yaml", then=then, cwd=tmp_path)
        assert ended.returncode == 0
