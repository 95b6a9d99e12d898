"""What REST keeps beside the engine's state is bounded."""

from __future__ import annotations

import pytest

from mockserver.engine.video import video
from mockserver.harness.handles import SpaceHandle
from mockserver.rest import state

from .conftest import Rest


async def test_a_space_holds_so_many_streams(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "STREAMS_KEPT", 2)
    room = await rest.post("rooms", {"name": "lobby"})
    path, url = f"rooms/{room['id']}/streams", "rtmp://example.com/live"
    first = await rest.post(path, {"url": url})
    await rest.post(path, {"url": url})
    [told] = (await rest.ask("POST", path, {"url": url})).refused(422)["errors"]
    assert told["message"] == "this space holds at most 2 streams: delete some"
    await rest.ok("PUT", f"streams/{first['id']}", {"url": f"{url}/2"})
    assert len(await rest.all(path)) == 2
    await rest.ok("DELETE", f"streams/{first['id']}")
    await rest.post(path, {"url": url})


async def test_an_address_of_a_stream_is_not_without_end(rest: Rest) -> None:
    room = await rest.post("rooms", {"name": "lobby"})
    url = "rtmp://example.com/"
    path = f"rooms/{room['id']}/streams"
    reply = await rest.ask("POST", path, {"url": url + "x" * (2049 - len(url))})
    assert reply.attributes() == ["url"]
    await rest.post(path, {"url": url + "x" * (2048 - len(url))})


async def test_a_space_holds_so_many_domain_applications(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "APPLICATIONS_KEPT", 1)
    path = "/api/relay/rest/domain_applications"
    made = await rest.post(path, {"name": "one", "identifier": "one"})
    reply = await rest.ask("POST", path, {"name": "two", "identifier": "two"})
    assert "at most 1 domain applications" in reply.json["errors"][0]["detail"]
    long = {"name": "x" * 20_000}
    reply = await rest.ask("PUT", f"{path}/{made['id']}", long)
    assert "at most 16384 bytes" in reply.json["errors"][0]["detail"]
    assert await rest.all(path) == [made]


async def test_what_belongs_to_rooms_that_are_forgotten_is_forgotten(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "NAMES_REMEMBERED", 2)
    monkeypatch.setattr(state, "ROOMS_GONE", 3)
    kept = await rest.post("conferences", {"display_name": "kept"})
    stream = await rest.post(f"conferences/{kept['id']}/streams", {"url": "rtmp://example.com/a"})
    [token, _] = await rest.all(f"conferences/{kept['id']}/conference_tokens")
    for number in range(2):
        await rest.post("rooms", {"name": f"room-{number}"})
    assert (await rest.get(f"conference_tokens/{token['id']}")) == token
    for number in range(2, 5):
        await rest.post("rooms", {"name": f"room-{number}"})
    assert [each["name"] for each in await rest.all("rooms")] == ["room-3", "room-4"]
    for path in (f"conference_tokens/{token['id']}", f"streams/{stream['id']}"):
        (await rest.ask("GET", path)).refused(404)


async def test_a_space_remembers_so_many_requests(
    mock: SpaceHandle, rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "REQUESTS_KEPT", 3)
    for size in range(1, 6):
        await rest.get("rooms", page_size=size)
    assert [each.query["page_size"] for each in mock.rest_requests()] == [["3"], ["4"], ["5"]]


async def test_and_so_many_bytes_of_them(
    mock: SpaceHandle, rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "REQUEST_BYTES_KEPT", 300)
    for name in ("a", "b", "c"):
        await rest.post("room_tokens", {"room_name": name * 90})
    seen = [each.body["room_name"][0] for each in mock.rest_requests()]
    assert seen == ["b", "c"]
