"""Comparing: the mock agrees with itself, and with another server in all but what was planted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from contract_tests.engine.harness import S, World, recording_calls
from contract_tests.engine.player import Player
from contract_tests.shared import processes
from contract_tests.shared.settings import settings
from mockserver import contract, fidelity, scenarios, schemas
from mockserver.cli.demo.play import play
from mockserver.engine.video.media import Recording
from mockserver.server import Server
from mockserver.traces.compare import KINDS, Comparison, assumptions, compare
from mockserver.traces.record import Keeper, Proxy
from mockserver.traces.scenario import NothingToPlayError

Entries = list[dict[str, Any]]

SCENARIOS = {summary.name: scenarios.load_named(summary.name) for summary in scenarios.shipped()}
ORDINARY = [name for name, one in SCENARIOS.items() if not one.answers and one.permissions is None]
"""Scenarios in which the mock answers as it always does."""


@cache
def played(name: str) -> bytes:
    player = Player(SCENARIOS[name])
    player.play()
    (space,) = player.world.gate
    return orjson.dumps(list(space.journal.entries()))


def entries_of(name: str) -> Entries:
    entries: Entries = orjson.loads(played(name))
    return entries


def compared(entries: Entries, **more: Any) -> Comparison:
    return compare(contract.Trace.from_entries(entries).entries, **more)


def labels(comparison: Comparison) -> list[str]:
    return [each.label for each in comparison.differences]


@pytest.mark.parametrize("name", ORDINARY)
def test_the_mock_agrees_with_itself(name: str) -> None:
    comparison = compared(entries_of(name))
    assert labels(comparison) == []
    assert comparison.answers > 1
    assert comparison.events > 2


ANSWERS = {
    "bad-credentials": {"value answer signalwire.connect code -32002 200"},
    "event-before-answer": {
        f"order answer video.recording.{verb}" for verb in ("start", "pause", "resume", "stop")
    },
    "start-refused": {
        "value answer video.recording.start code 403 200",
        "extra event video.recording.started",
        "extra event video.recording.ended",
    },
    "pause-refused": {
        "value answer video.recording.pause code 409 200",
        "value answer video.recording.pause code 200 409",
        "value event video.recording.ended recording.duration",
    },
    "not-allowed": {
        "value answer video.recording.start code 403 200",
        "extra event video.recording.started",
        "extra event video.recording.ended",
    },
    "slow-answers": {"value answer video.recording.start recording.started_at"},
}


def test_each_scenario_with_other_answers_is_tried() -> None:
    assert set(ANSWERS) == set(SCENARIOS) - set(ORDINARY)


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_that_are_not_the_mock_s_own_are_found(name: str) -> None:
    found = set(labels(compared(entries_of(name))))
    assert ANSWERS[name] <= found


# Planted in a trace: what is found is what was planted, and nothing else


def event(entries: Entries, type_: str, nth: int = 1) -> int:
    """The place of an event."""
    places = [
        place
        for place, entry in enumerate(entries)
        if entry["frame"].get("params", {}).get("event_type") == type_
    ]
    return places[nth - 1]


def body(entries: Entries, type_: str, nth: int = 1) -> dict[str, Any]:
    told: dict[str, Any] = entries[event(entries, type_, nth)]["frame"]["params"]["params"]
    return told


def answer(entries: Entries, method: str) -> dict[str, Any]:
    [call] = [each["frame"]["id"] for each in entries if each["frame"].get("method") == method]
    [frame] = [
        each["frame"]
        for each in entries
        if each["frame"].get("id") == call and "method" not in each["frame"]
    ]
    return frame  # type: ignore[no-any-return]


def drop(entries: Entries, type_: str) -> None:
    place = event(entries, type_)
    gone = entries[place]["frame"]["id"]
    entries[:] = [each for each in entries if each["frame"].get("id") != gone]


def insert(entries: Entries, after: str, type_: str) -> None:
    place = event(entries, after)
    copy = deepcopy(entries[place])
    copy["frame"]["id"] = "planted"
    copy["frame"]["params"]["event_type"] = type_
    entries.insert(place + 1, copy)


def swap(entries: Entries, one: str, other: str) -> None:
    a, b = event(entries, one), event(entries, other)
    entries[a]["frame"], entries[b]["frame"] = entries[b]["frame"], entries[a]["frame"]


def refuse(entries: Entries, method: str, code: str) -> None:
    answer(entries, method)["result"] = {"code": code, "message": "no"}


Plant = Callable[[Entries], Any]

PLANTED: dict[str, tuple[Plant, set[str], set[int]]] = {
    "a field that only they have": (
        lambda e: body(e, "video.recording.started")["recording"].update(format="mp4"),
        {"field event video.recording.started recording.format"},
        set(),
    ),
    "a field that only we have": (
        lambda e: body(e, "video.recording.ended")["recording"].pop("ended_at"),
        {"field event video.recording.ended recording.ended_at"},
        {23},
    ),
    "another value": (
        lambda e: body(e, "video.room.updated")["room_session"].update(updated=["recording", "x"]),
        {"value event video.room.updated room_session.updated"},
        {38},
    ),
    "another duration": (
        lambda e: body(e, "video.recording.ended")["recording"].update(duration=12.0),
        {"value event video.recording.ended recording.duration"},
        {24},
    ),
    "another time": (
        lambda e: body(e, "video.recording.started")["recording"].update(started_at=1.0),
        {"value event video.recording.started recording.started_at"},
        set(),
    ),
    "an event that only we tell": (
        lambda e: drop(e, "video.room.updated"),
        {"extra event video.room.updated"},
        {27, 38},
    ),
    "an event that only they tell": (
        lambda e: insert(e, "video.recording.started", "video.recording.updated"),
        {"missing event video.recording.updated"},
        set(),
    ),
    "another order": (
        lambda e: swap(e, "video.room.updated", "video.recording.started"),
        {"order event video.recording.started"},
        set(),
    ),
    "a refusal": (
        lambda e: refuse(e, "video.recording.resume", "409"),
        {"value answer video.recording.resume code 409 200"},
        {29},
    ),
    "an error": (
        lambda e: (
            answer(e, "video.recording.resume").pop("result"),
            answer(e, "video.recording.resume").update(error={"code": -32603, "message": "no"}),
        ),
        {"value answer video.recording.resume code -32603 200"},
        {1},
    ),
    "another member": (
        lambda e: body(e, "video.room.subscribed")["room_session"]["members"][0].update(
            audio_muted=True
        ),
        {"value event video.room.subscribed room_session.members[*].audio_muted"},
        {37},
    ),
    "another channel": (
        lambda e: e[event(e, "video.recording.started")]["frame"]["params"].update(
            event_channel="video.rooms.9"
        ),
        {"value event video.recording.started event_channel"},
        set(),
    ),
    "an id of something else": (
        lambda e: body(e, "video.recording.ended").update(room_id="another"),
        {"value event video.recording.ended room_id"},
        set(),
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_what_was_planted_is_found(planted: str) -> None:
    plant, expected, touched = PLANTED[planted]
    entries = entries_of("pause-resume")
    plant(entries)
    for number, entry in enumerate(entries, 1):
        entry["n"] = number
    comparison = compared(entries)
    found = {each.label for each in comparison.differences}
    # What follows from a refusal is another matter: the other server did not resume then.
    if planted in ("a refusal", "an error"):
        found = {each for each in found if "code" in each}
    if planted == "another order":
        assert len(found) == 1
        assert found <= {
            f"order event video.{each}" for each in ("room.updated", "recording.started")
        }
    else:
        assert found == expected
    assert touched <= {number for each in comparison.differences for number in each.assumptions}


def test_the_same_difference_is_told_once_with_its_count() -> None:
    entries = entries_of("many-pauses")
    for entry in entries:
        told = entry["frame"].get("params", {}).get("params", {}).get("recording")
        if told is not None:
            told["format"] = "mp4"
    found = compared(entries).differences
    counts = {each.what: each.count for each in found}
    assert counts["event video.recording.updated"] == 6
    assert {each.path for each in found} == {"recording.format"}
    for each in found:
        assert entries[each.frame - 1]["frame"]["params"]["event_type"] in each.what


def test_times_may_differ_by_the_tolerance() -> None:
    entries = entries_of("pause-resume")
    body(entries, "video.recording.ended")["recording"]["duration"] -= 0.2
    assert labels(compared(entries)) == []
    assert labels(compared(entries, tolerance_s=0.1)) == [
        "value event video.recording.ended recording.duration"
    ]


def test_clocks_may_differ() -> None:
    """The server's clock is an hour ahead of that of whoever kept the trace."""
    entries = entries_of("pause-resume")
    for entry in entries:
        entry["time"] -= 3600.0
    assert labels(compared(entries)) == []


