"""With ``--signalwire-report DIR`` a failed test leaves an HTML report, and says where."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlparse
from xml.etree import ElementTree

import pytest

from .conftest import Run
from .test_judging import PRELUDE, RULE

TESTS = (
    PRELUDE
    + """
async def test_right(client, signalwire_mock):
    pass

async def test_broken(client, signalwire_mock):
    await break_a_rule(signalwire_mock)

async def test_wrong(client, signalwire_mock):
    await client.video.listen(on_room_started=lambda room: None)
    await signalwire_mock.start_room("the-room-of-the-wrong-test")
    assert signalwire_mock.rooms == []

def test_without_a_space():
    assert False
"""
)


def linked(result: pytest.RunResult) -> list[Path]:
    """The reports to which the text of the failures leads."""
    lines = result.stdout.lines
    return [Path(unquote(urlparse(line).path)) for line in lines if line.startswith("file://")]


def test_one_for_each_failed_test_with_a_space(run: Run, pytester: pytest.Pytester) -> None:
    result = run(TESTS, "--signalwire-report", "reports", "--junit-xml", "junit.xml")
    result.assert_outcomes(passed=1, failed=3)
    files = sorted((pytester.path / "reports").iterdir())
    assert linked(result) == files
    assert [path.name.rpartition("-")[0] for path in files] == ["test-broken", "test-wrong"]
    broken, wrong = (path.read_text("utf-8") for path in files)
    assert "::test_broken</title>" in broken
    assert f'"rule":"{RULE}"' in broken
    assert "the-room-of-the-wrong-test" in wrong
    assert '"violations":[]' in wrong
    properties = {
        case.get("name"): [each.get("value") for each in case.iter("property")]
        for case in ElementTree.parse(pytester.path / "junit.xml").iter("testcase")
    }
    assert properties == {
        "test_right": [],
        "test_broken": [str(files[0])],
        "test_wrong": [str(files[1])],
        "test_without_a_space": [],
    }


def test_in_parallel_too(run: Run, pytester: pytest.Pytester) -> None:
    result = run(TESTS, "--signalwire-report", "reports", "--junit-xml", "junit.xml", "-n", "2")
    result.assert_outcomes(passed=1, failed=3)
    files = {str(path) for path in (pytester.path / "reports").iterdir()}
    root = ElementTree.parse(pytester.path / "junit.xml")
    assert {each.get("value") for each in root.iter("property")} == files
    assert len(files) == 2


def test_a_folder_that_cannot_be_made_is_told(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "taken").write_text("")
    result = run(TESTS, "--signalwire-report", "taken", "-k", "wrong")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["cannot write a report into */taken: File exists"])


def test_none_without_the_option(run: Run) -> None:
    result = run(TESTS, "-k", "broken")
    result.assert_outcomes(failed=1)
    assert linked(result) == []
    result.stdout.no_fnmatch_line("*signalwire report*")
