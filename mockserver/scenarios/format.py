"""A scenario as data: what a scenario file says, once it has been read and found right.

All times are whole microseconds and named `*_us`. Everything is frozen: one loaded scenario may be
shared by many spaces. Each part explains itself in a sentence; acting on it happens elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mockserver import engine, schemas
from mockserver.engine.video.properties import EVERYBODY
from mockserver.protocol import durations
from mockserver.protocol.lifecycles import LIFECYCLES

if TYPE_CHECKING:
    from mockserver.scenarios.commands import Argument

TriggerKind = Literal["at", "subscribed", "event", "call"]

ACTIONS = ("start_room", *engine.ACTIONS)


@dataclass(frozen=True, slots=True)
class RoomTemplate:
    """A room that the script may start, as often as it likes.

    Attributes:
        key: what the file calls it.
        name: its name on the wire; None exactly when `generate_name` is set.
        generate_name: draw a fresh name from the space's seed at each start.
        display_name: None means the same as the name.
        members: how many members it starts with (names drawn by seed), or their names.
    """

    key: str
    name: str | None
    generate_name: bool
    display_name: str | None
    members: int | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Playable:
    """What is played from a URL, whoever plays it.

    Attributes:
        length_us: how long it is; None: the seed decides, and what is live has no end.
        seekable: whether its position can be set.
    """

    length_us: int | None = None
    seekable: bool = True

    def explain(self) -> str:
        """Say in words what is known of it."""
        length = f"lasts {durations.text(self.length_us)}" if self.length_us is not None else ""
        fixed = "" if self.seekable else "cannot be sought in"
        return " and ".join(part for part in (length, fixed) if part) or "can be sought in"


@dataclass(frozen=True, slots=True)
class Trigger:
    """What a step waits for.

    Attributes:
        kind: `at` (a time since the space began), `subscribed` (a session's first subscription to a
            channel; its repeats do not count), `event` (the service makes an event of this type,
            once however many sessions get it) or `call` (a call of this method arrives).
        value: `video.rooms` or `room` for `subscribed`, an event type, a method; empty for `at`.
        room: only what concerns a room of this key counts; None: any room.
        nth: the n-th time only, from 1. None when `every` is set, and in a client's step, where it
            means the next such event that no earlier step has consumed, seen before or after now.
        every: each time.
        at_us: the time, for `at`.
    """

    kind: TriggerKind
    value: str = ""
    room: str | None = None
    nth: int | None = 1
    every: bool = False
    at_us: int = 0

    def explain(self) -> str:
        """Say in words what is waited for."""
        if self.kind == "at":
            return f"{durations.text(self.at_us)} after the space began"
        what = {
            "subscribed": f"a session subscribes to {_channel(self.value)}",
            "event": f"{self.value} happens",
            "call": f"a client calls {self.value}",
        }[self.kind]
        where = f" for room {self.room}" if self.room is not None else ""
        if self.every:
            return f"each time {what}{where}"
        if self.nth is not None and self.nth > 1:
            return f"the {ordinal(self.nth)} time {what}{where}"
        return f"once {what}{where}"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that the service does.

    Attributes:
        verb: one of `ACTIONS`.
        room: the room's key, for what happens in a room. When the step's trigger concerns a room
            session started from this key, that room session is meant, otherwise the one started
            last. None (in a file with several rooms): the room session that the trigger concerns.
            Always None for what happens in no room.
        args: what its schema in `schemas/actions/` describes, without `room`; a duration is in
            whole microseconds, under its name with `_us`. A key that the file left out is absent.
    """

    verb: str
    room: str | None = None
    args: Mapping[str, Any] = field(default_factory=dict)

    def explain(self) -> str:
        """Say in words what is done."""
        room = f"room {self.room}" if self.room is not None else "that room"
        if self.verb == "set_latency":
            return f"set the latency to {durations.text(self.args['latency_us'])}"
        if self.verb == "fault":
            return f"the fault {self.args['name']}{_given(self.args['parameters'])}"
        if self.verb in _SENTENCES:
            return _SENTENCES[self.verb].format(
                room=room,
                joining=self.args.get("name", "a new member"),
                leaving=self.args.get("name", "the member who joined last"),
            )
        verb, _, kind = self.verb.partition("_")
        if verb == "start" and kind in LIFECYCLES:
            return f"start a {kind}{_called(self.args)} in {room}"
        if kind in LIFECYCLES:
            which = f"{kind} {self.args[kind]}" if kind in self.args else f"the newest {kind}"
            return f"{verb} {which} of {room}"
        title = schemas.load(f"actions/{self.verb}")["title"]
        facts = ", ".join(f"{name} {_value(value)}" for name, value in self.args.items())
        where = f" in {room}" if engine.ACTIONS[self.verb].container is not None else ""
        return f"{title[0].lower()}{title[1:]}{f' ({facts})' if facts else ''}{where}"


