"""``python -m mockserver run -- PROGRAM``: a server for as long as another program runs."""

from __future__ import annotations

import asyncio
import os
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from mockserver import contract, scenarios
from mockserver.cli.exits import (
    EXIT_BROKEN,
    EXIT_BUG,
    EXIT_NOTHING,
    EXIT_OK,
    EXIT_OUTPUT,
    fail,
    warn,
)
from mockserver.engine import Script
from mockserver.server import Server, Settings
from mockserver.server.environment import changes, environment
from mockserver.server.keeping import Keeping
from mockserver.server.run import log_to_stderr, start

from . import program
from .keeping import CannotKeepError, Conversation, Entries, Kept, judged

ACCOUNT = "mock-project", "mock-token"
"""The project and the token of the program, where any are accepted."""

JOURNAL_LIMIT = 1_000_000
"""Frames kept per space, unless it is told otherwise: a run is judged as a whole, at its end."""

JOURNAL_BYTES = 1 << 30
"""Memory that the frames of a space may take, about; for the same reason."""

FRAMES_SHOWN = 200
"""How much of a long conversation is shown when it broke a rule."""


def run(
    command: Sequence[str],
    settings: Settings,
    *,
    account: tuple[str, str] = ACCOUNT,
    check: bool = True,
    override: bool = False,
    log_level: str = "warning",
    kept: Kept,
) -> int:
    """Serve while a program runs, then check what was said against the contract.

    Args:
        command: the program and its arguments; it finds the server by its environment.
        settings: how to serve, and where.
        account: the program's project and token.
        check: whether a broken rule makes the run fail.
        override: whether environment variables that are set are replaced by the mock's.
        log_level: ``debug``, ``info``, ``warning`` or ``error``.
        kept: what is kept of it: trace, reports, verdict. A space that began again has the number
            of its generation behind its name: ``lobby (run 2)``.

    Returns:
        The program's exit code (128 and the signal's number if one ended it, 127 if there is no
        such program). If it succeeded: 1 if a rule was broken or a step of a script failed, 5 if
        nobody connected, so that there was nothing to judge, 74 if something could not be kept. 70
        if the mock itself had a bug.

    Raises:
        ScenarioError, UnknownScenarioError: the scenario is faulty or not there.
        CannotKeepError: a file cannot be written.
        CannotListenError: there is no free port.
        TlsError: the certificate cannot be had.
    """
    log_to_stderr(log_level, "mockserver: %(message)s")
    # Found now, rather than when all the work is done.
    if settings.scenario != Script.name:
        scenarios.load(settings.scenario)
    kept.prepare()
    try:
        serving = _run(command, settings, account, check=check, override=override, kept=kept)
        return asyncio.run(serving)
    finally:
        kept.close()


async def _run(
    command: Sequence[str],
    settings: Settings,
    account: tuple[str, str],
    *,
    check: bool,
    override: bool,
    kept: Kept,
) -> int:
    signals = program.Signals()
    server = Server(settings)
    server.spaces.retired = deque()
    await start(server)
    lost: list[str] = []
    keeping = _keeping(server, kept, lost)
    try:
        wanted = environment(server.url, server.http_url, *account, trusted=server.trusted())
        found = changes(os.environ, wanted, override=override)
        if found.kept:
            warn(f"set already, and kept: {', '.join(found.kept)} (--override replaces them)")
        code = await program.run(command, found.set, signals)
    finally:
        await server.stop()
        if keeping is not None:
            keeping.flush()
    spaces = dict(_spaces(server))
    ours = EXIT_OK
    problems: list[str] = []
    if not (spaces or signals.first.done() or code >= program.EXIT_NOT_EXECUTABLE):
        for message, count in server.strangers:
            warn(f"{message}{f' ({count} times)' if count > 1 else ''}")
        nobody = f"nobody connected to {server.url}: the program finds it in MOCK_SIGNALWIRE_URL"
        warn(nobody)
        if check:
            ours = EXIT_NOTHING
            problems.append(nobody)
    # What a journal has dropped is only in the file that grew.
    is_whole = keeping is None or not any(each.journal.dropped for each in server.spaces.all())
    wants_judging = check or kept.wants_judging
    conversations = judged(spaces, in_order=is_whole) if wants_judging else []
    reports: dict[str, Path] = {}
    if is_whole:
        # All of it is written once more, so it does not matter if it could not be before.
        lost.clear()
        with _told(lost):
            kept.keep_trace(spaces)
    with _told(lost):
        reports = kept.keep_reports(conversations)
    if check:
        for conversation in conversations:
            if conversation.violations:
                ours = fail(_broken(conversation, reports), EXIT_BROKEN)
        for failure in _failures(server):
            ours = fail(failure, EXIT_BROKEN)
            problems.append(failure)
    if code or ours:
        for told in _chaos(server):
            warn(told)
    with _told(lost):
        kept.keep_verdict(conversations, problems)
    ours = ours or (EXIT_OUTPUT if lost else EXIT_OK)
    if server.bugs:
        return fail(f"the server had {len(server.bugs)} bugs of its own, see above", EXIT_BUG)
    return code or ours


def _keeping(server: Server, kept: Kept, lost: list[str]) -> Keeping | None:
    """Have the trace written while it grows, if it is to be kept."""

    def tell(problem: str) -> None:
        lost.append(problem)
        warn(problem)

    file = kept.growing(tell)
    return None if file is None else Keeping(server, lambda _: file, joint=True)


@contextmanager
def _told(lost: list[str]) -> Iterator[None]:
    """Say what cannot be kept, note it, and go on: the verdict matters more."""
    try:
        yield
    except CannotKeepError as error:
        lost.append(str(error))
        warn(str(error))


def _spaces(server: Server) -> Iterator[tuple[str, Entries]]:
    """What was said in each space, those that have ended and those that began again included."""
    if strays := list(server.gate.strays.entries()):
        yield "", strays
    generations: Counter[str] = Counter()
    for space in server.spaces.all():
        generations[space.name] += 1
        if entries := list(space.journal.entries()):
            yield contract.generation_name(space.name, generations[space.name]), entries


def _failures(server: Server) -> Iterator[str]:
    """What scripts were to do and could not."""
    for space in server.spaces.all():
        for failure in space.script.failures:
            yield f'a step of the script failed in space "{space.name}": {failure}'


def _chaos(server: Server) -> Iterator[str]:
    """What was injected into each space by chaos."""
    for space in server.spaces.all():
        if space.faults.chaos is not None:
            yield f'in space "{space.name}": {space.faults.chaos}'


def _broken(conversation: Conversation, reports: Mapping[str, Path]) -> str:
    """Which rules were broken in a space, what was said there, and where its report is."""
    report = contract.render(conversation.violations, conversation.trace)
    timeline = contract.timeline(conversation.trace, FRAMES_SHOWN)
    told = f"the contract is broken {conversation.where}: {report}\ntimeline:\n{timeline}"
    if (file := reports.get(conversation.name)) is not None:
        told += f"\nreport: {file}"
    return told
