"""A verdict in each of its formats says the same, and what reads the format can read it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from contract_tests.run import runs
from contract_tests.shared import processes
from contract_tests.shared.patience import PATIENCE_S
from mockserver import contract
from mockserver.cli import formats
from mockserver.cli.formats import github, json_document, junit, sarif, text

TRACES = Path(__file__).parents[2] / "fixtures" / "traces"
BROKEN = TRACES / "started-first.jsonl"
GOOD = TRACES / "good-pause-resume.jsonl"


def judged(path: Path, *, file: str | None = None) -> formats.Judged:
    judge = contract.judge(source=str(path))
    for entry in contract.load_trace(path):
        judge.feed(entry)
    return formats.Judged(path.name, len(judge), judge.violations, 0, judge.warnings, file)


def with_message(message: str) -> formats.Verdict:
    """A verdict with a violation that says something."""
    [violation] = judged(BROKEN).violations
    changed = contract.Violation(
        violation.rule, message, violation.frames, violation.at, violation.proof
    )
    return formats.Verdict([formats.Judged("trace", 7, [changed], file="t,r:ace.jsonl")])


@pytest.fixture
def broken() -> formats.Verdict:
    return formats.Verdict([judged(BROKEN, file=str(BROKEN))])


@pytest.fixture
def good() -> formats.Verdict:
    return formats.Verdict([judged(GOOD, file=str(GOOD))])


def check(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return processes.run("check", *arguments, cwd=cwd)


@pytest.mark.parametrize("name", formats.FORMATS)
class TestEveryFormat:
    def test_names_the_broken_rule(
        self, name: str, broken: formats.Verdict, tmp_path: Path
    ) -> None:
        formats.write(name, broken, tmp_path / "verdict")
        written = (tmp_path / "verdict").read_text("utf-8")
        [violation] = broken.traces[0].violations
        assert violation.rule in written
        assert json.dumps(violation.message)[1:-1].split('"')[0] in written

    def test_leaves_the_exit_code(self, name: str, tmp_path: Path) -> None:
        out = tmp_path / "verdict"
        codes = [
            check(str(each), "--format", name, "-o", str(out), cwd=tmp_path).returncode
            for each in (GOOD, BROKEN)
        ]
        assert codes == [0, 1]

    def test_tells_a_file_that_cannot_be_written(self, name: str, tmp_path: Path) -> None:
        ended = check(str(GOOD), "--format", name, "-o", "no/such", cwd=tmp_path)
        assert (ended.returncode, ended.stdout) == (74, "")
        assert "cannot write no/such: No such file or directory" in ended.stderr


def test_text_is_what_check_always_said(tmp_path: Path, broken: formats.Verdict) -> None:
    ended = check(str(BROKEN), cwd=tmp_path)
    assert ended.stdout == text.render(broken).replace(BROKEN.name, str(BROKEN)) + "\n"


class TestJson:
    def test_is_one_document(self, broken: formats.Verdict) -> None:
        told = json.loads(json_document.render(broken))
        assert (told["holds"], told["rules"]) == (False, len(contract.RULES))
        [trace] = told["traces"]
        [violation] = trace["violations"]
        assert (violation["rule"], violation["party"]) == ("started-first", "server")
        assert [each["n"] for each in violation["proof"]] == violation["frames"]

    def test_has_nothing_else_on_standard_output(self, tmp_path: Path) -> None:
        ended = check(str(GOOD), "--format", "json", cwd=tmp_path)
        assert json.loads(ended.stdout)["holds"] is True
        assert ended.stderr == ""


class TestLines:
    """Where a violation is shown is the line of the file, empty lines and notes included."""

    def test_are_those_of_the_file(self, tmp_path: Path) -> None:
        lines = BROKEN.read_text("utf-8").splitlines()
        [violation] = judged(BROKEN).violations
        place = violation.frames[-1] - 1
        note = '{"note": "somebody spoke"}'
        (tmp_path / "t.jsonl").write_text(
            "\n".join(["", note, *lines[:place], "", *lines[place:]]), "utf-8"
        )
        ended = check("t.jsonl", "--format", "json", cwd=tmp_path)
        [told] = json.loads(ended.stdout)["traces"][0]["violations"]
        assert told["line"] == violation.frames[-1] + 3

    def test_of_standard_input_are_not_told(self, tmp_path: Path) -> None:
        ended = subprocess.run(
            [*processes.MODULE, "check", "-", "--format", "sarif"],
            cwd=tmp_path,
            input=BROKEN.read_bytes(),
            capture_output=True,
            timeout=PATIENCE_S,
        )
        [result] = json.loads(ended.stdout)["runs"][0]["results"]
        assert "locations" not in result


class TestJunit:
    def suite(self, verdict: formats.Verdict) -> ElementTree.Element:
        [suite] = ElementTree.fromstring(junit.render(verdict))
        return suite

    def test_has_a_case_per_rule(self, good: formats.Verdict) -> None:
        suite = self.suite(good)
        assert [case.get("name") for case in suite.iter("testcase")] == [
            rule.name for rule in contract.RULES
        ]
        assert suite.get("tests") == str(len(contract.RULES))
        assert suite.find(".//failure") is None

    def test_fails_the_case_of_the_broken_rule(self, broken: formats.Verdict) -> None:
        suite = self.suite(broken)
        failed = [case for case in suite if case.find("failure") is not None]
        assert [case.get("name") for case in failed] == ["started-first"]
        assert suite.get("failures") == "1"

    def test_is_well_formed_whatever_a_frame_says(self) -> None:
        verdict = with_message("a\x00b\x1b[0m ]]> <&\"' \ud800 \U0001f600 \ufffe")
        failure = self.suite(verdict).find(".//failure")
        assert failure is not None
        assert failure.get("message") == "a\ufffdb\ufffd[0m ]]> <&\"' \ufffd \U0001f600 \ufffd"

    def test_tells_other_problems(self) -> None:
        root = ElementTree.fromstring(junit.render(formats.Verdict([], ["nobody connected"])))
        assert root.get("failures") == "1"
        assert root.findtext(".//failure") == "nobody connected"


class TestGithub:
    def test_annotates_the_line(self, broken: formats.Verdict, monkeypatch: Any) -> None:
        monkeypatch.chdir(TRACES.parent)
        [violation] = broken.traces[0].violations
        first, *_, last = github.render(broken).splitlines()
        line = violation.frames[-1]
        assert first.startswith(
            f"::error file=traces/started-first.jsonl,line={line},title=started-first in "
        )
        assert last == f"signalwire contract: 1 violation in {broken.frames} frames"

    def test_escapes_what_would_end_the_command(self) -> None:
        line = github.render(with_message("100% of\r\n::error::these")).splitlines()[0]
        assert line.startswith("::error file=t%2Cr%3Aace.jsonl,line=")
        assert "::100%25 of%0D%0A::error::these (" in line

    def test_appends_to_the_summary(self, tmp_path: Path, monkeypatch: Any) -> None:
        summary = tmp_path / "summary.md"
        summary.write_text("# before\n")
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
        formats.write("github", with_message("<b>|`x`"), tmp_path / "out")
        written = summary.read_text("utf-8")
        assert written.startswith("# before\n### ❌ SignalWire contract: 1 violation in 7 frames\n")
        assert "&lt;b&gt;&#124;&#96;x&#96;" in written

    def test_other_formats_leave_the_summary_alone(
        self, good: formats.Verdict, tmp_path: Path, monkeypatch: Any
    ) -> None:
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
        formats.write("json", good, tmp_path / "out")
        assert not (tmp_path / "summary.md").exists()


class TestSarif:
    def test_has_rules_and_places(self, broken: formats.Verdict, monkeypatch: Any) -> None:
        monkeypatch.chdir(TRACES.parent)
        [run] = json.loads(sarif.render(broken))["runs"]
        rules = run["tool"]["driver"]["rules"]
        assert [rule["id"] for rule in rules] == [rule.name for rule in contract.RULES]
        [result] = run["results"]
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "started-first"
        [place] = [each["physicalLocation"] for each in result["locations"]]
        [violation] = broken.traces[0].violations
        assert place["artifactLocation"]["uri"] == "traces/started-first.jsonl"
        assert place["region"]["startLine"] == violation.frames[-1]
        proof = [each["physicalLocation"]["region"] for each in result["relatedLocations"]]
        assert [each["startLine"] for each in proof] == list(violation.frames)


class TestRun:
    """The same formats for what a program said, with the lines of the trace that is kept."""

    def run(self, *options: str, cwd: Path, deed: str) -> subprocess.CompletedProcess[str]:
        then = runs.program("client", deed)
        return runs.run("--speed", runs.SPEED, *options, then=then, cwd=cwd)

    def test_lines_are_those_of_the_trace(self, tmp_path: Path) -> None:
        options = ("--trace", "t.jsonl", "--format", "sarif", "-o", "t.sarif")
        ended = self.run(*options, cwd=tmp_path, deed="stop-again")
        assert (ended.returncode, ended.stdout) == (1, "")
        [run] = json.loads((tmp_path / "t.sarif").read_text())["runs"]
        checked = check("t.jsonl", "--format", "sarif", cwd=tmp_path)
        [again] = json.loads(checked.stdout)["runs"]
        places = [[each["locations"] for each in one["results"]] for one in (run, again)]
        assert places[0] == places[1]
        assert places[0][0][0]["physicalLocation"]["artifactLocation"]["uri"] == "t.jsonl"

    def test_lines_count_through_all_spaces(self, tmp_path: Path) -> None:
        deeds = ("space=right", "record", "space=wrong", "stop-again")
        options = ("--trace", "t.jsonl", "--format", "json", "-o", "t.json")
        runs.run("--speed", runs.SPEED, *options, then=runs.program("client", *deeds), cwd=tmp_path)
        traces = json.loads((tmp_path / "t.json").read_text())["traces"]
        [violation] = [each for trace in traces for each in trace["violations"]]
        lines = (tmp_path / "t.jsonl").read_text("utf-8").splitlines()
        entry = json.loads(lines[violation["line"] - 1])
        assert entry["space"] == "wrong"
        assert entry["frame"]["method"] == "video.recording.stop"

    def test_is_told_on_standard_output_after_the_program(self, tmp_path: Path) -> None:
        ended = self.run("--format", "junit", cwd=tmp_path, deed="record")
        assert (ended.returncode, ended.stderr) == (0, "")
        [suite] = ElementTree.fromstring(ended.stdout)
        assert (suite.get("name"), suite.get("failures")) == ('space "mock-project"', "0")

    def test_nobody_connected_is_a_failure(self, tmp_path: Path) -> None:
        ended = runs.run("--format", "json", then=["true"], cwd=tmp_path)
        assert ended.returncode == 5
        told = json.loads(ended.stdout)
        assert told["holds"] is False
        assert told["problems"][0].startswith("nobody connected to ws://")

    def test_a_report_of_the_broken_space_is_linked(self, tmp_path: Path) -> None:
        ended = self.run("--report", "reports", cwd=tmp_path, deed="stop-again")
        assert ended.returncode == 1
        assert "\nreport: reports/mock-project.html\n" in ended.stderr
        written = (tmp_path / "reports" / "mock-project.html").read_text("utf-8")
        assert "no-action-after-ended" in written

    def test_a_folder_that_cannot_be_made_is_told_at_once(self, tmp_path: Path) -> None:
        (tmp_path / "taken").write_text("")
        ended = self.run("--report", "taken", cwd=tmp_path, deed="record")
        assert ended.returncode == 2
        assert "cannot write into the folder taken: File exists" in ended.stderr
