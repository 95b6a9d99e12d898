"""Tokens of POST /room_tokens: what they say, whom they let in, and what they allow."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import jsonschema_rs
import jwt
import pytest

from contract_tests.shared.patience import PATIENCE_S
from mockserver import schemas
from mockserver.harness.handles import SpaceHandle
from mockserver.protocol import frames
from mockserver.protocol.errors import Refusal

from .conftest import UNKNOWN, Json, Rest


class Browser:
    """A client that has nothing but a token."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.calls = 0

    async def call(self, method: str, **params: Any) -> Json:
        """The answer to a call; events before it are passed over."""
        self.calls += 1
        await self.socket.send_json(frames.call(f"c{self.calls}", method, params))
        while True:
            frame = await self.socket.receive_json(timeout=PATIENCE_S)
            if frame.get("id") == f"c{self.calls}":
                return frame


Open = Callable[..., Awaitable[tuple[Browser, Json]]]


@pytest.fixture
async def opened(mock: SpaceHandle, rest: Rest) -> AsyncIterator[Open]:
    """Connects with a token, at the root unless told otherwise; gives the answer, too."""
    sockets: list[aiohttp.ClientWebSocketResponse] = []

    async def opened(token: str, url: str = rest.host) -> tuple[Browser, Json]:
        socket = await rest.http.ws_connect(url)
        sockets.append(socket)
        browser = Browser(socket)
        answer = await browser.call(
            "signalwire.connect",
            version={"major": 3, "minor": 0, "revision": 0},
            event_acks=False,
            authentication={"jwt_token": token},
        )
        return browser, answer

    yield opened
    for socket in sockets:
        await socket.close()


async def token_for(rest: Rest, **wish: Any) -> str:
    """A token for the room ``lobby``."""
    token: str = (await rest.post("room_tokens", {"room_name": "lobby", **wish}))["token"]
    return token


async def test_it_says_what_was_asked_for(rest: Rest) -> None:
    token = await token_for(
        rest,
        user_name="Ann",
        permissions=["room.recording"],
        join_from="2025-01-01T01:00:00Z",
        join_until="2025-01-02",
        remove_after_seconds_elapsed=900,
        meta={"vip": True},
    )
    header = jwt.get_unverified_header(token)
    assert (header["typ"], header["alg"]) == ("VRT", "HS512")
    assert header["ch"] == rest.host.replace("http", "ws") + "/"
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["r"], claims["u"], claims["s"]) == ("lobby", "Ann", ["room.recording"])
    assert (claims["sub"], claims["iat"]) == (rest.mock.project, 1_735_689_600)
    assert (claims["jf"], claims["ju"]) == (1_735_693_200, 1_735_776_000)
    assert (claims["rse"], claims["acr"], claims["ja"]) == (900, True, "member")
    assert claims["m"] == {"vip": True}


async def test_no_two_are_the_same(rest: Rest) -> None:
    assert await token_for(rest) != await token_for(rest)


async def test_it_connects_and_is_held_to_its_permissions(
    mock: SpaceHandle, rest: Rest, opened: Open
) -> None:
    room = await mock.start_room("lobby")
    browser, answer = await opened(await token_for(rest, permissions=["room.recording"]))
    assert "result" in answer
    assert answer["result"]["authorization"]["project"] == mock.project
    told = await browser.call("video.recording.start", room_session_id=room.id)
    assert told["result"]["code"] == "200"
    [recording] = await rest.all("room_recordings")
    assert recording["id"] == told["result"]["recording"]["id"]
    for method in ("video.lock", "video.stream.list"):
        refused = await browser.call(method, room_session_id=room.id)
        assert refused["result"]["code"] == "403", method
    assert (await rest.get(f"room_sessions/{room.id}"))["locked"] is False


async def test_it_is_for_its_room_alone(mock: SpaceHandle, rest: Rest, opened: Open) -> None:
    lobby, hall = await mock.start_room("lobby"), await mock.start_room("hall")
    browser, _ = await opened(await token_for(rest, permissions=["room.lock"]))
    told = await browser.call("video.lock", room_session_id=lobby.id)
    assert told["result"]["code"] == "200"
    for method in ("video.lock", "video.room.get", "video.members.get"):
        told = (await browser.call(method, room_session_id=hall.id))["result"]
        assert told["code"] == "403", method
        assert told["message"] == "the token is for the room lobby, not for hall"
    assert (await rest.get(f"room_sessions/{hall.id}"))["locked"] is False
    told = await browser.call("video.lock", room_session_id=UNKNOWN)
    assert told["result"]["code"] == "404"


@pytest.mark.parametrize(
    ("wish", "audio", "video"),
    [
        ({}, "both", "both"),
        ({"media_allowed": "video-only"}, "none", "both"),
        ({"media_allowed": "audio-only"}, "both", "none"),
        ({"join_as": "audience"}, "receive", "receive"),
    ],
)
async def test_the_answer_to_connect_says_what_it_allows(
    wish: dict[str, str], audio: str, video: str, mock: SpaceHandle, rest: Rest, opened: Open
) -> None:
    token = await token_for(rest, user_name="Ann", permissions=["room.lock"], **wish)
    _, answer = await opened(token)
    told = answer["result"]["authorization"]
    assert jsonschema_rs.Draft202012Validator(
        {"$ref": schemas.uri("objects/room_authorization")},
        registry=jsonschema_rs.Registry(list(schemas.registry_documents())),
    ).is_valid(told)
    assert (told["type"], told["user_name"]) == ("video", "Ann")
    assert (told["room"]["name"], told["join_as"]) == ("lobby", wish.get("join_as", "member"))
    assert told["room"]["scopes"] == ([] if "join_as" in wish else ["room.lock"])
    assert (told["audio_allowed"], told["video_allowed"]) == (audio, video)
    assert told["project"] == told["project_id"] == mock.project


