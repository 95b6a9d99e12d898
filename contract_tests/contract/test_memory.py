"""Long frames are judged whole and then let go: what is kept is short, and nothing is misjudged."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from mockserver import contract
from mockserver.contract import Entry, Trace, TraceFile, check, memory
from mockserver.contract.memory import Remnant

from .conversation import CHANNEL, MEMBER, OK, ROOM, TYPES, Conversation, listening, room_session

TRACES = sorted((Path(__file__).parents[2] / "fixtures" / "traces").glob("*.jsonl"))
ROOM_TYPES = (*TYPES, "video.room.updated")


def long_meta(number: int = 0) -> dict[str, Any]:
    return {"number": number, "items": [{"a": each} for each in range(1_000)]}


def updated(talk: Conversation, meta: Any) -> str:
    """A change of the room's meta; members, too, have meta."""
    members = [{**MEMBER, "meta": meta}]
    return talk.room("updated", meta=meta, updated=["meta"], members=members)


def told_of_meta(meta: Any, **connect: Any) -> Conversation:
    """A session that was told of the room's meta, and listens to its changes."""
    talk = Conversation()
    talk.connect(**connect)
    talk.subscribe(types=ROOM_TYPES, initial=True)
    talk.initial_state(meta=meta)
    return talk.at(1.0)


# What is kept


def answered_calls(talk: Conversation, number: int) -> None:
    meta = long_meta(number)
    talk.ask("video.set_meta", {"room_session_id": ROOM, "meta": meta})
    talk.acknowledge(updated(talk, meta))


def lists_of_rooms(talk: Conversation, _number: int) -> None:
    rooms = [room_session(id=f"room-{each}", members=[]) for each in range(100)]
    talk.ask("video.rooms.get", {}, {**OK, "rooms": rooms})


def pushed_events(talk: Conversation, number: int) -> None:
    talk.event("video.room.custom", long_meta(number))


def answers_that_wait_for_an_event(talk: Conversation, number: int) -> None:
    room = room_session(meta={"mine": long_meta(number)})
    talk.ask("video.room.get", {"room_session_id": ROOM}, {**OK, "room": room})


def rooms_that_live_on(talk: Conversation, number: int) -> None:
    for _ in range(2):
        updated(talk, {"mine": long_meta(number)})
        renamed = json.dumps(talk.entries[-1]).replace(ROOM, f"room-session-of-{number}")
        talk.entries[-1] = json.loads(renamed.replace("bob", f"bob-{number}"))


def unanswered_calls(talk: Conversation, number: int) -> None:
    talk.call("video.set_meta", {"room_session_id": ROOM, "meta": long_meta(number)})


def unreadable_frames(talk: Conversation, number: int) -> None:
    talk.frame("to_server", {"id": f"bad-{number}", "meta": long_meta(number)}, problem="no method")
    talk.frame("to_server", None, text="x" * 10_000)


def changed_by_faults(talk: Conversation, number: int) -> None:
    id_ = updated(talk, long_meta(number))
    meant = talk.entries[-1]["frame"]
    changed = {**meant, "id": f"{id_} changed"}
    talk.entries[-1] |= {"frame": changed, "meant": meant, "fault": "change"}


@pytest.mark.parametrize(
    "say",
    [
        answered_calls,
        lists_of_rooms,
        pushed_events,
        answers_that_wait_for_an_event,
        rooms_that_live_on,
        unanswered_calls,
        unreadable_frames,
        changed_by_faults,
    ],
)
def test_of_long_frames_little_is_kept(say: Callable[[Conversation, int], None]) -> None:
    talk = told_of_meta({})
    judge = contract.judge(most=2)
    sizes = []
    for number in range(30):
        say(talk.at(talk.now + 2.0), number)
        # As they come from a wire: no two frames share a value.
        for raw in json.loads(json.dumps(talk.entries)):
            (entry,) = contract.read_entries([{**raw, "n": len(judge) + 1}])
            judge.feed(entry)
        talk.entries.clear()
        sizes.append(sum(map(sys.getsizeof, reachable(judge))))
    assert (sizes[-1] - sizes[9]) / 20 < 25_000, (
        "bytes of a round, whose frames take ten times that"
    )


