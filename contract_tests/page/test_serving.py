"""The page comes from the server itself: small, alone, and harmless to whoever opens it."""

from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING

import pytest

from mockserver import page

from .conftest import Look, Mock, Start, Watch

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
BUDGET = 40_000
"""Bytes of all that a browser gets, compressed."""


def test_all_of_it_is_small() -> None:
    names = ("index.html", *page.FILES)
    sizes = {name: len(gzip.compress(page.read(name), 9)) for name in names}
    assert sum(sizes.values()) <= BUDGET, sizes


async def test_a_browser_gets_a_page_and_curl_gets_text(mock: Mock) -> None:
    async with mock.http.get(mock.server.http_url, headers=HTML) as response:
        assert (response.status, response.content_type) == (200, "text/html")
    async with mock.http.get(mock.server.http_url) as response:
        assert (response.status, response.content_type) == (200, "text/plain")
        assert "mock of SignalWire" in await response.text()


@pytest.mark.parametrize("path", ["/", *(f"/__page__/{name}" for name in page.FILES)])
async def test_nothing_but_its_own_may_run_in_it(path: str, mock: Mock) -> None:
    async with mock.http.get(mock.server.http_url + path, headers=HTML) as response:
        policy = response.headers["Content-Security-Policy"].split("; ")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.content_type in ("text/html", page.FILES.get(path.rpartition("/")[2]))
    assert {
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "require-trusted-types-for 'script'",
    } <= set(policy)


async def test_what_is_not_of_the_page_is_not_served(mock: Mock) -> None:
    for name in ("vendor", "state.js", "..%2f__init__.py", "LICENSES.txt"):
        async with mock.http.get(f"{mock.server.http_url}/__page__/{name}") as response:
            assert response.status == 404, name


async def test_a_link_from_a_chat_opens_the_page_and_not_the_data(mock: Mock) -> None:
    """What a browser sends when somebody follows a link on a page of another site."""
    navigation = {**HTML, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    async with mock.http.get(mock.server.http_url, headers=navigation) as response:
        assert response.status == 200
    reply = await mock.ask("GET", "/spaces", headers=navigation)
    reply.problem(403)


async def test_a_token_in_the_link_opens_what_is_guarded(start: Start, context: object) -> None:
    mock = await start(control_token="let-me-in")
    async with mock.http.post(
        f"{mock.server.http_url}/__mock__/spaces",
        json={"name": "guarded"},
        headers={"Authorization": "Bearer let-me-in"},
    ) as response:
        assert response.status == 201
    page_ = await context.new_page()  # type: ignore[attr-defined]
    await page_.goto(f"{mock.server.http_url}/#token=let-me-in")
    await page_.get_by_title("Spaces").get_by_text("guarded").wait_for()
    assert "let-me-in" not in page_.url
    assert await page_.evaluate("sessionStorage.getItem('token')") == "let-me-in"


async def test_any_number_of_tabs_takes_one_stream(look: Look, mock: Mock) -> None:
    """A browser allows six connections per host; a stream per tab would stop the seventh."""
    await mock.recorded()
    tabs = [await look("space=shop") for _ in range(8)]
    for tab in tabs:
        await tab.get_by_role("option", name="video.recording.start,").first.wait_for()
    await mock.perform("join", name="Zoe")
    for tab in tabs:
        await tab.get_by_role("button", name="Act on Zoe").wait_for()


async def test_without_shared_workers_it_looks_by_itself(look: Look, mock: Mock) -> None:
    await mock.recorded()
    tab = await look()
    await tab.add_init_script("delete globalThis.SharedWorker")
    await tab.reload()
    await tab.get_by_role("option", name="video.recording.start,").first.wait_for()
    await mock.perform("join", name="Zoe")
    await tab.get_by_role("button", name="Act on Zoe").wait_for()


def test_a_joined_script_has_all_modules_and_no_import() -> None:
    text = page.read("page.js").decode()
    assert not re.search(r"^(import|export)\b", text.replace("`import { SignalWire", ""), re.M)
    for module in ("lanes", "model", "vendor_preact"):
        assert text.count(f"const ${module} = ") == 1


async def test_the_changes_tell_all_spaces_first_and_then_what_changed(mock: Mock) -> None:
    await mock.space("one")
    async with mock.http.get(f"{mock.server.http_url}/__mock__/changes") as response:
        assert response.content_type == "text/event-stream"

        async def told() -> dict[str, object]:
            line = (await response.content.readline()).decode()
            assert await response.content.readline() == b"\n"
            return dict(json.loads(line.removeprefix("data: ")))

        first = await told()
        assert first["all"] is True
        assert [each["name"] for each in first["spaces"]] == ["one"]  # type: ignore[attr-defined]
        await mock.space("two")
        assert [each["name"] for each in (await told())["spaces"]] == ["two"]  # type: ignore[attr-defined]
        await mock.ok("DELETE", "/spaces/one", status=204)
        assert (await told())["gone"] == ["one"]


async def test_the_address_of_a_space_opens_it(look: Look, mock: Mock) -> None:
    await mock.space("first")
    await mock.space("second one")
    page = await look(path="/space/second%20one")
    await page.get_by_title("Spaces").get_by_text("second one").wait_for()


async def test_it_says_when_the_server_is_gone_and_goes_on_when_it_is_back(
    start: Start, context: BrowserContext, watch: Watch
) -> None:
    mock = await start()
    port = int(mock.server.http_url.rpartition(":")[2])
    await mock.space("before")
    page = await context.new_page()
    await page.goto(mock.server.http_url)
    await page.get_by_title("Spaces").get_by_text("before").wait_for()
    watch.outage = True
    await mock.server.stop()
    await page.get_by_role("alert").filter(has_text="does not answer").wait_for()
    again = await start(port=port)
    await again.space("before")
    await page.get_by_role("alert").wait_for(state="detached")
    await again.recorded("after")
    await page.get_by_title("Spaces").click()
    await page.get_by_role("button", name=re.compile("^after none")).click()
    await page.get_by_role("option", name="call video.recording.stop").first.wait_for()
