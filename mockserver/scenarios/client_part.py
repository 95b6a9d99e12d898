"""Reads the client's part of a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.scenarios.document import Document, Path
from mockserver.scenarios.format import COMMANDS, ClientStep, Command, Trigger
from mockserver.scenarios.reading import Reading, found_text, is_refusal_code

LISTENS = ("video", "room")


class ClientPart(Reading):
    """Reads the steps in order, knowing at each command what the client has done before it."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.connected = False
        self.may_have_recordings = False
        self.names: list[str] = []

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
            self.mistake(
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
            other := [kind for kind in ("subscribed", "request", "at") if kind in value]
        ):
            self.mistake(
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
        self.mistake(
            (*path, "code"), problem, 'write "409" (in quotes) for a refusal, -32002 for an error'
        )
        return None

    def command(self, value: Any, path: Path, succeeds: bool) -> Command | None:
        """Read one command."""
        found = self.single(value, path, "command", COMMANDS)
        if found is None:
            return None
        verb, argument, place = found
        self.check_connected(verb, path, succeeds)
        bare = isinstance(value, str)
        if verb == "listen":
            if bare:
                self.mistake(path, "listen to what?", "write {listen: video} or {listen: room}")
                return None
            to = self.word(argument, place, "channel", LISTENS)
            return Command(verb, {"to": to}) if to is not None else None
        if verb == "start_recording":
            return self.start_recording(argument, place, succeeds)
        if verb in ("pause", "resume", "stop"):
            return self.move_recording(verb, argument, place, bare)
        if verb == "get_recordings":
            self.may_have_recordings = True
        if not bare:
            self.mistake(
                place, f"{verb} takes nothing, found {found_text(argument)}", f"write just {verb}"
            )
        return Command(verb)

    def start_recording(self, argument: Any, path: Path, succeeds: bool) -> Command | None:
        """Read the start of a recording, and its name."""
        data = self.mapping(argument, path, ("as",))
        if data is None:
            return None
        self.may_have_recordings |= succeeds
        name = self.named(data, "as", path)
        if name is None:
            return Command("start_recording")
        if name in self.names:
            problem = f'another recording is called "{name}" already'
            self.mistake((*path, "as"), problem, "choose another name")
        else:
            self.names.append(name)
        return Command("start_recording", {"as": name})

    def move_recording(self, verb: str, argument: Any, path: Path, bare: bool) -> Command | None:
        """Read pause, resume or stop, and hold its name against those given before."""
        if not self.may_have_recordings:
            problem = f"the client has no recording to {verb} yet"
            self.mistake(
                path, problem, "put start_recording or get_recordings before it", at_key=not bare
            )
        if bare:
            return Command(verb)
        if not isinstance(argument, str):
            problem = f"expected the name of a recording, found {found_text(argument)}"
            self.mistake(path, problem, f"write just {verb} for the newest")
            return None
        if argument not in self.names:
            self.unknown(path, "recording", argument, self.names)
        return Command(verb, {"recording": argument})

    def check_connected(self, verb: str, path: Path, succeeds: bool) -> None:
        """Follow the connection: nothing can be called without one."""
        if verb == "connect":
            if self.connected:
                self.mistake(path, "the client is connected already", "put disconnect before it")
            self.connected = succeeds
        elif not self.connected:
            problem = f"the client is not connected when it comes to {verb}"
            self.mistake(path, problem, "put connect before it")
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
