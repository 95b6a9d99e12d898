"""Who is served, of which space, and what the paths are."""

from __future__ import annotations

import base64
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from client_stub import SignalWire
from mockserver import MockServer
from mockserver.control.arguments import ArgumentError
from mockserver.harness.handles import SpaceHandle
from mockserver.server import Server, Settings

from .conftest import Reply, Rest


async def asked(rest: Rest, path: str, **headers: str) -> Reply:
    """GET with these headers and no others."""
    async with rest.http.get(rest.host + path, headers=headers) as response:
        return Reply(response, await response.read())


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer abc",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"no-colon").decode(),
        "Basic " + base64.b64encode(b":token").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:token").decode(),
    ],
)
async def test_credentials_have_to_be_basic(header: str, rest: Rest) -> None:
    (await asked(rest, "/api/video/rooms", Authorization=header)).refused(401)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/video/nothing"),
        ("GET", "/api"),
        ("POST", "/api/video/room_recordings"),
        ("PATCH", "/api/video/rooms"),
        ("GET", "/api/relay/rest/recordings"),
    ],
)
async def test_what_is_not_in_the_table_is_not_found(method: str, path: str, rest: Rest) -> None:
    reply = await rest.ask(method, path)
    assert reply.status == 404


async def test_a_path_may_end_with_a_slash_and_hold_escapes(mock: SpaceHandle, rest: Rest) -> None:
    await mock.start_room("a b")
    assert (await rest.get("rooms/"))["data"][0]["name"] == "a b"
    assert (await rest.get("rooms/a%20b"))["name"] == "a b"


async def test_a_room_is_changed_by_its_id_alone(mock: SpaceHandle, rest: Rest) -> None:
    room = await mock.start_room("lobby")
    (await rest.ask("PUT", "rooms/lobby", {"max_members": 2})).refused(404)
    (await rest.ask("DELETE", "rooms/lobby")).refused(404)
    assert (await rest.get(f"rooms/{room.room_id.upper()}"))["name"] == "lobby"


async def test_a_space_may_be_called_as_a_part_of_the_path(server: MockServer) -> None:
    space = server.space("api")
    await space.start_room("lobby")
    async with aiohttp.ClientSession() as http:
        reply = await Rest(space, http).ask("GET", "/space/api/api/video/rooms")
    assert [each["name"] for each in reply.json["data"]] == ["lobby"]
    space.end_space()


async def test_only_the_given_credentials_are_taken() -> None:
    server = Server(Settings(port=0, space={"scenario": "none"}, credentials={"mine": "right"}))
    await server.start()
    async with aiohttp.ClientSession() as http:
        rest = Rest(SimpleNamespace(http_url=server.http_url, project="mine"), http)
        (await rest.ask("GET", "rooms", who=("mine", "wrong"))).refused(401)
        (await rest.ask("GET", "rooms", who=("other", "right"))).refused(401)
        assert (await rest.ask("GET", "rooms", who=("mine", "right"))).status == 200
    await server.stop()
    assert server.bugs == []


async def test_spaces_see_nothing_of_each_other(
    server: MockServer, mock: SpaceHandle, rest: Rest
) -> None:
    await mock.start_room("lobby")
    other = server.space(f"{mock.project}-other")
    assert await Rest(other, rest.http).all("room_sessions") == []
    assert len(await rest.all("room_sessions")) == 1
    path = f"/space/{mock.project}/api/video/room_sessions"
    reply = await rest.ask("GET", path, who=("anybody", "any"))
    assert len(reply.json["data"]) == 1
    assert reply.json["links"]["self"].startswith(f"{mock.rest_url}/api/video/room_sessions?")
    other.end_space()


async def test_the_control_api_says_where_it_is(mock: SpaceHandle, rest: Rest) -> None:
    async with rest.http.get(f"{rest.host}/__mock__/spaces/{mock.project}") as response:
        told = await response.json()
    assert told["rest_url"] == mock.rest_url
    (await rest.fetch(f"{told['rest_url']}/api/video/rooms")).refused(401)


async def test_asking_makes_a_space_which_the_client_finds_as_it_is() -> None:
    async with (
        MockServer(scenario="none", clock="manual") as mock,
        aiohttp.ClientSession() as http,
    ):
        rest = Rest(mock, http)
        who = ("app", "scenario:record-on-start")
        made = await rest.ask("POST", "rooms", {"name": "mine"}, who=who)
        async with await SignalWire(host=mock.url.partition("/space")[0], project="app", token="x"):
            found = await rest.ask("GET", "rooms/mine", who=who)
            assert found.json["id"] == made.json["id"]


async def test_looking_at_what_was_played_starts_nothing(mock: SpaceHandle, rest: Rest) -> None:
    room = await mock.start_room("lobby")
    client = await SignalWire(host=mock.url, project=mock.project, token=mock.token)
    await client.close()
    assert (await rest.get(f"room_sessions/{room.id}"))["status"] == "in-progress"


async def test_a_page_of_another_site_is_not_served(rest: Rest) -> None:
    basic = "Basic " + base64.b64encode(b"p:t").decode()
    reply = await asked(
        rest, "/api/video/rooms", Authorization=basic, Origin="https://evil.example"
    )
    reply.refused(403)


