"""The catalogue of faults: each row has its schema, its function, and its two sentences."""

from __future__ import annotations

import pytest

from mockserver import schemas
from mockserver.engine import FAULTS, FaultError
from mockserver.engine.faults import parameters
from mockserver.engine.faults.calls import ON_CALL, PLANS
from mockserver.engine.faults.catalogue import SCOPE, read
from mockserver.engine.faults.frames import EFFECTS, INVITING
from mockserver.engine.faults.sessions import ON_SESSION, REFUSE_RESUME
from mockserver.server.sockets.faults import AT_DOOR, ON_SOCKET

from ..harness import S

every_fault = pytest.mark.parametrize("name", FAULTS)


def test_every_fault_has_its_schema_and_every_schema_its_fault() -> None:
    described = [each for each in schemas.names() if each.startswith("faults/")]
    assert sorted(each.removeprefix("faults/") for each in described) == sorted(FAULTS)


def test_every_fault_has_its_function_and_every_function_its_fault() -> None:
    frames = {*EFFECTS, *INVITING, *PLANS}
    assert frames == {row.name for row in FAULTS.values() if row.layer == "frame"}
    assert set(ON_CALL) == {row.name for row in FAULTS.values() if "to_server" in row.directions}
    sessions = {*ON_SESSION, REFUSE_RESUME}
    assert sessions == {row.name for row in FAULTS.values() if row.layer == "session"}
    on_sockets = {row.name for row in FAULTS.values() if row.layer == "socket" and not row.at_door}
    assert set(ON_SOCKET) == on_sockets
    assert set(AT_DOOR) == {row.name for row in FAULTS.values() if row.at_door}


@every_fault
def test_it_says_in_a_sentence_each_what_it_does_and_what_a_client_does(name: str) -> None:
    row = FAULTS[name]
    assert row.name == name
    for sentence in (row.does, row.client):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert "\n" not in sentence


@every_fault
def test_its_parameters_say_their_meaning(name: str) -> None:
    own, scope = schemas.load(f"faults/{name}")["properties"], schemas.load(SCOPE)["properties"]
    assert not own.keys() & scope.keys()
    assert own.keys() <= parameters(name)["properties"].keys() <= own.keys() | scope.keys()
    for about in parameters(name)["properties"].values():
        assert about["description"].endswith(".")


@every_fault
def test_it_needs_no_parameters_and_takes_its_examples(name: str) -> None:
    read(name, {})
    for example in schemas.load(f"faults/{name}")["examples"]:
        read(name, example)


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - {"restart"}))
def test_it_takes_how_often_how_long_and_how_likely_it_strikes(name: str) -> None:
    assert read(name, {"times": 2, "for": "5s", "probability": 0.5})["for_us"] == 5 * S


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ({"for": "5s"}, "say closed_for"),
        ({"times": 2}, "inject the fault again"),
        ({"probability": 0.5}, "at once and for certain"),
        ({"closed_for": "61s"}, "closed_for: expected at most 60 seconds"),
        ({"closed_for": 61}, "a number of seconds up to 60"),
        ({"closed_for": -1}, "a number of seconds up to 60"),
    ],
)
def test_the_time_of_a_restart_is_real_and_bounded(given: dict[str, object], hint: str) -> None:
    with pytest.raises(FaultError, match=hint):
        read("restart", given)
    assert read("restart", {"closed_for": "1m"}) == {"closed_for_us": 60 * S}


def test_a_fault_of_answers_takes_no_events() -> None:
    with pytest.raises(FaultError, match="events"):
        read("refuse", {"events": "video.recording.started"})
    with pytest.raises(FaultError, match="direction"):
        read("old_timestamp", {"direction": "to_server"})