def reachable(root: object) -> Iterator[object]:
    """All objects that an object keeps, but for code."""
    seen: set[int] = set()
    found = [root]
    while found:
        each = found.pop()
        if id(each) not in seen and not isinstance(each, (type, ModuleType, FunctionType)):
            seen.add(id(each))
            yield each
            found += gc.get_referents(each)


def test_whoever_reads_a_trace_keeps_its_frames() -> None:
    talk = told_of_meta({})
    answered_calls(talk, 1)
    trace = talk.trace
    before = [entry.frame for entry in trace]
    check(trace)
    assert [entry.frame for entry in trace] == before
    assert all(entry.summary is None for entry in trace)


# What is said after frames were let go


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_with_every_frame_let_go_the_verdict_and_its_proofs_are_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TraceFile(path) as file:
        trace = Trace(tuple(file))
    expected = check(trace)
    monkeypatch.setattr(memory, "LONGEST_FRAME", 0)
    assert check(trace) == expected


def resumed(same: bool) -> Conversation:
    """A session that resumes, and then gets what it had not acknowledged, or something else."""
    talk = told_of_meta({}, event_acks=True)
    talk.acknowledge(talk.entries[-1]["frame"]["id"])
    owed = updated(talk, long_meta(1))
    talk.at(2.0).connect(event_acks=True, protocol="signalwire_a_s1_demo")
    body = dict(talk.entries[-3]["frame"]["params"]["params"])
    if not same:
        body["room_session"] = {**body["room_session"], "meta": long_meta(2)}
    talk.event("video.room.updated", body, made=1.0, id_=owed)
    talk.acknowledge(owed)
    return talk


def test_what_is_owed_after_a_resume_may_come_again() -> None:
    assert resumed(same=True).broken() == []


def test_another_event_with_the_id_of_one_that_is_owed_is_seen() -> None:
    assert resumed(same=False).broken() == ["event-once"]


def test_what_is_owed_and_does_not_come_again_is_missed() -> None:
    talk = told_of_meta({}, event_acks=True)
    talk.acknowledge(talk.entries[-1]["frame"]["id"])
    updated(talk, long_meta(1))
    talk.at(2.0).connect(event_acks=True, protocol="signalwire_a_s1_demo")
    talk.acknowledge(updated(talk, {}))
    assert talk.broken() == ["nothing-lost"]


def test_an_event_that_comes_twice_is_seen_and_both_are_shown() -> None:
    talk = told_of_meta({})
    updated(talk, long_meta(1))
    talk.frame("to_client", talk.entries[-1]["frame"])
    (violation,) = check(talk.trace)
    assert violation.rule == "event-once"
    first, second = (row.text for row in violation.proof)
    assert first == second
    assert 'meta={"number": 1, "items": [{"a": 0}' in first


def two_sessions(meta: Any) -> Conversation:
    """An event goes to two sessions, to the second one with its own meta."""
    talk, other = told_of_meta({}), told_of_meta({})
    for entry in other.entries:
        renamed = json.loads(json.dumps(entry).replace('"s1"', '"s2"').replace("_s1_", "_s2_"))
        if renamed["frame"].get("method") == "signalwire.event":
            renamed["frame"]["id"] = "initial state of s2"
        talk.entries.append(renamed | {"n": len(talk.entries) + 1})
    talk.at(3.0)
    updated(talk, long_meta(1))
    frame = json.loads(json.dumps(talk.entries[-1]["frame"]))
    frame["params"]["params"]["room_session"]["meta"] = meta
    talk.frame("to_client", frame, session="s2")
    return talk


def test_an_event_goes_to_two_sessions() -> None:
    assert two_sessions(long_meta(1)).broken() == []
    assert two_sessions(long_meta(2)).broken() == ["event-once"]


