"""The schema of the format: composed, complete in itself, and where editors find it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mockserver.cli import main
from mockserver.scenarios import library, schema
from mockserver.scenarios.document import Document

FILE = library.folder().parent / "scenario.schema.json"
FIRST_LINE = "# yaml-language-server: $schema="
WRITE = "python -m mockserver schema scenario > fixtures/scenario.schema.json"


def references(part: Any) -> Iterator[str]:
    """Every `$ref` within a schema."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_it_refers_to_nothing_outside_itself() -> None:
    names = {f"#/$defs/{name}" for name in schema.whole()["$defs"]}
    used = set(references(schema.whole()))
    assert used == names, "each definition is used, and each reference leads to one"
    jsonschema.Draft202012Validator.check_schema(schema.whole())


def test_what_is_put_in_stands_nowhere_in_the_written_part() -> None:
    written = json.dumps(schema.written())
    assert "start_playback" not in written
    assert "set_input_volume" not in written


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "scenario"]) == 0
    assert json.loads(capsys.readouterr().out) == schema.whole()


def test_the_command_writes_all_schemas_and_their_references_lead_to_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema", "--all", str(tmp_path / "new")]) == 0
    files = {path: json.loads(path.read_text()) for path in tmp_path.rglob("*.json")}
    assert files[tmp_path / "new" / "scenario.json"] == schema.whole()
    assert capsys.readouterr().out == f"{len(files)} schemas in {tmp_path / 'new'}\n"
    for path, content in files.items():
        for reference in references(content):
            if not reference.startswith("#"):
                assert (path.parent / reference).resolve() in files, (path, reference)


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    assert main(["schema", "--all", str(file)]) != 0
    assert f"cannot write the schemas to {file}" in capsys.readouterr().err


def test_the_file_for_editors_is_what_the_command_prints() -> None:
    assert json.loads(FILE.read_text("utf-8")) == schema.whole(), f"run: {WRITE}"


@pytest.mark.parametrize("shipped", library.shipped(), ids=lambda one: one.name)
def test_editors_check_each_shipped_file_by_it(shipped: library.Summary) -> None:
    text = shipped.path.read_text("utf-8")
    first = text.splitlines()[0]
    assert first.startswith(FIRST_LINE)
    assert (shipped.path.parent / first.removeprefix(FIRST_LINE)).resolve() == FILE.resolve()
    jsonschema.validate(Document(text, "").data, json.loads(FILE.read_text("utf-8")))
