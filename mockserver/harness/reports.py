"""HTML reports of failed tests, for the pytest plugin."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from mockserver import contract
from mockserver.page.report import report


def write(
    folder: Path,
    name: str,
    title: str,
    entries: Sequence[Mapping[str, Any]],
    ignore: Collection[str] = (),
) -> Path:
    """Write the report of a test's space; gives its file.

    Args:
        folder: where reports go; made if it is missing.
        name: the file's name without its ending.
        title: what the conversation is called in it.
        entries: the space's trace.
        ignore: names of rules that do not matter.

    Raises:
        OSError: the file cannot be written.
    """
    violations = contract.check(contract.Trace.from_entries(entries))
    text = report(title, entries, [each for each in violations if each.rule not in ignore])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.html"
    path.write_text(text, "utf-8")
    return path
