"""Time: clocks that run, clocks that stand still, and the order of what is due."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine import TABLES, Clock, ManualClock, RunningClock, Space, seconds
from mockserver.engine.agenda import Agenda

from .harness import MS, S, World

SPEEDS = [0.25, 1.0, 3.0, 60.0, 1_000.0]


class Source:
    """Real time as a test wants it."""

    def __init__(self, now: int = 1_700_000_000 * S) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


@pytest.mark.parametrize("speed", SPEEDS)
def test_a_running_clock_begins_at_real_time_and_runs_at_its_speed(speed: float) -> None:
    source = Source()
    clock = RunningClock(source, speed)
    start = source.now
    assert clock.now() == start
    for passed in (1, 4, 4_000_000, 3_600_000_000):
        source.now = start + passed
        assert clock.now() == start + int(passed * speed)


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_real_delay_leads_to_the_time_asked_for(speed: float) -> None:
    source = Source()
    clock = RunningClock(source, speed)
    source.now += 12 * S
    until = clock.now() + 120 * S
    delay = clock.real_delay(until)
    assert delay is not None
    assert delay == pytest.approx(120 / speed)
    source.now += round(delay * S)
    assert clock.now() == pytest.approx(until, abs=speed)
    assert clock.real_delay(until - S) == 0.0
    assert clock.real_delay(start_of(clock)) == 0.0


def start_of(clock: RunningClock) -> int:
    return clock.now() - 1


@given(st.lists(st.integers(min_value=0, max_value=10**12)), st.sampled_from(SPEEDS))
def test_a_running_clock_never_runs_backwards(steps: list[int], speed: float) -> None:
    source = Source()
    clock = RunningClock(source, speed)
    seen = [clock.now()]
    for step in steps:
        source.now += step
        seen.append(clock.now())
    assert seen == sorted(seen)


@pytest.mark.parametrize("speed", [0, -1.0, float("nan")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed must be greater than 0"):
        RunningClock(Source(), speed)


def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(5 * S)
    assert clock.now() == 5 * S
    standing: Clock = clock
    assert standing.real_delay(9 * S) is None
    clock.move(7 * S)
    clock.move(7 * S)
    assert clock.now() == 7 * S


def test_a_manual_clock_does_not_run_backwards() -> None:
    clock = ManualClock(5 * S)
    with pytest.raises(ValueError, match="does not run backwards"):
        clock.move(5 * S - 1)
    assert clock.now() == 5 * S


def test_manual_clocks_begin_alike_so_that_runs_repeat() -> None:
    assert ManualClock().now() == ManualClock().now() == 1_735_689_600 * S
    assert seconds(ManualClock().now()) == 1_735_689_600.0


# What is due


@given(st.lists(st.integers(min_value=0, max_value=5)))
def test_an_agenda_is_ordered_by_time_and_then_by_who_came_first(times: list[int]) -> None:
    agenda = Agenda()
    done: list[tuple[int, int]] = []
    for number, when in enumerate(times):
        agenda.add(when, lambda when=when, number=number: done.append((when, number)))  # type: ignore[misc]
    assert len(agenda) == len(times)
    assert agenda.next_time() == min(times, default=None)
    while (due := agenda.pop_due(9)) is not None:
        when, action = due
        action()
        assert done[-1][0] == when
        assert agenda.due == min(sorted(times)[len(done) :], default=inf)
    assert done == sorted((when, number) for number, when in enumerate(times))
    assert len(agenda) == 0


def test_an_agenda_gives_nothing_before_its_time() -> None:
    agenda = Agenda()
    assert agenda.pop_due(10) is None
    assert agenda.due == inf
    agenda.add(10, lambda: None)
    agenda.add_first(12, lambda: None)
    assert agenda.due == 10
    assert agenda.pop_due(9) is None
    assert agenda.pop_due(10) is not None
    assert agenda.pop_due(10) is None
    agenda.add_first(11, lambda: None)
    assert agenda.due == 11


def test_everything_is_done_at_its_own_time_also_in_one_leap() -> None:
    space = Space("p", TABLES, clock=ManualClock())
    start = space.now
    done: list[tuple[str, int]] = []

    def note(what: str) -> None:
        done.append((what, space.now - start))

    def first() -> None:
        note("first")
        space.later(MS, lambda: note("caused"))
        space.later(0, lambda: note("at once, after what was due already"))

    space.later(S, first)
    space.later(S, lambda: note("second"))
    space.later(2 * S, lambda: note("last"))
    assert space.next_deadline() == start + S
    space.advance(start + 10 * S)
    assert done == [
        ("first", S),
        ("second", S),
        ("at once, after what was due already", S),
        ("caused", S + MS),
        ("last", 2 * S),
    ]
    assert space.now == start + 10 * S
    assert space.next_deadline() is None
    space.advance(start)
    assert space.now == start + 10 * S


def test_what_was_due_before_a_call_is_done_before_it(world: World) -> None:
    """A shell may be late: a call comes before anybody has told the space that time has passed."""
    client = world.connected()
    client.subscribe("video.rooms", "video.room.started")
    room = world.start_room()
    world.space.later(S, lambda: world.video.end_room(room))
    world.clock.move(world.clock.now() + 2 * S)
    assert "has ended" in client.result("video.room.get", room_session_id=room.id)["message"]
    assert client.event_types == ["video.room.started"]


def test_one_bug_does_not_stop_the_rest() -> None:
    bugs: list[Exception] = []
    space = Space("p", TABLES, clock=ManualClock(), on_bug=bugs.append)
    done: list[str] = []
    space.later(1, lambda: done.append("before"))
    space.later(2, lambda: [][0])
    space.later(3, lambda: done.append("after"))
    space.advance(space.now + S)
    assert done == ["before", "after"]
    assert [type(bug) for bug in bugs] == [IndexError]


def test_a_bug_is_raised_unless_somebody_takes_it() -> None:
    space = Space("p", TABLES, clock=ManualClock())
    space.later(1, lambda: [][0])
    with pytest.raises(IndexError):
        space.advance(space.now + 1)


def test_events_carry_the_time_at_which_they_were_made(world: World) -> None:
    client = world.connected()
    client.subscribe("video.rooms", "video.room.started")
    world.wait(S)
    made = world.clock.now()
    world.start_room()
    world.wait(S)
    assert client.event_frames[0]["params"]["timestamp"] == seconds(made)
    *_, sent, acknowledged = world.entries(world.space)
    assert sent["time"] == acknowledged["time"] == seconds(made + 30 * MS)


def test_a_paused_clock_stands_still_and_can_be_moved() -> None:
    source = Source()
    clock = RunningClock(source, speed=2.0)
    source.now += 3 * S
    clock.pause()
    stood = clock.now()
    source.now += 100 * S
    assert clock.now() == stood
    assert clock.real_delay(stood + S) is None
    clock.move(stood + 5 * S)
    clock.set_speed(3.0)
    assert clock.now() == stood + 5 * S
    with pytest.raises(ValueError, match="backwards"):
        clock.move(stood)
    clock.resume()
    source.now += 2 * S
    assert clock.now() == stood + 11 * S
    with pytest.raises(ValueError, match="pause it first"):
        clock.move(clock.now() + S)
