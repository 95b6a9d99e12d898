"""Spaces share nothing: what one project does, another never sees."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract_tests.shared.client import Client, Room
from contract_tests.shared.processes import ServerProcess
from contract_tests.shared.sockets import handshake
from mockserver import contract

from .conftest import Connect, DialTcp, Target

pytestmark = pytest.mark.only_the_mock("takes several projects, and rooms that start by themselves")


async def recording_in(client: Client) -> tuple[Room, str]:
    room = await client.enter_room()
    return room, await room.start_recording()


def merged(mock: ServerProcess, *projects: str) -> contract.Trace:
    """One trace of several spaces."""
    entries = [entry for project in projects for entry in mock.entries(project)]
    entries.sort(key=lambda entry: entry["time"])
    return contract.Trace.from_entries(
        {**entry, "n": number} for number, entry in enumerate(entries, 1)
    )


async def test_two_projects_see_nothing_of_each_other(
    target: Target, connect: Connect, mock: ServerProcess
) -> None:
    names = [f"{target.project}-{each}" for each in ("one", "two")]
    one, two = [await connect(project=name) for name in names]
    places = [await recording_in(one), await recording_in(two)]
    for client, (room, recording) in zip((one, two), places, strict=True):
        rooms = await client.result("video.rooms.get")
        assert [each["id"] for each in rooms["rooms"]] == [room.id]
        listed = await client.result("video.recording.list", room_session_id=room.id)
        assert [each["id"] for each in listed["recordings"]] == [recording]
        for verb in ("pause", "resume", "stop"):
            await room.control(verb, recording)
        await client.event("video.recording.ended")
        await client.sync()
    for client, (room, recording) in zip((two, one), places, strict=True):
        heard = json.dumps(client.frames)
        for secret in (room.id, room.facts["room_id"], room.facts["event_channel"], recording):
            assert secret not in heard
    trace = merged(mock, *names)
    assert contract.check(trace) == [], contract.render(contract.check(trace), trace)


async def test_what_is_of_another_project_is_refused_as_unknown(
    target: Target, connect: Connect
) -> None:
    """The refusal is the one for what does not exist: nobody learns that it exists elsewhere."""
    owner = await connect()
    room, recording = await recording_in(owner)
    stranger = await connect(project=f"{target.project}-stranger")
    own_room, _ = await recording_in(stranger)
    there = {"room_session_id": room.id}
    here = {"room_session_id": own_room.id}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("video.room.get", there),
        ("video.members.get", there),
        ("video.recording.list", there),
        ("video.recording.start", there),
        *((f"video.recording.{verb}", {**there, "recording_id": recording}) for verb in VERBS),
        *((f"video.recording.{verb}", {**here, "recording_id": recording}) for verb in VERBS),
        (
            "signalwire.subscribe",
            {"event_channel": room.facts["event_channel"], "events": ["video.recording.ended"]},
        ),
    ]
    for method, params in calls:
        answer = await stranger.call(method, **params)
        assert answer["result"]["code"] == "404", (method, answer)
        assert room.facts["name"] not in answer["result"]["message"]
    await room.control("stop", recording)
    ended = await owner.event("video.recording.ended")
    assert ended["params"]["recording"]["state"] == "completed"
    await stranger.sync()
    assert recording not in json.dumps(stranger.event_frames())


VERBS = ("pause", "resume", "stop")


async def test_path_joins_projects_in_one_space(target: Target, connect: Connect) -> None:
    """`/space/NAME` decides, whatever the project: they share rooms, events and recordings."""
    path = f"/space/{target.project}-shared"
    one = await connect(project="first-project", path=path)
    two = await connect(project="second-project", path=path)
    room, recording = await recording_in(one)
    await two.subscribe(room.facts["event_channel"], "video.recording.updated")
    await room.control("pause", recording)
    heard = [await client.event("video.recording.updated") for client in (one, two)]
    assert heard[0] == heard[1]
    assert heard[0]["params"]["recording"]["id"] == recording
    rooms = await two.result("video.rooms.get")
    assert room.id in [each["id"] for each in rooms["rooms"]]
    await Room(two, room.facts).control("resume", recording)
    resumed = await one.event("video.recording.updated")
    assert resumed["params"]["recording"]["state"] == "recording"


async def test_path_parts_one_project(target: Target, connect: Connect) -> None:
    """One hard-wired project id still gets a space per test."""
    one = await connect(path=f"/space/{target.project}-left")
    two = await connect(path=f"/space/{target.project}-right")
    plain = await connect()
    rooms = [(await recording_in(client))[0] for client in (one, two, plain)]
    assert len({room.id for room in rooms}) == 3
    for client, room in zip((one, two, plain), rooms, strict=True):
        there = await client.result("video.rooms.get")
        assert [each["id"] for each in there["rooms"]] == [room.id]


async def test_path_with_the_projects_own_name_is_the_projects_space(
    target: Target, connect: Connect
) -> None:
    room, _ = await recording_in(await connect())
    by_path = await connect(project="whoever", path=f"/space/{target.project}")
    there = await by_path.result("video.rooms.get")
    assert [each["id"] for each in there["rooms"]] == [room.id]


async def test_other_paths_are_no_spaces(target: Target, dial_tcp: DialTcp) -> None:
    for path in ("/spaces/x", "/space", "/space/", "/space/a/b", "/elsewhere"):
        reader, writer = await dial_tcp(target.url)
        writer.write(handshake(target.url + path))
        status = await reader.readuntil(b"\r\n")
        assert b" 404 " in status, path
