"""Rooms, recordings, and what is done to them."""

from __future__ import annotations

import pytest

from contract_tests.shared.sockets import ABNORMAL
from mockserver import schemas
from mockserver.server.http import shapes

from .conftest import Api, Connect, Json


@pytest.fixture
async def room(api: Api, space: str) -> Json:
    """A room with Ann and Bob in it."""
    wish = {"name": "lobby", "members": ["Ann", "Bob"], "display_name": "The lobby"}
    return await api.ok("POST", f"{space}/rooms", wish, 201)


async def perform(api: Api, space: str, do: str, **arguments: Json) -> Json:
    return await api.ok("POST", f"{space}/actions", {"do": do, **arguments})


async def test_a_room_is_started(api: Api, space: str, room: Json) -> None:
    assert [member["name"] for member in room["members"]] == ["Ann", "Bob"]
    assert (room["name"], room["display_name"]) == ("lobby", "The lobby")
    assert (room["ended"], room["recording"]) == (False, False)
    assert await api.ok("GET", f"{space}/rooms") == {"rooms": [room]}
    for which in (room["id"], "lobby"):
        assert await api.ok("GET", f"{space}/rooms/{which}") == room


async def test_the_answer_says_where_it_is(api: Api, space: str) -> None:
    reply = await api.post(f"{space}/rooms", {})
    assert reply.status == 201
    path = reply.headers["Location"].removeprefix("/__mock__")
    assert await api.ok("GET", path) == reply.json
    assert len(reply.json["members"]) == 1


async def test_a_number_of_members_may_be_written_as_json_likes(api: Api, space: str) -> None:
    room = await api.ok("POST", f"{space}/rooms", {"members": 3.0}, 201)
    assert len(room["members"]) == 3


async def test_a_name_is_taken_only_once(api: Api, space: str, room: Json) -> None:
    reply = await api.post(f"{space}/rooms", {"name": "lobby"})
    assert "lobby" in reply.problem(409)["detail"]


async def test_a_room_that_has_ended_can_still_be_read(api: Api, space: str, room: Json) -> None:
    await perform(api, space, "end_room")
    assert (await api.ok("GET", f"{space}/rooms"))["rooms"] == []
    assert (await api.ok("GET", f"{space}/rooms/{room['id']}"))["ended"] is True


async def test_a_recording_lives_its_life(api: Api, space: str, room: Json) -> None:
    begun = await perform(api, space, "start_recording", room="lobby")
    recording = begun["result"]
    assert begun["do"] == "start_recording"
    assert (recording["state"], recording["ended_at"]) == ("recording", None)
    for do, state in [("pause_recording", "paused"), ("resume_recording", "recording")]:
        await api.ok("POST", f"{space}/clock/advance", {"seconds": 2})
        told = await perform(api, space, do, recording=recording["id"])
        assert told["result"]["state"] == state
    await api.ok("POST", f"{space}/clock/advance", {"seconds": 1.5})
    ended = (await perform(api, space, "stop_recording"))["result"]
    assert (ended["state"], ended["duration"]) == ("completed", 3.5)
    where = f"{space}/rooms/lobby/recordings"
    assert await api.ok("GET", where) == {"recordings": [ended]}
    assert await api.ok("GET", f"{where}/{ended['id']}") == ended


async def test_people_come_and_go(api: Api, space: str, room: Json) -> None:
    carl = (await perform(api, space, "join", name="Carl"))["result"]
    assert carl["name"] == "Carl"
    left = (await perform(api, space, "leave", name="Ann"))["result"]
    assert [member["name"] for member in left["members"]] == ["Bob", "Carl"]


async def test_an_action_on_the_whole_space_has_no_result(
    api: Api, space: str, connect: Connect
) -> None:
    client = await connect()
    assert await perform(api, space, "drop_connections") == {
        "do": "drop_connections",
        "result": None,
    }
    assert await client.socket.close_code() == ABNORMAL


async def test_clients_have_been_told_when_it_is_answered(
    api: Api, space: str, connect: Connect
) -> None:
    client = await connect()
    await client.subscribe("video.rooms", "video.room.started")
    await api.ok("POST", f"{space}/rooms", {}, 201)
    assert (await client.receive())["params"]["event_type"] == "video.room.started"


@pytest.mark.parametrize("verb", shapes.actions())
async def test_every_action_is_offered(api: Api, space: str, verb: str) -> None:
    """With nobody there it is done, or refused for that reason, or its arguments are missing."""
    reply = await api.post(f"{space}/actions", {"do": verb})
    schema = schemas.load(f"actions/{verb}")
    if schema.get("required"):
        assert reply.paths() == [f"$.{name}" for name in sorted(schema["required"])]
    elif schema["x-concerns"] == "space":
        assert reply.json == {"do": verb, "result": None}
    else:
        assert "which room" in reply.problem(404)["detail"]


async def test_what_the_state_does_not_allow_is_a_conflict(
    api: Api, space: str, room: Json
) -> None:
    await perform(api, space, "start_recording")
    reply = await api.post(f"{space}/actions", {"do": "resume_recording"})
    assert "allowed now: pause, stop" in reply.problem(409)["detail"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/spaces/her", 'did you mean "here"'),
        ("/spaces/here/rooms/loby", "lobby"),
        ("/spaces/here/rooms/loby/recordings", "lobby"),
        ("/spaces/here/rooms/lobby/recordings/x", "there is: none"),
        ("/spaces/here/rooms/lobby/playbacks/x", "there is: none"),
        ("/spaces/here/rooms/lobby/streams/x", "there is: none"),
    ],
)
async def test_what_is_not_there_is_told_with_what_is(
    path: str, words: str, api: Api, room: Json
) -> None:
    assert words in (await api.get(path)).problem(404)["detail"]


async def test_a_latency_finer_than_the_clock_is_refused(api: Api, space: str) -> None:
    reply = await api.post(f"{space}/actions", {"do": "set_latency", "latency": 1e-9})
    assert "microsecond" in reply.problem(422)["detail"]


@pytest.mark.parametrize(("kind", "first"), [("playback", "playing"), ("stream", "streaming")])
async def test_what_is_played_and_streamed_is_listed_and_got(
    kind: str, first: str, api: Api, space: str, room: Json
) -> None:
    url = f"{space}/rooms/lobby/{kind}s"
    assert await api.ok("GET", url) == {f"{kind}s": []}
    for action in (f"start_{kind}", f"stop_{kind}", f"start_{kind}"):
        arguments = {"url": "rtmp://example.com/live"} if action.startswith("start") else {}
        await api.ok("POST", f"{space}/actions", {"do": action, "room": "lobby", **arguments})
    listed = (await api.ok("GET", url))[f"{kind}s"]
    assert [each["state"] for each in listed] == ["completed", first]
    for each in listed:
        assert (await api.ok("GET", f"{url}/{each['id']}"))["id"] == each["id"]
    missing = (await api.get(f"{url}/x")).problem(404)["detail"]
    assert f'no {kind} "x" in room lobby; there is: {listed[0]["id"]}' in missing
