"""Reads the client's part of a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.scenarios.commands import COMMANDS, LISTENS, Argument, Form
from mockserver.scenarios.document import Document, Path
from mockserver.scenarios.format import ClientStep, Command, Trigger
from mockserver.scenarios.reading import Reading, found_text, is_refusal_code


class ClientPart(Reading):
    """Reads the steps in order, knowing at each command what the client has done before it.

    Attributes:
        connected: whether it can call.
        newest: the kind of media that it has started or looked for last.
        names: what it calls what it has started -> of which kind that is.
    """

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.connected = False
        self.newest: str | None = None
        self.names: dict[str, str] = {}

    def read(self, data: Mapping[str, Any]) -> tuple[ClientStep, ...]:
        """Read what stands under `client`, with the implied first step made explicit."""
        entries = data.get("client")
        first = _first_command(entries)
        implied: tuple[ClientStep, ...] = ()
        if entries and first != "connect":
            self.connected = True
            implied = (
                ClientStep(None, 0, (Command("connect"), Command("listen", {"to": "video"}))),
            )
        return implied + self.each(data, "client", self.step)

    def step(self, value: Any, path: Path) -> ClientStep | None:
        """Read one step."""
        data = self.mapping(value, path, ("on", "after", "do", "refused"), required=("do",))
        if data is None:
            return None
        trigger = self.trigger(data["on"], (*path, "on")) if "on" in data else None
        refused = self.refused(data["refused"], (*path, "refused")) if "refused" in data else None
        if "refused" in data and isinstance(data.get("do"), list) and len(data["do"]) != 1:
            problem = f"refused says it of one command, and do has {len(data['do'])}"
            self.wrong(
                (*path, "refused"),
                problem,
                "put the command that is refused into a step of its own",
            )
        succeeds = "refused" not in data
        commands = self.several(data, path, lambda one, place: self.command(one, place, succeeds))
        return ClientStep(trigger, self.duration(data, "after", path), commands, refused)

    def trigger(self, value: Any, path: Path) -> Trigger | None:
        """Read the event that a step waits for."""
        if isinstance(value, dict) and (
            other := [kind for kind in ("subscribed", "call", "at") if kind in value]
        ):
            self.wrong(
                path, f"a client cannot wait for {other[0]}", "it waits for an event: {event: TYPE}"
            )
            return None
        data = self.mapping(value, path, ("event", "nth"), required=("event",))
        if data is None or "event" not in data:
            return None
        event = self.event_type(data["event"], (*path, "event"))
        return Trigger("event", event or "", None, self.nth(data, path))

    def refused(self, value: Any, path: Path) -> str | int | None:
        """Read the code that a command must be refused with."""
        data = self.mapping(value, path, ("code",), required=("code",))
        if data is None or "code" not in data:
            return None
        code = data["code"]
        if is_refusal_code(code) or (
            isinstance(code, int) and not isinstance(code, bool) and code < 0
        ):
            return str(code) if isinstance(code, str) else int(code)
        problem = f"expected the code of a refusal or of a JSON-RPC error, found {found_text(code)}"
        self.wrong(
            (*path, "code"), problem, 'write "409" (in quotes) for a refusal, -32002 for an error'
        )
        return None

    def command(self, value: Any, path: Path, succeeds: bool) -> Command | None:
        """Read one command."""
        found = self.single(value, path, "command", tuple(COMMANDS))
        if found is None:
            return None
        verb, argument, place = found
        form, bare = COMMANDS[verb], isinstance(value, str)
        self.check_connected(verb, path, succeeds)
        args = self.arguments(verb, form, argument, place, bare=bare)
        if args is None:
            return None
        if form.kinds:
            return Command(
                verb, args, self.controlled(verb, form, args, path if bare else place, bare)
            )
        kind = form.starts or form.adopts
        if kind is not None and succeeds:
            self.newest = kind
            if "as" in args:
                self.names[args["as"]] = kind
        return Command(verb, args)

    def arguments(
        self, verb: str, form: Form, value: Any, path: Path, *, bare: bool
    ) -> dict[str, Any] | None:
        """Read what a command takes; None when it cannot be read."""
        if not form.arguments:
            if not bare:
                problem = f"{verb} takes nothing, found {found_text(value)}"
                self.wrong(path, problem, f"write just {verb}")
            return {}
        short, required = form.short, tuple(one.name for one in form.arguments if one.required)
        if bare and required:
            what = f"a {short.kind}" if short and short.is_whole else " and ".join(required)
            problem = f"{verb} needs {what}"
            self.wrong(path, problem, f"write {_example(verb, form)}")
            return None
        if short is not None and (short.is_whole or not isinstance(value, dict)):
            right = self.argument(short, {verb: value}, verb, path[:-1])
            return {short.name: value} if right else None
        known = tuple(one.name for one in form.arguments)
        data = self.mapping(value, path, known, required)
        if data is None or not set(required) <= data.keys():
            return None
        said = [one for one in form.arguments if one.name in data]
        wrong = [one for one in said if not self.argument(one, data, one.name, path)]
        return None if wrong else data

    def argument(self, one: Argument, data: Mapping[str, Any], key: str, path: Path) -> bool:
        """Hold one argument, which stands under `key`, against its kind."""
        value, place = data[key], (*path, key)
        if one.kind == "channel":
            return self.word(value, place, "channel", LISTENS) is not None
        if one.kind == "media":
            return self.word(value, place, "name", self.names) is not None
        if one.kind == "label":
            return self.label(data, key, path)
        if one.kind in ("member", "text"):
            return self.text(data, key, path) is not None
        if one.kind == "mapping":
            right, expected = isinstance(value, dict), "a mapping"
        else:
            expected = one.bounds()
            right = isinstance(value, int | float) and not isinstance(value, bool)
            right = right and one.least <= value <= one.most
        if not right:
            self.wrong(place, f"expected {expected}, found {found_text(value)}")
        return right

    def label(self, data: Mapping[str, Any], key: str, path: Path) -> bool:
        """Read what the client calls something; nothing else may be called so."""
        name = self.named(data, key, path)
        if name in self.names:
            problem = f'another {self.names[name]} is called "{name}" already'
            self.wrong((*path, key), problem, "choose another name")
        return name is not None

    def controlled(
        self, verb: str, form: Form, args: Mapping[str, Any], path: Path, bare: bool
    ) -> str | None:
        """Say of which kind it is that a command is done to, and whether that can be."""
        kind = self.names.get(args["media"]) if "media" in args else self.newest
        if self.newest is None:
            problem = f"the client has nothing to {verb} yet"
            mend = "put start_recording, play, start_stream or get_recordings before it"
            self.wrong(path, problem, mend, at_key=not bare)
        elif kind is not None and kind not in form.kinds:
            problem = f"{verb} cannot be done to a {kind}"
            self.wrong(path, problem, f"it can to a {' or '.join(form.kinds)}", at_key=not bare)
        return kind

    def check_connected(self, verb: str, path: Path, succeeds: bool) -> None:
        """Follow the connection: nothing can be called without one."""
        if verb == "connect":
            if self.connected:
                self.wrong(path, "the client is connected already", "put disconnect before it")
            self.connected = succeeds
        elif not self.connected:
            problem = f"the client is not connected when it comes to {verb}"
            self.wrong(path, problem, "put connect before it")
            self.connected = True
        elif verb == "disconnect":
            self.connected = False


def _first_command(entries: Any) -> Any:
    first = (
        entries[0].get("do")
        if isinstance(entries, list) and entries and isinstance(entries[0], dict)
        else None
    )
    first = first[0] if isinstance(first, list) and first else first
    return next(iter(first), None) if isinstance(first, dict) else first


_EXAMPLES = {"channel": "room", "media": "NAME", "member": "all", "text": "TEXT", "number": "0"}


def _example(verb: str, form: Form) -> str:
    required = [one for one in form.arguments if one.required]
    if len(required) == 1 and form.short is not None:
        return f"{{{verb}: {_EXAMPLES.get(required[0].kind, '{...}')}}}"
    said = ", ".join(f"{one.name}: {_EXAMPLES[one.kind]}" for one in required)
    return f"{{{verb}: {{{said}}}}}"
