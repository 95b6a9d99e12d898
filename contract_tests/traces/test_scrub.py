"""A scrubbed trace shows nothing of anybody, and is judged as the original is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract_tests.shared import processes
from mockserver import contract
from mockserver.cli import main
from mockserver.traces.scrub import scrub
from mockserver.traces.scrub.vocabulary import CHANNELS, is_protocol

TRACES = sorted((Path(__file__).parents[2] / "fixtures" / "traces").glob("*.jsonl"))
ONE = TRACES[0].with_name("updated-names-changes.jsonl")
EACH = pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)


def scrubbed(path: Path) -> list[dict[str, Any]]:
    return scrub(contract.load_trace(path).entries)[0]


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """All values of a JSON value, each with the field that it is in."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, "position" if key == "positions" else name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, key)
    else:
        yield key, value


def is_private(key: str, value: Any) -> bool:
    """Whether a value is a text that must be replaced, and that is none of our replacements."""
    if not isinstance(value, str) or key == "message" or is_protocol(key, value):
        return False
    return re.fullmatch(r"(id|name|text)-\d+", value) is None


@EACH
class TestEveryTrace:
    def test_is_judged_the_same(self, path: Path) -> None:
        before, after = (
            [(each.rule, each.frames) for each in contract.check(trace)]
            for trace in (
                contract.load_trace(path),
                contract.Trace.from_entries(scrubbed(path)),
            )
        )
        assert before == after

    def test_keeps_its_shape(self, path: Path) -> None:
        before = [entry.frame for entry in contract.load_trace(path)]
        after = [line["frame"] for line in scrubbed(path)]
        assert list(map(shape, before)) == list(map(shape, after))

    def test_has_one_replacement_for_each_text(self, path: Path) -> None:
        texts: dict[str, str] = {}
        before = [entry.frame for entry in contract.load_trace(path)]
        after = [line["frame"] for line in scrubbed(path)]
        for (key, old), (_, new) in zip(leaves(before), leaves(after), strict=True):
            if is_private(key, old):
                assert old != new
                assert texts.setdefault(old, new) == new
        assert len(set(texts.values())) == len(texts)

    def test_shows_none_of_the_texts(self, path: Path) -> None:
        written = json.dumps([line["frame"] for line in scrubbed(path)])
        for key, old in leaves([entry.frame for entry in contract.load_trace(path)]):
            if is_private(key, old):
                channel = CHANNELS.fullmatch(old)
                assert f'"{old}"' not in written
                assert len(old) < 8 or (channel[2] if channel else old) not in written

    def test_moves_all_times_by_the_same(self, path: Path) -> None:
        before = contract.load_trace(path).entries
        after = contract.Trace.from_entries(scrubbed(path)).entries
        assert 0 <= after[0].time - 1_735_689_600 < 1
        moved = after[0].time - before[0].time
        # Whole seconds, so that fractions, and with them durations, stay as they are.
        assert moved == pytest.approx(round(moved), abs=1e-6)
        for old, new in zip(before, after, strict=True):
            assert new.time - old.time == pytest.approx(moved, abs=2e-6)
            for (key, one), (_, other) in zip(leaves(old.frame), leaves(new.frame), strict=True):
                is_time = key in ("timestamp", "started_at", "ended_at")
                if is_time and isinstance(one, float) and abs(one - before[0].time) < 1e8:
                    assert other - one == pytest.approx(moved, abs=2e-6)


def shape(value: Any) -> Any:
    """A JSON value without what is in it."""
    if isinstance(value, dict):
        return sorted(map(repr, map(shape, value.values())))
    if isinstance(value, list):
        return [shape(each) for each in value]
    return type(value).__name__


PRIVATE = re.compile(
    r"Zoltan|Quux|Yolanda|zq|555-?0199|5550199|hunter2|1692|2023|7777|9c5b94b1-35ad-49bb-b118-8e8fc24abf80"
)

UUID = "9c5b94b1-35ad-49bb-b118-8e8fc24abf80"

FIELDS: list[tuple[str, Any]] = [
    ("name", "Zoltan Quux"),
    ("display_name", "Zoltan"),
    ("id", "zq-1"),
    ("member_id", UUID),
    ("never_heard_of", "Zoltan"),
    ("never_heard_of", 7777),
    ("caller", "+1 (202) 555-0199"),
    ("url", "rtmp://live.zq.example/app/hunter2?key=hunter2"),
    ("preview_url", f"https://files.zq.example/{UUID}/a.mp4"),
    ("meta", {"zq-key": "Zoltan", "phone": 5550199, "list": ["Zoltan"], "deep": {"zq": "Zoltan"}}),
    ("positions", {UUID: "reserved-1", "zq-1": "auto"}),
    ("started_at", 1692000000.25),
    ("created_at", "2023-08-14T08:00:00.000Z"),
    ("created_at", 1692000000250),
    ("message", 'No member "Yolanda" here; call 202-555-0199 of Zoltan Quux'),
    ("message", f"room.{UUID} of https://zq.example is closed for zq-1."),
    ("event_channel", f"EC_{UUID}"),
    ("event_channel", "room.Zoltan"),
    ("agent", "Zoltan's client 1.0"),
    ("authentication", {"project": "zq-project", "token": "hunter2"}),
    ("protocol", f"signalwire_7777abcdef7777abcdef_{UUID}_zq"),
]


