"""The protocol as data: one JSON Schema (2020-12) per call, result, event and object.

The files are the contract that this project publishes; code looks them up and does not repeat
them. They are open (a schema never forbids a field that it does not know), because the same files
judge what the real service sends, and it may send more.

Where things are, as `KIND/NAME`:

- `envelopes/`: the JSON-RPC frames themselves.
- `calls/METHOD`: the `params` of a call; `x-caller` says who may call it.
- `results/METHOD`: the `result` that answers it when it succeeds.
- `events/TYPE`: the inner `params` of an event.
- `objects/`: what the others share.
- `actions/`: what the service can be made to do; `control/`: what the control API takes and gives;
  `standins/`: the same of stand-ins.
- `scenario`: what the scenario format says for itself; `scenarios.schema.whole` adds what an action
  and a command take.

Each field says its unit in `description` and, in `x-source`, where the fact comes from:
D the vendor's documentation, W seen on the wire, T types and tests of the vendor's packages,
R the vendor's REST specification, E the vendor's end-to-end tests, A assumed by this project.
`x-expected`, where present, says in
plain words what fits. Adding a file adds the call or event; there is no list to keep.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    import jsonschema_rs

__all__ = [
    "BASE_URI",
    "exists",
    "load",
    "meanings",
    "names",
    "registry_documents",
    "resolve",
    "uri",
    "validator",
]

BASE_URI: Final = "https://signalwire-mockserver.invalid/schemas/"
"""What every `$id` begins with. The host can never exist: nothing is ever fetched."""

_ROOT: Final = Path(__file__).parent
_ENDING: Final = ".json"


def names() -> list[str]:
    """The names of all schemas, sorted: `["calls/signalwire.connect", …]`. Parses nothing."""
    return list(_names())


def exists(name: str) -> bool:
    """Whether there is a schema with this full name."""
    return name in _known()


def uri(name: str) -> str:
    """The `$id` of the schema with this full name."""
    return f"{BASE_URI}{name}.json"


def load(name: str) -> dict[str, Any]:
    """The schema of this name, parsed once and shared: do not change it.

    Args:
        name: A full name (`calls/video.recording.start`) or only its last part
            (`video.recording.started`) where that leaves no doubt.

    Raises:
        KeyError: No schema has this name (the message offers the nearest), or several have it.
    """
    found = meanings(name)
    if len(found) == 1:
        return _load(found[0])
    if found:
        raise KeyError(f"{name!r} names several schemas: say {' or '.join(found)}")
    raise KeyError(f"there is no schema {name!r}{_advice(name)}")


def meanings(name: str) -> tuple[str, ...]:
    """The full names of the schemas that a name may mean; those of calls come first."""
    return (name,) if name in _names() else _stems().get(name, ())


def resolve(reference: str) -> dict[str, Any]:
    """The schema that a `$ref` of ours names: `"../objects/recording.json"`, `"position.json"`.

    References of ours name whole files, so their last parts suffice.

    Raises:
        KeyError: The reference leads to no schema of ours.
    """
    return load(reference.removeprefix(BASE_URI).removeprefix("../").removesuffix(".json"))


def validator(
    schema: dict[str, Any], *, formats: bool = False
) -> jsonschema_rs.Draft202012Validator:
    """A validator of this schema, which may refer to all others; make it once and keep it.

    With ``formats`` it checks ``format``, too; the protocol's own schemas have none. Reads only
    what the schema refers to, and imports the library when it is first needed: a server listens
    before it validates anything.
    """
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(schema, retriever=resolve, validate_formats=formats)


@cache
def registry_documents() -> tuple[tuple[str, dict[str, Any]], ...]:
    """All schemas with their `$id`, as a registry wants them: `((uri, document), …)`."""
    return tuple((uri(name), _load(name)) for name in _names())


@cache
def _known() -> frozenset[str]:
    return frozenset(_names())


@cache
def _stems() -> dict[str, tuple[str, ...]]:
    """Full names by last part: `{"video.room.get": ("calls/…", "results/…")}`."""
    stems: dict[str, tuple[str, ...]] = {}
    for name in names():
        stem = name.rpartition("/")[2]
        stems[stem] = (*stems.get(stem, ()), name)
    return stems


@cache
def _names() -> tuple[str, ...]:
    # scandir rather than Path.glob, which takes ten times as long: each server lists them.
    found = []
    for entry in os.scandir(_ROOT):
        if entry.is_dir():
            found += [f"{entry.name}/{each.name}" for each in os.scandir(entry)]
        else:
            found.append(entry.name)
    return tuple(sorted(name[: -len(_ENDING)] for name in found if name.endswith(_ENDING)))


@cache
def _load(name: str) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads((_ROOT / f"{name}.json").read_bytes())
    return document


def _advice(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, [*_names(), *_stems()], n=3, cutoff=0.5)
    return f"; near it: {', '.join(close)}" if close else ""
