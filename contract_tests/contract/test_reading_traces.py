"""Traces are read from files and from journals, and a problem in one is told with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mockserver.contract import Trace, TraceError, as_meant, load_trace

ENTRY: dict[str, Any] = {
    "n": 1,
    "time": 1_700_000_000.5,
    "space": "demo",
    "session": "s1",
    "direction": "to_server",
    "frame": {"jsonrpc": "2.0", "id": "1", "method": "signalwire.ping", "params": {}},
    "valid": True,
}


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_file_gives_the_entries_of_the_same_journal(tmp_path: Path) -> None:
    entries = [ENTRY, {**ENTRY, "n": 5, "session": None, "frame": None, "text": "hello"}]
    path = write(tmp_path / "a.jsonl", json.dumps(entries[0]), "", json.dumps(entries[1]), "")
    trace = load_trace(path)
    assert trace.entries == Trace.from_entries(entries).entries
    assert trace.source == str(path)
    assert [entry.n for entry in trace] == [1, 5]
    assert trace.entries[1].text == "hello"


def test_what_the_real_service_cannot_tell_may_be_absent() -> None:
    bare = {key: ENTRY[key] for key in ("time", "session", "direction", "frame")}
    trace = Trace.from_entries([bare, bare])
    assert [(entry.n, entry.space) for entry in trace] == [(1, None), (2, None)]
    assert not trace.cut


def test_a_trace_whose_beginning_was_dropped_is_known_as_cut() -> None:
    assert Trace.from_entries([{**ENTRY, "n": 7}]).cut


def test_an_empty_file_is_a_trace_of_nothing(tmp_path: Path) -> None:
    assert len(load_trace(write(tmp_path / "empty.jsonl"))) == 0


@pytest.mark.parametrize(
    ("changed", "expected", "found"),
    [
        ({"n": 1}, "'n' to be a whole number above 1", "1"),
        ({"n": "3"}, "'n' to be a whole number above 1", "'3'"),
        ({"time": "now"}, "'time' to be a number of unix seconds", "'now'"),
        ({"time": True}, "'time' to be a number of unix seconds", "True"),
        ({"direction": "up"}, "'direction' to be 'to_server' or 'to_client'", "'up'"),
        ({"frame": [1]}, "'frame' to be an object or null", "[1]"),
        ({"session": 1}, "'session' to be a string or null", "1"),
        ({"space": []}, "'space' to be a string or null", "[]"),
    ],
)
def test_a_bad_entry_is_told_with_file_line_and_what_was_expected(
    tmp_path: Path, changed: dict[str, Any], expected: str, found: str
) -> None:
    bad = json.dumps({**ENTRY, "n": 2} | changed)
    path = write(tmp_path / "a.jsonl", json.dumps(ENTRY), "", bad)
    with pytest.raises(TraceError) as caught:
        load_trace(path)
    assert str(caught.value) == f"{path}, line 3: expected {expected}, found {found}"
    assert (caught.value.file, caught.value.line) == (str(path), 3)


@pytest.mark.parametrize("key", ["time", "session", "direction", "frame"])
def test_a_missing_key_is_named(key: str) -> None:
    entry = {name: value for name, value in ENTRY.items() if name != key}
    with pytest.raises(TraceError, match=f"^entry 1: expected the key '{key}', found only n, "):
        Trace.from_entries([entry])


@pytest.mark.parametrize("line", ['{"n": 1', "null", "[1]", '"text"', "\N{SNOWMAN}", "{" * 3000])
def test_a_line_that_is_no_object_is_refused(tmp_path: Path, line: str) -> None:
    path = write(tmp_path / "a.jsonl", line)
    with pytest.raises(TraceError, match=r"line 1: expected (one|a) JSON object") as caught:
        load_trace(path)
    assert len(str(caught.value)) < len(str(path)) + 250


def test_what_faults_did_can_be_left_out() -> None:
    frame, changed = ENTRY["frame"], {"jsonrpc": "2.0", "id": "1", "result": {}}
    trace = Trace.from_entries(
        [
            ENTRY,
            {**ENTRY, "n": 2, "fault": "drop", "lost": True},
            {**ENTRY, "n": 3, "fault": "duplicate", "extra": True},
            {**ENTRY, "n": 4, "frame": changed, "fault": "corrupt", "meant": frame},
            {**ENTRY, "n": 5, "frame": None, "text": "{", "fault": "corrupt", "meant": frame},
        ]
    )
    assert [(each.n, each.frame, each.text) for each in as_meant(trace)] == [
        (number, frame, None) for number in (1, 2, 4, 5)
    ]