def test_of_two_sessions_one_misses_a_long_event() -> None:
    talk = two_sessions(long_meta(1))
    missed = talk.entries.pop()
    later = json.loads(json.dumps(missed))
    later["frame"]["id"] = "later"
    later["frame"]["params"]["timestamp"] += 2.0
    later["frame"]["params"]["params"]["room_session"]["updated"] = ["meta"]
    talk.entries.append(later)
    assert talk.broken() == ["told-to-all"]


@pytest.mark.parametrize("told", [1, 2])
def test_a_long_call_that_is_answered_much_later_takes_effect_or_not(told: int) -> None:
    talk = told_of_meta({})
    call = talk.call("video.set_meta", {"room_session_id": ROOM, "meta": long_meta(1)})
    for number in range(3):
        talk.call("video.rooms.get", {"filler": long_meta(number)})
    talk.at(2.0).answer(call)
    updated(talk, long_meta(told))
    talk.at(10.0).recording("started", "recording", started_at=10.0)
    assert ("change-is-told" in talk.broken()) is (told == 2)


@pytest.mark.parametrize("shown", [1, 2])
def test_a_long_answer_shows_the_meta_that_a_long_event_showed_or_not(shown: int) -> None:
    talk = told_of_meta({})
    updated(talk, long_meta(1))
    room = room_session(meta=long_meta(shown), members=[{**MEMBER, "meta": long_meta(1)}])
    talk.at(5.0).ask("video.room.get", {"room_session_id": ROOM}, {**OK, "room": room})
    talk.at(10.0).recording("started", "recording", started_at=10.0)
    assert ("settings-agree" in talk.broken()) is (shown == 2)


@pytest.mark.parametrize("named", [["meta"], []])
def test_a_change_from_one_long_meta_to_another_is_named_or_not(named: list[str]) -> None:
    talk = told_of_meta(long_meta(1), event_acks=True)
    for meta in (long_meta(2), {}, long_meta(2)):
        talk.room("updated", meta=meta, updated=named)
    talk.room("updated", meta=long_meta(2), updated=[])
    assert ("updated-names-changes" in talk.broken()) is (named == [])


def test_what_a_client_asks_wrongly_in_a_long_call_need_not_come() -> None:
    talk = told_of_meta({})
    talk.room("updated", prioritize_handraise=False)
    params = {"room_session_id": ROOM, "enable": 5, "more": long_meta()}
    talk.at(7.0).ask("video.prioritize_handraise", params)
    talk.at(20.0).room("updated", prioritize_handraise=False)
    assert talk.broken() == ["client-frames-valid"]


def test_what_a_long_event_leaves_out_is_as_a_long_one_showed_it() -> None:
    talk = Conversation()
    talk.connect()
    talk.subscribe(types=("video.member.joined", "video.member.updated"))
    talk.member("joined", meta=long_meta(1))
    talk.member("updated", other=long_meta(2), updated=[])
    talk.member("updated", meta=long_meta(1), updated=[])
    assert "updated-names-changes" not in talk.broken()
    talk.member("updated", meta=long_meta(2), updated=[])
    assert "updated-names-changes" in talk.broken()


def test_a_long_call_that_is_refused_stays_refused() -> None:
    talk = told_of_meta({})
    params = {"room_session_id": ROOM, "meta": long_meta(1)}
    refusal = {"code": "403", "message": "no", "more": long_meta()}
    call = talk.call("video.set_meta", params)
    talk.answer(call, refusal)
    talk.at(10.0).recording("started", "recording", started_at=10.0)
    assert "change-is-told" not in talk.broken()
    talk.answer(call, refusal)
    (violation,) = [each for each in check(talk.trace) if each.rule == "answered-once"]
    texts = [row.text for row in violation.proof]
    assert texts[0].startswith("video.set_meta room_session_id=")
    assert texts[1] == texts[2]
    assert texts[1].startswith("answer to video.set_meta code=403 'no'")


