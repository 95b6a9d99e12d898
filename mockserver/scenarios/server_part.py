"""Reads the server's side of a scenario: the script and the answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mockserver import engine, schemas
from mockserver.engine import faults
from mockserver.protocol import catalogue
from mockserver.protocol.explanation import explain, steps_of
from mockserver.scenarios.document import Document, Path
from mockserver.scenarios.format import (
    ACTIONS,
    Action,
    AnswerRule,
    Failed,
    Refused,
    Step,
    Trigger,
)
from mockserver.scenarios.reading import Reading, found_text, is_refusal_code

CHANNELS = ("video.rooms", "room")
TRIGGERS = ("subscribed", "event", "call")


class ServerPart(Reading):
    """Reads the script and the answers, knowing which rooms the file declares."""

    def __init__(self, document: Document, declared: tuple[str, ...]) -> None:
        super().__init__(document)
        self.declared = declared

    def script(self, data: Mapping[str, Any]) -> tuple[Step, ...]:
        """Read what stands under `script`."""
        steps = self.each(data, "script", self.step)
        self.check_script_names(data.get("script"))
        return steps

    def answers(self, data: Mapping[str, Any]) -> tuple[AnswerRule, ...]:
        """Read what stands under `answers`."""
        rules = self.each(data, "answers", self.answer)
        self.check_answers(rules)
        return rules

    def room_key(self, data: Mapping[str, Any], path: Path) -> str | None:
        """Read the key of a room that the file declares."""
        return (
            self.word(data["room"], (*path, "room"), "room", self.declared)
            if "room" in data
            else None
        )

    def step(self, value: Any, path: Path) -> Step | None:
        """Read one step of the script."""
        known = ("at", "when", "after", "do", "optional")
        data = self.mapping(value, path, known, required=("do",))
        if data is None:
            return None
        if "at" in data and "when" in data:
            self.wrong((*path, "at"), "at and when exclude each other", "keep one", at_key=True)
        elif "at" not in data and "when" not in data:
            mend = "write at: TIME or when: {...}"
            self.wrong(path, "the step does not say when it is due", mend)
        if "at" in data and "after" in data:
            self.wrong(
                (*path, "after"), "after counts from a trigger, and at has none", "add it to at"
            )
        trigger = self.trigger(data, path)
        after_us = self.duration(data, "after", path)
        doing = self.several(data, path, lambda one, place: self.action(one, place, trigger))
        # What an action makes happen at once would set off the step again, without end.
        for action in doing if trigger.every and not after_us else ():
            if trigger.value in _causes(action.verb):
                problem = f"{action.verb} makes {trigger.value} happen, every time, without end"
                self.wrong((*path, "do"), problem, "leave out every, or wait with after")
        optional = self.flag(data, "optional", path)
        return Step(trigger, after_us, doing, self.document.line(path), optional)

    def trigger(self, data: Mapping[str, Any], path: Path) -> Trigger:
        """Read what a step waits for."""
        if "when" not in data:
            return Trigger("at", at_us=self.duration(data, "at", path))
        path = (*path, "when")
        when = self.mapping(data["when"], path, (*TRIGGERS, "room", "nth", "every"))
        if when is None:
            return Trigger("event")
        kinds = [kind for kind in TRIGGERS if kind in when]
        if len(kinds) != 1:
            self.wrong(
                path,
                f"expected one of {', '.join(TRIGGERS)}, found {' and '.join(kinds) or 'none'}",
            )
        room = self.room_key(when, path)
        nth = self.nth(when, path)
        every = self.flag(when, "every", path)
        if every and "nth" in when:
            self.wrong((*path, "every"), "nth and every exclude each other", "keep one")
        nth = None if every else nth or 1
        if "subscribed" in when:
            value = self.word(when["subscribed"], (*path, "subscribed"), "channel", CHANNELS)
            if value == "video.rooms" and "room" in when:
                problem = "video.rooms is the channel of all rooms, not of one"
                self.wrong((*path, "room"), problem, "leave room out, or write subscribed: room")
            return Trigger("subscribed", value or "", room, nth, every)
        if "call" in when:
            method = self.word(
                when["call"], (*path, "call"), "method", sorted(catalogue.CLIENT_CALLS)
            )
            return Trigger("call", method or "", room, nth, every)
        event = self.event_type(when["event"], (*path, "event")) if "event" in when else None
        return Trigger("event", event or "", room, nth, every)

    def action(self, value: Any, path: Path, trigger: Trigger) -> Action | None:
        """Read one action."""
        found = self.single(value, path, "action", ACTIONS)
        if found is None:
            return None
        verb, argument, path = found
        if verb == "fault":
            return self.fault(argument, path)
        if verb in engine.ACTIONS and engine.ACTIONS[verb].container is None:
            return self.space_action(verb, argument, path, bare=isinstance(value, str))
        if isinstance(argument, str):
            room = self.word(argument, path, "room", self.declared)
            return Action(verb, room)
        schema = _schema(verb)
        required = schema.get("required", ())
        data = self.mapping(argument, path, tuple(schema["properties"]), required)
        if data is None:
            return None
        args = self.arguments(data, schema["properties"], path)
        if "room" in data:
            return Action(verb, self.room_key(data, path), args)
        return Action(verb, self.default_room(verb, path, trigger), args)

    def faults(self, data: Mapping[str, Any]) -> tuple[Action, ...]:
        """Read what stands under `faults`."""
        return self.each(data, "faults", self.fault)

    def fault(self, value: Any, path: Path) -> Action | None:
        """Read a fault: its name, or its name with its parameters."""
        found = self.single(value, path, "fault", tuple(engine.FAULTS))
        if found is None:
            return None
        name, given, path = found
        schema = faults.parameters(name)
        known = schema["properties"]
        data = self.mapping(given, path, tuple(known), hints=schema.get("x-hints", {}))
        if data is None:
            return None
        for key, one in data.items():
            if known[key].get("x-kind") == "duration":
                self.duration(data, key, path, faults.longest_of(known[key]))
            else:
                self.check(one, known[key], (*path, key))
        return Action("fault", None, {"name": name, "parameters": data})

    def arguments(
        self, data: Mapping[str, Any], known: Mapping[str, Any], path: Path
    ) -> dict[str, Any]:
        """Read what an action takes besides its room."""
        args: dict[str, Any] = {}
        for key, value in data.items():
            if key == "room":
                continue
            kind = known[key].get("x-kind", known[key].get("type"))
            if kind == "duration":
                args[f"{key}_us"] = self.duration(data, key, path)
            elif kind in ("label", "string"):
                text = (self.named if kind == "label" else self.text)(data, key, path)
                if text is not None:
                    args[key] = text
                    self.check(text, known[key], (*path, key))
            else:
                self.check(value, known[key], (*path, key))
                args[key] = value
        return args

    def check(self, value: Any, schema: Mapping[str, Any], path: Path) -> None:
        """Check a value by its schema, and note what is wrong at the place where it is."""
        # What it refers to is beside the file from which it is.
        schema = {**schema, "$id": schemas.uri("actions/argument")}
        if not schemas.validator(schema).is_valid(value):
            for problem in explain(value, schema):
                place = (*path, *steps_of(problem.path))
                self.wrong(place, f"expected {problem.expected}, found {problem.found}")

    def space_action(self, verb: str, argument: Any, path: Path, *, bare: bool) -> Action:
        """Read an action that concerns no room."""
        known = _schema(verb)["properties"]
        if known and bare:
            example = "30ms" if verb == "set_latency" else "..."
            what = "a duration" if verb == "set_latency" else " and ".join(known)
            self.wrong(path, f"{verb} needs {what}", f"write {{{verb}: {example}}}")
            return Action(verb)
        if known and isinstance(argument, dict):
            data = self.mapping(argument, path, tuple(known), _schema(verb).get("required", ()))
            return Action(verb, None, self.arguments(data or {}, known, path))
        if len(known) == 1:
            # What stands behind the verb is its only argument, under the verb's own key.
            (name,) = known
            key = f"{name}_us" if known[name].get("x-kind") == "duration" else name
            value = self.arguments({verb: argument}, {verb: known[name]}, path[:-1])
            return Action(verb, None, {key: next(iter(value.values()), None)})
        if not bare:
            self.wrong(
                path, f"{verb} takes nothing, found {found_text(argument)}", f"write just {verb}"
            )
        return Action(verb)

    def default_room(self, verb: str, path: Path, trigger: Trigger) -> str | None:
        """Give the room that an action without one means."""
        if trigger.room is not None:
            return trigger.room
        if len(self.declared) == 1:
            return self.declared[0]
        if not self.declared:
            self.wrong(
                path, f"{verb} needs a room, and the file declares none", "declare it under rooms"
            )
        elif verb == "start_room" or not _concerns_a_room(trigger):
            mend = f"write {{{verb}: ROOM}} with one of {', '.join(self.declared)}"
            self.wrong(path, f"which room does {verb} mean?", mend)
        return None

    def check_script_names(self, script: Any) -> None:
        """Hold the recordings that the script speaks of against those that it has named."""
        named: dict[str, Path] = {}
        spoken: list[tuple[str, Path]] = []
        for verb, argument, path in _verbs(script, "script"):
            name = argument.get("as")
            if verb == "start_recording" and isinstance(name, str):
                if name in named:
                    self.wrong(
                        (*path, "as"),
                        f'another recording is called "{name}" already',
                        "choose another name",
                    )
                named[name] = path
            if isinstance(name := argument.get("recording"), str):
                spoken.append((name, (*path, "recording")))
        for name, path in spoken:
            if name not in named:
                self.unknown(path, "recording", name, named)

    def answer(self, value: Any, path: Path) -> AnswerRule | None:
        """Read one rule for answers."""
        known = ("to", "nth", "with", "delay", "after_events")
        data = self.mapping(value, path, known, required=("to",))
        if data is None:
            return None
        method = None
        if "to" in data:
            method = self.word(data["to"], (*path, "to"), "method", sorted(catalogue.CLIENT_CALLS))
        after_events = self.flag(data, "after_events", path)
        if "with" in data and after_events:
            problem = "a call that is answered otherwise has no effect, so it causes no events"
            self.wrong((*path, "after_events"), problem, "leave it out")
        if not {"with", "delay", "after_events"} & data.keys():
            self.wrong(
                path, "nothing differs from the normal answer", "add with, delay or after_events"
            )
        replacement = self.replacement(data["with"], (*path, "with")) if "with" in data else None
        if method == "signalwire.connect" and isinstance(replacement, Refused):
            problem = "clients do not look at the code of an answer to signalwire.connect"
            self.wrong((*path, "with"), problem, "write {error: {code: -32002, message: ...}}")
        return AnswerRule(
            method=method or "",
            nth=self.nth(data, path),
            replacement=replacement,
            delay_us=self.duration(data, "delay", path),
            after_events=after_events,
        )

    def replacement(self, value: Any, path: Path) -> Refused | Failed | None:
        """Read what is answered instead: a refusal or an error."""
        if isinstance(value, dict) and "error" in value:
            outer = self.mapping(value, path, ("error",)) or {}
            path = (*path, "error")
            data = self.mapping(
                outer["error"], path, ("code", "message", "data"), ("code", "message")
            )
            if data is None:
                return None
            code, extra = data.get("code", 0), data.get("data", {})
            if not isinstance(code, int) or isinstance(code, bool):
                self.wrong(
                    (*path, "code"),
                    f"expected a whole number such as -32603, found {found_text(code)}",
                )
            if not isinstance(extra, dict):
                self.wrong((*path, "data"), f"expected a mapping, found {found_text(extra)}")
            return Failed(code, self.message(data, path), extra)
        data = self.mapping(value, path, ("code", "message", "error"), ("code", "message"))
        if data is None:
            return None
        if "code" in data and not is_refusal_code(data["code"]):
            problem = (
                f"expected a text of three digits that is not 2xx, found {found_text(data['code'])}"
            )
            self.wrong(
                (*path, "code"),
                problem,
                'write it in quotes, such as "409"; a JSON-RPC error goes under error',
            )
        return Refused(str(data.get("code")), self.message(data, path))

    def message(self, data: Mapping[str, Any], path: Path) -> str:
        """Read the message of a refusal or an error."""
        message = data.get("message", "")
        if not isinstance(message, str):
            self.wrong((*path, "message"), f"expected a text, found {found_text(message)}")
        return str(message)

    def check_answers(self, answers: Sequence[AnswerRule]) -> None:
        """Refuse rules that are never used: the first that fits a call answers it."""
        seen: set[tuple[str, int | None]] = set()
        for index, rule in enumerate(answers):
            if (rule.method, None) in seen:
                problem = f"the rule above answers every call of {rule.method}"
                self.wrong(("answers", index), problem, "put this one before it, or make them one")
            elif (rule.method, rule.nth) in seen:
                problem = f"a second rule for call {rule.nth} of {rule.method}"
                self.wrong(("answers", index), problem, "make them one")
            if rule.method:
                seen.add((rule.method, rule.nth))


def _schema(verb: str) -> Mapping[str, Any]:
    if verb == "start_room":
        # Which room, is all that can be said here: the rest stands under `rooms`.
        return {"properties": {"room": {}}, "x-causes": ["video.room.started"]}
    return schemas.load(f"actions/{verb}")


def _causes(verb: str) -> tuple[str, ...]:
    return tuple(_schema(verb)["x-causes"])


def _concerns_a_room(trigger: Trigger) -> bool:
    if trigger.kind == "call":
        return trigger.value.startswith("video.") and trigger.value != "video.rooms.get"
    return trigger.kind == "event" or (trigger.kind == "subscribed" and trigger.value == "room")


def _verbs(steps: Any, key: str) -> Iterable[tuple[str, dict[str, Any], Path]]:
    """Give each `{verb: mapping}` under the steps' `do`, with its place; skip what is malformed."""
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        do = step.get("do") if isinstance(step, dict) else None
        entries = list(enumerate(do)) if isinstance(do, list) else [(None, do)]
        for position, entry in entries:
            if isinstance(entry, dict) and len(entry) == 1:
                ((verb, argument),) = entry.items()
                if isinstance(argument, dict):
                    place: Path = (
                        (key, index, "do") if position is None else (key, index, "do", position)
                    )
                    yield verb, argument, (*place, verb)
