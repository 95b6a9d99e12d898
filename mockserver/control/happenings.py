"""What has happened in a space, read off its journal: to wait for, and to expect."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from mockserver import contract
from mockserver.engine import MICROSECONDS, Journal
from mockserver.printable import printable
from mockserver.protocol import catalogue, durations
from mockserver.protocol.differences import MISSING, Difference, differences
from mockserver.protocol.explanation import Problem, shorten

from .arguments import ArgumentError, check, checked_by
from .index import Index
from .shapes import Schema
from .turns import Steps, at_once, in_turns
from .views import Happening

NEAREST_SHOWN = 3
TIMELINE_SHOWN = 40

COMPARED = 500
"""How many of the newest of a name are looked at for those that are nearest to what was wanted."""

LOOKED_BACK = 200
"""Frames before those of a timeline that are read too, because they explain them."""

NUMBERED = 20
"""Happenings that a message names by their numbers."""

Wanted = str | tuple[str, Mapping[str, Any]]
"""A method or event type, bare or with the params that matter."""


LAST: Schema = {"type": "object", "properties": {"last": {"type": "integer", "minimum": 0}}}

MISSED = "---->"
"""Stands before what did not come, in a list of what was wanted."""

STEP = 2
"""Parts of a wanted happening with params: its name, and them."""

PARAMS: Schema = {"type": "object", "properties": {"params": {"type": "object"}}}


class UnknownName(LookupError):
    """Neither a method nor an event type; says which are near."""


class Happenings:
    """Calls and events of one space, in the order of its journal, as long as that keeps them.

    An event that goes to several sessions is one happening.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._index = Index(journal)
        # Name -> the number of the last one that a wait has had.
        self._waited: dict[str, int] = {}

    async def catch_up(self) -> None:
        """Read what has happened since somebody last asked; others run in between.

        Everything here does so by itself. When that may be much, this does not hold them up.
        """
        await self._index.catch_up_in_slices()

    @checked_by("happenings_query", but=["name"])
    def of(self, name: str | None = None, kind: str | None = None) -> list[Happening]:
        """Those of this name and kind, oldest first; None takes all. Raises UnknownName."""
        if name is not None:
            check_name(name)
        return self._of(name, kind)

    def after(
        self, number: int, name: str | None = None, kind: str | None = None
    ) -> Iterator[Happening]:
        """The same without those up to a number, each when it is asked for."""
        if name is not None:
            check_name(name)
        self._index.catch_up()
        found = list(self._index.all() if name is None else self._index.named(name))
        return (each for each in found if each.n > number and kind in (None, each.kind))

    def _of(self, name: str | None, kind: str | None = None) -> list[Happening]:
        self._index.catch_up()
        found = self._index.all() if name is None else self._index.named(name)
        return [each for each in found if kind in (None, each.kind)]

    @checked_by("expect", but=["name"])
    async def wait_for(
        self,
        name: str,
        params: Mapping[str, Any] | None = None,
        timeout: float | str = 5.0,  # noqa: ASYNC109 - the message on expiry is the point of it
    ) -> Happening:
        """The next happening of this name that no earlier wait has had, seen before or after now.

        Args:
            name: a method or an event type.
            params: a subset of the params that it must have; others of the name are passed over.
            timeout: real time: ``"250ms"``, or a number of seconds.

        Raises:
            UnknownName: no such method or event type.
            TimeoutError: it did not come; says what did.
            ArgumentError: ``params`` or ``timeout`` make no sense.
        """
        check_name(name)
        timeout_s = durations.rounded(timeout) / MICROSECONDS
        news = asyncio.Event()
        stop = self._journal.listen(lambda _: news.set())
        try:
            # What has happened already counts, however long it takes to read it.
            found, looked_at = await self._next(name, params, 0)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    while found is None:
                        await news.wait()
                        news.clear()
                        found, looked_at = await self._next(name, params, looked_at)
            if found is None:
                # It may have come while the time went by.
                found, _ = await self._next(name, params, looked_at)
        finally:
            stop()
        if found is not None:
            return found
        problem = f"{name}{_shown(params)} did not come within {timeout_s:g} s"
        if had := await in_turns(self._matching(name, params)):
            problem += f"; {_numbers(had)} is what earlier waits had, or went past"
        raise TimeoutError(await in_turns(self._told(problem, name, params)))

    async def _next(
        self, name: str, params: Mapping[str, Any] | None, looked_at: int
    ) -> tuple[Happening | None, int]:
        """The first above a number that no wait has had, which this one has then.

        Returns:
            It, or None; and the number up to which there is no other.
        """
        while True:
            await self._index.catch_up_in_slices()
            read = self._index.read
            after = max(self._waited.get(name, 0), looked_at)
            found = await in_turns(self._first(name, params, after))
            if found is None:
                return None, read
            # Another wait may have had it meanwhile.
            if found.n > self._waited.get(name, 0):
                self._waited[name] = found.n
                return found, found.n

    def _first(
        self, name: str, params: Mapping[str, Any] | None, after: int
    ) -> Steps[Happening | None]:
        for each in self._index.named_after(name, after):
            if not differences(params or {}, each.params):
                return each
            yield
        return None

    @checked_by("expect_count", but=["name"])
    def expect(
        self, name: str, params: Mapping[str, Any] | None = None, times: int | None = None
    ) -> list[Happening]:
        """Those of this name with these params.

        Args:
            name: a method or an event type.
            params: a subset of the params that they must have.
            times: how many there must be; None: at least one.

        Raises:
            UnknownName: no such method or event type.
            ArgumentError: ``params`` or ``times`` make no sense.
            AssertionError: there are more or fewer; shows the nearest, and the timeline.
        """
        return at_once(self.expecting(name, params, times))

    def expecting(
        self, name: str, params: Mapping[str, Any] | None = None, times: int | None = None
    ) -> Steps[list[Happening]]:
        """The same in steps; what they need is read when the first is done."""
        check_name(name)
        found = yield from self._matching(name, params)
        if len(found) == times or (times is None and found):
            return found
        wanted = "at least once" if times is None else _times(times)
        came = f"{_times(len(found))} ({_numbers(found)})" if found else _times(0)
        problem = f"expected {name}{_shown(params)} {wanted}, but it came {came}"
        raise AssertionError((yield from self._told(problem, name, params)))

    def expect_in_order(self, wanted: Sequence[Wanted]) -> list[Happening]:
        """These, one after another; others may stand between them.

        Raises:
            UnknownName: no such method or event type.
            ArgumentError: one is neither a name, nor a name and params.
            AssertionError: one is missing after those before it; says which.
        """
        return at_once(self.expecting_in_order(wanted))

    def expecting_in_order(self, wanted: Sequence[Wanted]) -> Steps[list[Happening]]:
        """The same in steps, as ``expecting``."""
        steps = [_step(number, each) for number, each in enumerate(wanted)]
        self._index.catch_up()
        names = {name for name, _ in steps}
        rest = {name: iter(tuple(self._index.named(name))) for name in names}
        found: list[Happening] = []
        for name, params in steps:
            after = found[-1].n if found else 0
            for each in rest[name]:
                yield
                if each.n > after and not differences(params or {}, each.params):
                    found.append(each)
                    break
            else:
                missing = yield from self._missing(steps, found)
                raise AssertionError((yield from self._told(missing, name, params)))
        return found

    def _missing(
        self, steps: Sequence[tuple[str, Mapping[str, Any] | None]], found: Sequence[Happening]
    ) -> Steps[str]:
        """The wanted order as a list, with the numbers of what came and a word on what did not."""
        name, params = steps[len(found)]
        problem = f"did not come after #{found[-1].n}" if found else "did not come"
        matching = yield from self._matching(name, params)
        had = {each.n for each in found}
        if early := [each for each in matching if each.n not in had]:
            problem += f", but before it: {_numbers(early)}"
        lines = ["expected in this order:"]
        lines += [f"  #{each.n:<4} {each.name}" for each in found]
        lines.append(f"  {MISSED} {name}{_shown(params)} {problem}")
        lines += [f"        {later}{_shown(more)}" for later, more in steps[len(found) + 1 :]]
        return "\n".join(lines)

    def _matching(self, name: str, params: Mapping[str, Any] | None) -> Steps[list[Happening]]:
        self._index.catch_up()
        found = []
        for each in tuple(self._index.named(name)):
            yield
            if not differences(params or {}, each.params):
                found.append(each)
        return found

    @checked_by(LAST)
    def timeline(self, last: int | None = None) -> str:
        """The space's trace as text, a line per frame.

        Args:
            last: only that many of its last frames, or fewer if they are long; None: all. They are
                told as far as the frames shortly before them explain it.
        """
        if last is None:
            return contract.timeline(contract.Trace.from_entries(self._journal.entries()))
        return at_once(self._newest(last))

    def _newest(self, last: int) -> Steps[str]:
        journal = self._journal
        newest = journal.newest(last + LOOKED_BACK)
        # The first one has the time from which the others are counted.
        first = [each for each in journal.raw(limit=1) if each.number < newest[0].number]
        total, shown = len(journal), []
        for each in [*first, *newest]:
            yield
            shown.append((yield from journal.showing(each)))
        yield
        trace = contract.Trace.from_entries(shown)
        yield
        return contract.timeline(trace, min(last, len(newest)), total=total)

    def _told(self, problem: str, name: str, params: Mapping[str, Any] | None) -> Steps[str]:
        """A problem, with what came instead."""
        lines = [problem]
        others = []
        for each in self._index.newest_named(name, COMPARED):
            if found := differences(params or {}, each.params):
                others.append((each, found))
            yield
        others.sort(key=lambda other: len(other[1]))
        if others:
            lines.append("the nearest that came:")
        for each, found in others[:NEAREST_SHOWN]:
            different = "; ".join(map(_said, found))
            lines.append(f"  #{each.n} {name}: {different}")
        lines += [
            f"  #{each.n} {name} does not count, being invalid: {each.problem}"
            for each in islice(self._index.invalid(name), TIMELINE_SHOWN)
        ]
        if not self._index.named(name):
            lines.append(f"what came: {', '.join(self._index.names()) or 'nothing'}")
        timeline = yield from self._newest(TIMELINE_SHOWN)
        lines += ["timeline:", timeline or "  nothing crossed the wire"]
        return printable("\n".join(lines))


