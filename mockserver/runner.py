"""``python -m mockserver run -- COMMAND``: a server for as long as another program runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import orjson

from mockserver import contract, scenarios
from mockserver.engine import Script, Space
from mockserver.environment import environment
from mockserver.server import Server, Settings

PROJECT = "mock-project"
TOKEN = "mock-token"

GRACE_S = 5.0
"""How long the program may take to end after a signal before it is killed."""

EXIT_BROKEN_CONTRACT = 1
EXIT_BUG = 70
EXIT_NOT_EXECUTABLE = 126
EXIT_NOT_FOUND = 127
EXIT_SIGNALLED = 128
"""As shells do: 128 and the number of the signal that ended the program."""


def run(
    command: Sequence[str], settings: Settings, *, check: bool = True, trace: Path | None = None
) -> int:
    """Serve on a free port while a program runs, then hold what was said against the contract.

    Args:
        command: the program and its arguments; it finds the server by its environment.
        settings: how to serve; the port is always a free one.
        check: whether a broken rule makes the run fail.
        trace: where to keep the trace of all spaces, as JSON lines.

    Returns:
        The program's exit code (128 and the signal's number if one ended it, 127 if there is no
        such program); 1 if it succeeded but a rule was broken, 70 if the mock itself had a fault.

    Raises:
        ScenarioError, UnknownScenarioError: the scenario is faulty or not there.
        OSError: the trace cannot be written.
    """
    if settings.scenario != Script.name:
        scenarios.load(settings.scenario)
    if trace is not None:
        trace.write_bytes(b"")
    return asyncio.run(_run(command, replace(settings, port=0), check=check, trace=trace))


async def _run(
    command: Sequence[str], settings: Settings, *, check: bool, trace: Path | None
) -> int:
    server = Server(settings)
    await server.start()
    try:
        code = await _program(command, server)
    finally:
        await server.stop()
    spaces = [*server.retired, *server.gate]
    if trace is not None:
        _write_trace(trace, spaces)
    holds = _tell_violations(spaces) if check else True
    if server.bugs:
        print(f"mockserver: the server had {len(server.bugs)} bugs of its own", file=sys.stderr)
        return EXIT_BUG
    return code if code or holds else EXIT_BROKEN_CONTRACT


async def _program(command: Sequence[str], server: Server) -> int:
    """Run the program in a process group of its own, and pass signals on to all of it."""
    variables = environment(server.url, server.http_url, PROJECT, TOKEN)
    try:
        process = await asyncio.create_subprocess_exec(
            *command, env={**os.environ, **variables}, process_group=0
        )
    except FileNotFoundError:
        print(f"mockserver: no such program: {command[0]}", file=sys.stderr)
        return EXIT_NOT_FOUND
    except PermissionError:
        print(f"mockserver: not an executable program: {command[0]}", file=sys.stderr)
        return EXIT_NOT_EXECUTABLE
    loop = asyncio.get_running_loop()
    ending: asyncio.Future[int] = loop.create_future()

    def pass_on(number: int) -> None:
        _signal_group(process.pid, number)
        if not ending.done():
            ending.set_result(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, pass_on, number)
    with _foreground(process.pid):
        ended = asyncio.ensure_future(process.wait())
        await asyncio.wait({ended, ending}, return_when=asyncio.FIRST_COMPLETED)
        if ending.done():
            await asyncio.wait({ended}, timeout=GRACE_S)
            # Whoever is left of the group has had its time, or lost its parent.
            _signal_group(process.pid, signal.SIGKILL)
        code = await ended
    return EXIT_SIGNALLED - code if code < 0 else code


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


@contextlib.contextmanager
def _foreground(group: int) -> Iterator[None]:
    """Give the terminal, if there is one, to the program, as a shell does."""
    if not sys.stdin.isatty():
        yield
        return
    terminal, own = sys.stdin.fileno(), os.getpgrp()
    # Taking the terminal back is done from the background, which would stop us otherwise.
    former = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.tcsetpgrp(terminal, group)
        yield
    finally:
        os.tcsetpgrp(terminal, own)
        signal.signal(signal.SIGTTOU, former)


def _write_trace(path: Path, spaces: Sequence[Space]) -> None:
    with path.open("wb") as file:
        for space in spaces:
            file.writelines(orjson.dumps(entry) + b"\n" for entry in space.journal.entries())


def _tell_violations(spaces: Sequence[Space]) -> bool:
    """Tell which rules were broken, and what was said; returns whether none was."""
    holds = True
    for space in spaces:
        trace = contract.Trace.from_entries(space.journal.entries())
        violations = contract.check(trace)
        if violations:
            holds = False
            print(
                f'mockserver: the contract is broken in space "{space.name}":',
                contract.render(violations, trace),
                "timeline:",
                contract.timeline(trace),
                sep="\n",
                file=sys.stderr,
            )
    return holds
