"""The scenarios that ship, found by their names, from a wheel and from a checkout."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DEFAULT = "demo"
MOST_FILES = 8
"""So many files of a folder are named in a message."""

ENDINGS = (".yaml", ".yml")

_PACKAGE = Path(__file__).resolve().parent.parent
# Where a wheel holds the files, and where a checkout does.
_PLACES = (_PACKAGE / "_fixtures" / "scenarios", _PACKAGE.parent / "fixtures" / "scenarios")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ABOUT = re.compile(r"^about: *(.+?) *$", re.MULTILINE)


class UnknownScenarioError(LookupError):
    """There is no scenario of this name, or no file at this path.

    Attributes:
        name: what was asked for.
        nearest: the names that look most like it; may be empty.
        known: all names there are.
    """

    def __init__(self, name: str, known: Iterable[str]) -> None:
        from mockserver.protocol import catalogue

        self.name = name
        self.known = sorted(known)
        self.nearest = catalogue.nearest(Path(name).stem, self.known)
        near = " or ".join(f'"{one}"' for one in self.nearest)
        hint = f"did you mean {near}? Known: " if near else "known: "
        what = "there is no scenario file" if is_path(name) else "unknown scenario"
        super().__init__(f'{what} "{name}"; {hint}{", ".join(self.known)}')


class FolderError(UnknownScenarioError):
    """A folder was named where a scenario is wanted."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), _names([path]))
        files = ", ".join(str(path / file.name) for file in _files(path)[:MOST_FILES])
        here = f"name one of its files: {files}" if files else "no scenario is in it"
        self.args = (f'"{path}" is a folder; {here}',)


@dataclass(frozen=True, slots=True)
class Summary:
    """A scenario at a glance: its name, what it is about, and where its file is."""

    name: str
    about: str
    path: Path


def find(name_or_path: str | Path, folders: Iterable[Path] = ()) -> Path:
    """Find a scenario's file by name, or take a path as it is.

    For names that come over the wire, use `named`, which never leaves the folders.

    Raises:
        UnknownScenarioError: there is no scenario of this name, or no file at this path.
    """
    path = Path(name_or_path)
    if path.is_dir() and (is_path(str(name_or_path)) or not _is_named(path.name, folders)):
        raise FolderError(path)
    if not is_path(str(name_or_path)):
        return named(str(name_or_path), folders)
    if not path.is_file():
        raise UnknownScenarioError(str(path), _names((*folders, folder())))
    return path


def _is_named(name: str, folders: Iterable[Path]) -> bool:
    return name in _names((*folders, folder()))


def is_path(text: str) -> bool:
    """Say whether this is a path, not a name: it ends in `.yaml` or `.yml`, or has a folder."""
    path = Path(text)
    return path.suffix in ENDINGS or path.name != text


def named(name: str, folders: Iterable[Path] = ()) -> Path:
    """Find a scenario's file by its name: in the folders given, then among those that ship.

    Raises:
        UnknownScenarioError: there is no scenario of this name.
    """
    places = (*folders, folder())
    if _NAME.fullmatch(name):
        for place in places:
            for ending in ENDINGS:
                if (path := place / f"{name}{ending}").is_file():
                    return path
    raise UnknownScenarioError(name, _names(places))


def shipped() -> list[Summary]:
    """List the scenarios that ship, by name. Cheap: reads one line of each file and no YAML."""
    return summaries(folder())


def summaries(place: Path) -> list[Summary]:
    """List the scenarios of a folder, by name; `about` is empty where a file does not say it."""
    return [Summary(path.stem, _about(path), path) for path in _files(place)]


@cache
def folder() -> Path:
    """Give the folder of the scenarios that ship.

    Raises:
        FileNotFoundError: the installation lacks it.
    """
    for place in _PLACES:
        if place.is_dir():
            return place
    places = " nor ".join(str(place) for place in _PLACES)
    raise FileNotFoundError(f"the scenarios that ship are missing: neither {places} is there")


def _names(places: Iterable[Path]) -> set[str]:
    return {path.stem for place in places for path in _files(place)}


def _files(place: Path) -> list[Path]:
    return sorted(path for path in place.glob("*") if path.suffix in ENDINGS)


def _about(path: Path) -> str:
    found = _ABOUT.search(path.read_text("utf-8", errors="replace"))
    return found[1] if found else ""
