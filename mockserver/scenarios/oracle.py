"""Holds the events that a subscriber got against what a scenario expects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.protocol.differences import MISSING, Difference, differences, text
from mockserver.scenarios.format import AnyOrder, Expected, Scenario, expected_counts

Event = tuple[str, Mapping[str, Any]]


class _Cell(NamedTuple):
    """The cheapest way from here to the end: what it costs, what is said here, what follows."""

    cost: int
    problems: tuple[str, ...]
    after: tuple[int, int] | None


# One event that differs is cheaper than the same event missing and another one too many.
DIFFERS, MISSES, EXCEEDS = 3, 2, 2


def judge(
    scenario: Scenario, events: Iterable[tuple[str, Mapping[str, Any]]], tolerance_s: float = 0.0
) -> list[str]:
    """Check the events of one subscriber against `expect` and `never`.

    Of every type that `expect` names, exactly the expected events must have come, in that order;
    the groups of `any_order` may be in any order in themselves. Events of other types are free.

    Args:
        scenario: what is expected.
        events: type and params of each event, in the order in which they came.
        tolerance_s: by how many seconds the fields of `MEASURED` may differ. At 0 they must be
            equal to the microsecond.

    Returns:
        One sentence per problem, then one that lists what came. Empty when all is as expected.
    """
    came = list(events)
    counts = Counter(event for event, _ in came)
    problems = [
        f"{event} must never come, and came {_times(counts[event])}"
        for event in scenario.never
        if counts[event]
    ]
    named = expected_counts(scenario)
    seen = [event for event in came if event[0] in named]
    problems += _Alignment(scenario.expect, seen, tolerance_s).problems()
    if problems:
        paths = _paths_of_interest(scenario)
        listed = "; ".join(f"{k}. {_shown(event, paths)}" for k, event in enumerate(seen, 1))
        problems.append(f"seen: {listed or 'nothing'}")
    return problems


def complete(scenario: Scenario, seen: Iterable[tuple[str, Mapping[str, Any]]]) -> bool:
    """Say whether all expected events have come, counted per type: then a player may stop."""
    counts = Counter(event for event, _ in seen)
    return all(counts[event] >= count for event, count in expected_counts(scenario).items())


class _Alignment:
    """Lays the expected events beside those seen so that as little as possible differs.

    Without this, one event that is missing would make every later one look wrong.
    """

    def __init__(
        self,
        entries: Sequence[Expected | AnyOrder],
        seen: Sequence[Event],
        tolerance_s: float,
    ) -> None:
        self.groups = [
            entry.expected if isinstance(entry, AnyOrder) else (entry,) for entry in entries
        ]
        self.seen = seen
        self.tolerance_s = tolerance_s
        self.total = sum(len(group) for group in self.groups)

    def problems(self) -> list[str]:
        """Give a sentence per difference, in order; none when all is exactly as expected."""
        cells: dict[tuple[int, int], _Cell] = {}
        before = self.total
        for i in range(len(self.groups), -1, -1):
            before -= len(self.groups[i]) if i < len(self.groups) else 0
            for j in range(len(self.seen), -1, -1):
                cells[i, j] = min(self._ways(i, j, before, cells), key=lambda cell: cell.cost)
        problems: list[str] = []
        place: tuple[int, int] | None = (0, 0)
        while place is not None:
            problems += cells[place].problems
            place = cells[place].after
        return problems

    def _ways(
        self, i: int, j: int, before: int, cells: Mapping[tuple[int, int], _Cell]
    ) -> Iterator[_Cell]:
        """Give each way to go on from entry i, with `before` events expected ahead, and event j."""
        if i < len(self.groups):
            group = self.groups[i]
            for size in range(min(len(self.seen) - j, len(group) + 1) + 1):
                cost, problems = self._lay(group, range(j, j + size), before)
                yield _Cell(cost + cells[i + 1, j + size].cost, problems, (i + 1, j + size))
        if j < len(self.seen):
            yield _Cell(EXCEEDS + cells[i, j + 1].cost, (self._exceeds(j),), (i, j + 1))
        elif i == len(self.groups):
            yield _Cell(0, (), None)

    def _lay(
        self, group: Sequence[Expected], block: range, before: int
    ) -> tuple[int, tuple[str, ...]]:
        """Lay a group beside as many seen events; in the group any order is right."""
        matched = self._match(group, block)
        left = [k for k in range(len(group)) if k not in matched]
        free = [position for position in block if position not in matched.values()]
        cost, problems = 0, []
        for k in left:
            one = group[k]
            alike = [position for position in free if self.seen[position][0] == one.event]
            if alike:
                nearest = min(alike, key=lambda position: len(self._differences(one, position)))
                free.remove(nearest)
                facts = "; ".join(str(each) for each in self._differences(one, nearest))
                problems.append(f"event {nearest + 1}, {one.event}: {facts}")
                cost += DIFFERS
            else:
                number = f"expected event {before + k + 1} of {self.total}"
                problems.append(f"{number} did not come there: {one.explain()}")
                cost += MISSES
        problems += [self._exceeds(position) for position in free]
        return cost + EXCEEDS * len(free), tuple(problems)

    def _match(self, group: Sequence[Expected], block: range) -> dict[int, int]:
        """Pair as many of a group as possible with seen events that fit (augmenting paths)."""
        taken: dict[int, int] = {}

        def place(k: int, tried: set[int]) -> bool:
            for position in block:
                if position in tried or not self._fits(group[k], position):
                    continue
                tried.add(position)
                if position not in taken or place(taken[position], tried):
                    taken[position] = k
                    return True
            return False

        for k in range(len(group)):
            place(k, set())
        return {k: position for position, k in taken.items()}

    def _fits(self, one: Expected, position: int) -> bool:
        return self.seen[position][0] == one.event and not self._differences(one, position)

    def _differences(self, one: Expected, position: int) -> list[Difference]:
        return differences(one.fields, self.seen[position][1], self.tolerance_s)

    def _exceeds(self, position: int) -> str:
        return f"event {position + 1}, {self.seen[position][0]}, was not expected there"


def _paths_of_interest(scenario: Scenario) -> dict[str, list[str]]:
    """Collect, per event type, the fields that the scenario speaks of: those are shown."""
    paths: dict[str, list[str]] = {}
    for entry in scenario.expect:
        for one in entry.expected if isinstance(entry, AnyOrder) else (entry,):
            known = paths.setdefault(one.event, [])
            known += [path for path, _ in one.leaves() if path not in known]
    return paths


def _shown(event: Event, paths: Mapping[str, Sequence[str]]) -> str:
    event_type, params = event
    facts = []
    for path in paths.get(event_type, ()):
        value: Any = params
        for key in path.split("."):
            value = value.get(key, MISSING) if isinstance(value, Mapping) else MISSING
        if value is not MISSING:
            facts.append(f"{path} {text(value)}")
    return f"{event_type} ({', '.join(facts)})" if facts else event_type


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
