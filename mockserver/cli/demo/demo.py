"""``python -m mockserver demo``: a server and a client in one process, and what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.text import Text

from mockserver import contract, scenarios
from mockserver.engine import Journal
from mockserver.scenarios import Scenario
from mockserver.server import Server, Settings

from .play import Played, play

PROJECT = "demo-project"

_STATE_STYLES = {
    "state=recording": "bold red",
    "state=paused": "bold yellow",
    "state=completed": "bold green",
}

_NOISE = ("id=", "in ", "on ", "timestamp=", "get_initial_state=", "room_session_id=")
"""What a frame's line leaves out here: with one room there is nothing to tell apart by it."""


def demo(*, scenario: str, seed: int, speed: float, latency_us: int | None) -> bool:
    """Play a scenario with the client stub, and show each frame as it crosses the wire.

    Args:
        scenario: name or path.
        seed: decides ids and names.
        speed: how fast the server's clock runs.
        latency_us: microseconds of the server's time between a cause and its events; None: 30 ms.

    Returns:
        Whether the scenario's expectations and all rules of the contract held.

    Raises:
        ScenarioError, UnknownScenarioError: the scenario is faulty or not there.
    """
    settings = Settings(port=0, scenario=scenario, seed=seed, speed=speed, latency_us=latency_us)
    return asyncio.run(_demo(scenarios.load(scenario), settings))


async def _demo(scenario: Scenario, settings: Settings) -> bool:
    console = Console(highlight=False)
    console.print(f"[bold]{scenario.name}[/bold]  {scenario.about}")
    console.print(
        f"[dim]times in seconds of the server's clock, {settings.speed:g} times as fast[/]"
    )
    server = Server(settings)
    await server.start()
    timeline = _Timeline(console)

    def show_news(*_frame: Any) -> None:
        space = server.gate.spaces.get(PROJECT)
        if space is not None:
            timeline.show(space.journal)

    try:
        played = await play(
            scenario,
            host=server.url,
            project=PROJECT,
            token="any",
            speed=settings.speed,
            on_frame=show_news,
        )
        show_news()
    finally:
        await server.stop()
    return _verdict(console, scenario, played, timeline.entries, settings.speed)


class _Timeline:
    """Prints what is new in a journal, a line per frame."""

    def __init__(self, console: Console) -> None:
        self.entries: list[dict[str, Any]] = []
        self._console = console

    def show(self, journal: Journal) -> None:
        for entry in journal.entries(after=len(self.entries)):
            self.entries.append(entry)
            trace = contract.Trace.from_entries(self.entries)
            line = _line(contract.index_of(trace), trace.entries[-1])
            if self._console.is_terminal:
                # A narrow terminal shows the beginning of each line; a file gets the whole.
                self._console.print(line, no_wrap=True, overflow="ellipsis")
            else:
                self._console.print(line, soft_wrap=True)


def _line(index: contract.Index, entry: contract.Entry) -> Text:
    line = Text(f"{entry.time - index.start:8.3f} ", style="dim")
    line.append("  server ── " if entry.to_client else "  client ── ", style="none")
    words = [word for word in contract.describe(index, entry) if not word.startswith(_NOISE)]
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
        console.print(f"[red]✗[/] {problem}", markup=True)
    if violations:
        console.print(contract.render(violations, trace), markup=False)
    holds = not (played.problems or differences or violations)
    if holds:
        console.print(
            f"[bold green]✓ the contract holds[/]: {len(trace)} frames, "
            f"{len(contract.RULES)} rules, "
            f"all {len(scenario.expect)} expectations of {scenario.name}"
        )
    else:
        console.print("[bold red]✗ the contract does not hold[/]")
    return holds
