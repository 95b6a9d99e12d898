"""The limits of a server: each is an option, whoever meets one is told, and nobody else notices."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from contract_tests.shared.client import Client
from contract_tests.shared.patience import PATIENCE_S
from contract_tests.shared.processes import run
from mockserver import schemas
from mockserver.server import Settings, limits, reference

from .conftest import Start, connected

PAGE = Path(__file__).parents[2] / "docs" / "LIMITS.md"
LIMITS = schemas.load("server_limits")["properties"]


async def until(holds: Callable[[], bool]) -> None:
    """Return once it holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.01)


def test_the_page_is_made_of_the_schemas() -> None:
    assert PAGE.read_text("utf-8") == reference.page(), f"run: {reference.COMMAND}"


def test_every_limit_is_a_setting_with_its_default() -> None:
    settings = Settings()
    assert LIMITS.keys() <= {each.name for each in fields(Settings)}
    for name, schema in LIMITS.items():
        assert getattr(settings, name) == schema["default"]
        assert schema["minimum"] <= schema["default"] <= schema["maximum"]
        assert schema["x-refusal"]


def test_limits_as_text() -> None:
    assert limits.read("max_spaces=3, space_idle_s=0.5,") == {"max_spaces": 3, "space_idle_s": 0.5}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("max_space=3", 'there is no limit "max_space"; there are: max_message_bytes, '),
        ("max_spaces=0", "max_spaces: expected a whole number from 1 to 1000000, found '0'"),
        ("max_spaces=1.5", "max_spaces: expected a whole number from 1 to 1000000, found '1.5'"),
        ("max_spaces", "max_spaces: expected a whole number from 1 to 1000000, found ''"),
        ("space_idle_s=nan", "space_idle_s: expected a number from 0 to 31536000, found 'nan'"),
    ],
)
def test_a_limit_that_cannot_be(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(limits.LimitError) as caught:
        limits.read(text)
    assert str(caught.value).startswith(told)
    ended = run("serve", "--port", "0", "--server-limits", text, cwd=tmp_path)
    assert ended.returncode == 2
    assert told in ended.stderr


async def test_spaces(start: Start) -> None:
    api = await start(max_spaces=2)
    one, two = await connected(api, "one"), await connected(api, "two")
    late = await Client.open(api.server.url)
    error = (await late.connect("late", "any"))["error"]
    assert error["code"] == -32000
    assert "max_spaces" in error["message"]
    assert (await api.post("/spaces", {"name": "late"})).problem(503)["detail"]
    rest = f"{api.server.http_url}/api/video/rooms"
    async with api.http.get(rest, headers={"Authorization": "Basic bGF0ZTphbnk="}) as response:
        assert response.status == 503
    # Those who are there notice nothing, and another client of theirs gets in.
    for client in (one, two, await connected(api, "one")):
        await client.sync()
        await client.socket.close()
    await late.socket.close()


async def test_the_space_that_is_idle_for_longest_makes_room(start: Start) -> None:
    api = await start(max_spaces=2, resume_window_s=0.01)
    spaces = api.server.spaces
    for name in ("old", "new"):
        client = await connected(api, name)
        await client.socket.close()
        await until(lambda name=name: not spaces[name].sessions)  # type: ignore[misc]
    client = await connected(api, "late")
    assert set(spaces) == {"new", "late"}
    await client.socket.close()


async def test_many_names_take_no_memory(start: Start) -> None:
    """Whoever comes by REST under ever new names leaves no more than the limit behind."""
    api = await start(max_spaces=3)
    for number in range(20):
        url = f"{api.server.http_url}/space/name-{number}/api/video/rooms"
        async with api.http.get(url, headers={"Authorization": "Basic YTpi"}) as response:
            assert response.status == 200
    assert list(api.server.spaces) == ["name-17", "name-18", "name-19"]


async def test_idle_spaces_are_forgotten_and_others_are_not(start: Start) -> None:
    api = await start(space_idle_s=0.1, resume_window_s=0.01)
    spaces = api.server.spaces
    spaces.retired = deque()
    await api.ok("POST", "/spaces", {"name": "kept"}, 201)
    there = await connected(api, "there")
    busy = await connected(api, "busy")
    # Before its client goes: on a busy machine the space might be forgotten until then.
    await api.ok("POST", "/spaces/busy/rooms", {}, 201)
    await busy.socket.close()
    client = await connected(api, "idle")
    await client.socket.close()
    await until(lambda: "idle" not in spaces)
    assert set(spaces) == {"kept", "there", "busy"}
    assert [each.space.name for each in spaces.retired] == ["idle"]
    # It is there again when somebody comes.
    again = await connected(api, "idle")
    for client in (there, again):
        await client.sync()
        await client.socket.close()


async def test_a_space_that_is_used_is_not_idle(start: Start) -> None:
    api = await start(space_idle_s=0)
    spaces = api.server.spaces
    space = api.server.visit("here", "any", None)
    for _ in range(3):
        spaces.rearm(space)
        spaces.forget_idle(0)
        assert "here" in spaces, "used since the last time"
    spaces.forget_idle(0)
    assert "here" not in spaces


async def test_depth(start: Start) -> None:
    api = await start(max_depth=8)
    client = await connected(api, "here")
    deep: list[object] = []
    for _ in range(8):
        deep = [deep]
    error = await client.error("signalwire.ping", timestamp=deep)
    assert (error["code"], error["data"]) == (-32600, {"max_depth": 8})
    await client.sync()
    await client.socket.close()


@pytest.mark.parametrize("pieces", [1, 4])
async def test_message_bytes(start: Start, pieces: int) -> None:
    api = await start(max_message_bytes=1_024)
    client, other = await connected(api, "here"), await connected(api, "here")
    await client.error("x" * 900)
    for number in range(pieces):
        opcode = 0 if number else 1
        await client.socket.send(opcode, b"x" * (1_025 // pieces + 1), final=number == pieces - 1)
    assert await client.socket.close_code() == 1009
    await other.sync()
    for each in (client, other):
        await each.socket.close()


async def test_journal_bytes(start: Start) -> None:
    api = await start(journal_bytes=50_000)
    client = await connected(api, "here")
    for _ in range(100):
        await client.error("x" * 2_000)
    journal = api.server.spaces["here"].journal
    assert journal.bytes <= 50_000
    assert (await api.ok("GET", "/spaces/here/trace"))["dropped"] == journal.dropped > 100
    await client.socket.close()


async def test_limits_of_spaces(start: Start) -> None:
    """A space's own limits count, and those of the server for the others."""
    api = await start(limits={"rooms": 1, "sessions": 5})
    await api.ok("POST", "/spaces", {"name": "own", "limits": {"rooms": 2}}, 201)
    await api.ok("POST", "/spaces", {"name": "other"}, 201)
    for name, most in (("own", 2), ("other", 1)):
        for _ in range(most):
            await api.ok("POST", f"/spaces/{name}/rooms", {}, 201)
        reply = await api.post(f"/spaces/{name}/rooms", {})
        assert "limit rooms" in reply.problem(429)["detail"]
        assert api.server.spaces[name].limits.sessions == 5
    for wrong in ({"room": 2}, {"rooms": 0}, {"rooms": "2"}, {"metadata": 10**9}, 5):
        reply = await api.post("/spaces", {"name": "wrong", "limits": wrong})
        assert reply.paths()[0].startswith("$.limits")


def test_limits_of_spaces_on_the_command_line(tmp_path: Path) -> None:
    for wrong in ("rooms=0", "room=1", "rooms", "rooms=x"):
        ended = run("serve", "--port", "0", "--limits", wrong, cwd=tmp_path)
        assert ended.returncode == 2
        assert "expected limits such as rooms=3,members=10" in ended.stderr
