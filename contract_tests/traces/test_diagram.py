"""A trace as a sequence diagram shows each frame that matters, in its lane, and what is broken."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from contract_tests.shared import processes
from mockserver import contract
from mockserver.traces import diagram
from mockserver.traces.diagram import Conversation

TRACES = Path(__file__).parents[2] / "fixtures" / "traces"
SVG = "{http://www.w3.org/2000/svg}"


def conversation(name: str, **more: Any) -> Conversation:
    trace = contract.load_trace(TRACES / f"{name}.jsonl")
    return diagram.read(trace, contract.check(trace), **more)


def entry(n: int, direction: str, frame: Mapping[str, Any] | None, **more: Any) -> contract.Entry:
    return contract.Entry(n, 1000.0 + n, None, "s1", direction, frame, **more)


class TestConversation:
    def test_has_a_lane_per_session_and_none_for_what_came_before(self) -> None:
        assert conversation("good-two-recordings").lanes == ["s1", "s2"]

    def test_leaves_acknowledgements_out_unless_asked(self) -> None:
        short = conversation("good-pause-resume")
        whole = conversation("good-pause-resume", faint=True)
        assert short.hidden > 0
        assert len(short.messages) + short.hidden == len(whole.messages)
        assert not any(each.faint for each in short.messages)
        frames = len(contract.load_trace(TRACES / "good-pause-resume.jsonl"))
        assert (len(whole.messages), whole.hidden) == (frames, 0)

    def test_shows_an_acknowledgement_that_breaks_a_rule(self) -> None:
        [message] = [each for each in conversation("acknowledged-once").messages if each.broken]
        assert message.title.startswith("acknowledgement of ")
        assert [rule for rule, _ in message.broken] == ["acknowledged-once"]

    def test_shows_a_part_that_knows_what_was_before(self) -> None:
        whole = conversation("good-pause-resume")
        first = next(each.n for each in whole.messages if "recording.pause" in each.title)
        part = conversation("good-pause-resume", first=first, last=first + 1)
        assert [each.title for each in part.messages] == [
            "video.recording.pause",
            "answer to video.recording.pause",
        ]

    def test_marks_a_fault(self) -> None:
        told = diagram.read([entry(1, "to_client", {"jsonrpc": "2.0"}, fault="garbage")])
        assert [each.fault for each in told.messages] == ["garbage"]


@pytest.mark.parametrize("name", diagram.FORMATS)
def test_every_format_shows_every_message_and_violation(name: str) -> None:
    told = conversation("started-first")
    drawn = diagram.draw(name, told)
    places = [
        drawn.index(f"{each.n} " if name == "mermaid" else f">#{each.n}<") for each in told.messages
    ]
    assert places == sorted(places)
    assert "✗ started-first" in drawn


@pytest.mark.parametrize("name", diagram.FORMATS)
def test_says_where_time_went_by(name: str) -> None:
    frames = [entry(1, "to_server", {"id": "a"}), entry(9, "to_client", {"id": "a"})]
    assert "8.0 s later" in diagram.draw(name, diagram.read(frames))
    frames = [entry(1, "to_server", {"id": "a"}), entry(1, "to_client", {"id": "a"})]
    assert " later" not in diagram.draw(name, diagram.read(frames))


class TestSvg:
    def test_is_well_formed_whatever_a_frame_says(self) -> None:
        text = "<script>\x00\ud800 & ]]>"
        drawn = diagram.draw("svg", diagram.read([entry(1, "to_server", None, text=text)]))
        root = ElementTree.fromstring(drawn)
        assert root.find(f"{SVG}script") is None
        assert any("<script>" in (each.text or "") for each in root.iter(f"{SVG}text"))

    def test_everything_is_inside_the_picture(self) -> None:
        root = ElementTree.fromstring(diagram.draw("svg", conversation("good-two-recordings")))
        width, height = (float(root.attrib[each]) for each in ("width", "height"))
        for each in root.iter(f"{SVG}text"):
            # A letter of this font is at most 7.3 wide.
            end = float(each.attrib["x"]) + 7.3 * len(each.text or "")
            if each.get("text-anchor") == "middle":
                end -= 7.3 * len(each.text or "") / 2
            assert end <= width, each.text
            assert 0 < float(each.attrib["y"]) < height

    def test_two_texts_never_share_a_line(self) -> None:
        root = ElementTree.fromstring(diagram.draw("svg", conversation("started-first")))
        lines = [
            float(each.attrib["y"])
            for each in root.iter(f"{SVG}text")
            if "label" in each.attrib["class"]
        ]
        assert len(lines) > 10
        assert all(later - earlier >= 12 for earlier, later in itertools.pairwise(lines))


class TestCommand:
    def test_writes_to_standard_output_or_a_file(self, tmp_path: Path) -> None:
        trace = str(TRACES / "good-stream.jsonl")
        ended = processes.run("diagram", trace, cwd=tmp_path)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout == diagram.draw("mermaid", conversation("good-stream"))
        words = ("diagram", trace, "--format", "svg", "-o", "t.svg")
        ended = processes.run(*words, cwd=tmp_path)
        assert (ended.returncode, ended.stdout) == (0, "")
        written = (tmp_path / "t.svg").read_text("utf-8")
        assert written == diagram.draw("svg", conversation("good-stream"))

    @pytest.mark.parametrize(
        ("words", "code", "says"),
        [
            (["no-such.jsonl"], 2, "no-such.jsonl: there is no such file"),
            ([str(TRACES / "good-stream.jsonl"), "--frames", "9"], 2, "expected FIRST-LAST"),
            ([str(TRACES / "good-stream.jsonl"), "--frames", "9000-"], 5, "nothing to show"),
            ([str(TRACES / "good-stream.jsonl"), "-o", "no/such"], 74, "cannot write no/such"),
        ],
    )
    def test_what_cannot_be_is_told(
        self, words: list[str], code: int, says: str, tmp_path: Path
    ) -> None:
        ended = processes.run("diagram", *words, cwd=tmp_path)
        assert (ended.returncode, ended.stdout) == (code, "")
        assert says in ended.stderr
