"""A scenario made of a trace loads, plays, and sees again what the trace shows."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import orjson
import pytest

from contract_tests.engine.player import Player
from contract_tests.shared import processes
from mockserver import contract, scenarios
from mockserver.scenarios import Scenario
from mockserver.traces.scenario import NothingToPlayError, make
from mockserver.traces.scenario.making import name_for

TRACES = sorted((Path(__file__).parents[2] / "fixtures" / "traces").glob("*.jsonl"))
NAMES = [summary.name for summary in scenarios.shipped()]
MS = 0.001


def player_of(scenario: Scenario) -> Player:
    player = Player(scenario)
    player.play()
    return player


def trace_of(player: Player) -> contract.Trace:
    (space,) = player.world.gate
    return contract.Trace.from_entries(space.journal.entries())


@cache
def first(name: str) -> Player:
    """A shipped scenario, played."""
    return player_of(scenarios.load_named(name))


@cache
def again(name: str) -> tuple[Scenario, Player]:
    """What was made of its trace, and that played."""
    text = make(trace_of(first(name)).entries, source=f"{name}.jsonl")
    scenario = scenarios.loads(text, "mine.yaml")
    return scenario, player_of(scenario)


@pytest.mark.parametrize("name", NAMES)
class TestRoundTrip:
    """The shipped scenarios' own traces."""

    def test_what_is_made_of_it_holds(self, name: str) -> None:
        scenario, player = again(name)
        (space,) = player.world.gate
        assert player.problems == []
        assert scenarios.judge(scenario, player.heard, tolerance_s=MS) == []
        assert list(space.script.failures) == []
        assert contract.check(trace_of(player)) == contract.check(trace_of(first(name))) == []

    def test_the_same_is_heard_again(self, name: str) -> None:
        heard = [
            Counter(event for event, _ in player.heard) for player in (first(name), again(name)[1])
        ]
        assert heard[0] == heard[1]

    def test_its_oracle_names_what_the_original_names(self, name: str) -> None:
        original, made = scenarios.load_named(name), again(name)[0]
        free = {"video.room.subscribed", "video.layout.changed", "video.member.talking"}
        assert set(scenarios.expected_counts(original)) - free <= set(
            scenarios.expected_counts(made)
        )

    def test_the_client_does_the_same(self, name: str) -> None:
        verbs = [
            Counter(command.verb for step in scenario.client for command in step.commands)
            for scenario in (scenarios.load_named(name), again(name)[0])
        ]
        if verbs[0]:
            assert verbs[0] == verbs[1]


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_whatever_the_trace_the_scenario_loads(path: Path) -> None:
    trace = contract.load_trace(path)
    for space in {entry.space for entry in trace}:
        text = make([entry for entry in trace if entry.space == space], source=path.name)
        scenarios.loads(text, "mine.yaml")


def made_of(stem: str, **more: str) -> str:
    [path] = [each for each in TRACES if each.stem == stem]
    return make(contract.load_trace(path).entries, source=path.name, **more)


class TestGuesses:
    """Where the trace does not tell, a comment says so."""

    def test_of_what_other_clients_did(self) -> None:
        text = made_of("good-two-recordings")
        assert "# guessed: what came of the calls of s2 is done by the service here." in text
        script = text.partition("\nscript:\n")[2].partition("\nclient:\n")[0]
        assert "start_recording" in script
        assert "start_recording" in text.partition("\nclient:\n")[2]

    def test_of_what_no_command_does(self) -> None:
        text = made_of("good-members")
        assert "# left out: video.member.demote: no command does this." in text
        assert "do: {demote: {name: Ann}}" in text

    def test_of_a_lost_connection(self) -> None:
        text = make(trace_of(first("resume-after-drop")).entries)
        assert "  # guessed: the connection was lost about then; a trace does not show it\n" in text
        script = text.partition("\nscript:\n")[2]
        assert "do: [drop_connections, pause_recording]" in script

    def test_of_what_ran_before(self) -> None:
        text = make(trace_of(first("late-subscriber")).entries)
        assert "# guessed: room lobby ran before the client looked" in text
        assert "# guessed: the recording ran before the client looked" in text

    def test_none_where_all_is_told(self) -> None:
        text = make(trace_of(first("pause-resume")).entries)
        remarks = re.findall(r"^ *# (.*)$", text, re.MULTILINE)
        assert remarks == [
            "Made of a trace. The client's part is that of session s1.",
            'Where something had to be guessed, a comment says "guessed".',
        ]


class TestSessions:
    def test_another_one_can_be_chosen(self) -> None:
        text = made_of("good-two-recordings", session="s2")
        assert "that of session s2" in text
        assert "do: get_recordings" not in text
        scenarios.loads(text, "mine.yaml")

    def test_one_that_is_not_there_is_told(self) -> None:
        with pytest.raises(NothingToPlayError, match='no session "s3"; there are: s1, s2'):
            made_of("good-two-recordings", session="s3")

    def test_a_trace_in_which_nobody_calls_is_told(self) -> None:
        with pytest.raises(NothingToPlayError, match="no client called anything"):
            make([])


@pytest.mark.parametrize(
    ("stem", "name"), [("My Session.2", "my-session-2"), ("---", "mine"), ("ok", "ok")]
)
def test_a_file_gives_a_name(stem: str, name: str) -> None:
    assert name_for(stem) == name


class TestCommand:
    def test_makes_a_file_that_can_be_played(self, tmp_path: Path) -> None:
        trace = tmp_path / "session.jsonl"
        entries = (orjson.dumps(each) for each in _entries("pause-refused"))
        trace.write_bytes(b"\n".join(entries))
        ended = processes.run("scenario", trace.name, "-o", "My own.yaml", cwd=tmp_path)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout.startswith("My own.yaml: play it with python -m mockserver demo")
        words = ("scenario", trace.name, "--name", "other")
        ended = processes.run(*words, cwd=tmp_path)
        (tmp_path / "other.yaml").write_text(ended.stdout, "utf-8")
        played = processes.run("demo", "other.yaml", "--speed", "20", cwd=tmp_path)
        assert played.returncode == 0, played.stdout + played.stderr

    def test_of_several_spaces_one_is_chosen(self, tmp_path: Path) -> None:
        trace = str(next(path for path in TRACES if path.stem == "one-space"))
        ended = processes.run("scenario", trace, cwd=tmp_path)
        assert (ended.returncode, ended.stdout) == (2, "")
        found = re.search(r"choose one by --space: (\S+), (\S+)\n", ended.stderr)
        assert found is not None
        for space in found.groups():
            ended = processes.run("scenario", trace, "--space", space, cwd=tmp_path)
            assert ended.returncode == 0
        ended = processes.run("scenario", trace, "--space", "no-such", cwd=tmp_path)
        assert ended.returncode == 2
        assert 'the trace has no space "no-such": ' in ended.stderr


def _entries(name: str) -> list[dict[str, object]]:
    (space,) = first(name).world.gate
    return list(space.journal.entries())
