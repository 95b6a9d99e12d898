"""docs/SECURITY.md names, for each promise, tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "SECURITY.md").read_text("utf-8")
NAMED = re.findall(r"`([\w/]+\.py)::(\w*)`", PAGE)
PROMISES = [line for line in PAGE.partition("## Promises")[2].splitlines() if line.startswith("| ")]


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_each_test_that_it_names_is_there(file: str, test: str) -> None:
    text = (TESTS / file).read_text("utf-8")
    assert re.search(rf"^ *(?:async )?def {test}\(", text, re.MULTILINE)


def test_each_promise_has_a_test() -> None:
    promises = [line for line in PROMISES if not line.startswith("| promise")]
    assert len(promises) > 20
    for line in promises:
        assert re.search(r"`[\w/]+\.py::\w+` \||`[\w/]+\.py::\w+`,", line), line
