"""Whatever a trace holds, judging it ends in a list of violations, and never in an error."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.contract import RULES, Trace, check, load_trace, render
from mockserver.printable import printable

from .conversation import MEMBER, OK, ROOM, TYPES, listening, room_session

TRACES = Path(__file__).parents[2] / "fixtures" / "traces"
GOOD = [
    [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for path in sorted(TRACES.glob("good-*.jsonl"))
]

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5), values),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, as the keys that lead to it."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += places(inner, (*path, key))
    elif isinstance(value, list):
        for key, inner in enumerate(value):
            found += places(inner, (*path, key))
    return found


@st.composite
def broken_traces(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A good trace, permuted, with entries lost and doubled, and places in its frames changed."""
    good = draw(st.sampled_from(GOOD))
    chosen = draw(st.lists(st.sampled_from(range(len(good))), max_size=60))
    if draw(st.booleans()):
        chosen = sorted(chosen)
    entries = [copy.deepcopy(good[number]) for number in chosen]
    for entry in entries:
        del entry["n"]
    for _ in range(draw(st.integers(0, 4)) if entries else 0):
        entry = draw(st.sampled_from(entries))
        change = draw(st.sampled_from(["session", "direction", "space", "time", "frame", "inside"]))
        if change == "session":
            entry["session"] = draw(st.sampled_from([None, "s1", "s2"]))
        elif change == "direction":
            entry["direction"] = draw(st.sampled_from(["to_server", "to_client"]))
        elif change == "space":
            entry["space"] = draw(st.sampled_from([None, "demo", "other"]))
        elif change == "time":
            entry["time"] = draw(st.floats(-1e10, 1e10))
        elif change == "frame":
            entry["frame"] = draw(st.none() | st.dictionaries(st.text(max_size=5), junk))
        elif entry["frame"] and (inside := places(entry["frame"])):
            *way, last = draw(st.sampled_from(inside))
            at = entry["frame"]
            for key in way:
                at = at[key]
            if draw(st.booleans()):
                at[last] = draw(junk)
            else:
                del at[last]
    return entries


@given(broken_traces())
@settings(deadline=None, derandomize=True, max_examples=200)
def test_judging_never_raises(entries: list[dict[str, Any]]) -> None:
    trace = Trace.from_entries(entries)
    violations = check(trace)
    assert {violation.rule for violation in violations} <= {rule.name for rule in RULES}
    numbers = {entry.n for entry in trace}
    assert all(set(violation.frames) <= numbers for violation in violations)
    text = render(violations, trace)
    assert all(printable(violation.message) in text for violation in violations)
    assert check(trace) == violations


@given(st.data())
@settings(deadline=None, derandomize=True, max_examples=50)
def test_a_good_trace_stays_good_wherever_it_is_cut(data: st.DataObject) -> None:
    good = data.draw(st.sampled_from(GOOD))
    end = data.draw(st.integers(0, len(good)))
    assert check(Trace.from_entries(good[:end])) == []
    assert check(Trace.from_entries(good[end:])) == []


@pytest.mark.parametrize("path", sorted(TRACES.glob("*.jsonl")), ids=lambda path: path.stem)
def test_nothing_is_changed_in_the_trace(path: Path) -> None:
    trace = load_trace(path)
    before = copy.deepcopy(trace)
    render(check(trace), trace)
    assert trace == before


def steps(recordings: int) -> int:
    """How many lines run to judge a trace of so many recordings, by all rules but the schemas'."""
    talk = listening((*TYPES, "video.member.joined", "video.member.left", "video.room.updated"))
    talk.room("started")
    for number in range(recordings):
        id_ = f"recording-{number}"
        talk.at(talk.now + 1.0).recording("started", "recording", recording=id_)
        for verb, state in (("pause", "paused"), ("resume", "recording")):
            talk.control(verb, recording=id_)
            talk.at(talk.now + 1.0).recording("updated", state, recording=id_)
        talk.room("updated", True)
        talk.member("joined", id=id_)
        talk.media("playback", "started", "playing", id_=id_)
        talk.media("stream", "started", "streaming", id_=id_)
        for volume in (5, 10):
            talk.act_on("playback", "set_volume", playback_id=id_, volume=volume)
            talk.media("playback", "updated", "playing", id_=id_, volume=volume)
        talk.initial_state(members=[{**MEMBER, "id": id_}], recording=True)
        talk.member("updated", id=id_, deaf=True, updated=["deaf"])
        talk.media("playback", "ended", "completed", id_=id_)
        talk.media("stream", "ended", "completed", id_=id_)
        listed = {**OK, "members": [{**MEMBER, "id": id_}]}
        talk.at(talk.now + 3.0).ask("video.members.get", {"room_session_id": ROOM}, listed)
        talk.at(talk.now + 3.0).member("left", id=id_)
        room = room_session(True)
        talk.ask("video.room.get", {"room_session_id": room["id"]}, {**OK, "room": room})
        talk.at(talk.now + 1.0).recording("ended", "completed", recording=id_)
    trace = talk.trace
    rules = [rule for rule in RULES if not rule.name.endswith("frames-valid")]
    count = 0

    def follow(frame: FrameType, event: str, argument: object) -> Callable[..., Any]:
        nonlocal count
        count += event == "line"
        return follow

    before = sys.gettrace()
    sys.settrace(follow)
    try:
        violations = check(trace, rules)
    finally:
        sys.settrace(before)
    assert {violation.rule for violation in violations} == {"subscribed-only"}
    return count


def test_judging_takes_steps_in_proportion_to_the_trace() -> None:
    # Counted, not timed; a quadratic rule would take 64 times as many.
    assert steps(80) < steps(10) * 8 * 1.2
