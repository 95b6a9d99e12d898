"""A frame that an injected fault made is no violation, and nobody is blamed for it."""

from __future__ import annotations

from mockserver import contract

from .conversation import Conversation, listening


def judged(talk: Conversation) -> contract.Judge:
    judge = contract.judge()
    for entry in talk.trace:
        judge.feed(entry)
    return judge


def test_a_breach_that_a_fault_made_is_intended() -> None:
    talk = listening()
    talk.recording("started", "recording")
    talk.recording("started", "recording")
    assert talk.broken() == ["started-once"]
    talk.entries[-1]["fault"] = "duplicate"
    judge = judged(talk)
    assert judge.violations == []
    (intended,) = judge.intended
    assert (intended.rule, intended.fault) == ("started-once", "duplicate")
    assert intended.frames == (7, 8)


def test_a_suspicion_that_a_fault_made_is_no_violation() -> None:
    talk = listening()
    talk.at(5.0).recording("updated", "paused", started_at=4.0)
    assert talk.broken() == ["started-first"]
    talk.entries[-1]["fault"] = "reorder"
    assert talk.broken() == []


def test_a_client_is_not_blamed_for_what_a_fault_made_it_say() -> None:
    talk = listening()
    talk.frame("to_server", None, text="{", fault="corrupt")
    judge = judged(talk)
    assert judge.violations == []
    assert [each.rule for each in judge.intended] == ["client-frames-valid"]


def test_other_breaches_stay() -> None:
    talk = listening()
    talk.answer("nothing", fault="unknown-answer")
    talk.answer("nothing either")
    assert talk.broken() == ["answered-once"]
