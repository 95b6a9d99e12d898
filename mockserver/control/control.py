"""What a tester can do with a space while it runs, by the control API and the Python handles.

Everything here runs in the server's event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Mapping
from itertools import count
from typing import Any, NamedTuple, Protocol

from mockserver import contract, schemas
from mockserver.engine import (
    ACTIONS,
    AnswerPlan,
    ManualClock,
    PlannedAnswers,
    RunningClock,
    Session,
    Space,
    seconds,
)
from mockserver.protocol import catalogue, durations, frames, validation
from mockserver.protocol.documents import Each
from mockserver.protocol.errors import ProtocolError, Refusal

from . import views
from .arguments import NUMBER, check, checked_by, unchecked
from .errors import ControlError
from .happenings import Happenings
from .part import Part, Performed
from .shapes import action_shape
from .turns import others, others_if, patience
from .verdict import Verdict
from .video import VideoControl

MOST_ADVANCES = 100_000
"""Deadlines after which ``run_until_idle`` takes the script for one that never ends."""

ACKNOWLEDGED_WITHIN_S = 5.0
"""Real seconds in which clients have to acknowledge events, when somebody waits for that."""

LOOK_AGAIN_S = 0.05

_SERIALS = count(1)


class Service(Protocol):
    """What a control needs of whoever serves the space."""

    def rearm(self, space: Space, *, changed: bool = False) -> None:
        """Set the space's timer again: something has happened in it.

        Args:
            space: the space.
            changed: whether its clock runs differently now, so that the timer is wrong anyway.
        """

    async def drained(self, space: Space) -> None:
        """Return once all that the space has sent so far has been handed to the network."""


class Done(NamedTuple):
    """An action that has been done.

    Attributes:
        part: the tester's hand on the namespace.
        result: what the action returned.
        container: where it was done.
    """

    part: Part
    result: Any
    container: Any


class SpaceControl:
    """The tester's hand on one space.

    Attributes:
        video: what can be seen and done in the rooms.
        parts: name of a namespace -> the tester's hand on what it keeps.
        serial: differs between all spaces, also between those of one name.
        over: set once the space has ended.
    """

    def __init__(self, service: Service, space: Space) -> None:
        self._service = service
        self.space = space
        self.happenings = Happenings(space.journal)
        self.verdict = Verdict(space.journal)
        self.video = VideoControl(self)
        self.parts: Mapping[str, Part] = {each.name: each for each in (self.video,)}
        self.over = asyncio.Event()
        self.serial = next(_SERIALS)

    def close(self) -> None:
        """The space has ended."""
        self.over.set()

    # Actions

    async def perform(
        self, verb: str, where: str | None = None, *, wait: bool = True, **arguments: Any
    ) -> Performed | None:
        """Do one of the actions that scripts can do too, by its row in the engine's tables.

        The arguments and errors are those of `act`.

        Returns:
            What it was done to, as it stands now.
        """
        done = await self.act(verb, where, wait=wait, **arguments)
        return None if done is None else done.part.view(done.result, done.container)

    async def act(
        self, verb: str, where: str | None = None, *, wait: bool = True, **arguments: Any
    ) -> Done | None:
        """Do an action; for those who do not want a view of all that it was done to.

        Args:
            verb: ``join``, ``stop_recording``, ….
            where: for an action in a container, its name or id (a room's name, the id of its
                session); None: the only one that is running.
            wait: whether to return when its events have been sent, latency included.
            arguments: those of the action's schema.

        Returns:
            What it was done to; None for an action that is done in no container.

        Raises:
            ArgumentError: no such action, or arguments that are not its own.
            Refusal: 404 or 409, when the state does not allow it.
        """
        await self._caught_up()
        if not isinstance(verb, str) or verb not in ACTIONS:
            near = catalogue.nearest(str(verb), ACTIONS)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(ACTIONS)}"
            raise ControlError(f'no action "{verb}"; {hint}')
        row = ACTIONS[verb]
        part = None if row.namespace is None else self.parts[row.namespace]
        named = {} if where is None else {part.argument if part else "where": where}
        told = check({**arguments, **named, "wait": wait}, action_shape(verb, done=False), verb)
        arguments = _in_microseconds(verb, {key: told[key] for key in arguments})
        is_time_up = patience()
        if part is None or row.container is None:
            self.space.do(verb, None, arguments, may_pause=True)
            await others_if(is_time_up)
            await self.sent(wait)
            return None
        container = part.find(where)
        result = self.space.do(verb, container, arguments, may_pause=True)
        await others_if(is_time_up)
        await self.sent(wait)
        return Done(part, result, container)

    async def sent(self, wait: bool = True) -> None:
        """Wait until what was caused has been sent, latency included.

        On a clock that stands still, what has a latency leaves when the clock is moved.

        Args:
            wait: False waits for nothing but what leaves at once.
        """
        await self._settle()
        if not wait:
            return
        caused_until = self.space.delivery.last
        while (delay := self._real_delay(caused_until)) is not None and not self.over.is_set():
            await asyncio.sleep(delay)
            await self._caught_up()
            await self._settle()

    def _real_delay(self, until: int) -> float | None:
        """Real seconds until a time of the space; None when it is over, or the clock stands."""
        if self.space.now >= until:
            return None
        return self.space.clock.real_delay(until)

    # What goes wrong on purpose

    async def fault(self, name: str, parameters: Mapping[str, Any] | None = None) -> views.Fault:
        """Inject a fault: it may strike from now on.

        Args:
            name: of the catalogue.
            parameters: its own, and for which frames, how often and how long.

        Raises:
            FaultError: no such fault, or parameters that do not fit.
        """
        await self._caught_up()
        injection = self.space.faults.inject(name, parameters)
        await self._settle()
        return views.fault_view(self.space, injection)

    def faults(self) -> list[views.Fault]:
        """The faults that may still strike, in the order in which they were injected."""
        self.space.tick()
        active = self.space.faults.current()
        return [views.fault_view(self.space, injection) for injection in active]

    def end_fault(self, number: int | None = None) -> None:
        """End an injected fault, or all of them.

        Args:
            number: of the fault; None: all.

        Raises:
            ControlError: no fault of this number is active.
        """
        self.space.tick()
        active = [injection.number for injection in self.space.faults.current()]
        if number is not None and number not in active:
            there = ", ".join(map(str, active)) or "none"
            raise ControlError(f"no fault {number} is active; there is: {there}")
        self.space.faults.withdraw(number)
        self._service.rearm(self.space)

    # Answers and frames of the tester's own

    @checked_by("answer_next", but=["method"])
    def answer_next(
        self,
        method: str,
        *,
        code: str | None = None,
        error: int | None = None,
        message: str = "refused by the test",
        data: Mapping[str, Any] | None = None,
        delay: float | str = 0,
        after_events: bool = False,
        times: int = 1,
    ) -> views.PlannedAnswer:
        """Have the next calls of a method answered otherwise.

        Args:
            method: the method.
            code: refuse with this code, such as ``"409"``; the call has no effect then.
            error: answer with a JSON-RPC error of this code instead; no effect either.
            message: of the refusal or error.
            data: of the error.
            delay: handle the call that much later on the space's clock: ``"250ms"``, or a number
                of seconds.
            after_events: send the answer after the events that the call causes.
            times: how many calls.

        Returns:
            What was planned, to be withdrawn by.

        Raises:
            ControlError: no such method, or one that cannot be refused.
            ArgumentError: a contradiction, or anything else that makes no sense.
        """
        if not isinstance(method, str) or method not in catalogue.CLIENT_CALLS:
            near = catalogue.nearest(str(method), catalogue.CLIENT_CALLS)
            hint = f"did you mean {near[0]}?" if near else "see: python -m mockserver schema"
            raise ControlError(f'no method "{method}"; {hint}')
        if code is not None and method == "signalwire.connect":
            raise ControlError(
                "clients do not look at the code of that answer; give error=-32002 instead"
            )
        instead: Refusal | ProtocolError | None = None
        if code is not None:
            instead = Refusal(code, message)
        elif error is not None:
            instead = ProtocolError(message, data)
            instead.code = error
        plan = AnswerPlan(instead, durations.rounded(delay), after_events)
        return views.planned_view(self.space.planned.plan(method, plan, times))

    def planned_answers(self) -> list[views.PlannedAnswer]:
        """The answers that are still to be given, in the order of planning."""
        return [views.planned_view(each) for each in self.space.planned]

    @checked_by(NUMBER)
    def withdraw_answer(self, n: int) -> None:
        """Forget a planned answer.

        Args:
            n: its number.

        Raises:
            Refusal: 404 when there is none of this number; it may have been given already.
        """
        withdraw(self.space.planned, n)

    def withdraw_answers(self) -> None:
        """Forget all planned answers."""
        self.space.planned.clear()

    @checked_by("push_frame")
    async def push(
        self,
        frame: dict[str, Any],
        *,
        session: str | None = None,
        valid: bool = True,
    ) -> list[str]:
        """Send a frame of the tester's own to one session, or to all that are connected.

        Args:
            frame: the frame, as it is to cross the wire.
            session: the session's name in the trace (``s1``); None: all.
            valid: whether it has to fit its schema; False sends anything.

        Returns:
            The names of the sessions that it was sent to.

        Raises:
            InvalidFrame: it does not fit, and ``valid`` was not False.
            ControlError: no such session.
        """
        # A long frame took long to be checked.
        await others()
        await self._caught_up()
        if valid and not validation.is_fine(frame):
            # A thread explains it: that takes long, and what it needs is slow to import.
            await asyncio.to_thread(validation.check_outgoing, frame)
        sessions = self._sessions(session)
        self.space.delivery.push(frame, sessions)
        await self._settle()
        return [each.name for each in sessions]

    @checked_by("push_event")
    async def push_event(
        self,
        event_type: str,
        params: dict[str, Any],
        *,
        channel: str,
        session: str | None = None,
        valid: bool = True,
    ) -> list[str]:
        """Send an event with these params; as ``push`` does."""
        frame = frames.event(
            self.space.identities.uuid(), event_type, channel, seconds(self.space.now), params
        )
        return await unchecked(SpaceControl.push)(self, frame, session=session, valid=valid)

    def outlook(self) -> list[views.Coming]:
        """What the script does next: the soonest first, then what waits for something."""
        self.space.tick()
        return [views.coming_view(each, self.space.now) for each in self.space.script.outlook()]

    def sessions(self) -> list[views.Session]:
        """The sessions, those that are away too, in the order in which they connected."""
        return [views.session_view(each) for each in self.space.sessions.values()]

    def all_sessions(self) -> Each:
        """The same, for an answer that is written in pieces: each as it stands then."""
        return Each(map(views.session_view, list(self.space.sessions.values())))

    def _sessions(self, name: str | None) -> list[Session]:
        connected = [each for each in self.space.sessions.values() if not each.is_away]
        if name is None:
            return connected
        chosen = [each for each in connected if each.name == name]
        if not chosen:
            there = ", ".join(each.name for each in connected) or "none"
            raise ControlError(f'no session "{name}" is connected; there is: {there}')
        return chosen

    # Time

    def clock(self) -> views.Clock:
        """The clock, and what it is waiting for."""
        self.space.tick()
        return views.clock_view(self.space)

    def now(self) -> float:
        """The space's time in unix seconds."""
        self.space.tick()
        return seconds(self.space.now)

    @checked_by("advance_clock")
    async def advance(self, by: float | str, *, acknowledged: bool = False) -> float:
        """Move a manual or paused clock, doing everything that falls due on the way at its time.

        Returns the new time once all that was caused has been handed to the network; what clients
        send meanwhile is handled at the time at which it comes.

        Args:
            by: how far: ``"5s"``, or a number of seconds; 0 or more.
            acknowledged: also wait, at each step, until clients have acknowledged their events.

        Raises:
            ControlError: the clock is running.
            ArgumentError: ``by`` is not a duration, or is negative.
        """
        clock = self._standing()
        by_us = durations.rounded(by)
        await self._caught_up()
        # What was said until now belongs to this time, and so do the acknowledgements of it.
        await self._settle(acknowledged=acknowledged)
        target = self.space.now + by_us
        while (deadline := self.space.next_deadline()) is not None and deadline <= target:
            await self._step(clock, deadline, acknowledged)
        await self._step(clock, target, acknowledged)
        return self.now()

    @checked_by("run_clock_until_idle")
    async def run_until_idle(self, *, acknowledged: bool = False) -> float:
        """Move a manual or paused clock until nothing is left to do; returns the new time.

        Raises:
            ControlError: the clock is running, or there is no end to it.
        """
        clock = self._standing()
        await self._caught_up()
        await self._settle(acknowledged=acknowledged)
        for _ in range(MOST_ADVANCES):
            deadline = self.space.next_deadline()
            if deadline is None:
                return self.now()
            await self._step(clock, deadline, acknowledged)
        raise ControlError(f"still something to do after {MOST_ADVANCES} steps; use advance")

    @checked_by("set_clock_speed")
    def set_speed(self, speed: float) -> None:
        """Have a real clock run this many times as fast from now on.

        Raises:
            ControlError: the clock is a manual one.
            ArgumentError: there is no such speed.
        """
        clock = self._running("advance it instead")
        self.space.tick()
        clock.set_speed(speed)
        self._service.rearm(self.space, changed=True)

    def pause(self) -> None:
        """Have a real clock stand still until ``resume``; meanwhile it can be advanced.

        Raises:
            ControlError: the clock is a manual one.
        """
        clock = self._running("it always stands still")
        self.space.tick()
        clock.pause()
        self._service.rearm(self.space, changed=True)

    def resume(self) -> None:
        """Have a paused clock follow real time again; one that runs goes on.

        Raises:
            ControlError: the clock is a manual one.
        """
        self._running("advance it instead").resume()
        self._service.rearm(self.space, changed=True)

    def _running(self, instead: str) -> RunningClock:
        clock = self.space.clock
        if not isinstance(clock, RunningClock):
            raise ControlError(f"the clock of this space is manual: {instead}")
        return clock

    def _standing(self) -> ManualClock | RunningClock:
        """The clock, if it stands still so that somebody can move it."""
        clock = self.space.clock
        if isinstance(clock, ManualClock):
            return clock
        if isinstance(clock, RunningClock) and clock.paused:
            return clock
        raise ControlError(
            "the clock of this space follows real time; pause it first, or make the space with "
            'clock "manual"'
        )

    async def _step(self, clock: ManualClock | RunningClock, to: int, acknowledged: bool) -> None:
        clock.move(max(to, clock.now()))
        await self._caught_up()
        await self._settle(acknowledged=acknowledged)

    async def _caught_up(self) -> None:
        """Catch up with the clock; others run meanwhile."""
        while self.space.tick_some():
            await others()

    async def _settle(self, *, acknowledged: bool = False) -> None:
        """Do what is due now, and wait until it has been sent."""
        while self.space.advance_some(self.space.now):
            await others()
        self._service.rearm(self.space)
        await self._service.drained(self.space)
        if acknowledged:
            await self._acknowledged()

    async def _acknowledged(self) -> None:
        """Wait until every session that acknowledges events has acknowledged all it got.

        Raises:
            TimeoutError: one did not; says which.
        """
        news = asyncio.Event()
        stop = self.space.journal.listen(lambda _entry: news.set())
        try:
            async with asyncio.timeout(ACKNOWLEDGED_WITHIN_S):
                while self.space.owes_acknowledgements():
                    news.clear()
                    # A client that goes away owes nothing any more, and the journal is not told.
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_AGAIN_S):
                            await news.wait()
        except TimeoutError:
            late = [
                each.name for each in self.space.sessions.values() if each.owes_acknowledgements
            ]
            raise TimeoutError(
                f"{', '.join(late)} did not acknowledge its events within "
                f"{ACKNOWLEDGED_WITHIN_S:g} s: is its event loop running meanwhile? "
                "With acknowledged=False nobody waits for it"
            ) from None
        finally:
            stop()

    # Looking back

    def trace(self) -> list[dict[str, Any]]:
        """Every frame so far, oldest first; the shape is the journal's."""
        return list(self.space.journal.entries())

    @checked_by("violations_query")
    async def judge(self, ignore: Collection[str] = ()) -> list[contract.Violation]:
        """What the trace breaks of the contract; others run while it is judged.

        Args:
            ignore: names of rules that do not matter here.
        """
        await self.verdict.catch_up_in_turns()
        return self.verdict.violations(ignore)

    @checked_by("violations_query")
    def violations(self, ignore: Collection[str] = ()) -> str:
        """The broken rules of the contract and the frames that prove them, as text; "" for none.

        Args:
            ignore: names of rules that do not matter here.
        """
        self.verdict.catch_up()
        return self.verdict.told(self.verdict.violations(ignore))


def withdraw(planned: PlannedAnswers[Any], n: int) -> None:
    """Forget a planned answer. Raises Refusal 404 when there is none of this number."""
    if not planned.withdraw(n):
        there = ", ".join(str(each.n) for each in planned) or "none"
        raise Refusal("404", f"no answer {n} is planned any more; there is: {there}")


def _in_microseconds(verb: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments as the engine takes them: durations in microseconds, under NAME_us."""
    known = schemas.load(f"actions/{verb}")["properties"]
    return {
        **{key: value for key, value in arguments.items() if not _is_duration(known[key])},
        **{
            f"{key}_us": durations.microseconds(value)
            for key, value in arguments.items()
            if _is_duration(known[key])
        },
    }


def _is_duration(schema: Mapping[str, Any]) -> bool:
    return schema.get("x-kind") == "duration"
