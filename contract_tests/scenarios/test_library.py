from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.scenarios import library

HEAD = "scenario: mine\nabout: My own.\n"


def test_a_name_finds_the_file_in_a_checkout_and_in_a_wheel() -> None:
    assert library.find("pause-resume") == library.folder() / "pause-resume.yaml"
    assert library.folder().parts[-2:] in (("fixtures", "scenarios"), ("_fixtures", "scenarios"))


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(HEAD, "utf-8")
    assert library.find(file) == file
    assert library.find(str(file)) == file


def test_own_folders_come_before_those_that_ship(tmp_path: Path) -> None:
    (tmp_path / "demo.yml").write_text(HEAD, "utf-8")
    assert library.find("demo", [tmp_path]) == tmp_path / "demo.yml"
    assert library.find("start-stop", [tmp_path]) == library.folder() / "start-stop.yaml"


def test_an_unknown_name_is_told_with_the_nearest_and_all() -> None:
    with pytest.raises(library.UnknownScenarioError) as caught:
        library.find("pause-resum")
    assert caught.value.nearest[0] == "pause-resume"
    assert caught.value.known == [summary.name for summary in library.shipped()]
    message = str(caught.value)
    assert message.startswith('unknown scenario "pause-resum"; did you mean "pause-resume"')
    assert message.endswith(", ".join(caught.value.known))


def test_a_missing_file_is_told_as_such() -> None:
    with pytest.raises(library.UnknownScenarioError, match=r'no scenario file "no/demo.yaml"'):
        library.find("no/demo.yaml")


def test_a_folder_is_told_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    with pytest.raises(library.UnknownScenarioError) as empty:
        library.find(folder)
    assert str(empty.value) == f'"{folder}" is a folder; no scenario is in it'
    (folder / "one.yaml").touch()
    monkeypatch.chdir(tmp_path)
    for spelling in ("mine", "./mine", "mine/"):
        with pytest.raises(library.UnknownScenarioError) as caught:
            library.find(spelling)
        assert str(caught.value) == '"mine" is a folder; name one of its files: mine/one.yaml'


def test_a_folder_that_is_called_like_a_scenario_does_not_hide_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)
    assert library.find("demo") == library.folder() / "demo.yaml"


@pytest.mark.parametrize("name", ["../scenarios/demo", "demo.yaml", "/demo", "", ".", "DEMO"])
def test_a_name_from_the_wire_never_leaves_the_folders(name: str) -> None:
    with pytest.raises(library.UnknownScenarioError):
        library.named(name)


def test_a_folder_is_summed_up_without_reading_yaml(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(HEAD + "rooms: [broken", "utf-8")
    (tmp_path / "silent.yaml").write_text("scenario: silent\n", "utf-8")
    (tmp_path / "notes.txt").write_text(HEAD, "utf-8")
    assert [(one.name, one.about) for one in library.summaries(tmp_path)] == [
        ("mine", "My own."),
        ("silent", ""),
    ]
