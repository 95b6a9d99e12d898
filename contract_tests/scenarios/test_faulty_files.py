"""What a faulty scenario is told: every problem at once, with its place and how to mend it."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.scenarios import commands, format, library, loader, schema
from mockserver.scenarios.document import (
    DEEPEST,
    MOST_CHARACTERS,
    MOST_NODES,
    MOST_PROBLEMS,
    Document,
)
from mockserver.scenarios.loader import _Whole

HEAD = "scenario: x\nabout: x\n"
ROOM = HEAD + "rooms: {lobby: {}}\n"
ROOMS = HEAD + "rooms: {lobby: {}, hall: {}}\n"

ACTIONS = ", ".join(format.ACTIONS)
COMMANDS = ", ".join(commands.COMMANDS)
DURATION = (
    "expected a duration such as 250ms, 5s, 2m or 1h, or a number of seconds, to the microsecond"
)

PERMISSION = (
    '6:54: script[1].do[0].set_permissions[1]: expected one of "room.member.audio_mute", '
    '"room.member.audio_unmute", "room.member.video_mute", "room.member.video_unmute", '
    '"room.member.deaf", "room.member.undeaf", "room.member.set_input_volume", '
    '"room.member.set_output_volume" and 36 more, found "x" (string)'
)

# By what is wrong: the text, and each line of the message without the file's name.
CASES: dict[str, tuple[str, list[str]]] = {
    "no YAML": (
        "scenario: x\nabout: a: b\n",
        ["2:9: YAML: mapping values are not allowed in this context"],
    ),
    "two documents": (
        HEAD + "---\n" + HEAD,
        ["3:1: YAML: expected a single document in the stream but found another document"],
    ),
    "a key twice": (
        HEAD + "latency: 1s\nabout: y\n",
        ['4:1: YAML: the key "about" stands twice; it is already on line 2: keep one'],
    ),
    "a key that is no text": (HEAD + "rooms: {[a]: {}}\n", ["3:9: YAML: a key must be a text"]),
    "a tag that does not fit": (
        HEAD + "never: !!int soon\n",
        [
            '3:8: YAML: "soon" cannot be read as tag:yaml.org,2002:int',
            '3:8: never: expected a list, found the text "soon"; begin each entry with a dash',
        ],
    ),
    "numbers that no frame can carry": (
        "scenario: x\nabout: [18446744073709551616, 1e999]\n",
        [
            "2:8: about: expected a text, found a list of 2",
            '2:9: YAML: "18446744073709551616" cannot be read as tag:yaml.org,2002:int',
            '2:31: YAML: "1e999" cannot be read as tag:yaml.org,2002:float',
        ],
    ),
    "an anchor in itself": (
        HEAD + "never: &a [*a]\n",
        ["3:8: YAML: an anchor contains itself"],
    ),
    "a merge key": (
        HEAD + "rooms:\n  lobby: &a {members: 2}\n  hall:\n    <<: *a\n",
        [
            "6:5: YAML: merge keys (<<) are no part of YAML 1.2; "
            "write the keys out, or put an alias (*name) in place of the whole mapping"
        ],
    ),
    "another behaviour of REST": (
        HEAD + "rest: synthesize\n",
        ['3:7: rest: unknown behaviour "synthesize"; did you mean "synthesise"? Known: synthesise'],
    ),
    "a key that REST does not have": (
        HEAD + "rest: {unknown: refuse, proccessing: 1s}\n",
        [
            '3:25: rest: unknown key "proccessing"; did you mean "processing"? '
            "Known: unknown, processing, dollars"
        ],
    ),
    "no duration of processing": (
        HEAD + "rest: {processing: soon}\n",
        [f'3:20: rest.processing: {DURATION}, found the text "soon"'],
    ),
    "no price": (
        HEAD + "rest: {dollars: -1}\n",
        ["3:17: rest.dollars: expected a number from 0 to 1000000, found the number -1"],
    ),
    "a price that is a word": (
        HEAD + "rest: {dollars: true}\n",
        ["3:17: rest.dollars: expected a number from 0 to 1000000, found true"],
    ),
    "no mapping": (
        "- 1\n",
        [
            "1:1: top level: expected a mapping with scenario, about, latency, permissions, rest, "
            "rooms, playbacks, script, answers, faults, client, expect, never, found a list of 1"
        ],
    ),
    "empty": (
        "",
        [
            "1:1: top level: expected a mapping with scenario, about, latency, permissions, rest, "
            "rooms, playbacks, script, answers, faults, client, expect, never, found nothing"
        ],
    ),
    "an unknown key and a missing one": (
        "scenario: x\nabot: x\n",
        [
            '1:1: top level: the key "about" is missing',
            '2:1: top level: unknown key "abot"; did you mean "about"? Known: scenario, about, '
            "latency, permissions, rest, rooms, playbacks, script, answers, faults, client, "
            "expect, never",
        ],
    ),
    "a name that is none": (
        "scenario: My_Own\nabout: x\n",
        [
            '1:11: scenario: "My_Own" is not a name for a scenario; use small letters and digits, '
            "with single dashes between words"
        ],
    ),
    "a text that is none": (
        "scenario: x\nabout: 5\n",
        ["2:8: about: expected a text, found the number 5"],
    ),
    "a duration with a blank": (
        HEAD + "latency: 5 s\n",
        [f'3:10: latency: {DURATION}, found the text "5 s"'],
    ),
    "a list that is none": (
        HEAD + "script: {at: 1s}\n",
        ["3:9: script: expected a list, found a mapping with at; begin each entry with a dash"],
    ),
    "a room's key and members": (
        HEAD + 'rooms: {"the lobby": {members: 0}}\n',
        [
            '3:9: rooms: "the lobby" is not a name; use letters, digits, - and _; '
            "the wire name goes under name",
            "3:32: rooms.the lobby.members: expected a whole number from 1 to 1000 or a list of "
            "names, found the number 0",
        ],
    ),
    "one bad entry in a list of members": (
        HEAD + 'rooms: {lobby: {members: [Ann, 5, ""]}}\n',
        [
            "3:32: rooms.lobby.members[1]: expected a name, found the number 5",
            "3:35: rooms.lobby.members[2]: expected a name, found an empty text",
        ],
    ),
    "what an action takes": (
        ROOM
        + "script:\n"
        + "  - {at: 1s, do: [{set_audience: {count: x}}, {delete_meta: {keys: [a, 5]}}]}\n"
        + "  - {at: 1s, do: [{set_permissions: [room.recording, x]}]}\n"
        + "  - {at: 1s, do: [{set_position: {position: nowhere}}]}\n"
        + '  - {at: 1s, do: [{set_meta: {meta: {"a b": 1}}}, {set_meta: {meta: 5}}]}\n',
        [
            '5:42: script[0].do[0].set_audience.count: expected a whole number, found "x" (string)',
            "5:72: script[0].do[1].delete_meta.keys[1]: expected a string, found 5 (integer)",
            PERMISSION,
            "7:45: script[2].do[0].set_position.position: expected a position: "
            '"auto", "off-canvas", "playback", "full-screen", "reserved-N" or "standard-N", '
            'found "nowhere" (string)',
            "8:69: script[3].do[1].set_meta.meta: expected an object, found 5 (integer)",
        ],
    ),
    "what is played": (
        HEAD
        + "playbacks:\n"
        + "  u: {length: soon}\n"
        + "  v: {seekable: 1, lenght: 5s}\n"
        + "  w: {}\n",
        [
            f'4:15: playbacks.u.length: {DURATION}, found the text "soon"',
            "5:17: playbacks.v.seekable: expected true or false, found the number 1",
            '5:20: playbacks.v: unknown key "lenght"; did you mean "length"? '
            "Known: length, seekable",
            "6:6: playbacks.w: nothing is said of it; add length or seekable",
        ],
    ),
    "nothing is played": (
        HEAD + "playbacks: {}\n",
        [
            "3:12: playbacks: expected what is played by its URL, found an empty mapping; "
            'write {"*": {length: 5s}} for all URLs'
        ],
    ),
    "a room with two kinds of name": (
        HEAD + "rooms: {lobby: {name: a, generate_name: true}}\n",
        ["3:41: rooms.lobby.generate_name: name and generate_name exclude each other; keep one"],
    ),
    "an unknown action": (
        ROOM + "script:\n  - when: {subscribed: video.rooms}\n    do: {start_rom: lobby}\n",
        ['6:10: script[0].do: unknown action "start_rom"; did you mean "start_room"?'],
    ),
    "two actions in one": (
        ROOM + "script:\n  - {at: 1s, do: {join: lobby, leave: lobby}}\n",
        [
            "5:18: script[0].do: several keys in one action: join, leave; "
            "write a list with one action per entry"
        ],
    ),
    "no action": (
        ROOM + "script:\n  - {at: 1s, do: []}\n  - {at: 1s, do: 5}\n  - {at: 1s}\n",
        [
            "5:18: script[0].do: an empty list does nothing; leave the step out",
            f"6:18: script[1].do: expected an action, found the number 5; known: {ACTIONS}",
            '7:5: script[2]: the key "do" is missing',
        ],
    ),
    "an unknown room": (
        ROOMS + "script:\n  - {at: 1s, do: [{join: loby}, {join: {room: all}}]}\n",
        [
            '5:26: script[0].do[0].join: unknown room "loby"; did you mean "lobby"? '
            "Known: lobby, hall",
            '5:47: script[0].do[1].join.room: unknown room "all"; did you mean "hall"? '
            "Known: lobby, hall",
        ],
    ),
    "a room that is not said": (
        ROOMS + "script:\n  - {at: 1s, do: join}\n",
        [
            "5:18: script[0].do: which room does join mean?; "
            "write {join: ROOM} with one of lobby, hall"
        ],
    ),
    "a room to start that is not said": (
        ROOMS + "script:\n  - {when: {event: video.room.ended}, do: start_room}\n",
        [
            "5:43: script[0].do: which room does start_room mean?; "
            "write {start_room: ROOM} with one of lobby, hall"
        ],
    ),
    "no room": (
        HEAD + "script:\n  - {at: 1s, do: start_room}\n",
        [
            "4:18: script[0].do: start_room needs a room, and the file declares none; "
            "declare it under rooms"
        ],
    ),
    "when a step is due": (
        ROOM
        + "script:\n"
        + "  - {at: 1s, when: {event: video.room.ended}, do: start_room}\n"
        + "  - {at: 1s, after: 2s, do: start_room}\n"
        + "  - {do: start_room}\n",
        [
            "5:6: script[0]: at and when exclude each other; keep one",
            "6:21: script[1].after: after counts from a trigger, and at has none; add it to at",
            "7:5: script[2]: the step does not say when it is due; write at: TIME or when: {...}",
        ],
    ),
    "a trigger": (
        ROOM
        + "script:\n"
        + "  - {when: {}, do: start_room}\n"
        + "  - {when: {event: video.room.ended, call: video.room.get}, do: start_room}\n"
        + "  - {when: {subscribed: rooms}, do: start_room}\n"
        + "  - {when: {subscribed: video.rooms, room: lobby}, do: start_room}\n",
        [
            "5:12: script[0].when: expected one of subscribed, event, call, found none",
            "6:12: script[1].when: expected one of subscribed, event, call, found event and call",
            '7:25: script[2].when.subscribed: unknown channel "rooms"; did you mean "room"? '
            "Known: video.rooms, room",
            "8:44: script[3].when.room: video.rooms is the channel of all rooms, not of one; "
            "leave room out, or write subscribed: room",
        ],
    ),
    "nth and every": (
        ROOM
        + "script:\n"
        + "  - {when: {event: video.room.ended, nth: 2, every: true}, do: start_room}\n"
        + "  - {when: {event: video.room.ended, nth: 0}, do: start_room}\n"
        + "  - {when: {event: video.room.ended, every: false}, do: start_room}\n",
        [
            "5:53: script[0].when.every: nth and every exclude each other; keep one",
            "6:43: script[1].when.nth: expected a whole number from 1, found the number 0",
            "7:45: script[2].when.every: expected true, found false; or leave the key out",
        ],
    ),
    "a step that sets itself off": (
        ROOM
        + "script:\n"
        + "  - when: {event: video.recording.started, every: true}\n"
        + "    do: [join, start_recording]\n",
        [
            "6:9: script[0].do: start_recording makes video.recording.started happen, every time, "
            "without end; leave out every, or wait with after"
        ],
    ),
    "a recording that the script has not named": (
        ROOM
        + "script:\n"
        + "  - {at: 1s, do: [{start_recording: {as: a}}, {start_recording: {as: a}}]}\n"
        + "  - {at: 2s, do: {stop_recording: {recording: b}}}\n",
        [
            '5:70: script[0].do[1].start_recording.as: another recording is called "a" already; '
            "choose another name",
            '6:47: script[1].do.stop_recording.recording: unknown recording "b"; known: a',
        ],
    ),
    "arguments": (
        ROOM
        + "script:\n"
        + "  - {at: 1s, do: [set_latency, {set_latency: soon}, {disconnect: lobby}]}\n"
        + "  - {at: 1s, do: {join: {nam: Ann}}}\n",
        [
            "5:19: script[0].do[0]: set_latency needs a duration; write {set_latency: 30ms}",
            f'5:46: script[0].do[1].set_latency: {DURATION}, found the text "soon"',
            '5:66: script[0].do[2].disconnect: disconnect takes nothing, found the text "lobby"; '
            "write just disconnect",
            '6:26: script[1].do.join: unknown key "nam"; did you mean "name"? Known: room, name, '
            "type, parent, join_as, session",
        ],
    ),
    "a refusal": (
        HEAD
        + "answers:\n"
        + "  - {to: video.recording.stop, with: {code: 409, message: x}}\n"
        + '  - {to: video.recording.start, with: {code: "200", message: x}}\n'
        + '  - {to: signalwire.connect, with: {code: "401", message: x}}\n',
        [
            "4:45: answers[0].with.code: expected a text of three digits that is not 2xx, found "
            'the number 409; write it in quotes, such as "409"; a JSON-RPC error goes under error',
            "5:46: answers[1].with.code: expected a text of three digits that is not 2xx, found "
            'the text "200"; write it in quotes, such as "409"; '
            "a JSON-RPC error goes under error",
            "6:36: answers[2].with: clients do not look at the code of an answer to "
            "signalwire.connect; write {error: {code: -32002, message: ...}}",
        ],
    ),
    "an error": (
        HEAD
        + "answers:\n"
        + "  - {to: video.recording.stop, with: {error: {code: x, mesage: y, data: 5}}}\n",
        [
            '4:46: answers[0].with.error: the key "message" is missing',
            "4:53: answers[0].with.error.code: expected a whole number such as -32603, "
            'found the text "x"',
            '4:56: answers[0].with.error: unknown key "mesage"; did you mean "message"? '
            "Known: code, message, data",
            "4:73: answers[0].with.error.data: expected a mapping, found the number 5",
        ],
    ),
    "rules that change nothing or are never used": (
        HEAD
        + "answers:\n"
        + "  - {to: video.recording.start}\n"
        + "  - {to: video.recording.stop, delay: 1s}\n"
        + "  - {to: video.recording.stop, delay: 1s, nth: 2}\n"
        + "  - {to: video.recording.pause, nth: 2, after_events: true}\n"
        + "  - {to: video.recording.pause, nth: 2, delay: 1s}\n"
        + '  - {to: video.room.get, with: {code: "404", message: x}, after_events: true}\n',
        [
            "4:5: answers[0]: nothing differs from the normal answer; "
            "add with, delay or after_events",
            "6:5: answers[2]: the rule above answers every call of video.recording.stop; "
            "put this one before it, or make them one",
            "8:5: answers[4]: a second rule for call 2 of video.recording.pause; make them one",
            "9:73: answers[5].after_events: a call that is answered otherwise has no effect, "
            "so it causes no events; leave it out",
        ],
    ),
    "what a client waits for": (
        HEAD + "client:\n  - {on: {call: video.room.get}, do: get_rooms}\n",
        ["4:10: client[0].on: a client cannot wait for call; it waits for an event: {event: TYPE}"],
    ),
    "refused and several commands": (
        HEAD + 'client:\n  - {do: [get_room, get_members], refused: {code: "404"}}\n',
        [
            "4:44: client[0].refused: refused says it of one command, and do has 2; "
            "put the command that is refused into a step of its own"
        ],
    ),
    "a code that is none": (
        HEAD + "client:\n  - {do: get_room, refused: {code: 404}}\n",
        [
            "4:36: client[0].refused.code: expected the code of a refusal or of a JSON-RPC error, "
            'found the number 404; write "409" (in quotes) for a refusal, -32002 for an error'
        ],
    ),
    "commands": (
        HEAD
        + "client:\n"
        + "  - do: [listen, {listen: rooms}, {get_rooms: all}, start, {start_recording: a}]\n",
        [
            "4:10: client[0].do[0]: listen needs a channel; write {listen: room}",
            '4:27: client[0].do[1].listen: unknown channel "rooms"; did you mean "room"? '
            "Known: video, room",
            '4:47: client[0].do[2].get_rooms: get_rooms takes nothing, found the text "all"; '
            "write just get_rooms",
            f'4:53: client[0].do[3]: unknown command "start"; known: {COMMANDS}',
            '4:78: client[0].do[4].start_recording: expected a mapping with as, found the text "a"',
        ],
    ),
    "a recording that the client does not have": (
        HEAD
        + "client:\n"
        + "  - do: pause\n"
        + '  - {do: start_recording, refused: {code: "403"}}\n'
        + "  - do: stop\n"
        + "  - do: [{start_recording: {as: a}}, {stop: b}]\n",
        [
            "4:9: client[0].do: the client has nothing to pause yet; "
            "put start_recording, play, start_stream or get_recordings before it",
            "6:9: client[2].do: the client has nothing to stop yet; "
            "put start_recording, play, start_stream or get_recordings before it",
            '7:45: client[3].do[1].stop: unknown name "b"; known: a',
        ],
    ),
    "a recording that is no name": (
        HEAD + "client:\n  - do: [{start_recording: {as: a}}, {stop: {as: a}}]\n",
        [
            '4:46: client[0].do[1].stop: unknown key "as"; known: media',
        ],
    ),
    "a name before there is one": (
        HEAD + "client:\n  - do: [get_recordings, {stop: a}]\n",
        ['4:33: client[0].do[1].stop: unknown name "a"; the file names none'],
    ),
    "what cannot be done to it": (
        HEAD
        + "client:\n"
        + "  - do: [{start_stream: {url: u, as: s}}, pause, start_recording, {seek: 1}]\n"
        + "  - do: [{seek: {position: 1, media: s}}]\n",
        [
            "4:43: client[0].do[1]: pause cannot be done to a stream; "
            "it can to a recording or playback",
            "4:68: client[0].do[3]: seek cannot be done to a recording; it can to a playback",
            "5:11: client[1].do[0]: seek cannot be done to a stream; it can to a playback",
        ],
    ),
    "what a command takes": (
        HEAD
        + "client:\n"
        + "  - do: [play, {play: {}}, {play: 5}, {play: {url: u, volume: 51, as: a b}}]\n"
        + "  - do: [audio_mute, {audio_mute: {member: []}}, {set_input_volume: Ann}]\n"
        + "  - do: [{set_layout: {nam: 3x3}}, {set_meta: x}, set_meta, {lock: now}]\n"
        + "  - do: [{seek: -1}, {seek: soon}, {set_volume: true}]\n",
        [
            "4:10: client[0].do[0]: play needs url; write {play: TEXT}",
            '4:23: client[0].do[1].play: the key "url" is missing',
            "4:35: client[0].do[2].play: expected a text, found the number 5",
            "4:63: client[0].do[3].play.volume: expected a number from -50 to 50, "
            "found the number 51",
            '4:71: client[0].do[3].play.as: "a b" is not a name; use letters, digits, - and _',
            "5:10: client[1].do[0]: audio_mute needs member; write {audio_mute: all}",
            "5:44: client[1].do[1].audio_mute.member: expected a text, found an empty list",
            "5:69: client[1].do[2].set_input_volume: expected a mapping with member, volume, "
            'found the text "Ann"',
            '6:23: client[2].do[0].set_layout: the key "name" is missing',
            '6:24: client[2].do[0].set_layout: unknown key "nam"; did you mean "name"? Known: name',
            '6:47: client[2].do[1].set_meta: expected a mapping, found the text "x"',
            "6:51: client[2].do[2]: set_meta needs a mapping; write {set_meta: {...}}",
            '6:68: client[2].do[3].lock: lock takes nothing, found the text "now"; write just lock',
            "7:17: client[3].do[0].seek: expected a number from 0, found the number -1",
            '7:29: client[3].do[1].seek: expected a number from 0, found the text "soon"',
            "7:49: client[3].do[2].set_volume: expected a number from -50 to 50, found true",
        ],
    ),
    "commands without a connection": (
        HEAD
        + "client:\n"
        + "  - {do: connect, refused: {code: -32002}}\n"
        + "  - do: get_rooms\n"
        + "  - do: connect\n"
        + "  - do: [disconnect, get_rooms]\n",
        [
            "5:9: client[1].do: the client is not connected when it comes to get_rooms; "
            "put connect before it",
            "6:9: client[2].do: the client is connected already; put disconnect before it",
            "7:22: client[3].do[1]: the client is not connected when it comes to get_rooms; "
            "put connect before it",
        ],
    ),
    "fields that never come": (
        HEAD + "expect:\n  - video.recording.ended: {recording: {stat: completed}, rom: 1}\n",
        [
            '4:41: expect[0][video.recording.ended].recording: unknown field "stat"; '
            'did you mean "state"? Known: id, state, started_at, ended_at, duration',
            '4:59: expect[0][video.recording.ended]: unknown field "rom"; '
            'did you mean "room_id"? Known: room_id, room_session_id, recording',
        ],
    ),
    "expectations": (
        HEAD + "expect:\n  - any_order: []\n  - video.room.ended: lobby\n",
        [
            "4:16: expect[0].any_order: expected a list of events, found an empty list",
            "5:23: expect[1][video.room.ended]: expected a mapping of fields, "
            'found the text "lobby"; write {} when no field matters',
        ],
    ),
    "expected and never": (
        HEAD + "expect: [{any_order: [video.room.ended]}]\nnever: [video.room.ended]\n",
        ["4:9: never[0]: video.room.ended is expected above; keep one"],
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_a_faulty_file_is_told_every_mistake(what: str) -> None:
    text, lines = CASES[what]
    with pytest.raises(loader.ScenarioError) as caught:
        loader.loads(text, "file")
    assert str(caught.value).splitlines() == [f"file:{line}" for line in lines]


@pytest.mark.parametrize("key", ["when: {event", "when: {call", "never: [", "expect: [{"])
def test_an_unknown_event_or_method_is_told_with_the_nearest(key: str) -> None:
    call = "call" in key
    word = "video.recording.stat" if call else "video.recording.startd"
    value = f"{key}{'' if key.endswith(('[', '{')) else ': '}{word}"
    text = {
        "w": f"{ROOM}script:\n  - {{{value}}}, do: join}}\n",
        "n": f"{HEAD}{value}]\n",
        "e": f"{HEAD}{value}: {{}}}}]\n",
    }[key[0]]
    with pytest.raises(loader.ScenarioError) as caught:
        loader.loads(text)
    (problem,) = caught.value.problems
    assert problem.nearest == ("video.recording.start" if call else "video.recording.started")
    assert f'unknown {"method" if call else "event type"} "{word}"' in problem.problem
    assert f'did you mean "{problem.nearest}"?' in problem.mend


def test_a_file_must_be_called_as_its_scenario(tmp_path: Path) -> None:
    file = tmp_path / "pause.yaml"
    file.write_text(HEAD, "utf-8")
    with pytest.raises(loader.ScenarioError) as caught:
        loader.load(file)
    assert str(caught.value) == (
        f'{file}:1:11: scenario: the scenario "x" is in the file pause.yaml; '
        'call it "pause", or rename the file to x.yaml'
    )


def test_a_file_must_be_text(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"scenario: x\nabout: \xff\n")
    with pytest.raises(loader.ScenarioError, match=r"x\.yaml:2:1: YAML: the file is not UTF-8"):
        loader.load(file)


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + HEAD.encode())
    assert loader.load(file).name == "x"


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 50_000, "- " * 50_000])
def test_depth_is_refused_before_it_can_do_harm(text: str) -> None:
    with pytest.raises(loader.ScenarioError, match=f"YAML: nested deeper than {DEEPEST}"):
        loader.loads(text)


def test_anchors_that_multiply_are_refused() -> None:
    lines = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [
        f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]" for a, b in zip("abcd", "bcde", strict=True)
    ]
    with pytest.raises(loader.ScenarioError, match=f"more than {MOST_NODES} values"):
        loader.loads("\n".join(lines))


@pytest.mark.parametrize("characters", [MOST_CHARACTERS + 1, 4 * MOST_CHARACTERS + 1])
def test_a_file_that_is_far_too_long_is_not_read(tmp_path: Path, characters: int) -> None:
    text = f"{HEAD}#".ljust(characters, "x")
    message = r"x\.yaml:1:1: YAML: longer than 256 KiB, which no scenario needs: not read"
    with pytest.raises(loader.ScenarioError, match=message):
        loader.loads(text, "x.yaml")
    file = tmp_path / "x.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(loader.ScenarioError, match=message):
        loader.load(file)


def test_a_file_of_the_greatest_length_is_read(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(f"{HEAD}#".ljust(MOST_CHARACTERS, "\N{EURO SIGN}"), "utf-8")
    assert loader.load(file).name == "x"


@pytest.mark.parametrize(
    "text",
    [HEAD + "never: [" + "x, " * 1000 + "]\n", HEAD + "rooms:\n" + "  k: {}\n" * 1000],
    ids=["in what it says", "in the YAML"],
)
def test_the_reading_ends_after_many_mistakes(text: str) -> None:
    with pytest.raises(loader.ScenarioError) as caught:
        loader.loads(text)
    *found, last = caught.value.problems
    assert len(found) == MOST_PROBLEMS
    assert last.problem == f"{MOST_PROBLEMS} problems: the rest is not looked at"
    assert (last.line, last.column) == (found[-1].line, found[-1].column)


def test_a_quoted_merge_key_is_a_key_like_any_other() -> None:
    (expected,) = loader.loads(
        HEAD + 'expect:\n  - video.member.joined: {member: {meta: {"<<": 1}}}\n'
    ).expect
    assert isinstance(expected, format.Expected)
    assert expected.fields == {"member": {"meta": {"<<": 1}}}


def test_anchors_may_be_used() -> None:
    text = ROOM + "script:\n  - {at: 0s, do: &do [start_room, join]}\n  - {at: 1s, do: *do}\n"
    first, second = loader.loads(text).script
    assert first.actions == second.actions


def test_words_that_older_yaml_takes_for_something_else_are_texts() -> None:
    scenario = loader.loads("scenario: on\nabout: yes\nrooms: {off: {members: [no, 2001-01-01]}}\n")
    assert (scenario.name, scenario.about) == ("on", "yes")
    assert scenario.rooms["off"].members == ("no", "2001-01-01")


# The reader explains, the schema is the published contract: they must agree.

VALIDATOR = jsonschema_rs.Draft202012Validator(schema.whole())
# Wrong only in what a schema cannot see: what other parts of the file say, and what was before.
BEYOND_THE_SCHEMA = {
    "a recording that the client does not have",
    "a recording that the script has not named",
    "a name before there is one",
    "a room that is not said",
    "a room to start that is not said",
    "a step that sets itself off",
    "an unknown room",
    "commands without a connection",
    "expected and never",
    "fields that never come",
    "no room",
    "refused and several commands",
    "what cannot be done to it",
}
NO_DATA = {"no YAML", "two documents", "a key twice", "a key that is no text", "a merge key"} | {
    "a tag that does not fit",
    "an anchor in itself",
}


@pytest.mark.parametrize("what", sorted(CASES.keys() - BEYOND_THE_SCHEMA - NO_DATA))
def test_the_schema_refuses_what_the_reader_refuses(what: str) -> None:
    assert not VALIDATOR.is_valid(Document(CASES[what][0], "file").data)


STEP = ROOM + "script:\n  - "
WHEN = STEP + "{do: start_room, when: "
ANSWER = HEAD + "answers:\n  - "


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "rooms: {lobby: {name: a, generate_name: true}}\n",
        HEAD + "rooms: {lobby: {members: 0}}\n",
        HEAD + "rooms: {lobby: {members: []}}\n",
        HEAD + "rooms: {the lobby: {}}\n",
        STEP + "{at: 1s, when: {event: video.room.ended}, do: start_room}\n",
        STEP + "{at: 1s, after: 2s, do: start_room}\n",
        STEP + "{do: start_room}\n",
        STEP + "{at: 1s, do: []}\n",
        STEP + "{at: 1s, do: {join: lobby, leave: lobby}}\n",
        STEP + "{at: 1s, do: set_latency}\n",
        STEP + "{at: 1s, do: {disconnect: lobby}}\n",
        WHEN + "{}}\n",
        WHEN + "{event: video.room.ended, call: video.room.get}}\n",
        WHEN + "{event: video.room.ended, nth: 2, every: true}}\n",
        WHEN + "{event: video.room.ended, nth: 0}}\n",
        WHEN + "{event: video.room.ended, every: false}}\n",
        WHEN + "{subscribed: rooms}}\n",
        ANSWER + "{to: video.room.get}\n",
        ANSWER + '{to: video.room.get, with: {code: "404", message: x}, after_events: true}\n',
        ANSWER + "{to: video.room.get, with: {code: 404, message: x}}\n",
        ANSWER + '{to: video.room.get, with: {code: "204", message: x}}\n',
        ANSWER + '{to: video.room.get, with: {code: "404"}}\n',
        ANSWER + '{to: video.room.get, with: {error: {code: "1", message: x}}}\n',
        HEAD + "client: [{on: {event: video.room.ended, every: true}, do: get_rooms}]\n",
        HEAD + "client: [{do: listen}]\n",
        HEAD + "client: [{do: {get_rooms: all}}]\n",
        HEAD + "expect: [{any_order: []}]\n",
        HEAD + "expect: [{video.room.ended: lobby}]\n",
    ],
)
def test_reader_and_schema_refuse_each_thing_by_itself(text: str) -> None:
    assert not VALIDATOR.is_valid(Document(text, "file").data)
    with pytest.raises(loader.ScenarioError):
        loader.loads(text)


@pytest.mark.parametrize("what", sorted(BEYOND_THE_SCHEMA))
def test_the_reader_sees_what_the_schema_cannot(what: str) -> None:
    assert VALIDATOR.is_valid(Document(CASES[what][0], "file").data)


SHIPPED = {one.name: Document(one.path.read_text("utf-8"), "").data for one in library.shipped()}
ODD: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    "",
    "x",
    "5s",
    "409",
    "room",
    "stop",
    [],
    ["stop"],
    {},
]


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in some data."""
    keys = data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    return [path, *(place for key in keys for place in places(data[key], (*path, key)))]


