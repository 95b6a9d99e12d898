"""The verdict on a space keeps up with its journal: each frame is judged once."""

from __future__ import annotations

import asyncio
import threading

import orjson
import pytest

from contract_tests.shared.patience import PATIENCE_S
from mockserver import contract
from mockserver.control import turns
from mockserver.control.verdict import HEAVY_BYTES, Verdict
from mockserver.engine.journal import SLICE, TO_CLIENT, Journal
from mockserver.protocol import frames


def say(journal: Journal, count: int) -> None:
    """Let the server answer what nobody asked, which is a violation each time."""
    for number in range(count):
        frame = frames.answer(f"id-{number}", {"code": "200", "message": "OK"})
        journal.add(0, TO_CLIENT, "s1", orjson.dumps(frame))


def test_each_frame_is_judged_once_also_when_the_journal_drops_it() -> None:
    journal = Journal("demo", limit=3)
    verdict = Verdict(journal)
    for total in (3, 6, 9):
        say(journal, 3)
        verdict.catch_up()
        assert len(verdict.judge) == total
        assert [each.frames for each in verdict.violations()] == [(n,) for n in range(1, total + 1)]


def test_a_frame_that_was_dropped_before_it_was_judged_cuts_the_trace() -> None:
    journal = Journal("demo", limit=3)
    verdict = Verdict(journal)
    say(journal, 3)
    verdict.catch_up()
    say(journal, 4)
    verdict.catch_up()
    assert len(verdict.judge) == 3
    assert verdict.violations() == []


def test_judging_can_stop_and_go_on() -> None:
    journal = Journal("demo")
    verdict = Verdict(journal)
    say(journal, 3)
    judged = [verdict.judged for _ in verdict.catching_up()]
    assert {1, 2} <= set(judged)
    assert [each.frames for each in verdict.violations()] == [(1,), (2,), (3,)]


@pytest.mark.parametrize("stopped_after", range(6))
def test_two_who_judge_by_turns_judge_each_frame_once(stopped_after: int) -> None:
    journal = Journal("demo")
    verdict = Verdict(journal)
    say(journal, 4)
    one = verdict.catching_up()
    for _ in range(stopped_after):
        next(one, None)
    say(journal, 2)
    verdict.catch_up()
    # It has frames in its hands that the other has judged meanwhile.
    for _ in one:
        pass
    assert verdict.judged == 6
    assert [each.frames for each in verdict.violations()] == [(n,) for n in range(1, 7)]


async def test_judging_in_turns_ends_although_there_is_always_something_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "SLICE_S", -1)
    journal = Journal("demo")
    verdict = Verdict(journal)
    say(journal, 3)
    fed = verdict.judge.feed

    def feed(entry: contract.Entry) -> None:
        fed(entry)
        say(journal, 1)

    monkeypatch.setattr(verdict.judge, "feed", feed)
    await verdict.catch_up_in_turns()
    assert len(verdict.judge) == 3


def test_ignored_rules_do_not_matter() -> None:
    journal = Journal("demo")
    verdict = Verdict(journal)
    say(journal, 1)
    verdict.catch_up()
    (violation,) = verdict.violations()
    assert violation.rule == "answered-once"
    assert "answered-once" in verdict.told(verdict.violations())
    assert verdict.violations(["answered-once"]) == []
    assert verdict.told([]) == ""


async def test_a_note_is_no_gap_and_no_end() -> None:
    """What is noted is no frame: what was broken stays so, and nobody waits for more to come."""
    journal = Journal("demo")
    verdict = Verdict(journal)
    say(journal, 1)
    for number in range(SLICE + 1):
        journal.note(number, "s1", "noted")
    async with asyncio.timeout(PATIENCE_S):
        await verdict.catch_up_in_turns()
    say(journal, 1)
    journal.note(0, "s1", "noted")
    async with asyncio.timeout(PATIENCE_S):
        await verdict.catch_up_in_turns()
    assert verdict.judged == journal.last
    assert [each.frames for each in verdict.violations()] == [(1,), (SLICE + 3,)]


def say_much(journal: Journal) -> None:
    """The same, with a frame that takes long."""
    more = {"code": "200", "message": "OK", "more": "x" * HEAVY_BYTES}
    journal.add(0, TO_CLIENT, "s1", orjson.dumps(frames.answer("long", more)))


async def test_others_run_while_a_long_frame_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal("demo")
    verdict = Verdict(journal)
    say(journal, 1)
    verdict.catch_up()
    assert len(verdict.violations()) == 1
    began, go_on = threading.Event(), threading.Event()
    right = contract.Judge.feed

    def feed(judge: contract.Judge, entry: contract.Entry) -> None:
        began.set()
        assert go_on.wait(PATIENCE_S)
        right(judge, entry)

    monkeypatch.setattr(contract.Judge, "feed", feed)
    say_much(journal)
    judging = asyncio.create_task(verdict.catch_up_in_turns())
    try:
        assert await asyncio.to_thread(began.wait, PATIENCE_S)
        assert (verdict.judged, len(verdict.violations())) == (1, 1)
    finally:
        go_on.set()
    await judging
    assert (verdict.judged, len(verdict.violations())) == (2, 2)


async def test_several_who_ask_at_once_have_each_frame_judged_once() -> None:
    journal = Journal("demo")
    verdict = Verdict(journal)
    for _ in range(3):
        say(journal, 2)
        say_much(journal)
    await asyncio.gather(*(verdict.catch_up_in_turns() for _ in range(5)))
    assert [each.frames for each in verdict.violations()] == [(n,) for n in range(1, 10)]
