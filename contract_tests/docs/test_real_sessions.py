"""What the page about real sessions shows works as it stands, with a mock as the real service."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from contract_tests.shared import processes
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.traces.test_compare import recorded
from mockserver.traces.compare import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "REAL_SESSIONS.md").read_text("utf-8")


def commands() -> list[list[str]]:
    """The words of each command of the page, in order."""
    lines = re.findall(r"^\$ python -m mockserver (.*)$", PAGE, re.MULTILINE)
    return [shlex.split(line) for line in lines]


async def test_its_commands_work_one_after_another(tmp_path: Path) -> None:
    await recorded(tmp_path)
    for words in commands():
        if words[0] in ("record", "--scenario"):
            # These serve until somebody ends them; their help knows all that they are told.
            name = words[0] if words[0] == "record" else "serve"
            told = processes.run(name, "--help", cwd=tmp_path).stdout
            assert all(each in told for each in words if each.startswith("--"))
            continue
        into = None
        if ">" in words:
            words, into = words[: words.index(">")], words[-1]
        ended = processes.run(*words, cwd=tmp_path)
        assert (ended.returncode, ended.stderr) == (0, ""), words
        if into is not None:
            (tmp_path / into).write_text(ended.stdout, "utf-8")
    for name in ("report.html", "session.svg", "session.mmd", "public.jsonl", "mine.yaml"):
        assert (tmp_path / name).stat().st_size > 0


@pytest.mark.parametrize("command", ["record", "diagram", "scrub", "scenario", "compare"])
def test_it_shows_each_of_its_commands_as_help_does(command: str, tmp_path: Path) -> None:
    assert any(words[0] == command for words in commands())
    told = processes.run(command, "--help", cwd=tmp_path).stdout
    example = re.search(r"example: python -m mockserver (.*)", " ".join(told.split()))
    assert example is not None
    assert example[1].startswith(f"{command} ")


def test_it_explains_each_kind_of_difference() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE, re.MULTILINE))
    assert rows == KINDS


def test_the_recorder_says_what_the_page_says(tmp_path: Path) -> None:
    words = ["record", "--to", "ws://127.0.0.1:1", "--out", "session.jsonl", "--port", "0"]
    process = subprocess.Popen(
        [*processes.MODULE, *words], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
    finally:
        process.terminate()
        rest, _ = process.communicate(timeout=PATIENCE_S)
    [shown] = [line for line in PAGE.splitlines() if line.startswith("recording: ")]
    first, shown = (re.sub(r"wss?://[\w.:]+\w", "URL", line) for line in (first, shown))
    assert first.strip() == shown
    assert rest == "session.jsonl: 0 frames of 0 sessions, 0 connections\n"
