"""The list of facts and assumptions, and the page that is made of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from mockserver import fidelity

PAGE = Path(__file__).parents[2] / "docs" / "FIDELITY.md"
LETTERS = set("DWTREA")


def test_the_page_is_made_of_the_list() -> None:
    assert PAGE.read_text("utf-8") == fidelity.page(), f"run: {fidelity.COMMAND}"


def test_every_source_is_known_and_every_assumption_has_a_number_of_its_own() -> None:
    numbers = []
    for fact in fidelity.facts():
        letters = re.findall(r"\b[A-Z]\b", fact.source)
        assert letters, fact
        assert set(letters) <= LETTERS, fact
        assert (fact.assumption is not None) == ("A" in letters), fact
        if fact.assumption is not None:
            numbers.append(fact.assumption)
            assert f"A{fact.assumption}" in fact.label
    assert len(numbers) == len(set(numbers))


def test_the_command_lists_the_assumptions_by_number() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mockserver", "assumptions"],
        capture_output=True,
        text=True,
        check=True,
    )
    listed = [line.split()[0] for line in done.stdout.splitlines()]
    assert listed == [f"A{each.assumption}" for each in fidelity.assumptions()]
    assert listed == sorted(listed, key=lambda each: int(each[1:]))
