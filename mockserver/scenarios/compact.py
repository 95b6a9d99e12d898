"""The scenarios that ship, read and checked beforehand: a server's start need not do it again.

``fixtures/scenarios.compact.json`` holds them. The YAML files are the source: what is kept of a
file counts only while the file has the same bytes, and a test reads all files again. After a
change: ``python -m mockserver.scenarios.compact``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson

from mockserver import engine

from . import format, library

COMMAND: Final = "python -m mockserver.scenarios.compact"

_FILE: Final = "scenarios.compact.json"
# What is not plain JSON is an object with one of these as its first key.
_CLASS: Final = "$class"
_TUPLE: Final = "$tuple"


def load(path: Path) -> format.Scenario | None:
    """The scenario of this file, if it ships and has not been changed since."""
    if path.parent != library.folder() or (kept := _kept(file()).get(path.stem)) is None:
        return None
    if kept["sha256"] != sha256(path.read_bytes()).hexdigest():
        return None
    scenario: format.Scenario = _decode(kept["scenario"])
    return replace(scenario, path=str(path))


def file() -> Path:
    """Where they are kept."""
    return library.folder().parent / _FILE


def written(paths: Iterable[Path]) -> bytes:
    """What the file has to hold for these scenario files."""
    from . import loader

    kept = {
        path.stem: {
            "sha256": sha256(path.read_bytes()).hexdigest(),
            "scenario": _encode(replace(loader.load(path), path="")),
        }
        for path in paths
    }
    return orjson.dumps(kept, option=orjson.OPT_APPEND_NEWLINE)


@cache
def _kept(path: Path) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    return kept


def _encode(value: Any) -> Any:
    if is_dataclass(value):
        told = {each.name: getattr(value, each.name) for each in fields(value)}
        plain = {each.name: _default(each) for each in fields(value)}
        said = {key: _encode(each) for key, each in told.items() if each != plain[key]}
        return {_CLASS: type(value).__name__, **said}
    if isinstance(value, tuple):
        return {_TUPLE: [_encode(each) for each in value]}
    if isinstance(value, dict):
        return {key: _encode(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_encode(each) for each in value]
    return value


def _default(field: Field[Any]) -> Any:
    """What the field is when nobody says it; ``MISSING`` where somebody has to."""
    return field.default if field.default_factory is MISSING else field.default_factory()


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(each) for each in value]
    if not isinstance(value, dict):
        return value
    if _TUPLE in value:
        return tuple(_decode(each) for each in value[_TUPLE])
    decoded = {key: _decode(each) for key, each in value.items() if key != _CLASS}
    return _class(value[_CLASS])(**decoded) if _CLASS in value else decoded


def _class(name: str) -> Any:
    """A part of a scenario: most are of the format, and the engine has those that it acts by."""
    return getattr(format, name, None) or getattr(engine, name)


if __name__ == "__main__":
    file().write_bytes(written(each.path for each in library.shipped()))
    sys.stdout.write(f"{file()}\n")
