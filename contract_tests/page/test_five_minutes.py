"""A stranger's first five minutes with the page, as one test; and the pictures of the README."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from .conftest import IMAGES, Look, Mock, form_in_hands

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page

README = IMAGES.parents[1] / "README.md"
PICTURES = os.environ.get("PICTURES") == "1"
"""Whether the pictures in docs/images are made again."""


async def picture(page: Page, name: str, scheme: Literal["light", "dark"]) -> None:
    """Keeps a picture of the page, where that is wanted."""
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    image = await page.screenshot()
    if PICTURES:
        IMAGES.mkdir(exist_ok=True)
        (IMAGES / f"{name}-{scheme}.png").write_bytes(image)


async def test_a_strangers_first_five_minutes(
    look: Look, mock: Mock, context: BrowserContext, tmp_path: Path
) -> None:
    page = await look()
    await page.set_viewport_size({"width": 1280, "height": 760})
    # Nothing is there yet. The page has a program that connects; the stranger runs it.
    await page.get_by_role("tab", name="Python").click()
    await page.get_by_role("button", name="copy", exact=True).click()
    program = tmp_path / "first.py"
    program.write_text(await page.evaluate("navigator.clipboard.readText()"))
    running = await asyncio.create_subprocess_exec(sys.executable, str(program))
    try:
        await page.get_by_role("option", name="call signalwire.connect").wait_for()
        await page.get_by_title("Spaces").get_by_text("my-test").wait_for()
        # A room: the program records it.
        await page.get_by_role("button", name="+ room").click()
        form = form_in_hands(page, "Start a room")
        await form.get_by_label(re.compile("^name")).fill("lobby")
        await form.get_by_label(re.compile("^members")).fill("Ann, Bob")
        await form.locator("button.main").click()
        await page.get_by_role(
            "button", name=re.compile("recording in lobby, recording")
        ).wait_for()
        # The stranger pauses the recording from the page.
        rooms = page.get_by_role("region", name="Rooms")
        await rooms.get_by_role("button", name="pause").click()
        await page.get_by_role("button", name="Pause a recording").click()
        await page.get_by_role("button", name=re.compile("recording in lobby, paused")).wait_for()
        # What does that event say?
        await page.get_by_role("option", name="event video.recording.updated").first.click()
        tree = page.get_by_role("list", name="Fields of the frame")
        await (
            tree.get_by_text("Where the recording is in its life")
            .or_(tree.get_by_text("paused"))
            .first.wait_for()
        )
        await page.get_by_role("button", name=re.compile(r"^✓ \d+ rules")).wait_for()
        for scheme in ("light", "dark"):
            await picture(page, "page", scheme)
        # Something that no server should say: the contract finds it.
        await page.get_by_role("tab", name="Hands").click()
        await page.get_by_role("button", name="Send an event").click()
        form = form_in_hands(page, "Send an event")
        await form.get_by_label(re.compile("^event_type")).fill("video.recording.ended")
        await form.get_by_label(re.compile("^channel")).fill("room.nowhere")
        await form.get_by_label(re.compile("^params")).fill(
            '{"room_id": "r", "room_session_id": "s",'
            ' "recording": {"id": "g", "state": "completed"}}'
        )
        await form.locator("button.main").click()
        await page.get_by_role("button", name=re.compile(r"^✗ \d+ violation")).click()
        rules = page.get_by_role("region", name="Contract").get_by_role("listitem")
        broken = rules.filter(has_text="subscribed-only")
        await broken.get_by_role("button", name="#").first.click()
        await (
            page.get_by_text("✗ subscribed-only")
            .or_(page.get_by_text("✗ started-first"))
            .first.wait_for()
        )
        # It is kept as a file, and opened from the disk.
        await page.get_by_role("tab", name="Contract").click()
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Save a report").click()
        report = tmp_path / (await download.value).suggested_filename
        await (await download.value).save_as(report)
    finally:
        running.terminate()
        await running.wait()
    kept = await context.new_page()
    await kept.goto(report.as_uri())
    await kept.get_by_role("button", name=re.compile(r"^✗ \d+ violation")).click()
    await kept.get_by_role("option", name="event video.recording.updated").first.click()
    await kept.get_by_role("heading", name=re.compile("video.recording.updated")).wait_for()


@pytest.mark.parametrize(
    ("tab", "package"), [("Node 4", "@signalwire/realtime-api"), ("Node 3", "realtime-api-3")]
)
async def test_the_copied_programs_run_with_the_vendors_clients(
    tab: str, package: str, look: Look, mock: Mock, vendor: Path, tmp_path: Path
) -> None:
    page = await look()
    await page.get_by_role("tab", name=tab).click()
    await page.get_by_role("button", name="copy", exact=True).click()
    program = tmp_path / "first.mjs"
    program.write_text(await page.evaluate("navigator.clipboard.readText()"))
    place = tmp_path / "node_modules" / "@signalwire" / "realtime-api"
    place.parent.mkdir(parents=True)
    place.symlink_to(vendor / package)
    running = await asyncio.create_subprocess_exec("node", str(program))
    try:
        await page.get_by_role("option", name="answer to signalwire.subscribe").first.wait_for()
        await mock.ok("POST", "/spaces/my-test/rooms", {"name": "lobby"}, 201)
        await page.get_by_role("button", name="recording in lobby, recording").wait_for()
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


def test_the_pictures_of_the_readme_are_there_and_small() -> None:
    shown = re.findall(r"docs/images/[\w-]+\.png", README.read_text("utf-8"))
    assert shown
    for each in shown:
        assert (README.parent / each).stat().st_size < 200_000, each
