"""The page about scenarios is what the schemas make of it."""

from __future__ import annotations

from pathlib import Path

from mockserver.scenarios import reference

PAGE = Path(__file__).parents[2] / "docs" / "SCENARIOS.md"


def test_the_page_says_what_the_schemas_say() -> None:
    assert PAGE.read_text("utf-8") == reference.page(), f"run: {reference.COMMAND}"
