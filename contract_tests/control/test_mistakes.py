"""What clients and testers get wrong is answered, changes nothing, and is no bug of the mock."""

from __future__ import annotations

import asyncio
import gzip
import logging
from typing import Any

import pytest

from contract_tests.shared.patience import PATIENCE_S
from mockserver.control.errors import ControlError
from mockserver.engine import Video

from .conftest import Api, Connect

BASIC = {"Authorization": "Basic YW55OmFueQ==", "Content-Type": "application/json"}
JUNK = [
    ("/__mock__/spaces", {"Content-Type": "application/json"}),
    ("/api/video/rooms", BASIC),
]

BEYOND = [10**12 + 1, 2**53, 2**63, 2**64, 10**40, 1e300]
"""Positions of which the longest cannot be encoded."""

SEEKS = [
    ("video.playback.seek_absolute", {"playback_id": "", "position": 0}, "position"),
    ("video.playback.seek_relative", {"playback_id": "", "position": 0}, "position"),
    ("video.playback.start", {"url": "rtmp://a/b"}, "seek_position"),
]


@pytest.mark.parametrize(("method", "params", "place"), SEEKS, ids=[each[0] for each in SEEKS])
async def test_a_position_beyond_all_is_refused_and_the_room_stays(
    method: str, params: dict[str, Any], place: str, api: Api, space: str, connect: Connect
) -> None:
    room = await api.ok("POST", f"{space}/rooms", {}, 201)
    client = await connect()
    here = {"room_session_id": room["id"]}
    started = await client.result("video.playback.start", **here, url="rtmp://a/b")
    params = params | here
    if "playback_id" in params:
        params["playback_id"] = started["playback"]["id"]
    before = await client.result("video.rooms.get")
    for number in BEYOND:
        error = await client.error(method, **(params | {place: number}))
        assert error["code"] == -32602
        assert f"$.params.{place}" in error["message"]
    assert await client.result("video.rooms.get") == before


async def test_seeking_on_and_on_stays_within_what_can_be_sent(
    api: Api, space: str, connect: Connect
) -> None:
    room = await api.ok("POST", f"{space}/rooms", {}, 201)
    client = await connect()
    here = {"room_session_id": room["id"]}
    started = await client.result("video.playback.start", **here, url="rtmp://a/b")
    there = here | {"playback_id": started["playback"]["id"]}
    for _ in range(3):
        await client.result("video.playback.seek_relative", **there, position=10**12)
    [shown] = (await client.result("video.playback.list", **here))["playbacks"]
    assert shown["position"] == 10**12


@pytest.mark.parametrize("url", ["http://[", "http://]x", "rtmp://[::1", "http://a\x00b", "x"])
async def test_any_text_is_an_url(url: str, api: Api, space: str, connect: Connect) -> None:
    """What is played from it nobody looks at; the real service's rules are not known."""
    room = await api.ok("POST", f"{space}/rooms", {}, 201)
    client = await connect()
    here = {"room_session_id": room["id"]}
    assert (await client.result("video.playback.start", **here, url=url))["code"] == "200"
    assert (await client.result("video.stream.start", **here, url=url))["code"] == "200"


async def test_an_audience_beyond_all_is_refused(api: Api, space: str) -> None:
    await api.ok("POST", f"{space}/rooms", {"name": "lobby"}, 201)
    for count in BEYOND:
        wish = {"do": "set_audience", "count": count, "room": "lobby"}
        assert (await api.post(f"{space}/actions", wish)).paths() == ["$.count"]
    [room] = (await api.ok("GET", f"{space}/rooms"))["rooms"]
    assert room["audience"] == 0


@pytest.mark.parametrize(("path", "headers"), JUNK)
async def test_a_body_that_is_not_compressed_as_it_says_is_a_400(
    path: str, headers: dict[str, str], api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    url = api.server.http_url + path
    headers = {**headers, "Content-Encoding": "gzip"}
    async with api.http.post(url, data=b"junk", headers=headers) as response:
        assert response.status == 400
        assert await response.json(content_type=None)
    # The connection ends with it; another one is as good as ever.
    assert (await api.get("/health")).status == 200
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(("path", "headers"), JUNK)
async def test_a_body_that_grows_beyond_all_when_it_is_decompressed_is_refused(
    path: str, headers: dict[str, str], api: Api
) -> None:
    url = api.server.http_url + path
    headers = {**headers, "Content-Encoding": "gzip"}
    bomb = gzip.compress(b" " * 50_000_000)
    async with api.http.post(url, data=bomb, headers=headers) as response:
        assert response.status in (400, 413)


PLACES = ["/__mock__/health", "/api/video/rooms", "/space/x/api/video/rooms", "/media/x/y.mp4"]
HANDSHAKE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
)
HEADERS = [
    b"Origin: http://\xff\xfe",
    b"Authorization: Basic \xff",
    b"Authorization: Bearer \xff",
    b"X-Of-Its-Own: \xff",
]


async def status(api: Api, head: bytes) -> int:
    """The status that is answered to a request, byte by byte of one's own."""
    host, _, port = api.server.http_url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head)
    line = await asyncio.wait_for(reader.readline(), PATIENCE_S)
    writer.close()
    await writer.wait_closed()
    return int(line.split()[1])


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("path", [*PLACES, "/"])
async def test_a_header_that_is_no_text_is_a_400(
    path: str, header: bytes, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    more = HANDSHAKE.encode() + b"\r\n" if path == "/" else b""
    head = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%s\r\n\r\n" % (path.encode(), more, header)
    assert await status(api, head) == 400
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "//", "http://a b", "é"])
@pytest.mark.parametrize("path", [*PLACES, "/"])
async def test_an_origin_that_is_none_is_a_foreign_one(path: str, origin: str, api: Api) -> None:
    more = f"{HANDSHAKE}\r\n" if path == "/" else ""
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}Origin: {origin}\r\n\r\n"
    assert await status(api, head.encode()) == 403


async def test_credentials_that_are_no_base64_are_wrong_ones(api: Api) -> None:
    for given in ("é", "=", "YQ", "////"):
        head = f"GET /api/video/rooms HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {given}"
        assert await status(api, f"{head}\r\n\r\n".encode()) == 401


async def test_what_cannot_be_sent_is_refused_before_anything_changes(api: Api, space: str) -> None:
    """The Python handles take values that no request over HTTP could bring."""
    await api.ok("POST", f"{space}/rooms", {"name": "lobby"}, 201)
    control = api.server.spaces.control("here")
    [room] = Video.of(control.space).rooms.values()
    before = room.as_wire(0, full=True)
    for value in (2**70, "\ud800", object(), {1}):
        with pytest.raises(ControlError, match="cannot be sent"):
            await control.perform("set_meta", "lobby", meta={"x": value})
        with pytest.raises(ControlError, match="cannot be sent"):
            await control.push({"jsonrpc": "2.0", "id": "x", "x": value}, valid=False)
    with pytest.raises(ControlError, match="cannot be sent"):
        await control.video.start_room("\ud800")
    assert room.as_wire(0, full=True) == before
    assert len(Video.of(control.space).rooms) == 1
