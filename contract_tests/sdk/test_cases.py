"""Every method and every event of the vendor's video classes, by the table in ``cases.yaml``."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from .cases import VERSIONS, AllPlayed, cases, internal, never, table
from .runs import events, frames

SOON_S = 2.0
"""Seconds of the server's clock: by then somebody who tries things out by hand has a room."""

Played = Mapping[str, AllPlayed]


@pytest.mark.parametrize(
    ("version", "name"),
    [
        pytest.param(version, case.id, id=f"{case.id} {VERSIONS[version]}")
        for version in VERSIONS
        for case in cases(version)
    ],
)
def test_case(version: str, name: str, played: Played) -> None:
    all_played = played[version]
    assert name in all_played.cases, f"not played:\n{all_played.run.stderr}"
    one = all_played.cases[name]
    problems = one.problems()
    assert not problems, "\n".join([*problems, one.told()])


@pytest.mark.parametrize("version", VERSIONS)
def test_the_client_finds_nothing_wrong(version: str, played: Played) -> None:
    run = played[version].run
    assert run.exit_code == 0, run.stderr
    assert run.logged == [], run.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_every_method_has_a_case(version: str, played: Played) -> None:
    hidden = internal(version)
    found = {
        (name, method)
        for name, methods in played[version].named["names"].items()
        for method in methods
    }
    public = {each for each in found if each[1] not in hidden}
    assert {case.method for case in cases(version)} - {None} == public
    assert hidden <= {method for _, method in found}, "not there at all"


def test_the_events_are_those_of_the_reference(played: Played) -> None:
    found = {name: sorted(each) for name, each in played["4"].named["events"].items() if each}
    assert {name: sorted(each) for name, each in table()["events"].items()} == found


@pytest.mark.parametrize("version", VERSIONS)
def test_every_event_has_a_case(version: str) -> None:
    all_events = {(name, event) for name, each in table()["events"].items() for event in each}
    received = set().union(*(case.events for case in cases(version)))
    assert received == all_events - never(version)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_version_never_tells(version: str, played: Played) -> None:
    heard = {
        (name, event)
        for one in played[version].cases.values()
        for name, event, _ in (*one.line["heard"], *one.line["heardItself"])
    }
    assert heard & never(version) == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_room_is_there_soon(version: str, played: Played) -> None:
    method = {"4": "listen", "3": "subscribe"}[version]
    trace = played[version].cases[f"RoomSession.{method}"].trace
    times = {
        frame["params"]["event_type"]: entry.time
        for entry, frame in frames(trace, to_client=True)
        if "params" in frame
    }
    assert times["video.room.started"] - trace.entries[0].time < SOON_S
    (state,) = [params for event, params in events(trace) if event == "video.room.subscribed"]
    assert len(state["room_session"]["members"]) > 1


@pytest.mark.parametrize("version", VERSIONS)
def test_who_starts_the_room_is_not_told_to_join(version: str, played: Played) -> None:
    told = events(played[version].cases["somebody comes"].trace)
    (state,) = [params for event, params in told if event == "video.room.subscribed"]
    assert [each["name"] for each in state["room_session"]["members"]] == ["Ann", "Bob"]
    joined = [params["member"]["name"] for event, params in told if event == "video.member.joined"]
    assert joined == ["Cid"]
