"""The mock sends only documented fields: that the check of every world would notice others.

Each world is held against it when its test is over, each scenario after its play, each random world
at every step.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from mockserver.protocol import frames

from .documented import undocumented
from .harness import World, recording_calls, violations


def said(world: World) -> list[tuple[dict[str, Any], str | None]]:
    """Frames of every shape that the mock sends, with the method that each answers."""
    client = world.connected()
    client.subscribe("video.rooms", "video.room.started", "video.room.ended")
    room = world.start_room()
    client.follow(room)
    client.subscribe(room.channel, "video.room.subscribed", get_initial_state=True)
    call = recording_calls(client, room)
    recording_id = call("start")["recording"]["id"]
    answered: list[tuple[dict[str, Any], str | None]] = []
    for method in ("video.rooms.get", "video.room.get", "video.members.get"):
        ids = {} if method == "video.rooms.get" else {"room_session_id": room.id}
        answered.append((client.ask(method, **ids), method))
    ids = {"room_session_id": room.id, "recording_id": recording_id}
    answered.append((client.ask("video.recording.resume", **ids), "video.recording.resume"))
    answered.append((client.ask("video.recording.stop", **ids), "video.recording.stop"))
    answered.append((client.ask("video.recording.stop"), "video.recording.stop"))
    world.do(world.space.ping, client.session)
    world.do(world.space.end_room, room)
    world.settle()
    calls: list[tuple[dict[str, Any], str | None]] = [
        (frame, None) for frame in client.frames if frames.is_call(frame)
    ]
    return answered + calls


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
    assert places > 50


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
