"""What each fault of frames does with a frame to a client that is for it: one function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mockserver.engine.clock import MICROSECONDS, seconds
from mockserver.protocol import codec

from .corruption import corrupted
from .hand import Hand
from .traps import Held, Line, Swap, Window

Effect = Callable[[Hand], bool]
"""Returns whether it has taken the frame. One that has not lets it pass, and has not struck."""

_SECOND = MICROSECONDS
_HOUR = 3_600 * MICROSECONDS


def _drop(hand: Hand) -> bool:
    hand.lose()
    return True


def _duplicate(hand: Hand) -> bool:
    # Answers only where they are asked for: by then there is answer_twice, too.
    if not hand.frame.is_event and hand.get("method", None) is None:
        return False
    hand.send_as_it_is()
    again = dict(hand.frame.frame)
    if hand.get("id", "same") == "other":
        again["id"] = hand.new_id()
    hand.send_extra(again, hand.get("after_us", 0))
    return True


def _delay(hand: Hand) -> bool:
    delay_us = hand.get("by_us", _SECOND)
    is_overtaken = hand.get("overtaken", otherwise=False)
    hand.set(Held(hand, delay_us) if is_overtaken else Line(hand, delay_us))
    return True


def _reorder(hand: Hand) -> bool:
    hand.set(Window(hand, hand.get("window", 2), hand.get("within_us", _SECOND)))
    return True


def _corrupt(hand: Hand) -> bool:
    data = corrupted(hand.injection, hand.frame.frame, hand.frame.data)
    if data is None:
        return False
    hand.send_changed(data)
    return True


def _old_timestamp(hand: Hand) -> bool:
    params = hand.frame.frame.get("params", {})
    if not hand.frame.is_event or not isinstance(params.get("timestamp"), int | float):
        return False
    past = params["timestamp"] - seconds(hand.get("by_us", _HOUR))
    hand.send_changed(codec.encode({**hand.frame.frame, "params": {**params, "timestamp": past}}))
    return True


def _stale_state(hand: Hand) -> bool:
    earlier = hand.event_before()
    if earlier is None or hand.frame.event_type.endswith(".ended"):
        return False
    hand.send_as_it_is()
    hand.send_extra({**earlier, "id": hand.new_id()}, hand.get("after_us", 0))
    return True


def _wrong_order(hand: Hand) -> bool:
    if not hand.frame.is_about_a_thing or hand.frame.event_type.endswith(".ended"):
        return False
    hand.set(Swap(hand, hand.get("within_us", 60 * _SECOND)))
    return True


def _event_after_end(hand: Hand) -> bool:
    earlier = hand.event_before() if hand.frame.event_type.endswith(".ended") else None
    if earlier is None:
        return False
    hand.send_as_it_is()
    after_us = hand.get("after_us", 0)
    params = {**earlier["params"], "timestamp": seconds(hand.now + after_us)}
    hand.send_extra({**earlier, "id": hand.new_id(), "params": params}, after_us)
    return True


def _never_answer(hand: Hand) -> bool:
    return hand.frame.is_answer and _drop(hand)


def _answer_twice(hand: Hand) -> bool:
    if not hand.frame.is_answer:
        return False
    hand.send_as_it_is()
    hand.send_extra(hand.frame.frame, hand.get("after_us", 0))
    return True


def _answer_unknown(hand: Hand) -> bool:
    if not hand.frame.is_answer:
        return False
    hand.send_extra({**hand.frame.frame, "id": hand.new_id()})
    hand.send_as_it_is()
    return True


INVITING = frozenset({"event_before_subscription"})
"""Those that do nothing to a frame: they have an event go to sessions that are not to get it."""

EFFECTS: Mapping[str, Effect] = {
    "drop": _drop,
    "duplicate": _duplicate,
    "delay": _delay,
    "reorder": _reorder,
    "corrupt": _corrupt,
    "old_timestamp": _old_timestamp,
    "stale_state": _stale_state,
    "wrong_order": _wrong_order,
    "event_after_end": _event_after_end,
    "never_answer": _never_answer,
    "answer_twice": _answer_twice,
    "answer_unknown": _answer_unknown,
}
