"""The faults: what the mock can do wrong on purpose. To add one, see docs/EXTENDING.md.

A row says what a fault does and what a good client does about it. Its parameters stand in
``schemas/faults/NAME.json``; what all faults take (which frames, how often, for how long) stands
in ``schemas/fault_scope.json``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mockserver import schemas
from mockserver.engine.journal import TO_CLIENT, TO_SERVER
from mockserver.protocol import catalogue as protocol
from mockserver.protocol import durations

if TYPE_CHECKING:
    import jsonschema_rs

    from mockserver.protocol.explanation import Problem

Layer = Literal["frame", "session", "socket"]

SCOPE = "fault_scope"

_EXTENDS = ("$ref", "unevaluatedProperties")
"""By these the file of a fault takes in the scope, which is put in here."""


class FaultError(ValueError):
    """A fault that cannot be injected; says why, and what could be.

    Attributes:
        problems: what is wrong with its parameters, one by one.
    """

    def __init__(self, message: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = list(problems)


class Fault(NamedTuple):
    """One row of the catalogue.

    Attributes:
        name: as everybody writes it: ``never_answer``.
        layer: where it acts. ``frame``: what is said, done by ``frames.py`` and ``calls.py`` beside
            this file; ``session``: who is let in, done by ``sessions.py``; ``socket``: bytes and
            connections, done by ``server/sockets/faults.py`` when the engine says so.
        does: what happens, in one sentence.
        client: what a good client does about it, in one sentence.
        scope: which frames it can be told that it is for: parts of the scope.
        often: by which parts of the scope it can be told how often, how long and how likely it
            strikes.
        directions: which way the frames can go that it acts on.
        at_door: of a socket fault: whether it strikes the door, by which connections come in, and
            not the connections that there are.
        lasts: of a fault of sockets or sessions: whether what it does goes on until it is over.
        note: what else one has to know, in sentences; "" for nothing.
    """

    name: str
    layer: Layer
    does: str
    client: str
    scope: tuple[str, ...] = ("events", "method", "session", "room")
    often: tuple[str, ...] = ("times", "for", "probability")
    directions: tuple[str, ...] = (TO_CLIENT,)
    at_door: bool = False
    lasts: bool = False
    note: str = ""


_EVENTS = ("events", "session", "room")
_ANSWERS = ("method", "session", "room")
_BOTH_WAYS = (TO_CLIENT, TO_SERVER)

_FRAMES = (
    Fault(
        "drop",
        "frame",
        "The frame never arrives; to a client that acknowledges, an event comes after a resume.",
        "It gives up waiting after a time, and asks for the present state.",
        directions=_BOTH_WAYS,
    ),
    Fault(
        "duplicate",
        "frame",
        "The frame comes a second time, with the same id or with another one.",
        "It handles each id once, and takes a state that it knows already for no news.",
        directions=_BOTH_WAYS,
        note="Answers come twice only where `method` names them. A call that arrives twice, as "
        "behind a gateway that tries again, has its effect twice, if it can have it, and is "
        "answered twice.",
    ),
    Fault(
        "delay",
        "frame",
        "The frame is late: those behind it wait for it, or overtake it.",
        "It waits for as long as its own timeout says, and handles what comes late.",
        directions=_BOTH_WAYS,
    ),
    Fault(
        "reorder",
        "frame",
        "Some frames that follow each other come in another order.",
        "It goes by ids, states and timestamps, and not by the order in which frames come.",
        directions=_BOTH_WAYS,
        note="Of calls, only those are collected that are on their way at the same time: a client "
        "that waits for each answer sends none, and has its calls late by `within`.",
    ),
    Fault(
        "corrupt",
        "frame",
        "The frame is not what its schema says: no JSON, a field missing or of another type, ….",
        "It reports what it cannot read and passes over it, and its connection goes on.",
        directions=_BOTH_WAYS,
        note="A call that arrives broken is answered by a JSON-RPC error, whose id is null where "
        "the call could not be read: its caller waits in vain. `unknown_event_type` and "
        "`oversized` pass over calls: these are no events, and a message that is too long ends "
        "its socket with 1009 whoever sends it.",
    ),
    Fault(
        "old_timestamp",
        "frame",
        "The event's timestamp is from the past.",
        "It does not take the timestamp for the time at which the event came.",
        scope=_EVENTS,
    ),
    Fault(
        "stale_state",
        "frame",
        "After an event, the event before it about the same thing is sent again, with another id.",
        "It compares timestamps, and keeps the later state.",
        scope=_EVENTS,
    ),
    Fault(
        "wrong_order",
        "frame",
        "An event comes only after the next event about the same thing.",
        "It handles an update or an end of a thing whose start it has not seen.",
        scope=_EVENTS,
    ),
    Fault(
        "event_after_end",
        "frame",
        "After the end of a thing, an event from before its end comes again, as if it still ran.",
        "It takes an end for final, and passes over what comes after it.",
        scope=_EVENTS,
    ),
    Fault(
        "event_before_subscription",
        "frame",
        "The event goes also to sessions that have not subscribed it.",
        "It passes over events that it has no listener for.",
        scope=_EVENTS,
    ),
    Fault(
        "refuse",
        "frame",
        "The call is answered with a code or an error, and has no effect.",
        "It tells its caller, and tries again only what may be tried again.",
        scope=_ANSWERS,
    ),
    Fault(
        "never_answer",
        "frame",
        "The call has its effect, but its answer never comes.",
        "It gives up after a time, and asks for the present state before it tries again.",
        scope=_ANSWERS,
    ),
    Fault(
        "answer_twice",
        "frame",
        "The call is answered a second time, in the same way.",
        "It passes over an answer to a call that was answered.",
        scope=_ANSWERS,
    ),
    Fault(
        "answer_unknown",
        "frame",
        "Before the answer comes another one, to a call that nobody made.",
        "It passes over an answer to a call that it did not make.",
        scope=_ANSWERS,
    ),
)
_SESSIONS = (
    Fault(
        "refuse_resume",
        "session",
        "A client that resumes its session gets a new one, without what the old one had.",
        "It sees that the protocol is another one, subscribes again and asks how things stand.",
        scope=("session",),
    ),
    Fault(
        "revoke_credentials",
        "session",
        "The session ends, its socket is closed with 1008, and connecting again is refused.",
        "It tells its user that it is not allowed any more, and does not try again for ever.",
        lasts=True,
    ),
    Fault(
        "takeover",
        "session",
        "The socket is closed as if another connection had resumed the session.",
        "It does not fight for the session: it resumes it after a pause, or begins a new one.",
    ),
)
_SOCKETS = (
    Fault(
        "close",
        "socket",
        "The server closes the socket with a code of its choice.",
        "It connects again with its protocol, and its session goes on.",
    ),
    Fault(
        "reset",
        "socket",
        "The TCP connection is reset, without a close frame.",
        "It connects again with its protocol, and gets what it has not acknowledged.",
    ),
    Fault(
        "disconnect",
        "socket",
        "The server sends signalwire.disconnect, and closes the socket once that is answered.",
        "It answers, waits a moment, and connects again with its protocol.",
    ),
    Fault(
        "half_open",
        "socket",
        "The socket stays, and nothing is read or written any more.",
        "It misses the pings, closes the socket, and connects again with its protocol.",
        lasts=True,
    ),
    Fault(
        "stall",
        "socket",
        "Nothing is read or written for a while; then all comes at once.",
        "It waits, and handles what comes in its order.",
        lasts=True,
    ),
    Fault(
        "slow",
        "socket",
        "What the server sends drips out, so many bytes a second.",
        "It waits for the end of a message, and for answers longer than usual.",
        lasts=True,
    ),
    Fault(
        "fragment",
        "socket",
        "Each message comes in fragments, which may split a character.",
        "It puts them together: its WebSocket library does.",
        lasts=True,
    ),
    Fault(
        "refuse_connections",
        "socket",
        "Who connects is cut off before there is an answer.",
        "It tries again, each time a little later.",
        at_door=True,
        scope=(),
        lasts=True,
        note="The port accepts, and then the connection is reset in the handshake: a client sees "
        "ECONNRESET, and not ECONNREFUSED, which needs a closed port (restart). It is for one "
        "space: others share the port, and go on.",
    ),
    Fault(
        "no_handshake",
        "socket",
        "The connection is accepted, and the handshake never answered.",
        "It gives up after a time, and tries again.",
        at_door=True,
        scope=(),
        lasts=True,
    ),
    Fault(
        "reject_handshake",
        "socket",
        "The handshake is answered by an HTTP error, such as 502 or 503.",
        "It tries again, each time a little later.",
        at_door=True,
        scope=(),
        lasts=True,
    ),
    Fault(
        "no_pings",
        "socket",
        "No signalwire.ping comes.",
        "It takes the connection for lost after a time, and connects again with its protocol.",
        lasts=True,
    ),
    Fault(
        "late_pings",
        "socket",
        "Each signalwire.ping comes late.",
        "It allows for some delay before it takes the connection for lost.",
        lasts=True,
    ),
    Fault(
        "redeploy",
        "socket",
        "All sessions are forgotten, and their sockets closed; the port stays.",
        "It connects, gets a new session, subscribes again, and asks for the present state.",
        at_door=True,
        scope=(),
    ),
    Fault(
        "restart",
        "socket",
        "All sessions are forgotten, and the server's port is closed for a while.",
        "It tries again until it can connect, subscribes again, and asks for the present state.",
        at_door=True,
        scope=(),
        often=(),
        lasts=True,
        note="Whoever connects sees ECONNREFUSED. The port is the server's, so that this goes for "
        "clients of other spaces and for the control API, too; connections that there are stay, "
        "but for those of the space's sessions. The time is real, whatever the space's clock: "
        "nobody could reach the server to move it. It strikes once, at once, and is over when "
        "the port is open again, which happens at once if somebody ends it; of several restarts "
        "the last that is over opens the port. If another program has taken the port meanwhile, "
        "that is logged, and the server tries until it gets it back. A token injects it once in "
        "a space, and not for each session.",
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
    """The schema of all that a fault takes: its own parameters, then its parts of the scope.

    It is shared: do not change it.

    Raises:
        FaultError: no fault is called so.
    """
    row = fault(name)
    own, scope = schemas.load(f"faults/{name}"), schemas.load(SCOPE)["properties"]
    inner = {key: value for key, value in own.items() if key not in _EXTENDS}
    parts = (*row.scope, *row.often)
    taken = {key: value for key, value in scope.items() if key in parts}
    if row.layer == "frame":
        taken["direction"] = {**scope["direction"], "enum": list(row.directions)}
    properties = {**own["properties"], **taken}
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

        problems = explain(given, schema)
        raise FaultError(f"{name}: {'; '.join(each.message for each in problems)}", problems)
    arguments: dict[str, Any] = {}
    for key, value in given.items():
        about = schema["properties"][key]
        if about.get("x-kind") != "duration":
            arguments[key] = value
            continue
        try:
            arguments[f"{key}_us"] = durations.rounded(value, longest_of(about))
        except ValueError as problem:
            raise FaultError(f"{name}: {key}: {problem}, found {value!r}") from None
    return arguments


def longest_of(about: Mapping[str, Any]) -> float | None:
    """The longest duration, in seconds, that a parameter may be; None: as long as any other."""
    longest: float | None = about["anyOf"][0].get("maximum")
    return longest
