"""The rules that hold for recordings hold for playbacks and streams, each by its table."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.contract.conversation import OK, ROOM, START, Conversation, listening
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
def test_a_start_that_was_asked_for_comes(lifecycle: Lifecycle) -> None:
    talk = hearing(lifecycle)
    kind = lifecycle.kind
    told: dict[str, Any] = {"id": f"{kind}-1", "state": lifecycle.initial, "url": "rtmp://a/b"}
    told |= {"position": 0, "seekable": True, "volume": 0}
    asked = {"room_session_id": ROOM} | ({} if kind == "recording" else {"url": "rtmp://a/b"})
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
    told = {"id": "playback-1", "state": "playing", "started_at": START + 2.0, "url": "https://a/b"}
    told |= {"position": 0, "seekable": True, "volume": 0}
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
    told = {"id": "playback-1", "state": "playing", "url": "https://a/b", "position": -1}
    told |= {"seekable": True, "volume": 0}
    talk.ask("video.playback.list", {"room_session_id": ROOM}, {**OK, "playbacks": [told]})
    assert talk.broken() == ["position-follows-clock"]
