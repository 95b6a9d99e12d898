"""``python -m mockserver demo``: a server and a client in one process, and what they say."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.text import Text

from mockserver import contract, scenarios
from mockserver.control.options import SpaceOptions
from mockserver.engine import Journal
from mockserver.printable import printable
from mockserver.scenarios import Scenario
from mockserver.server import Server, Settings
from mockserver.server.run import start

from .play import Played, play

PROJECT = "demo-project"

_HEAD = len("   0.000   client ── ")
_NARROWEST = 20
"""Columns that a frame gets in the narrowest of terminals."""

_STATE_STYLES = {
    "state=recording": "bold red",
    "state=paused": "bold yellow",
    "state=completed": "bold green",
}

_NOISE = ("id=", "in ", "on ", "timestamp=", "get_initial_state=", "room_session_id=")
"""What a frame's line leaves out here: with one room there is nothing to tell apart by it."""


def demo(chosen: SpaceOptions) -> bool:
    """Play a scenario with the client stub, and show each frame as it crosses the wire.

    Args:
        chosen: the options of its space, the scenario among them.

    Returns:
        Whether the scenario's expectations and all rules of the contract held.

    Raises:
        ScenarioError, UnknownScenarioError: the scenario is faulty or not there.
        CannotListenError: there is no free port.
    """
    settings = Settings(port=0, space=chosen)
    return asyncio.run(_demo(scenarios.load(settings.scenario), settings))


async def _demo(scenario: Scenario, settings: Settings) -> bool:
    speed = settings.space.get("speed") or 1.0
    # Names and texts are the user's: nothing in them is markup.
    console = _Console(highlight=False, markup=False, emoji=False)
    # A file has no width.
    console.soft_wrap = not console.is_terminal
    console.print(Text.assemble((scenario.name, "bold"), "  ", printable(scenario.about)))
    console.print(f"times in seconds of the server's clock, {speed:g} times as fast", style="dim")
    # Steps of the script that fail are part of the verdict.
    logging.getLogger(scenarios.script.__name__).setLevel(logging.ERROR)
    server = Server(settings)
    server.spaces.retired = deque()
    await start(server)
    timeline = _Timeline(console)

    def is_over() -> bool:
        space = server.spaces.get(PROJECT)
        return space is None or space.next_deadline() is None

    def show_news(*_frame: Any) -> None:
        space = server.spaces.get(PROJECT)
        if space is not None:
            timeline.show(space.journal)

    try:
        played = await play(
            scenario,
            host=server.url,
            project=PROJECT,
            token="any",
            speed=speed,
            on_frame=show_news,
            is_over=is_over,
        )
        show_news()
    finally:
        await server.stop()
    for space in server.spaces.all():
        played.problems += [
            f"a step of the script failed: {each}" for each in space.script.failures
        ]
    return _verdict(console, scenario, played, timeline.entries, speed)


class _Console(Console):
    """A console that does not end the program by itself: exit code 1 would be a verdict."""

    def on_broken_pipe(self) -> None:
        """Somebody's pager was closed, which the command line knows how to end with."""
        raise BrokenPipeError


class _Timeline:
    """Prints what is new in a journal, a line per frame."""

    def __init__(self, console: Console) -> None:
        self.entries: list[dict[str, Any]] = []
        self._console = console
        self._reader = contract.reader()
        self._describer = contract.Describer(self._reader)

    def show(self, journal: Journal) -> None:
        for entry in journal.entries(after=len(self.entries)):
            self.entries.append(entry)
            # Of a note, which is no frame, nothing is read.
            for read in contract.Trace.from_entries([entry]):
                self._reader.read(read)
                self._print(self._line(read))

    def _print(self, line: Text) -> None:
        if not self._console.is_terminal:
            self._console.print(line)
            return
        # A terminal shows all of a frame, below its beginning where it does not fit beside it.
        head, body = line.divide([_HEAD])
        width = max(self._console.width - _HEAD, _NARROWEST)
        for part in body.wrap(self._console, width):
            self._console.print(Text.assemble(head, part))
            head = Text(" " * _HEAD)

    def _line(self, entry: contract.Entry) -> Text:
        line = Text.assemble(
            (f"{entry.time - self._reader.start:8.3f} ", "dim"),
            "  server ── " if entry.to_client else "  client ── ",
        )
        words = [
            printable(word) for word in self._describer.words(entry) if not word.startswith(_NOISE)
        ]
        quiet = words[0].startswith(("answer", "acknowledgement"))
        line.append(words[0], style="dim" if quiet else "bold cyan" if entry.to_client else "bold")
        for word in words[1:]:
            line.append(f" {word}", style=_STATE_STYLES.get(word, "dim"))
        return line


def _verdict(
    console: Console,
    scenario: Scenario,
    played: Played,
    entries: Iterable[dict[str, Any]],
    speed: float,
) -> bool:
    # A busy machine may be late by a quarter of a second, which the server's clock multiplies.
    differences = scenarios.judge(scenario, played.heard, tolerance_s=0.25 * speed)
    trace = contract.Trace.from_entries(entries)
    violations = contract.check(trace)
    for problem in (*played.problems, *differences):
        console.print(Text.assemble(("✗", "red"), " ", printable(problem)))
    if violations:
        console.print(contract.render(violations, trace))
    holds = not (played.problems or differences or violations)
    if holds:
        told = (
            f": {len(trace)} frames, {len(contract.RULES)} rules, "
            f"all {len(scenario.expect)} expectations of {scenario.name}"
        )
        console.print(Text.assemble(("✓ the contract holds", "bold green"), told))
    else:
        console.print("✗ the contract does not hold", style="bold red")
    return holds
