"""docs/PERFORMANCE.md is made by the program, of what was measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from contract_tests.shared.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]


def test_the_page_shows_what_was_measured() -> None:
    words = [sys.executable, str(ROOT / "benchmarks" / "ratios.py"), "--page"]
    made = subprocess.run(
        words, capture_output=True, text=True, timeout=PATIENCE_S, check=True
    ).stdout
    assert made == (ROOT / "docs" / "PERFORMANCE.md").read_text("utf-8")
    for row in ("cold start", "memory at rest", "1 connection", "1000 sessions", "in the journal"):
        assert row in made
