"""The keeper: one record per space, from its making to its end."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver import scenarios
from mockserver.engine import (
    DEFAULT_LATENCY_US,
    TABLES,
    Keeper,
    ManualClock,
    RunningClock,
    Script,
    Space,
    SpaceLimits,
    Strike,
)
from mockserver.protocol import durations
from mockserver.protocol.errors import LimitReached
from mockserver.realtime import unix_time
from mockserver.scenarios import Scenario, ScenarioScript

from . import options
from .options import SpaceOptions
from .timer import SpaceTimer
from .turns import patience

if TYPE_CHECKING:
    from mockserver.rest.state import RestSpace

    from .control import SpaceControl

logger = logging.getLogger(__name__)

GENERATIONS_REMEMBERED = 100_000
"""Names of spaces of which it is remembered how often they began again."""


def _nothing() -> None:
    """Nobody waits for the last session."""


def _is_idle(space: Space) -> bool:
    """Whether nobody would miss it: nobody is there, and nobody wanted it to stay."""
    namespaces = space.namespaces.values()
    return not (space.is_kept or space.sessions or any(each.is_busy for each in namespaces))


def _nobody(space: Space) -> None:
    """Nobody wants to know of new spaces."""


@dataclass(slots=True)
class SpaceRecord:
    """All that is known of a space that is there.

    Attributes:
        space: the space.
        options: what it was made with; what is left out came from the server.
        scenario: the scenario that was asked for; None: the server's own choice.
        timer: wakes it when something is due.
        number: counts all spaces that this keeper made.
        used_at: when it was last seen in use, on the event loop's clock.
        is_used: whether it was used since somebody looked.
        control: the tester's hand on it, once somebody wanted one.
        rest: what it keeps for its REST API, once somebody asked by REST.
    """

    space: Space
    options: SpaceOptions
    scenario: str | None
    timer: SpaceTimer
    number: int
    used_at: float
    is_used: bool = False
    control: SpaceControl | None = None
    rest: RestSpace | None = None


class Spaces(Keeper):
    """Makes spaces, keeps them by their names, and ends them.

    Args:
        chosen: what the server was started with; the defaults stand for what it leaves out.
        journal_limit: frames kept per space.
        journal_bytes: memory that the frames kept of one space may take, about.
        most: spaces at a time.
        drained: returns once all that a space has sent has been handed to the network.
        on_bug: called with a bug of the mock itself.
        strike_door: has a fault strike those who connect to a space.

    Attributes:
        retired: where records of spaces that have ended are kept, for those who judge a whole run
            afterwards. None are, unless this is replaced by a deque that is longer: journals are
            large.
        scenario: the server's own scenario, if its file has changed since the start.
        on_made: called with each space that is made, before anything happens in it.
    """

    def __init__(
        self,
        chosen: SpaceOptions,
        *,
        journal_limit: int,
        journal_bytes: int,
        most: int,
        drained: Callable[[Space], Awaitable[None]],
        on_bug: Callable[[Exception], None],
        strike_door: Callable[[Space, Strike], None],
    ) -> None:
        self.retired: deque[SpaceRecord] = deque(maxlen=0)
        self.scenario: Scenario | None = None
        self._chosen: SpaceOptions = {**options.defaults(), **options.given(chosen)}
        self._journal_limit = journal_limit
        self._journal_bytes = journal_bytes
        self._most = most
        self._drained = drained
        self._on_bug = on_bug
        self._strike_door = strike_door
        self._records: dict[str, SpaceRecord] = {}
        # Another space has the name now, and there are sessions that can still be resumed.
        self._former: dict[str, dict[Space, SpaceRecord]] = {}
        self._made = 0
        self.on_made: Callable[[Space], None] = _nobody
        # How often clients had a space of a name made; this outlives the spaces themselves.
        self._generations: dict[str, int] = {}

    def __getitem__(self, name: str) -> Space:
        return self._records[name].space

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def all(self) -> list[Space]:
        """All spaces in the order of making; also those that have ended, as far as kept."""
        records = [*self.retired, *self._all_former(), *self._records.values()]
        return [each.space for each in sorted(records, key=lambda each: each.number)]

    # For the gate

    def former(self, name: str) -> Iterable[Space]:
        """Spaces that another one of this name took the place of, and that still have sessions."""
        return self._former.get(name, ())

    def scenario_of(self, name: str) -> str | None:
        """The scenario that was asked for; None: the server's own choice, or no such space."""
        record = self._records.get(name)
        return record.scenario if record is not None else None

    def make(self, name: str, scenario: str | None) -> Space:
        """Make the space of a client, whose token may have named a scenario.

        Raises:
            LookupError: there is no such scenario, or its file has become faulty meanwhile.
            LimitReached: there are as many spaces as there can be, and none is idle.
        """
        # A client's token names what is shipped; only who started the server may name files.
        try:
            script = (
                self._script(None)
                if scenario is None
                else ScenarioScript(scenarios.load_named(scenario))
            )
        except scenarios.ScenarioError as error:
            logger.error("no space for %s: %s", name, error)
            raise LookupError(f"the server's scenario is faulty: {error}") from error
        former = self._records.get(name)
        if former is None or former.space.sessions:
            self._make_room()
        if former is not None:
            del self._records[name]
            self._replace(former)
        chosen: SpaceOptions = {} if scenario is None else {"scenario": scenario}
        space = self._add(name, chosen, script, scenario)
        # Moved to the end, so that the names that were not used for longest are forgotten first.
        space.generation = self._generations[name] = self._generations.pop(name, 0) + 1
        if len(self._generations) > GENERATIONS_REMEMBERED:
            del self._generations[next(iter(self._generations))]
        return space

    # For testers

    def create(self, name: str, chosen: SpaceOptions) -> Space:
        """Make a space on purpose, before any client comes; it never begins again by itself.

        Raises:
            ScenarioError, UnknownScenarioError: the scenario is faulty or not there.
            OptionError: an option cannot have this value.
            ValueError: there is a space of this name already.
            LimitReached: there are as many spaces as there can be, and none is idle.
        """
        if name in self._records:
            raise ValueError(f'there is a space "{name}" already')
        self._make_room()
        chosen = options.given(chosen)
        script = self._script(chosen.get("scenario"))
        asked = script.name if "scenario" in chosen else None
        space = self._add(name, chosen, script, asked)
        space.is_kept = True
        return space

    def delete(self, name: str) -> None:
        """End a space and the connections in it. Raises KeyError when there is none.

        So end those of its name that it took the place of.
        """
        current = self._records.pop(name)
        for record in (*self._former.pop(name, {}).values(), current):
            space = record.space
            space.finish()
            space.on_empty = _nothing
            # First, so that what a fault holds back can leave.
            space.faults.withdraw()
            for session in list(space.sessions.values()):
                if session.connection is not None:
                    session.connection.close(1000, f'space "{name}" was deleted')
                space.forget(session)
            self._end(record)

    def reset(self, name: str, changes: SpaceOptions | None = None) -> Space:
        """End a space, and make it again as it was made.

        Args:
            name: the space.
            changes: options that are different from now on; None takes the server's.

        Raises:
            KeyError: there is none.
            ScenarioError, UnknownScenarioError: the scenario is faulty or not there; nothing has
                changed then.
        """
        chosen = options.given({**self._records[name].options, **(changes or {})})
        self._script(chosen.get("scenario"))
        self.delete(name)
        return self.create(name, chosen)

    def control(self, name: str) -> SpaceControl:
        """The tester's hand on a space. Raises KeyError when there is none of this name."""
        record = self._records[name]
        record.is_used = True
        if record.control is None:
            # Imported here: a server that nobody controls should not wait for it at its start.
            from .control import SpaceControl

            record.control = SpaceControl(self, record.space)
        return record.control

    def complete(self, chosen: SpaceOptions) -> SpaceOptions:
        """These options, and the server's own where they choose nothing."""
        complete: SpaceOptions = {**self._chosen, **chosen}
        if own := self._chosen.get("limits"):
            complete["limits"] = {**own, **(chosen.get("limits") or {})}
        return complete

    def rest(self, space: Space) -> RestSpace:
        """What a space keeps for its REST API; made when it is first asked for."""
        # Imported here: most spaces are never asked by REST.
        from mockserver.rest.state import RestSpace

        record = self._record(space)
        if record is None:
            # It has ended while somebody was still at work in it.
            return RestSpace(space)
        record.is_used = True
        if record.rest is None:
            record.rest = RestSpace(space)
        return record.rest

    # While they run

    def rearm(self, space: Space, *, changed: bool = False) -> None:
        """Set the timer of a space again, after something has happened in it.

        Args:
            space: the space; one that has ended meanwhile needs no timer.
            changed: whether its clock runs differently now, so that the timer is wrong anyway.
        """
        record = self._record(space)
        if record is None:
            return
        record.is_used = True
        if changed:
            record.timer.cancel()
        record.timer.rearm()

    async def drained(self, space: Space) -> None:
        """Return once all that the space has sent so far has been handed to the network."""
        await self._drained(space)

    def forget_idle(self, idle_s: float) -> None:
        """End spaces in which nothing has happened for a while, and nobody is.

        Args:
            idle_s: real seconds for which they have not been used.
        """
        now = asyncio.get_running_loop().time()
        for record in list(self._records.values()):
            if record.is_used or not _is_idle(record.space):
                record.is_used, record.used_at = False, now
            elif now - record.used_at >= idle_s:
                self._forget(record)

    def _make_room(self) -> None:
        """Make sure that one more space can be kept.

        Raises:
            LimitReached: as many as can be are there, and none of them is idle.
        """
        if len(self._records) + sum(map(len, self._former.values())) < self._most:
            return
        idle = [each for each in self._records.values() if _is_idle(each.space)]
        if not idle:
            raise LimitReached(f"there are {self._most} spaces, and no more can be (max_spaces)")
        self._forget(min(idle, key=lambda each: (each.is_used, each.used_at)))

    def _forget(self, record: SpaceRecord) -> None:
        logger.info("the space %s is idle, and was forgotten", record.space.name)
        del self._records[record.space.name]
        self._end(record)

    def stop(self) -> None:
        """Stop all timers; the spaces can still be looked at."""
        for record in (*self._records.values(), *self._all_former()):
            record.space.finish()
            record.timer.cancel()
            if record.control is not None:
                record.control.close()

    def _record(self, space: Space) -> SpaceRecord | None:
        """What is known of a space; None when it has ended."""
        record = self._records.get(space.name)
        if record is not None and record.space is space:
            return record
        return self._former.get(space.name, {}).get(space)

    def _all_former(self) -> Iterator[SpaceRecord]:
        for records in self._former.values():
            yield from records.values()

    def _replace(self, record: SpaceRecord) -> None:
        """Another space gets the name: this one ends with the last session that is in it."""
        space = record.space
        if not space.sessions:
            self._end(record)
            return
        if record.control is not None:
            # A tester's hand is on the space that has the name.
            record.control.close()
        self._former.setdefault(space.name, {})[space] = record
        # It is in the middle of something when it forgets its last session.
        soon = asyncio.get_running_loop().call_soon

        def end() -> None:
            soon(self._end_former, record)

        space.on_empty = end

    def _end_former(self, record: SpaceRecord) -> None:
        records = self._former.get(record.space.name, {})
        if records.pop(record.space, None) is not None:
            self._end(record)
        if not records:
            self._former.pop(record.space.name, None)

    def _end(self, record: SpaceRecord) -> None:
        # Those at the door would meet the clients of other spaces.
        record.space.faults.withdraw()
        self.retired.append(record)
        record.timer.cancel()
        if record.control is not None:
            record.control.close()

    # Making

    def _add(self, name: str, chosen: SpaceOptions, script: Script, scenario: str | None) -> Space:
        complete: dict[str, Any] = {**self.complete(chosen)}
        is_manual = complete["clock"] == "manual"
        latency_us = 0 if is_manual else DEFAULT_LATENCY_US
        if "latency" in complete:
            latency_us = durations.rounded(complete["latency"])
        space = Space(
            name,
            TABLES,
            clock=ManualClock() if is_manual else RunningClock(unix_time, complete["speed"]),
            seed=complete["seed"],
            latency_us=latency_us,
            script=script,
            permissions=complete.get("permissions"),
            limits=SpaceLimits.of(complete.get("limits")),
            journal_limit=self._journal_limit,
            journal_bytes=self._journal_bytes,
            on_bug=self._on_bug,
            strike_door=self._strike_door,
        )
        space.patience = patience
        if "chaos" in complete:
            # Imported here: most spaces are spared it.
            from mockserver.engine.faults.chaos import Chaos

            level = complete["chaos_level"]
            space.faults.unleash(Chaos(complete["chaos"], level, is_still=is_manual))
        self._made += 1
        now = asyncio.get_running_loop().time()
        timer = SpaceTimer(space)
        self._records[name] = SpaceRecord(space, chosen, scenario, timer, self._made, now)
        self.on_made(space)
        return space

    def _script(self, scenario: str | Path | Scenario | None) -> Script:
        chosen = scenario or self.scenario or self._chosen["scenario"]
        if isinstance(chosen, Scenario):
            return ScenarioScript(chosen)
        name = str(chosen)
        return Script() if name == Script.name else ScenarioScript(scenarios.load(name))
