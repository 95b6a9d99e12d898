"""That everybody can use it: by keys, by a screen reader, in the dark, on a telephone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mockserver import contract

from .conftest import Look, Mock

if TYPE_CHECKING:
    from playwright.async_api import Page

TRACES = Path(__file__).parents[2] / "fixtures" / "traces"


async def selected(page: Page) -> str:
    row = page.get_by_role("listbox").get_by_role("option", selected=True)
    return str(await row.locator(".told").text_content())


async def test_keys_do_what_the_help_says(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop")
    await page.get_by_role("option", name="frame 1,").or_(page.locator(".row")).first.wait_for()
    await page.keyboard.press("?")
    await page.get_by_role("dialog", name="Keys").wait_for()
    await page.keyboard.press("Escape")
    await page.get_by_role("dialog", name="Keys").wait_for(state="hidden")
    await page.keyboard.press("j")
    assert (await selected(page)).startswith("frame 1,")
    await page.keyboard.press("j")
    assert (await selected(page)).startswith("frame 2,")
    await page.keyboard.press("k")
    assert (await selected(page)).startswith("frame 1,")
    await page.keyboard.press("/")
    await page.keyboard.type("paused")
    await page.locator(".row", has_text="recording.updated").first.wait_for()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await page.get_by_text("Choose a frame").wait_for()
    await page.keyboard.press("Escape")
    assert await page.get_by_role("searchbox").input_value() == ""


async def violations(page: Page, axe: str) -> list[Any]:
    await page.evaluate(axe)
    found = await page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        (each["id"], each["help"], [node["html"][:160] for node in each["nodes"][:4]])
        for each in found["violations"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
async def test_axe_finds_nothing(scheme: Any, width: int, look: Look, mock: Mock, axe: str) -> None:
    page = await look()
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await page.set_viewport_size({"width": width, "height": 860})
    await page.get_by_role("heading", name="Connect your application").wait_for()
    assert await violations(page, axe) == []
    await mock.recorded()
    await mock.ok(
        "POST",
        "/spaces/shop/events",
        {
            "event_type": "video.recording.updated",
            "channel": "room.x",
            "params": {
                "room_id": "r",
                "room_session_id": "nowhere",
                "recording": {"id": "ghost", "state": "paused"},
            },
        },
    )
    await page.locator(".row").first.wait_for()
    await page.get_by_role("button", name=re.compile("violation")).wait_for()
    views = ["Frames", "Rooms", "Media", "Look & act"] if width < 1000 else [""]
    for view in views:
        if view:
            await page.get_by_role("button", name=view).click()
        if not view or view == "Look & act":
            await page.keyboard.press("j")
            for tab in ("Hands", "Contract", "Connect", "Frame"):
                await page.get_by_role("tab", name=tab, exact=True).click()
                await page.get_by_role("tabpanel").wait_for()
                assert await violations(page, axe) == [], (view, tab)
        assert await violations(page, axe) == [], view


async def test_it_fits_on_a_telephone(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop")
    await page.set_viewport_size({"width": 360, "height": 640})
    for view in ("Rooms", "Media", "Frames", "Look & act"):
        await page.get_by_role("button", name=view).click()
        for tab in ("Hands", "Contract", "Connect", "Frame") if view == "Look & act" else ("",):
            if tab:
                await page.get_by_role("tab", name=tab, exact=True).click()
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 360, (view, tab)
    await page.get_by_role("button", name="Frames").click()
    await page.locator(".row", has_text="recording.updated").first.click()
    await page.get_by_role("heading", name=re.compile("video.recording.updated")).wait_for()


async def test_nothing_is_told_by_colour_alone(look: Look, mock: Mock) -> None:
    """What colours say is said by a word, a sign or a shape, too."""
    await mock.recorded()
    page = await look("space=shop")
    refusal = page.locator(".row.refused").first
    assert "⊘" in await refusal.inner_text()
    event = page.locator(".row.event").first
    assert "◆" in await event.inner_text()
    bar = page.get_by_role("button", name=re.compile("recording in lobby"))
    assert "completed" in await bar.inner_text()
    assert "paused" in await bar.locator("i.paused").inner_text()
    await page.get_by_role("button", name=re.compile(r"^✓ \d+ rules$")).wait_for()


# Saved traces


async def drop(page: Page, name: str, text: str) -> None:
    await page.evaluate(
        """([name, text]) => {
            const data = new DataTransfer();
            data.items.add(new File([text], name));
            document.body.dispatchEvent(
                new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        [name, text],
    )


@pytest.mark.parametrize("name", ["good-pause-resume", "legal-transitions"])
async def test_a_trace_that_is_dropped_opens(name: str, look: Look, mock: Mock) -> None:
    text = (TRACES / f"{name}.jsonl").read_text()
    page = await look()
    await drop(page, f"{name}.jsonl", text)
    await page.get_by_text(f"{name}.jsonl").wait_for()
    await page.locator(".row", has_text="recording.started").first.wait_for()
    await page.get_by_role("button", name=re.compile("recording in")).first.wait_for()
    trace = contract.Trace.from_entries([json.loads(line) for line in text.splitlines()])
    broken = contract.check(trace)
    verdict = page.locator(".verdict")
    expected = f"✗ {len(broken)} violation" if broken else "✓"
    await verdict.filter(has_text=expected).wait_for()
    await page.get_by_role("button", name="back").click()
    await page.get_by_role("heading", name="Connect your application").wait_for()


async def test_what_is_no_trace_is_refused_with_its_line(look: Look) -> None:
    page = await look()
    await drop(page, "notes.txt", '{"n": 1, "direction": "to_client"}\nhello\n')
    await page.get_by_role("status").filter(has_text="line 2 is not JSON").wait_for()