def test_a_long_subscription_is_known_after_its_answer() -> None:
    talk = Conversation()
    talk.connect()
    params = {"event_channel": CHANNEL, "events": list(ROOM_TYPES), "get_initial_state": False}
    talk.ask("signalwire.subscribe", {**params, "more": long_meta()})
    updated(talk, {})
    talk.ask("signalwire.unsubscribe", {**params, "more": long_meta()})
    assert "subscribed-only" not in talk.broken()
    updated(talk, {})
    assert "subscribed-only" in talk.broken()


def test_a_long_event_that_waits_for_a_subscription_may_wait_for_another() -> None:
    talk = told_of_meta({})
    subscription = {"event_channel": CHANNEL, "events": ["video.room.ended"]}
    first, second = (talk.call("signalwire.subscribe", subscription) for _ in range(2))
    talk.room("ended", meta=long_meta())
    talk.answer(second, {"code": "404", "message": "no"})
    talk.answer(first)
    assert "subscribed-only" not in talk.broken()


def test_the_error_for_a_long_frame_without_a_method_is_excused() -> None:
    talk = listening()
    talk.frame("to_server", {"id": "bad", "meta": long_meta()})
    error = {"code": -32600, "message": "Invalid Request"}
    talk.frame("to_client", {"jsonrpc": "2.0", "id": "bad", "error": error})
    assert "answered-once" not in talk.broken()


def test_frames_may_be_nested_deeply() -> None:
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    talk = told_of_meta({})
    talk.ask("video.set_meta", {"room_session_id": ROOM, "meta": {"deep": deep}})
    id_ = updated(talk, {"deep": deep})
    talk.frame("to_client", talk.entries[-1]["frame"])
    assert id_
    assert "event-once" in talk.broken()


def test_a_violation_quotes_only_the_beginning_of_a_long_value() -> None:
    talk = told_of_meta({})
    talk.frame("to_client", {"jsonrpc": "2.0", "id": "x" * 100_000, "result": OK})
    (violation,) = check(talk.trace)
    assert violation.rule == "answered-once"
    assert len(violation.message) == 4_000
    assert violation.message.endswith("…")
    assert all(len(row.text) <= 2_000 for row in violation.proof)


# What is left of an object


def test_what_is_left_of_an_object_equals_the_same_object() -> None:
    whole = long_meta(1)
    rest = Remnant(whole)
    assert rest == {"items": [{"a": float(each)} for each in range(1_000)], "number": 1.0}
    assert whole == rest == Remnant(dict(whole))
    assert (whole != rest) is (rest != whole) is False
    for other in (long_meta(2), {}, None, Remnant(long_meta(2))):
        assert rest != other
        assert other != rest
        assert (rest == other) is (other == rest) is False


@pytest.mark.parametrize("number", [1e16, 2**70])
def test_where_it_is_not_known_what_it_was_it_may_be_the_same(number: float) -> None:
    assert Remnant({"a": number}) == {"a": 10**16}


def test_what_is_left_of_an_object_is_short() -> None:
    whole = {
        "text": "x" * 1_001,
        "short": "x" * 1_000,
        "list": list(range(201)),
        "types": ["a"] * 200,
        "lists": [[1]],
        "object": {"a": 1},
        **{str(each): each for each in range(100)},
    }
    rest = Remnant(whole)
    assert list(rest) == ["short", "types", *map(str, range(62))]
    assert repr(Remnant({"a": 1, "b": {}})) == "{'a': 1, …}"
    assert repr(Remnant({"b": {}})) == "{…}"


def test_an_entry_is_long_by_all_that_it_holds() -> None:
    def is_long(**entry: Any) -> bool:
        return memory.is_long(Entry(1, 0.0, None, None, "to_client", **{"frame": {}, **entry}))

    assert not is_long(text="x" * 4_000)
    assert not is_long(text="x" * 4_000, size=5_000), "what stands around it is none of it"
    assert not is_long(frame=long_meta(), size=4_096), "its reader knows it"
    assert is_long(frame=long_meta(), size=20_000)
    assert is_long(text="x" * 5_000)
    assert is_long(frame=long_meta())
    assert is_long(meant=long_meta())
    assert is_long(frame={"a": 2**70}), "what cannot be measured is taken for long"
