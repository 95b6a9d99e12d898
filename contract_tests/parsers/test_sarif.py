"""The SARIF that we write is valid by the schema of its standard."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from mockserver import contract
from mockserver.cli import formats
from mockserver.cli.formats import sarif

TRACES = Path(__file__).parents[2] / "fixtures" / "traces"


@pytest.mark.parametrize("name", ["started-first", "frames-valid", "good-pause-resume"])
@pytest.mark.parametrize("in_file", [True, False])
def test_is_valid_by_its_schema(
    name: str, in_file: bool, npm_package: Callable[[str], Path]
) -> None:
    folder = npm_package("@microsoft/jest-sarif") / "lib" / "schemas"
    schema = json.loads((folder / "sarif-2.1.0-rtm.5.json").read_text("utf-8-sig"))
    trace = contract.load_trace(TRACES / f"{name}.jsonl")
    judged = formats.Judged(
        source=name,
        frames=len(trace),
        violations=contract.check(trace),
        warnings=["video.rooms.get was not answered"],
        file=trace.source if in_file else None,
    )
    verdict = formats.Verdict([judged], ["a step of the script failed"])
    document = json.loads(sarif.render(verdict))
    assert list(Draft7Validator(schema).iter_errors(document)) == []