def test_nobody_who_called_is_told() -> None:
    with pytest.raises(NothingToPlayError, match="nothing to compare"):
        compared([])


def test_a_session_without_its_beginning_is_told() -> None:
    entries = entries_of("pause-resume")[2:]
    with pytest.raises(NothingToPlayError, match="the beginning of session s1 is missing"):
        compared(entries)


def test_a_room_that_ran_before_may_be_known_from_elsewhere() -> None:
    """As from REST: the client calls about it although nothing in the trace has told its id."""
    world = World()
    world.connected().ask("video.rooms.get")
    room = world.start_room("lobby", members=["Ann"])
    client = world.connected()
    call = recording_calls(client, room)
    client.follow(room)
    recording = call("start")["recording"]["id"]
    world.wait(S)
    call("stop", recording)
    world.wait(S)
    entries = [each for each in world.entries(world.space) if each["session"] != "s1"][1:]
    for number, each in enumerate(entries, 1):
        each["n"] = number
    comparison = compared(entries)
    assert labels(comparison) == []
    assert comparison.events == 4
    assert "room lobby ran before the client looked" in comparison.guesses


# A second mock as the real one, over sockets

OTHER = """\
scenario: other
about: A server with habits of its own.
rooms: {lobby: {members: [Ann, Bob]}}
script:
  - {when: {subscribed: video.rooms}, after: 50ms, do: start_room}
  - {when: {event: video.recording.ended}, after: 200ms, do: end_room}
ANSWERS
client:
  - on: {event: video.room.started}
    do: [{listen: room}, start_recording]
  - {after: 300ms, do: pause}
  - {after: 300ms, do: resume}
  - {after: 300ms, do: lock}
  - {after: 300ms, do: stop}
expect:
  - video.room.ended: {}
"""


