"""The mock sends only documented fields: that the check of every world would notice others.

Each world is checked for it when its test is over, each scenario after its play, each random world
at every step.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from mockserver import schemas
from mockserver.protocol import catalogue, frames
from mockserver.protocol.lifecycles import LIFECYCLES

from .documented import undocumented
from .harness import Frame, World, violations
from .video.followed import FollowedRoom

Said = list[tuple[Frame, str | None]]
"""Frames of the mock's, each with the method that it answers, if it answers one."""


def said(world: World) -> Said:
    """All that the mock ever sends: every event, and an answer to every call."""
    witness = world.connected()
    witness.subscribe("video.rooms", "video.room.started")
    lobby = FollowedRoom(world)
    client, room = lobby.client, lobby.session
    answered: Said = [(client.frames[0], "signalwire.connect")]

    def ask(method: str, **params: Any) -> None:
        answered.append((client.ask(method, **params), method))

    state = {"event_channel": room.channel, "events": ["video.room.subscribed"]}
    ask("signalwire.subscribe", **state, get_initial_state=True)
    ask("signalwire.ping", timestamp=1735689600.5)
    ask("video.rooms.get")
    people = {"demote": "Bob", "promote": "Bob", "remove": "Carl"}
    ids = {f"{kind}_id": lobby.start(kind) for kind in LIFECYCLES}
    ids["room_session_id"] = room.id
    for method in sorted(each for each in catalogue.CLIENT_CALLS if each.startswith("video.")):
        params = dict(schemas.load(f"calls/{method}")["examples"][0])
        ids["member_id"] = lobby.member(people.get(method.rpartition(".")[2], "Ann")).id
        if "positions" in params:
            params["positions"] = {ids["member_id"]: "standard-7"}
        ask(method, **{**params, **{name: ids[name] for name in ids.keys() & params.keys()}})
    for answer, _ in answered[1:]:
        assert answer["result"].get("code", "200") == "200", answer
    lobby.perform("start_talking")
    ask(
        "video.recording.resume",
        **{each: ids[each] for each in ("room_session_id", "recording_id")},
    )
    ask("video.recording.stop")
    world.do(world.space.ping, client.session)
    lobby.perform("join", name="Dora", session=witness.session.name)
    for verb in ("demote", "promote"):
        lobby.perform(verb, name="Dora")
    lobby.perform("end_room")
    world.settle()
    ask("signalwire.unsubscribe", **state)
    ask("signalwire.disconnect")
    called: Said = [
        (frame, None) for frame in (*witness.frames, *client.frames) if frames.is_call(frame)
    ]
    return answered + called


def test_all_that_is_ever_sent_is_looked_at(world: World) -> None:
    looked_at = said(world)
    assert {answers for _, answers in looked_at} - {None} == catalogue.CLIENT_CALLS
    told = [frame["params"]["event_type"] for frame, _ in looked_at if frames.is_event(frame)]
    assert set(told) == catalogue.EVENTS


def objects(value: Any, path: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in a frame, with its path, but what is free in form."""
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            if key != "meta" and f"{path}.{key}" != "$.error.data":
                yield from objects(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from objects(inner, f"{path}[{index}]")


def test_a_field_that_no_schema_knows_is_noticed_wherever_it_stands(world: World) -> None:
    places = 0
    for frame, answers in said(world):
        assert undocumented(frame, answers) == []
        for path, _ in objects(frame):
            spoilt = copy.deepcopy(frame)
            dict(objects(spoilt))[path]["undreamt"] = {"of": 1}
            assert undocumented(spoilt, answers) == [f"{path}.undreamt"]
            places += 1
    assert places > 300


def test_users_may_put_anything_into_what_is_theirs(world: World) -> None:
    client = world.connected()
    room = world.start_room()
    room.properties["meta"]["anything"] = {"at": ["all"]}
    answer = client.ask("video.room.get", room_session_id=room.id)
    assert undocumented(answer, "video.room.get") == []


def test_a_whole_trace_is_judged_so(world: World) -> None:
    client = world.connected()
    room = world.start_room()
    room.properties["colour"] = "red"
    client.result("video.room.get", room_session_id=room.id)
    found = world.violations()
    assert len(found) == 1
    assert "$.result.room.colour" in found[0]
    del room.properties["colour"]
    world.space.journal.clear()
    assert violations(world.everything()) == []
