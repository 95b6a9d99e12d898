"""The rules that hold for recordings hold for playbacks and streams, each by its table."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.contract.conversation import OK, PLAYING, ROOM, START, Conversation, listening
from mockserver.contract import check
from mockserver.protocol.lifecycles import LIFECYCLES, Lifecycle

KINDS = pytest.mark.parametrize("lifecycle", LIFECYCLES.values(), ids=LIFECYCLES)
PLAYBACK_TYPES = ("video.playback.started", "video.playback.updated", "video.playback.ended")
REFUSED = {"code": "409", "message": "not now"}


def hearing(lifecycle: Lifecycle) -> Conversation:
    """A session that has subscribed all that is told about a kind of thing."""
    suffixes = {"started", *(transition.event for transition in lifecycle.rows.values())}
    return listening(sorted(f"video.{lifecycle.kind}.{suffix}" for suffix in suffixes))


def playing(**fields: Any) -> Conversation:
    """A session that has heard a playback start, at 1 s."""
    talk = listening(PLAYBACK_TYPES)
    talk.media("playback", "started", "playing", **fields)
    return talk


@KINDS
def test_a_start_comes_once_and_first(lifecycle: Lifecycle) -> None:
    talk = hearing(lifecycle)
    talk.media(lifecycle.kind, "started", lifecycle.initial)
    talk.media(lifecycle.kind, "started", lifecycle.initial)
    assert talk.broken() == ["started-once"]
    talk = hearing(lifecycle)
    talk.media(lifecycle.kind, "ended", lifecycle.final)
    talk.media(lifecycle.kind, "started", lifecycle.initial)
    assert talk.broken() == ["started-first", "nothing-after-ended"]


@KINDS
@pytest.mark.parametrize("events_first", [False, True])
def test_the_answer_to_a_start_reports_the_first_state(
    lifecycle: Lifecycle, events_first: bool
) -> None:
    kind = lifecycle.kind
    for state in lifecycle.states:
        talk = hearing(lifecycle)
        told: dict[str, Any] = {"id": f"{kind}-1", "state": state, "started_at": START + 1.0}
        told |= {} if kind == "recording" else PLAYING
        told |= {"ended_at": START + 1.0} if state == lifecycle.final else {}
        asked = {"room_session_id": ROOM} | ({} if kind == "recording" else {"url": told["url"]})
        call = talk.call(f"video.{kind}.start", asked)
        if events_first:
            talk.media(kind, "started", lifecycle.initial, started_at=1.0)
            if state != lifecycle.initial:
                what = "ended" if state == lifecycle.final else "updated"
                talk.media(kind, what, state, started_at=1.0)
        talk.answer(call, {**OK, kind: told})
        is_wrong = state != lifecycle.initial and not events_first
        assert talk.broken() == (["legal-transitions"] if is_wrong else [])


@KINDS
def test_a_start_that_was_asked_for_comes(lifecycle: Lifecycle) -> None:
    talk = hearing(lifecycle)
    kind = lifecycle.kind
    told: dict[str, Any] = {"id": f"{kind}-1", "state": lifecycle.initial, **PLAYING}
    asked = {"room_session_id": ROOM} | ({} if kind == "recording" else {"url": PLAYING["url"]})
    talk.ask(f"video.{kind}.start", asked, {**OK, kind: told})
    talk.media(kind, "ended", lifecycle.final)
    assert talk.broken() == ["started-first", "action-takes-effect"]


@KINDS
def test_each_row_of_the_table_is_legal_and_nothing_else(lifecycle: Lifecycle) -> None:
    rows = {(state, *transition) for (state, _), transition in lifecycle.rows.items()}
    suffixes = sorted({suffix for _, _, suffix in rows})
    for before in lifecycle.states:
        if before == lifecycle.final:
            continue
        for after in lifecycle.states:
            for suffix in suffixes:
                talk = hearing(lifecycle)
                talk.media(lifecycle.kind, "started", lifecycle.initial)
                if before != lifecycle.initial:
                    talk.media(lifecycle.kind, "updated", before)
                ends: dict[str, Any] = {"ended_at": talk.now} if after == lifecycle.final else {}
                talk.media(lifecycle.kind, suffix, after, **ends)
                legal = (before, after, suffix) in rows
                assert ("legal-transitions" in talk.broken()) is not legal


@KINDS
def test_nothing_is_asked_of_what_has_ended(lifecycle: Lifecycle) -> None:
    talk = hearing(lifecycle)
    talk.media(lifecycle.kind, "started", lifecycle.initial)
    ended = talk.media(lifecycle.kind, "ended", lifecycle.final)
    talk.act_on(lifecycle.kind, "stop", REFUSED)
    talk.acknowledge(ended)
    assert talk.broken() == []
    talk.act_on(lifecycle.kind, "stop", REFUSED)
    assert talk.broken() == ["no-action-after-ended"]


@KINDS
def test_an_accepted_stop_is_told(lifecycle: Lifecycle) -> None:
    talk = hearing(lifecycle)
    talk.media(lifecycle.kind, "started", lifecycle.initial)
    talk.act_on(lifecycle.kind, "stop")
    talk.at(5.0).media(lifecycle.kind, "started", lifecycle.initial, id_="another")
    assert talk.broken() == ["action-takes-effect"]


def test_things_of_one_id_but_two_kinds_are_judged_apart() -> None:
    talk = listening((*PLAYBACK_TYPES, "video.stream.started", "video.stream.ended"))
    talk.media("playback", "started", "playing", id_="one")
    talk.media("playback", "ended", "completed", id_="one")
    talk.media("stream", "started", "streaming", id_="one")
    assert talk.broken() == []


def test_a_stream_lasts_from_its_start_to_its_end() -> None:
    for duration, broken in ((9.0, []), (7.9, ["durations-add-up"]), (9.1, ["durations-add-up"])):
        talk = listening(["video.stream.started", "video.stream.ended"])
        talk.media("stream", "started", "streaming")
        talk.at(10.0).media("stream", "ended", "completed", duration=duration)
        assert talk.broken() == broken


def test_times_of_a_playback_are_in_order() -> None:
    talk = playing(started_at=1.0)
    talk.media("playback", "ended", "completed", started_at=1.0, ended_at=0.5)
    assert talk.broken() == ["times-in-order"]


def test_a_state_told_inside_an_older_room_counts() -> None:
    talk = playing(started_at=1.0)
    told = {"id": "playback-1", "state": "playing", "started_at": START + 2.0, **PLAYING}
    room: dict[str, Any] = {
        "id": ROOM,
        "room_id": "room-1",
        "name": "lobby",
        "event_channel": "EC_lobby",
    }
    room |= {"recording": False, "hide_video_muted": False, "playbacks": [told]}
    talk.ask("video.room.get", {"room_session_id": ROOM}, {**OK, "room": room})
    assert talk.broken() == ["times-in-order"]


def test_what_keeps_the_state_takes_the_events_that_others_leave() -> None:
    talk = playing()
    talk.act_on("playback", "set_volume", volume=0)
    talk.act_on("playback", "pause")
    talk.media("playback", "updated", "paused")
    talk.media("playback", "updated", "paused")
    talk.media("playback", "ended", "completed")
    assert talk.broken() == []


@pytest.mark.parametrize(
    ("verb", "params"),
    [("set_volume", {"volume": 5}), ("seek_absolute", {"position": 1}), ("pause", {})],
)
def test_every_accepted_verb_has_an_event_of_its_own(verb: str, params: dict[str, Any]) -> None:
    talk = playing()
    talk.act_on("playback", "pause")
    talk.act_on("playback", verb, **params)
    talk.media("playback", "updated", "paused")
    talk.media("playback", "ended", "completed")
    assert talk.broken() == ["action-takes-effect"]


def test_an_action_whose_event_was_not_subscribed_takes_none_from_another() -> None:
    talk = listening([PLAYBACK_TYPES[0], PLAYBACK_TYPES[2]])
    talk.media("playback", "started", "playing")
    talk.act_on("playback", "set_volume", volume=0)
    talk.subscribe(types=[PLAYBACK_TYPES[1]])
    talk.act_on("playback", "set_volume", volume=0)
    talk.media("playback", "updated", "playing")
    talk.media("playback", "ended", "completed")
    assert talk.broken() == []


@pytest.mark.parametrize(("volume", "broken"), [(5, []), (7, ["action-takes-effect"])])
def test_the_effect_shows_the_volume_that_was_set(volume: float, broken: list[str]) -> None:
    talk = playing()
    talk.act_on("playback", "set_volume", volume=5)
    talk.media("playback", "updated", "playing", volume=volume)
    assert talk.broken() == []
    talk.media("playback", "ended", "completed", volume=volume)
    assert talk.broken() == broken
    for violation in check(talk.trace):
        assert "with 'paused' or 'playing' and volume=5 to" in violation.message
        assert violation.message.endswith("found volume=7")
        assert len(violation.frames) == 4


@pytest.mark.parametrize("volume", ["5", 500, None])
def test_a_volume_that_no_call_may_ask_for_need_not_be_shown(volume: Any) -> None:
    talk = playing()
    talk.act_on("playback", "set_volume", volume=volume)
    talk.media("playback", "updated", "playing", volume=50)
    talk.media("playback", "ended", "completed", volume=50)
    assert talk.broken() == ["client-frames-valid"]


@pytest.mark.parametrize(
    ("calls", "events"),
    [
        ((5, "pause"), [("playing", 5), ("paused", 5)]),
        (("pause", 0), [("paused", 0), ("paused", 0)]),
        (("pause", "resume", 0), [("paused", 0), ("playing", 0), ("playing", 0)]),
        (("pause", 5, "resume", 0), [("paused", 0), ("paused", 5), ("playing", 5), ("playing", 0)]),
        ((5, 7, "pause", 5), [("playing", 5), ("playing", 7), ("paused", 7), ("paused", 5)]),
    ],
)
@pytest.mark.parametrize("lost", [None, 0, -1])
def test_calls_that_follow_each_other_at_once_have_an_event_each(
    calls: tuple[str | int, ...], events: list[tuple[str, int]], lost: int | None
) -> None:
    talk = playing()
    for call in calls:
        if isinstance(call, int):
            talk.act_on("playback", "set_volume", volume=call)
        else:
            talk.act_on("playback", call)
    left = [*events]
    if lost is not None:
        del left[lost]
    for state, volume in left:
        talk.media("playback", "updated", state, volume=volume)
    talk.media("playback", "ended", "completed")
    effects = [rule for rule in talk.broken() if rule == "action-takes-effect"]
    assert len(effects) == (0 if lost is None else 1)


def test_an_event_that_fits_two_calls_is_left_to_the_one_that_needs_it() -> None:
    """The pause was called first and came last: events are not in the order of the calls."""
    talk = playing()
    talk.media("playback", "updated", "paused")
    talk.act_on("playback", "pause")
    talk.act_on("playback", "set_volume", volume=5)
    talk.act_on("playback", "resume")
    for state in ("paused", "playing", "paused"):
        talk.media("playback", "updated", state, volume=5)
    talk.media("playback", "ended", "completed", volume=5)
    assert talk.broken() == []


@pytest.mark.parametrize(
    ("volume", "at", "broken"), [(5, 9.0, []), (0, 9.0, ["answers-agree"]), (0, 1.9, [])]
)
def test_a_list_shows_the_volume_that_was_told(volume: int, at: float, broken: list[str]) -> None:
    talk = playing()
    talk.act_on("playback", "set_volume", volume=5)
    talk.media("playback", "updated", "playing", volume=5)
    told = {"id": "playback-1", "state": "playing", **PLAYING, "volume": volume}
    talk.at(at).ask("video.playback.list", {"room_session_id": ROOM}, {**OK, "playbacks": [told]})
    talk.at(at + 9.0).media("playback", "ended", "completed", volume=5)
    assert talk.broken() == broken


def test_an_event_that_is_the_effect_of_one_call_is_not_that_of_a_later_one() -> None:
    talk = playing()
    params = {"room_session_id": ROOM, "playback_id": "playback-1", "volume": 5}
    first, second = (talk.call("video.playback.set_volume", params) for _ in range(2))
    talk.answer(first)
    talk.media("playback", "updated", "playing", volume=5)
    talk.at(3.0).media("playback", "started", "playing", id_="another")
    talk.answer(second)
    talk.at(5.0).media("playback", "started", "playing", id_="a third")
    assert talk.broken() == ["action-takes-effect"]


@pytest.mark.parametrize("field", ["url", "volume"])
@pytest.mark.parametrize("place", ["event", "answer", None])
def test_a_start_shows_what_was_asked_for(field: str, place: str | None) -> None:
    asked: dict[str, Any] = {"url": PLAYING["url"], "volume": 5}
    other = {"url": "https://example.com/b.mp3", "volume": 7}
    told = {
        where: {**asked, **({field: other[field]} if where == place else {})}
        for where in ("answer", "event")
    }
    talk = listening(PLAYBACK_TYPES)
    shown = {"id": "playback-1", "state": "playing", **PLAYING, **told["answer"]}
    params = {"room_session_id": ROOM, **asked}
    talk.ask("video.playback.start", params, {**OK, "playback": shown})
    talk.media("playback", "started", "playing", **told["event"])
    talk.media("playback", "ended", "completed", **told["event"])
    broken = set(talk.broken()) - {"address-stays"}
    assert broken == ({"action-takes-effect"} if place else set())


@pytest.mark.parametrize("moved", [0, 1960, 2000, 2040])
def test_a_position_moves_on_with_the_clock_or_stalls(moved: int) -> None:
    talk = playing(position=500)
    talk.at(3.0).media("playback", "updated", "paused", position=500 + moved)
    talk.at(9.0).media("playback", "updated", "playing", position=500 + moved)
    talk.at(9.5).media("playback", "ended", "completed", position=1000 + moved)
    assert talk.broken() == []


@pytest.mark.parametrize("moved", [-60, 2060, 90_000])
def test_a_pause_does_not_move_a_position(moved: int) -> None:
    talk = playing(position=500)
    talk.at(3.0).media("playback", "updated", "paused", position=500 + moved)
    assert talk.broken() == ["position-follows-clock"]


@pytest.mark.parametrize(("what", "state"), [("updated", "playing"), ("ended", "completed")])
def test_a_position_stands_still_while_paused(what: str, state: str) -> None:
    talk = playing()
    talk.media("playback", "updated", "paused")
    talk.at(9.0).media("playback", what, state, position=8000)
    assert talk.broken() == ["position-follows-clock"]


@pytest.mark.parametrize("state", ["playing", "paused"])
@pytest.mark.parametrize(
    ("fields", "broken"),
    [
        ({}, []),
        ({"volume": 5}, ["position-follows-clock"]),
        ({"seekable": False}, ["position-follows-clock"]),
    ],
)
def test_what_may_be_a_seek_may_jump(state: str, fields: dict[str, Any], broken: list[str]) -> None:
    talk = playing(**{**fields, "volume": 0})
    if state == "paused":
        talk.media("playback", "updated", "paused", **{**fields, "volume": 0})
    talk.at(2.0).media("playback", "updated", state, position=60_000, **fields)
    assert talk.broken() == broken


def test_who_missed_updates_cannot_judge_a_position() -> None:
    talk = listening([PLAYBACK_TYPES[0], PLAYBACK_TYPES[2]])
    talk.media("playback", "started", "playing")
    talk.at(2.0).media("playback", "ended", "completed", position=60_000)
    assert talk.broken() == []


def test_no_position_is_before_the_beginning_also_in_answers() -> None:
    talk = playing()
    told = {"id": "playback-1", "state": "playing", **PLAYING, "position": -1}
    talk.ask("video.playback.list", {"room_session_id": ROOM}, {**OK, "playbacks": [told]})
    assert talk.broken() == ["position-follows-clock"]


@pytest.mark.parametrize(
    ("what", "state", "broken"),
    [
        ("updated", "playing", []),
        ("updated", "paused", ["volume-stays"]),
        ("ended", "completed", ["volume-stays"]),
    ],
)
@pytest.mark.parametrize("types", [PLAYBACK_TYPES, PLAYBACK_TYPES[::2]])
def test_a_volume_changes_alone(
    what: str, state: str, broken: list[str], types: tuple[str, ...]
) -> None:
    talk = listening(types)
    talk.media("playback", "started", "playing", volume=5)
    if f"video.playback.{what}" in types:
        talk.media("playback", what, state, volume=0)
    assert talk.broken() == (broken if types == PLAYBACK_TYPES else [])


def test_a_volume_that_was_changed_stays_so() -> None:
    talk = playing(volume=5)
    talk.media("playback", "updated", "paused", volume=5)
    talk.media("playback", "updated", "paused", volume=0)
    talk.media("playback", "updated", "playing", volume=0)
    assert talk.broken() == []
    talk.media("playback", "ended", "completed", volume=5)
    assert talk.broken() == ["volume-stays"]
