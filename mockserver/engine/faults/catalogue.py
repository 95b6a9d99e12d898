"""The faults: what the mock can do wrong on purpose. To add one, see docs/EXTENDING.md.

A row says what a fault does and what a good client does about it. Its parameters stand in
``schemas/faults/NAME.json``; what all faults take (which frames, how often, for how long) stands
in ``schemas/fault_scope.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mockserver import schemas
from mockserver.protocol import catalogue as protocol
from mockserver.protocol import durations

if TYPE_CHECKING:
    import jsonschema_rs

Layer = Literal["frame", "session", "socket"]

SCOPE = "fault_scope"

_EXTENDS = ("$ref", "unevaluatedProperties")
"""By these the file of a fault takes in the scope, which is put in here."""


class FaultError(ValueError):
    """A fault that cannot be injected; says why, and what could be."""


class Fault(NamedTuple):
    """One row of the catalogue.

    Attributes:
        name: as everybody writes it: ``never_answer``.
        layer: where it acts. ``frame``: what is said, done by ``frames.py`` beside this file;
            ``session``: who is let in, done by ``sessions.py``; ``socket``: bytes and connections,
            done by ``server/sockets/faults.py`` when the engine says so.
        does: what happens, in one sentence.
        client: what a good client does about it, in one sentence.
        at_door: of a socket fault: whether it strikes the door, by which connections come in, and
            not the connections that there are.
        lasts: of a socket fault: whether what it does goes on until the fault is over.
    """

    name: str
    layer: Layer
    does: str
    client: str
    at_door: bool = False
    lasts: bool = False


_FRAMES = (
    Fault(
        "drop",
        "frame",
        "The frame never arrives; to a client that acknowledges, an event comes after a resume.",
        "It gives up waiting after a time, and asks for the present state.",
    ),
)
_SESSIONS: tuple[Fault, ...] = ()
_SOCKETS = (
    Fault(
        "close",
        "socket",
        "The server closes the socket with a code of its choice.",
        "It connects again with its protocol, and its session goes on.",
    ),
)

FAULTS: Mapping[str, Fault] = {row.name: row for row in (*_FRAMES, *_SESSIONS, *_SOCKETS)}


def fault(name: str) -> Fault:
    """The row of this name.

    Raises:
        FaultError: there is none; names the nearest.
    """
    if name not in FAULTS:
        near = protocol.nearest(name, FAULTS)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(FAULTS)}"
        raise FaultError(f'no fault "{name}"; {hint}')
    return FAULTS[name]


@cache
def parameters(name: str) -> dict[str, Any]:
    """The schema of all that a fault takes: its own parameters, then those of all faults.

    It is shared: do not change it.

    Raises:
        FaultError: no fault is called so.
    """
    own, scope = schemas.load(f"faults/{fault(name).name}"), schemas.load(SCOPE)
    inner = {key: value for key, value in own.items() if key not in _EXTENDS}
    properties = {**own["properties"], **scope["properties"]}
    return {**inner, "additionalProperties": False, "properties": properties}


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return schemas.validator(parameters(name))


def read(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check the parameters of a fault, and read them as the engine does.

    Args:
        name: the fault.
        given: its parameters, as people write them.

    Returns:
        The same, but each duration in whole microseconds, under NAME_us.

    Raises:
        FaultError: no such fault, or parameters that do not fit; says which, and what would.
    """
    schema = parameters(name)
    if not _validator(name).is_valid(given):
        # Imported here: most servers have nothing to explain.
        from mockserver.protocol.explanation import explain

        raise FaultError(f"{name}: {'; '.join(each.message for each in explain(given, schema))}")
    arguments: dict[str, Any] = {}
    for key, value in given.items():
        if schema["properties"][key].get("x-kind") != "duration":
            arguments[key] = value
            continue
        try:
            arguments[f"{key}_us"] = durations.rounded(value)
        except ValueError as problem:
            raise FaultError(f"{name}: {key}: {problem}, found {value!r}") from None
    return arguments