@pytest.mark.parametrize(("key", "value"), FIELDS)
@pytest.mark.parametrize("where", ["params", "result"])
def test_private_things_are_replaced_wherever_they_are(where: str, key: str, value: Any) -> None:
    assert PRIVATE.search(json.dumps(value))
    first = {"jsonrpc": "2.0", "id": "zq-0", "method": "zq", "params": {"name": "Zoltan Quux"}}
    frame = {"jsonrpc": "2.0", "id": "zq-1", where: {key: value, "list": [{key: value}]}}
    entries = [
        contract.Entry(1, 1692000000.5, "zq (run 2)", "Zoltan", "to_server", first),
        contract.Entry(2, 1692000001.5, "zq (run 2)", "Zoltan", "to_client", frame),
    ]
    lines, counts = scrub(entries)
    assert PRIVATE.search(json.dumps(lines)) is None
    assert sum(counts.values()) > 0
    assert lines[0]["space"].endswith(" (run 2)")
    assert [line["time"] for line in lines] == [1_735_689_600.5, 1_735_689_601.5]


def test_what_is_no_frame_is_not_shown() -> None:
    entry = contract.Entry(
        1, 1692000000.5, None, None, "to_server", None, text="Zoltan", problem="Zoltan is no JSON"
    )
    assert PRIVATE.search(json.dumps(scrub([entry])[0])) is None


def test_what_the_protocol_says_stays() -> None:
    [path] = [each for each in TRACES if each.stem == "good-two-recordings"]
    before = [entry.frame for entry in contract.load_trace(path)]
    after = [line["frame"] for line in scrubbed(path)]
    for name in ("method", "event_type", "events", "state", "code", "layout_name", "updated"):
        kept = [[new for key, new in leaves(each) if key == name] for each in (before, after)]
        assert kept[0] == kept[1]
    messages = {new for key, new in leaves(after) if key == "message"}
    assert "The recording is paused already; resume it first." in messages


class TestCommand:
    def test_writes_a_trace_that_says_what_was_replaced(self, tmp_path: Path) -> None:
        words = (str(ONE), "-o", "public.jsonl")
        ended = processes.run("scrub", *words, cwd=tmp_path)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert re.fullmatch(
            r"public\.jsonl: \d+ frames; replaced: \d+ ids, .*times\n", ended.stdout
        )
        lines = (tmp_path / "public.jsonl").read_text("utf-8").splitlines()
        assert list(map(json.loads, lines)) == scrubbed(ONE)
        again = processes.run("scrub", str(ONE), cwd=tmp_path)
        assert again.stdout.splitlines() == lines

    def test_writes_nothing_if_the_contract_would_judge_otherwise(self, tmp_path: Path) -> None:
        faulty = (
            "import sys\n"
            "from mockserver import cli\n"
            "from mockserver.traces.scrub import replacing\n"
            "replacing.is_protocol = lambda key, text: False\n"
            f"sys.exit(cli.main(['scrub', {str(ONE)!r}, '-o', 'public.jsonl']))"
        )
        ended = subprocess.run(
            [sys.executable, "-c", faulty], cwd=tmp_path, capture_output=True, text=True
        )
        assert ended.returncode == 70
        assert "judges the scrubbed trace otherwise" in ended.stderr
        assert not (tmp_path / "public.jsonl").exists()


@pytest.mark.parametrize(
    ("word", "other", "shown"),
    [
        ("video.recording.ended", "video.recording.ended by Ann", '"video.recording.text-'),
        ('"event_channel":"EC_', '"event_channel":"EC_Ann\\n', '"event_channel":"EC_'),
    ],
    ids=["an event that nobody knows", "a channel of two lines"],
)
def test_odd_words_are_judged_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str, other: str, shown: str
) -> None:
    """A rule goes by how the name of an event or a channel begins."""
    text = (TRACES[0].parent / "action-takes-effect.jsonl").read_text("utf-8")
    path = tmp_path / "odd.jsonl"
    path.write_text(text.replace(word, other), "utf-8")
    assert main(["scrub", str(path)]) == 0
    told = capsys.readouterr().out
    assert shown in told
    assert "Ann" not in told
