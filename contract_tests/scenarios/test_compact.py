"""The scenarios that ship are kept as they were read, and never disagree with their files."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver import scenarios
from mockserver.scenarios import compact, library, loader

SHIPPED = {each.name: each.path for each in library.shipped()}


def test_what_is_kept_is_what_the_files_say() -> None:
    kept = compact.file().read_bytes()
    assert kept == compact.written(SHIPPED.values()), f"run: {compact.COMMAND}"


@pytest.mark.parametrize("name", SHIPPED)
def test_it_is_the_same_as_the_file_read(name: str) -> None:
    kept = compact.load(SHIPPED[name])
    assert kept is not None
    assert kept == loader.load(SHIPPED[name])
    assert scenarios.load_named(name) == kept
    assert kept.explain() == loader.load(SHIPPED[name]).explain()


def test_a_file_that_has_been_changed_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / compact.file().name).write_bytes(compact.file().read_bytes())
    file = tmp_path / "scenarios" / "demo.yaml"
    file.parent.mkdir()
    file.write_bytes(SHIPPED["demo"].read_bytes())
    monkeypatch.setattr(library, "folder", lambda: file.parent)
    assert compact.load(file) is not None
    file.write_text(file.read_text("utf-8").replace("members: 2", "members: 3"), "utf-8")
    assert compact.load(file) is None
    assert scenarios.load("demo").rooms["lounge"].members == 3


def test_a_file_elsewhere_is_read(tmp_path: Path) -> None:
    file = tmp_path / "demo.yaml"
    file.write_bytes(SHIPPED["demo"].read_bytes())
    assert compact.load(file) is None
    assert scenarios.load(file).path == str(file)
