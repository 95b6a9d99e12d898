"""The laws that every lifecycle table obeys, and that tables and schemas tell the same story."""

from __future__ import annotations

import pytest

from mockserver import schemas
from mockserver.protocol import catalogue
from mockserver.protocol.lifecycles import LIFECYCLES, RECORDING, Lifecycle

every_table = pytest.mark.parametrize("table", LIFECYCLES.values(), ids=lambda table: table.kind)


@every_table
def test_it_is_found_under_its_kind(table: Lifecycle) -> None:
    assert LIFECYCLES[table.kind] is table


@every_table
def test_every_state_can_be_reached_from_the_initial_one(table: Lifecycle) -> None:
    reached, ahead = set(), [table.initial]
    while ahead:
        state = ahead.pop()
        if state not in reached:
            reached.add(state)
            ahead += [
                transition.state
                for (source, _), transition in table.rows.items()
                if source == state
            ]
    mentioned = {source for source, _ in table.rows} | {x.state for x in table.rows.values()}
    assert reached == mentioned | {table.final}


@every_table
def test_nothing_leads_out_of_the_final_state_and_it_is_the_only_such(table: Lifecycle) -> None:
    assert [state for state in table.states if not table.allowed(state)] == [table.final]


@every_table
def test_the_final_state_alone_is_told_by_ended(table: Lifecycle) -> None:
    for (state, verb), transition in table.rows.items():
        assert (transition.event == "ended") == (transition.state == table.final), (state, verb)
        assert transition.event in ("updated", "ended")


@every_table
def test_each_verb_has_its_call_and_each_event_its_schema(table: Lifecycle) -> None:
    for verb in ("start", *table.verbs):
        assert f"video.{table.kind}.{verb}" in catalogue.CLIENT_CALLS
    for event in ("started", *(transition.event for transition in table.rows.values())):
        assert f"video.{table.kind}.{event}" in catalogue.EVENTS


@every_table
def test_the_schema_of_the_object_knows_the_same_states(table: Lifecycle) -> None:
    states = schemas.load(f"objects/{table.kind}")["properties"]["state"]["enum"]
    assert sorted(states) == sorted(table.states)


def test_a_recording_moves_as_documented() -> None:
    assert (RECORDING.initial, RECORDING.final) == ("recording", "completed")
    assert RECORDING.states == ("recording", "paused", "completed")
    assert RECORDING.verbs == ("pause", "resume", "stop")
    moves = {
        ("recording", "pause"): ("paused", "updated"),
        ("paused", "resume"): ("recording", "updated"),
        ("recording", "stop"): ("completed", "ended"),
        ("paused", "stop"): ("completed", "ended"),
    }
    for state in RECORDING.states:
        for verb in RECORDING.verbs:
            assert RECORDING.transition(state, verb) == moves.get((state, verb)), (state, verb)


def test_a_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        RECORDING.rows["completed", "resume"] = None  # type: ignore[index]
