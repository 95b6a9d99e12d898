"""A browser, a server in the tests' own loop, and somebody who looks at the page.

The browser is Debian's Chromium, driven by Playwright. Where there is none, these tests are
skipped; in CI they fail then.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import aiohttp
import pytest
import pytest_asyncio

from contract_tests.control.conftest import Api, connected
from contract_tests.shared.client import Client
from contract_tests.shared.npm import install
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.settings import settings as make_settings
from mockserver.server import Server

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page

HERE = Path(__file__).parent
IMAGES = HERE.parents[1] / "docs" / "images"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


in_loop = pytest_asyncio.fixture(loop_scope="session")


def missing(reason: str) -> NoReturn:
    """These tests cannot run here: skip, but in CI fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One browser serves all of these tests, so they share one event loop."""
    for item in items:
        if HERE in item.path.parents and item.get_closest_marker("asyncio"):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests; each has a context of its own."""
    try:
        from playwright.async_api import async_playwright
    except ModuleNotFoundError:
        missing("no playwright: pip install --group page")
    if not Path(CHROMIUM).exists():
        missing(f"no Chromium at {CHROMIUM}: apt-get install chromium, or say CHROMIUM=PATH")
    async with async_playwright() as playwright:
        # As root, which containers are, Chromium runs without its sandbox only.
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, which finds what keeps people from using a page."""
    script = install(HERE, "axe-core comes from there") / "axe-core" / "axe.min.js"
    return script.read_text("utf-8")


@pytest.fixture(scope="session")
def vendor() -> Path:
    """The folder in which both generations of the vendor's clients are installed."""
    return install(HERE.parent / "sdk", "the vendor's clients come from there")


class Mock(Api):
    """A server, what tests ask of its control API, and clients that connect to it."""

    def __init__(self, server: Server, http: aiohttp.ClientSession) -> None:
        super().__init__(server, http)
        self.clients: list[Client] = []

    async def connect(self, project: str) -> Client:
        client = await connected(self, project)
        self.clients.append(client)
        return client

    async def space(self, name: str = "shop", **more: Any) -> None:
        body = {"name": name, "scenario": "none", "clock": "manual", **more}
        await self.ok("POST", "/spaces", body, 201)

    async def perform(self, do: str, space: str = "shop", **arguments: Any) -> Any:
        return await self.ok("POST", f"/spaces/{space}/actions", {"do": do, **arguments})

    async def advance(self, seconds: float, space: str = "shop") -> None:
        await self.ok("POST", f"/spaces/{space}/clock/advance", {"by": seconds})

    async def recorded(self, space: str = "shop") -> Client:
        """A conversation: two people, and a client that records them, pauses and stops."""
        await self.space(space)
        client = await self.connect(space)
        await client.subscribe("video.rooms", "video.room.started", "video.room.ended")
        body = {"name": "lobby", "members": ["Ann", "Bob"]}
        room = await self.ok("POST", f"/spaces/{space}/rooms", body, 201)
        await client.subscribe(
            room["event_channel"],
            *(f"video.recording.{each}" for each in ("started", "updated", "ended")),
            *(f"video.member.{each}" for each in ("joined", "updated", "left", "talking")),
            "video.layout.changed",
            "video.room.updated",
        )
        ids = {"room_session_id": room["id"]}
        started = await client.call("video.recording.start", **ids)
        ids["recording_id"] = started["result"]["recording"]["id"]
        await self.advance(5, space)
        await client.call("video.recording.pause", **ids)
        await self.advance(5, space)
        await client.call("video.recording.resume", **ids)
        await self.advance(2, space)
        refused = await client.call("video.recording.resume", **ids)
        assert refused["result"]["code"] == "409"
        await client.call("video.recording.stop", **ids)
        await self.advance(1, space)
        await client.call("video.recording.list", room_session_id=room["id"])
        return client


Start = Callable[..., Awaitable[Mock]]


@in_loop
async def start(browser: Browser) -> AsyncIterator[Start]:
    """Starts servers: ``await start(host=…)``. None may have a bug of its own."""
    started: list[Mock] = []

    async def start(**settings: Any) -> Mock:
        server = Server(make_settings(**settings))
        await server.start()
        mock = Mock(server, aiohttp.ClientSession())
        started.append(mock)
        return mock

    yield start
    for mock in started:
        for client in mock.clients:
            await client.socket.close()
        await mock.http.close()
        await mock.server.stop()
        assert mock.server.bugs == []


@in_loop
async def mock(start: Start) -> Mock:
    """A server in which there is nothing yet."""
    return await start()


def hands(page: Page) -> Locator:
    """The panel in which a person acts."""
    return page.get_by_role("region", name="Hands")


def form_in_hands(page: Page, name: str) -> Locator:
    """The form with this name, once it is there: its schema is fetched first.

    The panel has a folded form for a new space as well, so "the first form" would be that one
    until then.
    """
    return hands(page).get_by_role("form", name=name, exact=True)


class Watch:
    """What a browser did that the page must not do."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.outage = False
        """Whether the server is to be gone for a while, which the browser notes."""
        self.requests: list[str] = []

    def over(self, context: BrowserContext) -> None:
        """Watch this profile."""
        context.on("weberror", lambda each: self.errors.append(str(each.error)))
        context.on("console", self._said)
        context.on("request", lambda each: self.requests.append(each.url))

    def _said(self, message: ConsoleMessage) -> None:
        # That the server refuses what a person asks for is no error of the page.
        refused = re.search(
            r"status of (409|422)|status of 404 .*/actions$", message.text + self._at(message)
        )
        gone = self.outage and "net::ERR" in message.text
        if message.type in ("error", "warning") and not (refused or gone):
            self.errors.append(message.text + self._at(message))

    def _at(self, message: ConsoleMessage) -> str:
        return f" {message.location.get('url')}"


Look = Callable[..., Awaitable["Page"]]


@pytest.fixture
def watch() -> Watch:
    """What is watched in this test."""
    return Watch()


@in_loop
async def context(browser: Browser, watch: Watch) -> AsyncIterator[BrowserContext]:
    """A fresh profile. Whatever it saw, no page may ask elsewhere or break its own policy."""
    context = await browser.new_context(viewport={"width": 1440, "height": 860})
    context.set_default_timeout(PATIENCE_S * 1000)
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    watch.over(context)
    yield context
    await context.close()
    assert watch.errors == []
    elsewhere = [
        each
        for each in watch.requests
        if not each.startswith(("http://127.0.0.1:", "file://", "blob:http://127.0.0.1:"))
    ]
    assert elsewhere == []


@in_loop
async def look(mock: Mock, context: BrowserContext) -> Look:
    """Opens the page: ``await look("space=shop&n=4")``."""

    async def look(hash: str = "", *, path: str = "/") -> Page:
        page = await context.new_page()
        await page.goto(f"{mock.server.http_url}{path}#{hash}")
        return page

    return look
