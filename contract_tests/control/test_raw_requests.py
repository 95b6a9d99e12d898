"""Requests that no HTTP library would send get a problem document, too; none is the mock's bug."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import NamedTuple

import pytest

from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.sockets import open_tcp

from .conftest import Api, Start

HOST = b"Host: localhost\r\n"
TYPE = b"Content-Type: application/json\r\n"
GET = b"GET /__mock__/health HTTP/1.1\r\n" + HOST
POST = b"POST /__mock__/spaces HTTP/1.1\r\n" + HOST + TYPE
LONG = b"a" * 9_000


class Raw(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


async def send(api: Api, data: bytes) -> Raw:
    """The first answer to these bytes."""
    reader, writer = await open_tcp(api.server.url)
    writer.write(data)
    try:
        async with asyncio.timeout(PATIENCE_S):
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").strip().split("\r\n")
            pairs = (line.partition(": ") for line in lines)
            headers = {name.lower(): value for name, _, value in pairs}
            body = await reader.readexactly(int(headers["content-length"]))
    finally:
        writer.close()
    return Raw(int(first.split()[1]), headers, body)


async def problem(api: Api, data: bytes, status: int) -> str:
    """The detail of the problem document that answers these bytes."""
    raw = await send(api, data)
    assert (raw.status, raw.headers["content-type"]) == (status, "application/problem+json"), raw
    assert raw.headers["cache-control"] == "no-store"
    told = json.loads(raw.body)
    assert (told["status"], bool(told["title"])) == (status, True)
    detail: str = told["detail"]
    return detail


def posted(headers: bytes, body: bytes) -> bytes:
    return POST + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body


UNREADABLE: list[tuple[bytes, int, str]] = [
    (b"GARBAGE\r\n\r\n", 400, "method"),
    (b"G@T /__mock__/health HTTP/1.1\r\n" + HOST + b"\r\n", 400, "method"),
    (b"GET /__mock__/health HTTP/3.0\r\n" + HOST + b"\r\n", 400, "version"),
    (b"GET /__mock__/spaces/a b HTTP/1.1\r\n" + HOST + b"\r\n", 400, "status line"),
    (b"GET /__mock__/" + LONG + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414, "request line"),
    (b"GET /__mock__/spaces/\xff HTTP/1.1\r\n" + HOST + b"\r\n", 400, "url"),
    (b"GET http://[::1/__mock__/health HTTP/1.1\r\n" + HOST + b"\r\n", 400, "URL"),
    (b"GET http://localhost:99999/__mock__/ HTTP/1.1\r\n" + HOST + b"\r\n", 400, "URL"),
    (b"GET /__mock__/health HTTP/1.1\r\n\r\n", 400, "Host"),
    (GET + b"Host: other\r\n\r\n", 400, "Host"),
    (GET + b"X: " + LONG + b"\r\n\r\n", 431, "header field"),
    (GET + b"".join(b"X%d: y\r\n" % n for n in range(200)) + b"\r\n", 400, "headers"),
    (GET + b"no colon\r\n\r\n", 400, "no colon"),
    (GET + b"X: a\x00b\r\n\r\n", 400, "header value"),
    (GET + b"X: a\r\n folded\r\n\r\n", 400, "whitespace"),
    (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400, "Content-Length"),
    (POST + b"Content-Length: two\r\n\r\n{}", 400, "Content-Length"),
    (POST + b"Content-Length: -2\r\n\r\n{}", 400, "Content-Length"),
    (POST + b"Content-Length: 1\r\n\r\n{}", 400, "Content-Length is too small"),
    (POST + b"Content-Length: 99999999999\r\n\r\n{}", 413, "1048576"),
    (POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400, "Content-Length"),
    (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", 400, "chunk"),
    (POST + b"Transfer-Encoding: zip\r\n\r\n{}", 400, "Transfer-Encoding"),
    (posted(b"Content-Encoding: gzip\r\n", b"0123456789"), 400, "gzip"),
    (posted(b"Content-Encoding: deflate\r\n", b"0123456789"), 400, "deflate"),
    (posted(b"Expect: wonders\r\n", b"{}"), 417, "wonders"),
]


@pytest.mark.parametrize(("data", "status", "words"), UNREADABLE, ids=[str(n) for n in range(26)])
async def test_what_cannot_be_read_is_a_problem(
    data: bytes, status: int, words: str, api: Api
) -> None:
    detail = await problem(api, data, status)
    assert words in detail
    assert "\n" not in detail
    assert (await api.ok("GET", "/health"))["status"] == "ok"


ODD: list[tuple[bytes, int, str]] = [
    (b"GET /__mock__/health HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n", 400, "Host is not UTF-8"),
    (b"GET /__mock__/health HTTP/1.1\r\nHost: [::\r\n\r\n", 403, "[::"),
    (b"GET /__mock__/health HTTP/1.1\r\nHost: localhost:port\r\n\r\n", 403, "localhost:port"),
    (b"GET /__mock__/health HTTP/1.0\r\n\r\n", 403, "not known"),
    (GET + b"Origin: \xff\r\n\r\n", 400, "Origin is not UTF-8"),
    (GET + b"Origin: http://[\r\n\r\n", 403, "http://["),
    (GET + b"Origin: null\r\n\r\n", 403, "null"),
    (POST.replace(b"application/json", b"\xff") + b"Content-Length: 2\r\n\r\n{}", 400, "not UTF-8"),
    (POST.replace(b"application/json", b"a/;;=") + b"Content-Length: 2\r\n\r\n{}", 415, "JSON"),
    (b"GET /__mock__/spaces/a%0d%0ab HTTP/1.1\r\n" + HOST + b"\r\n", 404, "a\\r\\nb"),
    (b"GET /__mock__/a%0ab HTTP/1.1\r\n" + HOST + b"\r\n", 404, "a\\nb"),
    (b"GET /__mock__/spaces/%00 HTTP/1.1\r\n" + HOST + b"\r\n", 404, "no space"),
    (b"GET /__mock__/spaces/%ff HTTP/1.1\r\n" + HOST + b"\r\n", 404, "%ff"),
    (b"GET /__mock__/journal?project=%ff HTTP/1.1\r\n" + HOST + b"\r\n", 404, "no space"),
    (posted(b"", b'{"name": "a\\r\\nb"}'), 422, "$.name"),
    (posted(b"", b'{"name": "\\ud800"}'), 400, "surrogate"),
    (posted(b"", b'{"name": "\xff"}'), 400, "not JSON"),
]


@pytest.mark.parametrize(("data", "status", "words"), ODD, ids=[str(n) for n in range(17)])
async def test_what_is_odd_is_a_problem(data: bytes, status: int, words: str, api: Api) -> None:
    assert words in ascii(await problem(api, data, status))
    assert (await api.ok("GET", "/health"))["status"] == "ok"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"Authorization: Basic \xff\r\n", 400),
        (b"Authorization: Basic YW55OmFueQ\r\n", 401),
        (b"Origin: \xff\r\n", 400),
    ],
)
async def test_odd_headers_are_no_bug_of_the_rest_api(
    headers: bytes, status: int, api: Api
) -> None:
    head = b"GET /api/video/rooms HTTP/1.1\r\n" + HOST
    raw = await send(api, head + headers + b"\r\n")
    assert (raw.status, raw.headers["content-type"].split(";")[0]) == (status, "application/json")


@pytest.mark.parametrize("path", ["/space/%7Ba%7D", "/space/a%0Ab"])
async def test_a_space_may_have_any_address(path: str, api: Api) -> None:
    head = f"GET {path} HTTP/1.1\r\n".encode() + HOST + b"\r\n"
    assert (await send(api, head)).status == 200


async def test_a_last_event_id_of_odd_bytes_is_a_problem(api: Api, space: str) -> None:
    head = b"GET /__mock__/spaces/here/trace/follow HTTP/1.1\r\n" + HOST
    assert "Last-Event-ID" in await problem(api, head + b"Last-Event-ID: \xff\r\n\r\n", 400)


BODIES = {
    "half": (b"Content-Length: 20\r\n\r\n{}", "the 20 bytes"),
    "none": (b"Content-Length: 20\r\n\r\n", "the 20 bytes"),
    "chunks": (b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "chunks"),
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("path", ["spaces", "violations"])
async def test_a_body_that_does_not_come_is_not_waited_for_for_ever(
    path: str, body: str, start: Start
) -> None:
    api = await start(body_timeout_s=0.01)
    head, (data, told) = POST.replace(b"/spaces ", b"/%s " % path.encode()), BODIES[body]
    if path == "violations":
        head = head.replace(b"application/json", b"application/jsonl")
    raw = await send(api, head + data)
    assert (raw.status, raw.headers["connection"]) == (408, "close")
    assert told in json.loads(raw.body)["detail"]


@pytest.mark.parametrize("body", BODIES)
async def test_nor_is_one_for_the_rest_api(body: str, start: Start) -> None:
    api = await start(body_timeout_s=0.01)
    head = b"POST /api/video/rooms HTTP/1.1\r\nAuthorization: Basic YW55OmFueQ==\r\n" + HOST
    raw = await send(api, head + BODIES[body][0])
    assert (raw.status, raw.headers["connection"]) == (408, "close")
    assert json.loads(raw.body) == {"error": "Request Timeout"}


@pytest.mark.parametrize(
    "data", [b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\n" + HOST, b"\r\n"]
)
async def test_a_head_that_does_not_end_is_not_waited_for_for_ever(
    data: bytes, start: Start
) -> None:
    api = await start(connect_timeout_s=0.05)
    raw = await send(api, data)
    assert (raw.status, raw.headers["connection"]) == (408, "close")
    assert b"only a part of the head" in raw.body
    ((told, times),) = api.server.strangers
    assert told.encode() in raw.body
    assert times == 1


async def test_who_has_asked_once_may_be_silent_afterwards(start: Start) -> None:
    api = await start(connect_timeout_s=0.3)
    reader, writer = await open_tcp(api.server.url)
    request = b"GET /__mock__/health HTTP/1.1\r\n" + HOST + b"\r\n"
    async with asyncio.timeout(PATIENCE_S):
        writer.write(request)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        late, of_late = await open_tcp(api.server.url)
        # The other connection was made later, and is cut.
        assert await late.read() == b""
        writer.write(request)
        head = await reader.readuntil(b"HTTP/1.1 200 ")
        assert b"408" not in head
    for each in (writer, of_late):
        each.close()


async def test_a_client_that_waits_before_its_body_is_told_to_go_on(api: Api) -> None:
    reader, writer = await open_tcp(api.server.url)
    writer.write(POST + b"Expect: 100-Continue\r\nContent-Length: 13\r\n\r\n")
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b'{"name": "a"}')
        assert (await reader.readline()).startswith(b"HTTP/1.1 201 ")
    writer.close()


async def test_a_client_that_breaks_off_is_not_logged_as_a_fault(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    api = await start()
    with caplog.at_level(logging.INFO):
        reader, writer = await open_tcp(api.server.url)
        writer.write(POST + b"Content-Length: 20\r\n\r\n{}")
        writer.write_eof()
        async with asyncio.timeout(PATIENCE_S):
            assert await reader.read() == b""
        writer.close()
        await problem(api, posted(b"Content-Encoding: gzip\r\n", b"0123456789"), 400)
    # asyncio logs what it finds of other tests when memory is freed.
    logged = [each for each in caplog.records if each.name.startswith(("mockserver", "aiohttp"))]
    assert [each for each in logged if each.levelno >= logging.WARNING] == []


async def test_what_could_not_be_read_is_logged_without_its_bytes(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        await problem(api, GET + b"Authorization Bearer secret\r\n\r\n", 400)
    [record] = caplog.records
    assert "refused with 400" in record.getMessage()
    assert "secret" not in record.getMessage()
