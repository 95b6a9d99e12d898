"""Reads scenario files: all problems are reported at once, each with its place and how to mend it.

The parts' readers turn the data into a `Scenario` and know how to explain what is wrong; the schema
(`schema.whole`) is the format's published contract, and every file is checked against it too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from mockserver import schemas
from mockserver.engine import RestBehaviour
from mockserver.protocol import catalogue
from mockserver.scenarios.client_part import ClientPart
from mockserver.scenarios.document import (
    MOST_CHARACTERS,
    Document,
    Path,
    ScenarioError,
    ScenarioProblem,
    too_long,
)
from mockserver.scenarios.format import AnyOrder, Expected, Playable, RoomTemplate, Scenario
from mockserver.scenarios.reading import NAME, Reading, found_text
from mockserver.scenarios.schema import whole
from mockserver.scenarios.server_part import ServerPart

__all__ = ["ScenarioError", "ScenarioProblem", "load", "loads"]

TOP_LEVEL = (
    "scenario",
    "about",
    "latency",
    "permissions",
    "rest",
    "rooms",
    "playbacks",
    "script",
    "answers",
    "faults",
    "client",
    "expect",
    "never",
)
MOST_MEMBERS = 1000
MOST_DOLLARS = 1_000_000
# Of UTF-8, in which a character takes up to four.
MOST_BYTES = 4 * MOST_CHARACTERS

SYNTHESISE = "synthesise"
"""Answers unknown ids of the REST API with an example."""

_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def load(path: str | FilePath) -> Scenario:
    """Read a scenario file.

    Raises:
        ScenarioError: the file is wrong; it reports every problem.
        OSError: it cannot be read.
    """
    with FilePath(path).open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise too_long(str(path))
    try:
        return loads(content.decode("utf-8-sig"), str(path))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"the file is not UTF-8: byte {content[error.start]:#04x} is not allowed here"
        raise ScenarioError([ScenarioProblem(str(path), line, 1, "YAML", problem)]) from None


def loads(text: str, path: str = "<scenario>") -> Scenario:
    """Read a scenario from a text.

    Args:
        text: the YAML.
        path: names the file in messages; when it ends in `.yaml` or `.yml`, the scenario must be
            called the same.

    Raises:
        ScenarioError: the text is wrong; it reports every problem.
    """
    document = Document(text, path)
    scenario = _Whole(document).read()
    problems = document.problems
    if not problems and not _validator().is_valid(document.data):
        problems = [
            document.wrong(tuple(error.instance_path), error.message)
            for error in _validator().iter_errors(document.data)
        ]
    if problems or scenario is None:
        raise ScenarioError(problems)
    return scenario


@cache
def _validator() -> Any:
    return schemas.validator(whole())


class _Whole(Reading):
    """Reads a whole scenario."""

    def read(self) -> Scenario | None:
        """Read the whole document; None only when it is not a mapping at all."""
        data = self.mapping(self.document.data, (), TOP_LEVEL, required=("scenario", "about"))
        if data is None:
            return None
        name = self.text(data, "scenario", ()) or ""
        self.check_name(name)
        rooms = data.get("rooms", {})
        if not isinstance(rooms, dict):
            self.wrong(("rooms",), f"expected rooms by their keys, found {found_text(rooms)}")
            rooms = {}
        server = ServerPart(self.document, tuple(rooms))
        expect: tuple[Expected | AnyOrder, ...] = self.each(data, "expect", self.expectation)
        never = self.each(data, "never", self.event_type)
        self.check_never(expect, never)
        return Scenario(
            name=name,
            about=self.text(data, "about", ()) or "",
            latency_us=self.duration(data, "latency", ()) if "latency" in data else None,
            permissions=self.permissions(data),
            rest=self.rest(data),
            rooms={key: self.room(key, room) for key, room in rooms.items()},
            playbacks=self.playbacks(data),
            script=server.script(data),
            answers=server.answers(data),
            faults=server.faults(data),
            client=ClientPart(self.document).read(data),
            expect=expect,
            never=never,
            path=self.document.file,
        )

    def check_name(self, name: str) -> None:
        """Check the name against its form and against the name of the file."""
        file = FilePath(self.document.file)
        if name and not _KEBAB.fullmatch(name):
            mend = "use small letters and digits, with single dashes between words"
            self.wrong(("scenario",), f'"{name}" is not a name for a scenario', mend)
        elif name and file.suffix in (".yaml", ".yml") and file.stem != name:
            mend = f'call it "{file.stem}", or rename the file to {name}{file.suffix}'
            self.wrong(("scenario",), f'the scenario "{name}" is in the file {file.name}', mend)

    def permissions(self, data: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Read what the token allows; None when the file does not say it."""
        if "permissions" not in data:
            return None
        known = schemas.load("objects/permission")["enum"]
        return self.each(
            data, "permissions", lambda one, path: self.word(one, path, "permission", known)
        )

    def rest(self, data: Mapping[str, Any]) -> RestBehaviour:
        """Read how the REST API behaves; `rest: synthesise` is short for its key `unknown`."""
        value = data.get("rest", {})
        if isinstance(value, str):
            word = self.word(value, ("rest",), "behaviour", (SYNTHESISE,))
            return RestBehaviour(synthesises=word == SYNTHESISE)
        found = self.mapping(value, ("rest",), ("unknown", "processing", "dollars")) or {}
        unknown = (
            self.word(found["unknown"], ("rest", "unknown"), "behaviour", ("refuse", SYNTHESISE))
            if "unknown" in found
            else None
        )
        processing = self.duration(found, "processing", ("rest",))
        return RestBehaviour(unknown == SYNTHESISE, processing, self.dollars(found, ("rest",)))

    def dollars(self, data: Mapping[str, Any], path: Path) -> float:
        """Read a price; 0 when the key is missing."""
        value = data.get("dollars", 0)
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and 0 <= value <= MOST_DOLLARS
        ):
            return float(value)
        expected = f"a number from 0 to {MOST_DOLLARS}"
        self.wrong((*path, "dollars"), f"expected {expected}, found {found_text(value)}")
        return 0.0

    def room(self, key: str, value: Any) -> RoomTemplate:
        """Read a room that the script may start."""
        path: Path = ("rooms", key)
        if not NAME.fullmatch(key):
            self.wrong(
                path,
                f'"{key}" is not a name',
                "use letters, digits, - and _; the wire name goes under name",
                at_key=True,
            )
        data = self.mapping(value, path, ("name", "generate_name", "display_name", "members")) or {}
        name = self.text(data, "name", path)
        generate_name = self.flag(data, "generate_name", path)
        if generate_name and "name" in data:
            self.wrong(
                (*path, "generate_name"), "name and generate_name exclude each other", "keep one"
            )
        return RoomTemplate(
            key=key,
            name=None if generate_name else name or key,
            generate_name=generate_name,
            display_name=self.text(data, "display_name", path),
            members=self.members(data.get("members", 1), (*path, "members")),
        )

    def playbacks(self, data: Mapping[str, Any]) -> dict[str, Playable]:
        """Read what is played from which URL."""
        entries = data.get("playbacks", {})
        if not isinstance(entries, dict) or (not entries and "playbacks" in data):
            problem = f"expected what is played by its URL, found {found_text(entries)}"
            self.wrong(("playbacks",), problem, 'write {"*": {length: 5s}} for all URLs')
            return {}
        return {url: self.playable(value, ("playbacks", url)) for url, value in entries.items()}

    def playable(self, value: Any, path: Path) -> Playable:
        """Read what is known of one URL."""
        known = ("length", "seekable")
        data = self.mapping(value, path, known)
        if data is not None and not data:
            self.wrong(path, "nothing is said of it", f"add {' or '.join(known)}")
        data = data or {}
        seekable = data.get("seekable", True)
        if not isinstance(seekable, bool):
            problem = f"expected true or false, found {found_text(seekable)}"
            self.wrong((*path, "seekable"), problem)
        length_us = self.duration(data, "length", path) if "length" in data else None
        return Playable(length_us, seekable is True)

    def members(self, value: Any, path: Path) -> int | tuple[str, ...]:
        """Read how many members a room starts with, or who."""
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_MEMBERS:
            return value
        if isinstance(value, list) and 1 <= len(value) <= MOST_MEMBERS:
            for index, one in enumerate(value):
                if not isinstance(one, str) or not one:
                    self.wrong((*path, index), f"expected a name, found {found_text(one)}")
            return tuple(str(one) for one in value)
        expected = f"a whole number from 1 to {MOST_MEMBERS} or a list of names"
        self.wrong(path, f"expected {expected}, found {found_text(value)}")
        return 1

    def expectation(self, value: Any, path: Path) -> Expected | AnyOrder | None:
        """Read one entry of `expect`."""
        if not (isinstance(value, dict) and "any_order" in value):
            return self.expected(value, path)
        data = self.mapping(value, path, ("any_order",)) or {}
        path = (*path, "any_order")
        entries = data["any_order"]
        if not isinstance(entries, list) or not entries:
            self.wrong(path, f"expected a list of events, found {found_text(entries)}")
            return None
        parts = [self.expected(entry, (*path, index)) for index, entry in enumerate(entries)]
        return AnyOrder(tuple(part for part in parts if part is not None))

    def expected(self, value: Any, path: Path) -> Expected | None:
        """Read an event that is expected, with its fields."""
        events = sorted(catalogue.EVENTS)
        found = self.single(value, path, "event type", events)
        if found is None:
            return None
        event, fields, path = found
        if not isinstance(fields, dict):
            self.wrong(
                path,
                f"expected a mapping of fields, found {found_text(fields)}",
                "write {} when no field matters",
            )
            return None
        self.check_fields(fields, schemas.load(f"events/{event}"), path)
        return Expected(event, fields)

    def check_never(self, expect: Sequence[Expected | AnyOrder], never: Sequence[str]) -> None:
        """Refuse types that are expected and must never come."""
        named = {
            one.event
            for entry in expect
            for one in (entry.expected if isinstance(entry, AnyOrder) else (entry,))
        }
        for index, event in enumerate(never):
            if event in named:
                self.wrong(("never", index), f"{event} is expected above", "keep one")

    def check_fields(
        self, fields: Mapping[str, Any], schema: Mapping[str, Any], path: Path
    ) -> None:
        """Refuse fields that the event's schema does not know: they would never come."""
        known = _properties(schema)
        for key, value in fields.items():
            if known and key not in known:
                self.unknown((*path, key), "field", key, known, at_key=True)
            elif isinstance(value, dict) and known:
                self.check_fields(value, known[key], (*path, key))


def _properties(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Collect the properties that a schema describes, its references included."""
    known: dict[str, Any] = {}
    if "$ref" in schema:
        known.update(_properties(schemas.resolve(schema["$ref"])))
    for key, value in schema.get("properties", {}).items():
        known[key] = {**known.get(key, {}), **value}
    return known
