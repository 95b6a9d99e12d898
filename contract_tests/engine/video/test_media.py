"""What is played and streamed: positions and durations on the clock, and ends that come alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.engine import Activity, seconds
from mockserver.engine.video.media import ENDLESS_SCHEMES
from mockserver.protocol.lifecycles import LIFECYCLES, PLAYBACK

from ..harness import ENDINGS, HOUR, MS, START_PARAMS, S, World
from .followed import FollowedRoom

LENGTH = 90 * S
TUNE = START_PARAMS["playback"]["url"]
LIVE = "rtmp://example.com/live"


class Tune:
    """Something of a known length that is played in a followed room."""

    def __init__(self, lobby: FollowedRoom, length_us: int = LENGTH, **more: Any) -> None:
        self.lobby = lobby
        self.begun = lobby.world.clock.now()
        media = lobby.perform("start_playback", url=TUNE, length_us=length_us, **more)
        assert media is not None
        self.id = media.id

    @property
    def wire(self) -> dict[str, Any]:
        return next(each for each in self.lobby.listed("playback") if each["id"] == self.id)

    @property
    def position(self) -> float:
        """In milliseconds."""
        position: float = self.wire["position"]
        return position

    def control(self, verb: str, **params: Any) -> None:
        result = self.lobby.control("playback", verb, self.id, **params)
        assert result == {"code": "200", "message": "OK"}

    def ends(self) -> list[dict[str, Any]]:
        """What was told of its end, once nothing more happens."""
        self.lobby.world.settle()
        return [
            params["playback"]
            for event, params in self.lobby.client.events
            if event == "video.playback.ended" and params["playback"]["id"] == self.id
        ]

    def ends_after(self, us: int) -> None:
        """It ends once, exactly so long after its start, where its length is."""
        (ended,) = self.ends()
        assert ended["state"] == "completed"
        assert ended["ended_at"] == seconds(self.begun + us)
        assert ended == self.wire


@pytest.fixture
def tune(lobby: FollowedRoom) -> Tune:
    return Tune(lobby)


# Positions


def test_the_position_goes_with_the_clock(lobby: FollowedRoom, tune: Tune) -> None:
    for us, expected in ((0, 0), (S, 1_000), (500 * MS, 1_500), (MS - 1, 1_500), (1, 1_501)):
        lobby.world.wait(us)
        assert tune.position == expected


def test_a_pause_holds_it(lobby: FollowedRoom, tune: Tune) -> None:
    lobby.world.wait(3 * S)
    tune.control("pause")
    lobby.world.wait(HOUR)
    assert tune.position == 3_000
    tune.control("resume")
    lobby.world.wait(2 * S)
    assert tune.position == 5_000


@pytest.mark.parametrize("paused", [False, True], ids=["playing", "paused"])
@pytest.mark.parametrize(
    ("verb", "position", "expected"),
    [
        ("seek_absolute", 0, 0),
        ("seek_absolute", 30_000, 30_000),
        ("seek_absolute", 30_000.4, 30_000),
        ("seek_absolute", 90_001, 90_000),
        ("seek_absolute", 10**12, 90_000),
        ("seek_relative", 5_000, 15_000),
        ("seek_relative", -5_000, 5_000),
        ("seek_relative", 0, 10_000),
        ("seek_relative", -10_001, 0),
        ("seek_relative", 80_001, 90_000),
        ("seek_relative", -(10**12), 0),
    ],
)
def test_it_is_sought_within_its_length(
    lobby: FollowedRoom, tune: Tune, paused: bool, verb: str, position: float, expected: int
) -> None:
    lobby.world.wait(10 * S)
    if paused:
        tune.control("pause")
    tune.control(verb, position=position)
    *_, last = [p["playback"] for e, p in lobby.told() if e == "video.playback.updated"]
    assert (last["position"], last["state"]) == (expected, "paused" if paused else "playing")


def test_it_goes_on_from_where_it_was_sought(lobby: FollowedRoom, tune: Tune) -> None:
    lobby.world.wait(10 * S)
    tune.control("seek_absolute", position=40_000)
    lobby.world.wait(S)
    tune.control("seek_relative", position=-2_000)
    lobby.world.wait(S)
    assert tune.position == 40_000
    tune.control("pause")
    tune.control("seek_relative", position=5_000)
    lobby.world.wait(S)
    assert tune.position == 45_000


def test_its_beginning_is_said(lobby: FollowedRoom) -> None:
    result = lobby.call("playback.start", url=TUNE, volume=-20, seek_position=2_000)
    assert result["playback"] == {
        "id": result["playback"]["id"],
        "state": "playing",
        "started_at": seconds(lobby.world.clock.now()),
        "url": TUNE,
        "volume": -20,
        "position": 2_000,
        "seekable": True,
    }


def test_the_volume_stays_as_it_was_set(lobby: FollowedRoom, tune: Tune) -> None:
    tune.control("set_volume", volume=12.5)
    tune.control("pause")
    assert tune.wire["volume"] == 12.5
    tune.control("set_volume", volume=-50)
    tune.control("resume")
    assert [params["playback"]["volume"] for _, params in lobby.told()] == [0, 12.5, 12.5, -50, -50]


# The end


@pytest.mark.parametrize("length_us", [0, 1, MS, LENGTH, 10 * HOUR])
@pytest.mark.parametrize("latency_us", [0, 5 * S])
def test_it_ends_exactly_at_its_length(
    lobby: FollowedRoom, length_us: int, latency_us: int
) -> None:
    lobby.world.space.latency_us = latency_us
    tune = Tune(lobby, length_us)
    tune.ends_after(length_us)
    assert tune.position == length_us // MS


@pytest.mark.parametrize(
    ("steps", "length_s"),
    [
        ([(10, "pause", {}), (60, "resume", {})], 150),
        ([(10, "pause", {}), (200, "resume", {}), (10, "pause", {}), (1, "resume", {})], 291),
        ([(10, "seek_absolute", {"position": 80_000})], 20),
        ([(80, "seek_absolute", {"position": 0})], 170),
        ([(80, "seek_relative", {"position": -30_000})], 120),
        ([(10, "seek_relative", {"position": 100_000})], 10),
        ([(10, "pause", {}), (5, "seek_absolute", {"position": 90_000}), (5, "resume", {})], 20),
        ([(10, "set_volume", {"volume": 3}), (10, "set_volume", {"volume": 3})], 90),
        (
            [(10, "seek_absolute", {"position": 20_000}), (0, "seek_relative", {"position": -1e4})],
            90,
        ),
        ([(10, "stop", {})], 10),
        ([(10, "pause", {}), (500, "stop", {})], 510),
    ],
    ids=lambda value: "-".join(verb for _, verb, _ in value) if isinstance(value, list) else None,
)
def test_it_ends_when_its_length_has_been_played(
    lobby: FollowedRoom, tune: Tune, steps: list[tuple[int, str, dict[str, Any]]], length_s: int
) -> None:
    """Once, however it was paused, sought or stopped before."""
    for after_s, verb, params in steps:
        lobby.world.wait(after_s * S)
        tune.control(verb, **params)
    tune.ends_after(length_s * S)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(min_value=0, max_value=40 * S),
            st.sampled_from(PLAYBACK.verbs),
            st.integers(min_value=-100_000, max_value=100_000),
        ),
        max_size=10,
    )
)
def test_it_ends_once_whatever_was_done_to_it(steps: list[tuple[int, str, int]]) -> None:
    """Against the simplest model there is: a position that grows while it plays, up to its end."""
    world = World()
    lobby = FollowedRoom(world)
    tune = Tune(lobby)
    state, position, over = "playing", 0, None
    for after, verb, offset in steps:
        if state == "playing" and over is None and position + after >= LENGTH:
            over = world.clock.now() + LENGTH - position
        world.wait(after)
        if state == "playing":
            position = min(LENGTH, position + after)
        params: dict[str, Any] = {"volume": 1} if verb == "set_volume" else {}
        if verb.startswith("seek"):
            params = {"position": abs(offset) if verb == "seek_absolute" else offset}
        result = lobby.control("playback", verb, tune.id, **params)
        if over is None and PLAYBACK.transition(state, verb) is not None:
            assert result["code"] == "200"
            state = PLAYBACK.rows[state, verb].state
            if "position" in params:
                base = 0 if verb == "seek_absolute" else position
                position = max(0, min(LENGTH, base + params["position"] * MS))
            if state == "completed" or (state == "playing" and position == LENGTH):
                over = world.clock.now()
        else:
            assert result["code"] == "409"
    if over is None and state == "playing":
        over = world.clock.now() + LENGTH - position
    if over is None:
        assert tune.ends() == []
        assert (tune.wire["state"], tune.position) == ("paused", position // MS)
    else:
        tune.ends_after(over - tune.begun)
    assert world.violations() == []


def test_it_ends_with_its_room_and_not_again(lobby: FollowedRoom, tune: Tune) -> None:
    lobby.world.wait(10 * S)
    lobby.perform("end_room")
    lobby.world.settle()
    ended = [each for each in lobby.client.event_types if each.endswith(".ended")]
    assert ended == ["video.playback.ended", "video.room.ended"]


def test_the_seed_decides_how_long_it_is(lobby: FollowedRoom) -> None:
    """One to ten minutes; it differs from one to the next."""
    begun = lobby.world.clock.now()
    for _ in range(20):
        lobby.start("playback")
    lobby.world.settle()
    ended = [p["playback"] for e, p in lobby.client.events if e == "video.playback.ended"]
    lengths = {each["ended_at"] - seconds(begun) for each in ended}
    assert len(lengths) > 10
    assert all(60 <= each <= 600 and each == int(each) for each in lengths)
    assert all(each["position"] == (each["ended_at"] - each["started_at"]) * 1000 for each in ended)


def test_a_client_does_not_decide_how_long_it_is(lobby: FollowedRoom) -> None:
    """No param of the protocol says so, and what is not in it has no effect."""
    for unknown in ("soon", None, -1, 0):
        lobby.start("playback", length_us=unknown)
    lobby.world.wait(59 * S)
    assert lobby.told_types() == ["playback.started"] * 4


# What is live


@pytest.mark.parametrize("scheme", ENDLESS_SCHEMES)
def test_what_is_live_has_no_end_and_can_be_sought_in(lobby: FollowedRoom, scheme: str) -> None:
    """The documentation's examples of seek, forward and rewind use an rtmp URL."""
    live = lobby.start("playback", url=f"{scheme}://example.com/live")
    lobby.world.settle()
    lobby.world.wait(20 * HOUR)
    ((started, params),) = lobby.told()
    assert (started, params["playback"]["seekable"]) == ("video.playback.started", True)
    assert lobby.listed("playback")[0]["state"] == "playing"
    assert lobby.control("playback", "seek_absolute", live, position=5_000)["code"] == "200"
    assert lobby.control("playback", "seek_relative", live, position=-2_000)["code"] == "200"
    assert [params["playback"]["position"] for _, params in lobby.told()] == [5_000, 3_000]