_SENTENCES = {
    "start_room": "start {room}",
    "end_room": "end {room}",
    "join": "{joining} joins {room}",
    "leave": "{leaving} leaves {room}",
    "drop_connections": "drop all connections without a word",
    "disconnect": "tell all clients to disconnect, then close their connections",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the script: what it waits for, how long after that, and what then happens.

    Attributes:
        trigger: what it waits for.
        after_us: how long it waits after that.
        actions: what then happens, in order.
        line: where it stands in the file, counted from 1.
        optional: whether it is not a failure if an action cannot be done by then.
    """

    trigger: Trigger
    after_us: int
    actions: tuple[Action, ...]
    line: int
    optional: bool = False

    def explain(self) -> str:
        """Say the step in one sentence."""
        later = f", {durations.text(self.after_us)} later" if self.after_us else ""
        said = [each.explain() for each in self.actions]
        if self.optional:
            said[-1] += " (if that can still be done)"
        return _sentence(self.trigger.explain() + later, said)


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal: an answer whose `result.code` is not 2xx."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A JSON-RPC error in place of an answer's result."""

    code: int
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """How the answer to a call differs from the normal one.

    Attributes:
        method: the calls meant.
        nth: only the n-th call of the method, from 1; None: every one.
        replacement: what is answered instead. The call then has no effect.
        delay_us: the call is handled that much later, so its answer and its events come later; with
            `after_events` only the answer does.
        after_events: the events that the call causes leave before the answer.
    """

    method: str
    nth: int | None = None
    replacement: Refused | Failed | None = None
    delay_us: int = 0
    after_events: bool = False

    def explain(self) -> str:
        """Say the rule in one sentence."""
        which = "Every" if self.nth is None else f"The {ordinal(self.nth)}"
        parts = []
        if isinstance(self.replacement, Refused):
            parts.append(f"is refused with code {self.replacement.code}")
        elif isinstance(self.replacement, Failed):
            parts.append(f"fails with error {self.replacement.code}")
        if self.delay_us:
            parts.append(f"is answered {durations.text(self.delay_us)} late")
        if self.after_events:
            parts.append("is answered after the events that it causes")
        return f"{which} {self.method} {' and '.join(parts)}."


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that a client does.

    Attributes:
        verb: one of `COMMANDS`.
        args: its arguments by their names. A key that the file left out is absent.
        kind: what is done to a recording, playback or stream: which of them that is, as far as the
            file says; None for the others.
    """

    verb: str
    args: Mapping[str, Any] = field(default_factory=dict)
    kind: str | None = None

    def explain(self) -> str:
        """Say in words what the client does."""
        from mockserver.scenarios.commands import COMMANDS

        form = COMMANDS[self.verb]
        said = form.says.format_map({one.name: self._said(one) for one in form.arguments})
        unsaid = [
            f"{one.name} {self.args[one.name]}"
            for one in form.arguments
            if one.kind == "number" and one.name in self.args and f"{{{one.name}}}" not in form.says
        ]
        return f"{said}{_called(self.args)}{f' ({unsaid[0]})' if unsaid else ''}"

    def _said(self, argument: Argument) -> str:
        value: Any = self.args.get(argument.name)
        if argument.kind == "media":
            what = self.kind or "thing"
            return f"its newest {what}" if value is None else f"{what} {value}"
        if argument.kind == "channel":
            return "all rooms" if value == "video" else "the room"
        if argument.kind == "mapping":
            return ", ".join(f"{path} {_value(one)}" for path, one in _leaves(value)) or "nothing"
        return "everybody" if argument.kind == "member" and value == EVERYBODY else str(value)


@dataclass(frozen=True, slots=True)
class ClientStep:
    """One step of the client's part.

    Attributes:
        on: the event it waits for; None: it follows the step before at once.
        after_us: how long it waits after that.
        commands: what the client then does, in order, each after the answer to the one before; only
            what starts something is not waited for, until another command needs what it started.
        refused: the code that the (only) command must be refused with: a text such as `"409"` is
            the code of a refusal, a whole number such as -32002 that of a JSON-RPC error. None: it
            must succeed.
    """

    on: Trigger | None
    after_us: int
    commands: tuple[Command, ...]
    refused: str | int | None = None

    def explain(self) -> str:
        """Say the step in one sentence."""
        when = [self.on.explain()] if self.on is not None else []
        if self.after_us:
            when.append(f"{durations.text(self.after_us)} later")
        what = [command.explain() for command in self.commands]
        if self.refused is not None:
            what.append(f"which must be refused with code {self.refused}")
        return _sentence(", ".join(when) or "at once", what)


@dataclass(frozen=True, slots=True)
class Expected:
    """An event that the subscriber must get, with the fields of its params that matter."""

    event: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    def explain(self) -> str:
        """Say which event is expected, with its fields as dotted paths."""
        facts = [f"{path} {_value(value)}" for path, value in self.leaves()]
        return f"{self.event} with {', '.join(facts)}" if facts else self.event

    def leaves(self) -> list[tuple[str, Any]]:
        """List the fields that matter as dotted paths with their values."""
        return _leaves(self.fields)


@dataclass(frozen=True, slots=True)
class AnyOrder:
    """Events that must all come, in any order among themselves."""

    expected: tuple[Expected, ...]

    def explain(self) -> str:
        """Say which events are expected."""
        return "in any order: " + "; ".join(one.explain() for one in self.expected)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole conversation: the script of the server's side, the client's part, and the oracle.

    Attributes:
        name: in kebab-case; the stem of its file.
        about: what it shows, in a sentence.
        latency_us: how long after its cause an event leaves; None: the space's own latency.
        permissions: what the token of the space's project allows; None: everything, or what the
            space was made with.
        rooms: the rooms that the script may start, by key.
        playbacks: what is played from a URL; `*` is all other URLs.
        script: what the service does.
        answers: which answers differ from the normal ones.
        faults: what the service does wrong on purpose, from the beginning.
        client: what the client does, `connect` and `listen: video` made explicit.
        expect: the events that a subscriber must get: of each type named here exactly these, in
            this order.
        never: event types that must not come at all.
        path: where it was read.
        rest: how the REST API behaves.
    """

    name: str
    about: str
    latency_us: int | None
    permissions: tuple[str, ...] | None
    rooms: Mapping[str, RoomTemplate]
    playbacks: Mapping[str, Playable]
    script: tuple[Step, ...]
    answers: tuple[AnswerRule, ...]
    client: tuple[ClientStep, ...]
    expect: tuple[Expected | AnyOrder, ...]
    never: tuple[str, ...]
    path: str
    rest: engine.RestBehaviour = field(default_factory=engine.RestBehaviour)
    faults: tuple[Action, ...] = ()

    def explain(self) -> list[str]:
        """Tell the whole scenario, one line per part."""
        lines = [f"{self.name}: {self.about}"]
        if self.latency_us is not None:
            lines.append(f"Events follow their cause by {durations.text(self.latency_us)}.")
        if self.permissions is not None:
            lines.append(f"The token allows: {', '.join(self.permissions) or 'nothing'}.")
        if self.rest.synthesises:
            lines.append("REST answers unknown ids with an example.")
        if self.rest.processing_us:
            processing = durations.text(self.rest.processing_us)
            lines.append(f"REST calls a recording that has ended processing for {processing}.")
        if self.rest.dollars:
            price = f"{self.rest.dollars:g} dollars"
            lines.append(f"REST says of whatever has ended that it cost {price}.")
        parts: list[tuple[str, list[str]]] = [
            (
                "What is played",
                [f"from {url}: {one.explain()}" for url, one in self.playbacks.items()],
            ),
            ("The service", [step.explain() for step in self.script]),
            ("Answers", [rule.explain() for rule in self.answers]),
            ("Faults", [f"{one.explain()}." for one in self.faults]),
            ("The client", [step.explain() for step in self.client]),
            ("The subscriber gets", [entry.explain() for entry in self.expect]),
            ("The subscriber never gets", list(self.never)),
        ]
        for title, sentences in parts:
            if sentences:
                lines.append(f"{title}:")
                lines.extend(f"  {number}. {line}" for number, line in enumerate(sentences, 1))
        return lines


def expected_counts(scenario: Scenario) -> dict[str, int]:
    """Count the expected events per type: what a player waits for before it stops."""
    counts: dict[str, int] = {}
    for entry in scenario.expect:
        for one in entry.expected if isinstance(entry, AnyOrder) else (entry,):
            counts[one.event] = counts.get(one.event, 0) + 1
    return counts


def client_part_as_json(scenario: Scenario) -> dict[str, Any]:
    """Give the client's part as plain dicts and lists, for players in any language.

    Shape: `{"scenario": str, "steps": [STEP], "counts": {event type: int}, "never": [event type]}`,
    where STEP is `{"on": {"event": str, "nth": int | null} | null, "after_us": int,
    "commands": [{"verb": str, ...args}], "refused": str | int | null}`.
    A player may stop once it has played all steps and seen `counts`.
    """
    return {
        "scenario": scenario.name,
        "steps": [
            {
                "on": None if step.on is None else {"event": step.on.value, "nth": step.on.nth},
                "after_us": step.after_us,
                "commands": [{"verb": one.verb, **one.args} for one in step.commands],
                "refused": step.refused,
            }
            for step in scenario.client
        ],
        "counts": expected_counts(scenario),
        "never": list(scenario.never),
    }


def ordinal(number: int) -> str:
    """Write 1 as 1st, 2 as 2nd, 11 as 11th."""
    ending = (
        "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{ending}"


def _sentence(when: str, what: list[str]) -> str:
    return f"{when[0].upper()}{when[1:]}: {', '.join(what)}."


def _given(parameters: Mapping[str, Any]) -> str:
    said = ", ".join(f"{name} {_value(value)}" for name, value in parameters.items())
    return f" ({said})" if said else ""


def _called(args: Mapping[str, Any]) -> str:
    return f" called {args['as']}" if "as" in args else ""


def _channel(value: str) -> str:
    return "a room's channel" if value == "room" else value


def _leaves(fields: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    leaves: list[tuple[str, Any]] = []
    for key, value in fields.items():
        if isinstance(value, Mapping) and value:
            leaves.extend(_leaves(value, f"{prefix}{key}."))
        else:
            leaves.append((f"{prefix}{key}", value))
    return leaves


def _value(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