async def test_the_usual_permissions_are_for_oneself_only(
    mock: SpaceHandle, rest: Rest, opened: Open
) -> None:
    room = await mock.start_room("lobby")
    browser, _ = await opened(await token_for(rest))
    told = await browser.call("video.recording.start", room_session_id=room.id)
    assert told["result"]["code"] == "403"
    assert await rest.all("room_recordings") == []


async def test_the_audience_is_allowed_nothing(rest: Rest) -> None:
    token = await token_for(rest, join_as="audience", permissions=["room.recording"])
    assert jwt.decode(token, options={"verify_signature": False})["s"] == []


async def test_it_can_be_changed_by_nobody(mock: SpaceHandle, rest: Rest, opened: Open) -> None:
    token = await token_for(rest)
    claims = jwt.decode(token, options={"verify_signature": False})
    forged = jwt.encode({**claims, "s": ["room.recording"]}, "x" * 64, "HS512")
    _, answer = await opened(forged)
    assert answer["error"]["code"] == -32002
    assert "not signed by the space" in answer["error"]["message"]
    unsigned = jwt.encode({**claims, "s": ["room.recording"]}, "", "none")
    _, answer = await opened(unsigned)
    assert answer["error"]["code"] == -32002


@pytest.mark.parametrize(
    "damaged",
    [
        lambda token: token.rpartition(".")[0],
        lambda token: token.partition(".")[0],
        lambda token: token[:-1],
        lambda token: token.replace(".", ".!", 1),
        lambda token: token + ".more",
        lambda token: f" {token}",
        lambda token: f'"{token}"',
        lambda token: f"Bearer {token}",
        lambda token: token[1:],
    ],
    ids=[
        "without signature",
        "header alone",
        "one letter less",
        "no payload",
        "more parts",
        "behind a space",
        "in quotes",
        "as in a header",
        "without its first letter",
    ],
)
async def test_one_that_is_damaged_is_refused(
    damaged: Callable[[str], str], rest: Rest, opened: Open
) -> None:
    _, answer = await opened(damaged(await token_for(rest)))
    assert answer["error"]["code"] == -32002


@pytest.mark.parametrize("text", ["any", "a.b.c", "fake-jwt-eyJ.AaBb.CcDd", "\u00fc.b.c"])
async def test_what_is_no_json_web_token_at_all_is_as_good_as_any(text: str, opened: Open) -> None:
    _, answer = await opened(text)
    assert "result" in answer


async def test_it_is_of_no_use_in_another_space(
    server: Any, mock: SpaceHandle, rest: Rest, opened: Open
) -> None:
    other = server.space(f"{mock.project}-other")
    _, answer = await opened(await token_for(rest), other.url)
    assert answer["error"]["code"] == -32002
    other.end_space()


async def test_a_space_that_is_not_there_has_no_tokens(opened: Open) -> None:
    token = jwt.encode({"sub": "nobody", "r": "lobby"}, "x" * 64, "HS512")
    _, answer = await opened(token)
    assert answer["error"]["code"] == -32002
    assert 'names the space "nobody"' in answer["error"]["message"]


async def test_it_expires_with_join_until(mock: SpaceHandle, rest: Rest, opened: Open) -> None:
    token = await token_for(rest, join_until="2025-01-02")
    await mock.advance(24 * 3600 - 1)
    _, answer = await opened(token)
    assert "result" in answer
    await mock.advance(1)
    _, answer = await opened(token)
    assert answer["error"]["code"] == -32002
    assert "expired" in answer["error"]["message"]


async def test_its_user_joins_and_is_removed_as_it_says(
    mock: SpaceHandle, rest: Rest, opened: Open
) -> None:
    room = await mock.start_room("lobby", members=["Ann"])
    wish = {"join_from": "2025-01-01T01:00:00Z", "remove_after_seconds_elapsed": 600}
    await opened(await token_for(rest, **wish))
    with pytest.raises(Refusal, match="Unauthorized"):
        await room.perform("join", name="Bob", session="s1")
    await mock.advance(3600)
    await room.perform("join", name="Bob", session="s1")
    await mock.advance(599)
    assert [each.name for each in room.members] == ["Ann", "Bob"]
    await mock.advance(1)
    assert [each.name for each in room.members] == ["Ann"]


@pytest.mark.parametrize("path", ["/api/chat/tokens", "/api/pubsub/tokens"])
async def test_tokens_for_channels_allow_no_calls_and_expire(
    path: str, mock: SpaceHandle, rest: Rest, opened: Open
) -> None:
    room = await mock.start_room("lobby")
    wish = {"ttl": 60, "channels": {"news": {"read": True}}, "member_id": "ann"}
    token = (await rest.post(path, wish))["token"]
    browser, _ = await opened(token)
    told = await browser.call("video.lock", room_session_id=room.id)
    assert told["result"]["code"] == "403"
    await mock.advance(3600)
    _, answer = await opened(token)
    assert "expired" in answer["error"]["message"]


async def test_a_room_named_by_its_url_has_tokens_of_its_own(
    mock: SpaceHandle, rest: Rest, opened: Open
) -> None:
    base = f"/space/{mock.project}"
    reply = await rest.ask(
        "POST", f"{base}/api/video/room_tokens", {"room_name": "lobby"}, who=("anybody", "x")
    )
    token = reply.json["token"]
    place = jwt.get_unverified_header(token)["ch"]
    assert place == rest.host.replace("http", "ws") + base + "/"
    _, answer = await opened(token, place)
    assert "result" in answer
    assert [each.project for each in mock.sessions] == ["anybody"]