def test_what_a_script_makes_unseekable_is_not_sought_in(lobby: FollowedRoom) -> None:
    playback = lobby.perform("start_playback", url=LIVE, seekable=False)
    assert isinstance(playback, Activity)
    live = playback.id
    lobby.world.settle()
    lobby.world.wait(20 * HOUR)
    ((started, params),) = lobby.told()
    assert (started, params["playback"]["seekable"]) == ("video.playback.started", False)
    for verb in ("seek_absolute", "seek_relative"):
        before = lobby.listed("playback")
        result = lobby.control("playback", verb, live)
        assert result["code"] == "409"
        assert live in result["message"]
        assert "not seekable" in result["message"]
        assert lobby.listed("playback") == before
    for verb in ("pause", "set_volume", "resume", "stop"):
        assert lobby.control("playback", verb, live)["code"] == "200"
    assert lobby.told_types() == [*["playback.updated"] * 3, "playback.ended"]
    assert lobby.control("playback", "seek_absolute", live)["code"] == "409"


# Streams and the room's flags


def test_a_stream_lasts_from_its_start_to_its_stop(lobby: FollowedRoom) -> None:
    stream = lobby.start("stream", url="rtmps://example.com/a")
    lobby.world.wait(12_345_678)
    assert "duration" not in lobby.listed("stream")[0]
    lobby.control("stream", "stop", stream)
    (shown,) = lobby.listed("stream")
    assert (shown["duration"], shown["url"]) == (12.345678, "rtmps://example.com/a")
    assert shown["ended_at"] - shown["started_at"] == pytest.approx(12.345678)