def check_name(name: str) -> None:
    """Raises UnknownName unless ``name`` is a method of clients or an event type."""
    known = catalogue.CLIENT_CALLS | catalogue.EVENTS
    if not isinstance(name, str) or name not in known:
        near = catalogue.nearest(str(name), known)
        hint = f"did you mean {' or '.join(near)}?" if near else "see: python -m mockserver schema"
        raise UnknownName(f'no method or event type "{name}"; {hint}')


def _step(number: int, wanted: Wanted) -> tuple[str, Mapping[str, Any] | None]:
    """A name and its params, checked."""
    pair = (wanted, None) if isinstance(wanted, str) else wanted
    if not isinstance(pair, list | tuple) or len(pair) != STEP:
        expected = "a name, or a pair of a name and params"
        problem = Problem(f"$.wanted[{number}]", expected, shorten(ascii(wanted)))
        raise ArgumentError([problem])
    name, params = pair
    check_name(name)
    if params is not None:
        check({"params": params}, PARAMS)
    return name, params


def _said(one: Difference) -> str:
    if one.came is MISSING:
        return f"{one.path} is missing"
    return f"{one.path} is {one.came!r}, not {one.expected!r}"


def _shown(params: Mapping[str, Any] | None) -> str:
    return f" with {dict(params)!r}" if params else ""


def _numbers(happenings: Sequence[Happening]) -> str:
    """The numbers of the first few, and how many more there are."""
    more = len(happenings) - NUMBERED
    return ", ".join(f"#{each.n}" for each in happenings[:NUMBERED]) + (
        f" and {more} more" if more > 0 else ""
    )


def _times(count: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(count, f"{count} times")
