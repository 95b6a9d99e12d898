"""The page about faults is what the catalogue and its schemas make of it."""

from __future__ import annotations

from pathlib import Path

from mockserver.engine.faults import reference

PAGE = Path(__file__).parents[2] / "docs" / "FAULTS.md"


def test_the_page_says_what_the_catalogue_says() -> None:
    assert PAGE.read_text("utf-8") == reference.page(), f"run: {reference.COMMAND}"
