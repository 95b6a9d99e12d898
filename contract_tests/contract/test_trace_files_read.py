"""Trace files in all their wrappings: compressed, with a byte order mark, saved by Chrome."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mockserver.contract import TraceError, TraceFile, check, load_trace

GOOD = Path(__file__).parents[2] / "fixtures" / "traces" / "good-resumed-session.jsonl"
LINES = GOOD.read_bytes()
BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "content",
    [BOM + LINES, gzip.compress(LINES), gzip.compress(BOM + LINES), LINES.replace(b"\n", b"\r\n")],
    ids=["bom", "gzip", "gzip-bom", "crlf"],
)
def test_wrappings_do_not_matter(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "trace"
    path.write_bytes(content)
    assert load_trace(path).entries == load_trace(GOOD).entries


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(LINES))))
    with TraceFile("-") as file:
        assert tuple(file) == load_trace(GOOD).entries
        assert (file.source, file.size) == ("standard input", None)


def test_a_file_is_read_no_further_than_its_first_mistake(tmp_path: Path) -> None:
    lines = LINES.splitlines(keepends=True)
    path = tmp_path / "trace"
    path.write_bytes(b"".join([*lines[:3], b"nonsense\n", *lines * 2_000]))
    with TraceFile(path) as file:
        entries: Iterator[object] = iter(file)
        for _ in range(3):
            next(entries)
        with pytest.raises(TraceError, match="line 4: expected one JSON object per line"):
            next(entries)
        assert file.size is not None
        assert file.position < file.size / 2


def test_a_line_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mockserver.contract.files.LONGEST_LINE", 2**20)
    path = tmp_path / "trace"
    path.write_bytes(b'{"n": "' + b"x" * 2**21)
    with pytest.raises(TraceError, match=r"line 1: expected lines of at most 1 MiB"):
        load_trace(path)


def har(*sockets: list[dict[str, Any]]) -> bytes:
    """A HAR file as Chrome saves it, with these WebSocket messages."""
    requests = [{"request": {"url": "wss://x/"}, "_webSocketMessages": each} for each in sockets]
    return json.dumps({"log": {"version": "1.2", "entries": [{}, *requests]}}, indent=2).encode()


def message(entry: dict[str, Any]) -> dict[str, Any]:
    kind = "send" if entry["direction"] == "to_server" else "receive"
    return {"type": kind, "time": entry["time"], "opcode": 1, "data": json.dumps(entry["frame"])}


def test_what_chrome_saves_of_sockets_is_a_trace(tmp_path: Path) -> None:
    """Three connections of one session; and a socket that speaks something else."""
    entries = [json.loads(line) for line in LINES.splitlines()]
    messages = [message(entry) for entry in entries]
    other = [{"type": "receive", "time": 1.0, "opcode": 1, "data": "hello"}]
    path = tmp_path / "saved.har"
    path.write_bytes(har(other, messages[28:], messages[12:28], messages[:12]))
    trace = load_trace(path)
    assert [(each.session, each.direction, each.frame) for each in trace] == [
        (each["session"], each["direction"], each["frame"]) for each in entries
    ]
    assert check(trace) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (har(), "expected WebSocket messages of this protocol .*, found 0 messages"),
        (b'{\n "log": {', "expected a HAR file, found "),
    ],
)
def test_a_har_file_without_a_trace_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "saved.har"
    path.write_bytes(content)
    with pytest.raises(TraceError, match=words):
        load_trace(path)