@pytest.mark.parametrize("kind", [k for k, table in LIFECYCLES.items() if table.flag is not None])
def test_the_room_says_whether_any_is_running(lobby: FollowedRoom, kind: str) -> None:
    """From the first start to the last stop, and only of its own kind."""
    flag = LIFECYCLES[kind].flag
    others = {each.flag for each in LIFECYCLES.values()} - {flag, None}
    first, second = lobby.start(kind), lobby.start(kind)
    lobby.control(kind, "stop", first)
    lobby.control(kind, "stop", second)
    rooms = [p["room_session"] for e, p in lobby.told() if e == "video.room.updated"]
    assert [(each["updated"], each[flag]) for each in rooms] == [([flag], True), ([flag], False)]
    assert not any(room[other] for room in rooms for other in others)


def test_nothing_is_said_of_the_room_for_a_playback(lobby: FollowedRoom) -> None:
    lobby.control("playback", "stop", lobby.start("playback"))
    assert lobby.told_types() == ["playback.started", "playback.ended"]


@pytest.mark.parametrize("kind", LIFECYCLES)
def test_each_lives_for_itself(lobby: FollowedRoom, kind: str) -> None:
    """Another, of its kind or not, is not touched; and none is found under another's kind."""
    ids = {each: lobby.start(each) for each in LIFECYCLES}
    another = lobby.start(kind)
    before = {each: lobby.listed(each) for each in LIFECYCLES}
    assert lobby.control(kind, "stop", ids[kind])["code"] == "200"
    for each, media in before.items():
        changed = [now for was, now in zip(media, lobby.listed(each), strict=True) if was != now]
        assert [one["id"] for one in changed] == ([ids[kind]] if each == kind else [])
        if each != kind:
            result = lobby.control(each, "stop", another)
            assert result["code"] == "404"
            assert ids[each] in result["message"]


def test_a_room_that_ends_completes_all_that_runs(lobby: FollowedRoom) -> None:
    for kind in reversed(list(LIFECYCLES)):
        lobby.start(kind)
    lobby.told()
    lobby.perform("end_room")
    told = lobby.told()
    assert [event.removeprefix("video.") for event, _ in told] == [*ENDINGS, "room.ended"]
    _, last = told[-1]
    assert (last["room_session"]["recording"], last["room_session"]["streaming"]) == (False, False)


def test_a_full_room_shows_all_that_is_and_was(lobby: FollowedRoom) -> None:
    for kind in LIFECYCLES:
        lobby.control(kind, "stop", lobby.start(kind))
        lobby.start(kind)
    room = lobby.call("room.get")["room"]
    for kind, table in LIFECYCLES.items():
        assert room[f"{kind}s"] == lobby.listed(kind)
        assert [each["state"] for each in room[f"{kind}s"]] == [table.final, table.initial]
