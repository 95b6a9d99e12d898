"""What was measured, as docs/PERFORMANCE.md."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

RESULTS = Path(__file__).parent / "results.json"
KINDS = ("quiet", "busy")
"""What the machine was like: nobody else at work on it, or others too."""

RUNS = 3
MOST_MS = 20.0
"""How long one request may have a client of another space wait, in milliseconds."""

SHOWN_MS = 5.0
"""Waits that are longer have a line of their own on the page."""

FLAT = 1.5
"""How many times the cost may grow from the smallest size to the largest."""

Row = dict[str, float]
"""What was measured of one server: row -> value."""


class Run(TypedDict):
    """Some rounds of all servers, one after the other.

    ``load`` is how many wanted to run for each processor, before and after; ``floor`` the floor's
    medians; ``ratios`` server -> row -> the quartiles of the ratios to the floor.
    """

    load: list[float]
    floor: Row
    ratios: dict[str, dict[str, list[float]]]


GOALS = {
    "round trips/s, 50 connections": ("at least", 0.60),
    "CPU µs per request": ("at most", 1.70),
    "round trips/s, 1 connection": ("at least", 0.88),
    "event to 1000 sessions, ms": ("at most", 1.15),
    "cold start, CPU ms": ("at most", 1.15),
    "memory at rest, KiB": ("at most", 1.35),
    "memory, 1000 sessions, KiB": ("at most", 1.30),
}
"""Row -> which way its ratio should be, and how far."""

HEAD = """\
# How fast it is, and how large

Made by the program: `python benchmarks/ratios.py --record quiet` measures, and
`python benchmarks/ratios.py --page > docs/PERFORMANCE.md` writes this page. Do not edit it.

**The floor** is a bare aiohttp WebSocket server that sends back what it gets and parses nothing. It
is measured in the same rounds, one server after the other. A figure is the ratio to it: the median
of the rounds, with their quartiles. 1.00 is as good as doing nothing at all. The mock checks each
frame against its schema, keeps it in a journal, answers it, and checks the answer.

- A *request* is one call that causes no event. An *event* is sent to 1,000 sessions.
- *Cold start* is the CPU time from the start of the process to the answer of the first client. It
  and *memory at rest* are those of a server without options. Modules are compiled, as pip does it.
- *Memory* is the resident set, which `ps` shows. The floor's share of it is Python and aiohttp.
- *Load* is how many processes wanted to run for each processor, before and after a run. Where
  others are at work too, times say more about them than about the server; CPU and memory change
  less.
"""

STALLS = """\
## What others wait

`python benchmarks/stalls.py --record quiet` measures it. A space has 10,000 rooms, one of them with
10,000 members and 1,000 recordings, 1,000 sessions, 5,000 more names of rooms, and a journal of
100,000 entries. A client of another space makes calls back to back. Meanwhile every endpoint of the
control API, every list of the REST API and the calls that are about much are asked, one by one. The
figures are that client's longest wait for an answer meanwhile, in milliseconds: the least of the
repeats. *CPU* is what the server's process used of the processor in the wait, and *wall* what a
clock says. No request of the control API should have it wait for more than {most:g} ms; what takes
longer is marked. *A tenth* is the CPU's figure where all of that is a tenth as much.

A long frame is made, checked and encoded a little at a time, but written to its socket at once:
so `video.rooms.get` of so many rooms has others wait the longest.
"""

GROWTH = """\
## What grows

