"""The table of a client's commands, checked against the format's schema and the client stub."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

import client_stub
from mockserver.scenarios import client_part_as_json, loader, schema
from mockserver.scenarios.commands import COMMANDS, Argument, Form
from mockserver.scenarios.format import Command

HEAD = "scenario: x\nabout: x\nclient:\n  - do: "
STARTS = "[{start_recording: {as: r}}, {start_stream: {url: u, as: s}}, {play: {url: u, as: p}}]\n"
VALUES: dict[str, Any] = {
    "channel": "room",
    "label": "new",
    "media": "p",
    "member": "Ann",
    "text": "u",
    "number": 1,
    "mapping": {"topic": "x", "list": [1]},
}
CLASSES = {
    "recording": client_stub.RoomSessionRecording,
    "playback": client_stub.RoomSessionPlayback,
    "stream": client_stub.RoomSessionStream,
}
# What the player does with more than a method of the room or of what runs in it.
OF_THE_CLIENT = {"connect", "disconnect", "listen", "get_rooms", "get_room"}

VALIDATOR = jsonschema_rs.Draft202012Validator(
    {"$ref": "#/$defs/command", "$defs": schema.whole()["$defs"]}
)


def value_of(form: Form, argument: Argument) -> Any:
    if argument.kind == "media":
        return {"recording": "r", "playback": "p", "stream": "s"}[form.kinds[-1]]
    return VALUES[argument.kind]


def spellings(verb: str) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Each way to write a command, and what it then takes."""
    form = COMMANDS[verb]
    needed = {one.name: value_of(form, one) for one in form.arguments if one.required}
    if not needed:
        yield verb, {}
    if form.short is not None and not form.short.is_whole:
        value = value_of(form, form.short)
        yield {verb: value}, {form.short.name: value}
    if form.short is not None and form.short.is_whole:
        yield {verb: needed[form.short.name]}, needed
    elif form.arguments:
        whole = {one.name: value_of(form, one) for one in form.arguments}
        yield {verb: needed}, needed
        yield {verb: whole}, whole


WAYS = [(verb, *way) for verb in COMMANDS for way in spellings(verb)]


@pytest.mark.parametrize(("verb", "written", "args"), WAYS)
def test_the_reader_and_the_schema_take_each_way_to_write_it(
    verb: str, written: Any, args: dict[str, Any]
) -> None:
    start = "" if verb == "connect" else STARTS
    scenario = loader.loads(f"{HEAD}{start}{'  - do: ' if start else ''}{written}\n")
    command = scenario.client[-1].commands[-1]
    assert (command.verb, command.args) == (verb, args)
    assert client_part_as_json(scenario)["steps"][-1]["commands"][-1] == {"verb": verb, **args}
    assert VALIDATOR.is_valid(written)
    assert "{" not in command.explain().replace("{}", "")


def test_the_schema_knows_no_other_command() -> None:
    bare, with_arguments = schema.whole()["$defs"]["command"]["anyOf"]
    assert {*bare["enum"], *with_arguments["properties"]} == COMMANDS.keys()


@pytest.mark.parametrize("verb", sorted(COMMANDS.keys() - OF_THE_CLIENT))
def test_the_client_has_a_method_that_takes_it(verb: str) -> None:
    form = COMMANDS[verb]
    given: dict[str, Any] = {one.name: value_of(form, one) for one in form.arguments}
    given.pop("as", None)
    given.pop("media", None)
    if "member" in given:
        given["member_id"] = given.pop("member")
    owners: list[type] = [CLASSES[kind] for kind in form.kinds]
    for owner in owners or [client_stub.RoomSession]:
        method = getattr(owner, form.method or verb)
        inspect.signature(method).bind(None, **given, **form.given)


def test_what_is_done_to_what_has_a_name_and_a_kind() -> None:
    commands = loader.loads(
        HEAD + STARTS + "  - do: [stop, {stop: r}, {set_volume: {volume: -3, media: p}}]\n"
    )
    said = [each.explain() for each in commands.client[-1].commands]
    assert said == [
        "stop its newest playback",
        "stop recording r",
        "set the volume of playback p to -3",
    ]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (Command("play", {"url": "u", "volume": -3, "as": "a"}), "play u called a (volume -3)"),
        (Command("play", {"url": "u"}), "play u"),
        (Command("audio_mute", {"member": "all"}), "mute the microphone of everybody"),
        (Command("remove", {"member": "Ann"}), "remove Ann"),
        (Command("listen", {"to": "video"}), "listen to all rooms"),
        (Command("set_meta", {"meta": {"a": {"b": 1}}}), "set the room's meta to a.b 1"),
        (Command("set_meta", {"meta": {}}), "set the room's meta to nothing"),
    ],
)
def test_a_command_explains_itself(command: Command, words: str) -> None:
    assert command.explain() == words
