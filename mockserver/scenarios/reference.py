"""The scenario format as a page for people: ``python -m mockserver.scenarios.reference > PAGE``.

What stands there is read off the schemas by which files are checked, so it cannot drift.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mockserver import engine, schemas

from .commands import COMMANDS, Argument
from .library import find, shipped
from .schema import written

COMMAND = "python -m mockserver.scenarios.reference > docs/SCENARIOS.md"

OPENING = f"""\
# Scenarios

A scenario is a whole conversation in one YAML file: the script of the server's side, the part of a
client, and what a subscriber must see. This page is made of the schemas that check the files
(`{COMMAND}`).

The server plays the script for any client: `python -m mockserver --scenario NAME|FILE`, or the
token `scenario:NAME` for the client's space alone. The client's part is for players:
`python -m mockserver demo --scenario NAME|FILE` plays it with the client stub, shows what crosses
the wire, and checks it against `expect`; a problem in a file is told with its line and the nearest
word that would have been right. `python -m mockserver scenarios NAME` tells a scenario in plain
words.

Editors that know JSON Schema complete and check a file whose first line is
`# yaml-language-server: $schema=PATH`. PATH is relative to the file and leads to what
`python -m mockserver schema scenario > scenario.schema.json` wrote. The scenarios that ship have
theirs beside their folder.

Durations are numbers of seconds, or texts such as `250ms`, `5s`, `2m`, `1h`. All times run on the
space's clock. A space whose script has been played begins again when the next client comes and
nobody else is there, unless each of its steps says `every: true`.
"""

PARTS = (
    ("The whole", None, "What a file may have at its top."),
    ("rooms", "room", "The rooms that the script may start; the key is how the file calls each."),
    ("playbacks", "playable", "What clients and the script play; the key is the URL, or `*`."),
    ("script: a step", "step", "Each step waits by itself."),
    ("script: when", "trigger", "Exactly one of `subscribed`, `event` and `call`."),
    ("answers", "answer", "Answers that are other than the normal ones."),
    ("client: a step", "client_step", "Steps are taken one after another."),
)


def page() -> str:
    """The page, in Markdown."""
    schema = written()
    lines = [OPENING, "## One that ships, line by line", "", *_example("pause-resume")]
    for title, part, about in PARTS:
        described = schema if part is None else schema["$defs"][part]
        lines += [f"## {title}", "", about, "", *_fields(described), ""]
    lines += [
        "## script: do",
        "",
        "One action or a list of them: a bare verb, `{verb: ROOM}`, or `{verb: {room: ROOM, …}}`.",
        "A room that is left out is the trigger's, or the only one there is. The control API and",
        "the Python handles do the same actions (`start_room` they have in their own way).",
        "",
        "| action | what it does | arguments besides `room` |",
        "|---|---|---|",
        "| `start_room` | Start the room with its members. | |",
        *_actions(),
        "",
        "## faults",
        "",
        schema["properties"]["faults"]["description"],
        "An entry is a fault by its name, or `{NAME: {…}}` with its parameters; so is what stands",
        "behind the action `fault`. [FAULTS.md](FAULTS.md) has all.",
        "",
        "## client: do",
        "",
        "One command or a list of them: a bare verb, `{verb: WHAT}`, or `{verb: {…}}` with",
        "arguments by their names.",
        "",
        "| command | what the client does | arguments |",
        "|---|---|---|",
        *_commands(),
        "",
        "## expect",
        "",
        schema["properties"]["expect"]["description"],
        "An entry is an event type, or `{type: {…}}` with the fields of its params that matter;",
        "`{any_order: [entries]}` takes entries in any order among themselves.",
        "",
        "## Those that ship",
        "",
        "| name | about |",
        "|---|---|",
        *(f"| `{each.name}` | {each.about} |" for each in shipped()),
    ]
    return "\n".join(lines) + "\n"


def _example(name: str) -> Iterator[str]:
    yield "```yaml"
    yield from Path(find(name)).read_text("utf-8").splitlines()
    yield from ("```", "")


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    required = set(schema.get("required", ()))
    yield from ("| key | | what it says |", "|---|---|---|")
    for key, described in schema["properties"].items():
        need = "needed" if key in required else ""
        yield f"| `{key}` | {need} | {_cell(described['description'])} |"


def _actions() -> Iterator[str]:
    for verb in engine.ACTIONS:
        schema = schemas.load(f"actions/{verb}")
        required = set(schema.get("required", ()))
        arguments = "; ".join(
            f"`{key}`{'' if key in required else '?'}: {_cell(described['description'])}"
            for key, described in schema["properties"].items()
            if key != "room"
        )
        yield f"| `{verb}` | {_cell(schema['description'])} | {arguments} |"


def _commands() -> Iterator[str]:
    for verb, form in COMMANDS.items():
        yield f"| `{verb}` | {form.sentence()} | {_taken(form.arguments)} |"


def _taken(arguments: Iterable[Argument]) -> str:
    return ", ".join(f"`{each.name}`{'' if each.required else '?'}" for each in arguments)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.stdout.write(page())
