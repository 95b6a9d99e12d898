"""What a person can do from the page: actions, the clock, answers, faults and spaces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from contract_tests.shared.sockets import ABNORMAL
from mockserver import schemas
from mockserver.engine import ACTIONS
from mockserver.engine.faults import parameters

from .conftest import Look, Mock, form_in_hands, hands

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page


async def choose(page: Page, action: str) -> Locator:
    """Opens the form of an action; returns it."""
    await hands(page).get_by_role("button", name=action, exact=True).click()
    verb = action.replace(" ", "_")
    title = schemas.load(f"actions/{verb}")["title"] if verb in ACTIONS else action
    return form_in_hands(page, title)


async def send(form: Locator) -> None:
    await form.locator("button.main").click()


# Actions


async def test_each_action_is_a_button(look: Look, mock: Mock) -> None:
    await mock.space()
    page = await look("space=shop&panel=hands")
    await hands(page).get_by_role("button", name="start recording", exact=True).wait_for()
    names = set(await hands(page).locator(".buttons button").all_inner_texts())
    assert names >= {each.replace("_", " ") for each in ACTIONS}


async def test_a_room_is_started_and_people_join_it(look: Look, mock: Mock) -> None:
    await mock.space()
    page = await look("space=shop")
    await page.get_by_role("button", name="+ room").click()
    form = form_in_hands(page, "Start a room")
    await form.get_by_label(re.compile("^name")).fill("lobby")
    await form.get_by_label(re.compile("^members")).fill("Ann, Bob")
    await send(form)
    await form.get_by_role("status").wait_for()
    # Until the room is shown the page moves, and a click may miss its button.
    await page.get_by_role("button", name="Act on Bob").wait_for()
    form = await choose(page, "join")
    await form.get_by_label(re.compile("^name")).fill("Carl")
    await send(form)
    for name in ("Ann", "Bob", "Carl"):
        await page.get_by_role("button", name=f"Act on {name}").wait_for()


async def test_a_member_is_muted_from_their_row(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop")
    await page.get_by_role("button", name="Act on Ann").click()
    form = await choose(page, "audio mute")
    assert await form.get_by_label(re.compile("^name")).input_value() == "Ann"
    await send(form)
    rooms = page.get_by_role("region", name="Rooms")
    await rooms.get_by_role("listitem").filter(has_text="Ann").get_by_text("muted").wait_for()


async def test_a_form_says_which_field_is_wrong(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop&panel=hands")
    form = await choose(page, "set input volume")
    await form.get_by_label(re.compile("^volume")).fill("9000")
    await send(form)
    await form.get_by_role("alert").wait_for()
    volume = form.get_by_label(re.compile("^volume"))
    assert await volume.get_attribute("aria-invalid") == "true"
    await form.get_by_text(re.compile("expected .* found 9000")).first.wait_for()


async def test_what_cannot_be_done_is_said(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop&panel=hands")
    form = await choose(page, "pause recording")
    await send(form)
    await form.get_by_role("alert").filter(has_text="recording").wait_for()


async def test_the_next_call_is_answered_otherwise(look: Look, mock: Mock) -> None:
    client = await mock.recorded()
    page = await look("space=shop&panel=hands")
    form = await choose(page, "Answer the next call otherwise")
    await form.get_by_label(re.compile("^method")).select_option("video.rooms.get")
    await form.get_by_label(re.compile("^code")).fill("503")
    await form.get_by_label(re.compile("^message")).fill("out to lunch")
    await send(form)
    await form.get_by_role("status").wait_for()
    answer = await client.call("video.rooms.get")
    assert answer["result"] == {"code": "503", "message": "out to lunch"}
    await page.get_by_role("option", name="refusal of video.rooms.get, 503 out to lunch").wait_for()


async def test_an_event_of_ones_own_is_sent(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop&panel=hands")
    form = await choose(page, "Send an event")
    await form.get_by_label(re.compile("^event_type")).fill("video.room.audience_count")
    await form.get_by_label(re.compile("^channel")).fill("room.x")
    await form.get_by_label(re.compile("^params")).fill('{"total": 5}')
    await form.get_by_label(re.compile("^valid")).select_option("false")
    await send(form)
    await page.get_by_role("option", name="event video.room.audience_count").wait_for()


async def test_a_fault_is_injected(look: Look, mock: Mock) -> None:
    client = await mock.recorded()
    page = await look("space=shop&panel=hands")
    form = await choose(page, "drop connections")
    await send(form)
    await page.get_by_text("s1 (away)").wait_for()
    assert await client.socket.close_code() == ABNORMAL


# Faults of the catalogue


async def pick(page: Page, fault: str) -> Locator:
    """Opens the form of a fault; returns it."""
    await hands(page).get_by_role("button", name="fault", exact=True).click()
    await hands(page).get_by_role("combobox", name="Fault").select_option(fault)
    form = form_in_hands(page, f"Inject {fault}")
    await form.wait_for()
    return form


async def test_the_form_of_a_fault_is_made_of_its_schema(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop&panel=hands")
    for name in ("slow", "close", "duplicate"):
        form = await pick(page, name)
        fields = await form.locator("label > span").all_inner_texts()
        assert fields == list(parameters(name)["properties"])
        await hands(page).get_by_role("button", name="fault", exact=True).click()
    assert await hands(page).get_by_role("combobox", name="Fault").count() == 0


async def test_a_fault_is_injected_marks_its_frames_and_is_withdrawn(
    look: Look, mock: Mock
) -> None:
    await mock.recorded()
    page = await look("space=shop&panel=hands")
    form = await pick(page, "duplicate")
    await form.get_by_label(re.compile("^events")).fill("video.member.joined")
    await form.get_by_label(re.compile("^times")).fill("5")
    await send(form)
    await form.get_by_role("status").filter(has_text="fault 1").wait_for()
    active = hands(page).get_by_role("list", name="Active faults")
    fault = active.get_by_role("listitem").filter(has_text="duplicate")
    await fault.get_by_text("struck 0 times").wait_for()
    assert 'events: "video.member.joined"' in await fault.inner_text()

    await mock.perform("join", name="Carl")
    await mock.advance(1)
    await page.get_by_role("option", name=re.compile("member.joined.*⚡ duplicate")).wait_for()
    await fault.get_by_text("struck 1 times").wait_for()

    await fault.get_by_role("button", name="Withdraw fault 1, duplicate").click()
    await active.wait_for(state="detached")
    assert (await mock.ok("GET", "/spaces/shop/faults"))["faults"] == []


async def test_what_is_wrong_with_a_fault_is_said_at_its_field(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop&panel=hands")
    form = await pick(page, "drop")
    await form.get_by_label(re.compile("^probability")).fill("2")
    await send(form)
    await form.get_by_role("alert").wait_for()
    field = form.get_by_label(re.compile("^probability"))
    assert await field.get_attribute("aria-invalid") == "true"


# The clock


async def test_a_manual_clock_is_advanced(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop")
    clock = page.get_by_role("group", name="Clock")
    await clock.get_by_text("00:00:13.000").wait_for()
    await clock.get_by_role("button", name="+1 s").click()
    await clock.get_by_text("00:00:14.000").wait_for()
    await clock.get_by_role("button", name="+60 s").click()
    await clock.get_by_text("00:01:14.000").wait_for()


async def test_it_goes_to_the_next_thing_that_happens(look: Look, mock: Mock) -> None:
    await mock.space()
    await mock.ok("POST", "/spaces/shop/rooms", {"name": "lobby"}, 201)
    await mock.perform("start_playback", url="https://example.com/tune.mp3", length="42s")
    page = await look("space=shop")
    await page.get_by_role("button", name=re.compile("^next .42.0 s")).click()
    await page.get_by_role(
        "button", name=re.compile("playback in lobby, completed, 42.0 s")
    ).wait_for()


async def test_a_real_clock_is_paused_stepped_and_let_run(look: Look, mock: Mock) -> None:
    await mock.space(clock="real")
    page = await look("space=shop")
    clock = page.get_by_role("group", name="Clock")
    await clock.get_by_role("button", name="pause").click()
    await clock.get_by_role("button", name="run").wait_for()
    paused = (await mock.ok("GET", "/spaces/shop/clock"))["now"]
    async with page.expect_response(re.compile("clock/advance")):
        await clock.get_by_role("button", name="+60 s").click()
    stood = (await mock.ok("GET", "/spaces/shop/clock"))["now"]
    assert stood == paused + 60
    await clock.get_by_role("button", name="run").click()
    await clock.get_by_role("button", name="pause").wait_for()
    now = await mock.ok("GET", "/spaces/shop/clock")
    assert now["now"] >= paused + 60
    assert now["paused"] is False


async def test_a_real_clock_runs_faster(look: Look, mock: Mock) -> None:
    await mock.space(clock="real")
    page = await look("space=shop")
    async with page.expect_response(re.compile("clock/speed")) as response:
        await page.get_by_label("Speed").select_option("10")
    assert (await (await response.value).json())["speed"] == 10


async def test_what_the_script_does_next_is_told(look: Look, mock: Mock) -> None:
    await mock.space(scenario="everyone-leaves")
    page = await look("space=shop&panel=hands")
    await hands(page).get_by_text("everyone-leaves does next").wait_for()
    waits = hands(page).locator(".next li").filter(has_text="waits")
    assert await waits.count() >= 1
    client = await mock.connect("shop")
    await client.subscribe("video.rooms", "video.room.started")
    await hands(page).locator(".next li").filter(has_text=re.compile(r"in \d")).first.wait_for()


# Spaces and scenarios


async def test_a_space_is_made_with_a_scenario(look: Look, mock: Mock) -> None:
    page = await look("panel=hands")
    await page.get_by_label(re.compile("^name")).fill("mine")
    await page.get_by_label(re.compile("^scenario")).select_option("two-recordings")
    await page.get_by_label(re.compile("^clock")).select_option("manual")
    await page.get_by_role("button", name="Make the space").click()
    await page.get_by_title("Spaces").get_by_text("mine").wait_for()
    made = await mock.ok("GET", "/spaces/mine")
    assert (made["scenario"], made["clock"]["kind"]) == ("two-recordings", "manual")


async def test_another_scenario_is_played_in_the_same_space(look: Look, mock: Mock) -> None:
    await mock.recorded()
    page = await look("space=shop")
    async with page.expect_response(re.compile("/reset")):
        await page.get_by_role("combobox", name="Scenario").select_option("many-pauses")
    await page.get_by_text("shop begins again with many-pauses").wait_for()
    assert (await mock.ok("GET", "/spaces/shop"))["scenario"] == "many-pauses"


async def test_mistakes_in_pasted_yaml_are_shown_at_their_lines(look: Look, mock: Mock) -> None:
    page = await look("panel=hands")
    await page.get_by_label(re.compile("^scenario")).select_option("yaml")
    text = (
        "scenario: mine\nabout: A test.\nrooms:\n  lobby: {members: 2}\nscript:\n"
        "  - when: {subscribed: video.rooms}\n    do: start_rom\n"
        "  - when: {event: video.recording.startet}\n    do: end_room\n"
    )
    area = page.get_by_label("Scenario as YAML")
    await area.fill(text)
    await page.get_by_role("button", name="Make the space").click()
    first = page.get_by_role("button", name=re.compile("^line 7"))
    await first.wait_for()
    await page.get_by_role("button", name=re.compile("^line 8")).wait_for()
    assert "start_room" in await first.inner_text()
    await first.click()
    start = await area.evaluate("each => each.selectionStart")
    assert text[:start].count("\n") >= 5
    await area.fill(text.replace("start_rom", "start_room").replace("startet", "started"))
    await page.get_by_role("button", name="Make the space").click()
    await page.get_by_title("Spaces").get_by_text("my-test").wait_for()
    assert (await mock.ok("GET", "/spaces/my-test"))["scenario"] == "mine"
