"""No page of another origin gets in, and beyond loopback nobody without the token."""

from __future__ import annotations

import aiohttp
import pytest

from mockserver.server.http import Guard
from mockserver.server.http.guard import is_loopback
from mockserver.server.http.table import ENDPOINTS

from .conftest import Api, Start

LOOPBACK = ["127.0.0.1", "127.1.2.3:80", "localhost", "LOCALHOST:8787", "[::1]", "[::1]:8787"]
FOREIGN = [
    "evil.example",
    "evil.example:8787",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "192.168.1.5:8787",
    "0.0.0.0:8787",
    "[::2]:8787",
    "evil.example@127.0.0.1",
    "127.0.0.1, evil.example",
    "",
]


@pytest.mark.parametrize("host", LOOPBACK)
async def test_loopback_is_asked_for_by_its_names(host: str, api: Api) -> None:
    reply = await api.ask("GET", "/spaces", headers={"Host": host})
    assert reply.status == 200


@pytest.mark.parametrize("host", FOREIGN)
async def test_a_name_that_was_bound_to_loopback_is_refused(host: str, api: Api) -> None:
    reply = await api.ask("GET", "/spaces", headers={"Host": host})
    assert "localhost" in reply.problem(403)["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "https://127.0.0.1"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("row", ENDPOINTS, ids=lambda row: row.operation)
async def test_a_page_of_another_origin_is_refused(
    row: object, headers: dict[str, str], api: Api, space: str
) -> None:
    names = dict.fromkeys(
        ("recording", "playback", "stream", "answer", "fault", "version", "file"), "x"
    )
    path = row.path.format(space="here", room="lobby", kind="objects", name="member", **names)  # type: ignore[attr-defined]
    reply = await api.ask(row.method, path, headers=headers)  # type: ignore[attr-defined]
    assert "no page of another origin" in reply.problem(403)["detail"]
    assert [each["name"] for each in (await api.ok("GET", "/spaces"))["spaces"]] == ["here"]


async def test_a_page_of_the_servers_own_is_let_in(api: Api) -> None:
    headers = {"Origin": api.server.http_url, "Sec-Fetch-Site": "same-origin"}
    assert (await api.ask("GET", "/spaces", headers=headers)).status == 200
    assert (await api.ask("GET", "/spaces", headers={"Sec-Fetch-Site": "none"})).status == 200


async def test_asking_first_is_of_no_use(api: Api) -> None:
    headers = {
        "Origin": "http://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    (await api.ask("OPTIONS", "/spaces", headers=headers)).problem(403)


@pytest.mark.parametrize("path", ["/health", "/spaces", "/nothing", "/spaces/x/trace/follow"])
@pytest.mark.parametrize("origin", [None, "http://evil.example"])
async def test_no_answer_lets_another_origin_read_it(
    path: str, origin: str | None, api: Api
) -> None:
    reply = await api.ask("GET", path, headers={"Origin": origin} if origin else {})
    assert not [name for name in reply.headers if name.lower().startswith("access-control")]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert reply.headers["Cache-Control"] == "no-store"


async def bearer(api: Api, token: str | None, path: str = "/health") -> int:
    headers = {} if token is None else {"Authorization": token}
    reply = await api.ask("GET", path, headers=headers)
    if reply.status != 200:
        reply.problem(reply.status)
        assert reply.headers["WWW-Authenticate"] == "Bearer"
    return reply.status


@pytest.mark.parametrize("path", ["/health", "/journal", "/spaces", "/openapi.json"])
async def test_a_token_is_needed_where_one_was_given(path: str, start: Start) -> None:
    api = await start(control_token="söcret")
    for wrong in (None, "söcret", "Bearer", "Bearer ", "Bearer x", "Basic söcret"):
        assert await bearer(api, wrong, path) == 401
    assert await bearer(api, "Bearer söcret", path) == 200
    assert await bearer(api, "bearer söcret", path) == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.5", "mock.example"])
def test_beyond_loopback_there_is_always_a_token(host: str) -> None:
    token = Guard(host, None).token
    assert token is not None
    assert len(token) >= 32
    assert Guard(host, None).token != token
    assert Guard(host, "mine").token == "mine"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_on_loopback_there_is_a_token_only_when_it_was_given(host: str) -> None:
    assert Guard(host, None).token is None
    assert Guard(host, "mine").token == "mine"


async def test_bound_to_every_address_the_token_guards(start: Start) -> None:
    api = await start()
    api.server.guard = Guard("0.0.0.0", None)
    url = f"{api.server.http_url}/__mock__/health"
    right = {"Authorization": f"Bearer {api.server.guard.token}"}
    for headers, status in [
        ({}, 401),
        (right, 200),
        ({**right, "Host": "mock:8787"}, 200),
        ({**right, "Origin": "http://evil.example"}, 403),
    ]:
        async with api.http.get(url, headers=headers) as response:
            assert response.status == status, headers


@pytest.mark.parametrize(
    "origin", [None, "http://localhost:3000", "http://127.0.0.1:8787", "https://[::1]:1"]
)
async def test_programs_and_pages_of_this_machine_connect(origin: str | None, api: Api) -> None:
    headers = {} if origin is None else {"Origin": origin}
    socket = await api.http.ws_connect(api.server.url, headers=headers)
    await socket.close()


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost.evil.example", "null", "", "file://"]
)
@pytest.mark.parametrize("path", ["/", "/space/here"])
async def test_other_pages_do_not_connect(origin: str, path: str, api: Api) -> None:
    headers = {"Origin": origin, "Host": "evil.example"}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await api.http.ws_connect(api.server.url + path, headers=headers)
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("x", False)],
)
def test_what_loopback_is(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
