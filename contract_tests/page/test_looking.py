"""What a person sees on the page: spaces, lanes, frames, rooms and media."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .conftest import Look, Mock

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page


def frame(page: Page, name: str) -> Locator:
    """The row of the first frame whose name for screen readers has this in it."""
    return page.get_by_role("option", name=name).first


async def texts(locator: Locator) -> str:
    return re.sub(r"\s+", " ", await locator.inner_text())


# Spaces


async def test_spaces_tell_their_counts_clock_scenario_and_verdict(look: Look, mock: Mock) -> None:
    await mock.recorded()
    await mock.space("other", scenario="pause-resume", clock="real")
    page = await look("space=shop")
    await page.get_by_title("Spaces").click()
    shop = page.get_by_role("button", name=re.compile("^shop none"))
    await shop.get_by_text("rules hold").wait_for()
    told = await texts(shop)
    for each in ("none", "1 session", "1 room", "frames", "manual clock"):
        assert each in told
    await page.get_by_role("button", name=re.compile("^other")).click()
    await page.get_by_role("combobox", name="Scenario").wait_for()
    assert await page.get_by_role("combobox", name="Scenario").input_value() == "pause-resume"
    assert "space=other" in page.url


async def test_a_link_shows_a_colleague_the_same(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop")
    await page.get_by_role("searchbox").fill("paused")
    await frame(page, "event video.recording.updated").click()
    await page.get_by_role("heading", name=re.compile("video.recording.updated")).wait_for()
    other = await look(page.url.partition("#")[2])
    await other.get_by_role("heading", name=re.compile("video.recording.updated")).wait_for()
    assert await other.get_by_role("searchbox").input_value() == "paused"
    assert await other.locator(".row").count() == await page.locator(".row").count()


async def test_a_space_that_begins_again_is_shown_from_its_beginning(
    look: Look, mock: Mock
) -> None:
    await mock.recorded()
    page = await look("space=shop")
    await frame(page, "call video.recording.stop").wait_for()
    await page.get_by_role("button", name="reset").click()
    await page.get_by_role("heading", name="Connect your application").wait_for()
    assert await page.locator(".row").count() == 0


# Lanes


async def test_each_session_and_the_service_have_a_lane(look: Look, mock: Mock) -> None:
    await mock.recorded()
    second = await mock.connect("shop")
    await second.call("video.rooms.get")
    page = await look("space=shop")
    await frame(page, "s2 to service: call video.rooms.get").wait_for()
    lanes = page.locator(".heads > *")
    assert await lanes.all_inner_texts() == ["s1", "s2", "service"]
    s1, s2, service = [await lanes.nth(each).bounding_box() for each in range(3)]
    assert s1
    assert s2
    assert service
    assert s1["x"] < s2["x"] < service["x"]


async def test_time_goes_downwards_and_silences_are_seen(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop")
    await frame(page, "call video.recording.stop").wait_for()
    await page.get_by_role("listbox").press("Home")
    start = await frame(page, "call video.recording.start").bounding_box()
    pause = await frame(page, "call video.recording.pause").bounding_box()
    assert start
    assert pause
    assert start["y"] < pause["y"]
    assert "5.000 s" in str(
        await frame(page, "call video.recording.pause").locator(".told").text_content()
    )
    assert "5.0 s" in await page.locator(".gap").all_inner_texts()


async def test_a_call_and_its_answer_are_joined(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop")
    call = frame(page, "call video.recording.pause")
    answer = frame(page, "answer to video.recording.pause")
    top, end = await call.bounding_box(), await answer.bounding_box()
    assert top
    assert end
    bars = [await each.bounding_box() for each in await page.locator(".busy").all()]
    assert any(
        bar
        and top["y"] < bar["y"] < top["y"] + 30
        and end["y"] < bar["y"] + bar["height"] < end["y"] + 30
        for bar in bars
    )
    await call.click()
    await page.get_by_text("answered after").get_by_role("button").click()
    await page.get_by_text("answers").get_by_role("button").wait_for()
    assert await answer.get_attribute("aria-selected") == "true"


async def test_acknowledgements_are_faint_and_can_be_hidden(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop")
    acknowledgement = frame(page, "acknowledgement of video.recording.started")
    await acknowledgement.wait_for()
    assert "faint" in (await acknowledgement.get_attribute("class") or "")
    await page.get_by_role("checkbox", name="acks").uncheck()
    await acknowledgement.wait_for(state="detached")
    await frame(page, "event video.recording.started").wait_for()


async def test_it_filters_by_session_room_method_and_text(look: Look, mock: Mock) -> None:
    await mock.recorded()
    other = await mock.connect("shop")
    await other.call("video.rooms.get")
    page = await look("space=shop")
    await frame(page, "s2 to service: call video.rooms.get").wait_for()
    options = page.get_by_role("option")
    rows = page.get_by_role("listbox").get_by_role("option")
    for label, value, some, none in [
        ("Filter by text", "paused", "video.recording.updated", "video.rooms.get"),
        ("session", "s2", "video.rooms.get", "video.recording.start"),
        ("room", "lobby", "video.recording.start", "video.rooms.get"),
        ("method", "video.recording.pause", "video.recording.pause", "video.recording.start,"),
    ]:
        field = page.get_by_label(label, exact=True)
        if label == "Filter by text":
            await field.fill(value)
        else:
            await field.select_option(value)
        await rows.filter(has_text=none.removeprefix("video.")).first.wait_for(state="detached")
        await rows.filter(has=page.locator(".told", has_text=some)).first.wait_for()
        await page.keyboard.press("Escape")
        await page.locator("body").click(position={"x": 700, "y": 20})
        await page.keyboard.press("Escape")
        await frame(page, "s2 to service: call video.rooms.get").wait_for()
    assert await options.count() > 4


async def test_it_does_not_jump_while_somebody_reads_above(look: Look, mock: Mock) -> None:
    client = await mock.recorded()
    for _ in range(30):
        await client.call("video.rooms.get")
    page = await look("space=shop")
    await frame(page, "answer to video.rooms.get").wait_for()
    box = page.get_by_role("listbox")
    await box.evaluate("each => { each.scrollTop = 0 }")
    await frame(page, "frame 1,").wait_for()
    for _ in range(6):
        await client.call("video.rooms.get")
    await page.get_by_role("button", name="12 new").wait_for()
    assert await box.evaluate("each => each.scrollTop") == 0
    await page.get_by_role("button", name="12 new").click()
    await page.get_by_role("button", name=re.compile("new$")).wait_for(state="detached")
    await client.call("video.room.get", room_session_id="nothing")
    await frame(page, "refusal of video.room.get").wait_for()


async def test_a_hundred_thousand_frames_are_a_few_rows(look: Look, mock: Mock) -> None:
    await mock.space("big")
    space = mock.server.gate.spaces["big"]
    space.journal.limit = 100_000
    for n in range(50_000):
        call = b'{"jsonrpc":"2.0","id":"%d","method":"video.rooms.get","params":{}}' % n
        answer = (
            b'{"jsonrpc":"2.0","id":"%d","result":{"code":"200","message":"OK","rooms":[]}}' % n
        )
        space.journal.add(space.now + n * 1000, "to_server", "s1", call)
        space.journal.add(space.now + n * 1000, "to_client", "s1", answer)
    page = await look("space=big")
    await frame(page, "frame 100000,").wait_for()
    assert await page.locator(".row").count() < 80
    await page.get_by_role("searchbox").fill("#77777 ")
    await frame(page, "frame 77777,").wait_for()
    assert await page.locator(".row").count() == 1


# A frame


async def test_a_frame_is_explained_field_by_field(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop")
    await frame(page, "event video.recording.ended").click()
    tree = page.get_by_role("list", name="Fields of the frame")
    duration = tree.locator("li").filter(has=page.get_by_text("duration", exact=True)).last
    await duration.get_by_text("Length of the recorded media").wait_for()
    told = await texts(duration)
    assert told.startswith("duration 7 s") or "7" in told
    assert await duration.get_by_title("documentation, the vendor's types and tests").count() == 1
    ended = tree.locator("li").filter(has=page.get_by_text("ended_at", exact=True)).last
    assert "unix s, +12.000" in await texts(ended)


async def test_json_can_be_folded(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop")
    await frame(page, "event video.recording.ended").click()
    tree = page.get_by_role("list", name="Fields of the frame")
    await tree.get_by_text("duration", exact=True).wait_for()
    await tree.locator("summary").first.click()
    await tree.get_by_text("duration", exact=True).wait_for(state="hidden")


async def test_an_invalid_frame_says_what_is_wrong(look: Look, mock: Mock) -> None:
    client = await mock.recorded()
    await client.send(
        {
            "jsonrpc": "2.0",
            "id": "odd",
            "method": "video.recording.stop",
            "params": {"room_session_id": 5},
        }
    )
    await client.receive()
    page = await look("space=shop")
    await page.get_by_role("option", name="invalid").first.click()
    await page.get_by_text("This frame is invalid.").wait_for()
    await page.get_by_text(re.compile("room_session_id.*expected")).first.wait_for()


async def test_a_broken_rule_leads_to_its_frames(look: Look, mock: Mock) -> None:
    await mock.recorded()
    body = {
        "event_type": "video.recording.updated",
        "channel": "room.x",
        "params": {
            "room_id": "r",
            "room_session_id": "nowhere",
            "recording": {"id": "ghost", "state": "paused"},
        },
    }
    await mock.ok("POST", "/spaces/shop/events", body)
    page = await look("space=shop&panel=contract")
    await page.get_by_role("button", name=re.compile("violation")).wait_for()
    rule = page.get_by_role("listitem").filter(has_text="✗").first
    await rule.get_by_role("button", name=re.compile("#")).first.click()
    await page.get_by_role("heading", name=re.compile("video.recording.updated")).wait_for()
    marked = page.get_by_role("listbox").get_by_role("option", selected=True)
    assert "✗" in await marked.inner_text()
    await page.get_by_role("button", name="Previous violation").click()
    await page.get_by_role("button", name="Next violation").click()
    assert "ghost" in await page.get_by_role("list", name="Fields of the frame").inner_text()


async def test_a_frame_is_copied_as_json_as_curl_and_as_a_step(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop")
    await frame(page, "event video.recording.updated").click()
    copied = {}
    for name in ("JSON", "curl", "YAML step"):
        await page.get_by_role("button", name=name, exact=True).click()
        await page.get_by_role("button", name="copied ✓").wait_for()
        copied[name] = await page.evaluate("navigator.clipboard.readText()")
        await page.get_by_role("button", name=name, exact=True).wait_for()
    assert '"event_type": "video.recording.updated"' in copied["JSON"]
    assert copied["curl"].startswith(
        f"curl -s '{mock.server.http_url}/__mock__/spaces/shop/events'"
    )
    assert copied["YAML step"] == (
        "expect:\n  - video.recording.updated: {recording: {state: paused}}\n"
    )


# Rooms and media


async def test_rooms_show_who_is_there_and_how_they_are(look: Look, mock: Mock) -> None:
    await mock.recorded()
    await mock.perform("audio_mute", name="Ann")
    await mock.perform("raisehand", name="Bob")
    page = await look("space=shop")
    rooms = page.get_by_role("region", name="Rooms")
    await (
        rooms.get_by_role("listitem")
        .filter(has_text="Ann")
        .get_by_text("muted", exact=True)
        .wait_for()
    )
    await rooms.get_by_role("listitem").filter(has_text="Bob").get_by_text("hand up").wait_for()
    await mock.perform("leave", name="Ann")
    await rooms.get_by_role("listitem").filter(has_text="Ann").wait_for(state="detached")


async def test_the_layout_is_drawn(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop")
    picture = page.get_by_role("img", name="Ann at standard-1, Bob at standard-2")
    await picture.wait_for()
    boxes = [await each.bounding_box() for each in await picture.locator(".taken").all()]
    assert len(boxes) == 2
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["x"] < boxes[1]["x"]


async def test_a_recording_is_a_bar_with_its_pause_and_its_duration(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop")
    bar = page.get_by_role("button", name="recording in lobby, completed, 7.0 s, paused once")
    await bar.wait_for()
    boxes = {}
    for state in ("recording", "paused"):
        parts = [await each.bounding_box() for each in await bar.locator(f"i.{state}").all()]
        boxes[state] = [each["width"] for each in parts if each]
    first, last = boxes["recording"]
    [pause] = boxes["paused"]
    assert abs(first - pause) < 2
    assert abs(first / last - 2.5) < 0.1
    await bar.click()
    await page.get_by_role("heading", name=re.compile("video.recording.started")).wait_for()


async def test_what_nobody_was_told_of_is_a_bar_too(look: Look, mock: Mock) -> None:
    await mock.space()
    await mock.ok("POST", "/spaces/shop/rooms", {"name": "lobby"}, 201)
    await mock.perform("start_playback", url="https://example.com/tune.mp3", length="90s")
    page = await look("space=shop")
    await page.get_by_role("button", name=re.compile("playback in lobby, playing")).wait_for()
