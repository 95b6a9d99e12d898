"""What clients send never reaches a terminal as it is: no cursor moves, no colour changes."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract_tests.run.runs import program
from contract_tests.run.runs import run as run_program
from contract_tests.shared.processes import run, server
from mockserver.printable import printable

TRACES = Path(__file__).parents[2] / "fixtures" / "traces"
EVIL = "\x1b]0;owned\x07\x1b[2J\r\x9b31m\x7f\u202e\u200b\U000e0041"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u200b\U000e0041]")


def spoilt(value: Any, keys: tuple[str, ...] = ()) -> Iterator[Any]:
    """The value with control characters in each of its texts, one after the other."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from ({**value, key: each} for each in spoilt(inner, (*keys, key)))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from ([*value[:place], each, *value[place + 1 :]] for each in spoilt(inner, keys))
    elif isinstance(value, str) and keys[-1] not in ("jsonrpc", "direction", "space"):
        yield EVIL + value
        yield value + EVIL


@pytest.fixture
def trace(tmp_path: Path) -> str:
    """A file with an evil trace."""
    return evil_trace(tmp_path)


def evil_trace(tmp_path: Path) -> str:
    """A trace in which every text of every kind of frame is evil once, and much is broken."""
    kinds: dict[tuple[str, ...], Any] = {}
    for path in sorted(TRACES.rglob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            entry = json.loads(line)
            frame = entry.get("frame") or {}
            params = frame.get("params") or {}
            names = (frame.get("method", ""), str(params.get("event_type", "")))
            kinds.setdefault((*names, *sorted(frame.get("result") or {})), entry)
    assert len(kinds) > 20
    entries = [each for entry in kinds.values() for each in (entry, *spoilt(entry))]
    entries.append({**entries[0], "frame": None, "text": EVIL})
    lines = [
        json.dumps({**entry, "space": "here", "n": n, "time": n / 10})
        for n, entry in enumerate(entries, 1)
    ]
    (tmp_path / "trace.jsonl").write_text("\n".join(lines) + "\n")
    return "trace.jsonl"


def shown(ended: subprocess.CompletedProcess[str]) -> str:
    text = ended.stdout + ended.stderr
    assert CONTROL.findall(text) == []
    return text


COMMANDS = [
    ("check",),
    *(("check", "--format", each) for each in ("json", "junit", "github", "sarif")),
    ("diagram",),
    ("scenario",),
    ("scrub",),
    ("report", "-o", "report.html"),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_of_commands_that_read_a_trace(words: tuple[str, ...], trace: str, tmp_path: Path) -> None:
    name, *options = words
    text = shown(run(name, trace, *options, cwd=tmp_path))
    assert "Traceback" not in text
    if words == ("check",):
        assert r"\u001b[2J" in text


def test_of_json_that_is_printed(trace: str, tmp_path: Path) -> None:
    """It is escaped as JSON is, and means the same."""
    text = run("check", trace, "--format", "json", cwd=tmp_path).stdout
    assert "\x9b31m" in json.dumps(json.loads(text), ensure_ascii=False)


def test_of_a_file_that_is_no_trace(tmp_path: Path) -> None:
    (tmp_path / "trace.jsonl").write_text(f'{{"{EVIL}": 1}}\n{EVIL}\n')
    for name in ("check", "diagram", "report"):
        shown(run(name, "trace.jsonl", cwd=tmp_path))
    (tmp_path / "own.yaml").write_text(f"scenario: {json.dumps(EVIL)}\nabout: {json.dumps(EVIL)}")
    shown(run("demo", "own.yaml", cwd=tmp_path))
    shown(run("scenarios", "own.yaml", cwd=tmp_path))


def test_of_a_run(tmp_path: Path) -> None:
    """Its verdict quotes the client, and its warnings quote who could not connect."""
    ended = run_program(then=program("client", "speak-evil", "stop-again"), cwd=tmp_path)
    assert ended.returncode == 1
    assert "owned" in shown(ended)


def test_of_a_demo(tmp_path: Path) -> None:
    name = json.dumps("\x1b[2Jowned")
    (tmp_path / "own.yaml").write_text(
        f"scenario: own\nabout: {name}\nrooms: {{lobby: {{members: [{name}]}}}}\n"
        "script:\n"
        "  - when: {subscribed: video.rooms}\n"
        "    do: start_room\n"
        "  - when: {event: video.room.started}\n"
        f"    do: {{join: {{name: {name}}}}}\n"
        "client: [{on: {event: video.room.started}, do: {listen: room}}]\n"
    )
    ended = run("demo", "own.yaml", "--speed", "20", cwd=tmp_path)
    assert "owned" in shown(ended)


def test_of_a_servers_log(tmp_path: Path) -> None:
    with server(folder=tmp_path) as mock:
        for path in ("/%1b[2J", "/__mock__/%1b[2J"):
            words = ["curl", "-s", "-o", "/dev/null", "-H", "Upgrade: websocket", mock.http + path]
            subprocess.run(words, check=False)
        told = mock.log.read_text()
    assert CONTROL.findall(told) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[2J", r"\u001b[2J"),
        ("a\rb", r"a\u000db"),
        ("\x9b", r"\u009b"),
        ("\u202eevil", r"\u202eevil"),
        ("ü 🎥 👩\u200d🚀 …", "ü 🎥 👩\u200d🚀 …"),
    ],
)
def test_what_is_escaped(text: str, told: str) -> None:
    assert printable(text) == told


COMMAND = "::error::owned"
"""What GitHub's CI obeys where a line begins so; other CIs have their own."""


@pytest.mark.parametrize(
    "words", [("check",), ("check", "--format", "github"), ("check", "--format", "junit")]
)
def test_no_client_has_a_line_of_its_own(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log of CI is read line by line, and some lines are commands."""
    monkeypatch.setattr(f"{__name__}.EVIL", f"\n{COMMAND}\n")
    name, *options = words
    ended = run(name, evil_trace(tmp_path), *options, cwd=tmp_path)
    lines = (ended.stdout + ended.stderr).splitlines()
    assert any(COMMAND in each for each in lines)
    assert [each for each in lines if each.startswith(COMMAND)] == []


@pytest.mark.parametrize(
    "text", ["\x9b", "\u2028", "\u2066", "\xad", "\u200b", "\ufeff", "\ufffb", "\U000e0041"]
)
def test_what_nobody_sees_is_shown_as_json_escapes_it(text: str) -> None:
    shown = printable(f"a{text}b")
    assert shown.isascii()
    assert json.loads(f'"{shown}"') == f"a{text}b"


@pytest.mark.parametrize("text", ["\t", "\n", "ä", "क्\u200dष", "👩\u200d🚀"])
def test_what_belongs_to_writing_stays(text: str) -> None:
    assert printable(text) == text