BASIC = "Basic " + base64.b64encode(b"p:t").decode()


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_nor_is_one_that_says_of_itself_only_that_it_is_another(
    site: str, rest: Rest
) -> None:
    headers = {"Authorization": BASIC, "Sec-Fetch-Site": site}
    (await asked(rest, "/api/video/rooms", **headers)).refused(403)
    own = {"Authorization": BASIC, "Origin": "http://localhost:3000", "Sec-Fetch-Site": site}
    assert (await asked(rest, "/api/video/rooms", **own)).status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8787", "192.0.2.1", ""])
@pytest.mark.parametrize("path", ["/api/video/rooms", "/media/p/x.mp4?expires=1&signature=x"])
async def test_a_name_that_was_made_to_point_here_is_of_no_use(
    path: str, host: str, rest: Rest, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a page's GET to its own name nothing tells but the name."""
    (await asked(rest, path, Authorization=BASIC, Host=host)).refused(403)
    assert f'this server is not known as "{host}"' in caplog.text


async def test_bound_to_every_address_it_has_any_name() -> None:
    """What docs/SECURITY.md says is not promised."""
    server = MockServer(host="0.0.0.0", scenario="none")
    await server.start()
    try:
        async with aiohttp.ClientSession() as http:
            rest = Rest(server, http)
            reply = await asked(rest, "/api/video/rooms", Authorization=BASIC, Host="mock")
            assert reply.status == 200
    finally:
        await server.stop()


async def test_a_page_of_any_site_may_follow_a_link(mock: SpaceHandle, rest: Rest) -> None:
    room = await mock.start_room("lobby")
    recording = await room.start_recording()
    await room.stop_recording()
    link = (await rest.get(f"room_recordings/{recording.id}"))["uri"]
    reply = await rest.fetch(link, **{"Sec-Fetch-Site": "cross-site"})
    assert reply.status == 200


async def test_a_bug_is_an_error_of_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from mockserver.rest import views

    def broken(*_: Any, **__: Any) -> Any:
        return {"id": "no uuid"}

    server = MockServer(scenario="none", clock="manual")
    await server.start()
    async with aiohttp.ClientSession() as http:
        rest = Rest(server, http)
        await server.start_room("lobby")
        with monkeypatch.context() as patched:
            patched.setattr(views, "room", broken)
            (await rest.ask("GET", "rooms/lobby")).refused(500)
        assert (await rest.ask("GET", "rooms/lobby")).status == 200
        async with http.get(f"{rest.host}/__mock__/health") as response:
            health = await response.json()
    await server.stop()
    assert (health["status"], health["bugs"]) == ("faulty", 1)


async def test_unknown_ids_are_answered_with_an_example_when_a_scenario_says_so(rest: Rest) -> None:
    text = "scenario: lenient\nabout: Unknown ids are fine.\nrest: synthesise\n"
    answer = await rest.http.post(
        f"{rest.host}/__mock__/spaces",
        json={"name": "lenient", "scenario_yaml": text, "clock": "manual"},
    )
    assert answer.status == 201
    who = ("lenient", "any")
    for path in ("room_recordings/rec-xyz", "streams/test-id", "rooms/room-1", "logs/log-1"):
        reply = await rest.ask("GET", path, who=who)
        assert reply.status == 200, path
    reply = await rest.ask("GET", "room_sessions/test-id/members", who=who)
    assert len(reply.json["data"]) == 1
    assert (await rest.ask("DELETE", "rooms/room-1", who=who)).status == 204
    reply = await rest.ask("PUT", "rooms/room-1", {"max_members": 0}, who=who)
    assert reply.attributes() == ["max_members"]
    assert (await rest.ask("GET", "nothing", who=who)).status == 404


async def test_a_tester_sees_what_was_asked_and_how_it_was_answered(
    mock: SpaceHandle, rest: Rest
) -> None:
    await rest.post("room_tokens", {"room_name": "lobby", "meta": {"api_key": "k"}})
    await mock.advance(2)
    await rest.ask("GET", "rooms", page_size=0)
    await rest.ask("PATCH", "ro%6Fms/x", data=b"\xff")
    async with rest.http.get(f"{rest.host}/api/video/rooms") as refused:
        assert refused.status == 401
    seen = mock.rest_requests()
    assert [(each.method, each.path, each.operation, each.status) for each in seen] == [
        ("POST", "/api/video/room_tokens", "create_room_token", 200),
        ("GET", "/api/video/rooms", "list_rooms", 422),
        ("PATCH", "/api/video/rooms/x", None, 404),
    ]
    assert [each.body for each in seen] == [
        {"room_name": "lobby", "meta": {"api_key": "***"}},
        None,
        "\ufffd",
    ]
    assert [each.query for each in seen] == [{}, {"page_size": ["0"]}, {}]
    assert seen[1].at - seen[0].at == 2
    assert mock.rest_requests("list_rooms") == [seen[1]]
    url = f"{rest.host}/__mock__/spaces/{mock.project}/rest_requests"
    async with rest.http.get(url, params={"operation": "list_rooms"}) as response:
        [told] = (await response.json())["requests"]
    assert told == asdict(seen[1])
    with pytest.raises(ArgumentError, match="did you mean"):
        mock.rest_requests("create_roomtoken")


async def test_a_planned_answer_is_seen_and_so_is_a_space_in_the_url(
    mock: SpaceHandle, rest: Rest
) -> None:
    mock.answer_rest_next("list_rooms", 503)
    reply = await rest.ask("GET", f"/space/{mock.project}/api/video/rooms", who=("other", "any"))
    assert reply.status == 503
    [seen] = mock.rest_requests()
    assert (seen.path, seen.status) == ("/api/video/rooms", 503)
