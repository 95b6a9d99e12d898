"""Mermaid's own parser reads the diagrams that we write, whatever the frames say."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from contract_tests.shared.patience import PATIENCE_S
from mockserver import contract
from mockserver.traces import diagram

TRACES = sorted((Path(__file__).parents[2] / "fixtures" / "traces").glob("*.jsonl"))

NASTY = [
    "A->>B: x; y # z %% no comment %%{init: {}}%%",
    "end",
    "wrap: nowrap: title",
    '"quotes" `ticks` <b>bold</b> [a](b) {c} &amp; #35; #quot;',
    "two\nlines\r\n\tand a tab",
    "participant actor loop alt opt par and rect note over",
    "äöü 漢字 \U0001f600 \u2028 ‮",
    ";",
    "#",
    ":",
    " ",
    "style: x #1; classDef y #2; __proto__ ___",
]


@pytest.fixture
def parse(npm_package: Callable[[str], Path]) -> Callable[[Sequence[str]], list[str]]:
    folder = npm_package("mermaid").parents[1]
    node = shutil.which("node")
    assert node is not None, "npm is there, and node is not"

    def parse(texts: Sequence[str]) -> list[str]:
        ended = subprocess.run(
            [node, str(folder / "mermaid.mjs")],
            input=json.dumps(texts),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert ended.returncode == 0, ended.stderr
        said: list[str] = json.loads(ended.stdout)
        return said

    return parse


def test_the_parser_does_refuse(parse: Callable[[Sequence[str]], list[str]]) -> None:
    [said] = parse(["sequenceDiagram\n    a->>>b x"])
    assert said.startswith("error: Parse error on line 2")


def test_every_trace_is_a_diagram(parse: Callable[[Sequence[str]], list[str]]) -> None:
    drawn = []
    for path in TRACES:
        trace = contract.load_trace(path)
        told = diagram.read(trace, contract.check(trace), faint=True)
        drawn.append(diagram.draw("mermaid", told))
    assert parse(drawn) == ["sequence"] * len(TRACES)


def test_so_is_whatever_a_frame_says(parse: Callable[[Sequence[str]], list[str]]) -> None:
    drawn = []
    for text in NASTY:
        frame = {"jsonrpc": "2.0", "id": text, "method": text, "params": {}}
        entries = [
            contract.Entry(1, 1.0, None, text, "to_server", frame, fault=text),
            contract.Entry(2, 2.0, None, text, "to_client", None, text=text),
        ]
        proof = contract.check(contract.Trace(tuple(entries)))
        assert proof
        drawn.append(diagram.draw("mermaid", diagram.read(entries, proof, faint=True)))
    assert parse(drawn) == ["sequence"] * len(NASTY)
