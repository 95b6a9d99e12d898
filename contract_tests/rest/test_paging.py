"""Lists: pages, their links, and what stays in place while more is added."""

from __future__ import annotations

import pytest

from mockserver.harness.handles import SpaceHandle

from .conftest import Json, Rest


async def walked(rest: Rest, path: str, **query: object) -> list[Json]:
    """The pages from the first to the last, by their own links."""
    pages = [await rest.get(path, **query)]
    while "next" in pages[-1]["links"]:
        pages.append(await rest.get(pages[-1]["links"]["next"].removeprefix(rest.host)))
    return pages


async def test_a_list_is_walked_by_its_links(rest: Rest) -> None:
    for number in range(5):
        await rest.post("rooms", {"name": f"room-{number}"})
    pages = await walked(rest, "rooms", page_size=2, include_active_session="true")
    names = [[room["name"] for room in page["data"]] for page in pages]
    assert names == [["room-0", "room-1"], ["room-2", "room-3"], ["room-4"]]
    first, middle, last = (page["links"] for page in pages)
    assert first.keys() == {"self", "first", "next"}
    assert middle.keys() == {"self", "first", "next", "prev"}
    assert last.keys() == {"self", "first", "prev"}
    assert middle["self"] == first["next"]
    assert last["prev"] == middle["self"]
    assert "include_active_session=true" in middle["next"]
    assert "page_token=PA" in middle["next"]
    again = await rest.get(middle["prev"].removeprefix(rest.host))
    assert again["data"] == pages[0]["data"]


async def test_what_is_added_meanwhile_moves_no_page(mock: SpaceHandle, rest: Rest) -> None:
    rooms = []
    for number in range(4):
        rooms.append(await mock.start_room(f"room-{number}"))
        await mock.advance(1)
    first = await rest.get("room_sessions", page_size=2)
    await mock.start_room("late")
    second = await rest.get(first["links"]["next"].removeprefix(rest.host))
    found = [each["name"] for each in [*first["data"], *second["data"]]]
    assert found == ["room-3", "room-2", "room-1", "room-0"]
    assert "next" not in second["links"]


async def test_an_empty_list_is_one_page(rest: Rest) -> None:
    page = await rest.get("room_recordings")
    assert page["data"] == []
    assert page["links"].keys() == {"self", "first"}


async def test_a_page_beyond_the_end_is_empty(rest: Rest) -> None:
    page = await rest.get("rooms", page_number=7, page_token="PAnothing")
    assert page["data"] == []
    assert page["links"].keys() == {"self", "first", "prev"}


async def test_what_is_wrong_with_a_page_is_told(rest: Rest) -> None:
    for query in ({"page_size": 0}, {"page_size": 1001}, {"page_size": "many"}):
        assert (await rest.ask("GET", "rooms", **query)).attributes() == ["page_size"]
    assert (await rest.ask("GET", "rooms", page_number=-1)).attributes() == ["page_number"]
    reply = await rest.ask("GET", "rooms", page_number=1)
    assert reply.attributes() == ["page_token"]
    assert reply.json["errors"][0]["code"] == "missing_required_parameter"
    reply = await rest.ask("GET", "rooms", page_token="7")
    assert reply.attributes() == ["page_token"]
    assert reply.json["errors"][0]["message"].endswith('found "7" (string)')


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("1.5", "a whole number, found 1.5 (number)"),
        ("99999999999999999999", "at most 1000, found 99999999999999999999 (integer)"),
        ("1e3", 'a whole number, found "1e3" (string)'),
    ],
)
async def test_a_number_in_a_query_is_quoted_as_it_came(given: str, found: str, rest: Rest) -> None:
    reply = await rest.ask("GET", "rooms", page_size=given)
    [told] = reply.refused(422)["errors"]
    assert told["message"] == f"page_size: expected {found}"


async def test_a_whole_number_may_have_a_fraction_of_nothing(rest: Rest) -> None:
    assert (await rest.get("rooms", page_size="2.0"))["links"]["self"].endswith("page_size=2")