async def recorded(folder: Path, answers: str = "") -> Path:
    """The trace of a client with such a server, kept by the recorder between them."""
    scenario = folder / "other.yaml"
    scenario.write_text(OTHER.replace("ANSWERS\n", answers))
    server = Server(settings(scenario=str(scenario)))
    await server.start()
    kept = folder / "session.jsonl"
    try:
        with kept.open("wb") as file:
            proxy = Proxy(server.url, Keeper(file), tell=print, lost=_fail)
            await proxy.start()
            try:
                await play(
                    scenarios.load(scenario), host=proxy.url, project="shop", token="PT-secret"
                )
            finally:
                await proxy.stop()
    finally:
        await server.stop()
    return kept


def _fail(error: OSError) -> None:
    raise error


class TestAnotherServer:
    async def test_that_is_as_the_mock_shows_no_difference(self, tmp_path: Path) -> None:
        kept = await recorded(tmp_path)
        ended = processes.run("compare", kept.name, cwd=tmp_path)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert re.match(
            r"session\.jsonl: the mock answers and tells the same, in \d+ answers and \d+ events\n",
            ended.stdout,
        )

    async def test_with_habits_of_its_own_is_measured(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answers = (
            "answers:\n"
            "  - {to: video.recording.start, after_events: true}\n"
            '  - {to: video.lock, with: {code: "403", message: "not by you"}}\n'
        )
        whole = Recording.as_wire

        def as_wire(self: Recording, now: int) -> dict[str, Any]:
            told = {**whole(self, now), "format": "mp4"}
            return {**told, "duration": told["duration"] + 60} if "duration" in told else told

        with monkeypatch.context() as patch:
            patch.setattr(Recording, "as_wire", as_wire)
            kept = await recorded(tmp_path, answers)
        ended = processes.run("compare", kept.name, "--format", "json", cwd=tmp_path)
        assert (ended.returncode, ended.stderr) == (1, "")
        found = json.loads(ended.stdout)["differences"]
        by_place = {(each["kind"], each["what"], each["path"]): each for each in found}
        assert set(by_place) == {
            ("order", "answer video.recording.start", None),
            ("value", "answer video.lock", "code"),
            ("extra", "event video.room.updated", None),
            ("value", "event video.recording.ended", "recording.duration"),
            ("field", "answer video.recording.start", "recording.format"),
            *(
                ("field", f"event video.recording.{each}", "recording.format")
                for each in ("started", "updated", "ended")
            ),
            # What follows from the refusal: the room was not locked there, and is here.
            *(
                ("value", f"event video.room.{each}", "room_session.locked")
                for each in ("updated", "ended")
            ),
        }
        assert by_place["order", "answer video.recording.start", None]["assumptions"] == [51]
        refused = by_place["value", "answer video.lock", "code"]
        assert (refused["there"], refused["here"]) == ("403", "200")
        assert refused["assumptions"] == [34, 35]
        duration = by_place["value", "event video.recording.ended", "recording.duration"]
        assert duration["assumptions"] == [24]
        assert duration["there"] - duration["here"] == pytest.approx(60, abs=0.5)

        ended = processes.run("compare", kept.name, cwd=tmp_path)
        assert ended.returncode == 1
        for kind in ("extra", "order", "field", "value"):
            assert f"\n{kind}: {KINDS[kind]}\n" in ended.stdout
        assert 'answer video.lock, code: "403" in the trace, "200" here (frame' in ended.stdout
        assert "\n  A24  `duration` does not count pauses." in ended.stdout

    def test_a_file_that_is_none_is_told(self, tmp_path: Path) -> None:
        ended = processes.run("compare", "no-such.jsonl", cwd=tmp_path)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "no-such.jsonl: there is no such file" in ended.stderr


# The list of facts


def patterns() -> Iterator[tuple[int | None, str]]:
    for fact in fidelity.facts():
        for pattern in fact.shows_in:
            yield fact.assumption, pattern


@pytest.mark.parametrize(("number", "pattern"), list(patterns()))
def test_a_pattern_can_match(number: int | None, pattern: str) -> None:
    assert number is not None
    words = pattern.split(" ")
    assert set(words[0].split("|")) <= {*KINDS, "*"}, "the kind of a difference"
    assert words[1] in ("answer", "event", "*")
    known = {
        name.partition("/")[2] for name in schemas.names() if name.startswith(("calls", "event"))
    }
    for name in words[2].split("|") if words[1] != "*" else ():
        stem = re.escape(name).replace(r"\*", ".*")
        assert any(re.fullmatch(stem, each) for each in known), name


LABELS: Mapping[str, tuple[int, ...]] = {
    "order answer video.recording.start": (51,),
    "value event video.recording.ended recording.duration": (24,),
    "value answer video.recording.pause code 409 200": (29,),
    "value answer video.lock code 403 200": (34, 35),
    "field answer video.rooms.get rooms[*].members": (19,),
    "missing event video.layout.changed": (40, 43),
    "value answer video.rooms.get rooms[*].name": (),
}


@pytest.mark.parametrize("label", LABELS)
def test_an_assumption_is_named_by_what_it_is_about(label: str) -> None:
    assert assumptions.touched(label) == LABELS[label]
