"""The options of spaces, and durations by their new and their old names."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from mockserver import schemas
from mockserver.control import options
from mockserver.harness import MockServer, SyncMockServer
from mockserver.server.http import shapes

from .conftest import Api, connected


def test_the_types_and_the_schema_have_the_same_options() -> None:
    assert set(options.SpaceOptions.__annotations__) == set(options.described())
    assert options.described() == schemas.load("space_options")["properties"]


def test_the_control_api_takes_every_option_with_its_bounds_and_no_default() -> None:
    fields = shapes.shape("create_space")["properties"]
    for name, option in options.described().items():
        own = ("default", "description")
        expected = {key: value for key, value in option.items() if key not in own}
        # A schema in a folder writes references to what lies beside its folder otherwise.
        taken = json.loads(json.dumps(fields[name]).replace('"../', '"'))
        assert {**taken, **expected} == {**taken, "x-expected": option["x-expected"]}
        assert "default" not in taken


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("scenario", "pause-resume", "pause-resume"),
        ("seed", "7", 7),
        ("clock", "manual", "manual"),
        ("speed", "2.5", 2.5),
        ("latency", "30", 30.0),
        ("latency", "30ms", "30ms"),
    ],
)
def test_an_option_as_text(name: str, text: str, value: object) -> None:
    assert options.read(name, text) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scenario", ""),
        ("seed", True),
        ("seed", 1.0),
        ("clock", "manul"),
        ("speed", 0),
        ("speed", float("nan")),
        ("speed", "2"),
        ("latency", -1),
        ("latency", float("nan")),
        ("latency", True),
        ("latency", "soon"),
        ("latency", "25h"),
    ],
)
def test_a_value_that_an_option_cannot_have(name: str, value: object) -> None:
    with pytest.raises(options.OptionError, match=rf"^{name}: expected .*, found "):
        options.check(name, value)


def test_a_number_out_of_bounds_names_them() -> None:
    with pytest.raises(options.OptionError, match=r"number greater than 0 from 0\.001 to 100000,"):
        options.check("speed", 1e6)


def test_an_option_that_there_is_not() -> None:
    wrong: Any = {"colour": "red"}
    with pytest.raises(TypeError, match='no option "colour"; it has: scenario, seed'):
        MockServer(**wrong)


@pytest.mark.parametrize("by", [2, 2.0, "2s", "2000ms", 0.1 + 0.2 + 1.7])
async def test_time_moves_by_numbers_and_by_texts(by: float | str) -> None:
    async with MockServer(clock="manual") as mock:
        before = mock.now
        assert await mock.advance(by) - before == 2.0


@pytest.mark.parametrize("by", [float("nan"), float("inf"), "5", "soon", True])
async def test_what_is_no_duration(by: Any) -> None:
    async with MockServer(clock="manual") as mock:
        with pytest.raises(ValueError, match=r"^by: expected a duration"):
            await mock.advance(by)
        with pytest.raises(ValueError, match=r"^timeout: expected a duration"):
            await mock.wait_for("video.room.get", timeout=by)
        with pytest.raises(ValueError, match=r"^delay: expected a duration"):
            mock.answer_next("video.room.get", delay=by)


async def test_the_old_name_of_an_argument_warns() -> None:
    old: dict[str, Any] = {"seconds": 5}
    with SyncMockServer(clock="manual") as mock:
        before = mock.now
        with pytest.warns(DeprecationWarning, match=r"advance\(seconds=…\) is now advance\(by=…\)"):
            assert mock.advance(**old) == before + 5


OLD: list[tuple[str, dict[str, Any], str, str]] = [
    ("/spaces", {"name": "there"}, "latency_s", "latency"),
    ("/spaces/here/clock/advance", {}, "seconds", "by"),
    ("/spaces/here/answers", {"method": "video.rooms.get"}, "delay_s", "delay"),
    ("/spaces/here/expectations", {"name": "video.rooms.get"}, "timeout_s", "timeout"),
]


@pytest.mark.parametrize(("path", "body", "old", "new"), OLD)
async def test_old_fields_take_seconds_and_warn(
    path: str,
    body: dict[str, Any],
    old: str,
    new: str,
    api: Api,
    space: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    shapes._warn_of_old_name.cache_clear()
    with caplog.at_level(logging.WARNING):
        reply = await api.post(path, {**body, old: 0})
    assert reply.status in (200, 201, 204) or (old, reply.status) == ("timeout_s", 408)
    assert f'the field "{old}" is deprecated: write "{new}"' in caplog.text
    # What the old name cannot mean is told with the new name.
    reply = await api.post(path, {**body, old: "30ms"})
    [error] = reply.problem(422)["errors"]
    assert error["path"] == f"$.{old}"
    assert error["hint"] == f'write "{new}": "30ms"'
    assert (await api.post(path, {**body, old: 1, new: 1})).paths() == [f"$.{old}"]


@pytest.mark.parametrize(("path", "body", "old", "new"), OLD)
async def test_durations_of_the_control_api(
    path: str, body: dict[str, Any], old: str, new: str, api: Api, space: str
) -> None:
    for wrong in ("5", "-1s", "soon", "10000h", -1, True, None):
        assert (await api.post(path, {**body, new: wrong})).paths() == [f"$.{new}"], wrong
    reply = await api.post(path, {**body, new: "1ms"})
    assert reply.status in (200, 201, 204) or (new, reply.status) == ("timeout", 408)


async def test_the_latency_of_a_space_with_its_unit(api: Api) -> None:
    wish = {"name": "here", "clock": "manual", "latency": "250ms"}
    await api.ok("POST", "/spaces", wish, 201)
    assert api.server.spaces["here"].latency_us == 250_000


async def test_permissions_are_an_option_of_the_space(api: Api) -> None:
    """What the token does not allow is refused, before the room is looked for."""
    reply = await api.post("/spaces", {"name": "limited", "permissions": ["room.lock"]})
    assert reply.status == 201
    client = await connected(api, "limited")
    for method, code in (("video.recording.start", "403"), ("video.lock", "404")):
        answer = await client.call(method, room_session_id="nowhere")
        assert answer["result"]["code"] == code
    await client.socket.close()
    reply = await api.post("/spaces", {"name": "other", "permissions": ["room.fly"]})
    assert reply.status == 422
    with pytest.raises(options.OptionError, match="a list of permissions"):
        options.check("permissions", ["room.fly"])
    assert options.read("permissions", "room.lock, room.unlock") == ["room.lock", "room.unlock"]