PLACES = [(name, place) for name, data in SHIPPED.items() for place in places(data) if place]


@settings(deadline=None)
@given(st.sampled_from(PLACES), st.sampled_from(["take out", "rename", *ODD]))
def test_what_the_schema_refuses_the_reader_can_explain(
    at: tuple[str, tuple[Any, ...]], change: Any
) -> None:
    """Spoil a file in one place: where the schema says no, the reader does so without its help."""
    name, (*above, last) = at[0], at[1]
    data = container = deepcopy(SHIPPED[name])
    for key in above:
        container = container[key]
    value = container.pop(last)
    if change != "take out":
        new = value if change == "rename" else change
        key = f"{last}_" if change == "rename" else last
        if isinstance(container, list):
            container.insert(last, new)
        else:
            container[key] = new
    document = Document(json.dumps(data), "file")
    _Whole(document).read()
    assert VALIDATOR.is_valid(data) or document.problems


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system [touch owned]",
        "!!python/name:os.system ''",
        "!!python/object/new:os.system [touch owned]",
        "!!binary aGVsbG8=",
        "!own thing",
    ],
)
def test_no_tag_makes_an_object(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """YAML is data, and no more of it than JSON has."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(loader.ScenarioError):
        loader.loads(f"scenario: x\nabout: y\nrooms: {value}\n")
    with pytest.raises(loader.ScenarioError):
        loader.loads(f"scenario: x\nabout: {value}\n")
    assert list(tmp_path.iterdir()) == []