CPU microseconds of one call that causes an event, in the engine without sockets, while there is
more and more of something else. What does not depend on how much there is stays within {flat:g}
times.
"""


def results() -> dict[str, Any]:
    """What was kept: kind of machine -> when, where and what was measured."""
    kept: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    return kept


def load(run: Run) -> str:
    """``0.10 to 0.80``."""
    before, after = _loads(run)
    return f"{before:.2f} to {after:.2f} for each processor"


def _loads(run: Run) -> tuple[float, float]:
    before, after = run["load"]
    return before, after


def rendered(kept: dict[str, Any]) -> str:
    """The page."""
    return "\n".join(_lines(kept)) + "\n"


def _lines(kept: dict[str, Any]) -> Iterator[str]:
    yield HEAD
    for kind in KINDS:
        if kind in kept:
            yield from _section(kind, kept[kind])
    for kind in KINDS:
        if kind in kept.get("stalls", {}):
            yield from _stalls(kind, kept["stalls"][kind])
            break
    yield GROWTH.format(flat=FLAT)
    for kind in KINDS:
        if kind in kept:
            yield from _growth(kind, kept[kind])
            return


def _section(kind: str, recorded: dict[str, Any]) -> Iterator[str]:
    runs: list[Run] = recorded["runs"]
    yield f"## A {kind} machine\n"
    rounds = f"{len(runs)} runs of {recorded['rounds']} rounds"
    yield f"{recorded['date']}, {recorded['machine']}; {rounds}.\n"
    for name in runs[0]["ratios"]:
        heads = "".join(f" run {number} |" for number in range(1, len(runs) + 1))
        yield f"| {name} to the floor | goal |{heads} floor |"
        yield f"|---|---|{'---|' * len(runs)}---|"
        for row in runs[0]["floor"]:
            yield _ratio_row(name, row, runs)
        loads = "".join(f" {before:.2f} to {after:.2f} |" for before, after in map(_loads, runs))
        yield f"| *load* | |{loads} |\n"


def _ratio_row(name: str, row: str, runs: list[Run]) -> str:
    goal = GOALS.get(row) if name == "mock" else None
    cells = []
    for run in runs:
        low, middle, high = run["ratios"][name][row]
        text = f"{middle:.2f}"
        if goal is not None:
            way, limit = goal
            reached = middle >= limit if way == "at least" else middle <= limit
            text = f"**{text}**" if reached else f"{text} ✗"
        cells.append(f" {text} ({low:.2f} to {high:.2f}) |")
    wanted = f" {goal[0]} {goal[1]:.2f} " if goal is not None else " "
    floor = sorted(run["floor"][row] for run in runs)[len(runs) // 2]
    return f"| {row} |{wanted}|{''.join(cells)} {floor:,.1f} |"


def _stalls(kind: str, recorded: dict[str, Any]) -> Iterator[str]:
    tenth, full = recorded["sizes"].values()
    waits: dict[str, list[float]] = full["waits"]
    yield STALLS.format(most=MOST_MS)
    yield "| asked | CPU | wall | a tenth |"
    yield "|---|---|---|---|"
    rows = sorted(waits, key=lambda name: waits[name], reverse=True)
    for name in rows:
        cpu, wall = waits[name]
        if cpu > SHOWN_MS:
            mark = " ✗" if cpu > MOST_MS else ""
            before = f"{tenth['waits'][name][0]:.1f}" if name in tenth["waits"] else ""
            shown = name.replace("|", "\\|").replace("{", "`{").replace("}", "}`")
            yield f"| {shown} | {cpu:.1f}{mark} | {wall:.1f} | {before} |"
    others = [name for name in rows if waits[name][0] <= SHOWN_MS]
    most = max((waits[name][0] for name in others), default=0.0)
    yield f"| *the other {len(others)}, at most* | {most:.1f} | | |"
    cpu, wall = full["baseline"]
    before = tenth["baseline"][0]
    yield f"| *nothing* | {cpu:.1f} | {wall:.1f} | {before:.1f} |"
    low, high = full["load"]
    where = f"On a {kind} machine, {recorded['date']}, {recorded['machine']}"
    yield f"\n{where}; load {low:.2f} to {high:.2f}.\n"


def machine() -> str:
    """What measures here: ``2 processors, Python 3.11.7``."""
    return f"{os.cpu_count()} processors, Python {sys.version.split()[0]}"


def _growth(kind: str, recorded: dict[str, Any]) -> Iterator[str]:
    costs: dict[str, dict[str, float]] = recorded["growth"]
    sizes = max((list(row) for row in costs.values()), key=len)
    yield f"| of | {' | '.join(f'{int(size):,}' for size in sizes)} | last to first |"
    yield f"|---|{'---|' * len(sizes)}---|"
    for name, row in costs.items():
        cells = [f"{row[size]:.1f}" if size in row else "" for size in sizes]
        found = list(row.values())
        ratio = found[-1] / found[0]
        told = f"{ratio:.2f}" if ratio <= FLAT else f"{ratio:.2f} ✗"
        yield f"| {name} | {' | '.join(cells)} | {told} |"
    yield f"\nOn a {kind} machine, {recorded['date']}."
